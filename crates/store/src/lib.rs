//! Where the program keeps its data: SQLite or PostgreSQL behind the ports of
//! [`lingpai_domain::store`].
//!
//! Both engines have the same tables (see `migrations/`), share the composition of documents
//! ([`document`]) and pass one conformance suite (`tests/conformance`).

pub mod document;
mod open;
mod own_indexes;
pub mod postgres;
pub mod redis;
pub mod sqlite;

pub use open::{OpenError, Options, open};
