//! The checks between a transport and a method, one per file, in the order in which they run:
//! client info, limits, access, parameters. Each returns a proof that only it can make; a method
//! that needs the proof takes it as an argument.

pub mod access;
pub mod client_info;
pub mod clientdb;
mod dispatch;
pub mod limits;
mod listed_address;
mod present_user;
mod scope;
mod signature;

pub use access::Caller;
pub use dispatch::answer;
pub use limits::Bucket;
pub use listed_address::ListedAddress;
pub use present_user::present_user;
pub use scope::{Scope, config_error};
pub use signature::Partner;
