//! What the tests stand on: programs on both engines, people, tokens, sockets.

#[macro_use]
pub mod engines;
pub mod answers;
pub mod binary;
pub mod people;
pub mod raw_socket;
pub mod simultaneous;
pub mod store_in_between;
pub mod third_parties;
pub mod tokens;
pub mod valid;
pub mod weixin;

pub use answers::{done, refused, refused_with};
pub use lingpai_testkit::{Call, Engine, Mode, Reply, TestApp, app::TestAppBuilder};
pub use serde_json::{Map, Value, json};

/// What every test ends with.
pub type Outcome = anyhow::Result<()>;
