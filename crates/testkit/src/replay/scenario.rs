//! Replays one scenario.

use std::sync::Arc;

use anyhow::{Context, Result, bail};

use super::{
    bindings::Bindings,
    check::differences,
    config::Facts,
    deviations::{Deviation, Deviations, answer_for},
    expectations::{compare_items, plain_requests},
    jwt::AppleKey,
    matching::Difference,
    pending,
    recording::{Call, Operation, Scenario, Step},
    report::{Place, Report, Verdict},
    world::World,
};
use crate::{TestDatabase, upstreams::Upstreams};

/// What all scenarios of a replay share.
pub struct Stage {
    /// The steps that are expected to differ.
    pub deviations: Deviations,
    /// Signs the tokens that clients got from Apple.
    pub apple: Option<Arc<AppleKey>>,
    /// Whether deviations and pending steps are told, too.
    pub verbose: bool,
}

/// A scenario in the middle of its replay.
struct Run<'a> {
    stage: &'a Stage,
    file: &'a str,
    scenario: &'a Scenario,
    bindings: Bindings,
    world: World,
    /// Whether a pending step lies between here and the last expectation of each kind.
    skipped_since_outbox: bool,
    skipped_since_requests: bool,
}

/// Replays a scenario on an empty database and hands that back.
///
/// # Errors
/// If the program does not start or the recording cannot be followed; what the program does wrong
/// is told in the report.
pub async fn replay_scenario(
    stage: &Stage,
    file: &str,
    scenario: &Scenario,
    facts: Facts,
    database: TestDatabase,
    report: &mut Report,
) -> Result<TestDatabase> {
    check_list(stage, file, scenario, report);
    let mut bindings = Bindings::new(scenario.binds(), Arc::new(facts), stage.apple.clone());
    for (at, step) in scenario.steps.iter().enumerate() {
        if let Step::Call(call) = step
            && !call.unknown.is_empty()
        {
            let fields: Vec<&String> = call.unknown.keys().collect();
            report.notes.push(format!("! {file} › {} › step {at}: unknown fields {fields:?}", scenario.name));
        }
    }
    if pending::reason("", &bindings.facts).is_some() {
        for (at, step) in scenario.steps.iter().enumerate() {
            if let Step::Call(call) = step {
                let reason = pending::reason(&call.method, &bindings.facts).unwrap_or_default().to_owned();
                let place = Place { file: file.into(), scenario: scenario.name.clone(), step: at, what: call.method.clone() };
                report.add(&place, &Verdict::Pending(reason), stage.verbose);
            }
        }
        return Ok(database);
    }
    let upstreams = Upstreams::start(stage.apple.clone()).await?;
    let world = World::start(scenario, &mut bindings, database, upstreams).await?;
    let mut run = Run { stage, file, scenario, bindings, world, skipped_since_outbox: false, skipped_since_requests: false };
    for (at, step) in scenario.steps.iter().enumerate() {
        let followed = match step {
            Step::Call(call) => run.call(at, call, report).await,
            Step::Operation(operation) => run.operation(at, operation, report).await,
        };
        followed.with_context(|| format!("{file} › {} › step {at}", scenario.name))?;
    }
    run.world.stop().await
}

/// A list of deviations that names what is not there has slipped.
fn check_list(stage: &Stage, file: &str, scenario: &Scenario, report: &mut Report) {
    for deviation in stage.deviations.of(file, &scenario.name) {
        let listed = scenario.steps.get(deviation.step).and_then(|step| match step {
            Step::Call(call) => Some(call.method.as_str()),
            Step::Operation(_) => None,
        });
        if listed != Some(&deviation.method) {
            report.add(&place_of(deviation), &Verdict::Different(vec![stale("no such step")]), stage.verbose);
        }
    }
}

/// The place that a deviation names.
pub fn place_of(deviation: &Deviation) -> Place {
    Place { file: deviation.file.clone(), scenario: deviation.scenario.clone(), step: deviation.step, what: deviation.method.clone() }
}

/// What is told of a deviation that does not occur.
pub fn stale(note: &'static str) -> Difference {
    Difference { path: "stale deviation".into(), expected: None, got: None, note }
}

