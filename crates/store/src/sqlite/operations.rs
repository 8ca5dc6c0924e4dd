//! The ports, each led to the file that implements it.

use std::sync::atomic::Ordering;

use async_trait::async_trait;
use lingpai_domain::{
    account::{AccountOverview, IdentityKind, User},
    log::LogRow,
    passkey::Passkey,
    store::{
        AccountEdit, AnyIdentityQuery, AuditRow, Candidates, CaptchaGuess, CaptchaOutcome, CodeGuess, CollectionIndex, DeliveriesTo,
        DocumentChange, DocumentPage, DocumentQuery, DocumentsAdded, DocumentsChanged, DueDelivery, EndedToken, FailedLogin, FailedOutcome,
        FileAdded, FileQuota, FileRecord, GateCursor, GateNews, Guess, GuessKind, GuessOutcome, IdentityQuery, IndexesKept,
        InviteAcceptance, InviteAccepted, InviteeQuery, Invitees, Issued, ListedToken, LockRule, Logout, NewCaptcha, NewCode, NewPasskey,
        OtherSessionsEnd, OtherSessionsEnded, PasskeyAdded, PasskeyHolder, PasskeyRemoval, PasskeyRemoved, PasskeyUse, PasskeyUsed,
        PasswordChange, PasswordChanged, PushDevice, RecentQuery, Registered, Registration, Renewal, Renewed, Result, Role, RoundTrips,
        SecondStepOutcome, SecondStepTry, SessionEnd, SessionView, SignIn, SignedIn, SignedInLinked, StatusChange, Store, StoredSecondStep,
        TokenUse, UserUpdate, UserUpdated,
    },
};
use serde_json::{Map, Value};

use super::{
    SqliteStore, along, captchas, codes, collections, devices, documents, files, gate, guesses, indexes, invitations, lifetime, log,
    nonces, open_data, passkeys, passwords, real_name, second_steps, session_list, sessions, sweep, updates, users,
};
use crate::document::{
    ImportedSession, lease_nonce,
    open_data::{COLLECTION as OPEN_DATA, document as open_data_document},
};

#[async_trait]
impl Store for SqliteStore {
    async fn candidates(&self, query: &IdentityQuery, recent: Option<&RecentQuery>) -> Result<Candidates> {
        self.snapshot(|connection| users::candidates(connection, query, recent))
    }

    async fn candidates_of_any(&self, query: &AnyIdentityQuery) -> Result<Candidates> {
        self.snapshot(|connection| users::candidates_of_any(connection, query))
    }

    async fn failed_thrice(&self, recent: &RecentQuery) -> Result<bool> {
        self.read(|connection| log::failed_thrice(connection, recent))
    }

    async fn user(&self, uid: &str) -> Result<Option<User>> {
        self.read(|connection| users::find(connection, uid))
    }

    async fn account_overview(&self, uid: &str) -> Result<Option<AccountOverview>> {
        self.read(|connection| users::overview(connection, uid))
    }

    async fn session_view(&self, uid: &str, token: &str) -> Result<Option<SessionView>> {
        self.read(|connection| users::with_session(connection, uid, token))
    }

    async fn register(&self, registration: &Registration) -> Result<Registered> {
        let registration = registration.clone();
        let session = registration.session.clone();
        self.write_session(session.as_ref(), move |connection| sessions::register(connection, &registration)).await
    }

    async fn sign_in(&self, sign_in: &SignIn) -> Result<SignedIn> {
        let request = sign_in.clone();
        self.write_session(Some(&sign_in.session), move |connection| sessions::sign_in(connection, &request)).await
    }

    async fn sign_in_linked(&self, sign_in: &SignIn, doc: &Map<String, Value>) -> Result<SignedInLinked> {
        let (request, doc) = (sign_in.clone(), doc.clone());
        self.write_session(Some(&sign_in.session), move |connection| sessions::sign_in_linked(connection, &request, &doc)).await
    }

    async fn fail_login(&self, failure: &FailedLogin) -> Result<FailedOutcome> {
        let failure = failure.clone();
        self.write(move |connection| sessions::fail(connection, &failure)).await
    }

    async fn is_locked_out(&self, uid: &str, ip: &str, now: i64, lock: LockRule) -> Result<bool> {
        self.read(|connection| sessions::is_locked(connection, uid, ip, now, lock))
    }

