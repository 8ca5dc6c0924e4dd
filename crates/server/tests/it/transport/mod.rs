//! Both wire forms, and what is no form at all.

mod client;
mod cors;
mod limits_of_input;
mod pages;
mod parameters;
mod url;
mod weixin_sign_in;
