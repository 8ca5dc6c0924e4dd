//! The one registry. Routing, access, limits, the OpenAPI document, the reference pages and the
//! invariant tests iterate it; what is not in it does not exist.

use std::{
    collections::HashMap,
    sync::{LazyLock, OnceLock},
};

use super::{
    Method, account, admin, captcha, dev, external, facial_recognition_verify, fission, login, logout, multi_end, open_bridge, passkey,
    register, relate, second_step, secure_network, session, utils, verify,
};
use crate::telemetry::Successes;

/// Every method, by group.
pub static METHODS: &[Method] = &[
    register::register_admin::METHOD,
    register::register_user::METHOD,
    register::register_user_by_email::METHOD,
    register::register_user_by_mobile::METHOD,
    login::login::METHOD,
    login::login_by_sms::METHOD,
    login::login_by_weixin::METHOD,
    login::login_by_weixin_mobile::METHOD,
    login::login_by_q_q::METHOD,
    login::login_by_alipay::METHOD,
    login::login_by_apple::METHOD,
    login::login_by_univerify::METHOD,
    login::login_by_email_code::METHOD,
    login::login_by_second_step::METHOD,
    login::login_by_passkey::METHOD,
    logout::logout::METHOD,
    account::get_account_info::METHOD,
    account::get_real_name_info::METHOD,
    account::update_pwd::METHOD,
    account::set_pwd::METHOD,
    account::reset_pwd_by_sms::METHOD,
    account::reset_pwd_by_email::METHOD,
    account::close_account::METHOD,
    relate::bind_mobile_by_sms::METHOD,
    relate::bind_mobile_by_mp_weixin::METHOD,
    relate::bind_weixin::METHOD,
    relate::bind_q_q::METHOD,
    relate::bind_alipay::METHOD,
    relate::bind_apple::METHOD,
    relate::bind_mobile_by_univerify::METHOD,
    relate::bind_email_by_code::METHOD,
    relate::unbind_email::METHOD,
    relate::unbind_mobile::METHOD,
    relate::unbind_weixin::METHOD,
    relate::unbind_q_q::METHOD,
    relate::unbind_alipay::METHOD,
    relate::unbind_apple::METHOD,
    session::get_sessions::METHOD,
    session::revoke_session::METHOD,
    session::revoke_other_sessions::METHOD,
    second_step::get_second_step::METHOD,
    second_step::set_up_totp::METHOD,
    second_step::confirm_totp::METHOD,
    second_step::remove_totp::METHOD,
    second_step::renew_recovery_codes::METHOD,
    passkey::get_passkeys::METHOD,
    passkey::start_passkey_registration::METHOD,
    passkey::finish_passkey_registration::METHOD,
    passkey::rename_passkey::METHOD,
    passkey::remove_passkey::METHOD,
    passkey::start_passkey_login::METHOD,
    verify::create_captcha::METHOD,
    verify::refresh_captcha::METHOD,
    verify::send_sms_code::METHOD,
    verify::send_email_code::METHOD,
    utils::refresh_token::METHOD,
    utils::secure_network_handshake_by_weixin::METHOD,
    utils::set_push_cid::METHOD,
    fission::accept_invite::METHOD,
    fission::get_invited_user::METHOD,
    admin::add_user::METHOD,
    admin::update_user::METHOD,
    admin::remove_second_step::METHOD,
    multi_end::authorize_app_login::METHOD,
    multi_end::remove_authorized_app::METHOD,
    multi_end::set_authorized_app::METHOD,
    external::external_register::METHOD,
    external::external_login::METHOD,
    external::update_user_info_by_external::METHOD,
    facial_recognition_verify::get_frv_certify_id::METHOD,
    facial_recognition_verify::get_frv_auth_result::METHOD,
    dev::get_supported_login_type::METHOD,
    captcha::get_image_captcha::METHOD,
    secure_network::challenge::METHOD,
    secure_network::get_app_client_key::METHOD,
    open_bridge::get_access_token::METHOD,
    open_bridge::set_access_token::METHOD,
    open_bridge::remove_access_token::METHOD,
    open_bridge::get_user_access_token::METHOD,
    open_bridge::set_user_access_token::METHOD,
    open_bridge::remove_user_access_token::METHOD,
    open_bridge::get_session_key::METHOD,
    open_bridge::set_session_key::METHOD,
    open_bridge::remove_session_key::METHOD,
    open_bridge::get_encrypt_key::METHOD,
    open_bridge::set_encrypt_key::METHOD,
    open_bridge::remove_encrypt_key::METHOD,
    open_bridge::get_ticket::METHOD,
    open_bridge::set_ticket::METHOD,
    open_bridge::remove_ticket::METHOD,
    captcha::verify_image_captcha::METHOD,
];

/// A method, and what its calls are counted with.
pub struct Registered {
    /// The method.
    pub method: &'static Method,
    /// Counts its successes, from the first one on.
    pub(crate) successes: OnceLock<Successes>,
}

static REGISTERED: LazyLock<Vec<Registered>> =
    LazyLock::new(|| METHODS.iter().map(|method| Registered { method, successes: OnceLock::new() }).collect());

static BY_NAME: LazyLock<HashMap<(&str, &str), &Registered>> =
    LazyLock::new(|| REGISTERED.iter().map(|registered| ((registered.method.function, registered.method.name), registered)).collect());

/// A method by function and name.
pub fn find(function: &str, name: &str) -> Option<&'static Method> {
    registered(function, name).map(|registered| registered.method)
}

/// The same with what goes with it.
pub fn registered(function: &str, name: &str) -> Option<&'static Registered> {
    BY_NAME.get(&(function, name)).copied()
}

/// Whether there is such a function at all.
pub fn has_function(function: &str) -> bool {
    METHODS.iter().any(|method| method.function == function)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        assert_eq!(BY_NAME.len(), METHODS.len());
    }

    #[test]
    fn groups_name_the_folders_and_names_the_files() {
        for method in METHODS.iter().filter(|method| method.function == super::super::UNI_ID_CO) {
            let snake: String = method
                .name
                .chars()
                .flat_map(|c| if c.is_ascii_uppercase() { vec!['_', c.to_ascii_lowercase()] } else { vec![c] })
                .collect();
            let path = format!("{}/src/methods/{}/{snake}.rs", env!("CARGO_MANIFEST_DIR"), method.group);
            assert!(std::path::Path::new(&path).exists(), "{path} is missing");
        }
    }
}
