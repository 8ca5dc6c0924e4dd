//! Whom QQ, Alipay, Apple and the mobile networks vouch for: what logging in and binding share.

mod alipay;
mod apple;
mod qq;
mod univerify;

pub use alipay::AlipayApplication;
pub use apple::AppleApplication;
pub use qq::{QqApplication, QqProof, QqVisitor};
pub use univerify::UniverifyService;

use lingpai_domain::error::{Code, Error, Result};
use serde_json::Value;

use crate::pipeline::Scope;

/// A text of `oauth.<section>` as the caller's platform has it, or the error that names it.
fn configured<'a>(scope: &'a Scope<'_>, section: &str, field: &str) -> Result<&'a str> {
    let value = scope.config.oauth.get(section).and_then(|section| section.get(field)).and_then(Value::as_str);
    value.filter(|text| !text.is_empty()).ok_or_else(|| missing(place(scope, section, field)))
}

/// Where a field of `oauth` stands in `uni-id/config.json`.
fn place(scope: &Scope<'_>, section: &str, field: &str) -> String {
    format!("{}.oauth.{section}.{field}", scope.client.platform)
}

fn missing(field: impl Into<String>) -> Error {
    Error::new(Code::ConfigFieldRequired).with("field", field.into())
}
