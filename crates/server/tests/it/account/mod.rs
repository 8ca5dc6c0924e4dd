//! One's own account.

mod close_account;
mod get_account_info;
mod reset_pwd;
mod set_pwd;
mod update_pwd;
