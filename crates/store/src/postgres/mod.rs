//! The store on PostgreSQL.
//!
//! Every operation is one prepared statement, committed by itself: the operations that look before
//! they write are PL/pgSQL functions (see `migrations/postgres`), so that each costs one round trip
//! and no transaction is ever open while the program does something else. Under load, reads by key
//! share statements ([`gather`]) and connections ([`lanes`]), and the most frequent writes share
//! commits and statements ([`group`]).

mod alike;
mod along;
mod codes;
mod collections;
mod connect;
mod devices;
mod documents;
mod failure;
mod files;
mod gate;
mod gather;
mod group;
mod guesses;
mod indexes;
mod invitations;
mod lanes;
mod log;
mod maintenance;
mod nonces;
mod open_data;
mod operations;
mod outcome;
mod passkeys;
mod questions;
mod real_name;
mod schema;
mod second_steps;
mod session_list;
mod sessions;
mod statements;
#[cfg(feature = "testing")]
pub mod testing;
mod text;
mod updates;
mod users;

use std::sync::{
    Arc,
    atomic::{AtomicI64, AtomicU64},
};

use lingpai_domain::clock::Clock;

use self::{
    group::Group,
    lanes::Lanes,
    questions::Questions,
    statements::{Reader, Runner},
};
use crate::{OpenError, Options};

/// A store on PostgreSQL, version 14 or newer.
///
/// Connections that were lost are replaced as they are needed, so the store outlives a restart of
/// the server.
pub struct PostgresStore {
    target: connect::Target,
    runner: Runner,
    reader: Reader,
    questions: Questions,
    group: Group,
    clock: Arc<dyn Clock>,
    reads: AtomicU64,
    writes: AtomicU64,
    /// The longest life of a token that this store has written, in seconds.
    longest_life: AtomicI64,
}

impl PostgresStore {
    /// Opens the database that a URL names (`postgres://user:password@host:port/database?...`) and
    /// brings its schema up to date.
    ///
    /// Parameters of the URL are those of tokio-postgres; besides, `sslmode=require` and
    /// `sslmode=verify-full` both encrypt and check the certificate, against `sslrootcert=FILE` (PEM)
    /// if it is given, else against the system's authorities.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub async fn open(url: &str, options: &Options) -> Result<Self, OpenError> {
        let target = connect::Target::parse(url, options)?;
        schema::prepare(&target, options.migrate).await?;
        let lanes = Lanes::share(options.connections);
        let runner =
            Runner { pool: target.pool(options, options.connections.saturating_sub(lanes))?, patience: connect::patience(options) };
        let reader = Reader { runner: runner.clone(), lanes: Arc::new(Lanes::new(lanes)) };
        Ok(Self {
            target,
            group: Group::start(&runner),
            questions: Questions::new(&reader),
            runner,
            reader,
            clock: Arc::clone(&options.clock),
            reads: AtomicU64::new(0),
            writes: AtomicU64::new(0),
            longest_life: AtomicI64::new(0),
        })
    }
}
