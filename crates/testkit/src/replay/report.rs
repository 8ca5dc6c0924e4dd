//! What a replay has come to.

use std::{collections::BTreeMap, fmt};

use super::matching::Difference;

/// Where something is in the recordings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: String,
    /// The scenario.
    pub scenario: String,
    /// The step's number, from 0.
    pub step: usize,
    /// The step's method or operation.
    pub what: String,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} › {} › step {} {}", self.file, self.scenario, self.step, self.what)
    }
}

/// How a step ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// As recorded.
    Equal,
    /// Otherwise, as the list of deviations says. The differences are those it explains.
    Deviation(Vec<Difference>),
    /// Otherwise.
    Different(Vec<Difference>),
    /// Not replayed, because the program lacks this method or feature.
    Pending(String),
}

/// All steps' ends. Calls are counted; an expectation between calls is counted when it fails.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// As recorded.
    pub equal: usize,
    /// Otherwise, on purpose.
    pub deviations: usize,
    /// Otherwise.
    pub different: usize,
    /// Not replayed, by the method or feature that the program lacks.
    pub pending: BTreeMap<String, usize>,
    /// Every step that is worth a line.
    pub lines: Vec<String>,
    /// For each step that differs: what a list of deviations would have to say.
    pub proposals: Vec<serde_json::Value>,
    /// Fields of the recordings that this program does not know and has not looked at.
    pub notes: Vec<String>,
}

impl Report {
    /// Counts a step. `verbose`: deviations and pending steps get lines too.
    pub fn add(&mut self, place: &Place, verdict: &Verdict, verbose: bool) {
        let mut say = |mark: &str, differences: &[Difference]| {
            self.lines.extend(differences.iter().map(|difference| format!("{mark} {place} {difference}")));
        };
        match verdict {
            Verdict::Equal => self.equal += 1,
            Verdict::Deviation(differences) => {
                if verbose {
                    say("D", differences);
                }
                self.deviations += 1;
            }
            Verdict::Different(differences) => {
                say("X", differences);
                self.different += 1;
            }
            Verdict::Pending(reason) => {
                if verbose {
                    self.lines.push(format!("P {place} ({reason})"));
                }
                *self.pending.entry(reason.clone()).or_default() += 1;
            }
        }
    }

    /// Adds what follows.
    pub fn append(&mut self, other: Report) {
        self.equal += other.equal;
        self.deviations += other.deviations;
        self.different += other.different;
        for (reason, count) in other.pending {
            *self.pending.entry(reason).or_default() += count;
        }
        self.lines.extend(other.lines);
        self.proposals.extend(other.proposals);
        self.notes.extend(other.notes);
    }

    /// How many steps were not replayed.
    pub fn pending_steps(&self) -> usize {
        self.pending.values().sum()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in self.notes.iter().chain(&self.lines) {
            writeln!(f, "{line}")?;
        }
        let reasons: Vec<String> = self.pending.iter().map(|(reason, count)| format!("{reason}: {count}")).collect();
        if reasons.is_empty() {
            writeln!(f, "pending: 0 steps")?;
        } else {
            writeln!(f, "pending: {} steps ({})", self.pending_steps(), reasons.join(", "))?;
        }
        write!(f, "replayed: {} equal, {} deviations, {} different", self.equal, self.deviations, self.different)
    }
}
