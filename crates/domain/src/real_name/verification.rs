//! A verification by face, from its beginning to the account that is certified.

use serde_json::{Map, Value, json};

use super::{AuthStatus, FaceCheck, FaceError, FaceState, FaceVerifier, IdentityCard, Person, Sealed, SensitiveCipher, Unreadable};
use crate::{
    account::{IdentityKind, User},
    context::Context,
    editing::{Edit, Edited},
    error::{Code, Error, Result},
};

/// Where a row's photograph stands, sealed.
const PHOTO: &str = "alive_photo";

/// How long at most one account keeps others with the same card waiting while it is certified,
/// milliseconds.
const CARD_LEASE_MS: i64 = 10_000;

/// What an application wants of verifications.
#[derive(Clone, Copy, Debug)]
pub struct RealNamePolicy<'a> {
    /// Made of `sensitiveInfoEncryptSecret`.
    pub cipher: &'a SensitiveCipher,
    /// `idCardCertifyLimit`: accounts that one identity card may certify.
    pub accounts_per_card: usize,
    /// `realNameCertifyLimit`: verifications that one account may begin a day.
    pub attempts_per_day: u32,
    /// `frvNeedAlivePhoto`: whether the photograph is kept.
    pub keeps_photo: bool,
}

/// Who was verified.
#[derive(Clone)]
pub struct Verified {
    /// The name, in the clear.
    pub name: String,
    /// The card's number, in the clear.
    pub number: String,
}

impl Context<'_> {
    /// Begins a verification and answers its `certifyId`. It counts as an attempt before the service
    /// is asked, so that many calls at once cost no more than is allowed; a service that refuses
    /// gives the attempt back.
    pub async fn begin_verification(
        &self,
        uid: &str,
        person: &Person<'_>,
        policy: &RealNamePolicy<'_>,
        verifier: &dyn FaceVerifier,
    ) -> Result<String> {
        let user = self.store.user(uid).await?.ok_or(Code::AccountNotExists)?;
        refuse_certified(&user)?;
        self.refuse_used_card(uid, person.card, policy).await?;
        let id = self.id();
        let row = |certify_id: Option<&str>| {
            let mut row = Map::new();
            row.insert("_id".into(), id.clone().into());
            row.insert("user_id".into(), uid.into());
            row.extend(certify_id.map(|certify_id| ("certify_id".to_owned(), certify_id.into())));
            row.insert("real_name".into(), policy.cipher.seal(Sealed::Name, person.name.text().as_bytes()).into());
            row.insert("identity".into(), policy.cipher.seal(Sealed::Card, person.card.number().as_bytes()).into());
            row.insert("status".into(), AuthStatus::Waiting.number().into());
            row
        };
        let now = self.clock.now_ms();
        let dated = |mut row: Map<String, Value>| {
            row.insert("created_date".into(), now.into());
            row
        };
        let limit = Some((start_of_day(now), policy.attempts_per_day));
        if !self.store.add_frv_log(&dated(row(None)), limit).await? {
            return Err(Code::RealnameVerifyUpperLimit.into());
        }
        match verifier.begin(person).await {
            Ok(certify_id) => {
                self.store.put("opendb-frv-logs", &dated(row(Some(&certify_id)))).await?;
                Ok(certify_id)
            }
            Err(error) => {
                self.store.remove("opendb-frv-logs", &id).await?;
                Err(failed(error))
            }
        }
    }

    /// Asks how a verification of the user's own went, and certifies the account if it passed.
    pub async fn finish_verification(
        &self,
        uid: &str,
        certify_id: &str,
        policy: &RealNamePolicy<'_>,
        verifier: &dyn FaceVerifier,
    ) -> Result<Verified> {
        let user = self.store.user(uid).await?.ok_or(Code::AccountNotExists)?;
        refuse_certified(&user)?;
        let row = self.store.frv_log(certify_id).await?.filter(|row| row.get("user_id").and_then(Value::as_str) == Some(uid));
        // Somebody else's verification answers as none at all does (deviation 8).
        let row = row.ok_or_else(|| Error::new(Code::InvalidParam).with("param", "certifyId"))?;
        let status = row.get("status").and_then(Value::as_i64).unwrap_or(AuthStatus::Waiting.number());
        let check = verifier.check(certify_id, policy.keeps_photo).await.map_err(failed)?;
        match check.state {
            FaceState::Passed => {}
            FaceState::Processing => return Err(Code::FrvProcessing.into()),
            FaceState::Unknown => return Err(Code::UnknownError.into()),
            FaceState::Failed => {
                if status != AuthStatus::Failed.number() {
                    self.store.finish_frv(certify_id, status, AuthStatus::Failed.number()).await?;
                }
                return Err(Code::FrvFail.into());
            }
        }
        let verified = opened(&row, policy.cipher)?;
        let card = IdentityCard::parse(&verified.number).ok_or_else(unreadable)?;
        let sealed_card = policy.cipher.seal(Sealed::Card, card.number().as_bytes());
        let now = self.clock.now_ms();
        // Of several accounts with one card that pass at once the next looks again when this one is done.
        let (lease, until) = (format!("frv:{sealed_card}"), now + CARD_LEASE_MS);
        if !self.store.take_lease(&lease, until, now).await? {
            return Err(Code::FrvProcessing.into());
        }
        let certified = self.certify(uid, row, &card, &verified, &check, policy).await;
        self.store.end_lease(&lease, until).await?;
        certified?;
        self.store.finish_frv(certify_id, status, AuthStatus::Certified.number()).await?;
        Ok(verified)
    }

    /// Writes `realname_auth`, if the card may certify one account more.
    async fn certify(
        &self,
        uid: &str,
        row: Map<String, Value>,
        card: &IdentityCard,
        verified: &Verified,
        check: &FaceCheck,
        policy: &RealNamePolicy<'_>,
    ) -> Result<()> {
        self.refuse_used_card(uid, card, policy).await?;
        let mut certificate = json!({
            "auth_status": AuthStatus::Certified.number(),
            "real_name": policy.cipher.seal(Sealed::Name, verified.name.as_bytes()),
            "identity": policy.cipher.seal(Sealed::Card, card.number().as_bytes()),
            "auth_date": self.clock.now_ms(),
            "type": 0,
        });
        if let Some(place) = self.keep_photo(row, check, policy).await? {
            certificate["in_hand"] = place.into();
        }
        let edited = self.edit_user(uid, |user| {
            refuse_certified(user)?;
            let mut doc = user.doc.clone();
            doc.insert("realname_auth".into(), certificate.clone());
            Ok(Some(Edit::quiet(doc)))
        });
        match edited.await? {
            Edited::Done => Ok(()),
            Edited::Gone => Err(Code::AccountNotExists.into()),
            Edited::Taken => Err(Error::new(Code::SystemError)),
        }
    }

    /// Keeps the photograph sealed in the verification's row. Answers where it is.
    async fn keep_photo(&self, mut row: Map<String, Value>, check: &FaceCheck, policy: &RealNamePolicy<'_>) -> Result<Option<String>> {
        let Some(photo) = check.photo.as_ref().filter(|_| policy.keeps_photo) else { return Ok(None) };
        let place = format!("opendb-frv-logs/{}/{PHOTO}", row.get("_id").and_then(Value::as_str).unwrap_or_default());
        row.insert(PHOTO.into(), policy.cipher.seal(Sealed::Photo, photo).into());
        self.store.put("opendb-frv-logs", &row).await?;
        Ok(Some(place))
    }

    /// Refuses a card that certifies as many other accounts as it may, in whatever form they have it.
    async fn refuse_used_card(&self, uid: &str, card: &IdentityCard, policy: &RealNamePolicy<'_>) -> Result<()> {
        let older = [Some(card.number().to_owned()), card.in_small_letters()];
        let older = older.into_iter().flatten().map(|number| policy.cipher.older_form(&number));
        let mut holders = 0;
        for stored in std::iter::once(policy.cipher.seal(Sealed::Card, card.number().as_bytes())).chain(older) {
            let found = self.store.holders(&IdentityKind::IdentityCard, &stored, policy.accounts_per_card + 1).await?;
            holders += found.iter().filter(|user| user.id() != uid).count();
            if holders >= policy.accounts_per_card {
                return Err(Code::IdcardExists.into());
            }
        }
        Ok(())
    }
}

