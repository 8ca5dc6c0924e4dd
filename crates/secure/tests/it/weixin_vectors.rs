//! The mini program's envelope against its vectors.

use lingpai_secure::refusal::Refusal;
use lingpai_secure::weixin::{EncryptKey, Payload};
use serde_json::Value;

use crate::{base64, vector};

fn setup() -> (Value, EncryptKey) {
    let vectors: Value = serde_json::from_str(&vector("mp-weixin-secure-network.json")).unwrap();
    let key = EncryptKey::parse(vectors["encryptKey"].as_str().unwrap(), vectors["iv"].as_str().unwrap()).unwrap();
    (vectors, key)
}

#[test]
fn every_message_opens_and_seals_to_the_same_bytes() {
    let (vectors, key) = setup();
    for name in ["request", "verifyClientSign", "response"] {
        let (plain, content) = (vectors[name]["plaintext"].as_str().unwrap(), vectors[name]["content"].as_str().unwrap());
        assert_eq!(key.open(content).unwrap(), plain, "{name}");
        assert_eq!(key.seal(plain).unwrap(), content, "{name}");
    }
}

#[test]
fn payloads_keep_the_clients_key_order() {
    let (vectors, key) = setup();
    let payload = key.open_payload(vectors["request"]["content"].as_str().unwrap()).unwrap();
    let expected = Payload {
        data: r#"{"a":1,"s":"中文"}"#.into(),
        app_id: "__UNI__H5CLNT1".into(),
        device_id: "D1".into(),
        wx_app_id: "wx1234567890abcdef".into(),
        simulator: false,
        timestamp: 1_700_000_000_000,
    };
    assert_eq!(payload, expected);
    assert_eq!(serde_json::to_string(&payload).unwrap(), vectors["request"]["plaintext"]);
}

#[test]
fn another_key_opens_nothing() {
    let (vectors, _) = setup();
    let other = EncryptKey::parse("ABEiM0RVZneImaq7zN3u/g==", "0123456789abcdef").unwrap();
    assert_eq!(other.open_payload(vectors["request"]["content"].as_str().unwrap()), Err(Refusal::CannotOpen));
}

/// The reply is no payload; whatever is flipped in it, what comes out is the one error, from the padding or from the JSON.
#[test]
fn flipped_bits_give_the_one_error() {
    use base64::Engine;
    let (vectors, key) = setup();
    let bytes = base64(vectors["response"]["content"].as_str().unwrap());
    for index in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[index / 8] ^= 1 << (index % 8);
        let content = base64::engine::general_purpose::STANDARD.encode(&flipped);
        assert_eq!(key.open_payload(&content), Err(Refusal::CannotOpen));
    }
}
