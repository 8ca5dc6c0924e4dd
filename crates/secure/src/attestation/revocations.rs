//! Google's list of revoked attestation keys.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Deserialize;

use crate::refusal::Refusal;
use crate::wire;

/// Serial numbers that must not appear in a chain.
#[derive(Clone, Debug, Default)]
pub struct Revocations {
    /// Lower-case hexadecimal without leading zeros -> `REVOKED` or `SUSPENDED`. Shared: lists are large and put together often.
    lists: Vec<Arc<HashMap<String, String>>>,
}

#[derive(Deserialize)]
struct StatusList {
    entries: HashMap<String, Entry>,
}

#[derive(Deserialize)]
struct Entry {
    status: String,
}

impl Revocations {
    /// Reads the published form: `{"entries": {"<serial>": {"status": "REVOKED", ...}}}`.
    pub fn from_json(json: &[u8]) -> Result<Self, Refusal> {
        let list: StatusList = serde_json::from_slice(json).map_err(|_| Refusal::Malformed)?;
        let is_serial = |serial: &String| !serial.is_empty() && serial.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !list.entries.keys().all(is_serial) {
            return Err(Refusal::Malformed);
        }
        Ok(list.entries.into_iter().map(|(serial, entry)| (serial, entry.status)).collect())
    }

    /// What either list has.
    pub fn and(&self, other: &Self) -> Self {
        Self { lists: self.lists.iter().chain(&other.lists).cloned().collect() }
    }

    /// How many serial numbers are listed, those in two lists twice.
    pub fn len(&self) -> usize {
        self.lists.iter().map(|list| list.len()).sum()
    }

    /// Whether the list is empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The status of the certificate with this serial number, if it is listed. Whatever it says, the certificate is not good.
    pub(super) fn status(&self, raw_serial: &[u8]) -> Option<&str> {
        let serial = normal(&wire::to_hex(raw_serial));
        self.lists.iter().find_map(|list| list.get(&serial)).map(String::as_str)
    }
}

impl FromIterator<(String, String)> for Revocations {
    /// From pairs of serial number (hexadecimal) and status.
    fn from_iter<I: IntoIterator<Item = (String, String)>>(pairs: I) -> Self {
        let list = pairs.into_iter().map(|(serial, status)| (normal(&serial), status)).collect();
        Self { lists: vec![Arc::new(list)] }
    }
}

fn normal(serial: &str) -> String {
    let serial = serial.trim_start_matches('0').to_ascii_lowercase();
    if serial.is_empty() { "0".to_owned() } else { serial }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serials_are_found_in_either_spelling() {
        let list = Revocations::from_json(br#"{"entries":{"6681152659205225093":{"status":"REVOKED"},"0AbC":{"status":"SUSPENDED"}}}"#);
        let list = list.unwrap();
        assert_eq!(list.status(&[0x0a, 0xbc]), Some("SUSPENDED"));
        assert_eq!(list.status(&[0x00, 0x0a, 0xbc]), Some("SUSPENDED"));
        assert_eq!(list.status(&[1]), None);
        assert_eq!(list.len(), 2);
    }

    #[test]
    fn two_lists_together_have_what_either_has() {
        let list = |serial: &str| Revocations::from_iter([(serial.to_owned(), "REVOKED".to_owned())]);
        let both = list("0a").and(&list("b"));
        assert_eq!((both.status(&[0x0a]), both.status(&[0x0b]), both.status(&[0x0c])), (Some("REVOKED"), Some("REVOKED"), None));
        assert!(Revocations::default().and(&Revocations::default()).is_empty());
    }

    #[test]
    fn anything_else_is_refused() {
        assert!(Revocations::from_json(b"[]").is_err());
        assert!(Revocations::from_json(br#"{"entries":{"not hexadecimal":{"status":"REVOKED"}}}"#).is_err());
        assert!(Revocations::from_json(br#"{"entries":{"":{"status":"REVOKED"}}}"#).is_err());
    }
}
