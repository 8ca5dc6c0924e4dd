//! Rows of `uni-id-device` and `opendb-device` for push messages.

use lingpai_domain::store::PushDevice;
use serde_json::{Map, Value};

/// What a [`PushDevice`] changes in rows that exist, and the rows if they do not.
pub struct PushRows {
    /// Changes of a row of `uni-id-device`.
    pub of_user: Map<String, Value>,
    /// A new row of `uni-id-device`.
    pub new_of_user: Map<String, Value>,
    /// Changes of a row of `opendb-device`.
    pub of_device: Map<String, Value>,
    /// A new row of `opendb-device`.
    pub new_of_device: Map<String, Value>,
}

impl From<&PushDevice> for PushRows {
    fn from(device: &PushDevice) -> Self {
        let [user_row, device_row] = &device.ids;
        let row = |id: &str, fields: &Map<String, Value>| {
            let mut row = Map::new();
            row.insert("_id".into(), id.into());
            row.extend(fields.clone());
            row.insert("_id".into(), id.into());
            row.insert("device_id".into(), device.device_id.as_str().into());
            row
        };
        let changes = |fields: &Map<String, Value>, kept: &[&str]| {
            let mut changes = fields.clone();
            changes.retain(|field, _| field != "_id" && field != "device_id" && !kept.contains(&field.as_str()));
            changes
        };
        let mut new_of_device = row(device_row, &device.of_device);
        new_of_device.insert("create_date".into(), device.now.into());
        Self {
            of_user: changes(&device.of_user, &["appid"]),
            new_of_user: row(user_row, &device.of_user),
            of_device: changes(&device.of_device, &["create_date"]),
            new_of_device,
        }
    }
}
