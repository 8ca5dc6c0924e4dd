//! Which functions demand verified clients, and which clients (seed: the function's own name before a list of names
//! before `*`; matched by nothing, not verified).

use super::{Platform, Version};
// clientDB has a name in documentation and another one in calls.
pub use crate::pipeline::clientdb::canonical as canonical_function;

/// `verifyClient`
#[derive(Clone, Debug, Default)]
pub enum Verification {
    /// Nobody is verified.
    #[default]
    Off,
    /// Every function demands a client of any registered application.
    All,
    /// `customRules`
    Rules(Vec<Rule>),
}

/// One key of the rules.
#[derive(Clone, Debug)]
pub struct Rule {
    /// The names in the key, canonical; `*` stands for all.
    pub functions: Vec<String>,
    /// Whom they admit.
    pub clients: Vec<ClientRule>,
}

/// A client that a rule admits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientRule {
    /// `appId`
    pub app_id: String,
    /// `platform`
    pub platform: Platform,
    /// `version`
    pub version: Version,
}

/// Whom a verified function admits.
#[derive(Clone, Copy, Debug)]
pub enum Admission<'a> {
    /// Every registered client.
    Registered,
    /// These.
    Only(&'a [ClientRule]),
}

impl Admission<'_> {
    /// Whether a client that was verified may call.
    pub fn admits(&self, app_id: &str, platform: Platform, version: Version) -> bool {
        match self {
            Admission::Registered => true,
            Admission::Only(clients) => {
                clients.iter().any(|client| client.app_id == app_id && client.platform == platform && client.version == version)
            }
        }
    }
}

impl Verification {
    /// Whom a function admits; `None`: anyone, unverified.
    pub fn admission(&self, function: &str) -> Option<Admission<'_>> {
        let rules = match self {
            Verification::Off => return None,
            Verification::All => return Some(Admission::Registered),
            Verification::Rules(rules) => rules,
        };
        let function = canonical_function(function);
        let named = |rule: &&Rule| rule.functions.iter().any(|name| name == function);
        let own = rules.iter().filter(|rule| rule.functions.len() == 1).find(named);
        let listed = || rules.iter().filter(|rule| rule.functions.len() > 1).find(named);
        let all = || rules.iter().find(|rule| rule.functions.iter().any(|name| name == "*"));
        own.or_else(listed).or_else(all).map(|rule| Admission::Only(&rule.clients))
    }
}
