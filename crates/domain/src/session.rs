//! Sessions: made, renewed, ended. The tail that every login shares.

use serde_json::{Map, Value};

use crate::{
    account::{User, lay_over},
    context::{Context, TokenPolicy},
    error::{Code, Error, Result},
    log::{LogSubject, LogType},
    project::AccountEvent,
    store::{LockRule, Logout, NewSession, PasswordChange, Renewal, Renewed, SignIn, SignedIn, SignedInLinked},
    token::{self, Claims, Payload},
};

/// A token as answers show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewToken {
    /// The JWT.
    pub token: String,
    /// `tokenExpired`, milliseconds.
    pub expired: i64,
}

/// A token that was sent along and holds.
#[derive(Clone, Debug)]
pub struct PresentToken {
    /// The JWT.
    pub token: String,
    /// What it says.
    pub claims: Claims,
}

/// How often a decision is made again because the user changed in between.
const ATTEMPTS: usize = 8;

/// What a sign-in rests on, besides the user.
#[derive(Clone, Debug, Default)]
pub struct PasswordProof {
    /// When the address is locked out.
    pub lock: Option<LockRule>,
    /// A newer hash of the same password.
    pub rehash: Option<(String, Option<i64>)>,
    /// Whether the second step is done, or is somebody else's business.
    pub second_step_done: bool,
    /// What is to be linked once the second step is done, for a sign-in by something else than a password.
    pub link: Map<String, Value>,
}

/// The end of a sign-in by something else than a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkedSignIn {
    /// It happened.
    Done(NewToken),
    /// The user changed since it was read: read it again and decide again.
    Stale,
    /// What was to be linked belongs to another user of the application.
    Taken,
}

