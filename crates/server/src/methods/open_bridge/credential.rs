//! What the methods of `uni-open-bridge` share: which credential is meant; reading, storing, removing it.

use lingpai_domain::{
    error::{Code, Error, Result},
    validate::Params,
};
use serde_json::{Map, Value};

use super::nothing;
use crate::{
    answer::Answer,
    open_bridge::{BridgePlatform, Credential, CredentialKey, Holder},
    open_data::OpenValue,
    pipeline::Scope,
};

/// The longest part of a key, bytes.
const LONGEST_PART: usize = 256;
/// The longest value, bytes of JSON.
const LONGEST_VALUE: usize = 4096;
/// How long a credential lives whose end is not told, seconds: as WeChat's tokens do.
pub(super) const USUAL_LIFE_S: i64 = 7200;

/// The application that a call is about.
pub(super) fn holder(scope: &Scope<'_>, params: &Params) -> Result<Holder> {
    let wrong = |param: &'static str| Error::new(Code::InvalidParam).with("param", param);
    let platform = BridgePlatform::named(params.required_text("platform")?).ok_or_else(|| wrong("platform"))?;
    Holder::of(scope.state, params.required_text("dcloudAppid")?, platform)
}

/// A part of a key.
pub(super) fn part<'a>(params: &'a Params, name: &'static str) -> Result<&'a str> {
    let text = params.required_text(name)?;
    if text.len() > LONGEST_PART { Err(Error::new(Code::InvalidParam).with("param", name)) } else { Ok(text) }
}

/// `version`
pub(super) fn version(params: &Params) -> Result<i64> {
    let version = params.count("version").and_then(|version| i64::try_from(version).ok());
    version.ok_or_else(|| Error::new(Code::InvalidParam).with("param", "version"))
}

/// Answers a value that is kept.
pub(super) async fn read(scope: &Scope<'_>, key: &str, fields: &[&str]) -> Result<Answer> {
    let found = scope.state.open_bridge.data.read(key).await?;
    Ok(shown(found, fields))
}

/// Answers an application's own credential, from WeChat if none is kept.
pub(super) async fn read_or_renew(
    scope: &Scope<'_>,
    params: &Params,
    credential: Credential,
    key: impl Fn(CredentialKey<'_>) -> String,
) -> Result<Answer> {
    let holder = holder(scope, params)?;
    let key = key(holder.keys());
    if let Some((platform, application)) = holder.renewable() {
        let current = scope.state.open_bridge.access_tokens.current(credential, platform, application).await;
        current.map_err(|none| none.with_code(Code::UnknownError))?;
    }
    read(scope, &key, &[credential.field()]).await
}

fn shown(found: Option<OpenValue>, fields: &[&str]) -> Answer {
    let (value, expired) = match found {
        Some(found) => (found.value, found.expired),
        None => (nothing(fields), None),
    };
    let answer = Answer::ok().with("errMsg", "");
    let answer = value.into_iter().filter(|(name, _)| name != "errCode").fold(answer, |answer, (name, value)| answer.with(&name, value));
    answer.with("expired", expired)
}

/// Stores `value`, which must have these texts. `life`: seconds if `expiresIn` does not say; `-1` there
/// means without an end.
pub(super) async fn write(scope: &Scope<'_>, params: &Params, key: &str, fields: &[&str], life: Option<i64>) -> Result<Answer> {
    let wrong = |param: &'static str| Error::new(Code::InvalidParam).with("param", param);
    let value: Map<String, Value> = params.raw("value").and_then(Value::as_object).cloned().ok_or_else(|| wrong("value"))?;
    let is_text = |field: &&str| value.get(*field).and_then(Value::as_str).is_some_and(|text| !text.is_empty());
    if !fields.iter().all(is_text) || Value::Object(value.clone()).to_string().len() > LONGEST_VALUE {
        return Err(wrong("value"));
    }
    let life = match params.raw("expiresIn").and_then(Value::as_f64) {
        None => life,
        Some(-1.0) => None,
        Some(seconds) if (1.0..=1e9).contains(&seconds) => Some(seconds as i64),
        Some(_) => return Err(wrong("expiresIn")),
    };
    scope.state.open_bridge.data.write(key, &value, life).await?;
    Ok(Answer::ok().with("errMsg", ""))
}

/// Removes a value. That there was none is no error.
pub(super) async fn remove(scope: &Scope<'_>, key: &str) -> Result<Answer> {
    scope.state.open_bridge.data.remove(key).await?;
    Ok(Answer::ok().with("errMsg", ""))
}
