//! Databases that are made for one test and dropped after it.

use tokio_postgres::{Client, NoTls};

use super::PostgresStore;
use crate::Options;

/// A database of a name that nothing else has. Dropping this value drops the database, connections
/// to it or not.
pub struct FreshDatabase {
    admin_url: String,
    name: String,
    url: String,
}

/// Makes a database beside the one that `admin_url` names, and opens a store in it.
///
/// # Panics
/// If the server cannot be reached or refuses: a test without its database has failed.
pub async fn fresh_database(admin_url: &str, options: &Options) -> (PostgresStore, FreshDatabase) {
    let database = FreshDatabase::create(admin_url).await;
    let store = PostgresStore::open(database.url(), options).await.expect("the fresh database opens");
    (store, database)
}

impl FreshDatabase {
    /// Makes an empty database.
    ///
    /// # Panics
    /// If the server cannot be reached or refuses.
    pub async fn create(admin_url: &str) -> Self {
        let client = connect(admin_url).await;
        // The server's randomness makes the name.
        let row = client.query_one("SELECT 'lingpai_test_' || replace(gen_random_uuid()::text, '-', '')", &[]).await;
        let name: String = row.expect("a name for the database").get(0);
        let create = format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'");
        client.batch_execute(&create).await.expect("the database is made");
        Self { admin_url: admin_url.to_owned(), url: with_database(admin_url, &name), name }
    }

    /// Its URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A connection of its own, for what an operator might do by hand.
    ///
    /// # Panics
    /// If the server cannot be reached or refuses.
    pub async fn connect(&self) -> Client {
        connect(&self.url).await
    }
}

impl Drop for FreshDatabase {
    fn drop(&mut self) {
        let (url, statement) = (self.admin_url.clone(), format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
        // A thread with a runtime of its own: the test's runtime may be on its way out.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async move {
                let (client, connection) = tokio_postgres::connect(&url, NoTls).await.map_err(std::io::Error::other)?;
                tokio::spawn(connection);
                client.batch_execute(&statement).await.map_err(std::io::Error::other)
            })
        });
        if !matches!(dropped.join(), Ok(Ok(()))) {
            tracing::warn!(database = self.name, "a test's database could not be dropped");
        }
    }
}

async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("the test server can be reached");
    tokio::spawn(connection);
    client
}

/// The URL with another database's name.
fn with_database(url: &str, name: &str) -> String {
    let (base, query) = url.split_once('?').map_or((url, None), |(base, query)| (base, Some(query)));
    let authority = base.find("://").map_or(0, |at| at + 3);
    let end = base[authority..].find('/').map_or(base.len(), |at| authority + at);
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    format!("{}/{name}{query}", &base[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_database_is_replaced() {
        assert_eq!(with_database("postgres://u:p@h:1/old?host=/tmp", "new"), "postgres://u:p@h:1/new?host=/tmp");
        assert_eq!(with_database("postgres://h", "new"), "postgres://h/new");
    }
}
