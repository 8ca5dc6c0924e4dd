//! Registering, signing in and out, passwords: what changes a user's sessions.

use std::{
    borrow::Cow,
    fmt,
    sync::atomic::{AtomicI64, Ordering},
};

use lingpai_domain::{
    account::Identity,
    log::LogRow,
    store::{
        FailedLogin, FailedOutcome, Logout, NewSession, PasswordChange, PasswordChanged, Registered, Registration, Renewal, Renewed,
        SignIn, SignedIn, SignedInLinked,
    },
};
use postgres_types::{Json, ToSql};
use serde_json::{Map, Value};
use tokio_postgres::Row;

use super::{
    PostgresStore,
    alike::{RenewalColumns, SignInColumns},
    along::{DeliveryColumns, deliveries},
    failure::Failure,
    group::{self, Locks, Single, Write},
    invitations::inviters,
    log::LogColumns,
    outcome::Outcome,
    statements::{column, only},
    text::{lookup_key, storable, storable_list},
};
use crate::document::{UserParts, stands_apart};

/// The composite type `lingpai_new_session`.
#[derive(ToSql)]
#[postgres(name = "lingpai_new_session")]
pub(super) struct SessionColumns {
    token: String,
    hash: Vec<u8>,
    issued_at: i64,
    expires_at: i64,
    app: String,
    device_id: Option<String>,
    ip: String,
    user_agent: String,
    now: i64,
    max_tokens: i64,
    longest_life: Option<i64>,
}

impl SessionColumns {
    /// `longest_life`: the longest life of a token that is known to be in the database, in seconds.
    pub(super) fn new(session: &NewSession, longest_life: &AtomicI64) -> Self {
        let life = session.expires_at.saturating_sub(session.issued_at);
        Self {
            token: storable(&session.token).into_owned(),
            hash: session.hash.to_vec(),
            issued_at: session.issued_at,
            expires_at: session.expires_at,
            app: storable(&session.app).into_owned(),
            device_id: session.device_id.as_deref().map(|id| storable(id).into_owned()),
            ip: storable(&session.ip).into_owned(),
            user_agent: storable(&session.user_agent).into_owned(),
            now: session.now,
            max_tokens: i64::try_from(session.max_tokens).unwrap_or(i64::MAX),
            longest_life: (life > longest_life.load(Ordering::Relaxed)).then_some(life),
        }
    }
}

/// The composite type `lingpai_session_end`.
#[derive(ToSql)]
#[postgres(name = "lingpai_session_end")]
struct SessionEnd {
    uid: String,
    token: String,
    hash: Vec<u8>,
    expires: Option<i64>,
    device_id: Option<String>,
    log: LogColumns,
}

impl From<&Logout> for SessionEnd {
    fn from(logout: &Logout) -> Self {
        Self {
            uid: storable(&logout.uid).into_owned(),
            token: storable(&logout.token).into_owned(),
            hash: logout.hash.to_vec(),
            expires: logout.expires,
            device_id: logout.device_id.as_deref().map(|id| storable(id).into_owned()),
            log: LogColumns::from(&logout.log),
        }
    }
}

// Parameters must have `Debug`; tokens must not be in it.
impl fmt::Debug for SessionColumns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionColumns").field("app", &self.app).finish_non_exhaustive()
    }
}

impl fmt::Debug for SessionEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionEnd").field("uid", &self.uid).finish_non_exhaustive()
    }
}

/// The composite type `lingpai_identity`.
#[derive(Debug, ToSql)]
#[postgres(name = "lingpai_identity")]
pub(super) struct IdentityColumns {
    kind: String,
    value: String,
    app: String,
    exclusive: bool,
}

impl IdentityColumns {
    /// As [`Locks::identities`] has it.
    fn lock(&self) -> String {
        format!("{}\u{1f}{}", self.kind, self.value)
    }
}

