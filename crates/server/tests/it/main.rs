//! The program as its users meet it: over HTTP, on both engines.

#[macro_use]
mod kit;

mod access;
mod account;
mod admin;
mod audit;
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
mod round_trips_of_weixin;
mod scripts;
mod second_step;
mod session;
mod sessions;
mod transfer;
mod transport;
mod utils;
mod verify;
mod webhooks;
