//! Devices that push messages reach: `uni-id-device` and `opendb-device`.

use lingpai_domain::store::PushDevice;
use rusqlite::{Connection, OptionalExtension};
use serde_json::{Map, Value};

use super::{collections, failure::Failure};
use crate::document::{PushRows, from_text};

/// See [`lingpai_domain::store::Store::put_push_device`].
pub fn put(connection: &Connection, device: &PushDevice) -> Result<bool, Failure> {
    let mut of_user = connection.prepare_cached("SELECT doc FROM devices WHERE device_id = ?1 ORDER BY seq LIMIT 2")?;
    let mut of_user = of_user.query_map([&device.device_id], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
    if of_user.len() > 1 {
        return Ok(false);
    }
    let rows = PushRows::from(device);
    let row = changed(of_user.pop(), rows.new_of_user, rows.of_user)?;
    collections::put(connection, "uni-id-device", &row)?;
    let mut of_device = connection.prepare_cached(
        "SELECT doc FROM documents WHERE collection = 'opendb-device' AND doc ->> '$.device_id' = ?1 ORDER BY seq LIMIT 1",
    )?;
    let of_device = of_device.query_row([&device.device_id], |row| row.get(0)).optional()?;
    let row = changed(of_device, rows.new_of_device, rows.of_device)?;
    collections::put(connection, "opendb-device", &row)?;
    Ok(true)
}

/// The old row with the changes, or else the new one.
fn changed(old: Option<String>, new: Map<String, Value>, changes: Map<String, Value>) -> Result<Map<String, Value>, Failure> {
    let Some(old) = old else { return Ok(new) };
    let mut row = from_text(&old)?;
    row.extend(changes);
    Ok(row)
}
