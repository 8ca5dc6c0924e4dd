//! Alipay's mini programs.

use lingpai_domain::{
    account::{ThirdParty, ThirdPartyAccount},
    error::{Code, Error, Result},
    secret::Secret,
};
use lingpai_providers::rsa_key::RsaKey;

use super::{configured, place};
use crate::pipeline::{Scope, config_error};

/// The application at Alipay.
pub struct AlipayApplication {
    appid: String,
    key: RsaKey,
}

impl AlipayApplication {
    /// What is configured.
    ///
    /// # Errors
    /// [`Code::ConfigFieldRequired`] names what is missing, [`Code::ConfigFieldInvalid`] a key that is none.
    pub fn of(scope: &Scope<'_>) -> Result<Self> {
        let appid = configured(scope, "alipay", "appid")?.to_owned();
        let key = RsaKey::parse(&Secret::new(configured(scope, "alipay", "privateKey")?));
        let key = key.map_err(|error| config_error(&place(scope, "alipay", "privateKey")).caused_by(error))?;
        Ok(Self { appid, key })
    }

    /// Asks Alipay whom a code stands for. The code is spent by it.
    ///
    /// # Errors
    /// [`Code::GetThirdPartyAccountFailed`] if Alipay does not say.
    pub async fn account(&self, scope: &Scope<'_>, code: &str) -> Result<ThirdPartyAccount> {
        let failed = || Error::new(Code::GetThirdPartyAccountFailed);
        let openid = scope.state.upstreams.alipay.account(&self.appid, &self.key, code).await;
        let openid = openid.map_err(|error| failed().caused_by(error))?;
        ThirdPartyAccount::new(ThirdParty::Alipay, &openid).ok_or_else(failed)
    }
}
