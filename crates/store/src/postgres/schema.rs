//! Migrations: forward only, embedded, each in one transaction.

use std::sync::Arc;

use lingpai_domain::store::StoreError;
use tokio_postgres::Client;

use super::{connect::Target, failure::Failure};
use crate::OpenError;

mod embedded {
    refinery::embed_migrations!("migrations/postgres");
}

/// The advisory lock under which one node migrates while others wait. Any fixed number would do.
const LOCK: i64 = 0x6c69_6e67_7061_6921;

/// Brings the schema up to date, or (`migrate` off) makes sure that it is.
///
/// # Errors
/// [`OpenError::Newer`] and [`OpenError::NotMigrated`]; otherwise what PostgreSQL says.
pub async fn prepare(target: &Target, migrate: bool) -> Result<(), OpenError> {
    let mut client = target.connect().await.map_err(Failure::classify)?;
    // Session-wide, released with the connection.
    client.execute("SELECT pg_advisory_lock($1)", &[&LOCK]).await.map_err(classify)?;
    let runner = embedded::migrations::runner();
    let known = runner.get_migrations().iter().map(|m| i64::from(m.version())).max().unwrap_or(0);
    let found = version(&client).await.map_err(classify)?;
    if found > known {
        return Err(OpenError::Newer { found, known });
    }
    if found < known && !migrate {
        return Err(OpenError::NotMigrated { found, known });
    }
    if found < known {
        runner.run_async(&mut client).await.map_err(|error| StoreError::Failed(Arc::new(error)))?;
    }
    Ok(())
}

/// A number that changes with any migration.
#[cfg(feature = "testing")]
pub fn fingerprint() -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    for migration in embedded::migrations::runner().get_migrations() {
        (migration.version(), migration.checksum()).hash(&mut hasher);
    }
    hasher.finish()
}

pub(super) fn classify(error: tokio_postgres::Error) -> StoreError {
    Failure::from(error).classify()
}

/// The schema's number, 0 for an empty database.
async fn version(client: &Client) -> Result<i64, tokio_postgres::Error> {
    let exists: bool = client.query_one("SELECT to_regclass('refinery_schema_history') IS NOT NULL", &[]).await?.try_get(0)?;
    if !exists {
        return Ok(0);
    }
    client.query_one("SELECT coalesce(max(version), 0)::bigint FROM refinery_schema_history", &[]).await?.try_get(0)
}
