//! uni-open-bridge: the one place that holds and renews credentials of third parties, so that the parts
//! of a project do not void each other's.

mod access_token;
mod encrypt_key;
mod flights;
mod keys;
mod platform;
pub mod refresher;

pub use access_token::{AccessTokens, Credential, NoCredential, explain};
pub use encrypt_key::{NoSharedKey, SharedKey};
pub use keys::CredentialKey;
pub use platform::{BridgePlatform, Holder};

use lingpai_providers::weixin::Weixin;
use lingpai_store::redis::Redis;

use crate::{config::Settings, open_data::OpenData, state::Base};
use flights::Flights;

/// Credentials of third parties.
pub struct OpenBridge {
    /// Where they are kept.
    pub data: OpenData,
    /// Access tokens of applications at WeChat, and tickets.
    pub access_tokens: AccessTokens,
    weixin: Weixin,
    flights: Flights,
}

impl OpenBridge {
    /// Puts it together.
    pub fn new(base: &Base, settings: &Settings, weixin: Weixin, redis: Option<Redis>) -> Self {
        let data = OpenData::new(base.clone(), settings, redis);
        let access_tokens = AccessTokens::new(base.clone(), data.clone(), weixin.clone());
        Self { access_tokens, data, weixin, flights: Flights::default() }
    }
}
