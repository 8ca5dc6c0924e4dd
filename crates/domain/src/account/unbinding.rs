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
/// (deviation 9; the original counts `_id` as one). `passkeys`: whether passkeys are switched on.
pub fn refuse_unbinding(user: &User, party: ThirdParty, passkeys: bool) -> Result<(), Code> {
    if !party.is_bound(user) {
        return Err(Code::UnbindFailed);
    }
    refuse_last_way_in(user, Some(party), None, if passkeys { user.passkeys() } else { 0 })
}

/// Says why an e-mail address must stay bound, if it must. `passkeys`: whether passkeys are switched on.
pub fn refuse_unbinding_email(user: &User, passkeys: bool) -> Result<(), Code> {
    refuse_unbinding_field(user, "email", passkeys)
}

/// Says why a mobile number must stay bound, if it must. `passkeys`: whether passkeys are switched on.
pub fn refuse_unbinding_mobile(user: &User, passkeys: bool) -> Result<(), Code> {
    refuse_unbinding_field(user, "mobile", passkeys)
}

/// Says why one of a user's passkeys must stay, if it must. `passkeys`: whether passkeys are switched on.
pub fn refuse_removing_passkey(user: &User, passkeys: bool) -> Result<(), Code> {
    refuse_last_way_in(user, None, None, if passkeys { user.passkeys() - 1 } else { 0 })
}

fn refuse_unbinding_field(user: &User, field: &str, passkeys: bool) -> Result<(), Code> {
    if user.text(field).is_none_or(str::is_empty) {
        return Err(Code::UnbindFailed);
    }
    refuse_last_way_in(user, None, Some(field), if passkeys { user.passkeys() } else { 0 })
}

/// Says why there is no way into the account without a third party, or without one of the user's own fields, with so
/// many passkeys.
fn refuse_last_way_in(user: &User, party: Option<ThirdParty>, without: Option<&str>, passkeys: i64) -> Result<(), Code> {
    let has = |field: &str| user.text(field).is_some_and(|text| !text.is_empty()) && without != Some(field);
    let confirmed = |field: &str, flag: &str| has(field) && user.integer(flag) == Some(1);
    let other_party = ThirdParty::ALL.into_iter().any(|other| Some(other) != party && other.is_bound(user));
    let external = matches!(user.doc.get("identities"), Some(Value::Array(identities)) if !identities.is_empty());
    if passkeys > 0 || other_party || external || confirmed("mobile", "mobile_confirmed") {
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
            assert_eq!(refuse_unbinding_email(&User::new(doc.as_object().unwrap().clone()), true), outcome, "{doc}");
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
            assert_eq!(refuse_unbinding_mobile(&User::new(doc.as_object().unwrap().clone()), true), outcome, "{doc}");
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
            assert_eq!(refuse_unbinding(&User::new(doc.as_object().unwrap().clone()), party, true), outcome, "{doc}");
        }
    }

    #[test]
    fn a_passkey_is_a_way_in_where_passkeys_are_switched_on() {
        let user = |doc: Value| User::new(doc.as_object().unwrap().clone());
        let by_passkey = user(json!({"wx_unionid": "x", "email": "a@b", "passkeys": 1}));
        assert_eq!(refuse_unbinding(&by_passkey, ThirdParty::Weixin, true), Ok(()));
        assert_eq!(refuse_unbinding(&by_passkey, ThirdParty::Weixin, false), Err(Code::UnbindUniqueLogin));
        assert_eq!(refuse_unbinding_email(&by_passkey, true), Ok(()));
        for (doc, outcome) in [
            (json!({"passkeys": 2}), Ok(())),
            (json!({"passkeys": 1}), Err(Code::UnbindUniqueLogin)),
            (json!({"passkeys": 1, "username": "a"}), Err(Code::UnbindPasswordNotExists)),
            (json!({"passkeys": 1, "username": "a", "password": "p"}), Ok(())),
            (json!({"passkeys": 1, "wx_openid": {"mp": "x"}}), Ok(())),
            (json!({"passkeys": "many", "username": "a"}), Err(Code::UnbindPasswordNotExists)),
        ] {
            assert_eq!(refuse_removing_passkey(&user(doc.clone()), true), outcome, "{doc}");
        }
        assert_eq!(refuse_removing_passkey(&user(json!({"passkeys": 5})), false), Err(Code::UnbindUniqueLogin));
    }
}
