//! Migrations: forward only, embedded, each in one transaction.

use std::sync::Arc;

use lingpai_domain::store::StoreError;
use rusqlite::Connection;

use super::failure::Failure;
use crate::OpenError;

mod embedded {
    refinery::embed_migrations!("migrations/sqlite");
}

/// Brings the schema up to date, or (`migrate` off) makes sure that it is.
///
/// # Errors
/// [`OpenError::Newer`] and [`OpenError::NotMigrated`]; otherwise what SQLite says.
pub fn prepare(connection: &mut Connection, migrate: bool) -> Result<(), OpenError> {
    let runner = embedded::migrations::runner();
    let known = runner.get_migrations().iter().map(|m| i64::from(m.version())).max().unwrap_or(0);
    let found = version(connection).map_err(Failure::classify)?;
    if found > known {
        return Err(OpenError::Newer { found, known });
    }
    if found < known && !migrate {
        return Err(OpenError::NotMigrated { found, known });
    }
    if found < known {
        runner.run(connection).map_err(|error| StoreError::Failed(Arc::new(error)))?;
    }
    Ok(())
}

/// The schema's number, 0 for an empty database.
fn version(connection: &Connection) -> Result<i64, Failure> {
    let exists: bool = connection.query_row(
        "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'refinery_schema_history')",
        (),
        |row| row.get(0),
    )?;
    if !exists {
        return Ok(0);
    }
    Ok(connection.query_row("SELECT COALESCE(MAX(version), 0) FROM refinery_schema_history", (), |row| row.get(0))?)
}
