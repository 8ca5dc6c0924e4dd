//! A whole program in a temporary folder.

mod builder;
mod calls;

use std::{net::SocketAddr, path::Path, sync::Arc};

use anyhow::{Context, Result};
use lingpai_domain::store::{COLLECTIONS, Store};
use serde_json::{Map, Value};
use tempfile::TempDir;

pub use builder::{Mode, TestAppBuilder};
pub use calls::{Call, Reply};

use crate::{
    clock::FrozenClock,
    database::TestDatabase,
    gateways::{RecordingMail, RecordingSms},
    random::SeededRandom,
};

/// The client space that test programs serve.
pub const SPACE: crate::client_protocol::Space<'static> =
    crate::client_protocol::Space { id: "test-space", secret: "test-space-client-secret" };

/// What creating the first administrator takes in production mode.
pub const SETUP_TOKEN: &str = "the set-up token of test programs";

/// A running program with a clock, randomness and gateways that the test holds.
///
/// ```no_run
/// # async fn example() -> anyhow::Result<()> {
/// let app = lingpai_testkit::TestApp::builder().start().await?;
/// let captcha = app.captcha("register").await?;
/// let params = serde_json::json!({"username": "alice", "password": "pass123456", "captcha": captcha});
/// let token = app.call("registerUser", params).await?.token()?;
/// assert_eq!(app.call_as(&token, "getAccountInfo", serde_json::json!({})).await?.code(), 0);
/// app.stop().await
/// # }
/// ```
pub struct TestApp {
    /// Turned by the test.
    pub clock: Arc<FrozenClock>,
    /// Repeats itself.
    pub random: Arc<SeededRandom>,
    /// Short messages end here.
    pub sms: Arc<RecordingSms>,
    /// Mails end here.
    pub mail: Arc<RecordingMail>,
    /// The program's own store.
    pub store: Arc<dyn Store>,
    app: lingpai_server::App,
    http: reqwest::Client,
    database: TestDatabase,
    folder: TempDir,
}

impl TestApp {
    /// Development mode on SQLite, without limits, unless told otherwise.
    pub fn builder() -> TestAppBuilder {
        TestAppBuilder::default()
    }

    /// Where the program listens.
    pub fn address(&self) -> SocketAddr {
        self.app.address()
    }

    /// A URL of the program.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address())
    }

    /// An HTTP client that uses no proxy.
    pub fn http(&self) -> &reqwest::Client {
        &self.http
    }

    /// The folder with the program's data and configuration.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The database that the program keeps everything in.
    pub fn database(&self) -> &TestDatabase {
        &self.database
    }

    /// The running program.
    pub fn program(&self) -> &lingpai_server::App {
        &self.app
    }

    /// All documents of a collection, in the order of insertion.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn documents(&self, collection: &str) -> Result<Vec<Map<String, Value>>> {
        export_all(&*self.store, collection).await
    }

    /// The document of a collection with this `_id`.
    ///
    /// # Errors
    /// If the store fails or there is none.
    pub async fn document(&self, collection: &str, id: &str) -> Result<Map<String, Value>> {
        let found = self.documents(collection).await?.into_iter().find(|doc| doc.get("_id").and_then(Value::as_str) == Some(id));
        found.with_context(|| format!("{collection} has no {id}"))
    }

    /// Stores a document, as an import does.
    ///
    /// # Errors
    /// If the store fails or `doc` is no object.
    pub async fn put(&self, collection: &str, doc: Value) -> Result<()> {
        let doc = doc.as_object().context("a document is an object")?;
        Ok(self.store.put(collection, doc).await?)
    }

    /// Lets the program hear what was changed behind its back, as it does by itself within a second.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn hear_news(&self) -> Result<()> {
        let state = self.app.state();
        Ok(state.sessions.ask(&state.base).await?)
    }

    /// Ends the program and removes everything it wrote.
    ///
    /// # Errors
    /// If the program does not end well.
    pub async fn stop(self) -> Result<()> {
        self.stop_and_keep_database().await?.remove().await
    }

    /// Ends the program and hands the database back.
    ///
    /// # Errors
    /// If the program does not end well.
    pub async fn stop_and_keep_database(self) -> Result<TestDatabase> {
        let Self { app, store, database, .. } = self;
        app.stop().await;
        drop(store);
        Ok(database)
    }
}

/// All documents of a collection, in the order of insertion.
///
/// # Errors
/// If the store fails.
pub async fn export_all(store: &dyn Store, collection: &str) -> Result<Vec<Map<String, Value>>> {
    const PAGE: usize = 1_000;
    let mut documents: Vec<Map<String, Value>> = Vec::new();
    loop {
        let after = documents.last().and_then(|doc| doc.get("_id")).and_then(Value::as_str).map(str::to_owned);
        let page = store.export(collection, after.as_deref(), PAGE).await?;
        let is_last = page.len() < PAGE;
        documents.extend(page);
        if is_last {
            return Ok(documents);
        }
    }
}

/// All documents of all collections that the original has.
///
/// # Errors
/// If the store fails.
pub async fn export_everything(store: &dyn Store) -> Result<crate::replay::changes::Snapshot> {
    let mut snapshot = crate::replay::changes::Snapshot::new();
    // What only this program keeps has no counterpart in a recording.
    for collection in COLLECTIONS.iter().filter(|name| !name.starts_with("lingpai-")) {
        let documents = export_all(store, collection).await?;
        if !documents.is_empty() {
            snapshot.insert((*collection).to_owned(), documents);
        }
    }
    Ok(snapshot)
}
