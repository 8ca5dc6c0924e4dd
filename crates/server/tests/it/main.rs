//! The program as its users meet it: over HTTP, on both engines.

#[macro_use]
mod kit;

mod access;
mod account;
mod captcha;
mod dev;
mod health;
mod login;
mod logout;
mod logs;
mod production;
mod races;
mod register;
mod round_trips;
mod sessions;
mod transport;
mod utils;
mod verify;
