//! uni-open-bridge: the one place that holds and renews credentials of third parties, so that the parts
//! of a project do not void each other's.

mod access_token;
mod flights;
mod keys;

pub use access_token::{AccessTokens, explain};
pub use keys::CredentialKey;

use crate::{config::Settings, open_data::OpenData, state::Base};

/// Credentials of third parties.
pub struct OpenBridge {
    /// Where they are kept.
    pub data: OpenData,
    /// Access tokens of applications at WeChat, and tickets.
    pub access_tokens: AccessTokens,
}

impl OpenBridge {
    /// Puts it together.
    pub fn new(base: &Base, settings: &Settings, weixin: lingpai_providers::weixin::Weixin) -> Self {
        let data = OpenData::new(base.clone(), settings);
        Self { access_tokens: AccessTokens::new(base.clone(), data.clone(), weixin), data }
    }
}
