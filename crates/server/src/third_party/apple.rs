//! Sign in with Apple.

use lingpai_domain::{
    account::{ThirdParty, ThirdPartyAccount},
    error::{Code, Error, Result},
};
use serde_json::Value;

use super::{missing, place};
use crate::pipeline::Scope;

/// The applications whose users may sign in.
pub struct AppleApplication {
    bundle_ids: Vec<String>,
}

impl AppleApplication {
    /// `oauth.apple.bundleId`: one, or (ours) a list, as for an app and a website of one developer.
    ///
    /// # Errors
    /// [`Code::ConfigFieldRequired`] if there is none.
    pub fn of(scope: &Scope<'_>) -> Result<Self> {
        let bundle_ids: Vec<String> = match scope.config.oauth.get("apple").and_then(|apple| apple.get("bundleId")) {
            Some(Value::String(id)) if !id.is_empty() => vec![id.clone()],
            Some(Value::Array(ids)) => ids.iter().filter_map(Value::as_str).filter(|id| !id.is_empty()).map(str::to_owned).collect(),
            _ => Vec::new(),
        };
        if bundle_ids.is_empty() { Err(missing(place(scope, "apple", "bundleId"))) } else { Ok(Self { bundle_ids }) }
    }

    /// Checks an identity token of Apple's.
    ///
    /// # Errors
    /// [`Code::GetThirdPartyAccountFailed`] if it is not one for this application.
    pub async fn account(&self, scope: &Scope<'_>, token: &str, nonce: Option<&str>) -> Result<ThirdPartyAccount> {
        let failed = || Error::new(Code::GetThirdPartyAccountFailed);
        let identity = scope.state.upstreams.apple.identity(token, &self.bundle_ids, nonce).await;
        let identity = identity.map_err(|error| failed().caused_by(error))?;
        ThirdPartyAccount::new(ThirdParty::Apple, &identity.subject).ok_or_else(failed)
    }
}