    async fn renew(&self, renewal: &Renewal) -> Result<Renewed> {
        let request = renewal.clone();
        self.write_session(Some(&renewal.session), move |connection| sessions::renew(connection, &request)).await
    }

    async fn logout(&self, logout: &Logout) -> Result<()> {
        let logout = logout.clone();
        self.write(move |connection| sessions::end(connection, &logout)).await
    }

    async fn change_password(&self, change: &PasswordChange) -> Result<PasswordChanged> {
        let change = change.clone();
        self.write(move |connection| passwords::change(connection, &change)).await
    }

    async fn count_guess(&self, guess: &Guess) -> Result<bool> {
        let guess = guess.clone();
        self.write(move |connection| guesses::count(connection, &guess)).await
    }

    async fn forget_guesses(&self, uid: &str, kind: GuessKind) -> Result<()> {
        let uid = uid.to_owned();
        self.write(move |connection| guesses::forget(connection, &uid, kind)).await
    }

    async fn change_status(&self, change: &StatusChange) -> Result<bool> {
        let change = change.clone();
        self.write(move |connection| passwords::change_status(connection, &change)).await
    }

    async fn update_user(&self, update: &UserUpdate) -> Result<UserUpdated> {
        let update = update.clone();
        self.write(move |connection| updates::update(connection, &update)).await
    }

    async fn holders(&self, kind: &IdentityKind, value: &str, limit: usize) -> Result<Vec<User>> {
        self.snapshot(|connection| users::holders(connection, kind, value, limit))
    }

    async fn invitees(&self, query: &InviteeQuery) -> Result<Invitees> {
        let query = query.clone();
        self.long_read(move |connection| invitations::below(connection, &query)).await
    }

    async fn accept_invite(&self, acceptance: &InviteAcceptance) -> Result<InviteAccepted> {
        let acceptance = acceptance.clone();
        self.write(move |connection| invitations::accept(connection, &acceptance)).await
    }

    async fn use_nonce(&self, nonce: &str, expires: i64, now: i64) -> Result<bool> {
        let nonce = nonce.to_owned();
        self.write(move |connection| nonces::use_up(connection, &nonce, expires, now)).await
    }

    async fn take_lease(&self, name: &str, until: i64, now: i64) -> Result<bool> {
        let nonce = lease_nonce(name);
        self.write(move |connection| nonces::use_up(connection, &nonce, until, now)).await
    }

    async fn end_lease(&self, name: &str, until: i64) -> Result<()> {
        let nonce = lease_nonce(name);
        self.write(move |connection| nonces::hand_back(connection, &nonce, until)).await
    }

    async fn use_fleeting_nonces(&self, nonces: &[String], expires: i64, now: i64) -> Result<bool> {
        let nonces = nonces.to_vec();
        self.writes.fetch_add(1, Ordering::Relaxed);
        self.writer.write_fleeting(move |connection| nonces::use_up_all(connection, &nonces, expires, now)).await
    }

    async fn remember_nonces(&self, nonces: &[(String, i64)]) -> Result<()> {
        let nonces = nonces.to_vec();
        self.writes.fetch_add(1, Ordering::Relaxed);
        self.writer.write_fleeting(move |connection| nonces::remember(connection, &nonces)).await
    }

    async fn live_nonces(&self, now: i64, limit: usize) -> Result<Vec<(Vec<u8>, i64)>> {
        self.long_read(move |connection| nonces::live(connection, now, limit)).await
    }

    async fn put_push_device(&self, device: &PushDevice) -> Result<bool> {
        let device = device.clone();
        self.write(move |connection| devices::put(connection, &device)).await
    }

    async fn open_data(&self, key: &str, now: i64) -> Result<Option<(String, Option<i64>)>> {
        self.read(|connection| open_data::live(connection, key, now))
    }

    async fn put_open_data(&self, key: &str, value: &str, expired: Option<i64>) -> Result<()> {
        self.put(OPEN_DATA, &open_data_document(key, value, expired)).await
    }

    async fn replace_open_data(&self, key: &str, expected: Option<&str>, value: &str, expired: Option<i64>) -> Result<bool> {
        let (document, expected) = (open_data_document(key, value, expired), expected.map(str::to_owned));
        self.write(move |connection| open_data::replace(connection, expected.as_deref(), &document)).await
    }

    async fn app_client_key(&self, id: &str) -> Result<Option<Map<String, Value>>> {
        self.read(|connection| open_data::document(connection, "opendb-app-client-key", id))
    }

