//! `setUpTotp`: a secret for an authenticator app.

use data_encoding::BASE32_NOPAD;
use lingpai_domain::{
    error::{Code, Error},
    qr_code,
    validate::{Params, Rule, optional},
};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::super::*;

/// The registry's entry.
pub const METHOD: Method = Method {
    function: UNI_ID_CO,
    group: "second_step",
    name: "setUpTotp",
    summary: Summary {
        zh: "开始设置两步验证(令牌扩展):返回身份验证器所需的密钥,以 confirmTotp 确认之后生效。设有密码的账号须给出密码",
        en: "Begins to switch on two-step verification (ours): answers the secret for an authenticator app, and counts once confirmTotp has confirmed it. Accounts with a password must give it",
    },
    access: Access::User(Renewal::Automatic, handle),
    bucket: Bucket::Login,
    fields: &[optional("password", Rule::Text)],
    outputs: &[
        Output { name: "secret", kind: "string", about: Summary { zh: "密钥(Base32)", en: "the secret, in Base32" } },
        Output {
            name: "uri",
            kind: "string",
            about: Summary {
                zh: "otpauth 地址,显示为二维码供身份验证器扫描", en: "the otpauth address, to be shown as a QR code"
            },
        },
        Output {
            name: "qrCode",
            kind: "string",
            about: Summary { zh: "同一地址的二维码:PNG 图片的 data URI", en: "its QR code: the data URI of a PNG" },
        },
    ],
    errors: &[
        Code::ConfigFieldRequired,
        Code::SecondStepExists,
        Code::PasswordError,
        Code::PasswordErrorExceedLimit,
        Code::AccountNotExists,
    ],
};

fn handle<'a>(scope: &'a Scope<'a>, params: Params, caller: &'a Caller) -> Reply<'a> {
    Box::pin(async move {
        let context = scope.context();
        if context.second_step_keys.is_none() {
            return Err(Error::new(Code::ConfigFieldRequired).with("field", "security.second_step"));
        }
        let user = context.store.user(caller.uid()).await?.ok_or(Code::AccountNotExists)?;
        if user.has_second_step() {
            return Err(Code::SecondStepExists.into());
        }
        if user.truthy("password") {
            let password = params.required_text("password")?;
            scope.demand_own_password(&user, password).await?;
        }
        let secret = BASE32_NOPAD.encode(&context.begin_totp(caller.uid()).await?);
        let issuer = match scope.state.settings.security.second_step_issuer.as_str() {
            "" => scope.client.app_name.as_deref().filter(|name| !name.is_empty() && name.len() <= 64).unwrap_or("Lingpai"),
            issuer => issuer,
        };
        let uri = otpauth_uri(issuer, user.label(), &secret);
        // Names are bounded, hence the address always fits into a code.
        let qr_code = qr_code::png_data_uri(&uri).unwrap_or_default();
        Ok(Answer::ok().with("secret", secret).with("uri", uri).with("qrCode", qr_code))
    })
}

/// What of a text may stand in an address as it is (RFC 3986, unreserved characters).
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The address that authenticator apps read.
fn otpauth_uri(issuer: &str, account: &str, secret_base32: &str) -> String {
    let (issuer, account) = (utf8_percent_encode(issuer, KEPT), utf8_percent_encode(account, KEPT));
    format!("otpauth://totp/{issuer}:{account}?secret={secret_base32}&issuer={issuer}&algorithm=SHA1&digits=6&period=30")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn apps_can_read_the_address() {
        assert_eq!(
            otpauth_uri("令 牌", "a:b", "MZXW6"),
            "otpauth://totp/%E4%BB%A4%20%E7%89%8C:a%3Ab?secret=MZXW6&issuer=%E4%BB%A4%20%E7%89%8C&algorithm=SHA1&digits=6&period=30"
        );
    }
}
