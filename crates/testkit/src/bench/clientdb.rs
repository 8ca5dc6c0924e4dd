//! clientDB in the client protocol: users read their own row by its key, as the personal centre does.

use std::{io::Write, rc::Rc};

use hmac::{Hmac, KeyInit, Mac};
use lingpai_domain::{clock::Clock, random::to_hex};
use lingpai_server::runtime::SystemClock;
use md5::Md5;
use serde_json::json;

use super::{configuration::SPACE, traffic::Traffic, wire::APP};
use crate::client_protocol::encode_uri_component;

/// Where the token goes.
const TOKEN: &str = "THE-TOKEN";

/// The row of whoever is logged in, with the fields of the original page.
pub struct GetByKey {
    tokens: Rc<Vec<Vec<u8>>>,
    next: usize,
    head: String,
    /// What is signed and what is sent, in front of the token and after it.
    signed: (String, String),
    body: (String, String),
}

impl GetByKey {
    /// With these tokens.
    pub fn new(tokens: Rc<Vec<Vec<u8>>>) -> Self {
        let step = |method: &str, params: serde_json::Value| json!({"$method": method, "$param": params});
        let info = json!({
            "PLATFORM": "web", "OS": "windows", "APPID": APP, "DEVICEID": "web-device-0000001", "scene": 1001, "appId": APP, "appName": "bench",
            "appVersion": "1.0.0", "appVersionCode": "100", "appLanguage": "zh-Hans", "uniPlatform": "web", "osName": "windows", "osVersion": "10 x64",
            "deviceId": "web-device-0000001", "deviceType": "pc", "deviceModel": "PC", "browserName": "chrome", "browserVersion": "130.0.0.0",
            "uniCompilerVersion": "4.80", "uniRuntimeVersion": "4.80", "locale": "zh-Hans", "LOCALE": "zh-Hans",
        });
        let command = json!({"$db": [
            step("collection", json!(["uni-id-users"])),
            step("where", json!(["'_id' == $cloudEnv_uid"])),
            step("field", json!(["mobile,nickname,username,email,avatar_file"])),
            step("get", json!([])),
        ]});
        let args = json!({"command": command, "clientInfo": info, "uniIdToken": TOKEN});
        let params = json!({"functionTarget": "DCloud-clientDB", "functionArgs": args}).to_string();
        let now = SystemClock.now_ms();
        let method = "serverless.function.runtime.invoke";
        let body = json!({"method": method, "params": params, "spaceId": SPACE.id, "timestamp": now}).to_string();
        let signed = format!("method={method}&params={params}&spaceId={}&timestamp={now}", SPACE.id);
        let head = format!(
            "POST /client HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\nx-client-info: {}\r\n",
            encode_uri_component(&info.to_string())
        );
        let around = |text: &str| text.split_once(TOKEN).map(|(before, after)| (before.to_owned(), after.to_owned())).unwrap_or_default();
        Self { tokens, next: 0, head, signed: around(&signed), body: around(&body) }
    }
}

impl Traffic for GetByKey {
    fn next(&mut self, request: &mut Vec<u8>) -> Option<usize> {
        // A step that shares no divisor with usual numbers of users leads through all of them.
        self.next = (self.next + 7919) % self.tokens.len().max(1);
        let token = self.tokens.get(self.next)?;
        let mut mac = Hmac::<Md5>::new_from_slice(SPACE.secret.as_bytes()).ok()?;
        for part in [self.signed.0.as_bytes(), token, self.signed.1.as_bytes()] {
            mac.update(part);
        }
        let signature = to_hex(&mac.finalize().into_bytes());
        let length = self.body.0.len() + token.len() + self.body.1.len();
        request.extend_from_slice(self.head.as_bytes());
        // Writing to memory does not fail.
        let _ = write!(request, "x-client-token: {}\r\n", String::from_utf8_lossy(token));
        let _ = write!(request, "x-serverless-sign: {signature}\r\ncontent-length: {length}\r\n\r\n{}", self.body.0);
        request.extend_from_slice(token);
        request.extend_from_slice(self.body.1.as_bytes());
        Some(self.next)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::client_protocol::sign;

    #[test]
    fn requests_are_those_of_the_original_client() {
        let mut traffic = GetByKey::new(Rc::new(vec![b"a.b.c".to_vec()]));
        let mut request = Vec::new();
        traffic.next(&mut request).unwrap();
        let text = String::from_utf8(request).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("content-length: {}", body.len())) && head.contains("x-client-token: a.b.c\r\n"), "{head}");
        let body: Value = serde_json::from_str(body).unwrap();
        assert!(head.contains(&format!("x-serverless-sign: {}", sign(body.as_object().unwrap(), SPACE.secret))), "{head}");
        let params: Value = serde_json::from_str(body["params"].as_str().unwrap()).unwrap();
        assert_eq!(params["functionArgs"]["uniIdToken"], "a.b.c");
    }
}