impl From<&Identity> for IdentityColumns {
    fn from(identity: &Identity) -> Self {
        Self {
            kind: lookup_key(identity.kind.wire()).into_owned(),
            value: lookup_key(&identity.value).into_owned(),
            app: lookup_key(&identity.app).into_owned(),
            exclusive: !stands_apart(identity),
        }
    }
}

/// Reads a function's answer.
///
/// # Errors
/// If program and schema do not fit together.
pub(super) fn outcome<T: Outcome>(rows: Vec<Row>) -> Result<T, Failure> {
    T::read(column(&only(rows)?, 0)?)
}

/// The members of a password, for `lingpai_with`.
fn password_members(password: &str, version: Option<i64>, valid_token_date: Option<i64>) -> Json<Map<String, Value>> {
    let mut members = Map::new();
    members.insert("password".into(), password.into());
    if let Some(version) = version {
        members.insert("password_secret_version".into(), version.into());
    }
    if let Some(date) = valid_token_date {
        members.insert("valid_token_date".into(), date.into());
    }
    Json(members)
}

/// Deliveries that are stored together with a row of the log, and with that of a session that ends.
fn told(log: &LogRow, previous: Option<&Logout>) -> Vec<DeliveryColumns> {
    let previous = previous.map_or(&[][..], |previous| &previous.log.told);
    deliveries(&[&log.told[..], previous].concat())
}

/// A sign-in that ends another session, stores the password anew or tells webhooks.
fn sign_in_with_more(sign_in: &SignIn, session: SessionColumns, told: Vec<DeliveryColumns>) -> Single {
    let uid = storable(&sign_in.uid).into_owned();
    let previous = sign_in.previous.as_ref().map(SessionEnd::from);
    let users = previous.iter().map(|previous| previous.uid.clone()).chain([uid.clone()]).collect();
    let mut params: Vec<group::Value> = vec![
        Box::new(uid),
        Box::new(sign_in.revision),
        Box::new(session),
        Box::new(sign_in.lock.map(|lock| lock.limit)),
        Box::new(sign_in.lock.map(|lock| lock.retry_ms)),
        Box::new(sign_in.rehash.as_ref().map(|(password, version)| password_members(password, *version, None))),
        Box::new(previous),
        Box::new(LogColumns::from(&sign_in.log)),
    ];
    let sql = if told.is_empty() {
        "SELECT lingpai_sign_in($1, $2, $3, $4, $5, $6, $7, $8)"
    } else {
        params.push(Box::new(told));
        "SELECT lingpai_then_tell(lingpai_sign_in($1, $2, $3, $4, $5, $6, $7, $8), $9)"
    };
    Single { sql, params, locks: Locks::users(users) }
}

impl PostgresStore {
    /// Notes that a token's life is in the database, so that the next sign-ins need not write it.
    fn remember_life(&self, life: Option<i64>) {
        if let Some(life) = life {
            self.longest_life.fetch_max(life, Ordering::Relaxed);
        }
    }

