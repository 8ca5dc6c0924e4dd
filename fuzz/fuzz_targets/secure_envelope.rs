//! Sealed calls: nothing that the fuzzer makes is authentic, and nothing panics.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lingpai_secure::client_key::ClientKey;
use lingpai_secure::device_key::{DeviceSigner, SoftwareDeviceKey};
use lingpai_secure::envelope::{Envelope, NewCall, SecretType, Target, TimeWindow};

fuzz_target!(|text: &str| {
    let device = SoftwareDeviceKey::from_secret(&[3; 32]).unwrap();
    let key = ClientKey::derive("key", &[1; 32], device.public_key(), i64::MAX).unwrap();
    let target = Target { space_id: "space", function: "order" };
    if let Ok(envelope) = serde_json::from_str(text).map_err(drop).and_then(|value| Envelope::parse(value).map_err(drop)) {
        let window = TimeWindow { now_ms: 0, tolerance_ms: i64::MAX };
        assert!(envelope.open(&key, target, window).is_err(), "forged");
    }
    // Whatever is called travels and comes out as it was; as a reply it is opened by nothing but its call.
    let call = NewCall { secret_type: SecretType::Both, content: text, request_id: "request-1", timestamp_ms: 0, nonce: [2; 12] };
    let (envelope, pending) = Envelope::seal(&key, &device, target, call).unwrap();
    let opened = Envelope::parse(serde_json::to_value(envelope).unwrap()).unwrap();
    let opened = opened.open(&key, target, TimeWindow { now_ms: 0, tolerance_ms: 0 }).unwrap();
    assert_eq!(opened.admit(lingpai_secure::replay::Freshness::New).unwrap().content, text);
    if let Ok(value) = serde_json::from_str(text) {
        assert!(pending.open_reply(&key, value).is_err(), "forged");
    }
});
