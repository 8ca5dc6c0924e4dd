//! Passwords: how they are stored, verified and moved to newer secrets.

mod argon2id;
mod hmac_sha1;
mod hmac_sha256;
mod strength;

pub use argon2id::Argon2Cost;
pub use strength::Strength;

use crate::{random::Random, secret::Secret};

/// How a password becomes what is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordKind {
    /// Hex HMAC-SHA1 with the secret as key; the type of secrets without a type.
    HmacSha1,
    /// `$UNI_ID_HMAC_SHA256$20$` + salt + hex HMAC-SHA256 with the salt as key.
    HmacSha256,
    /// A PHC string; what new installations use. The secret, if there is one, is a pepper.
    Argon2id(Argon2Cost),
    /// The project's own `custom-password.js`.
    Custom,
}

impl PasswordKind {
    /// Whether verifying takes milliseconds, so that it belongs on the hashing pool.
    pub const fn is_slow(self) -> bool {
        matches!(self, Self::Argon2id(_))
    }
}

/// An entry of `passwordSecret`.
#[derive(Clone, Debug)]
pub struct PasswordSecret {
    /// `version`; `None` when passwordSecret is a plain text, which has no versions.
    pub version: Option<i64>,
    /// `type`, or the text of one that is unknown.
    pub kind: Result<PasswordKind, String>,
    /// `value`
    pub value: Secret,
}

/// What a test of a password found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The password is right.
    Match {
        /// Whether it should be hashed again with the newest secret.
        outdated: bool,
    },
    /// The password is wrong.
    Mismatch,
    /// The stored value cannot be compared with anything: the user has no password, or its
    /// version or form belongs to no configured secret.
    Unverifiable(&'static str),
}

/// Why a password cannot be hashed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HashError {
    /// `passwordSecret` is missing or empty.
    #[error("passwordSecret is missing")]
    NoSecret,
    /// The newest secret's type is unknown.
    #[error("passwordSecret has the unknown type {0:?}")]
    UnknownKind(String),
    /// The newest secret's type is handled elsewhere.
    #[error("passwordSecret of type \"custom\" needs custom-password.js")]
    Custom,
    /// The hash function refused its parameters.
    #[error("argon2id refused its parameters")]
    Argon2,
}

/// The configured secrets, oldest first.
#[derive(Clone, Copy, Debug)]
pub struct PasswordPolicy<'a>(&'a [PasswordSecret]);

impl<'a> PasswordPolicy<'a> {
    /// `secrets` in the order of their versions, oldest first.
    pub fn new(secrets: &'a [PasswordSecret]) -> Self {
        Self(secrets)
    }

