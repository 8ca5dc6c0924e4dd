//! The program as its users meet it: over HTTP, on both engines.

#[macro_use]
mod kit;

mod access;
mod account;
mod admin;
mod captcha;
mod cli;
mod dev;
mod durability;
mod external;
mod fission;
mod health;
mod login;
mod logout;
mod logs;
mod open_bridge;
mod outages;
mod production;
mod races;
mod register;
mod relate;
mod round_trips;
mod scripts;
mod secure_network;
mod sessions;
mod transport;
mod utils;
mod verify;
