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

use super::{PostgresStore, failure::Failure};
use crate::document::{lease_nonce, open_data};

#[async_trait]
impl Store for PostgresStore {
    async fn candidates(&self, query: &IdentityQuery, recent: Option<&RecentQuery>) -> Result<Candidates> {
        self.user_candidates(query, recent).await.map_err(Failure::classify)
    }

    async fn candidates_of_any(&self, query: &AnyIdentityQuery) -> Result<Candidates> {
        self.user_candidates_of_any(query).await.map_err(Failure::classify)
    }

    async fn failed_thrice(&self, recent: &RecentQuery) -> Result<bool> {
        self.log_failed_thrice(recent).await.map_err(Failure::classify)
    }

    async fn user(&self, uid: &str) -> Result<Option<User>> {
        self.user_by_id(uid).await.map_err(Failure::classify)
    }

    async fn account_overview(&self, uid: &str) -> Result<Option<AccountOverview>> {
        self.user_overview(uid).await.map_err(Failure::classify)
    }

    async fn session_view(&self, uid: &str, token: &str) -> Result<Option<SessionView>> {
        self.user_and_session(uid, token).await.map_err(Failure::classify)
    }

    async fn register(&self, registration: &Registration) -> Result<Registered> {
        self.session_register(registration).await.map_err(Failure::classify)
    }

    async fn sign_in(&self, sign_in: &SignIn) -> Result<SignedIn> {
        self.session_sign_in(sign_in).await.map_err(Failure::classify)
    }

    async fn sign_in_linked(&self, sign_in: &SignIn, doc: &Map<String, Value>) -> Result<SignedInLinked> {
        self.session_sign_in_linked(sign_in, doc).await.map_err(Failure::classify)
    }

    async fn fail_login(&self, failure: &FailedLogin) -> Result<FailedOutcome> {
        self.session_fail_login(failure).await.map_err(Failure::classify)
    }

    async fn is_locked_out(&self, uid: &str, ip: &str, now: i64, lock: LockRule) -> Result<bool> {
        self.session_locked_out(uid, ip, now, lock).await.map_err(Failure::classify)
    }

    async fn renew(&self, renewal: &Renewal) -> Result<Renewed> {
        self.session_renew(renewal).await.map_err(Failure::classify)
    }

    async fn logout(&self, logout: &Logout) -> Result<()> {
        self.session_logout(logout).await.map_err(Failure::classify)
    }

    async fn change_password(&self, change: &PasswordChange) -> Result<PasswordChanged> {
        self.session_password(change).await.map_err(Failure::classify)
    }

    async fn count_guess(&self, guess: &Guess) -> Result<bool> {
        self.guess_count(guess).await.map_err(Failure::classify)
    }

    async fn forget_guesses(&self, uid: &str, kind: GuessKind) -> Result<()> {
        self.guesses_forget(uid, kind).await.map_err(Failure::classify)
    }

    async fn change_status(&self, change: &StatusChange) -> Result<bool> {
        self.user_status(change).await.map_err(Failure::classify)
    }

    async fn update_user(&self, update: &UserUpdate) -> Result<UserUpdated> {
        self.user_update(update).await.map_err(Failure::classify)
    }

    async fn holders(&self, kind: &IdentityKind, value: &str, limit: usize) -> Result<Vec<User>> {
        self.user_holders(kind, value, limit).await.map_err(Failure::classify)
    }

    async fn invitees(&self, query: &InviteeQuery) -> Result<Invitees> {
        self.invitation_list(query).await.map_err(Failure::classify)
    }

    async fn accept_invite(&self, acceptance: &InviteAcceptance) -> Result<InviteAccepted> {
        self.invitation_accept(acceptance).await.map_err(Failure::classify)
    }

    async fn use_nonce(&self, nonce: &str, expires: i64, now: i64) -> Result<bool> {
        self.nonce_use(nonce, expires, now).await.map_err(Failure::classify)
    }

    async fn use_fleeting_nonces(&self, nonces: &[String], expires: i64, now: i64) -> Result<bool> {
        self.fleeting_nonces_use(nonces, expires, now).await.map_err(Failure::classify)
    }

    async fn remember_nonces(&self, nonces: &[(String, i64)]) -> Result<()> {
        self.nonces_remember(nonces).await.map_err(Failure::classify)
    }

    async fn live_nonces(&self, now: i64, limit: usize) -> Result<Vec<(Vec<u8>, i64)>> {
        self.nonces_live(now, limit).await.map_err(Failure::classify)
    }

    async fn take_lease(&self, name: &str, until: i64, now: i64) -> Result<bool> {
        self.nonce_use(&lease_nonce(name), until, now).await.map_err(Failure::classify)
    }

    async fn end_lease(&self, name: &str, until: i64) -> Result<()> {
        self.nonce_hand_back(&lease_nonce(name), until).await.map_err(Failure::classify)
    }

    async fn put_push_device(&self, device: &PushDevice) -> Result<bool> {
        self.device_put_push(device).await.map_err(Failure::classify)
    }

