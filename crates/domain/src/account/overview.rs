//! What is set and bound in an account, for its owner.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};

/// What is set and bound in an account (seed 002, `getAccountInfo`).
///
/// It is read from a document of `uni-id-users` without keeping the document: clients ask for it at
/// every start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AccountOverview {
    /// There is a `username`.
    pub has_username: bool,
    /// There is a `nickname`.
    pub has_nickname: bool,
    /// There is a `password`.
    pub has_password: bool,
    /// There is a `mobile`, and it is confirmed.
    pub has_mobile: bool,
    /// There is an `email`, and it is confirmed.
    pub has_email: bool,
    /// There is an openid in `wx_openid`.
    pub has_weixin: bool,
    /// There is an openid in `qq_openid`.
    pub has_qq: bool,
    /// There is an `ali_openid`.
    pub has_alipay: bool,
    /// There is an `apple_openid`.
    pub has_apple: bool,
}

impl<'de> Deserialize<'de> for AccountOverview {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Fields)
    }
}

struct Fields;

impl<'de> Visitor<'de> for Fields {
    type Value = AccountOverview;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a document of uni-id-users")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<AccountOverview, A::Error> {
        let mut seen = AccountOverview::default();
        let (mut mobile_confirmed, mut email_confirmed) = (false, false);
        while let Some(Name(field)) = fields.next_key()? {
            let Some(field) = field else {
                fields.next_value::<IgnoredAny>()?;
                continue;
            };
            let value: Glance = fields.next_value()?;
            match field {
                Field::Username => seen.has_username = value.is_truthy,
                Field::Nickname => seen.has_nickname = value.is_truthy,
                Field::Password => seen.has_password = value.is_truthy,
                Field::Mobile => seen.has_mobile = value.is_truthy,
                Field::MobileConfirmed => mobile_confirmed = value.is_truthy,
                Field::Email => seen.has_email = value.is_truthy,
                Field::EmailConfirmed => email_confirmed = value.is_truthy,
                Field::WxOpenid => seen.has_weixin = value.has_members,
                Field::QqOpenid => seen.has_qq = value.has_members,
                Field::AliOpenid => seen.has_alipay = value.is_truthy,
                Field::AppleOpenid => seen.has_apple = value.is_truthy,
            }
        }
        seen.has_mobile &= mobile_confirmed;
        seen.has_email &= email_confirmed;
        Ok(seen)
    }
}

/// The fields that are looked at.
enum Field {
    Username,
    Nickname,
    Password,
    Mobile,
    MobileConfirmed,
    Email,
    EmailConfirmed,
    WxOpenid,
    QqOpenid,
    AliOpenid,
    AppleOpenid,
}

/// A field's name; `None`: it is not looked at.
struct Name(Option<Field>);

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Names;
        impl Visitor<'_> for Names {
            type Value = Name;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a field's name")
            }

            fn visit_str<E>(self, name: &str) -> Result<Name, E> {
                Ok(Name(match name {
                    "username" => Some(Field::Username),
                    "nickname" => Some(Field::Nickname),
                    "password" => Some(Field::Password),
                    "mobile" => Some(Field::Mobile),
                    "mobile_confirmed" => Some(Field::MobileConfirmed),
                    "email" => Some(Field::Email),
                    "email_confirmed" => Some(Field::EmailConfirmed),
                    "wx_openid" => Some(Field::WxOpenid),
                    "qq_openid" => Some(Field::QqOpenid),
                    "ali_openid" => Some(Field::AliOpenid),
                    "apple_openid" => Some(Field::AppleOpenid),
                    _ => None,
                }))
            }
        }
        deserializer.deserialize_str(Names)
    }
}

/// What a value is worth, without the value. Truth is that of JavaScript, as in
/// [`super::User::truthy`].
#[derive(Clone, Copy)]
struct Glance {
    is_truthy: bool,
    /// It is an object with at least one member.
    has_members: bool,
}

impl Glance {
    const fn of(is_truthy: bool) -> Self {
        Self { is_truthy, has_members: false }
    }
}

impl<'de> Deserialize<'de> for Glance {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Glances)
    }
}

struct Glances;

impl<'de> Visitor<'de> for Glances {
    type Value = Glance;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Glance, E> {
        Ok(Glance::of(false))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Glance, E> {
        Ok(Glance::of(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Glance, E> {
        Ok(Glance::of(value != 0))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Glance, E> {
        Ok(Glance::of(value != 0))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Glance, E> {
        Ok(Glance::of(value != 0.0))
    }

    fn visit_str<E>(self, value: &str) -> Result<Glance, E> {
        Ok(Glance::of(!value.is_empty()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Glance, A::Error> {
        while entries.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Glance::of(true))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Glance, A::Error> {
        let mut has_members = false;
        while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
            has_members = true;
        }
        Ok(Glance { is_truthy: true, has_members })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::account::User;

    fn overview(doc: &Value) -> AccountOverview {
        serde_json::from_str(&doc.to_string()).unwrap()
    }

    #[test]
    fn nothing_is_set_in_an_empty_document() {
        assert_eq!(overview(&json!({"_id": "u", "tags": ["a", {"username": "x"}], "n": {"password": "p"}})), AccountOverview::default());
    }

    #[test]
    fn a_full_document_has_everything() {
        let doc = json!({
            "username": "a", "nickname": "b", "password": "c", "mobile": "138", "mobile_confirmed": 1, "email": "a@b", "email_confirmed": 1,
            "wx_openid": {"mp": "o"}, "qq_openid": {"app": "o"}, "ali_openid": "x", "apple_openid": "y",
        });
        let all = AccountOverview {
            has_username: true,
            has_nickname: true,
            has_password: true,
            has_mobile: true,
            has_email: true,
            has_weixin: true,
            has_qq: true,
            has_alipay: true,
            has_apple: true,
        };
        assert_eq!(overview(&doc), all);
    }

    #[test]
    fn truth_is_that_of_a_whole_document() {
        for value in [
            json!(null),
            json!(false),
            json!(true),
            json!(0),
            json!(-1),
            json!(0.0),
            json!(0.5),
            json!(""),
            json!("0"),
            json!([]),
            json!({}),
        ] {
            let doc = json!({"username": value});
            let user = User::new(doc.as_object().cloned().unwrap());
            assert_eq!(overview(&doc).has_username, user.truthy("username"), "{value}");
        }
        assert_eq!(overview(&json!({"wx_openid": {}, "qq_openid": "o"})), AccountOverview::default());
        assert_eq!(overview(&json!({"mobile": "138", "email": "a", "email_confirmed": 0})), AccountOverview::default());
    }

    #[test]
    fn what_is_no_document_is_refused() {
        assert!(serde_json::from_str::<AccountOverview>("[]").is_err());
        assert!(serde_json::from_str::<AccountOverview>("{\"username\":").is_err());
    }
}