impl Run<'_> {
    fn place(&self, at: usize, what: &str) -> Place {
        Place { file: self.file.into(), scenario: self.scenario.name.clone(), step: at, what: what.into() }
    }

    async fn call(&mut self, at: usize, call: &Call, report: &mut Report) -> Result<()> {
        if !call.same_second {
            self.world.advance(1000);
        }
        self.bindings.enter_step(self.world.now_ms(), call.client_info("appId").unwrap_or_default());
        self.bindings.make_client_tokens(&call.bind)?;
        let place = self.place(at, &call.method);
        if let Some(reason) = pending::reason(&call.method, &self.bindings.facts) {
            let verdict = Verdict::Pending(reason.to_owned());
            self.world.stand_in_for(call, &mut self.bindings).await?;
            (self.skipped_since_outbox, self.skipped_since_requests) = (true, true);
            report.add(&place, &verdict, self.stage.verbose);
            return Ok(());
        }
        let found = match self.world.call(call, &self.bindings).await {
            Ok(outcome) => differences(call, &outcome, &mut self.bindings),
            Err(error) => vec![Difference {
                path: "/response".into(),
                expected: Some(call.response.body.clone()),
                got: Some(format!("{error:#}").into()),
                note: "no answer",
            }],
        };
        let verdict = self.verdict(at, call, found, report);
        report.add(&place, &verdict, self.stage.verbose);
        // What the program did not give is needed all the same by the steps that use it.
        self.bindings.make_missing(call.bind.keys().map(String::as_str))
    }

    fn verdict(&mut self, at: usize, call: &Call, found: Vec<Difference>, report: &mut Report) -> Verdict {
        let (file, scenario) = (self.file, self.scenario.name.as_str());
        let deviation = self.stage.deviations.of(file, scenario).find(|deviation| deviation.step == at && deviation.method == call.method);
        match deviation {
            None if found.is_empty() => Verdict::Equal,
            None => {
                let answers: serde_json::Map<_, _> = found.iter().map(|d| (d.path.clone(), answer_for(d, &self.bindings))).collect();
                report.proposals.push(serde_json::json!({
                    "file": file, "scenario": scenario, "step": at, "method": call.method, "why": "", "answers": answers,
                }));
                Verdict::Different(found)
            }
            Some(_) if found.is_empty() => Verdict::Different(vec![stale("the program does as recorded")]),
            Some(deviation) => match deviation.unexplained(&found, &mut self.bindings) {
                left if left.is_empty() => Verdict::Deviation(found),
                left => Verdict::Different(left),
            },
        }
    }

    async fn operation(&mut self, at: usize, operation: &Operation, report: &mut Report) -> Result<()> {
        let app = self.bindings.app().to_owned();
        self.bindings.enter_step(self.world.now_ms(), &app);
        self.bindings.make_client_tokens(&operation.bind)?;
        let failed = match operation.op.as_str() {
            "advanceTime" => {
                self.world.advance(operation.ms.context("advanceTime without ms")?);
                Vec::new()
            }
            "dbInsert" | "dbUpdate" | "dbRemove" => {
                self.world.edit(operation, &mut self.bindings).await?;
                Vec::new()
            }
            "setFrvState" => {
                let (Some(id), Some(state)) = (&operation.certify_id, &operation.auth_state) else { bail!("setFrvState lacks a field") };
                let id = self.bindings.resolve_text(id)?;
                self.world.upstreams.set_face_verification(&id, state);
                Vec::new()
            }
            "expectOutbox" => {
                let came = self.world.take_outbox();
                // What a step that was not made would have sent cannot have come.
                let skipped = std::mem::take(&mut self.skipped_since_outbox);
                if skipped { Vec::new() } else { compare_items("/outbox", &operation.items, &came, &mut self.bindings) }
            }
            "expectProviderRequests" => {
                let came = plain_requests(&self.world.upstreams.take_requests());
                let skipped = std::mem::take(&mut self.skipped_since_requests);
                let recorded = plain_requests(&operation.items);
                if skipped { Vec::new() } else { compare_items("/providerRequests", &recorded, &came, &mut self.bindings) }
            }
            unknown => bail!("unknown operation {unknown}"),
        };
        if !failed.is_empty() {
            report.add(&self.place(at, &operation.op), &Verdict::Different(failed), self.stage.verbose);
        }
        Ok(())
    }
}
