//! For which applications users exist.

pub mod authorize_app_login;
pub mod remove_authorized_app;
pub mod set_authorized_app;

use lingpai_domain::{
    editing::{Administration, Edited},
    error::{Code, Result},
};
use serde_json::Value;

use crate::{
    answer::Answer,
    pipeline::{Caller, Scope},
};

/// Longest name of an application that is stored, bytes (ours).
const LONGEST_APP: usize = 512;

/// Changes the list of applications of a user. `change` gets the list as it is, and says whether
/// it changed it; `None` stands for a user who has none and so exists for every application.
async fn change_apps(
    scope: &Scope<'_>,
    by: (&Caller, &'static str),
    uid: &str,
    mut change: impl FnMut(Option<Vec<Value>>) -> Option<Vec<Value>> + Send,
) -> Result<Answer> {
    let context = scope.context();
    let administration = Administration { by: Some((by.0.uid(), by.1)), password: None };
    let edited = context.administer(uid, &administration, |user| {
        let list = match user.doc.get("dcloud_appid") {
            None => None,
            Some(Value::Array(list)) => Some(list.clone()),
            // What is no list means: for no application.
            Some(_) => Some(Vec::new()),
        };
        Ok(change(list).map(|list| {
            let mut doc = user.doc.clone();
            doc.insert("dcloud_appid".into(), list.into());
            doc
        }))
    });
    match edited.await? {
        Edited::Done => Ok(Answer::ok()),
        Edited::Taken => Err(Code::AccountConflict.into()),
        Edited::Gone => Err(Code::AccountNotExists.into()),
    }
}