    async fn open_data(&self, key: &str, now: i64) -> Result<Option<(String, Option<i64>)>> {
        self.open_data_live(key, now).await.map_err(Failure::classify)
    }

    async fn put_open_data(&self, key: &str, value: &str, expired: Option<i64>) -> Result<()> {
        self.put(open_data::COLLECTION, &open_data::document(key, value, expired)).await
    }

    async fn replace_open_data(&self, key: &str, expected: Option<&str>, value: &str, expired: Option<i64>) -> Result<bool> {
        let document = open_data::document(key, value, expired);
        self.open_data_replace(key, expected, &document).await.map_err(Failure::classify)
    }

    async fn app_client_key(&self, id: &str) -> Result<Option<Map<String, Value>>> {
        self.document("opendb-app-client-key", id).await.map_err(Failure::classify)
    }

    async fn raise_assertion_counter(&self, id: &str, counter: u32) -> Result<bool> {
        self.assertion_counter_raise(id, counter).await.map_err(Failure::classify)
    }

    async fn remove_open_data(&self, key: &str) -> Result<bool> {
        self.remove(open_data::COLLECTION, key).await
    }

    async fn frv_log(&self, certify_id: &str) -> Result<Option<Map<String, Value>>> {
        self.frv_find(certify_id).await.map_err(Failure::classify)
    }

    async fn add_frv_log(&self, doc: &Map<String, Value>, limit_per_day: Option<(i64, u32)>) -> Result<bool> {
        self.frv_add(doc, limit_per_day).await.map_err(Failure::classify)
    }

    async fn finish_frv(&self, certify_id: &str, from_status: i64, to_status: i64) -> Result<bool> {
        self.frv_finish(certify_id, from_status, to_status).await.map_err(Failure::classify)
    }

    async fn count_users_with_identity_card(&self, digest: &str) -> Result<u64> {
        self.identity_card_count(digest).await.map_err(Failure::classify)
    }

    async fn append_log(&self, row: &LogRow) -> Result<()> {
        self.log_append(row).await.map_err(Failure::classify)
    }

    async fn issue_code(&self, code: &NewCode) -> Result<Issued> {
        self.code_issue(code).await.map_err(Failure::classify)
    }

    async fn withdraw_code(&self, id: &str) -> Result<()> {
        self.code_withdraw(id).await.map_err(Failure::classify)
    }

    async fn consume_code(&self, guess: &CodeGuess) -> Result<GuessOutcome> {
        self.code_consume(guess).await.map_err(Failure::classify)
    }

    async fn issue_captcha(&self, captcha: &NewCaptcha) -> Result<()> {
        self.captcha_issue(captcha, false).await.map(|_| ()).map_err(Failure::classify)
    }

    async fn refresh_captcha(&self, captcha: &NewCaptcha) -> Result<bool> {
        self.captcha_issue(captcha, true).await.map_err(Failure::classify)
    }

    async fn consume_captcha(&self, guess: &CaptchaGuess) -> Result<CaptchaOutcome> {
        self.captcha_consume(guess).await.map_err(Failure::classify)
    }

    async fn roles(&self) -> Result<Vec<Role>> {
        self.gate_roles().await.map_err(Failure::classify)
    }

    async fn gate_news(&self, cursor: Option<GateCursor>) -> Result<GateNews> {
        self.gate_changes(cursor).await.map_err(Failure::classify)
    }

    async fn export(&self, collection: &str, after: Option<&str>, limit: usize) -> Result<Vec<Map<String, Value>>> {
        self.collection_export(collection, after, limit).await.map_err(Failure::classify)
    }

    async fn put(&self, collection: &str, doc: &Map<String, Value>) -> Result<()> {
        self.collection_put(collection, doc).await.map_err(Failure::classify)
    }

    async fn remove(&self, collection: &str, id: &str) -> Result<bool> {
        self.collection_remove(collection, id).await.map_err(Failure::classify)
    }

    async fn remove_user(&self, uid: &str, audit: Option<&AuditRow>) -> Result<bool> {
        self.user_remove(uid, audit).await.map_err(Failure::classify)
    }

    async fn count(&self, collection: &str) -> Result<u64> {
        self.collection_count(collection).await.map_err(Failure::classify)
    }

    async fn documents(&self, query: &DocumentQuery) -> Result<DocumentPage> {
        self.document_page(query).await.map_err(Failure::classify)
    }

    async fn add_documents(&self, collection: &str, docs: &[Map<String, Value>], audit: &[AuditRow]) -> Result<DocumentsAdded> {
        self.document_add(collection, docs, audit).await.map_err(Failure::classify)
    }

    async fn change_documents(&self, collection: &str, changes: &[DocumentChange]) -> Result<DocumentsChanged> {
        self.document_change(collection, changes).await.map_err(Failure::classify)
    }

    async fn keep_indexes(&self, indexes: &[CollectionIndex]) -> Result<IndexesKept> {
        self.indexes_keep(indexes).await.map_err(Failure::classify)
    }

    async fn add_file(&self, file: &FileRecord, quota: FileQuota) -> Result<FileAdded> {
        self.file_add(file, quota).await.map_err(Failure::classify)
    }