    pub(super) async fn session_register(&self, registration: &Registration) -> Result<Registered, Failure> {
        let parts = UserParts::new(&registration.user.doc)?;
        let identities: Vec<_> = parts.identities.iter().map(IdentityColumns::from).collect();
        let on_conflict = registration.on_conflict.as_ref().map(LogColumns::from);
        let session = registration.session.as_ref().map(|session| SessionColumns::new(session, &self.longest_life));
        let of_row = |row: Option<&LogRow>| row.map(|row| row.told.clone()).unwrap_or_default();
        let mut told = of_row(registration.log.as_ref());
        told.extend(of_row(registration.previous.as_ref().map(|previous| &previous.log)));
        let life = session.as_ref().and_then(|session| session.longest_life);
        let previous = registration.previous.as_ref().map(SessionEnd::from);
        let uid = storable(&parts.id).into_owned();
        let locks = Locks {
            identities: identities.iter().filter(|identity| identity.exclusive).map(IdentityColumns::lock).collect(),
            users: previous.iter().map(|previous| previous.uid.clone()).chain([uid.clone()]).collect(),
            codes: Vec::new(),
        };
        let inviters = inviters(&parts).map(|list| list.into_iter().map(Cow::into_owned).collect::<Vec<_>>());
        let params: Vec<group::Value> = vec![
            Box::new(uid),
            Box::new(Json(parts.doc)),
            Box::new(identities),
            Box::new(inviters),
            Box::new(registration.admin_seat),
            Box::new(session),
            Box::new(previous),
            Box::new(registration.log.as_ref().map(LogColumns::from)),
            Box::new(on_conflict),
            Box::new(registration.audit.as_ref().map(|row| storable(&row.id).into_owned())),
            Box::new(registration.audit.as_ref().map(|row| Json(row.doc.clone()))),
            Box::new(deliveries(&told)),
        ];
        let sql = "SELECT lingpai_then_tell(lingpai_then_audit(lingpai_register($1, $2, $3, $4, $5, $6, $7, $8, $9), $10, $11), $12)";
        let write = Write::Single(Single { sql, params, locks });
        // The administrator's seat has a lock of its own, which no group takes.
        let answer = if registration.admin_seat { self.write_alone(write).await } else { self.write_in_group(write).await };
        match answer {
            Ok(rows) => {
                let registered = outcome(rows)?;
                if registered == Registered::Done {
                    self.remember_life(life);
                }
                Ok(registered)
            }
            // The locks keep this from happening between two of us; rows written by hand take no lock.
            Err(failure) if failure.violates("identities_") || failure.violates("users_") => {
                if let Some(row) = &registration.on_conflict {
                    self.write("SELECT lingpai_append_log($1)", &[&LogColumns::from(row)]).await?;
                }
                Ok(Registered::AccountExists)
            }
            Err(failure) => Err(failure),
        }
    }

    pub(super) async fn session_sign_in(&self, sign_in: &SignIn) -> Result<SignedIn, Failure> {
        let session = SessionColumns::new(&sign_in.session, &self.longest_life);
        let life = session.longest_life;
        let told = told(&sign_in.log, sign_in.previous.as_ref());
        let write = if sign_in.previous.is_none() && sign_in.rehash.is_none() && told.is_empty() {
            Write::SignIn(Box::new(SignInColumns {
                uid: storable(&sign_in.uid).into_owned(),
                revision: sign_in.revision,
                session,
                lock_limit: sign_in.lock.map(|lock| lock.limit),
                retry_ms: sign_in.lock.map(|lock| lock.retry_ms),
                log: LogColumns::from(&sign_in.log),
            }))
        } else {
            Write::Single(sign_in_with_more(sign_in, session, told))
        };
        let rows = self.write_in_group(write).await?;
        let signed_in = outcome(rows)?;
        if signed_in == SignedIn::Done {
            self.remember_life(life);
        }
        Ok(signed_in)
    }

    pub(super) async fn session_sign_in_linked(&self, sign_in: &SignIn, doc: &Map<String, Value>) -> Result<SignedInLinked, Failure> {
        let parts = UserParts::of_update(&sign_in.uid, doc)?;
        let identities: Vec<_> = parts.identities.iter().map(IdentityColumns::from).collect();
        let session = SessionColumns::new(&sign_in.session, &self.longest_life);
        let answer = self
            .write(
                "SELECT lingpai_then_tell(lingpai_sign_in_linked($1, $2, $3, $4, $5, $6, $7, $8), $9)",
                &[
                    &storable(&parts.id),
                    &sign_in.revision,
                    &Json(&parts.doc),
                    &identities,
                    &inviters(&parts),
                    &session,
                    &sign_in.previous.as_ref().map(SessionEnd::from),
                    &LogColumns::from(&sign_in.log),
                    &told(&sign_in.log, sign_in.previous.as_ref()),
                ],
            )
            .await;
        let outcome = match answer {
            Ok(rows) => outcome(rows)?,
            // The locks keep this from happening between two of us; rows written by hand take no lock.
            Err(failure) if failure.violates("identities_") => SignedInLinked::Taken,
            Err(failure) => return Err(failure),
        };
        if outcome == SignedInLinked::Done {
            self.remember_life(session.longest_life);
        }
        Ok(outcome)
    }

