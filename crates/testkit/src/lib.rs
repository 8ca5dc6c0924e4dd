//! For tests only: a whole program in a temporary folder, with a clock, randomness and gateways
//! that tests hold, stand-ins for third parties, and the replay of recorded traffic.

pub mod app;
pub mod bench;
pub mod client_protocol;
pub mod clock;
pub mod database;
pub mod gateways;
pub mod random;
pub mod redis;
pub mod replay;
pub mod upstreams;

pub use app::{Call, Mode, Reply, TestApp};
pub use clock::FrozenClock;
pub use database::{Engine, TestDatabase};
pub use gateways::{RecordingMail, RecordingSms};
pub use random::SeededRandom;
pub use redis::TestRedis;
