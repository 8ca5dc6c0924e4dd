//! The scripts of a project, run in the engine.

mod buffer;
mod crypto;
mod limits;
mod modules;
mod network;
mod project;
mod reload;
mod runtime;
mod scripts;
mod validation;
