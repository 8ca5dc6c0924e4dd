//! Alipay's mini programs.

use lingpai_domain::{
    account::{ThirdParty, ThirdPartyAccount},
    error::{Code, Error, Result},
    secret::Secret,
};
use lingpai_providers::{
    alipay,
    rsa_key::{RsaKey, RsaPublicKey},
};
use serde_json::Value;

use super::{configured, place};
use crate::pipeline::{Scope, config_error};

/// The application at Alipay.
pub struct AlipayApplication(alipay::AlipayApplication);

impl AlipayApplication {
    /// What is configured.
    ///
    /// # Errors
    /// [`Code::ConfigFieldRequired`] names what is missing, [`Code::ConfigFieldInvalid`] a key that is none.
    pub fn of(scope: &Scope<'_>) -> Result<Self> {
        let appid = configured(scope, "alipay", "appid")?.to_owned();
        let key = RsaKey::parse(&Secret::new(configured(scope, "alipay", "privateKey")?));
        let key = key.map_err(|error| config_error(&place(scope, "alipay", "privateKey")).caused_by(error))?;
        let section = scope.config.oauth.get("alipay");
        // Once it is given it is demanded of every answer: a wrong one is an error, not none.
        let alipay = match section.and_then(|section| section.get("alipayPublicKey")) {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) if text.is_empty() => None,
            Some(text) => {
                let key = RsaPublicKey::parse(text.as_str().unwrap_or_default());
                Some(key.map_err(|error| config_error(&place(scope, "alipay", "alipayPublicKey")).caused_by(error))?)
            }
        };
        Ok(Self(alipay::AlipayApplication { appid, key, alipay }))
    }

    /// Asks Alipay whom a code stands for. The code is spent by it.
    ///
    /// # Errors
    /// [`Code::GetThirdPartyAccountFailed`] if Alipay does not say.
    pub async fn account(&self, scope: &Scope<'_>, code: &str) -> Result<ThirdPartyAccount> {
        let failed = || Error::new(Code::GetThirdPartyAccountFailed);
        let openid = scope.state.upstreams.alipay.account(&self.0, code).await;
        let openid = openid.map_err(|error| failed().caused_by(error))?;
        ThirdPartyAccount::new(ThirdParty::Alipay, &openid).ok_or_else(failed)
    }
}
