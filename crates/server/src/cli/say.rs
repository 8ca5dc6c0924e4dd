//! What commands print. Whoever reads may have seen enough and gone (`lingpai check | head -1`): then the rest is said to
//! nobody, and the command ends as it would have ended. The macros of the standard library panic instead.

use std::{fmt::Arguments, io::Write};

/// Like `println!`.
macro_rules! say {
    ($($words:tt)*) => { $crate::cli::say::out(format_args!("{}\n", format_args!($($words)*))) };
}

/// Like `eprintln!`.
macro_rules! complain {
    ($($words:tt)*) => { $crate::cli::say::err(format_args!("{}\n", format_args!($($words)*))) };
}

/// Writes to the standard output.
pub fn out(words: Arguments<'_>) {
    let _ = std::io::stdout().write_fmt(words);
}

/// Writes to the standard error stream.
pub fn err(words: Arguments<'_>) {
    let _ = std::io::stderr().write_fmt(words);
}
