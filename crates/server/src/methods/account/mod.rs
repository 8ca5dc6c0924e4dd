//! One's own account.

pub mod close_account;
pub mod get_account_info;
pub mod get_real_name_info;
pub mod reset_pwd_by_email;
pub mod reset_pwd_by_sms;
pub mod set_pwd;
pub mod update_pwd;

mod reset;
