//! A fresh store for a test, and the macro that runs a test on both engines.

use std::{
    any::Any,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use lingpai_domain::{clock::Clock, store::Store};
use lingpai_store::{Options, postgres::testing::fresh_database, sqlite::SqliteStore};
use serde_json::{Map, Value};

/// Makes a test on each engine of every function named.
macro_rules! on_every_store {
    ($($test:ident),+ $(,)?) => {
        mod sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    super::$test(&$crate::database::Database::sqlite()).await;
                }
            )+
        }
        mod postgres {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    super::$test(&$crate::database::Database::postgres().await).await;
                }
            )+
        }
    };
}
pub(crate) use on_every_store;

/// The time at which tests begin, in milliseconds.
pub const NOW: i64 = 1_760_000_000_000;

/// A clock turned by hand.
pub struct TestClock(AtomicI64);

impl TestClock {
    /// Turns it on.
    pub fn advance(&self, ms: i64) {
        self.0.fetch_add(ms, Ordering::Relaxed);
    }
}

impl Clock for TestClock {
    fn now_ms(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// An empty store that goes away with the test.
pub struct Database {
    pub store: Arc<dyn Store>,
    pub clock: Arc<TestClock>,
    place: Place,
    _guard: Box<dyn Any + Send + Sync>,
}

/// Where the data is, for what no port can do.
enum Place {
    Sqlite(PathBuf),
    Postgres(String),
}

impl Database {
    /// Runs statements that both engines understand, behind the store's back: for more data than its ports
    /// would take in a test's time. `DOCUMENT` stands for the type of documents.
    pub async fn execute(&self, sql: &str) {
        match &self.place {
            Place::Sqlite(path) => {
                let connection = rusqlite::Connection::open(path).expect("the file opens");
                connection.busy_timeout(std::time::Duration::from_secs(30)).expect("a timeout is set");
                connection.execute_batch(&sql.replace("DOCUMENT", "text")).expect("the statements run");
            }
            Place::Postgres(url) => {
                let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.expect("a connection");
                let served = tokio::spawn(connection);
                client.batch_execute(&sql.replace("DOCUMENT", "json")).await.expect("the statements run");
                drop(client);
                served.await.expect("the connection ends").expect("the connection ends well");
            }
        }
    }

    pub fn sqlite() -> Self {
        let clock = Arc::new(TestClock(AtomicI64::new(NOW)));
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("test.db");
        let store = SqliteStore::open(&path, &Options::new(clock.clone())).expect("the store opens");
        Self { store: Arc::new(store), clock, place: Place::Sqlite(path), _guard: Box::new(folder) }
    }

    pub async fn postgres() -> Self {
        let Ok(url) = std::env::var("LINGPAI_TEST_POSTGRES") else {
            panic!("LINGPAI_TEST_POSTGRES must hold the URL of a PostgreSQL server for tests: run `make test`, which starts one");
        };
        let clock = Arc::new(TestClock(AtomicI64::new(NOW)));
        let (store, guard) = fresh_database(&url, &Options::new(clock.clone())).await;
        let place = Place::Postgres(guard.url().to_owned());
        Self { store: Arc::new(store), clock, place, _guard: Box::new(guard) }
    }

    /// Puts a document.
    pub async fn put(&self, collection: &str, doc: Value) {
        self.store.put(collection, &object(doc)).await.expect("the document is stored");
    }

    /// Puts a user.
    pub async fn put_user(&self, doc: Value) {
        self.put("uni-id-users", doc).await;
    }

    /// All documents of a collection.
    pub async fn export(&self, collection: &str) -> Vec<Value> {
        let documents = self.store.export(collection, None, 10_000).await.expect("the collection is exported");
        documents.into_iter().map(Value::from).collect()
    }

    /// The one document with this `_id`.
    pub async fn document(&self, collection: &str, id: &str) -> Value {
        let mut found = self.export(collection).await;
        found.retain(|doc| doc["_id"] == id);
        assert_eq!(found.len(), 1, "one {id} in {collection}");
        found.remove(0)
    }

    /// A user as the collection shows it.
    pub async fn exported_user(&self, uid: &str) -> Value {
        self.document("uni-id-users", uid).await
    }

    /// A user's tokens as the collection shows them; `null` if the field is absent.
    pub async fn tokens(&self, uid: &str) -> Value {
        self.exported_user(uid).await["token"].take()
    }

    /// A user's revision.
    pub async fn revision(&self, uid: &str) -> i64 {
        self.store.user(uid).await.expect("the user is read").expect("the user exists").revision
    }

    /// `_id`s of the log's rows.
    pub async fn log(&self) -> Vec<String> {
        self.export("uni-id-log").await.iter().map(|row| row["_id"].as_str().unwrap_or_default().to_owned()).collect()
    }
}

/// A JSON object's fields.
pub fn object(doc: Value) -> Map<String, Value> {
    if let Value::Object(doc) = doc { doc } else { panic!("{doc} is no object") }
}
