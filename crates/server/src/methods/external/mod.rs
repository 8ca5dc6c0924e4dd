//! Accounts of another system that stands beside this one: `identities` with provider
//! `externalDirectConnect`.

pub mod external_login;
pub mod external_register;
pub mod update_user_info_by_external;

use lingpai_domain::{
    account::IdentityKind,
    error::{Code, Error, Result},
    validate::Params,
};
use serde_json::{Map, Value, json};

/// `provider` of their identities.
const PROVIDER: &str = "externalDirectConnect";
/// What the other system tells of its user.
const PROFILE: &[&str] = &["avatar", "gender", "nickname"];
/// Longest id or picture's address that is stored, bytes (ours).
const LONGEST: usize = 2048;

/// How users with such an identity are found.
fn identity_kind() -> IdentityKind {
    IdentityKind::Foreign(format!("identities.{PROVIDER}"))
}

/// Refuses texts that are too long to be stored.
fn check_lengths(params: &Params) -> Result<()> {
    for name in ["uid", "externalUid", "username", "avatar"] {
        if params.text(name).is_some_and(|text| text.len() > LONGEST) {
            return Err(Error::new(Code::InvalidParam).with("param", name));
        }
    }
    Ok(())
}

/// The profile as it was given.
fn profile(params: &Params) -> Map<String, Value> {
    PROFILE.iter().filter_map(|name| Some(((*name).to_owned(), params.raw(name)?.clone()))).collect()
}

/// `avatar_file` of a picture's address.
fn avatar_file(url: &str) -> Value {
    let after_scheme = url.split_once("://").map(|(_, rest)| rest);
    let path = match after_scheme {
        Some(rest) => rest.find('/').and_then(|slash| rest.get(slash..)).unwrap_or("/"),
        None => url,
    };
    let name = path.split(['?', '#']).next().unwrap_or_default();
    let file = name.rsplit('/').next().unwrap_or_default();
    let extension = file.rsplit_once('.').map(|(_, extension)| extension).unwrap_or_default();
    json!({"name": name, "extname": extension, "url": url})
}

/// The way to tell which user is meant: `uid` wins.
fn who(params: &Params) -> Result<Who<'_>> {
    match (params.text("uid"), params.text("externalUid")) {
        (Some(uid), _) => Ok(Who::User(uid)),
        (None, Some(uid)) => Ok(Who::External(uid)),
        (None, None) => Err(Error::new(Code::ParamRequired).with("param", "uid, externalUid")),
    }
}

enum Who<'a> {
    User(&'a str),
    External(&'a str),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_taken_apart_as_recorded() {
        for (url, name, extension) in [
            ("https://cdn.x.com/a/b.png?x=1", "/a/b.png", "png"),
            ("https://cdn.x.com/c.jpg", "/c.jpg", "jpg"),
            ("https://cdn.x.com", "/", ""),
            ("https://cdn.x.com/v1.2/pic#.png", "/v1.2/pic", ""),
            ("noext", "noext", ""),
        ] {
            assert_eq!(avatar_file(url), json!({"name": name, "extname": extension, "url": url}));
        }
    }
}
