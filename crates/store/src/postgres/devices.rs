//! Devices that push messages reach: `uni-id-device` and `opendb-device`.

use lingpai_domain::store::PushDevice;
use postgres_types::Json;

use super::{
    PostgresStore,
    failure::Failure,
    statements::{column, only},
    text::storable,
};
use crate::document::{PushRows, text};

impl PostgresStore {
    pub(super) async fn device_put_push(&self, device: &PushDevice) -> Result<bool, Failure> {
        let documents = PushRows::from(device);
        let [user_row, device_row] = &device.ids;
        let rows = self
            .write(
                "SELECT lingpai_put_push_device($1, $2, $3, $4, $5, $6, $7, $8)",
                &[
                    &storable(&device.device_id),
                    &text(&device.of_user, "user_id").as_deref().map(storable),
                    &storable(user_row),
                    &Json(&documents.of_user),
                    &Json(&documents.new_of_user),
                    &storable(device_row),
                    &Json(&documents.of_device),
                    &Json(&documents.new_of_device),
                ],
            )
            .await?;
        column(&only(rows)?, 0)
    }
}
