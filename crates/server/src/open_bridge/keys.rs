//! Keys of credentials in `opendb-open-data`: `uni-id:<provider>:<appid>[:<openid>]:<kind>`, as
//! uni-open-bridge-common has had them since its 1.1.0.

/// Keys of one application at a third party.
#[derive(Clone, Copy, Debug)]
pub struct CredentialKey<'a> {
    provider: &'a str,
    appid: &'a str,
}

impl<'a> CredentialKey<'a> {
    /// `provider` is `weixin-mp`, say; `appid` the application's at that third party.
    pub const fn new(provider: &'a str, appid: &'a str) -> Self {
        Self { provider, appid }
    }

    /// The application's own token.
    pub fn access_token(self) -> String {
        format!("uni-id:{}:{}:access-token", self.provider, self.appid)
    }

    /// What pages of an official account sign their use of the JS-SDK with.
    pub fn ticket(self) -> String {
        format!("uni-id:{}:{}:ticket", self.provider, self.appid)
    }

    /// A user's token.
    pub fn user_access_token(self, openid: &str) -> String {
        format!("uni-id:{}:{}:{openid}:user-access-token", self.provider, self.appid)
    }

    /// A user's session key.
    pub fn session_key(self, openid: &str) -> String {
        format!("uni-id:{}:{}:{openid}:session-key", self.provider, self.appid)
    }

    /// A key of this version that a user's mini program and the server share.
    pub fn encrypt_key(self, openid: &str, version: i64) -> String {
        format!("uni-id:{}:{}:{openid}:encrypt-key-{version}", self.provider, self.appid)
    }

    /// Whom a mini program's code stood for at the handshake of the secure network.
    pub fn secure_network_code(dcloud_appid: &str, code: &str) -> String {
        format!("uni-id:{dcloud_appid}:weixin-mp:code:{code}:secure-network-cache")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_those_of_existing_projects() {
        let key = CredentialKey::new("weixin-mp", "wx1");
        assert_eq!(key.access_token(), "uni-id:weixin-mp:wx1:access-token");
        assert_eq!(key.ticket(), "uni-id:weixin-mp:wx1:ticket");
        assert_eq!(key.user_access_token("o"), "uni-id:weixin-mp:wx1:o:user-access-token");
        assert_eq!(key.session_key("o"), "uni-id:weixin-mp:wx1:o:session-key");
        assert_eq!(key.encrypt_key("o", 3), "uni-id:weixin-mp:wx1:o:encrypt-key-3");
        assert_eq!(CredentialKey::secure_network_code("__UNI__A", "c"), "uni-id:__UNI__A:weixin-mp:code:c:secure-network-cache");
    }
}
