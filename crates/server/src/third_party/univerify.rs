//! One-click sign-in: numbers that the mobile networks vouch for.

use lingpai_domain::{
    error::{Code, Error, Result},
    secret::Secret,
};
use lingpai_providers::univerify::Univerify;
use serde_json::Value;

use super::missing;
use crate::{config::settings::Univerify as Settings, pipeline::Scope};

/// The application at the service.
pub struct UniverifyService<'a> {
    service: &'a Univerify,
    appid: Option<&'a str>,
    key: Secret,
}

impl<'a> UniverifyService<'a> {
    /// What is configured.
    ///
    /// # Errors
    /// [`Code::ConfigFieldRequired`] names what is missing.
    pub fn of(scope: &'a Scope<'a>) -> Result<Self> {
        let field = |name: &str| {
            let value = scope.config.service.get("univerify").and_then(|service| service.get(name)).and_then(Value::as_str);
            value.filter(|text| !text.is_empty())
        };
        let service = scope.state.upstreams.univerify.as_ref().ok_or_else(|| missing("providers.univerify.base_url"))?;
        let key = match &scope.state.settings.providers.univerify {
            Some(Settings::Function { secret: Some(secret), .. }) => Some(secret.clone()),
            _ => field("apiSecret").map(Secret::new),
        };
        let key = match key {
            None if service.takes_application_key() => return Err(missing("service.univerify.apiSecret")),
            key => key.unwrap_or_default(),
        };
        Ok(Self { service, appid: field("appid"), key })
    }

    /// Asks for the number behind a client's token.
    ///
    /// # Errors
    /// [`Code::GetThirdPartyAccountFailed`] if the service does not say.
    pub async fn mobile(&self, access_token: &str, openid: &str) -> Result<String> {
        let asked = self.service.mobile(self.appid, &self.key, access_token, openid).await;
        asked.map_err(|error| Error::new(Code::GetThirdPartyAccountFailed).caused_by(error))
    }
}
