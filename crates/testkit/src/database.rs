//! Empty databases for tests, of either engine.

use std::{
    path::Path,
    str::FromStr,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use anyhow::{Context, Result, bail};
use lingpai_store::postgres::testing::template;
use tempfile::TempDir;
use tokio_postgres::NoTls;

use crate::FrozenClock;

/// Names the administrator's URL of the PostgreSQL server that tests use.
const ADMIN_URL: &str = "LINGPAI_TEST_POSTGRES";

/// Which database a test runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// A file in a temporary folder.
    Sqlite,
    /// A database of its own on the server that `LINGPAI_TEST_POSTGRES` names.
    Postgres,
}

impl Engine {
    /// Both.
    pub const ALL: [Engine; 2] = [Engine::Sqlite, Engine::Postgres];
}

impl FromStr for Engine {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "sqlite" => Ok(Engine::Sqlite),
            "postgres" => Ok(Engine::Postgres),
            _ => Err("sqlite or postgres".into()),
        }
    }
}

/// An empty database.
#[derive(Debug)]
pub struct TestDatabase {
    url: String,
    _folder: Option<TempDir>,
    postgres: Option<Postgres>,
}

#[derive(Debug)]
struct Postgres {
    admin: String,
    name: String,
}

impl TestDatabase {
    /// Makes one.
    ///
    /// # Errors
    /// If there is no folder for it, no PostgreSQL server, or no right to make databases there.
    pub async fn create(engine: Engine) -> Result<Self> {
        match engine {
            Engine::Sqlite => {
                let folder = tempfile::tempdir()?;
                let url = sqlite_url(folder.path());
                Ok(Self { url, _folder: Some(folder), postgres: None })
            }
            Engine::Postgres => Self::copy(admin()?, "template0").await,
        }
    }

    /// Makes one that has the present schema, where that is quicker than to bring it up to date when it is opened.
    ///
    /// # Errors
    /// As [`TestDatabase::create`].
    pub async fn migrated(engine: Engine) -> Result<Self> {
        match engine {
            Engine::Sqlite => Self::create(engine).await,
            Engine::Postgres => {
                let admin = admin()?;
                let options = lingpai_store::Options::new(Arc::new(FrozenClock::default()));
                let template = template(&admin, &options).await.context("the PostgreSQL server of the tests")?;
                Self::copy(admin, &template).await
            }
        }
    }

    async fn copy(admin: String, template: &str) -> Result<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("lingpai_testkit_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let postgres = Postgres { admin, name };
        let client = connect(&postgres.admin).await?;
        // One of that name can only be left over from a process that was killed.
        client.batch_execute(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", postgres.name)).await?;
        client.batch_execute(&format!("CREATE DATABASE {} TEMPLATE {template}", postgres.name)).await?;
        Ok(Self { url: postgres.url()?, _folder: None, postgres: Some(postgres) })
    }

    /// What `lingpai_store::open` and `--database` take.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The same database for a further program. It stays as long as the first handle does.
    pub fn shared(&self) -> Self {
        Self { url: self.url.clone(), _folder: None, postgres: None }
    }

    /// Empties all tables but the one that lists the migrations. Nobody may be using it.
    ///
    /// # Errors
    /// If the server fails. A file is not emptied, but replaced: see [`TestDatabase::create`].
    pub async fn clear(&self) -> Result<()> {
        if self.postgres.is_none() {
            bail!("only a PostgreSQL database is emptied");
        }
        let client = connect(&self.url).await?;
        let tables = "SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE 'refinery%'";
        // For a few rows much faster than TRUNCATE. As a replica, without triggers that would note it.
        let mut script = String::from("BEGIN; SET LOCAL session_replication_role = replica;");
        for row in client.query(tables, &[]).await? {
            let name: String = row.get(0);
            script.push_str(&format!("DELETE FROM {name};"));
        }
        script.push_str("COMMIT");
        Ok(client.batch_execute(&script).await?)
    }

    /// Removes it. Whoever still uses it is disconnected.
    ///
    /// # Errors
    /// If the server fails.
    pub async fn remove(self) -> Result<()> {
        match self.postgres {
            Some(postgres) => postgres.execute(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", postgres.name)).await,
            None => Ok(()),
        }
    }
}

fn admin() -> Result<String> {
    std::env::var(ADMIN_URL).with_context(|| format!("{ADMIN_URL} must name a PostgreSQL server (`make test` starts one)"))
}

/// A database in a file of a folder.
pub fn sqlite_url(folder: &Path) -> String {
    format!("sqlite:{}", folder.join("lingpai.db").display())
}

impl Postgres {
    fn url(&self) -> Result<String> {
        let (server, query) = self.admin.split_once('?').map_or((self.admin.as_str(), ""), |(server, query)| (server, query));
        let scheme = server.find("://").with_context(|| format!("{ADMIN_URL} is not a URL"))? + 3;
        let authority = server[scheme..].find('/').map_or(server.len(), |at| scheme + at);
        let query = if query.is_empty() { String::new() } else { format!("?{query}") };
        Ok(format!("{}/{}{query}", &server[..authority], self.name))
    }

    async fn execute(&self, statement: &str) -> Result<()> {
        Ok(connect(&self.admin).await?.batch_execute(statement).await?)
    }
}

async fn connect(url: &str) -> Result<tokio_postgres::Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.context("the PostgreSQL server of the tests")?;
    // It ends with the client.
    tokio::spawn(connection);
    Ok(client)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_databases_name_replaces_the_administrators() {
        for (admin, url) in [
            ("postgres://u:p@127.0.0.1:5432/postgres", "postgres://u:p@127.0.0.1:5432/n"),
            ("postgres://u@127.0.0.1:5432", "postgres://u@127.0.0.1:5432/n"),
            ("postgres://u@/postgres?host=/run/pg&port=1", "postgres://u@/n?host=/run/pg&port=1"),
        ] {
            assert_eq!(Postgres { admin: admin.into(), name: "n".into() }.url().unwrap(), url);
        }
    }
}
