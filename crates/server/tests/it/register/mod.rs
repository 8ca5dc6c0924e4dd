//! Creating accounts.

mod register_admin;
mod register_user;
mod register_user_by_email;
mod register_user_by_mobile;