fn refuse_certified(user: &User) -> Result<()> {
    let status = user.doc.get("realname_auth").and_then(|auth| auth.get("auth_status")).and_then(Value::as_i64);
    if status == Some(AuthStatus::Certified.number()) { Err(Code::RealnameVerified.into()) } else { Ok(()) }
}

/// Name and number of `realname_auth` or of a row of `opendb-frv-logs`, in the clear; what is not
/// there is empty.
///
/// # Errors
/// [`Code::ConfigFieldInvalid`] if they were not written with this secret.
pub fn opened(fields: &Map<String, Value>, cipher: &SensitiveCipher) -> Result<Verified> {
    let text = |name: &str, field: Sealed| match fields.get(name).and_then(Value::as_str).filter(|stored| !stored.is_empty()) {
        None => Ok(String::new()),
        Some(stored) => {
            let bytes = cipher.open(field, stored).map_err(|Unreadable| unreadable())?;
            String::from_utf8(bytes.to_vec()).map_err(|_| unreadable())
        }
    };
    Ok(Verified { name: text("real_name", Sealed::Name)?, number: text("identity", Sealed::Card)? })
}

/// The secret is not the one with which the data was written.
fn unreadable() -> Error {
    Error::new(Code::ConfigFieldInvalid).with("field", "sensitiveInfoEncryptSecret").caused_by(Unreadable)
}

fn failed(error: FaceError) -> Error {
    Error::new(Code::UnknownError).caused_by(error)
}

/// Midnight in China before `now`; both in milliseconds. The daily limit of the original counts so.
fn start_of_day(now: i64) -> i64 {
    const DAY_MS: i64 = 86_400_000;
    const CHINA_MS: i64 = 8 * 3_600_000;
    (now + CHINA_MS).div_euclid(DAY_MS) * DAY_MS - CHINA_MS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_begin_at_midnight_in_china() {
        // 2025-10-09 08:53:20 UTC is 16:53:20 in China; the day began at 2025-10-08 16:00 UTC.
        assert_eq!(start_of_day(1_760_000_000_000), 1_759_939_200_000);
        assert_eq!(start_of_day(1_759_939_200_000), 1_759_939_200_000);
        assert_eq!(start_of_day(1_759_939_199_999), 1_759_852_800_000);
    }
}
