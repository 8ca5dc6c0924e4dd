//! What accounts are: users, identities, sessions, passwords, codes, captchas, roles and limits.
//!
//! Pure rules and ports (traits). This crate knows no HTTP, no SQL, no network, no wall clock
//! and no global randomness: time and random bytes are handed in (see [`clock`] and [`random`]),
//! storage stands behind [`store::Store`].

pub mod account;
pub mod audit;
pub mod captcha;
pub mod client;
pub mod client_info;
pub mod clientdb;
pub mod clock;
pub mod context;
pub mod editing;
pub mod error;
pub mod id;
pub mod limits;
pub mod log;
pub mod messaging;
pub mod passkey;
pub mod password;
pub mod project;
pub mod qr_code;
pub mod random;
pub mod real_name;
pub mod registration;
pub mod roles;
pub mod second_step;
pub mod secret;
pub mod session;
pub mod session_list;
pub mod store;
pub mod token;
pub mod validate;
pub mod verification;
pub mod webhook;
