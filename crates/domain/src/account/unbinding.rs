//! Whether a way into an account may be given up.

use serde_json::Value;

use super::{ThirdParty, User};
use crate::error::Code;

impl ThirdParty {
    /// Whether it is bound.
    pub fn is_bound(self, user: &User) -> bool {
        self.fields().iter().any(|field| match user.doc.get(*field) {
            Some(Value::Object(openids)) => !openids.is_empty(),
            Some(Value::String(openid)) => !openid.is_empty(),
            _ => false,
        })
    }
}

/// Says why a third party must stay bound, if it must: afterwards there has to be another way in
/// (deviation 9; the original counts `_id` as one).
pub fn refuse_unbinding(user: &User, party: ThirdParty) -> Result<(), Code> {
    if !party.is_bound(user) {
        return Err(Code::UnbindFailed);
    }
    refuse_last_way_in(user, Some(party), None)
}

/// Says why an e-mail address must stay bound, if it must.
pub fn refuse_unbinding_email(user: &User) -> Result<(), Code> {
    refuse_unbinding_field(user, "email")
}

/// Says why a mobile number must stay bound, if it must.
pub fn refuse_unbinding_mobile(user: &User) -> Result<(), Code> {
    refuse_unbinding_field(user, "mobile")
}

fn refuse_unbinding_field(user: &User, field: &str) -> Result<(), Code> {
    if user.text(field).is_none_or(str::is_empty) {
        return Err(Code::UnbindFailed);
    }
    refuse_last_way_in(user, None, Some(field))
}

/// Says why there is no way into the account without a third party, or without one of the user's own fields.
fn refuse_last_way_in(user: &User, party: Option<ThirdParty>, without: Option<&str>) -> Result<(), Code> {
    let has = |field: &str| user.text(field).is_some_and(|text| !text.is_empty()) && without != Some(field);
    let confirmed = |field: &str, flag: &str| has(field) && user.integer(flag) == Some(1);
    let other_party = ThirdParty::ALL.into_iter().any(|other| Some(other) != party && other.is_bound(user));
    let external = matches!(user.doc.get("identities"), Some(Value::Array(identities)) if !identities.is_empty());
    if other_party || external || confirmed("mobile", "mobile_confirmed") {
        return Ok(());
    }
    let named = has("username") || confirmed("email", "email_confirmed");
    match (named, has("password")) {
        (true, true) => Ok(()),
        (true, false) => Err(Code::UnbindPasswordNotExists),
        // A number that nobody confirmed leads nowhere until it is bound.
        (false, _) if has("mobile") => Err(Code::UnbindMobileNotExists),
        (false, _) => Err(Code::UnbindUniqueLogin),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_address_stays_if_it_is_the_last_way_in() {
        for (doc, outcome) in [
            (json!({"email": "a@b", "email_confirmed": 1, "password": "p"}), Err(Code::UnbindUniqueLogin)),
            (json!({"email": "a@b", "email_confirmed": 1, "username": "a"}), Err(Code::UnbindPasswordNotExists)),
            (json!({"email": "a@b", "email_confirmed": 1, "username": "a", "password": "p"}), Ok(())),
            (json!({"email": "a@b", "email_confirmed": 1, "mobile": "1", "mobile_confirmed": 1}), Ok(())),
            (json!({"email": "a@b", "mobile": "1"}), Err(Code::UnbindMobileNotExists)),
            (json!({"email": "a@b", "wx_unionid": "x"}), Ok(())),
            (json!({"email": "", "username": "a", "password": "p"}), Err(Code::UnbindFailed)),
            (json!({"username": "a", "password": "p"}), Err(Code::UnbindFailed)),
        ] {
            assert_eq!(refuse_unbinding_email(&User::new(doc.as_object().unwrap().clone())), outcome, "{doc}");
        }
    }

    #[test]
    fn the_number_stays_if_it_is_the_last_way_in() {
        for (doc, outcome) in [
            (json!({"mobile": "1", "mobile_confirmed": 1}), Err(Code::UnbindUniqueLogin)),
            (json!({"mobile": "1", "mobile_confirmed": 1, "password": "p"}), Err(Code::UnbindUniqueLogin)),
            (json!({"mobile": "1", "mobile_confirmed": 1, "username": "a"}), Err(Code::UnbindPasswordNotExists)),
            (json!({"mobile": "1", "mobile_confirmed": 1, "username": "a", "password": "p"}), Ok(())),
            (json!({"mobile": "1", "email": "a@b", "email_confirmed": 1, "password": "p"}), Ok(())),
            (json!({"mobile": "1", "email": "a@b", "password": "p"}), Err(Code::UnbindUniqueLogin)),
            (json!({"mobile": "1", "apple_openid": "x"}), Ok(())),
            (json!({"username": "a", "password": "p"}), Err(Code::UnbindFailed)),
        ] {
            assert_eq!(refuse_unbinding_mobile(&User::new(doc.as_object().unwrap().clone())), outcome, "{doc}");
        }
    }

    #[test]
    fn the_last_way_in_stays() {
        for (doc, party, outcome) in [
            (json!({"wx_unionid": "x"}), ThirdParty::Weixin, Err(Code::UnbindUniqueLogin)),
            (json!({"wx_openid": {"mp": "x"}, "username": "a"}), ThirdParty::Weixin, Err(Code::UnbindPasswordNotExists)),
            (json!({"wx_openid": {"mp": "x"}, "username": "a", "password": "p"}), ThirdParty::Weixin, Ok(())),
            (json!({"qq_openid": {"app": "x"}, "email": "a@b", "password": "p"}), ThirdParty::Qq, Err(Code::UnbindUniqueLogin)),
            (json!({"qq_openid": {"app": "x"}, "email": "a@b", "email_confirmed": 1, "password": "p"}), ThirdParty::Qq, Ok(())),
            (json!({"ali_openid": "x", "mobile": "1"}), ThirdParty::Alipay, Err(Code::UnbindMobileNotExists)),
            (json!({"ali_openid": "x", "mobile": "1", "mobile_confirmed": 1}), ThirdParty::Alipay, Ok(())),
            (json!({"ali_openid": "x", "apple_openid": "y"}), ThirdParty::Apple, Ok(())),
            (json!({"apple_openid": "y", "identities": [{"provider": "p", "uid": "u"}]}), ThirdParty::Apple, Ok(())),
            (json!({"username": "a", "password": "p"}), ThirdParty::Apple, Err(Code::UnbindFailed)),
            (json!({"wx_openid": {}, "username": "a", "password": "p"}), ThirdParty::Weixin, Err(Code::UnbindFailed)),
        ] {
            assert_eq!(refuse_unbinding(&User::new(doc.as_object().unwrap().clone()), party), outcome, "{doc}");
        }
    }
}
