//! What a mini program puts into the envelope.

use serde::{Deserialize, Serialize};

/// The payload, with its keys in the client's order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Payload {
    /// The JSON text of the arguments; for cloud objects of `{method, params}`; `{}` for a verification alone.
    pub data: String,
    /// The DCloud appId.
    pub app_id: String,
    /// The device's id.
    pub device_id: String,
    /// The mini program's own appid.
    pub wx_app_id: String,
    /// Whether the client runs in a simulator.
    pub simulator: bool,
    /// Milliseconds since the Unix epoch.
    pub timestamp: i64,
}