impl Context<'_> {
    /// What a user's tokens say besides their time: custom-token.js has been asked.
    pub(crate) async fn claims_of(&self, user: &User) -> Result<Payload> {
        let roles = user.roles();
        let permissions = self.roles.permissions(&roles);
        let claims = Payload::from_iter([
            ("uid".to_owned(), Value::from(user.id())),
            ("role".to_owned(), roles.into()),
            ("permission".to_owned(), permissions.into()),
        ]);
        let Some(scripts) = self.scripts.filter(|scripts| scripts.has_custom_token()) else { return Ok(claims) };
        let mut custom = scripts.custom_token(claims).await?;
        // Whatever a script does, a token is its user's and nobody else's.
        custom.insert("uid".to_owned(), user.id().into());
        Ok(custom)
    }

    /// Makes a token. `push` moves its time by so many seconds: see [`NewSession::hash`].
    pub(crate) fn mint(&self, user: &User, claims: &Payload, policy: &TokenPolicy, push: i64) -> (NewSession, NewToken) {
        let now = self.clock.now_ms();
        // Tokens count whole seconds: one made in the second of a password change must not look
        // older than it.
        let not_before = user.valid_token_date().map_or(i64::MIN, |date| date.saturating_add(999).div_euclid(1000));
        let mut issued_at = self.clock.now_s().max(not_before) + push;
        loop {
            let expires_at = issued_at + policy.expires_in;
            let mut payload = claims.clone();
            payload.insert("uniIdVersion".to_owned(), token::UNI_ID_VERSION.into());
            payload.insert("iat".to_owned(), issued_at.into());
            payload.insert("exp".to_owned(), expires_at.into());
            let jwt = token::sign(&payload, &policy.secret);
            let hash = token::hash(&jwt);
            if self.gate.is_logged_out(&hash) {
                issued_at += 1;
                continue;
            }
            let session = NewSession {
                token: jwt.clone(),
                hash,
                issued_at,
                expires_at,
                app: self.client.app_id.clone(),
                device_id: self.client.device_id.clone(),
                ip: self.client.ip.clone(),
                user_agent: self.client.user_agent.clone(),
                now,
                max_tokens: policy.max_tokens,
            };
            return (session, NewToken { token: jwt, expired: now + policy.expires_in * 1000 });
        }
    }

    /// The end of the session that a token belongs to.
    pub fn logout_of(&self, present: &PresentToken) -> Option<Logout> {
        let uid = present.claims.uid.clone()?;
        let mut log = self.log_row(LogType::Logout, LogSubject::User(uid.clone()), true);
        log.told = self.told(AccountEvent::Logout, &uid);
        Some(Logout {
            log,
            uid,
            token: present.token.clone(),
            hash: token::hash(&present.token),
            expires: present.claims.exp.map(|exp| exp.saturating_mul(1000)),
            device_id: self.client.device_id.clone(),
        })
    }

    /// Tells this node's gate of a session that has just ended, so that no answer is given before
    /// the token is refused here.
    pub(crate) fn note_ended(&self, ended: Option<&Logout>) {
        if let Some(logout) = ended {
            self.gate.note_logout(logout.hash, logout.expires);
        }
    }

    /// Ends a session.
    pub async fn logout(&self, present: &PresentToken) -> Result<()> {
        if let Some(logout) = self.logout_of(present) {
            self.store.logout(&logout).await?;
            self.note_ended(Some(&logout));
            self.tell_scripts(AccountEvent::Logout, &logout.uid);
        }
        Ok(())
    }

    /// Starts a session for a user who proved to be that user. `Ok(None)`: the user changed since
    /// it was read; read it again and decide again.
    pub async fn sign_in(
        &self,
        user: &User,
        policy: &TokenPolicy,
        proof: PasswordProof,
        previous: Option<&PresentToken>,
    ) -> Result<Option<NewToken>> {
        if let Err(asked) = self.ask_second_step(user, &proof).await {
            self.keep_rehash(user, proof).await?;
            return Err(asked);
        }
        let claims = self.claims_of(user).await?;
        for push in 0..ATTEMPTS as i64 {
            let (session, token) = self.mint(user, &claims, policy, push);
            let mut sign_in = self.sign_in_of(user, session, previous);
            sign_in.lock = proof.lock;
            sign_in.rehash = proof.rehash.clone();
            match self.store.sign_in(&sign_in).await? {
                SignedIn::Done => {
                    self.note_ended(sign_in.previous.as_ref());
                    self.tell_scripts(AccountEvent::Login, user.id());
                    return Ok(Some(token));
                }
                SignedIn::Locked => return Err(Code::PasswordErrorExceedLimit.into()),
                SignedIn::Stale => return Ok(None),
                SignedIn::TokenRevoked => {}
            }
        }
        Err(Code::SystemError.into())
    }

    fn sign_in_of(&self, user: &User, session: NewSession, previous: Option<&PresentToken>) -> SignIn {
        let mut log = self.log_row(LogType::Login, LogSubject::User(user.id().to_owned()), true);
        log.told = self.told(AccountEvent::Login, user.id());
        SignIn {
            uid: user.id().to_owned(),
            revision: user.revision,
            session,
            lock: None,
            rehash: None,
            previous: previous.and_then(|present| self.logout_of(present)),
            log,
        }
    }

    /// Starts a session for a user who proved to be that user by something else than a password, and
    /// lays `link` over the user's document at the same time: identifiers that the user was not known
    /// by yet, keys of a third party. Where a second step is due they are linked after it.
    pub async fn sign_in_linked(
        &self,
        user: &User,
        link: &Map<String, Value>,
        policy: &TokenPolicy,
        proof: PasswordProof,
        previous: Option<&PresentToken>,
    ) -> Result<LinkedSignIn> {
        let mut linked = user.clone();
        if !lay_over(&mut linked.doc, link) {
            let token = self.sign_in(user, policy, proof, previous).await?;
            return Ok(token.map_or(LinkedSignIn::Stale, LinkedSignIn::Done));
        }
        self.ask_second_step(user, &PasswordProof { link: link.clone(), ..proof }).await?;
        let claims = self.claims_of(&linked).await?;
        for push in 0..ATTEMPTS as i64 {
            let (session, token) = self.mint(&linked, &claims, policy, push);
            let sign_in = self.sign_in_of(user, session, previous);
            match self.store.sign_in_linked(&sign_in, &linked.doc).await? {
                SignedInLinked::Done => {
                    self.note_ended(sign_in.previous.as_ref());
                    self.tell_scripts(AccountEvent::Login, user.id());
                    return Ok(LinkedSignIn::Done(token));
                }
                SignedInLinked::Stale => return Ok(LinkedSignIn::Stale),
                SignedInLinked::Taken => return Ok(LinkedSignIn::Taken),
                SignedInLinked::TokenRevoked => {}
            }
        }
        Err(Code::SystemError.into())
    }

    /// Stores a newer hash of a password that was right, when the sign-in itself comes later. If the
    /// user changed meanwhile, the next login does it.
    async fn keep_rehash(&self, user: &User, proof: PasswordProof) -> Result<()> {
        let Some((password, version)) = proof.rehash else { return Ok(()) };
        let uid = user.id().to_owned();
        let change =
            PasswordChange { uid, revision: user.revision, password, version, valid_token_date: None, log: None, told: Vec::new() };
        self.store.change_password(&change).await?;
        Ok(())
    }

    /// Makes a new token for the bearer of one, after asking the store whether it still holds.
    pub async fn renew(&self, present: &PresentToken, policy: &TokenPolicy) -> Result<NewToken> {
        let uid = present.claims.uid.as_deref().ok_or(Code::CheckTokenFailed)?;
        let mut push = 0;
        for _ in 0..ATTEMPTS {
            let view = self.store.session_view(uid, &present.token).await?.ok_or(Code::AccountNotExists)?;
            if let Some(status) = view.user.status() {
                return Err(status.code().into());
            }
            let listed = present.claims.is_listed_version();
            if listed && !view.listed {
                return Err(Code::CheckTokenFailed.into());
            }
            let issued_ms = present.claims.iat.unwrap_or(0).saturating_mul(1000);
            if view.user.valid_token_date().is_some_and(|date| issued_ms < date) {
                return Err(Code::TokenExpired.into());
            }
            let claims = self.claims_of(&view.user).await?;
            let (session, token) = self.mint(&view.user, &claims, policy, push);
            let renewal = Renewal {
                uid: uid.to_owned(),
                revision: view.user.revision,
                old_token: listed.then(|| present.token.clone()),
                old_hash: token::hash(&present.token),
                session,
            };
            match self.store.renew(&renewal).await? {
                Renewed::Done => return Ok(token),
                Renewed::NotListed => return Err(Code::CheckTokenFailed.into()),
                Renewed::TokenRevoked => push += 1,
                Renewed::Stale => {}
            }
        }
        Err(Error::new(Code::SystemError))
    }
}
