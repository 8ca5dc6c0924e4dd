//! What the stand-ins answer. `X` is any text without `~`; `X~2` is another code that stands for the same:
//!
//! | what is sent | what comes |
//! |---|---|
//! | WeChat mini program `js_code` `mp-X` | openid `o_mp_X`, unionid `u_X`, a session key; `mpnu-X`: no unionid |
//! | WeChat app or web `code` `wx-X` | openid `o_app_X`, unionid `u_X`; `wxnu-X`: no unionid; `wxbadavatar-X`: an avatar that is missing; `wxnoavatar-X`: none |
//! | WeChat phone `code` `phone-<11 digits>` | that number |
//! | QQ mini program `js_code` `qmp-X` | openid `q_mp_X`, unionid `qu_X` |
//! | QQ app `access_token` `qat-X` | openid `q_app_X`, unionid `qu_X`; `qatother-X`: of another application |
//! | Alipay `code` `ali-X` | user_id `2088_X`; `aliopen-X`: open_id `alopen_X` instead |
//! | WeChat app or web `code` `wx-svg`, `wx-down` | a picture that is an SVG, or one that is not to be had |
//! | `neterr` | no answer at all |
//! | anything else | the provider's error |

use base64::{Engine, engine::general_purpose::STANDARD};
use md5::{Digest, Md5};
use serde_json::{Map, Value, json};

use crate::replay::jwt::AppleKey;

/// An answer over HTTP.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The header of this name.
    pub content_type: &'static str,
    /// The body.
    pub body: Vec<u8>,
}

/// Alipay's gateway.
pub const ALIPAY: &str = "openapi.alipay.com/gateway.do";

/// Where WeChat's pictures are.
pub const PICTURE_HOST: &str = "thirdwx.qlogo.cn";

const JSON: &str = "application/json; charset=utf-8";
const PLAIN: &str = "text/plain";
const HTML: &str = "text/html;charset=utf-8";
/// A transparent image of one pixel.
const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";

/// Answers a request for `place` (host and path). `None`: the connection fails.
pub fn answer(place: &str, params: &Map<String, Value>, apple: Option<&AppleKey>) -> Option<Answer> {
    let param = |name: &str| params.get(name).and_then(Value::as_str).unwrap_or_default();
    if ["js_code", "code", "access_token"].iter().any(|name| param(name) == "neterr") {
        return None;
    }
    let (content_type, body) = match place {
        "api.weixin.qq.com/sns/jscode2session" => (PLAIN, weixin_mini_program(param("js_code"))),
        "api.weixin.qq.com/sns/oauth2/access_token" => (PLAIN, weixin_token(param("code"))),
        "api.weixin.qq.com/sns/userinfo" => (PLAIN, weixin_user(param("access_token"), param("openid"))),
        "api.weixin.qq.com/cgi-bin/stable_token" | "api.weixin.qq.com/cgi-bin/token" => {
            (JSON, json!({"access_token": format!("AT-{}", param("appid")), "expires_in": 7200}))
        }
        "api.weixin.qq.com/cgi-bin/ticket/getticket" => {
            (JSON, json!({"errcode": 0, "errmsg": "ok", "ticket": "TICKET", "expires_in": 7200}))
        }
        "api.weixin.qq.com/wxa/business/getuserphonenumber" => (JSON, weixin_phone(param("code"))),
        "api.weixin.qq.com/wxa/business/getuserencryptkey" => (JSON, weixin_encrypt_key()),
        "api.q.qq.com/sns/jscode2session" => (JSON, qq_mini_program(param("js_code"))),
        "graph.qq.com/oauth2.0/me" => (JSON, qq_me(param("access_token"))),
        "graph.qq.com/user/get_user_info" => (JSON, qq_user(param("access_token"))),
        ALIPAY => (HTML, alipay_token(param("code"))),
        "appleid.apple.com/auth/keys" => (JSON, json!({"keys": apple.map(AppleKey::public_jwk).into_iter().collect::<Vec<_>>()})),
        _ => return image(place),
    };
    Some(Answer { status: 200, content_type, body: body.to_string().into_bytes() })
}