    fn newest(self) -> Option<&'a PasswordSecret> {
        self.0.last()
    }

    fn of_record(self, version: Option<i64>) -> Option<&'a PasswordSecret> {
        match version {
            // A plain-text passwordSecret has no versions: it is used whatever the record says.
            Some(version) => self.0.iter().find(|secret| secret.version.is_none() || secret.version == Some(version)),
            None => self.0.first(),
        }
    }

    /// Whether testing a record of this version takes milliseconds.
    pub fn is_slow(self, version: Option<i64>) -> bool {
        self.of_record(version).is_some_and(|secret| secret.kind.as_ref().is_ok_and(|kind| kind.is_slow()))
    }

    /// Whether testing a record of this version is the business of custom-password.js.
    pub fn is_custom(self, version: Option<i64>) -> bool {
        self.of_record(version).is_some_and(|secret| secret.kind == Ok(PasswordKind::Custom))
    }

    /// Whether making what is stored is the business of custom-password.js.
    pub fn hashing_is_custom(self) -> bool {
        self.newest().is_some_and(|secret| secret.kind == Ok(PasswordKind::Custom))
    }

    /// The newest secret's version.
    pub fn newest_version(self) -> Option<i64> {
        self.newest().and_then(|secret| secret.version)
    }

    /// Whether making a new hash takes milliseconds.
    pub fn hashing_is_slow(self) -> bool {
        self.newest().is_some_and(|secret| secret.kind.as_ref().is_ok_and(|kind| kind.is_slow()))
    }

    /// Tests a password against `password` and `password_secret_version` of a record.
    pub fn verify(self, stored: Option<&str>, version: Option<i64>, password: &str) -> Verdict {
        let Some(stored) = stored.filter(|stored| !stored.is_empty()) else {
            return Verdict::Unverifiable("the user has no password");
        };
        let Some(secret) = self.of_record(version) else {
            return Verdict::Unverifiable("no passwordSecret has the record's password_secret_version");
        };
        let (matches, outdated) = match secret.kind {
            Ok(PasswordKind::HmacSha1) => (hmac_sha1::verify(stored, secret.value.expose(), password), false),
            Ok(PasswordKind::HmacSha256) => match hmac_sha256::verify(stored, password) {
                Some(matches) => (matches, false),
                None => return Verdict::Unverifiable("the stored value is not of type hmac-sha256"),
            },
            Ok(PasswordKind::Argon2id(cost)) => match argon2id::verify(stored, secret.value.expose(), password, cost) {
                Some(found) => found,
                None => return Verdict::Unverifiable("the stored value is not of type argon2id"),
            },
            Ok(PasswordKind::Custom) => return Verdict::Unverifiable("the record's passwordSecret is of type custom"),
            Err(_) => return Verdict::Unverifiable("the record's passwordSecret has an unknown type"),
        };
        if !matches {
            return Verdict::Mismatch;
        }
        let newest = self.newest().and_then(|secret| secret.version);
        Verdict::Match { outdated: outdated || (newest.is_some() && newest != version) }
    }

    /// Spends the time that [`Self::verify`] would on a record with the newest secret, for
    /// accounts that do not exist.
    pub fn pretend(self, password: &str) {
        let Some(secret) = self.newest() else { return };
        match secret.kind {
            Ok(PasswordKind::Argon2id(cost)) => argon2id::pretend(secret.value.expose(), password, cost),
            Ok(PasswordKind::HmacSha1) => drop(hmac_sha1::hash(secret.value.expose(), password)),
            _ => drop(hmac_sha256::verify(hmac_sha256::NOBODY, password)),
        }
    }

    /// Makes `password` and `password_secret_version` of a record with the newest secret.
    pub fn hash(self, password: &str, random: &dyn Random) -> Result<(String, Option<i64>), HashError> {
        let secret = self.newest().ok_or(HashError::NoSecret)?;
        let stored = match &secret.kind {
            Ok(PasswordKind::HmacSha1) => hmac_sha1::hash(secret.value.expose(), password),
            Ok(PasswordKind::HmacSha256) => hmac_sha256::hash(password, random),
            Ok(PasswordKind::Argon2id(cost)) => argon2id::hash(secret.value.expose(), password, *cost, random)?,
            Ok(PasswordKind::Custom) => return Err(HashError::Custom),
            Err(unknown) => return Err(HashError::UnknownKind(unknown.clone())),
        };
        Ok((stored, secret.version))
    }

    /// Whether a password could be stored at all: asked before anything is written.
    pub fn check(self) -> Result<(), HashError> {
        match self.newest().map(|secret| &secret.kind) {
            None => Err(HashError::NoSecret),
            Some(Ok(PasswordKind::Custom)) => Err(HashError::Custom),
            Some(Ok(_)) => Ok(()),
            Some(Err(unknown)) => Err(HashError::UnknownKind(unknown.clone())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Zeros;
    impl Random for Zeros {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(0);
        }
    }

    fn secret(version: Option<i64>, kind: PasswordKind, value: &str) -> PasswordSecret {
        PasswordSecret { version, kind: Ok(kind), value: Secret::new(value) }
    }

    const SHA1_DEMO: &str = "c9da61148555f2dbd395a82ebbfb986cf6b13bff";
    const SHA256: &str = "$UNI_ID_HMAC_SHA256$20$0011223344556677889916459878f001bdb174534b442f7f0428ae2a29bd6acac8c511ba10bd5c4010b4";

    #[test]
    fn recorded_hashes_of_the_original_verify() {
        let old = [secret(None, PasswordKind::HmacSha1, "passwordSecret-demo")];
        assert_eq!(PasswordPolicy::new(&old).verify(Some(SHA1_DEMO), None, "pass123456"), Verdict::Match { outdated: false });
        assert_eq!(PasswordPolicy::new(&old).verify(Some(SHA1_DEMO), Some(9), "nope"), Verdict::Mismatch);
        let new = [secret(Some(1), PasswordKind::HmacSha256, "")];
        assert_eq!(PasswordPolicy::new(&new).verify(Some(SHA256), Some(1), "pass123456"), Verdict::Match { outdated: false });
        assert_eq!(PasswordPolicy::new(&new).verify(Some(SHA256), Some(1), "pass1234567"), Verdict::Mismatch);
    }

    #[test]
    fn records_without_a_version_use_the_oldest_secret_and_are_outdated() {
        let secrets = [secret(Some(1), PasswordKind::HmacSha1, "passwordSecret-demo"), secret(Some(2), PasswordKind::HmacSha256, "")];
        let policy = PasswordPolicy::new(&secrets);
        assert_eq!(policy.verify(Some(SHA1_DEMO), None, "pass123456"), Verdict::Match { outdated: true });
        let (stored, version) = policy.hash("pass123456", &Zeros).unwrap();
        assert_eq!(version, Some(2));
        assert_eq!(policy.verify(Some(&stored), version, "pass123456"), Verdict::Match { outdated: false });
    }

    #[test]
    fn argon2id_follows_its_configured_cost() {
        let cheap = Argon2Cost { memory_kib: 64, iterations: 1, parallelism: 1 };
        let secrets = [secret(Some(1), PasswordKind::Argon2id(cheap), "pepper")];
        let (stored, version) = PasswordPolicy::new(&secrets).hash("pass123456", &Zeros).unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{stored}");
        assert_eq!(PasswordPolicy::new(&secrets).verify(Some(&stored), version, "pass123456"), Verdict::Match { outdated: false });
        assert_eq!(PasswordPolicy::new(&secrets).verify(Some(&stored), version, "other"), Verdict::Mismatch);
        let dearer = [secret(Some(1), PasswordKind::Argon2id(Argon2Cost { iterations: 2, ..cheap }), "pepper")];
        assert_eq!(PasswordPolicy::new(&dearer).verify(Some(&stored), version, "pass123456"), Verdict::Match { outdated: true });
        let other_pepper = [secret(Some(1), PasswordKind::Argon2id(cheap), "salt")];
        assert_eq!(PasswordPolicy::new(&other_pepper).verify(Some(&stored), version, "pass123456"), Verdict::Mismatch);
    }

    #[test]
    fn what_cannot_be_compared_never_matches() {
        let secrets = [secret(Some(1), PasswordKind::HmacSha256, "")];
        let policy = PasswordPolicy::new(&secrets);
        for (stored, version) in [(None, Some(1)), (Some(""), Some(1)), (Some(SHA1_DEMO), Some(1)), (Some(SHA256), Some(9))] {
            assert!(matches!(policy.verify(stored, version, "pass123456"), Verdict::Unverifiable(_)), "{stored:?} {version:?}");
        }
    }
}
