//! A user's sessions as the user sees them, and ending them.

use std::collections::HashMap;

use crate::{
    account::User,
    context::{Context, TokenPolicy},
    error::{Code, Error, Result},
    log::{LogSubject, LogType},
    project::AccountEvent,
    random::to_hex,
    session::{NewToken, PresentToken},
    store::{ListedToken, OtherSessionsEnd, OtherSessionsEnded, SessionEnd},
    token,
};

/// A session: what one login has led to, however often its token was renewed. Times are milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Names it; says nothing about its tokens.
    pub id: String,
    /// Whether it is that of the caller's token.
    pub current: bool,
    /// When it began.
    pub started_at: i64,
    /// When it was last used, to the minute.
    pub used_at: i64,
    /// From where.
    pub used_ip: Option<String>,
    /// When its newest token ends, if that has an end.
    pub expires: Option<i64>,
    /// The application.
    pub app: Option<String>,
    /// The device.
    pub device_id: Option<String>,
    /// The user agent.
    pub user_agent: Option<String>,
}

/// How often ending the other sessions is decided again because something changed in between.
const ATTEMPTS: usize = 8;

impl Context<'_> {
    /// The sessions of a token's user, last used first.
    pub async fn sessions(&self, uid: &str, present: &PresentToken) -> Result<Vec<Session>> {
        let user = self.store.user(uid).await?.ok_or(Code::AccountNotExists)?;
        let tokens = self.store.listed_tokens(uid).await?;
        let mut sessions = gather(&self.living(&user, tokens), &token::hash(&present.token));
        for session in sessions.iter_mut().filter(|session| session.current) {
            session.used_at = self.clock.now_ms();
            session.used_ip = Some(self.client.ip.clone());
        }
        sessions.sort_by_key(|session| std::cmp::Reverse((session.current, session.used_at)));
        Ok(sessions)
    }

    /// Tokens that hold: neither past their time nor voided by a new password.
    fn living(&self, user: &User, tokens: Vec<ListedToken>) -> Vec<ListedToken> {
        let now = self.clock.now_ms();
        let is_void = |listed: &ListedToken| user.valid_token_date().is_some_and(|date| listed.issued_at.saturating_mul(1000) < date);
        tokens.into_iter().filter(|listed| listed.expires.is_none_or(|end| end > now) && !is_void(listed)).collect()
    }

    /// Ends one of a user's sessions.
    pub async fn end_session(&self, uid: &str, id: &str) -> Result<()> {
        let chain = from_hex(id).ok_or(Code::SessionNotExists)?;
        let mut log = self.log_row(LogType::Logout, LogSubject::User(uid.to_owned()), true);
        log.told = self.told(AccountEvent::Logout, uid);
        let ended = self.store.end_session(&SessionEnd { uid: uid.to_owned(), chain, log }).await?;
        if ended.is_empty() {
            return Err(Code::SessionNotExists.into());
        }
        for (hash, expires) in ended {
            self.gate.note_logout(hash, expires);
        }
        self.tell_scripts(AccountEvent::Logout, uid);
        Ok(())
    }

    /// Ends all sessions of a token's user but the token's own, which goes on with a new token. Answers
    /// how many were ended.
    ///
    /// A date voids every other token, those too that had left the list (`maxTokenLength`) but not
    /// yet ended.
    pub async fn end_other_sessions(&self, uid: &str, present: &PresentToken, policy: &TokenPolicy) -> Result<(usize, NewToken)> {
        let mut push = 0;
        for _ in 0..ATTEMPTS {
            let mut user = self.store.user(uid).await?.ok_or(Code::AccountNotExists)?;
            let tokens = self.store.listed_tokens(uid).await?;
            let hash = token::hash(&present.token);
            let own = tokens.iter().find(|listed| listed.hash == hash);
            let (chain, started_at) = own.map_or((hash, self.clock.now_ms()), |own| (own.chain, own.started_at));
            let newest = tokens.iter().map(|listed| listed.issued_at.saturating_mul(1000).saturating_add(1)).max();
            let date = self.clock.now_ms().max(newest.unwrap_or(i64::MIN));
            let others = gather(&self.living(&user, tokens), &hash).iter().filter(|session| !session.current).count();
            user.doc.insert("valid_token_date".into(), date.into());
            let claims = self.claims_of(&user).await?;
            let (session, new_token) = self.mint(&user, &claims, policy, push);
            let end = OtherSessionsEnd {
                uid: uid.to_owned(),
                revision: user.revision,
                valid_token_date: date,
                chain,
                started_at,
                session,
                log: self.log_row(LogType::Logout, LogSubject::User(uid.to_owned()), true),
            };
            match self.store.end_other_sessions(&end).await? {
                OtherSessionsEnded::Done => return Ok((others, new_token)),
                OtherSessionsEnded::TokenRevoked => push += 1,
                OtherSessionsEnded::Stale => {}
            }
        }
        Err(Error::new(Code::SystemError))
    }
}

/// One session for each chain of tokens, told by the newest of them.
fn gather(tokens: &[ListedToken], own: &[u8; 32]) -> Vec<Session> {
    let mut places: HashMap<[u8; 32], usize> = HashMap::new();
    let mut sessions: Vec<Session> = Vec::new();
    for listed in tokens {
        let told = |current: bool, before: Option<&Session>| Session {
            id: to_hex(&listed.chain),
            current: current || listed.hash == *own,
            started_at: before.map_or(listed.started_at, |before| before.started_at.min(listed.started_at)),
            used_at: before.map_or(listed.used_at, |before| before.used_at.max(listed.used_at)),
            used_ip: match before {
                Some(before) if before.used_at > listed.used_at => before.used_ip.clone(),
                _ => listed.used_ip.clone(),
            },
            expires: listed.expires,
            app: listed.app.clone(),
            device_id: listed.device_id.clone(),
            user_agent: listed.user_agent.clone(),
        };
        match places.get(&listed.chain).and_then(|place| sessions.get_mut(*place)) {
            Some(session) => *session = told(session.current, Some(session)),
            None => {
                places.insert(listed.chain, sessions.len());
                sessions.push(told(false, None));
            }
        }
    }
    sessions
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0u8; 32];
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    for (byte, at) in bytes.iter_mut().zip((0..64).step_by(2)) {
        *byte = u8::from_str_radix(text.get(at..at + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(hash: u8, chain: u8, used_at: i64, ip: &str) -> ListedToken {
        ListedToken {
            hash: [hash; 32],
            chain: [chain; 32],
            issued_at: 0,
            expires: Some(100),
            started_at: 1,
            used_at,
            used_ip: Some(ip.into()),
            app: None,
            device_id: None,
            user_agent: None,
        }
    }

    #[test]
    fn renewed_tokens_are_one_session() {
        let tokens = [listed(1, 1, 5, "a"), listed(2, 2, 6, "b"), listed(3, 1, 4, "c")];
        let sessions = gather(&tokens, &[3; 32]);
        assert_eq!(sessions.len(), 2);
        assert_eq!((sessions[0].id.as_str(), sessions[0].current), ("01".repeat(32).as_str(), true));
        assert_eq!((sessions[0].used_at, sessions[0].used_ip.as_deref()), (5, Some("a")));
        assert!(!sessions[1].current);
    }

    #[test]
    fn ids_are_read_as_they_are_written() {
        assert_eq!(from_hex(&to_hex(&[7; 32])), Some([7; 32]));
        for text in ["", "zz", &"é".repeat(32), &"+1".repeat(32), &"0".repeat(63)] {
            assert_eq!(from_hex(text), None, "{text}");
        }
    }
}
