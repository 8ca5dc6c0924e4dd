//! The program as its users meet it: over HTTP, on both engines.

#[macro_use]
mod kit;

mod access;
mod account;
mod admin;
mod audit;
mod avatars;
mod captcha;
mod cli;
mod clientdb;
mod dev;
mod durability;
mod external;
mod files;
mod fission;
mod health;
mod login;
mod logout;
mod logs;
mod open_bridge;
mod open_bridge_in_redis;
mod outages;
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
mod upstreams_in_trouble;
mod utils;
mod verify;
mod webhooks;
