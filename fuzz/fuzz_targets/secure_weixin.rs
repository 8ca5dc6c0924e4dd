//! The mini program's envelope: one error for everything, and texts come back.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lingpai_secure::refusal::Refusal;
use lingpai_secure::weixin::EncryptKey;

fuzz_target!(|text: &str| {
    for key in ["ABEiM0RVZneImaq7zN3u/w==", "ABEiM0RVZneImaq7zN3u/wARIjNEVWZ3iJmqu8zd7v8="] {
        let key = EncryptKey::parse(key, "0123456789abcdef").unwrap();
        assert!(key.open_payload(text).map_or_else(|refusal| refusal == Refusal::CannotOpen, |_| true));
        assert_eq!(key.open(&key.seal(text).unwrap()).unwrap(), text);
    }
    let _ = EncryptKey::parse(text, text);
});
