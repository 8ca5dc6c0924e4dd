//! Type `hmac-sha256`: `$UNI_ID_HMAC_SHA256$<length of the salt>$<salt><hex HMAC-SHA256>`, the key
//! being the salt's text. Established from recordings of the original.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::{
    random::{Random, to_hex},
    secret::equal,
};

const PREFIX: &str = "$UNI_ID_HMAC_SHA256$";
const SALT_BYTES: usize = 10;
/// A well-formed value that no password has.
pub(super) const NOBODY: &str =
    "$UNI_ID_HMAC_SHA256$20$000000000000000000000000000000000000000000000000000000000000000000000000000000000000";

fn mac(salt: &str, password: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(salt.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(password.as_bytes());
    to_hex(&mac.finalize().into_bytes())
}

pub(super) fn hash(password: &str, random: &dyn Random) -> String {
    let salt = random.hex(SALT_BYTES);
    format!("{PREFIX}{}${salt}{}", salt.len(), mac(&salt, password))
}

/// `None` when `stored` does not have the form.
pub(super) fn verify(stored: &str, password: &str) -> Option<bool> {
    let (length, rest) = stored.strip_prefix(PREFIX)?.split_once('$')?;
    let (salt, digest) = rest.split_at_checked(length.parse().ok()?)?;
    Some(equal(mac(salt, password).as_bytes(), digest.as_bytes()))
}
