//! clientDB: what clients of uniCloud may ask of collections by themselves.
//!
//! A request is parsed into one typed query ([`command`]), whose conditions are expressions
//! ([`expression`]) with one meaning on both engines ([`evaluate`]). What a caller may read and write
//! is said by schemas ([`schema`]) and enforced while a query is carried out ([`execute`]).

pub mod command;
pub mod condition;
pub mod encoded;
pub mod evaluate;
pub mod execute;
pub mod expression;
pub mod functions;
pub mod grouping;
pub mod jql;
mod lexer;
pub mod path;
pub mod pattern;
pub mod permission;
pub mod prefilter;
pub mod projection;
pub mod refusal;
pub mod schema;
pub mod session;
pub mod update;
pub mod validate;
pub mod value;

pub use execute::{Engine, Limits};
pub use refusal::{Refusal, RefusalCode};
pub use schema::{Schema, Schemas};
pub use session::{Session, SessionUser};

/// Longest text of a condition, a list of fields or the like, bytes.
pub const LONGEST_TEXT: usize = 8 * 1024;
/// Deepest nesting of a condition.
pub const DEEPEST: usize = 32;
/// Most parts of a condition.
pub const MOST_PARTS: usize = 512;
/// Most regular expressions of a condition: compiling one costs more than everything else in it.
pub const MOST_PATTERNS: usize = 8;
/// Most values in a list that a condition compares with.
pub const MOST_VALUES: usize = 1000;
