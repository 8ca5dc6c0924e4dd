//! One suite of tests for every store. Each test is a function over the ports alone and runs on
//! SQLite (a temporary file) and on PostgreSQL (the server that `LINGPAI_TEST_POSTGRES` names).

mod captchas;
mod codes;
mod collections;
mod database;
mod gate;
mod health;
mod log;
mod lookup;
mod passwords;
mod races;
mod register;
mod renew;
mod samples;
mod sign_in;
mod sweep;
mod wrong_passwords;
