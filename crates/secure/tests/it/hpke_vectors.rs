//! The test vectors of RFC 9180.

use lingpai_secure::hpke::{Aead, Context, PrivateKey};
use serde_json::Value;

use crate::vector;

fn hex(value: &Value) -> Vec<u8> {
    crate::hex(value.as_str().unwrap())
}

fn key(value: &Value) -> [u8; 32] {
    hex(value).try_into().unwrap()
}

#[test]
fn both_sides_agree_with_the_rfc() {
    let vectors: Vec<Value> = serde_json::from_str(&vector("hpke-x25519-sha256-aesgcm.json")).unwrap();
    assert_eq!(vectors.len(), 2);
    for vector in vectors {
        let aead = if vector["aead"] == 1 { Aead::Aes128Gcm } else { Aead::Aes256Gcm };
        let info = hex(&vector["info"]);
        let recipient = PrivateKey::from_bytes(&key(&vector["skRm"])).unwrap();
        assert_eq!(recipient.public_key(), &key(&vector["pkRm"]));
        let (enc, mut sender) = Context::sender(aead, recipient.public_key(), &info, &key(&vector["skEm"])).unwrap();
        assert_eq!(enc, key(&vector["pkEm"]));
        let mut receiver = Context::recipient(aead, &enc, &recipient, &info).unwrap();
        for message in vector["encryptions"].as_array().unwrap() {
            let (aad, sealed) = (hex(&message[0]), hex(&message[1]));
            assert_eq!(sender.seal(&aad, &hex(&vector["pt"])).unwrap(), sealed);
            assert_eq!(*receiver.open(&aad, sealed).unwrap(), hex(&vector["pt"]));
        }
        for export in vector["exports"].as_array().unwrap() {
            assert_eq!(*sender.export(&hex(&export[0])), key(&export[1]));
            assert_eq!(*receiver.export(&hex(&export[0])), key(&export[1]));
        }
    }
}

#[test]
fn points_of_small_order_are_refused() {
    let recipient = PrivateKey::from_bytes(&[5; 32]).unwrap();
    let mut one = [0; 32];
    one[0] = 1;
    for point in [[0; 32], one] {
        assert!(Context::recipient(Aead::Aes256Gcm, &point, &recipient, b"").is_err());
        assert!(Context::sender(Aead::Aes256Gcm, &point, b"", &[5; 32]).is_err());
    }
}
