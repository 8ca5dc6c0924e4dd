//! What a user can be found by.

use serde_json::Value;

use super::{AppScope, User};

/// A kind of identifier.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum IdentityKind {
    /// `username`
    Username,
    /// `mobile`, when `mobile_confirmed` is 1
    Mobile,
    /// `email`, when `email_confirmed` is 1
    Email,
    /// `my_invite_code`
    InviteCode,
    /// `realname_auth.identity` as it is stored (encrypted), of certified users.
    IdentityCard,
    /// A third party's or an external system's identifier: `wx_unionid`, `wx_openid.mp`,
    /// `wx_openid.mp_<appid>`, `qq_openid.<platform>`, `ali_openid`, `apple_openid`,
    /// `identities.<provider>` ...
    Foreign(String),
}

impl IdentityKind {
    /// The name in the database, which for the first three is the document's field too.
    pub fn wire(&self) -> &str {
        match self {
            Self::Username => "username",
            Self::Mobile => "mobile",
            Self::Email => "email",
            Self::InviteCode => "my_invite_code",
            Self::IdentityCard => "realname_auth.identity",
            Self::Foreign(name) => name,
        }
    }

    /// Whether two users of one application may not share a value. Invitation codes of imported
    /// data may repeat; the original reports that only when such a code is used. How many accounts
    /// an identity card certifies is for `idCardCertifyLimit` to say.
    pub fn is_unique(&self) -> bool {
        !matches!(self, Self::InviteCode | Self::IdentityCard)
    }
}

/// A row of the identity table: this value leads to this user, in this application.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Identity {
    /// What kind of identifier.
    pub kind: IdentityKind,
    /// The value as it is stored in the document.
    pub value: String,
    /// The application's id, [`Identity::ALL_APPS`] or [`Identity::NO_APP`].
    pub app: String,
}

impl Identity {
    /// `app` of users who exist in every application.
    pub const ALL_APPS: &'static str = "*";
    /// `app` of users who exist in none: they can be found, but never used.
    pub const NO_APP: &'static str = "";
}

/// Every identity that a document has, without repetition.
pub fn derive_identities(user: &User) -> Vec<Identity> {
    let mut values: Vec<(IdentityKind, String)> = Vec::new();
    let mut add = |kind: IdentityKind, value: Option<&str>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            values.push((kind, value.to_owned()));
        }
    };
    add(IdentityKind::Username, user.text("username"));
    if user.integer("mobile_confirmed") == Some(1) {
        add(IdentityKind::Mobile, user.text("mobile"));
    }
    if user.integer("email_confirmed") == Some(1) {
        add(IdentityKind::Email, user.text("email"));
    }
    add(IdentityKind::InviteCode, user.text("my_invite_code"));
    if let Some(certificate) = user.doc.get("realname_auth").filter(|auth| auth["auth_status"] == 2 && auth["type"] == 0) {
        add(IdentityKind::IdentityCard, certificate["identity"].as_str());
    }
    for field in ["wx_unionid", "qq_unionid", "ali_openid", "apple_openid"] {
        add(IdentityKind::Foreign(field.into()), user.text(field));
    }
    for field in ["wx_openid", "qq_openid"] {
        if let Some(Value::Object(openids)) = user.doc.get(field) {
            for (platform, openid) in openids {
                add(IdentityKind::Foreign(format!("{field}.{platform}")), openid.as_str());
            }
        }
    }
    if let Some(Value::Array(identities)) = user.doc.get("identities") {
        for identity in identities {
            if let (Some(provider), Some(uid)) = (identity["provider"].as_str(), identity["uid"].as_str()) {
                add(IdentityKind::Foreign(format!("identities.{provider}")), Some(uid));
            }
        }
    }
    let apps = match user.apps() {
        AppScope::All => vec![Identity::ALL_APPS.to_owned()],
        AppScope::Listed(apps) if apps.is_empty() => vec![Identity::NO_APP.to_owned()],
        AppScope::Listed(apps) => apps,
    };
    let mut identities: Vec<Identity> = values
        .into_iter()
        .flat_map(|(kind, value)| apps.iter().map(move |app| Identity { kind: kind.clone(), value: value.clone(), app: app.clone() }))
        .collect();
    identities.sort();
    identities.dedup();
    identities
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn identities(doc: Value) -> Vec<(String, String, String)> {
        derive_identities(&User::new(doc.as_object().unwrap().clone()))
            .into_iter()
            .map(|i| (i.kind.wire().to_owned(), i.value, i.app))
            .collect()
    }

    fn row(kind: &str, value: &str, app: &str) -> (String, String, String) {
        (kind.into(), value.into(), app.into())
    }

    #[test]
    fn unconfirmed_numbers_and_addresses_identify_nobody() {
        let doc = json!({"_id": "u", "username": "a", "mobile": "13800000000", "mobile_confirmed": 0, "email": "a@b"});
        assert_eq!(identities(doc), [row("username", "a", "*")]);
    }

    #[test]
    fn there_is_one_row_per_application() {
        let doc = json!({"_id": "u", "mobile": "138", "mobile_confirmed": 1, "dcloud_appid": ["A", "B"]});
        assert_eq!(identities(doc), [row("mobile", "138", "A"), row("mobile", "138", "B")]);
    }

    #[test]
    fn users_of_no_application_can_still_be_found() {
        assert_eq!(identities(json!({"_id": "u", "username": "a", "dcloud_appid": "A"})), [row("username", "a", "")]);
    }

    #[test]
    fn only_certified_persons_count_for_their_card() {
        let doc = |status: i64, kind: i64| json!({"_id": "u", "realname_auth": {"auth_status": status, "type": kind, "identity": "x"}});
        assert_eq!(identities(doc(2, 0)), [row("realname_auth.identity", "x", "*")]);
        assert_eq!(identities(doc(1, 0)), []);
        assert_eq!(identities(doc(2, 1)), []);
        assert_eq!(identities(json!({"_id": "u", "realname_auth": "odd"})), []);
    }

    #[test]
    fn third_parties_are_told_apart_by_platform() {
        let doc = json!({"_id": "u", "wx_openid": {"mp": "o", "mp___UNI__A": "o"}, "identities": [{"provider": "externalDirectConnect", "uid": "7"}]});
        assert_eq!(
            identities(doc),
            [row("identities.externalDirectConnect", "7", "*"), row("wx_openid.mp", "o", "*"), row("wx_openid.mp___UNI__A", "o", "*")]
        );
    }
}
