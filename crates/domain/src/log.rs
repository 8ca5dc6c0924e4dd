//! Rows of `uni-id-log`, the account log.

use serde_json::{Map, Value};

use crate::{account::IdentityKind, store::NewDelivery};

/// `type` of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LogType {
    /// Registration.
    Register,
    /// Any login, and (as in the original) setting a password by SMS.
    Login,
    /// Logout.
    Logout,
    /// A password was reset.
    ResetPwd,
    /// A mobile number was bound.
    BindMobile,
    /// WeChat was bound.
    BindWeixin,
    /// QQ was bound.
    BindQq,
    /// Alipay was bound.
    BindAlipay,
    /// An Apple account was bound.
    BindApple,
    /// Binding an e-mail address (ours).
    BindEmail,
    /// A passkey was added (ours).
    BindPasskey,
    /// A passkey was removed (ours).
    UnbindPasskey,
    /// Unbinding an e-mail address (ours).
    UnbindEmail,
    /// Unbinding a mobile number (ours).
    UnbindMobile,
    /// WeChat was unbound.
    UnbindWeixin,
    /// QQ was unbound.
    UnbindQq,
    /// Alipay was unbound.
    UnbindAlipay,
    /// An Apple account was unbound.
    UnbindApple,
}

impl LogType {
    /// The wire's name.
    pub const fn wire(self) -> &'static str {
        match self {
            LogType::Register => "register",
            LogType::Login => "login",
            LogType::Logout => "logout",
            LogType::ResetPwd => "reset-pwd",
            LogType::BindMobile => "bind-mobile",
            LogType::BindWeixin => "bind-weixin",
            LogType::BindQq => "bind-qq",
            LogType::BindAlipay => "bind-alipay",
            LogType::BindApple => "bind-apple",
            LogType::BindEmail => "bind-email",
            LogType::BindPasskey => "bind-passkey",
            LogType::UnbindPasskey => "unbind-passkey",
            LogType::UnbindEmail => "unbind-email",
            LogType::UnbindMobile => "unbind-mobile",
            LogType::UnbindWeixin => "unbind-weixin",
            LogType::UnbindQq => "unbind-qq",
            LogType::UnbindAlipay => "unbind-alipay",
            LogType::UnbindApple => "unbind-apple",
        }
    }
}

/// Whom a row is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogSubject {
    /// A known user: `user_id`.
    User(String),
    /// What was typed, under its field's name (`username`, `mobile`, `email`).
    Identifier(IdentityKind, String),
    /// Nobody in particular.
    Nobody,
}

impl LogSubject {
    /// A known user whose failures are counted: the row says the same as that of [`Self::User`],
    /// and can be asked for by [`Self::user_field`].
    pub fn counted_user(uid: &str) -> Self {
        Self::Identifier(Self::user_field(), uid.to_owned())
    }

    /// Under which field such rows are found.
    pub fn user_field() -> IdentityKind {
        IdentityKind::Foreign("user_id".into())
    }
}

/// One row.
#[derive(Clone, Debug, PartialEq)]
pub struct LogRow {
    /// `_id`.
    pub id: String,
    /// The application.
    pub appid: String,
    /// `device_id`, absent when the client sent none.
    pub device_id: Option<String>,
    /// The client's address.
    pub ip: String,
    /// `type`.
    pub kind: LogType,
    /// The client's user agent.
    pub ua: String,
    /// Milliseconds since the epoch.
    pub create_date: i64,
    /// Whom it is about.
    pub subject: LogSubject,
    /// Whether it succeeded: `state` 1 or 0.
    pub success: bool,
    /// Deliveries to webhooks that are stored together with the row.
    pub told: Vec<NewDelivery>,
}

impl LogRow {
    /// The document as the collection shows it.
    pub fn to_document(&self) -> Map<String, Value> {
        let mut doc = Map::new();
        doc.insert("_id".into(), self.id.clone().into());
        doc.insert("appid".into(), self.appid.clone().into());
        if let Some(device) = &self.device_id {
            doc.insert("device_id".into(), device.clone().into());
        }
        doc.insert("ip".into(), self.ip.clone().into());
        doc.insert("type".into(), self.kind.wire().into());
        doc.insert("ua".into(), self.ua.clone().into());
        doc.insert("create_date".into(), self.create_date.into());
        match &self.subject {
            LogSubject::User(uid) => {
                doc.insert("user_id".into(), uid.clone().into());
            }
            LogSubject::Identifier(kind, value) => {
                doc.insert(kind.wire().into(), value.clone().into());
            }
            LogSubject::Nobody => {}
        }
        doc.insert("state".into(), i64::from(self.success).into());
        doc
    }
}
