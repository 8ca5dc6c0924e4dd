//! A second step of signing in: a code of an authenticator app, or a recovery code.

pub(crate) mod keys;
pub mod totp;

use serde_json::{Map, json};
use zeroize::Zeroizing;

pub use keys::{SecondStepKeys, Ticket};

use crate::{
    account::User,
    context::Context,
    error::{Code, Error, Result},
    session::PasswordProof,
    store::{CeremonyEnd, LockRule, SecondStepAnswer, SecondStepOutcome, SecondStepTry},
};

/// Length of a secret: that of SHA-1, as RFC 4226 recommends. Bytes.
pub const SECRET_LENGTH: usize = 20;
/// How many recovery codes there are.
const RECOVERY_CODES: usize = 10;
/// Characters of a recovery code: no look-alikes.
const RECOVERY_ALPHABET: &str = "23456789abcdefghjkmnpqrstuvwxyz";
/// How many characters a recovery code has: about 50 bits.
const RECOVERY_LENGTH: usize = 10;

impl Context<'_> {
    /// Asks for the second step, if signing in as this user takes one: the error has a ticket with
    /// which the sign-in can be finished.
    pub async fn ask_second_step(&self, user: &User, proof: &PasswordProof) -> Result<()> {
        let Some(keys) = self.second_step_keys.filter(|_| user.has_second_step() && !proof.second_step_done) else { return Ok(()) };
        if let Some(lock) = proof.lock
            && self.store.is_locked_out(user.id(), &self.client.ip, self.clock.now_ms(), lock).await?
        {
            // Who is locked out is not told that the password was right.
            return Err(Code::PasswordErrorExceedLimit.into());
        }
        let ticket = Ticket {
            uid: user.id().to_owned(),
            app: self.client.app_id.clone(),
            expires: self.clock.now_ms() + Ticket::LIFETIME_MS,
            nonce: self.random.hex(16),
            by_password: proof.lock.is_some(),
            link: proof.link.clone(),
        };
        let step = json!({"ticket": keys.sign(&ticket), "expired": ticket.expires, "methods": ["totp", "recovery-code"]});
        Err(Error::new(Code::SecondStepRequired).with_fields(Map::from_iter([("secondStep".to_owned(), step)])))
    }

    /// A ticket that was sent in, if it is valid here and now. It is not used up by this.
    pub fn read_ticket(&self, text: &str) -> Result<Ticket> {
        let ticket = self.second_step_keys.and_then(|keys| keys.verify(text)).ok_or(Code::SecondStepExpired)?;
        let is_valid = ticket.app == self.client.app_id && ticket.expires > self.clock.now_ms();
        if is_valid { Ok(ticket) } else { Err(Code::SecondStepExpired.into()) }
    }

    /// Tries what somebody with a ticket typed. If it is right, it and the ticket are used up; with a ticket that was used
    /// before nothing is tried.
    pub async fn answer_ticket(&self, ticket: &Ticket, typed: &str, lock: LockRule) -> Result<()> {
        let nonce = format!("second step {}", ticket.nonce);
        let end = CeremonyEnd { nonce, expires: ticket.expires, now: self.clock.now_ms() };
        self.try_second_step(&ticket.uid, typed, lock, Some(end)).await
    }

    /// Tries what a user typed: the code of an app or a recovery code. What is right is used up.
    pub async fn answer_second_step(&self, uid: &str, typed: &str, lock: LockRule) -> Result<()> {
        self.try_second_step(uid, typed, lock, None).await
    }

    async fn try_second_step(&self, uid: &str, typed: &str, lock: LockRule, ticket: Option<CeremonyEnd>) -> Result<()> {
        let keys = self.keys()?;
        let stored = self.store.second_step(uid).await?.filter(|stored| stored.confirmed).ok_or(Code::SecondStepNotExists)?;
        let now = self.clock.now_ms();
        let answer = match Typed::read(typed) {
            Typed::Code(code) => match totp::matching_step(&keys.open(uid, &stored.secret)?, &code, now) {
                Some(step) => SecondStepAnswer::Step(step),
                None => SecondStepAnswer::Wrong,
            },
            Typed::RecoveryCode(code) => SecondStepAnswer::Recovery(keys.recovery_digest(uid, &code)),
        };
        match self.store.try_second_step(&SecondStepTry { uid: uid.to_owned(), answer, now, lock, ticket }).await? {
            SecondStepOutcome::Right => Ok(()),
            SecondStepOutcome::Wrong => Err(Code::SecondStepError.into()),
            SecondStepOutcome::Locked => Err(Code::SecondStepExceedLimit.into()),
            SecondStepOutcome::TicketUsed => Err(Code::SecondStepExpired.into()),
            SecondStepOutcome::Gone => Err(Code::SecondStepNotExists.into()),
        }
    }

    /// Makes a secret for a user who has no second step yet. It is not asked for until it is
    /// confirmed.
    pub async fn begin_totp(&self, uid: &str) -> Result<Zeroizing<Vec<u8>>> {
        let mut secret = Zeroizing::new(vec![0u8; SECRET_LENGTH]);
        self.random.fill(&mut secret);
        let sealed = self.keys()?.seal(uid, &secret, self.random)?;
        let begun = self.store.begin_second_step(uid, &sealed, self.clock.now_ms()).await?;
        if begun { Ok(secret) } else { Err(Code::SecondStepExists.into()) }
    }

    /// Confirms it by a code of the app; answers recovery codes, which nobody is shown again.
    pub async fn confirm_totp(&self, uid: &str, typed: &str) -> Result<Vec<String>> {
        let keys = self.keys()?;
        let stored = self.store.second_step(uid).await?.ok_or(Code::SecondStepNotExists)?;
        if stored.confirmed {
            return Err(Code::SecondStepExists.into());
        }
        let Typed::Code(code) = Typed::read(typed) else { return Err(Code::SecondStepError.into()) };
        let secret = keys.open(uid, &stored.secret)?;
        let step = totp::matching_step(&secret, &code, self.clock.now_ms()).ok_or(Code::SecondStepError)?;
        let (codes, digests) = self.recovery_codes(keys, uid);
        let confirmed = self.store.confirm_second_step(uid, &stored.secret, step, &digests).await?;
        if confirmed { Ok(codes) } else { Err(Code::SecondStepError.into()) }
    }

    /// Makes other recovery codes in place of those that are left.
    pub async fn renew_recovery_codes(&self, uid: &str) -> Result<Vec<String>> {
        let (codes, digests) = self.recovery_codes(self.keys()?, uid);
        let replaced = self.store.replace_recovery_codes(uid, &digests).await?;
        if replaced { Ok(codes) } else { Err(Code::SecondStepNotExists.into()) }
    }

    fn keys(&self) -> Result<&SecondStepKeys> {
        self.second_step_keys.ok_or_else(|| Error::new(Code::ConfigFieldRequired).with("field", "security.second_step"))
    }

    fn recovery_codes(&self, keys: &SecondStepKeys, uid: &str) -> (Vec<String>, Vec<[u8; 32]>) {
        let alphabet: Vec<char> = RECOVERY_ALPHABET.chars().collect();
        (0..RECOVERY_CODES)
            .map(|_| {
                let code = self.random.text(&alphabet, RECOVERY_LENGTH);
                let digest = keys.recovery_digest(uid, &code);
                let (head, tail) = code.split_at(RECOVERY_LENGTH / 2);
                (format!("{head}-{tail}"), digest)
            })
            .unzip()
    }
}

/// What a user typed, without the spaces and hyphens that people put in.
enum Typed {
    Code(String),
    RecoveryCode(String),
}

impl Typed {
    fn read(typed: &str) -> Self {
        let plain: String = typed.chars().filter(|c| !c.is_whitespace() && *c != '-').take(64).collect();
        match plain.len() == 6 && plain.bytes().all(|byte| byte.is_ascii_digit()) {
            true => Self::Code(plain),
            false => Self::RecoveryCode(plain.to_ascii_lowercase()),
        }
    }
}

/// The lock on wrong second steps, from the application's rule for passwords.
pub const fn lock(limit: i64, retry_s: i64) -> LockRule {
    LockRule { limit: if limit < 1 { 1 } else { limit }, retry_ms: retry_s * 1000 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_type_spaces_and_capitals() {
        assert!(matches!(Typed::read(" 123 456 "), Typed::Code(code) if code == "123456"));
        assert!(matches!(Typed::read("ABCDE-fgh23"), Typed::RecoveryCode(code) if code == "abcdefgh23"));
        assert!(matches!(Typed::read("12345"), Typed::RecoveryCode(_)));
        assert!(matches!(Typed::read(""), Typed::RecoveryCode(_)));
    }
}
