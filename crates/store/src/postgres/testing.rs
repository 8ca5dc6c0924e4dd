//! Databases that are made for one test and dropped after it.

use tokio_postgres::{Client, NoTls};

use super::{PostgresStore, connect::Target, schema};
use crate::{OpenError, Options};

/// The advisory lock under which the template is made. Any fixed number would do.
const TEMPLATE_LOCK: i64 = 0x6c69_6e67_7061_6922;

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
    let template = template(admin_url, options).await.expect("the template is there");
    let database = FreshDatabase::copy(admin_url, &template).await;
    let store = PostgresStore::open(database.url(), options).await.expect("the fresh database opens");
    (store, database)
}

/// The name of a database with the present schema and nothing else, to make others from: copying it takes a quarter of what
/// the migrations take. Whichever test comes first makes it; it stays on the server.
///
/// # Errors
/// If the server cannot be reached or refuses.
pub async fn template(admin_url: &str, options: &Options) -> Result<String, OpenError> {
    let (client, connection) = tokio_postgres::connect(admin_url, NoTls).await.map_err(schema::classify)?;
    tokio::spawn(connection);
    let name = format!("lingpai_template_{:016x}", schema::fingerprint());
    let exists = "SELECT 1 FROM pg_database WHERE datname = $1";
    if client.query_opt(exists, &[&name]).await.map_err(schema::classify)?.is_some() {
        return Ok(name);
    }
    // Released with the connection.
    client.execute("SELECT pg_advisory_lock($1)", &[&TEMPLATE_LOCK]).await.map_err(schema::classify)?;
    if client.query_opt(exists, &[&name]).await.map_err(schema::classify)?.is_none() {
        // Under another name until it is whole.
        let unfinished = format!("{name}_unfinished");
        client.batch_execute(&format!("DROP DATABASE IF EXISTS {unfinished} WITH (FORCE)")).await.map_err(schema::classify)?;
        client.batch_execute(&create_from("template0", &unfinished)).await.map_err(schema::classify)?;
        schema::prepare(&Target::parse(&with_database(admin_url, &unfinished), options)?, true).await?;
        client.batch_execute(&format!("ALTER DATABASE {unfinished} RENAME TO {name}")).await.map_err(schema::classify)?;
    }
    Ok(name)
}

fn create_from(template: &str, name: &str) -> String {
    format!("CREATE DATABASE {name} TEMPLATE {template} ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'")
}

impl FreshDatabase {
    /// Makes an empty database.
    ///
    /// # Panics
    /// If the server cannot be reached or refuses.
    pub async fn create(admin_url: &str) -> Self {
        Self::copy(admin_url, "template0").await
    }

    async fn copy(admin_url: &str, template: &str) -> Self {
        let client = connect(admin_url).await;
        // The server's randomness makes the name.
        let row = client.query_one("SELECT 'lingpai_test_' || replace(gen_random_uuid()::text, '-', '')", &[]).await;
        let name: String = row.expect("a name for the database").get(0);
        client.batch_execute(&create_from(template, &name)).await.expect("the database is made");
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
