//! Our own schemas of the account collections, and what a project's schema cannot open.

use super::{BsonType, Field, Schema};
use crate::account::{PASSKEYS_FIELD, SECOND_STEP_FIELD};

/// Name and schema of every account collection.
pub const SOURCES: [(&str, &str); 12] = [
    ("uni-id-users", include_str!("../defaults/uni-id-users.schema.json")),
    ("uni-id-roles", include_str!("../defaults/uni-id-roles.schema.json")),
    ("uni-id-permissions", include_str!("../defaults/uni-id-permissions.schema.json")),
    ("uni-id-log", include_str!("../defaults/uni-id-log.schema.json")),
    ("uni-id-device", include_str!("../defaults/uni-id-device.schema.json")),
    ("opendb-device", include_str!("../defaults/opendb-device.schema.json")),
    ("opendb-frv-logs", CLOSED),
    ("opendb-verify-codes", CLOSED),
    ("opendb-open-data", CLOSED),
    ("opendb-app-client-key", CLOSED),
    ("lingpai-passkeys", CLOSED),
    ("lingpai-audit", CLOSED),
];
const CLOSED: &str = r#"{"closed": true}"#;

/// Collections of secrets (codes, session keys, client keys, passkeys, what is known of identity cards), and the
/// audit, which whom it is about must not change.
const CLOSED_COLLECTIONS: [&str; 6] =
    ["opendb-frv-logs", "opendb-verify-codes", "opendb-open-data", "opendb-app-client-key", "lingpai-passkeys", "lingpai-audit"];

/// Fields of users that no schema can show or have written: passwords, tokens, third parties' keys,
/// and what locks accounts.
const SECRET_FIELDS: [&str; 9] = [
    "password",
    "password_secret_version",
    "token",
    "third_party",
    "login_ip_limit",
    "valid_token_date",
    "realname_auth",
    SECOND_STEP_FIELD,
    PASSKEYS_FIELD,
];

/// The schemas. They are compiled in, and a test reads them.
pub fn schemas() -> Vec<Schema> {
    let read = |(name, text): (&str, &str)| {
        let content = serde_json::from_str(text).unwrap_or_default();
        // A schema that could not be read would be closed.
        let mut schema =
            Schema::parse(name, &content).unwrap_or_else(|_| Schema { collection: name.to_owned(), closed: true, ..Schema::default() });
        keep_safe(&mut schema);
        schema
    };
    SOURCES.into_iter().map(read).collect()
}

/// Closes what must be closed whatever a project's schema says.
pub fn keep_safe(schema: &mut Schema) {
    schema.closed |= CLOSED_COLLECTIONS.contains(&schema.collection.as_str());
    if schema.collection == "uni-id-users" {
        for name in SECRET_FIELDS {
            schema.fields.insert(name.to_owned(), Field { types: vec![BsonType::Password], ..Field::default() });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::COLLECTIONS;

    #[test]
    fn every_collection_has_a_schema_that_is_understood() {
        for (name, text) in SOURCES {
            assert!(COLLECTIONS.contains(&name));
            let problems = Schema::parse(name, &serde_json::from_str(text).unwrap()).err();
            assert_eq!(problems, None, "{name}");
        }
        assert_eq!(SOURCES.len(), COLLECTIONS.len());
    }
}
