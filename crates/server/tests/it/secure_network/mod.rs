//! The secure network: verified clients, sealed calls, and what operators see of them.

mod inspect;