    async fn file(&self, id: &str) -> Result<Option<FileRecord>> {
        self.file_by_id(id).await.map_err(Failure::classify)
    }

    async fn remove_file(&self, id: &str, owner: Option<&str>) -> Result<bool> {
        self.file_remove(id, owner).await.map_err(Failure::classify)
    }

    async fn admin_exists(&self) -> Result<bool> {
        self.user_admin_exists().await.map_err(Failure::classify)
    }

    async fn sweep(&self, now: i64, codes_before: i64, log_before: Option<i64>) -> Result<()> {
        self.sweep_expired(now, codes_before, log_before).await.map_err(Failure::classify)
    }

    async fn edit_account(&self, edit: &AccountEdit) -> Result<UserUpdated> {
        self.account_edit(edit).await.map_err(Failure::classify)
    }

    async fn listed_tokens(&self, uid: &str) -> Result<Vec<ListedToken>> {
        self.session_listed(uid).await.map_err(Failure::classify)
    }

    async fn note_uses(&self, uses: &[TokenUse]) -> Result<()> {
        self.session_note_uses(uses).await.map_err(Failure::classify)
    }

    async fn end_session(&self, end: &SessionEnd) -> Result<Vec<EndedToken>> {
        self.session_end(end).await.map_err(Failure::classify)
    }

    async fn end_other_sessions(&self, end: &OtherSessionsEnd) -> Result<OtherSessionsEnded> {
        self.session_end_others(end).await.map_err(Failure::classify)
    }

    async fn second_step(&self, uid: &str) -> Result<Option<StoredSecondStep>> {
        self.second_step_find(uid).await.map_err(Failure::classify)
    }

    async fn begin_second_step(&self, uid: &str, secret: &[u8], now: i64) -> Result<bool> {
        self.second_step_begin(uid, secret, now).await.map_err(Failure::classify)
    }

    async fn confirm_second_step(&self, uid: &str, secret: &[u8], step: i64, recovery: &[[u8; 32]]) -> Result<bool> {
        self.second_step_confirm(uid, secret, step, recovery).await.map_err(Failure::classify)
    }

    async fn try_second_step(&self, attempt: &SecondStepTry) -> Result<SecondStepOutcome> {
        self.second_step_try(attempt).await.map_err(Failure::classify)
    }

    async fn replace_recovery_codes(&self, uid: &str, recovery: &[[u8; 32]]) -> Result<bool> {
        self.second_step_replace_recovery(uid, recovery).await.map_err(Failure::classify)
    }

    async fn replace_second_step_secret(&self, uid: &str, secret: &[u8], other: &[u8]) -> Result<bool> {
        self.second_step_replace_secret(uid, secret, other).await.map_err(Failure::classify)
    }

    async fn remove_second_step(&self, uid: &str, audit: Option<&AuditRow>) -> Result<bool> {
        self.second_step_remove(uid, audit).await.map_err(Failure::classify)
    }

    async fn passkeys(&self, uid: &str) -> Result<Vec<Passkey>> {
        self.passkeys_of(uid).await.map_err(Failure::classify)
    }

    async fn passkey_holder(&self, credential_id: &[u8]) -> Result<Option<PasskeyHolder>> {
        self.passkey_by_credential(credential_id).await.map_err(Failure::classify)
    }

    async fn add_passkey(&self, new: &NewPasskey) -> Result<PasskeyAdded> {
        self.passkey_add(new).await.map_err(Failure::classify)
    }

    async fn use_passkey(&self, used: &PasskeyUse) -> Result<PasskeyUsed> {
        self.passkey_use(used).await.map_err(Failure::classify)
    }

    async fn rename_passkey(&self, uid: &str, id: &str, name: &str) -> Result<bool> {
        self.passkey_rename(uid, id, name).await.map_err(Failure::classify)
    }

    async fn remove_passkey(&self, removal: &PasskeyRemoval) -> Result<PasskeyRemoved> {
        self.passkey_remove(removal).await.map_err(Failure::classify)
    }

    async fn take_deliveries(&self, to: &DeliveriesTo, now: i64, busy_until: i64, most: u32) -> Result<Vec<DueDelivery>> {
        self.deliveries_take(to, now, busy_until, most).await.map_err(Failure::classify)
    }

    async fn finish_delivery(&self, id: &str) -> Result<()> {
        self.delivery_finish(id).await.map_err(Failure::classify)
    }

    async fn postpone_delivery(&self, id: &str, due_at: i64) -> Result<()> {
        self.delivery_postpone(id, due_at).await.map_err(Failure::classify)
    }

    async fn sweep_audit(&self, before: i64) -> Result<()> {
        self.audit_sweep(before).await.map_err(Failure::classify)
    }

    async fn check(&self) -> Result<()> {
        self.check_liveness().await.map_err(Failure::classify)
    }

    fn round_trips(&self) -> RoundTrips {
        RoundTrips { reads: self.reads.load(Ordering::Relaxed), writes: self.writes.load(Ordering::Relaxed) }
    }
}
