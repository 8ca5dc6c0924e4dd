//! Accounts at third parties, and how they lead to users.

use serde_json::{Map, Value, json};

use super::IdentityKind;

/// A third party whose account is bound to a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ThirdParty {
    /// WeChat.
    Weixin,
    /// QQ.
    Qq,
    /// Alipay.
    Alipay,
    /// Apple.
    Apple,
}

impl ThirdParty {
    /// All of them.
    pub const ALL: [ThirdParty; 4] = [Self::Weixin, Self::Qq, Self::Alipay, Self::Apple];

    /// The document's fields that lead from the third party to the user: the openid's, and after it
    /// the unionid's where there is such a thing.
    pub const fn fields(self) -> &'static [&'static str] {
        match self {
            Self::Weixin => &["wx_openid", "wx_unionid"],
            Self::Qq => &["qq_openid", "qq_unionid"],
            Self::Alipay => &["ali_openid"],
            Self::Apple => &["apple_openid"],
        }
    }

    /// The name in `third_party` (`mp_weixin`) and in the keys of `opendb-open-data` (`weixin-mp`).
    pub const fn name(self) -> &'static str {
        match self {
            Self::Weixin => "weixin",
            Self::Qq => "qq",
            Self::Alipay => "alipay",
            Self::Apple => "apple",
        }
    }
}

/// What a third party said of the account of whoever is calling. The openid is not empty.
#[derive(Clone)]
pub struct ThirdPartyAccount {
    party: ThirdParty,
    openid: String,
    scope: Option<Scope>,
}

/// Of parties that give an application's users other openids on every platform.
#[derive(Clone)]
struct Scope {
    platform: &'static str,
    app: String,
    unionid: Option<String>,
    keys: Map<String, Value>,
}

impl ThirdPartyAccount {
    /// An account with one openid everywhere (Alipay, Apple). `None`: the openid is empty.
    pub fn new(party: ThirdParty, openid: &str) -> Option<Self> {
        (!openid.is_empty()).then(|| Self { party, openid: openid.to_owned(), scope: None })
    }

    /// An account with an openid per application and platform (`mp`, `app`, `h5`, `web`), and perhaps a
    /// unionid across them (WeChat, QQ). `app` is the DCloud AppID. `keys` are kept under
    /// `third_party.<platform>_<party>`: session keys and access tokens of this sign-in. `None`: the
    /// openid is empty.
    pub fn with_platform(
        party: ThirdParty,
        platform: &'static str,
        app: &str,
        openid: &str,
        unionid: Option<&str>,
        keys: Map<String, Value>,
    ) -> Option<Self> {
        let unionid = unionid.filter(|unionid| !unionid.is_empty()).map(str::to_owned);
        let scope = Scope { platform, app: app.to_owned(), unionid, keys };
        (!openid.is_empty()).then(|| Self { party, openid: openid.to_owned(), scope: Some(scope) })
    }

    /// The openid.
    pub fn openid(&self) -> &str {
        &self.openid
    }

    /// What a user of this account can be found by.
    pub fn identities(&self) -> Vec<(IdentityKind, String)> {
        let foreign = |name: String, value: &str| (IdentityKind::Foreign(name), value.to_owned());
        let (openid_field, unionid_field) = self.field_names();
        let Some(scope) = &self.scope else { return vec![foreign(openid_field.to_owned(), &self.openid)] };
        let mut identities = vec![
            foreign(format!("{openid_field}.{}", scope.platform), &self.openid),
            foreign(format!("{openid_field}.{}_{}", scope.platform, scope.app), &self.openid),
        ];
        if let (Some(field), Some(unionid)) = (unionid_field, &scope.unionid) {
            identities.push(foreign(field.to_owned(), unionid));
        }
        identities
    }

    /// Fields of a new user's document, and what binding lays over an existing one.
    pub fn fields(&self) -> Map<String, Value> {
        let mut fields = self.fields_at_login();
        let (openid_field, _) = self.field_names();
        if let (Some(scope), Some(openids)) = (&self.scope, fields.get_mut(openid_field).and_then(Value::as_object_mut)) {
            openids.insert(scope.platform.to_owned(), self.openid.clone().into());
        }
        fields
    }

