//! Configuration: the program's own settings ([`settings`], `lingpai.toml`) and the applications'
//! `uni-config-center` folder ([`center`]).
//!
//! Both are read once at start, completely: everything that is wrong is reported together
//! ([`report`]), and what the rest of the program gets is typed and checked.

pub mod center;
mod fresh;
pub mod init;
mod nearest;
pub mod report;
pub(crate) mod secret_file;
pub mod settings;

pub use center::{AppConfig, Center};
pub use report::{Notice, Problem};
pub use settings::Settings;