/// Avatars, and the photographs of face verifications.
fn image(place: &str) -> Option<Answer> {
    let (host, path) = place.split_once('/').unwrap_or((place, ""));
    if host.ends_with("qlogo.cn") && path.starts_with("missing") {
        return Some(Answer { status: 404, content_type: PLAIN, body: b"not found".to_vec() });
    }
    if path.contains("/svg/") {
        let svg = br#"<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>"#.to_vec();
        return Some(Answer { status: 200, content_type: "image/png", body: svg });
    }
    if path.contains("/down/") {
        return None;
    }
    let is_known = host.ends_with("qlogo.cn") || host == "frv.example";
    is_known.then(|| Answer { status: 200, content_type: "image/png", body: STANDARD.decode(PNG).unwrap_or_default() })
}

/// Cuts `prefix-X` where the prefix is one of these.
fn cut<'a>(text: &'a str, prefixes: &[&'static str]) -> Option<(&'static str, &'a str)> {
    let (head, rest) = text.split_once('-')?;
    // `X~2` is another code of the same `X`.
    let rest = rest.split('~').next().unwrap_or(rest);
    let prefix = prefixes.iter().find(|prefix| **prefix == head)?;
    (!rest.is_empty()).then_some((*prefix, rest))
}

/// The session key of a user of a mini program: `X` of the openid `o_mp_X`.
pub(super) fn session_key(of: &str) -> String {
    STANDARD.encode(Md5::digest(format!("sk{of}")))
}

fn weixin_mini_program(code: &str) -> Value {
    match cut(code, &["mp", "mpnu"]) {
        Some((kind, x)) => {
            let mut answer = json!({"session_key": session_key(x), "openid": format!("o_mp_{x}")});
            if kind == "mp" {
                answer["unionid"] = format!("u_{x}").into();
            }
            answer
        }
        None => invalid_weixin_code(),
    }
}

fn invalid_weixin_code() -> Value {
    json!({"errcode": 40029, "errmsg": "invalid code, rid: 0-0-0"})
}

fn weixin_token(code: &str) -> Value {
    match cut(code, &["wx", "wxnu", "wxbadavatar", "wxnoavatar"]) {
        Some((kind, x)) => {
            let mut answer = json!({
                "access_token": format!("at_{kind}_{x}"),
                "expires_in": 7200,
                "refresh_token": format!("rt_{x}"),
                "openid": format!("o_app_{x}"),
                "scope": "snsapi_userinfo",
            });
            if kind != "wxnu" {
                answer["unionid"] = format!("u_{x}").into();
            }
            answer
        }
        None => invalid_weixin_code(),
    }
}

fn weixin_user(token: &str, openid: &str) -> Value {
    let parts = token.strip_prefix("at_").and_then(|rest| rest.split_once('_'));
    let Some((kind, x)) = parts.filter(|(kind, x)| !kind.is_empty() && kind.bytes().all(|b| b.is_ascii_lowercase()) && !x.is_empty())
    else {
        return json!({"errcode": 40001, "errmsg": "invalid credential"});
    };
    let avatar = match kind {
        "wxnoavatar" => String::new(),
        "wxbadavatar" => "https://thirdwx.qlogo.cn/missing/132".into(),
        _ => format!("https://thirdwx.qlogo.cn/mmopen/vi_32/{x}/132"),
    };
    json!({
        "openid": openid, "nickname": format!("wxnick {x}"), "sex": 0, "language": "", "city": "", "province": "", "country": "",
        "headimgurl": avatar, "privilege": [], "unionid": format!("u_{x}"),
    })
}

fn weixin_phone(code: &str) -> Value {
    match cut(code, &["phone"]) {
        Some((_, number)) if number.len() == 11 && number.bytes().all(|b| b.is_ascii_digit()) => json!({
            "errcode": 0, "errmsg": "ok",
            "phone_info": {
                "phoneNumber": number, "purePhoneNumber": number, "countryCode": "86",
                "watermark": {"timestamp": 1_637_744_274, "appid": "wx-mp-appid"},
            },
        }),
        _ => json!({"errcode": 40029, "errmsg": "invalid code"}),
    }
}

fn weixin_encrypt_key() -> Value {
    json!({
        "errcode": 0, "errmsg": "ok",
        "key_info_list": [{
            "encrypt_key": "VI6BpyrK9XH4i4AIGe86tg==", "version": 10, "expire_in": 3597, "iv": "6003f73ec441c386", "create_time": 1_616_572_301,
        }],
    })
}

fn qq_mini_program(code: &str) -> Value {
    match cut(code, &["qmp"]) {
        Some((_, x)) => json!({
            "errcode": 0, "errmsg": "", "openid": format!("q_mp_{x}"), "session_key": session_key(&format!("q{x}")), "unionid": format!("qu_{x}"),
        }),
        None => json!({"errcode": -101_222_008, "errmsg": "login code invalid", "error": -101_222_008}),
    }
}

