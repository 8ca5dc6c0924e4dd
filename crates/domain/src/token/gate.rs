//! The gate that voids issued tokens: logged-out tokens, users who changed their password, were
//! banned or lost a role. Held in memory so that a check costs no query, and kept up to date by
//! the news of the store ([`crate::store::Store::gate_news`]) on every node.

use std::collections::HashMap;

use parking_lot::{Mutex, RwLock};

use super::Claims;
use crate::{
    account::Status,
    error::Code,
    store::{GateChange, GateCursor, GateNews},
};

/// Why a well-signed token is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It was logged out.
    LoggedOut,
    /// It was issued before the user's `valid_token_date`.
    TooOld,
    /// The user's account may not be used.
    Status(Status),
    /// It grants a role that the user no longer has.
    RoleLost,
}

impl Refusal {
    /// What the caller is told (deviation 1: revocation works).
    pub const fn code(self) -> Code {
        match self {
            Refusal::LoggedOut => Code::CheckTokenFailed,
            Refusal::TooOld | Refusal::RoleLost => Code::TokenExpired,
            Refusal::Status(status) => status.code(),
        }
    }
}

#[derive(Debug)]
struct UserGate {
    sequence: i64,
    valid_token_date: Option<i64>,
    status: Option<Status>,
    roles: Vec<String>,
}

#[derive(Debug, Default)]
struct State {
    /// SHA-256 of logged-out tokens, with the milliseconds after which they are past their end.
    tokens: HashMap<[u8; 32], Option<i64>>,
    users: HashMap<String, UserGate>,
}

/// What is known of void tokens.
#[derive(Debug, Default)]
pub struct Gate {
    state: RwLock<State>,
    cursor: Mutex<Option<GateCursor>>,
}

impl Gate {
    /// Where this gate stands in the store's sequence of changes.
    pub fn cursor(&self) -> Option<GateCursor> {
        *self.cursor.lock()
    }

    /// Takes in news of the store. Returns whether roles must be read again.
    pub fn apply(&self, news: GateNews, now_ms: i64) -> bool {
        let mut roles_changed = false;
        if !news.changes.is_empty() {
            let mut state = self.state.write();
            for change in news.changes {
                roles_changed |= state.apply(change);
            }
            state.tokens.retain(|_, expires| expires.is_none_or(|expires| expires >= now_ms));
        }
        *self.cursor.lock() = Some(news.cursor);
        roles_changed
    }

    /// Takes in a change that this node made itself, so that it counts at once.
    pub fn note_logout(&self, hash: [u8; 32], expires: Option<i64>) {
        self.state.write().tokens.insert(hash, expires);
    }

    /// Whether a token was logged out, as far as this node knows.
    pub fn is_logged_out(&self, hash: &[u8; 32]) -> bool {
        self.state.read().tokens.contains_key(hash)
    }

    /// Judges a well-signed token. `token` is its text. `Ok` carries the user's present roles when
    /// they changed since some token was made.
    pub fn judge(&self, token: &str, claims: &Claims) -> Result<Option<Vec<String>>, Refusal> {
        let state = self.state.read();
        if !state.tokens.is_empty() && state.tokens.contains_key(&super::hash(token)) {
            return Err(Refusal::LoggedOut);
        }
        let Some(user) = claims.uid.as_deref().and_then(|uid| state.users.get(uid)) else { return Ok(None) };
        if let Some(status) = user.status {
            return Err(Refusal::Status(status));
        }
        let issued_ms = claims.iat.unwrap_or(0).saturating_mul(1000);
        if user.valid_token_date.is_some_and(|date| issued_ms < date) {
            return Err(Refusal::TooOld);
        }
        if claims.role.as_ref().is_some_and(|roles| roles.iter().any(|role| !user.roles.contains(role))) {
            return Err(Refusal::RoleLost);
        }
        Ok(Some(user.roles.clone()))
    }
}

impl State {
    fn apply(&mut self, change: GateChange) -> bool {
        match change {
            GateChange::Token { hash, expires } => {
                self.tokens.insert(hash, expires);
            }
            GateChange::User { uid, sequence, valid_token_date, status, roles } => {
                let newer = self.users.get(&uid).is_none_or(|known| known.sequence <= sequence);
                if newer {
                    let status = status.and_then(Status::from_number);
                    self.users.insert(uid, UserGate { sequence, valid_token_date, status, roles });
                }
            }
            GateChange::Roles => return true,
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(sequence: i64, valid_token_date: Option<i64>, status: Option<i64>, roles: &[&str]) -> GateChange {
        let roles = roles.iter().map(|&role| role.to_owned()).collect();
        GateChange::User { uid: "u".into(), sequence, valid_token_date, status, roles }
    }

    fn gate(changes: Vec<GateChange>) -> Gate {
        let gate = Gate::default();
        gate.apply(GateNews { cursor: GateCursor(1), changes }, 0);
        gate
    }

    fn claims(iat: i64, roles: &[&str]) -> Claims {
        let role = Some(roles.iter().map(|&role| role.to_owned()).collect());
        Claims { uid: Some("u".into()), role, iat: Some(iat), ..Claims::default() }
    }

    #[test]
    fn a_logged_out_token_is_refused_until_it_would_expire_anyway() {
        let change = GateChange::Token { hash: super::super::hash("t"), expires: Some(1000) };
        let gate = gate(vec![change]);
        assert_eq!(gate.judge("t", &claims(0, &[])), Err(Refusal::LoggedOut));
        assert_eq!(gate.judge("other", &claims(0, &[])), Ok(None));
        gate.apply(GateNews { cursor: GateCursor(2), changes: vec![GateChange::Roles] }, 1001);
        assert_eq!(gate.judge("t", &claims(0, &[])), Ok(None));
    }

    #[test]
    fn tokens_older_than_the_password_are_refused() {
        let gate = gate(vec![user(1, Some(5500), None, &[])]);
        assert_eq!(gate.judge("t", &claims(5, &[])), Err(Refusal::TooOld));
        assert_eq!(gate.judge("t", &claims(6, &[])), Ok(Some(vec![])));
    }

    #[test]
    fn a_lost_role_voids_the_token_and_a_new_one_counts_at_once() {
        let gate = gate(vec![user(1, None, None, &["editor"])]);
        assert_eq!(gate.judge("t", &claims(0, &["admin"])), Err(Refusal::RoleLost));
        assert_eq!(gate.judge("t", &claims(0, &[])), Ok(Some(vec!["editor".into()])));
    }

    #[test]
    fn old_news_does_not_overwrite_newer_news() {
        let gate = gate(vec![user(2, None, Some(1), &[])]);
        gate.apply(GateNews { cursor: GateCursor(3), changes: vec![user(1, None, None, &[])] }, 0);
        assert_eq!(gate.judge("t", &claims(0, &[])), Err(Refusal::Status(Status::Banned)));
    }
}
