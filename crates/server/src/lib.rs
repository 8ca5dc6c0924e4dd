//! Lingpai (令牌): a self-hosted account server for uni-app, WeChat mini programs, apps and the web.

pub mod answer;
mod app;
mod at_rest;
pub mod avatars;
pub mod call;
pub mod cli;
pub mod config;
pub mod delivery;
pub mod files;
pub mod functions;
pub mod hashing;
pub mod mail_carrier;
pub mod methods;
pub mod open_bridge;
pub mod open_data;
pub mod openapi;
pub mod pipeline;
pub mod reference;
pub mod runtime;
pub mod scripts;
pub mod secure_network;
pub mod sessions;
pub mod sms_carrier;
pub mod speech;
pub mod state;
pub mod sweeper;
pub mod telemetry;
pub mod third_party;
pub mod transport;
pub mod upstreams;
pub mod uses;
pub mod webhooks;
pub mod weixin;
pub mod words;

pub use app::{App, AppOptions};
