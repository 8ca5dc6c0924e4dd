//! Creating accounts.

use serde_json::{Map, Value};

use crate::{
    account::{IdentityKind, User},
    context::{Context, TokenPolicy},
    error::{Code, Error, Result},
    log::{LogSubject, LogType},
    project::AccountEvent,
    session::{NewToken, PresentToken},
    store::{IdentityQuery, Registered, Registration},
};

/// Characters of invitation codes: no look-alikes.
const INVITE_ALPHABET: &str = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
const INVITE_LENGTH: usize = 6;
const INVITE_ATTEMPTS: usize = 10;
const TOKEN_ATTEMPTS: i64 = 8;

/// What an application wants of registrations.
#[derive(Clone, Debug, Default)]
pub struct RegistrationPolicy {
    /// `userRegisterDefaultRole`
    pub default_roles: Vec<String>,
    /// `autoSetInviteCode`
    pub auto_invite_code: bool,
    /// `forceInviteCode`; administrators are exempt.
    pub force_invite_code: bool,
}

/// Someone who wants to register.
#[derive(Clone, Debug, Default)]
pub struct Newcomer {
    /// The document's fields so far: identifiers, password, nickname, role.
    pub fields: Map<String, Value>,
    /// Whether the one administrator's seat is wanted.
    pub admin_seat: bool,
    /// `inviteCode` as it was typed.
    pub invite_code: Option<String>,
    /// Whether a taken identifier is no failure to be logged, because the caller goes on to sign in.
    pub quiet: bool,
}

impl Context<'_> {
    /// Registers a newcomer and starts the first session. Answers the `_id` and the token.
    pub async fn register(
        &self,
        newcomer: Newcomer,
        policy: &RegistrationPolicy,
        tokens: &TokenPolicy,
        previous: Option<&PresentToken>,
    ) -> Result<(String, NewToken)> {
        let uid = self.id();
        let mut user = self.document(&uid, &newcomer, policy);
        self.add_invitation(&mut user, &newcomer, policy).await?;
        self.ask_script(&mut user, newcomer.quiet).await?;
        let claims = self.claims_of(&user).await?;
        for push in 0..TOKEN_ATTEMPTS {
            let (session, token) = self.mint(&user, &claims, tokens, push);
            let mut log = self.log_row(LogType::Register, LogSubject::User(uid.clone()), true);
            log.told = self.told(AccountEvent::Register, &uid);
            let registration = Registration {
                user: user.clone(),
                admin_seat: newcomer.admin_seat,
                session: Some(session),
                previous: previous.and_then(|present| self.logout_of(present)),
                log: Some(log),
                audit: None,
                on_conflict: (!newcomer.quiet).then(|| self.log_row(LogType::Register, LogSubject::Nobody, false)),
            };
            match self.store.register(&registration).await? {
                Registered::Done => {
                    self.note_ended(registration.previous.as_ref());
                    self.tell_scripts(AccountEvent::Register, &uid);
                    return Ok((uid, token));
                }
                Registered::AccountExists => return Err(Code::AccountExists.into()),
                Registered::AdminExists => return Err(Code::AdminExists.into()),
                Registered::TokenRevoked => {}
            }
        }
        Err(Error::new(Code::SystemError))
    }

    /// Lets `beforeRegister` change the record or refuse it. It sees the record without `_id`, and
    /// is not asked about somebody who cannot register anyway.
    async fn ask_script(&self, user: &mut User, quiet: bool) -> Result<()> {
        let Some(scripts) = self.scripts.filter(|scripts| scripts.has_before_register()) else { return Ok(()) };
        self.refuse_taken_identifiers(user, quiet).await?;
        let mut record = user.doc.clone();
        let id = record.remove("_id");
        let mut doc = Map::new();
        doc.extend(id.map(|id| ("_id".to_owned(), id)));
        for (name, value) in scripts.before_register(record, self.info_for_scripts(), self.own_params.clone()).await? {
            // The account's id and sessions are not the script's to choose.
            if !["_id", "token"].contains(&name.as_str()) {
                doc.insert(name, value);
            }
        }
        user.doc = doc;
        Ok(())
    }

    fn document(&self, uid: &str, newcomer: &Newcomer, policy: &RegistrationPolicy) -> User {
        let mut doc = Map::new();
        doc.insert("_id".into(), uid.into());
        doc.extend(newcomer.fields.clone());
        let mut roles = User::new(doc.clone()).roles();
        for role in &policy.default_roles {
            if !roles.contains(role) {
                roles.push(role.clone());
            }
        }
        if !roles.is_empty() {
            doc.insert("role".into(), roles.into());
        }
        doc.insert("register_env".into(), self.client.register_env().into());
        doc.insert("register_date".into(), self.clock.now_ms().into());
        doc.insert("dcloud_appid".into(), vec![self.client.app_id.clone()].into());
        User::new(doc)
    }

    async fn add_invitation(&self, user: &mut User, newcomer: &Newcomer, policy: &RegistrationPolicy) -> Result<()> {
        if let Some(code) = &newcomer.invite_code {
            self.refuse_taken_identifiers(user, newcomer.quiet).await?;
            let mut inviters = self.store.candidates(&self.invite_query(code), None).await?.users;
            if inviters.len() > 1 {
                return Err(Code::SystemError.into());
            }
            let inviter = inviters.pop().ok_or(Code::InvalidInviteCode)?;
            let mut chain = vec![Value::from(inviter.id())];
            if let Some(Value::Array(further)) = inviter.doc.get("inviter_uid") {
                chain.extend(further.iter().cloned());
            }
            user.doc.insert("inviter_uid".into(), chain.into());
            user.doc.insert("invite_time".into(), self.clock.now_ms().into());
        } else if policy.force_invite_code && !newcomer.admin_seat {
            self.refuse_taken_identifiers(user, newcomer.quiet).await?;
            return Err(Code::InvalidInviteCode.into());
        }
        if policy.auto_invite_code {
            user.doc.insert("my_invite_code".into(), self.free_invite_code().await?.into());
        }
        Ok(())
    }

    /// A taken identifier is reported before a wrong invitation code.
    async fn refuse_taken_identifiers(&self, user: &User, quiet: bool) -> Result<()> {
        for kind in [IdentityKind::Username, IdentityKind::Mobile, IdentityKind::Email] {
            let Some(value) = user.text(kind.wire()) else { continue };
            let query = IdentityQuery { kind, values: vec![value.to_owned()], app: self.client.app_id.clone() };
            if !self.store.candidates(&query, None).await?.users.is_empty() {
                if !quiet {
                    self.store.append_log(&self.log_row(LogType::Register, LogSubject::Nobody, false)).await?;
                }
                return Err(Code::AccountExists.into());
            }
        }
        Ok(())
    }

    async fn free_invite_code(&self) -> Result<String> {
        let alphabet: Vec<char> = INVITE_ALPHABET.chars().collect();
        for _ in 0..INVITE_ATTEMPTS {
            let code = self.random.text(&alphabet, INVITE_LENGTH);
            let taken = self.store.candidates(&self.invite_query(&code), None).await?;
            if taken.users.is_empty() && !taken.elsewhere {
                return Ok(code);
            }
        }
        Err(Code::SetInviteCodeFailed.into())
    }

    fn invite_query(&self, code: &str) -> IdentityQuery {
        IdentityQuery { kind: IdentityKind::InviteCode, values: vec![code.to_owned()], app: self.client.app_id.clone() }
    }
}
