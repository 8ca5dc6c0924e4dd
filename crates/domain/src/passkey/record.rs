//! A passkey as it is kept: a document of `lingpai-passkeys`.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};

use crate::random::to_hex;

/// A passkey. Times are milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passkey {
    /// `_id`
    pub id: String,
    /// `user_id`: whose.
    pub uid: String,
    /// `credential_id`: how authenticators name it; unique.
    pub credential_id: Vec<u8>,
    /// `user_handle`: how authenticators name the user.
    pub user_handle: Vec<u8>,
    /// `public_key`: COSE_Key.
    pub public_key: Vec<u8>,
    /// `sign_count`: the signature counter at the last use; 0 for authenticators that have none.
    pub sign_count: u32,
    /// `backup_eligible`: whether it can be synchronised between devices.
    pub backup_eligible: bool,
    /// `backed_up`: whether it was at the last use.
    pub backed_up: bool,
    /// `transports`: how authenticators may be reached (`internal`, `usb`, `hybrid` ...).
    pub transports: Vec<String>,
    /// `aaguid`: the make of the authenticator, as it says itself.
    pub aaguid: [u8; 16],
    /// `name`: what its user calls it.
    pub name: String,
    /// `appid`: the application where it was made.
    pub app: String,
    /// `create_date`
    pub created_at: i64,
    /// `last_use_date`
    pub last_used_at: Option<i64>,
}

impl Passkey {
    /// The document.
    pub fn to_document(&self) -> Map<String, Value> {
        let encoded = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        let doc = json!({
            "_id": self.id,
            "user_id": self.uid,
            "credential_id": encoded(&self.credential_id),
            "user_handle": encoded(&self.user_handle),
            "public_key": encoded(&self.public_key),
            "sign_count": self.sign_count,
            "backup_eligible": self.backup_eligible,
            "backed_up": self.backed_up,
            "transports": self.transports,
            "aaguid": to_hex(&self.aaguid),
            "name": self.name,
            "appid": self.app,
            "create_date": self.created_at,
            "last_use_date": self.last_used_at,
        });
        let mut doc = if let Value::Object(doc) = doc { doc } else { Map::new() };
        doc.retain(|_, value| !value.is_null());
        doc
    }

    /// Reads a document. `None`: it is none that [`Self::to_document`] could have made, and leads nowhere.
    pub fn from_document(doc: &Map<String, Value>) -> Option<Self> {
        let text = |field: &str| doc.get(field).and_then(Value::as_str);
        let bytes = |field: &str| BASE64_URL_SAFE_NO_PAD.decode(text(field)?).ok().filter(|bytes| !bytes.is_empty());
        let flag = |field: &str| doc.get(field).and_then(Value::as_bool);
        let transports = doc.get("transports").and_then(Value::as_array).into_iter().flatten();
        let aaguid = text("aaguid").and_then(|hex| u128::from_str_radix(hex, 16).ok()).unwrap_or_default();
        Some(Self {
            id: text("_id")?.to_owned(),
            uid: text("user_id")?.to_owned(),
            credential_id: Self::credential_of(doc).and_then(|text| BASE64_URL_SAFE_NO_PAD.decode(text).ok())?,
            user_handle: bytes("user_handle")?,
            public_key: bytes("public_key")?,
            sign_count: doc.get("sign_count")?.as_u64()?.try_into().ok()?,
            backup_eligible: flag("backup_eligible")?,
            backed_up: flag("backed_up").unwrap_or_default(),
            transports: transports.filter_map(Value::as_str).map(str::to_owned).collect(),
            aaguid: aaguid.to_be_bytes(),
            name: text("name").unwrap_or_default().to_owned(),
            app: text("appid").unwrap_or_default().to_owned(),
            created_at: doc.get("create_date").and_then(Value::as_i64).unwrap_or_default(),
            last_used_at: doc.get("last_use_date").and_then(Value::as_i64),
        })
    }

    /// `credential_id` of a document as it is looked up; `None` if it is no credential id.
    pub fn credential_of(doc: &Map<String, Value>) -> Option<&str> {
        let text = doc.get("credential_id")?.as_str()?;
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
        // Web Authentication, section 4: a credential id has 1023 bytes at most.
        (1..=1023).contains(&bytes.len()).then_some(text)
    }

    /// How a credential id is looked up.
    pub fn lookup(credential_id: &[u8]) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(credential_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passkey() -> Passkey {
        Passkey {
            id: "p".into(),
            uid: "u".into(),
            credential_id: vec![1, 2, 3],
            user_handle: vec![4; 32],
            public_key: vec![5; 77],
            sign_count: u32::MAX,
            backup_eligible: true,
            backed_up: false,
            transports: vec!["internal".into()],
            aaguid: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
            name: "Phone".into(),
            app: "a".into(),
            created_at: 7,
            last_used_at: Some(8),
        }
    }

    #[test]
    fn a_document_is_what_was_kept() {
        let kept = passkey();
        assert_eq!(Passkey::from_document(&kept.to_document()), Some(kept));
        let unused = Passkey { last_used_at: None, aaguid: [0; 16], ..passkey() };
        assert!(!unused.to_document().contains_key("last_use_date"));
        assert_eq!(Passkey::from_document(&unused.to_document()), Some(unused));
    }

    #[test]
    fn odd_documents_lead_nowhere() {
        for (field, value) in [
            ("user_id", json!(5)),
            ("credential_id", json!("")),
            ("credential_id", json!("AQID=")),
            ("credential_id", json!("A".repeat(2000))),
            ("user_handle", json!(null)),
            ("public_key", json!("?")),
            ("sign_count", json!(-1)),
            ("sign_count", json!(1_u64 << 32)),
            ("backup_eligible", json!("yes")),
        ] {
            let mut doc = passkey().to_document();
            doc.insert(field.into(), value);
            assert_eq!(Passkey::from_document(&doc), None, "{field}");
        }
    }
}
