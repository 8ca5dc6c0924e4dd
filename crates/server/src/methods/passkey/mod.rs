//! Passkeys: the caller's own, and the beginning of signing in with one (its end is in `login`).

pub mod finish_passkey_registration;
pub mod get_passkeys;
pub mod remove_passkey;
pub mod rename_passkey;
pub mod start_passkey_login;
pub mod start_passkey_registration;

use lingpai_domain::{account::User, passkey::Passkey, store::CeremonyEnd};
use lingpai_domain::{error::Code, passkey::Ceremony};
use serde_json::{Value, json};

use super::{Output, Summary};
use crate::pipeline::Scope;

/// What a ceremony that begins answers.
const CEREMONY_OUTPUTS: &[Output] = &[
    Output {
        name: "ceremonyId",
        kind: "string",
        about: Summary {
            zh: "一次性,15 分钟内有效,原样交给随后的方法",
            en: "valid once and for 15 minutes; goes to the next method as it is",
        },
    },
    Output {
        name: "publicKey",
        kind: "object",
        about: Summary {
            zh: "交给浏览器的选项(WebAuthn JSON:PublicKeyCredential.parseCreationOptionsFromJSON 或 parseRequestOptionsFromJSON)",
            en: "options for the browser, in WebAuthn's JSON (PublicKeyCredential.parseCreationOptionsFromJSON or parseRequestOptionsFromJSON)",
        },
    },
];

/// Errors of answers that are not right.
pub(super) const ANSWER_ERRORS: [Code; 6] = [
    Code::ConfigFieldRequired,
    Code::PasskeyExpired,
    Code::PasskeyInvalid,
    Code::PasskeyOriginNotAllowed,
    Code::PasskeyUserNotVerified,
    Code::PasskeyNotSupported,
];

/// The end of a ceremony, for the store.
pub(super) fn end(scope: &Scope<'_>, ceremony: &Ceremony) -> CeremonyEnd {
    CeremonyEnd { nonce: ceremony.nonce(), expires: ceremony.expires, now: scope.state.base.clock.now_ms() }
}

/// By what a user confirms that a passkey is to be added: whoever has somebody's session must not be able to make
/// a way in that stays.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Confirmation {
    /// A code of the second step, which passkeys will stand for.
    SecondStep,
    /// The password.
    Password,
    /// Nothing: there is nothing to ask for.
    None,
}

impl Confirmation {
    fn of(scope: &Scope<'_>, user: &User) -> Self {
        if scope.state.second_step_keys.is_some() && user.has_second_step() {
            Self::SecondStep
        } else if user.truthy("password") {
            Self::Password
        } else {
            Self::None
        }
    }

    const fn wire(self) -> &'static str {
        match self {
            Self::SecondStep => "code",
            Self::Password => "password",
            Self::None => "",
        }
    }
}

/// A passkey as its user sees it.
fn shown(passkey: &Passkey) -> Value {
    let mut shown = json!({
        "id": passkey.id,
        "name": passkey.name,
        "createDate": passkey.created_at,
        "lastUseDate": passkey.last_used_at,
        "backedUp": passkey.backed_up,
        "transports": passkey.transports,
    });
    if let Some(fields) = shown.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
    }
    shown
}
