//! What only the store on PostgreSQL has: a server that comes and goes, encryption, other people's
//! transactions, texts that PostgreSQL cannot hold.

#[path = "../conformance/database.rs"]
#[expect(dead_code, unused_macros, unused_imports, reason = "shared with the conformance suite, which uses all of it")]
mod database;
#[path = "../conformance/samples.rs"]
#[expect(dead_code, reason = "shared with the conformance suite, which uses all of it")]
mod samples;

mod cluster;
mod crossing;
mod gate;
mod gathering;
mod grouping;
mod handmade;
mod odd_texts;
mod plans;
mod refusals;
mod restart;
mod schema;
mod tls;

use std::sync::Arc;

use lingpai_domain::clock::Clock;
use lingpai_store::{
    Options,
    postgres::PostgresStore,
    postgres::testing::{FreshDatabase, fresh_database},
};

struct Stopped;

impl Clock for Stopped {
    fn now_ms(&self) -> i64 {
        database::NOW
    }
}

/// How the tests open stores.
fn options() -> Options {
    Options::new(Arc::new(Stopped))
}

/// The server for tests.
fn admin_url() -> String {
    std::env::var("LINGPAI_TEST_POSTGRES").unwrap_or_else(|_| {
        panic!("LINGPAI_TEST_POSTGRES must hold the URL of a PostgreSQL server for tests: run `make test`, which starts one")
    })
}

/// A store in a database of its own.
async fn fresh() -> (PostgresStore, FreshDatabase) {
    fresh_database(&admin_url(), &options()).await
}
