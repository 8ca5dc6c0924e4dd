//! Passkeys (`lingpai-passkeys`).

use lingpai_domain::{
    passkey::Passkey,
    store::{CeremonyEnd, NewPasskey, PasskeyAdded, PasskeyHolder, PasskeyRemoval, PasskeyRemoved, PasskeyUse, PasskeyUsed},
};
use postgres_types::Json;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::{
    PostgresStore,
    along::deliveries,
    failure::Failure,
    log::LogColumns,
    sessions::outcome,
    statements::{column, only},
    text::storable,
    users::user_at,
};
use crate::document::{self, InvalidDocument, passkey_use};

const HOLDER: &str = "
    SELECT p.doc::text, u.doc::text, u.revision, l.last_login_date, l.last_login_ip, CASE WHEN u.invited THEN lingpai_ancestry(u.id) END
    FROM passkeys AS p JOIN users AS u ON u.id = p.uid LEFT JOIN logins AS l ON l.uid = u.id WHERE p.credential = $1";

fn digest(ceremony: &CeremonyEnd) -> Vec<u8> {
    Sha256::digest(&ceremony.nonce).to_vec()
}

impl PostgresStore {
    pub(super) async fn passkeys_of(&self, uid: &str) -> Result<Vec<Passkey>, Failure> {
        let sql = "SELECT doc::text FROM passkeys WHERE uid = $1 AND credential IS NOT NULL ORDER BY seq";
        let rows = self.read(sql, &[&storable(uid)]).await?;
        let mut passkeys = Vec::with_capacity(rows.len());
        for row in &rows {
            passkeys.extend(Passkey::from_document(&document::from_text(column(row, 0)?)?));
        }
        Ok(passkeys)
    }

    pub(super) async fn passkey_by_credential(&self, credential_id: &[u8]) -> Result<Option<PasskeyHolder>, Failure> {
        let rows = self.read_by_key(HOLDER, &[&Passkey::lookup(credential_id)]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let Some(passkey) = Passkey::from_document(&document::from_text(column(row, 0)?)?) else { return Ok(None) };
        Ok(Some(PasskeyHolder { passkey, user: user_at(row, 1)? }))
    }

    pub(super) async fn passkey_add(&self, new: &NewPasskey) -> Result<PasskeyAdded, Failure> {
        let passkey = &new.passkey;
        let answer = self
            .write(
                "SELECT lingpai_then_tell(lingpai_add_passkey($1, $2, $3, $4, $5, $6, $7, $8, $9), $10)",
                &[
                    &storable(&passkey.id),
                    &storable(&passkey.uid),
                    &Passkey::lookup(&passkey.credential_id),
                    &Json(passkey.to_document()),
                    &i64::from(new.most),
                    &digest(&new.ceremony),
                    &new.ceremony.expires,
                    &new.ceremony.now,
                    &LogColumns::from(&new.log),
                    &deliveries(&new.log.told),
                ],
            )
            .await;
        match answer {
            Ok(rows) => outcome(rows),
            // Two users at once.
            Err(failure) if failure.violates("passkeys_credential") => Ok(PasskeyAdded::Taken),
            Err(failure) => Err(failure),
        }
    }

    pub(super) async fn passkey_use(&self, used: &PasskeyUse) -> Result<PasskeyUsed, Failure> {
        let rows = self
            .write(
                "SELECT lingpai_use_passkey($1, $2, $3, $4, $5, $6)",
                &[
                    &storable(&used.id),
                    &i64::from(used.sign_count),
                    &Json(passkey_use(used)),
                    &digest(&used.ceremony),
                    &used.ceremony.expires,
                    &used.ceremony.now,
                ],
            )
            .await?;
        outcome(rows)
    }

    pub(super) async fn passkey_rename(&self, uid: &str, id: &str, name: &str) -> Result<bool, Failure> {
        let rows = self
            .write(
                "UPDATE passkeys SET doc = lingpai_with(doc, $3) WHERE id = $1 AND uid = $2 RETURNING seq",
                &[&storable(id), &storable(uid), &Json(json!({"name": name}))],
            )
            .await?;
        Ok(!rows.is_empty())
    }

    pub(super) async fn passkey_remove(&self, removal: &PasskeyRemoval) -> Result<PasskeyRemoved, Failure> {
        let told = removal.log.as_ref().map(|row| deliveries(&row.told)).unwrap_or_default();
        let rows = self
            .write(
                "SELECT lingpai_then_tell(lingpai_then_audit(lingpai_remove_passkey($1, $2, $3, $4), $5, $6), $7)",
                &[
                    &storable(&removal.uid),
                    &removal.revision,
                    &storable(&removal.id),
                    &removal.log.as_ref().map(LogColumns::from),
                    &removal.audit.as_ref().map(|row| storable(&row.id)),
                    &removal.audit.as_ref().map(|row| Json(&row.doc)),
                    &told,
                ],
            )
            .await?;
        outcome(rows)
    }

    pub(super) async fn passkey_put(&self, doc: &Map<String, Value>) -> Result<(), Failure> {
        let (id, user) = (storable(document::id(doc)?), document::text(doc, "user_id"));
        let answer = self
            .write(
                "SELECT lingpai_put_passkey($1, $2, $3, $4)",
                &[&id, &user.as_deref().map(storable), &Passkey::credential_of(doc), &Json(doc)],
            )
            .await;
        match answer {
            Err(failure) if failure.violates("passkeys_credential") => Err(InvalidDocument::Credential.into()),
            other => other.map(|_| ()),
        }
    }

    pub(super) async fn passkey_drop(&self, stored_id: &str) -> Result<bool, Failure> {
        let rows = self.write("SELECT lingpai_drop_passkey($1)", &[&stored_id]).await?;
        column(&only(rows)?, 0)
    }
}
