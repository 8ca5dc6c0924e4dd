//! The program as its users meet it: over HTTP, on both engines.

#[macro_use]
mod kit;

mod access;
mod account;
mod admin;
mod captcha;
mod cli;
mod clientdb;
mod dev;
mod durability;
mod external;
mod fission;
mod health;
mod login;
mod logout;
mod logs;
mod outages;
mod production;
mod races;
mod register;
mod relate;
mod round_trips;
mod scripts;
mod sessions;
mod transport;
mod utils;
mod verify;
