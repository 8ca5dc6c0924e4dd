//! Google's list of revoked attestation keys.

use std::collections::HashMap;

use serde::Deserialize;

use crate::refusal::Refusal;
use crate::wire;

/// Serial numbers that must not appear in a chain.
#[derive(Clone, Debug, Default)]
pub struct Revocations {
    /// Lower-case hexadecimal without leading zeros -> `REVOKED` or `SUSPENDED`.
    status: HashMap<String, String>,
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
        Ok(list.entries.into_iter().map(|(serial, entry)| (serial, entry.status)).collect())
    }

    /// How many serial numbers are listed.
    pub fn len(&self) -> usize {
        self.status.len()
    }

    /// Whether the list is empty.
    pub fn is_empty(&self) -> bool {
        self.status.is_empty()
    }

    /// The status of the certificate with this serial number, if it is listed. Whatever it says, the certificate is not good.
    pub(super) fn status(&self, raw_serial: &[u8]) -> Option<&str> {
        self.status.get(&normal(&wire::to_hex(raw_serial))).map(String::as_str)
    }
}

impl FromIterator<(String, String)> for Revocations {
    /// From pairs of serial number (hexadecimal) and status.
    fn from_iter<I: IntoIterator<Item = (String, String)>>(pairs: I) -> Self {
        Self { status: pairs.into_iter().map(|(serial, status)| (normal(&serial), status)).collect() }
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
    fn anything_else_is_refused() {
        assert!(Revocations::from_json(b"[]").is_err());
    }
}
