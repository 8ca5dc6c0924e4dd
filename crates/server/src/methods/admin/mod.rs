//! What administrators do with other people's accounts.

pub mod add_user;
pub mod remove_second_step;
pub mod update_user;

use lingpai_domain::{
    error::{Code, Error, Result},
    validate::{Field, Params, Rule, optional},
};
use serde_json::{Map, Value};

/// Longest text in a list and longest list as JSON that is stored with a user, bytes (ours).
const LONGEST_LIST: usize = 16 * 1024;

/// What both methods take besides the user's name and password.
const AUTHORIZED_APP: Field = optional("authorizedApp", Rule::TextList);
const NICKNAME: Field = optional("nickname", Rule::Nickname);
const ROLE: Field = optional("role", Rule::TextList);
const MOBILE: Field = optional("mobile", Rule::Mobile);
const EMAIL: Field = optional("email", Rule::Email);
const TAGS: Field = optional("tags", Rule::TextList);
const STATUS: Field = optional("status", Rule::Number);

/// A list of texts for a user's document, if it was given.
pub(super) fn list(params: &Params, name: &'static str) -> Result<Option<Value>> {
    let Some(texts) = params.texts(name) else { return Ok(None) };
    if texts.iter().map(String::len).sum::<usize>() > LONGEST_LIST {
        return Err(Error::new(Code::InvalidParam).with("param", name));
    }
    Ok(Some(texts.into()))
}

/// The lists of a user's document with the parameters that they come from.
const LISTS: [(&str, &str); 3] = [("authorizedApp", "dcloud_appid"), ("role", "role"), ("tags", "tags")];

/// The lists that were given, by their fields.
fn lists(params: &Params) -> Result<Vec<(&'static str, Value)>> {
    let mut given = Vec::new();
    for (parameter, field) in LISTS {
        given.extend(list(params, parameter)?.map(|list| (field, list)));
    }
    Ok(given)
}

/// Puts what was given into a document, besides the user's name and password.
fn put_given(doc: &mut Map<String, Value>, params: &Params, lists: &[(&'static str, Value)]) {
    for (field, list) in lists {
        doc.insert((*field).to_owned(), list.clone());
    }
    if let Some(nickname) = params.raw("nickname") {
        doc.insert("nickname".into(), nickname.clone());
    }
    put_confirmed(doc, params, "mobile", "mobile_confirmed");
    put_confirmed(doc, params, "email", "email_confirmed");
    if let Some(status) = params.present("status") {
        doc.insert("status".into(), status.clone());
    }
}

/// Puts a number or an address into a document. The administrator's word confirms it; a blank text
/// takes it away.
fn put_confirmed(doc: &mut Map<String, Value>, params: &Params, field: &'static str, flag: &'static str) {
    match (params.text(field), params.raw(field)) {
        (Some(text), _) => {
            doc.insert(field.to_owned(), text.to_lowercase().into());
            doc.insert(flag.to_owned(), 1.into());
        }
        (None, Some(_)) => {
            doc.insert(field.to_owned(), "".into());
            doc.remove(flag);
        }
        (None, None) => {}
    }
}