    /// What a login lays over the document of a user who was found: the openid of this application
    /// (that of the platform alone stays what it was, as in the original), the unionid, the keys.
    pub fn fields_at_login(&self) -> Map<String, Value> {
        let (openid_field, unionid_field) = self.field_names();
        let mut fields = Map::new();
        let Some(scope) = &self.scope else {
            fields.insert(openid_field.to_owned(), self.openid.clone().into());
            return fields;
        };
        fields.insert(openid_field.to_owned(), json!({format!("{}_{}", scope.platform, scope.app): self.openid}));
        if let (Some(field), Some(unionid)) = (unionid_field, &scope.unionid) {
            fields.insert(field.to_owned(), unionid.clone().into());
        }
        if !scope.keys.is_empty() {
            fields.insert("third_party".to_owned(), json!({format!("{}_{}", scope.platform, self.party.name()): scope.keys}));
        }
        fields
    }

    fn field_names(&self) -> (&'static str, Option<&'static str>) {
        match self.party.fields() {
            [openid, unionid, ..] => (openid, Some(unionid)),
            [openid] => (openid, None),
            [] => ("", None),
        }
    }
}

impl std::fmt::Debug for ThirdPartyAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The keys open the user's data at the third party.
        f.debug_struct("ThirdPartyAccount").field("party", &self.party).finish_non_exhaustive()
    }
}

/// Lays fields over a document: objects are merged, everything else is replaced. Returns whether that
/// changed anything.
pub fn lay_over(doc: &mut Map<String, Value>, fields: &Map<String, Value>) -> bool {
    let mut changed = false;
    for (name, value) in fields {
        changed |= match (doc.get_mut(name), value) {
            (Some(Value::Object(present)), Value::Object(added)) => lay_over(present, added),
            (Some(present), value) if present == value => false,
            _ => {
                doc.insert(name.clone(), value.clone());
                true
            }
        };
    }
    changed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn openids_stand_under_platform_and_application() {
        let keys = map(json!({"session_key": "k"}));
        let account = ThirdPartyAccount::with_platform(ThirdParty::Weixin, "mp", "__UNI__A", "o", Some("u"), keys).unwrap();
        let names: Vec<String> = account.identities().into_iter().map(|(kind, value)| format!("{}={value}", kind.wire())).collect();
        assert_eq!(names, ["wx_openid.mp=o", "wx_openid.mp___UNI__A=o", "wx_unionid=u"]);
        assert_eq!(
            Value::from(account.fields()),
            json!({"wx_openid": {"mp___UNI__A": "o", "mp": "o"}, "wx_unionid": "u", "third_party": {"mp_weixin": {"session_key": "k"}}})
        );
        assert_eq!(account.fields_at_login()["wx_openid"], json!({"mp___UNI__A": "o"}));
        assert!(!format!("{account:?}").contains("session_key"));
    }

    #[test]
    fn some_parties_have_one_openid() {
        let account = ThirdPartyAccount::new(ThirdParty::Apple, "a").unwrap();
        assert_eq!(account.identities(), [(IdentityKind::Foreign("apple_openid".into()), "a".to_owned())]);
        assert_eq!(Value::from(account.fields()), json!({"apple_openid": "a"}));
        assert!(ThirdPartyAccount::new(ThirdParty::Apple, "").is_none());
    }

    #[test]
    fn an_empty_unionid_is_none() {
        let account = ThirdPartyAccount::with_platform(ThirdParty::Qq, "app", "A", "o", Some(""), Map::new()).unwrap();
        assert_eq!(account.identities().len(), 2);
        assert_eq!(Value::from(account.fields()), json!({"qq_openid": {"app_A": "o", "app": "o"}}));
    }

    #[test]
    fn laying_over_merges_objects_and_tells_of_changes() {
        let mut doc = map(json!({"a": {"x": 1}, "b": "old", "c": "odd"}));
        assert!(!lay_over(&mut doc, &map(json!({"a": {"x": 1}, "b": "old"}))));
        assert!(lay_over(&mut doc, &map(json!({"a": {"y": 2}, "b": "new", "c": {"z": 3}}))));
        assert_eq!(Value::from(doc), json!({"a": {"x": 1, "y": 2}, "b": "new", "c": {"z": 3}}));
    }
}