    async fn raise_assertion_counter(&self, id: &str, counter: u32) -> Result<bool> {
        let id = id.to_owned();
        self.write(move |connection| open_data::raise_assertion_counter(connection, &id, counter)).await
    }

    async fn remove_open_data(&self, key: &str) -> Result<bool> {
        self.remove(OPEN_DATA, key).await
    }

    async fn frv_log(&self, certify_id: &str) -> Result<Option<Map<String, Value>>> {
        self.read(|connection| real_name::find(connection, certify_id))
    }

    async fn add_frv_log(&self, doc: &Map<String, Value>, limit_per_day: Option<(i64, u32)>) -> Result<bool> {
        let doc = doc.clone();
        self.write(move |connection| real_name::add(connection, &doc, limit_per_day)).await
    }

    async fn finish_frv(&self, certify_id: &str, from_status: i64, to_status: i64) -> Result<bool> {
        let certify_id = certify_id.to_owned();
        self.write(move |connection| real_name::finish(connection, &certify_id, from_status, to_status)).await
    }

    async fn count_users_with_identity_card(&self, digest: &str) -> Result<u64> {
        self.read(|connection| real_name::count_holders(connection, digest))
    }

    async fn append_log(&self, row: &LogRow) -> Result<()> {
        let row = row.clone();
        self.write(move |connection| log::append(connection, &row)).await
    }

    async fn issue_code(&self, code: &NewCode) -> Result<Issued> {
        let code = code.clone();
        self.write(move |connection| codes::issue(connection, &code)).await
    }

    async fn withdraw_code(&self, id: &str) -> Result<()> {
        let id = id.to_owned();
        self.write(move |connection| codes::withdraw(connection, &id)).await
    }

    async fn consume_code(&self, guess: &CodeGuess) -> Result<GuessOutcome> {
        let guess = guess.clone();
        self.write(move |connection| codes::consume(connection, &guess)).await
    }

    async fn issue_captcha(&self, captcha: &NewCaptcha) -> Result<()> {
        let captcha = captcha.clone();
        self.write(move |connection| captchas::issue(connection, &captcha)).await
    }

    async fn refresh_captcha(&self, captcha: &NewCaptcha) -> Result<bool> {
        let captcha = captcha.clone();
        self.write(move |connection| captchas::refresh(connection, &captcha)).await
    }

    async fn consume_captcha(&self, guess: &CaptchaGuess) -> Result<CaptchaOutcome> {
        let guess = guess.clone();
        self.write(move |connection| captchas::consume(connection, &guess)).await
    }

    async fn roles(&self) -> Result<Vec<Role>> {
        self.read(gate::roles)
    }

    async fn gate_news(&self, cursor: Option<GateCursor>) -> Result<GateNews> {
        let now = self.clock.now_ms();
        self.read(|connection| gate::news(connection, cursor, now))
    }

    async fn export(&self, collection: &str, after: Option<&str>, limit: usize) -> Result<Vec<Map<String, Value>>> {
        let (collection, after) = (collection.to_owned(), after.map(str::to_owned));
        self.long_read(move |connection| collections::export(connection, &collection, after.as_deref(), limit)).await
    }

