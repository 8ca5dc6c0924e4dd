//! Type `hmac-sha1` (seed 003, "修改passwordSecret").

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

use crate::{random::to_hex, secret::equal};

/// Hex HMAC-SHA1.
pub(super) fn hash(secret: &str, password: &str) -> String {
    let mut mac = Hmac::<Sha1>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(password.as_bytes());
    to_hex(&mac.finalize().into_bytes())
}

pub(super) fn verify(stored: &str, secret: &str, password: &str) -> bool {
    equal(hash(secret, password).as_bytes(), stored.as_bytes())
}
