//! The client protocol as a checklist: everything that unmodified clients are known to send, in all three kinds of spaces,
//! and every field, value and header of what they get. The requests are put together as the published SDK does it.

mod calls;
mod clientdb;
mod files;
mod transport;

use lingpai_testkit::{app::SPACE, client_protocol::sign};
use parking_lot::Mutex;
use reqwest::header::HeaderMap;

use crate::kit::{people::*, tokens, *};

const INVOKE: &str = "serverless.function.runtime.invoke";
const ORIGIN: &str = "https://h5.example.com";

/// The kinds of spaces. `dcloud` and `private` are one protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Dcloud,
    Private,
    Aliyun,
}

const KINDS: [Kind; 3] = [Kind::Dcloud, Kind::Private, Kind::Aliyun];

/// One client: what it keeps are an anonymous authorisation and the token of whoever is logged in.
struct Client<'a> {
    app: &'a TestApp,
    kind: Kind,
    device: String,
    authorisation: Mutex<String>,
    token: Mutex<String>,
}

/// An answer as it came.
struct Heard {
    status: u16,
    headers: HeaderMap,
    body: Value,
}

impl<'a> Client<'a> {
    fn new(app: &'a TestApp, kind: Kind) -> Self {
        let device = format!("device-{kind:?}");
        Self { app, kind, device, authorisation: Mutex::default(), token: Mutex::default() }
    }

    /// What clients say of themselves: 26 fields.
    fn info(&self) -> Value {
        json!({
            "PLATFORM": "web", "OS": "windows", "APPID": "__UNI__TEST", "DEVICEID": self.device, "scene": 1001, "deviceBrand": "",
            "deviceModel": "PC", "deviceId": self.device, "deviceType": "pc", "osName": "windows", "osVersion": "10 x64",
            "appId": "__UNI__TEST", "appName": "test", "appVersion": "1.0.0", "appVersionCode": "100", "appLanguage": "en",
            "hostName": "chrome", "hostVersion": "130.0.0.0", "uniPlatform": "web", "uniCompilerVersion": "5.02",
            "uniRuntimeVersion": "5.02", "browserName": "chrome", "browserVersion": "130.0.0.0", "ua": "Mozilla/5.0 中文", "locale": "en",
            "LOCALE": "en",
        })
    }

    /// Sends a method of the protocol.
    async fn send(&self, method: &str, params: &Value) -> anyhow::Result<Heard> {
        let now = self.app.program().state().base.clock.now_ms();
        let mut body = json!({"method": method, "params": params.to_string(), "spaceId": SPACE.id, "timestamp": now});
        let authorisation = self.authorisation.lock().clone();
        if !authorisation.is_empty() {
            body["token"] = authorisation.clone().into();
        }
        let signature = body.as_object().map(|body| sign(body, SPACE.secret)).unwrap_or_default();
        let mut request = self.app.http().post(self.app.url("/client")).header("origin", ORIGIN).header("x-serverless-sign", signature);
        if self.kind == Kind::Aliyun {
            if !authorisation.is_empty() {
                request = request.header("x-basement-token", authorisation);
            }
        } else {
            let encoded: String = url_encoded(&self.info().to_string());
            request = request.header("x-client-info", encoded).header("x-client-token", &*self.token.lock());
        }
        let response = request.header("content-type", "application/json").body(body.to_string()).send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Heard { status, headers, body: serde_json::from_slice(&response.bytes().await?)? })
    }

    /// The anonymous authorisation, which only `aliyun` has.
    async fn authorise(&self) -> Outcome {
        if self.kind == Kind::Aliyun {
            let data = self.send("serverless.auth.user.anonymousAuthorize", &json!({})).await?.data();
            *self.authorisation.lock() = data["accessToken"].as_str().unwrap_or_default().to_owned();
        }
        Ok(())
    }

    /// Calls a function; answers its result.
    async fn invoke(&self, function: &str, mut arguments: Value) -> anyhow::Result<Value> {
        arguments["clientInfo"] = self.info();
        let token = self.token.lock().clone();
        if !token.is_empty() {
            arguments["uniIdToken"] = token.into();
        }
        let params = json!({"functionTarget": function, "functionArgs": arguments});
        let data = self.send(INVOKE, &params).await?.data();
        // As the SDK does, whatever else the answer says.
        let renewed = data.pointer("/newToken/token").or_else(|| data.get("token")).and_then(Value::as_str);
        if let Some(token) = renewed {
            *self.token.lock() = token.to_owned();
        }
        Ok(data)
    }

    /// A method of uni-id-co.
    async fn co(&self, method: &str, params: Value) -> anyhow::Result<Value> {
        self.invoke("uni-id-co", json!({"method": method, "params": params})).await
    }

    /// A captcha as the pages ask for it; answers its text.
    async fn captcha(&self, scene: &str) -> anyhow::Result<String> {
        let answer = self.invoke("uni-captcha-co", json!({"method": "getImageCaptcha", "params": [{"scene": scene}]})).await?;
        let ok = answer["errMsg"].clone();
        fits(&answer, &json!({"errCode": 0, "code": 0, "msg": ok, "message": ok, "errMsg": ok, "captchaBase64": "<image>"}));
        let rows = codes(self.app, scene).await?;
        let row = rows.iter().rev().find(|row| row.get("device_uuid") == Some(&json!(self.device)));
        let text = row.and_then(|row| row.get("code")).and_then(Value::as_str);
        text.map(str::to_owned).ok_or_else(|| anyhow::anyhow!("no captcha was stored"))
    }

    /// A chain of clientDB.
    async fn ask(&self, steps: Value) -> anyhow::Result<Value> {
        self.invoke("DCloud-clientDB", json!({"command": {"$db": steps}})).await
    }

    fn log_out(&self) {
        self.token.lock().clear();
    }
}

