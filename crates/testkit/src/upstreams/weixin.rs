//! WeChat as strict as the real one: what the plain stand-in lets pass (wrong secrets, codes used twice,
//! tokens that nobody issued, signatures) is refused with WeChat's own codes.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use hmac::{Hmac, KeyInit, Mac};
use lingpai_domain::random::to_hex;
use parking_lot::Mutex;
use serde_json::{Map, Value, json};
use sha2::Sha256;
use tokio::sync::{Mutex as AsyncMutex, Notify, OwnedMutexGuard};

use super::answers::{self, Answer};

/// The secret of every application.
const SECRET: &str = "s";

/// WeChat's memory.
#[derive(Default)]
pub struct StrictWeixin {
    state: Mutex<State>,
    tokens: Arc<AsyncMutex<()>>,
    asked_for_tokens: Notify,
}

#[derive(Default)]
struct State {
    used_codes: HashSet<String>,
    /// By appid: how many tokens were issued.
    issued: HashMap<String, u32>,
    /// Tokens that are not good any more.
    stale: HashSet<String>,
    delay: Duration,
    allows_no_address: bool,
}

impl StrictWeixin {
    /// From now on every answer takes that long.
    pub fn delay(&self, delay: Duration) {
        self.state.lock().delay = delay;
    }

    /// Tokens are not handed out while this is held.
    pub async fn hold_tokens(&self) -> OwnedMutexGuard<()> {
        self.tokens.clone().lock_owned().await
    }

    /// Waits until somebody asks for a token.
    pub async fn somebody_asks_for_a_token(&self) {
        self.asked_for_tokens.notified().await;
    }

    pub(super) async fn hand_out_tokens(&self) {
        self.asked_for_tokens.notify_one();
        drop(self.tokens.lock().await);
    }

    /// Voids the present token of an application behind everybody's back, as a reset of its secret does.
    pub fn void_access_token(&self, appid: &str) {
        let mut state = self.state.lock();
        let token = state.token(appid);
        state.stale.insert(token);
    }

    /// From now on calls for tokens wait for an administrator (89503), or not.
    pub fn ask_the_administrator(&self, asks: bool) {
        self.state.lock().allows_no_address = asks;
    }

    pub(super) fn present_delay(&self) -> Duration {
        self.state.lock().delay
    }

    /// `None`: not about WeChat, or nothing is wrong with it.
    pub(super) fn answer(&self, place: &str, params: &Map<String, Value>) -> Option<Answer> {
        let path = place.strip_prefix("api.weixin.qq.com")?;
        let param = |name: &str| params.get(name).and_then(Value::as_str).unwrap_or_default();
        let refusal = match path {
            "/sns/jscode2session" => self.check_code(params, "js_code"),
            "/sns/oauth2/access_token" => self.check_code(params, "code"),
            "/cgi-bin/stable_token" => return Some(json_answer(self.stable_token(params))),
            "/cgi-bin/ticket/getticket" => {
                self.check_token(param("access_token")).or_else(|| expect(param("type") == "jsapi", 40_035, "invalid type"))
            }
            "/wxa/business/getuserphonenumber" => self.check_token(param("access_token")).or_else(|| self.use_up(param("code"))),
            "/wxa/business/getuserencryptkey" => self.check_token(param("access_token")).or_else(|| check_signature(params)),
            "/cgi-bin/token" => expect(false, 40_001, "voids the tokens of everybody else"),
            _ => None,
        };
        refusal.map(json_answer)
    }

    fn check_code(&self, params: &Map<String, Value>, name: &str) -> Option<Value> {
        let param = |name: &str| params.get(name).and_then(Value::as_str).unwrap_or_default();
        check_application(params)
            .or_else(|| expect(param("grant_type") == "authorization_code", 40_002, "invalid grant_type"))
            .or_else(|| self.use_up(param(name)))
    }

    fn use_up(&self, code: &str) -> Option<Value> {
        expect(self.state.lock().used_codes.insert(code.to_owned()), 40_163, "code been used")
    }

    fn stable_token(&self, params: &Map<String, Value>) -> Value {
        let param = |name: &str| params.get(name).and_then(Value::as_str).unwrap_or_default();
        let wrong = check_application(params)
            .or_else(|| expect(param("grant_type") == "client_credential", 40_002, "invalid grant_type"))
            .or_else(|| expect(!self.state.lock().allows_no_address, 89_503, "此次调用需要管理员确认"));
        if let Some(refusal) = wrong {
            return refusal;
        }
        let appid = param("appid");
        let mut state = self.state.lock();
        if params.get("force_refresh") == Some(&Value::Bool(true)) {
            let former = state.token(appid);
            state.stale.insert(former);
            *state.issued.entry(appid.to_owned()).or_default() += 1;
        }
        json!({"access_token": state.token(appid), "expires_in": 7200})
    }

    fn check_token(&self, token: &str) -> Option<Value> {
        let state = self.state.lock();
        let is_known = token.strip_prefix("AT-").is_some_and(|rest| !rest.is_empty());
        expect(is_known && !state.stale.contains(token), 40_001, "invalid credential, access_token is invalid or not latest")
    }
}

impl State {
    /// The present token: WeChat hands out the same one until it nears its end, stale or not.
    fn token(&self, appid: &str) -> String {
        match self.issued.get(appid) {
            None | Some(0) => format!("AT-{appid}"),
            Some(number) => format!("AT-{appid}-{number}"),
        }
    }
}

fn check_application(params: &Map<String, Value>) -> Option<Value> {
    let param = |name: &str| params.get(name).and_then(Value::as_str).unwrap_or_default();
    expect(param("appid").starts_with("wx-"), 40_013, "invalid appid")
        .or_else(|| expect(param("secret") == SECRET, 40_125, "invalid appsecret"))
}

/// Whoever signs must know the session key of the openid.
fn check_signature(params: &Map<String, Value>) -> Option<Value> {
    let param = |name: &str| params.get(name).and_then(Value::as_str).unwrap_or_default();
    let of = param("openid").strip_prefix("o_mp_").unwrap_or_default();
    let mac = Hmac::<Sha256>::new_from_slice(answers::session_key(of).as_bytes()).map(|mac| to_hex(&mac.finalize().into_bytes()));
    let is_right = mac.is_ok_and(|mac| mac == param("signature")) && param("sig_method") == "hmac_sha256";
    expect(is_right, 87_009, "invalid signature")
}

fn expect(holds: bool, code: i64, words: &str) -> Option<Value> {
    (!holds).then(|| json!({"errcode": code, "errmsg": words}))
}

fn json_answer(body: Value) -> Answer {
    Answer { status: 200, content_type: "text/plain", body: body.to_string().into_bytes() }
}