    pub(super) async fn session_fail_login(&self, failure: &FailedLogin) -> Result<FailedOutcome, Failure> {
        let uid = storable(&failure.uid).into_owned();
        let rows = self
            .write_in_group(Write::Single(Single {
                sql: "SELECT lingpai_fail_login($1, $2, $3, $4, $5, $6)",
                locks: Locks::users(vec![uid.clone()]),
                params: vec![
                    Box::new(uid),
                    Box::new(storable(&failure.ip).into_owned()),
                    Box::new(failure.now),
                    Box::new(failure.lock.limit),
                    Box::new(failure.lock.retry_ms),
                    Box::new(LogColumns::from(&failure.log)),
                ],
            }))
            .await?;
        outcome(rows)
    }

    pub(super) async fn session_renew(&self, renewal: &Renewal) -> Result<Renewed, Failure> {
        let session = SessionColumns::new(&renewal.session, &self.longest_life);
        let life = session.longest_life;
        let write = RenewalColumns {
            uid: storable(&renewal.uid).into_owned(),
            revision: renewal.revision,
            old_token: renewal.old_token.as_deref().map(|token| storable(token).into_owned()),
            old_hash: renewal.old_hash.to_vec(),
            session,
        };
        let rows = self.write_in_group(Write::Renewal(write)).await?;
        let renewed = outcome(rows)?;
        if renewed == Renewed::Done {
            self.remember_life(life);
        }
        Ok(renewed)
    }

    pub(super) async fn session_logout(&self, logout: &Logout) -> Result<(), Failure> {
        let end = SessionEnd::from(logout);
        let locks = Locks::users(vec![end.uid.clone()]);
        let write = if logout.log.told.is_empty() {
            Single { sql: "SELECT lingpai_logout($1)", params: vec![Box::new(end)], locks }
        } else {
            let told = deliveries(&logout.log.told);
            let sql = "SELECT lingpai_then_tell('done', $2) FROM lingpai_logout($1)";
            Single { sql, params: vec![Box::new(end), Box::new(told)], locks }
        };
        self.write_in_group(Write::Single(write)).await?;
        Ok(())
    }

    pub(super) async fn session_password(&self, change: &PasswordChange) -> Result<PasswordChanged, Failure> {
        let mut told = change.told.clone();
        told.extend(change.log.iter().flat_map(|row| row.told.clone()));
        let rows = self
            .write(
                "SELECT lingpai_then_tell(lingpai_then_forget_guesses(lingpai_change_password($1, $2, $3, $4), $1, 'password'), $5)",
                &[
                    &storable(&change.uid),
                    &change.revision,
                    &password_members(&change.password, change.version, change.valid_token_date),
                    &change.log.as_ref().map(LogColumns::from),
                    &deliveries(&told),
                ],
            )
            .await?;
        outcome(rows)
    }

    pub(super) async fn session_put_user(&self, parts: UserParts) -> Result<(), Failure> {
        let identities: Vec<_> = parts.identities.iter().map(IdentityColumns::from).collect();
        self.write(
            "SELECT lingpai_put_user_counted($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
            &[
                &storable(&parts.id),
                &Json(&parts.doc),
                &identities,
                &inviters(&parts),
                &parts.login.last_login_date,
                &parts.login.last_login_ip.as_deref().map(storable),
                &parts.ip_limit_seen,
                &storable_list(parts.sessions.iter().map(|s| s.token.as_str())),
                &parts.sessions.iter().map(|s| s.issued_at).collect::<Vec<_>>(),
                &parts.sessions.iter().map(|s| s.expires_at).collect::<Vec<_>>(),
                &storable_list(parts.attempts.iter().map(|a| a.ip.as_str())),
                &parts.attempts.iter().map(|a| a.error_times).collect::<Vec<_>>(),
                &parts.attempts.iter().map(|a| a.last_error_time).collect::<Vec<_>>(),
            ],
        )
        .await?;
        Ok(())
    }
}