impl Heard {
    /// Headers of every answer.
    #[track_caller]
    fn has_its_headers(&self) {
        let text = |name: &str| self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let id = text("request-id");
        assert!(id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
        for (name, value) in [
            ("content-type", "application/json; charset=utf-8"),
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
            ("access-control-allow-origin", "*"),
            ("access-control-expose-headers", "request-id"),
        ] {
            assert_eq!(text(name), value, "{name}");
        }
        assert_eq!(self.headers.get("access-control-allow-credentials"), None);
    }

    /// `data` of a success, which has nothing beside it.
    #[track_caller]
    fn data(mut self) -> Value {
        self.has_its_headers();
        let names: Vec<_> = self.body.as_object().into_iter().flat_map(Map::keys).map(String::as_str).collect();
        assert_eq!((self.status, names), (200, vec!["success", "data"]), "{}", self.body);
        assert_eq!(self.body["success"], true);
        self.body["data"].take()
    }

    /// A failure of the protocol: what the client throws.
    #[track_caller]
    fn is_failure(&self, status: u16, code: &str) {
        self.has_its_headers();
        assert_eq!(self.status, status, "{}", self.body);
        fits(&self.body, &json!({"success": false, "error": {"code": code, "message": "<words>"}}));
    }
}

/// Checks that a value is just what was expected, with the fields in their order. Texts in angle brackets stand for values
/// of which only the form is known.
#[track_caller]
fn fits(actual: &Value, expected: &Value) {
    assert!(is_like(actual, expected), "{actual}\nis not like\n{expected}");
}

fn is_like(actual: &Value, expected: &Value) -> bool {
    let text = actual.as_str().unwrap_or_default();
    match expected {
        Value::String(form) if form.starts_with('<') => match form.as_str() {
            "<words>" => !text.is_empty() && !text.contains("request:ok") && !text.contains(['{', '}']),
            "<id>" => text.len() >= 8 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'),
            "<ms>" => actual.as_i64().is_some_and(|ms| ms > START),
            "<token>" => is_token(text),
            "<image>" => text.starts_with("data:image/"),
            "<text>" => !text.is_empty(),
            other => panic!("{other}"),
        },
        Value::Object(fields) => actual.as_object().is_some_and(|found| {
            found.keys().eq(fields.keys()) && found.values().zip(fields.values()).all(|(found, expected)| is_like(found, expected))
        }),
        Value::Array(items) => actual
            .as_array()
            .is_some_and(|found| found.len() == items.len() && found.iter().zip(items).all(|(found, expected)| is_like(found, expected))),
        other => actual == other,
    }
}

/// Whether clients can read a token: three segments, the middle one in an alphabet that both kinds of base64 have, of ASCII
/// alone, with `exp` in seconds.
fn is_token(text: &str) -> bool {
    let segments: Vec<&str> = text.split('.').collect();
    let [_, middle, _] = segments.as_slice() else { return false };
    let claims = tokens::payload(text);
    let ends = claims["exp"].as_i64().is_some_and(|exp| (START / 1000..START / 100).contains(&exp));
    middle.bytes().all(|byte| byte.is_ascii_alphanumeric()) && ends && claims["uid"].is_string()
}

/// JavaScript's `encodeURIComponent`, at least as strict.
fn url_encoded(text: &str) -> String {
    text.bytes().map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// A call of a chain.
fn step(method: &str, params: Value) -> Value {
    json!({"$method": method, "$param": params})
}

/// What a login with a password answers.
fn session(uid: &str) -> Value {
    json!({"errCode": 0, "newToken": {"token": "<token>", "tokenExpired": "<ms>"}, "uid": uid, "passwordConfirmed": true})
}
