//! The program as its users meet it: over HTTP, on both engines.

#[macro_use]
mod kit;

mod access;
mod account;
mod admin;
mod audit;
mod captcha;
mod cli;
mod clientdb;
mod dev;
mod deviations;
mod documented;
mod durability;
mod external;
mod files;
mod fission;
mod guesses;
mod health;
mod keys;
mod lifetime;
mod login;
mod logout;
mod logs;
mod moving;
mod open_bridge;
mod outages;
mod passkeys;
mod production;
mod races;
mod real_name;
mod register;
mod relate;
mod round_trips;
mod round_trips_of_open_bridge;
mod scripts;
mod second_step;
mod secure_network;
mod session;
mod sessions;
mod third_party;
mod transfer;
mod transport;
mod utils;
mod verify;
mod webhooks;
