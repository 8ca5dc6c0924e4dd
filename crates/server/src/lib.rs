//! Lingpai (令牌): a self-hosted account server for uni-app, WeChat mini programs, apps and the web.

pub mod answer;
mod app;
pub mod call;
pub mod cli;
pub mod config;
pub mod delivery;
pub mod files;
pub mod hashing;
pub mod methods;
pub mod openapi;
pub mod pipeline;
pub mod reference;
pub mod runtime;
pub mod scripts;
pub mod sessions;
pub mod state;
pub mod sweeper;
pub mod telemetry;
pub mod transport;
pub mod words;

pub use app::{App, AppOptions};
