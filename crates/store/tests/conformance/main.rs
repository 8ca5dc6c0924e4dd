//! One suite of tests for every store. Each test is a function over the ports alone and runs on
//! SQLite (a temporary file) and on PostgreSQL (the server that `LINGPAI_TEST_POSTGRES` names).

mod account_races;
mod along;
mod captchas;
mod codes;
mod collections;
mod database;
mod documents;
mod face_verification;
mod files;
mod gate;
mod guesses;
mod health;
mod indexes;
mod invitations;
mod large_chain;
mod leases;
mod linked_sign_in;
mod log;
mod lookup;
mod nonces;
mod open_data;
mod passkeys;
mod passwords;
mod push_devices;
mod races;
mod register;
mod renew;
mod samples;
mod second_steps;
mod session_list;
mod sign_in;
mod sweep;
mod updates;
mod wrong_passwords;