fn qq_me(token: &str) -> Value {
    match cut(token, &["qat", "qatother"]) {
        Some((kind, x)) => {
            let client = if kind == "qat" { "qq-app-appid" } else { "someone-else" };
            json!({"client_id": client, "openid": format!("q_app_{x}"), "unionid": format!("qu_{x}")})
        }
        None => json!({"error": 100_016, "error_description": "access token check failed"}),
    }
}

fn qq_user(token: &str) -> Value {
    match cut(token, &["qat"]) {
        Some((_, x)) => json!({
            "ret": 0, "msg": "", "is_lost": 0, "nickname": format!("qqnick {x}"), "gender": "男",
            "figureurl": "http://qzapp.qlogo.cn/q/30.jpg", "figureurl_qq_1": format!("http://thirdqq.qlogo.cn/g/{x}/40.jpg"),
        }),
        None => json!({"ret": 100_016, "msg": "access token check failed"}),
    }
}

fn alipay_token(code: &str) -> Value {
    let Some((kind, x)) = cut(code, &["ali", "aliopen"]) else {
        return json!({
            "error_response": {"code": "40002", "msg": "Invalid Arguments", "sub_code": "isv.code-invalid", "sub_msg": "授权码code无效"},
            "sign": "x",
        });
    };
    let mut answer = json!({
        "access_token": format!("alat_{x}"), "alipay_user_id": format!("2088old_{x}"), "auth_start": "2010-11-11 11:11:11",
        "expires_in": "3600", "re_expires_in": "3600", "refresh_token": format!("alrt_{x}"),
    });
    if kind == "ali" {
        answer["user_id"] = format!("2088_{x}").into();
    } else {
        answer["open_id"] = format!("alopen_{x}").into();
    }
    json!({"alipay_system_oauth_token_response": answer, "sign": "ERITJKEIJKJHKKKKKKKHJEREEEEEEEEEEE"})
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json_of(place: &str, params: Value) -> Value {
        serde_json::from_slice(&answer(place, params.as_object().unwrap(), None).unwrap().body).unwrap()
    }

    #[test]
    fn codes_decide_what_is_answered() {
        let session = "api.weixin.qq.com/sns/jscode2session";
        assert_eq!(
            json_of(session, json!({"js_code": "mp-A"})),
            json!({"session_key": "1e4WIv1Bg1h0+gGmPikQBw==", "openid": "o_mp_A", "unionid": "u_A"})
        );
        assert_eq!(json_of(session, json!({"js_code": "mpnu-A"})).get("unionid"), None);
        assert_eq!(json_of(session, json!({"js_code": "mp-"}))["errcode"], 40029);
        let token = json_of("api.weixin.qq.com/sns/oauth2/access_token", json!({"code": "wxbadavatar-B"}));
        let user = json_of("api.weixin.qq.com/sns/userinfo", json!({"access_token": token["access_token"], "openid": token["openid"]}));
        assert_eq!(user["headimgurl"], "https://thirdwx.qlogo.cn/missing/132");
        assert_eq!(json_of("api.q.qq.com/sns/jscode2session", json!({"js_code": "qmp-A"}))["session_key"], "Po9tbUpu6wj5bCuLjYk9eA==");
        let gateway = "openapi.alipay.com/gateway.do";
        assert_eq!(json_of(gateway, json!({"code": "ali-C"}))["alipay_system_oauth_token_response"]["user_id"], "2088_C");
        assert_eq!(json_of(gateway, json!({"code": "x"}))["error_response"]["code"], "40002");
        let phone = json_of("api.weixin.qq.com/wxa/business/getuserphonenumber", json!({"code": "phone-13800000001"}));
        assert_eq!(phone["phone_info"]["purePhoneNumber"], "13800000001");
    }

    #[test]
    fn some_things_fail_on_the_way() {
        assert_eq!(answer("api.weixin.qq.com/sns/jscode2session", json!({"js_code": "neterr"}).as_object().unwrap(), None), None);
        assert_eq!(answer("unknown.example/x", &Map::new(), None), None);
        assert_eq!(answer("thirdwx.qlogo.cn/missing/132", &Map::new(), None).unwrap().status, 404);
        assert_eq!(answer("thirdwx.qlogo.cn/mmopen/1", &Map::new(), None).unwrap().content_type, "image/png");
    }
}
