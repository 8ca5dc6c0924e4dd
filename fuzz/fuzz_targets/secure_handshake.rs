//! Handshakes: requests, and hellos inside a seal that is right.
#![no_main]

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use libfuzzer_sys::fuzz_target;
use lingpai_secure::envelope::TimeWindow;
use lingpai_secure::handshake::{Request, server};
use lingpai_secure::hpke::{Aead, Context, PrivateKey};
use lingpai_secure::space_key::SpaceKey;

fn encode(fields: &[&[u8]]) -> Vec<u8> {
    fields.iter().flat_map(|field| [&(field.len() as u32).to_be_bytes()[..], field].concat()).collect()
}

fuzz_target!(|data: &[u8]| {
    let keys = [SpaceKey::new(&[2; 32], 0, i64::MAX).unwrap()];
    let window = TimeWindow { now_ms: 0, tolerance_ms: i64::MAX };
    if let Ok(request) = serde_json::from_slice::<Request>(data) {
        assert!(server::open(&request, "space", &keys, window).is_err(), "forged");
    }
    let id = keys[0].id().as_bytes();
    let public = *PrivateKey::from_bytes(&[2; 32]).unwrap().public_key();
    let info = encode(&[b"lingpai-sn1", b"space", id]);
    let (enc, mut context) = Context::sender(Aead::Aes256Gcm, &public, &info, &[5; 32]).unwrap();
    let content = context.seal(&encode(&[b"lingpai-sn1 hello", b"space", id]), data).unwrap();
    let request = Request { v: 1, key_id: keys[0].id().to_owned(), enc: STANDARD.encode(enc), content: STANDARD.encode(content) };
    // It opens or not, depending on whether the fuzzer found a hello; it must not panic.
    let _ = server::open(&request, "space", &keys, window);
});
