//! The program as its users meet it: over HTTP, on both engines.

#[macro_use]
mod kit;

mod login;
mod register;
