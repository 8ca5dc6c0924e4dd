//! What a token says.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// The claims that rules depend on. Custom claims are for clients and are not read.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Claims {
    /// The user. A number counts as its text.
    #[serde(default, deserialize_with = "text_or_number")]
    pub uid: Option<String>,
    /// The user's roles when the token was made. `None`: the token was made without
    /// (removePermissionAndRoleFromToken of older versions).
    #[serde(default, deserialize_with = "texts")]
    pub role: Option<Vec<String>>,
    /// The union of the roles' permissions when the token was made.
    #[serde(default, deserialize_with = "texts")]
    pub permission: Option<Vec<String>>,
    /// The version of uni-id-common that made it.
    #[serde(default, rename = "uniIdVersion", deserialize_with = "text_or_number")]
    pub version: Option<String>,
    /// Seconds.
    #[serde(default, deserialize_with = "seconds")]
    pub iat: Option<i64>,
    /// Seconds; a token without never expires.
    #[serde(default, deserialize_with = "seconds")]
    pub exp: Option<i64>,
}

impl Claims {
    /// Whether versions of this token's maker keep a list of tokens (since 1.0.10).
    pub fn is_listed_version(&self) -> bool {
        let Some(version) = &self.version else { return false };
        let mut parts = version.split('.').map(|part| part.parse::<u64>().unwrap_or(0));
        let version: [u64; 3] = std::array::from_fn(|_| parts.next().unwrap_or(0));
        version >= [1, 0, 10]
    }

    /// Whether the token is past its end: the second `exp` itself is still good.
    pub fn is_expired(&self, now_ms: i64) -> bool {
        self.exp.is_some_and(|exp| exp.saturating_mul(1000) < now_ms)
    }
}

fn text_or_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    })
}

fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<String>>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Array(items) => Some(items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect()),
        Value::String(text) => Some(vec![text]),
        _ => None,
    })
}

fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(value.as_i64().or_else(|| value.as_f64().map(|seconds| seconds as i64)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_number() {
        for (version, listed) in [("1.0.9", false), ("1.0.10", true), ("1.0.19", true), ("1.1", true), ("", false), ("x", false)] {
            let claims = Claims { version: Some(version.into()), ..Claims::default() };
            assert_eq!(claims.is_listed_version(), listed, "{version}");
        }
        assert!(!Claims::default().is_listed_version());
    }

    #[test]
    fn the_last_second_still_counts() {
        let claims = Claims { exp: Some(10), ..Claims::default() };
        assert!(!claims.is_expired(10_000));
        assert!(claims.is_expired(10_001));
    }

    #[test]
    fn odd_types_are_read_as_absent() {
        let claims: Claims = serde_json::from_str(r#"{"uid":5,"role":"admin","permission":{},"iat":1.5,"exp":"x"}"#).unwrap();
        assert_eq!(claims.uid.as_deref(), Some("5"));
        assert_eq!(claims.role, Some(vec!["admin".into()]));
        assert_eq!((claims.permission, claims.iat, claims.exp), (None, Some(1), None));
    }
}
