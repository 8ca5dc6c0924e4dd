//! Files that clients uploaded.

use lingpai_domain::store::{FileAdded, FileQuota, FileRecord};

use super::{
    PostgresStore,
    failure::Failure,
    statements::{column, only},
    text::{original, storable},
};

impl PostgresStore {
    pub(super) async fn file_add(&self, file: &FileRecord, quota: FileQuota) -> Result<FileAdded, Failure> {
        let number = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
        let rows = self
            .write(
                "SELECT lingpai_add_file($1, $2, $3, $4, $5, $6, $7, $8, $9)",
                &[
                    &storable(&file.id),
                    &storable(file.owner.as_deref().unwrap_or_default()),
                    &storable(&file.app),
                    &storable(&file.cloud_path),
                    &number(file.size),
                    &storable(&file.media_type),
                    &file.created_at,
                    &number(quota.per_owner),
                    &number(quota.total),
                ],
            )
            .await?;
        match column::<&str>(&only(rows)?, 0)? {
            "done" => Ok(FileAdded::Done),
            "taken" => Ok(FileAdded::Taken),
            _ => Ok(FileAdded::OverQuota),
        }
    }

    pub(super) async fn file_by_id(&self, id: &str) -> Result<Option<FileRecord>, Failure> {
        let sql = "SELECT id, owner, app, cloud_path, size, media_type, created_at FROM files WHERE id = $1";
        let rows = self.read(sql, &[&storable(id)]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let text = |place| column::<String>(row, place).map(original);
        Ok(Some(FileRecord {
            id: text(0)?,
            owner: Some(text(1)?).filter(|owner| !owner.is_empty()),
            app: text(2)?,
            cloud_path: text(3)?,
            size: column::<i64>(row, 4)?.unsigned_abs(),
            media_type: text(5)?,
            created_at: column(row, 6)?,
        }))
    }

    pub(super) async fn file_remove(&self, id: &str, owner: Option<&str>) -> Result<bool, Failure> {
        let rows = self.write("SELECT lingpai_remove_file($1, $2)", &[&storable(id), &owner.map(storable)]).await?;
        column(&only(rows)?, 0)
    }
}
