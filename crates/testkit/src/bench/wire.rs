//! Requests of the URL form, put together from prepared bytes.

use std::io::Write;

/// The application that all requests come from.
pub const APP: &str = "__UNI__BENCH01";

/// What an H5 page of uni-app 3 tells of itself, but for `deviceId`.
const CLIENT_INFO: &str = concat!(
    r#""uniPlatform":"web","appId":"__UNI__BENCH01","osName":"windows","osVersion":"10 x64","locale":"zh-Hans","appName":"bench","#,
    r#""appVersion":"1.0.0","appVersionCode":"100","appLanguage":"zh-Hans","appWgtVersion":"","browserName":"chrome","#,
    r#""browserVersion":"130.0.0.0","deviceBrand":"","deviceModel":"PC","deviceOrientation":"landscape","devicePixelRatio":1.25,"#,
    r#""deviceType":"pc","hostLanguage":"zh-CN","hostName":"chrome","hostVersion":"130.0.0.0","osLanguage":"zh-CN","#,
    r#""screenHeight":864,"screenWidth":1536,"windowHeight":730,"windowWidth":1536,"channel":"","scene":1001"#
);

const USER_AGENT: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36";

/// Writes requests of one method.
pub struct Wire {
    head: Vec<u8>,
}

impl Wire {
    /// For a method of `uni-id-co`.
    pub fn new(method: &str) -> Self {
        let head = format!(
            "POST /uni-id-co/{method} HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: */*\r\naccept-language: zh-CN,zh;q=0.9\r\n\
             content-type: application/json\r\nuser-agent: {USER_AGENT}\r\ncontent-length: "
        );
        Self { head: head.into_bytes() }
    }

    /// Appends a request. `params` are pieces of the JSON object of parameters; nothing in them or
    /// in `device` and `token` may need escaping.
    pub fn write(&self, request: &mut Vec<u8>, device: &str, token: Option<&[u8]>, params: &[&[u8]]) {
        let info: [&[u8]; 4] = [b"{\"clientInfo\":{", CLIENT_INFO.as_bytes(), b",\"deviceId\":\"", device.as_bytes()];
        let token: [&[u8]; 2] = [if token.is_some() { b"\"},\"uniIdToken\":\"" } else { b"\"}" }, token.unwrap_or_default()];
        let middle: &[u8] = if token[1].is_empty() { b",\"params\":" } else { b"\",\"params\":" };
        let parts = || info.iter().chain(&token).copied().chain([middle]).chain(params.iter().copied()).chain([b"}".as_slice()]);
        let length: usize = parts().map(<[u8]>::len).sum();
        request.extend_from_slice(&self.head);
        // Writing to memory does not fail.
        let _ = write!(request, "{length}\r\n\r\n");
        for part in parts() {
            request.extend_from_slice(part);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn body(token: Option<&[u8]>) -> Value {
        let mut request = Vec::new();
        Wire::new("login").write(&mut request, "device-1", token, &[b"{\"username\":\"", b"alice", b"\"}"]);
        let text = String::from_utf8(request).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("POST /uni-id-co/login HTTP/1.1\r\n"));
        assert!(head.ends_with(&format!("content-length: {}", body.len())));
        serde_json::from_str(body).unwrap()
    }

    #[test]
    fn requests_have_the_form_that_the_program_reads() {
        let with = body(Some(b"t.t.t"));
        assert_eq!((&with["uniIdToken"], &with["params"]["username"]), (&"t.t.t".into(), &"alice".into()));
        assert_eq!((&with["clientInfo"]["appId"], &with["clientInfo"]["deviceId"]), (&APP.into(), &"device-1".into()));
        let without = body(None);
        assert_eq!((without.get("uniIdToken"), &without["params"]["username"]), (None, &"alice".into()));
    }
}