    async fn put(&self, collection: &str, doc: &Map<String, Value>) -> Result<()> {
        let tokens = doc.get("token").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).map(ImportedSession::new);
        let life = tokens.filter_map(|t| self.longest.exceeded_by(t.issued_at, t.expires_at?)).max();
        let (collection, doc) = (collection.to_owned(), doc.clone());
        self.write(move |connection| {
            lifetime::store(connection, life)?;
            collections::put(connection, &collection, &doc)
        })
        .await?;
        self.longest.remember(life);
        Ok(())
    }

    async fn remove(&self, collection: &str, id: &str) -> Result<bool> {
        let (collection, id) = (collection.to_owned(), id.to_owned());
        self.write(move |connection| collections::remove(connection, &collection, &id)).await
    }

    async fn remove_user(&self, uid: &str, audit: Option<&AuditRow>) -> Result<bool> {
        let (uid, audit) = (uid.to_owned(), audit.cloned());
        self.write(move |connection| {
            let removed = users::remove(connection, &uid)?;
            match &audit {
                Some(row) if removed => along::audit(connection, row)?,
                _ => {}
            }
            Ok(removed)
        })
        .await
    }

    async fn count(&self, collection: &str) -> Result<u64> {
        let collection = collection.to_owned();
        self.long_read(move |connection| collections::count(connection, &collection)).await
    }

    async fn documents(&self, query: &DocumentQuery) -> Result<DocumentPage> {
        if documents::is_quick(query) {
            return self.read(|connection| documents::page(connection, query));
        }
        let query = query.clone();
        self.long_read(move |connection| documents::page(connection, &query)).await
    }

    async fn add_documents(&self, collection: &str, docs: &[Map<String, Value>], audit: &[AuditRow]) -> Result<DocumentsAdded> {
        let (collection, docs, audit) = (collection.to_owned(), docs.to_vec(), audit.to_vec());
        self.write(move |connection| documents::add(connection, &collection, &docs, &audit)).await
    }

    async fn change_documents(&self, collection: &str, changes: &[DocumentChange]) -> Result<DocumentsChanged> {
        let (collection, changes) = (collection.to_owned(), changes.to_vec());
        self.write(move |connection| documents::change(connection, &collection, &changes)).await
    }

    async fn keep_indexes(&self, indexes: &[CollectionIndex]) -> Result<IndexesKept> {
        let indexes = indexes.to_vec();
        self.write(move |connection| indexes::keep(connection, &indexes)).await
    }

    async fn add_file(&self, file: &FileRecord, quota: FileQuota) -> Result<FileAdded> {
        let file = file.clone();
        self.write(move |connection| files::add(connection, &file, quota)).await
    }

    async fn file(&self, id: &str) -> Result<Option<FileRecord>> {
        self.read(|connection| files::find(connection, id))
    }

    async fn remove_file(&self, id: &str, owner: Option<&str>) -> Result<bool> {
        let (id, owner) = (id.to_owned(), owner.map(str::to_owned));
        self.write(move |connection| files::remove(connection, &id, owner.as_deref())).await
    }

    async fn admin_exists(&self) -> Result<bool> {
        self.read(users::admin_exists)
    }

    async fn sweep(&self, now: i64, codes_before: i64, log_before: Option<i64>) -> Result<()> {
        while self.write(move |connection| sweep::codes(connection, codes_before)).await? {}
        while self.write(move |connection| sweep::open_data(connection, codes_before)).await? {}
        if let Some(before) = log_before {
            while self.write(move |connection| sweep::log(connection, before)).await? {}
        }
        let mut next = Some((String::new(), 0));
        while let Some(after) = next {
            let (expired, last) = self.long_read(move |connection| sweep::expired_sessions(connection, &after, now)).await?;
            next = last;
            if !expired.is_empty() {
                self.write(move |connection| sweep::sessions(connection, &expired, now)).await?;
            }
        }
        while self.write(move |connection| sweep::gate(connection, now)).await? {}
        while self.write(move |connection| sweep::nonces(connection, now)).await? {}
        while self.write(move |connection| sweep::guesses(connection, now)).await? {}
        while self.write(move |connection| sweep::app_sends(connection, now)).await? {}
        Ok(())
    }

    async fn edit_account(&self, edit: &AccountEdit) -> Result<UserUpdated> {
        let edit = edit.clone();
        self.write(move |connection| along::edit_account(connection, &edit)).await
    }

    async fn listed_tokens(&self, uid: &str) -> Result<Vec<ListedToken>> {
        self.read(|connection| session_list::listed(connection, uid))
    }

    async fn note_uses(&self, uses: &[TokenUse]) -> Result<()> {
        let uses = uses.to_vec();
        self.write(move |connection| session_list::note_uses(connection, &uses)).await
    }

    async fn end_session(&self, end: &SessionEnd) -> Result<Vec<EndedToken>> {
        let end = end.clone();
        self.write(move |connection| session_list::end(connection, &end)).await
    }

    async fn end_other_sessions(&self, end: &OtherSessionsEnd) -> Result<OtherSessionsEnded> {
        let request = end.clone();
        self.write_session(Some(&end.session), move |connection| session_list::end_others(connection, &request)).await
    }

    async fn second_step(&self, uid: &str) -> Result<Option<StoredSecondStep>> {
        self.read(|connection| second_steps::find(connection, uid))
    }

    async fn begin_second_step(&self, uid: &str, secret: &[u8], now: i64) -> Result<bool> {
        let (uid, secret) = (uid.to_owned(), secret.to_vec());
        self.write(move |connection| second_steps::begin(connection, &uid, &secret, now)).await
    }

    async fn confirm_second_step(&self, uid: &str, secret: &[u8], step: i64, recovery: &[[u8; 32]]) -> Result<bool> {
        let (uid, secret, recovery) = (uid.to_owned(), secret.to_vec(), recovery.to_vec());
        self.write(move |connection| second_steps::confirm(connection, &uid, &secret, step, &recovery)).await
    }

    async fn try_second_step(&self, attempt: &SecondStepTry) -> Result<SecondStepOutcome> {
        let attempt = attempt.clone();
        self.write(move |connection| second_steps::attempt(connection, &attempt)).await
    }

    async fn replace_recovery_codes(&self, uid: &str, recovery: &[[u8; 32]]) -> Result<bool> {
        let (uid, recovery) = (uid.to_owned(), recovery.to_vec());
        self.write(move |connection| second_steps::replace_recovery_codes(connection, &uid, &recovery)).await
    }

    async fn replace_second_step_secret(&self, uid: &str, secret: &[u8], other: &[u8]) -> Result<bool> {
        let (uid, secret, other) = (uid.to_owned(), secret.to_owned(), other.to_owned());
        self.write(move |connection| second_steps::replace_secret(connection, &uid, &secret, &other)).await
    }

    async fn remove_second_step(&self, uid: &str, audit: Option<&AuditRow>) -> Result<bool> {
        let (uid, audit) = (uid.to_owned(), audit.cloned());
        self.write(move |connection| second_steps::remove(connection, &uid, audit.as_ref())).await
    }

    async fn passkeys(&self, uid: &str) -> Result<Vec<Passkey>> {
        self.read(|connection| passkeys::of_user(connection, uid))
    }

    async fn passkey_holder(&self, credential_id: &[u8]) -> Result<Option<PasskeyHolder>> {
        self.snapshot(|connection| passkeys::holder(connection, credential_id))
    }

    async fn add_passkey(&self, new: &NewPasskey) -> Result<PasskeyAdded> {
        let new = new.clone();
        self.write(move |connection| passkeys::add(connection, &new)).await
    }

    async fn use_passkey(&self, used: &PasskeyUse) -> Result<PasskeyUsed> {
        let used = used.clone();
        self.write(move |connection| passkeys::note_use(connection, &used)).await
    }

    async fn rename_passkey(&self, uid: &str, id: &str, name: &str) -> Result<bool> {
        let (uid, id, name) = (uid.to_owned(), id.to_owned(), name.to_owned());
        self.write(move |connection| passkeys::rename(connection, &uid, &id, &name)).await
    }

    async fn remove_passkey(&self, removal: &PasskeyRemoval) -> Result<PasskeyRemoved> {
        let removal = removal.clone();
        self.write(move |connection| passkeys::remove(connection, &removal)).await
    }

    async fn take_deliveries(&self, to: &DeliveriesTo, now: i64, busy_until: i64, most: u32) -> Result<Vec<DueDelivery>> {
        // Asked many times for each that is due: a look costs no commit.
        if !self.read(|connection| along::is_due(connection, to, now))? {
            return Ok(Vec::new());
        }
        let to = to.clone();
        self.write(move |connection| along::take(connection, &to, now, busy_until, most)).await
    }

    async fn finish_delivery(&self, id: &str) -> Result<()> {
        let id = id.to_owned();
        self.write(move |connection| along::finish(connection, &id)).await
    }

    async fn postpone_delivery(&self, id: &str, due_at: i64) -> Result<()> {
        let id = id.to_owned();
        self.write(move |connection| along::postpone(connection, &id, due_at)).await
    }

    async fn sweep_audit(&self, before: i64) -> Result<()> {
        while self.write(move |connection| sweep::audit(connection, before)).await? {}
        Ok(())
    }

    async fn check(&self) -> Result<()> {
        self.read(|connection| Ok(connection.prepare_cached("SELECT only FROM health")?.query_row((), |row| row.get::<_, i64>(0))?))?;
        self.write(|connection| {
            // Random, because SQLite does not write pages that stay the same.
            connection.prepare_cached("UPDATE health SET ballast = randomblob(50000)")?.execute(())?;
            Ok(())
        })
        .await
    }

    fn round_trips(&self) -> RoundTrips {
        RoundTrips { reads: self.reads.load(Ordering::Relaxed), writes: self.writes.load(Ordering::Relaxed) }
    }
}
