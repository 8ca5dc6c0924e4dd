//! What a service recognises the gate by: an HMAC over method, path, time, nonce and body.

use hmac::{Hmac, KeyInit, Mac};
use lingpai_domain::{
    random::{Random, to_hex},
    secret::Secret,
};
use sha2::{Digest, Sha256};

/// The headers of a signed request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// `x-lingpai-timestamp`: milliseconds.
    pub timestamp: String,
    /// `x-lingpai-nonce`: 32 hexadecimal digits.
    pub nonce: String,
    /// `x-lingpai-signature`
    pub signature: String,
}

/// What the signature is made of. `path` has the query in it.
pub fn canonical(path: &str, timestamp: &str, nonce: &str, body: &[u8]) -> String {
    format!("lingpai-fn1\nPOST\n{path}\n{timestamp}\n{nonce}\n{}", to_hex(&Sha256::digest(body)))
}

/// Signs a request.
pub fn sign(key: &Secret, path: &str, body: &[u8], now_ms: i64, random: &dyn Random) -> Signed {
    let (timestamp, nonce) = (now_ms.to_string(), random.hex(16));
    let mut mac = Hmac::<Sha256>::new_from_slice(key.expose().as_bytes()).expect("HMAC takes keys of any length");
    mac.update(canonical(path, &timestamp, &nonce, body).as_bytes());
    let signature = format!("v1={}", to_hex(&mac.finalize().into_bytes()));
    Signed { timestamp, nonce, signature }
}

#[cfg(test)]
mod tests {
    use super::*;

    mod documented {
        include!("../../../../docs/examples/functions/verify.rs");
    }

    struct Fixed;

    impl Random for Fixed {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(0xab);
        }
    }

    /// The example of the documentation; computed there with openssl.
    #[test]
    fn the_documented_example_is_right() {
        let key = Secret::new("an example key of 32 characters!");
        let signed = sign(&key, "/order?a=1", b"{}", 1_800_000_000_000, &Fixed);
        assert_eq!((signed.timestamp.as_str(), signed.nonce.as_str()), ("1800000000000", "abababababababababababababababab"));
        assert_eq!(signed.signature, "v1=4df9d6845f762dbdb0db14fb012817cdce2bdf9884e5a1a2775b28201aa8cc80");
    }

    #[test]
    fn the_documented_verifier_accepts_what_is_signed_and_nothing_else() {
        let key = "an example key of 32 characters!";
        let now = 1_800_000_000_000;
        let signed = sign(&Secret::new(key), "/order", b"{}", now, &Fixed);
        let header = |name: &str| match name {
            "x-lingpai-timestamp" => signed.timestamp.as_str(),
            "x-lingpai-nonce" => signed.nonce.as_str(),
            "x-lingpai-signature" => signed.signature.as_str(),
            _ => "",
        };
        let verify = |key: &str, path: &str, body: &[u8], now: i64, new: bool| documented::verify(key, path, header, body, now, |_| new);
        assert!(verify(key, "/order", b"{}", now, true) && verify(key, "/order", b"{}", now + 60_000, true));
        assert!(!verify(key, "/order", b"{}", now, false) && !verify(key, "/order", b"{}", now + 60_001, true));
        assert!(!verify("another", "/order", b"{}", now, true) && !verify(key, "/other", b"{}", now, true));
        assert!(!verify(key, "/order", b"{ }", now, true));
        assert!(!documented::verify(key, "/order", |_| "", b"{}", now, |_| true));
    }
}
