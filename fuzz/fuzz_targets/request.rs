//! Both wire forms up to the parameters: whatever arrives, there is an answer and no panic.
#![no_main]

use axum::http::HeaderMap;
use libfuzzer_sys::fuzz_target;
use lingpai_domain::{client::Source, validate::Params};
use lingpai_server::{
    call::Call,
    methods::registry::METHODS,
    pipeline::client_info,
    transport::{client, url_envelope::Envelope},
};
use serde_json::Value;

fuzz_target!(|bytes: &[u8]| {
    if let Some(envelope) = Envelope::decode(bytes) {
        check(Call {
            function: "uni-id-co".into(),
            method: "login".into(),
            params: envelope.params,
            client_info: envelope.client_info,
            token: envelope.token,
            source: Source::Http,
            ip: "127.0.0.1".into(),
            user_agent: String::new(),
            request_id: String::new(),
            secured: Default::default(),
            signed: None,
        });
    }
    if let Ok(Value::Object(mut params)) = serde_json::from_slice(bytes) {
        let headers = HeaderMap::new();
        check(client::decode(
            &mut params,
            client::Invocation { headers: &headers, ip: "127.0.0.1".into(), request_id: "", secured: Default::default() },
        ));
    }
});

fn check(mut call: Call) {
    let _ = call.locale();
    if let Ok(client) = client_info::check(&call) {
        let _ = client.register_env();
    }
    if let Some(params) = call.take_params() {
        for method in METHODS {
            let _ = Params::parse(params.clone(), method.fields, None);
        }
    }
}
