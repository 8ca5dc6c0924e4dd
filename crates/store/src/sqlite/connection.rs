//! How connections are opened.

use std::{path::Path, time::Duration};

use rusqlite::{Connection, OpenFlags, config::DbConfig};

/// Pages that a reader keeps, in KiB. Every commit empties it, so it is small.
const READER_CACHE_KIB: i64 = 2_000;
/// Pages that the writer keeps, in KiB: the hot inner pages and leaves. Not more: whenever a page was
/// split, SQLite walks through all of them at the commit (it exchanges page numbers by way of one
/// far beyond the file's end), and what is missing here is in the system's cache.
const WRITER_CACHE_KIB: i64 = 8_000;
/// How many prepared statements a connection keeps: more than there are.
const STATEMENTS: usize = 128;

/// How much of the file readers see as memory, in bytes: reading a page costs no system call then.
/// It is the kernel's page cache, which is there anyway.
const MAPPED: i64 = 1 << 31;

/// A connection that writes.
pub fn writer(path: &Path, busy_timeout: Duration) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(busy_timeout)?;
    connection.pragma_update_and_check(None, "journal_mode", "wal", |row| match row.get_ref(0)?.as_str()? {
        "wal" => Ok(()),
        // Some network file systems cannot: then readers would hold up the writer and each other.
        _ => Err(rusqlite::Error::InvalidQuery),
    })?;
    // A commit that was answered is on disk.
    connection.pragma_update(None, "synchronous", "full")?;
    // Checkpoints have a thread of their own (see `checkpoint.rs`).
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    connection.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
    // The journals of savepoints stay in memory.
    connection.pragma_update(None, "temp_store", "memory")?;
    keep_statements(&connection)?;
    Ok(connection)
}

/// A connection that only reads.
pub fn reader(path: &Path, busy_timeout: Duration) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(busy_timeout)?;
    connection.pragma_update(None, "cache_size", -READER_CACHE_KIB)?;
    keep_statements(&connection)?;
    Ok(connection)
}

/// Makes a reader see the file as memory, or not.
pub fn map(connection: &Connection, mapped: bool) -> rusqlite::Result<()> {
    connection.pragma_update(None, "mmap_size", if mapped { MAPPED } else { 0 })
}

/// Statements are prepared once. By default SQLite prepares many again whenever their parameters
/// change, to look at the values for its plan; ours all have one good plan.
fn keep_statements(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `HAVE_FDATASYNC` beside it is none of the options that SQLite lists.
    #[test]
    fn sqlite_is_compiled_as_the_cargo_configuration_says() {
        let connection = Connection::open_in_memory().unwrap();
        let mut options = connection.prepare("PRAGMA compile_options").unwrap();
        let options: Vec<String> = options.query_map((), |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
        assert!(options.iter().any(|option| option == "DEFAULT_MEMSTATUS=0"), "{options:?}");
    }
}
