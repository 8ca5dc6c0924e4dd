//! JWTs, made and read independently of the program under test (RFC 7515, RFC 7519).

use anyhow::{Context, Result};
use aws_lc_rs::{
    rand::SystemRandom,
    signature::{RSA_PKCS1_SHA256, RsaKeyPair},
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Map, Value};
use sha2::Sha256;

/// What a JWT says.
#[derive(Clone, Debug, PartialEq)]
pub struct Decoded {
    /// The first part.
    pub header: Map<String, Value>,
    /// The second part.
    pub payload: Map<String, Value>,
}

/// Reads a JWT's first two parts. `None`: it is not one.
pub fn decode(token: &str) -> Option<Decoded> {
    let mut parts = token.split('.');
    let mut part = || serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts.next()?).ok()?).ok();
    let decoded = Decoded { header: part()?, payload: part()? };
    parts.next()?;
    parts.next().is_none().then_some(decoded)
}

/// Signs with HMAC-SHA256, whatever the header says.
pub fn sign_hmac(header: &Map<String, Value>, payload: &Map<String, Value>, secret: &str) -> String {
    let signed = signed_part(header, payload);
    let signature = URL_SAFE_NO_PAD.encode(hmac_sha256(secret.as_bytes(), signed.as_bytes()));
    format!("{signed}.{signature}")
}

/// Whether the third part is the HMAC-SHA256 of the first two.
pub fn is_signed_by(token: &str, secret: &str) -> bool {
    token.rsplit_once('.').is_some_and(|(signed, signature)| {
        URL_SAFE_NO_PAD.decode(signature).is_ok_and(|signature| signature == hmac_sha256(secret.as_bytes(), signed.as_bytes()))
    })
}

fn signed_part(header: &Map<String, Value>, payload: &Map<String, Value>) -> String {
    let part = |map: &Map<String, Value>| URL_SAFE_NO_PAD.encode(Value::Object(map.clone()).to_string());
    format!("{}.{}", part(header), part(payload))
}

/// HMAC-SHA256.
pub fn hmac_sha256(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

/// The test's stand-in for Apple's signing key.
pub struct AppleKey {
    /// `kid` of the tokens' headers.
    pub kid: String,
    pair: RsaKeyPair,
}

impl AppleKey {
    /// Reads `{"kid":..., "pem": PKCS#8 in PEM}`.
    ///
    /// # Errors
    /// If it is not that.
    pub fn parse(json: &str) -> Result<Self> {
        #[derive(serde::Deserialize)]
        struct File {
            kid: String,
            pem: String,
        }
        let file: File = serde_json::from_str(json).context("the key's file")?;
        let base64: String = file.pem.lines().filter(|line| !line.starts_with("-----")).collect();
        let der = STANDARD.decode(base64.trim()).context("the key's PEM")?;
        let pair = RsaKeyPair::from_pkcs8(&der).map_err(|error| anyhow::anyhow!("the key: {error}"))?;
        Ok(Self { kid: file.kid, pair })
    }

    /// Signs with RS256.
    ///
    /// # Errors
    /// If the cryptographic library fails.
    pub fn sign(&self, header: &Map<String, Value>, payload: &Map<String, Value>) -> Result<String> {
        let signed = signed_part(header, payload);
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
            .map_err(|_| anyhow::anyhow!("RS256 failed"))?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    /// The public key as Apple publishes its own (RFC 7517).
    pub fn public_jwk(&self) -> Value {
        use aws_lc_rs::signature::KeyPair;
        let public = self.pair.public_key();
        let number = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        serde_json::json!({
            "kty": "RSA",
            "n": number(public.modulus().big_endian_without_leading_zero()),
            "e": number(public.exponent().big_endian_without_leading_zero()),
            "kid": self.kid,
            "use": "sig",
            "alg": "RS256",
        })
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
    use serde_json::json;

    use super::*;

    fn map(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn signs_like_everybody_else() {
        // The example that jwt.io shows.
        let token = sign_hmac(
            &map(json!({"alg": "HS256", "typ": "JWT"})),
            &map(json!({"sub": "1234567890", "name": "John Doe", "iat": 1516239022})),
            "your-256-bit-secret",
        );
        assert_eq!(
            token,
            "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c"
        );
        assert!(is_signed_by(&token, "your-256-bit-secret"));
        assert!(!is_signed_by(&token, "another"));
        assert_eq!(decode(&token).unwrap().payload["name"], "John Doe");
    }

    #[test]
    fn what_is_no_jwt_is_not_decoded() {
        for text in ["", "a.b.c", "e30.e30", "e30.e30.x.y", "W10.e30.x"] {
            assert_eq!(decode(text), None, "{text}");
        }
    }

    #[test]
    fn apple_tokens_verify_with_the_published_key() {
        let key = AppleKey::parse(include_str!("../../../../conformance/apple-test-key.json")).unwrap();
        let token = key.sign(&map(json!({"kid": key.kid, "alg": "RS256"})), &map(json!({"sub": "x"}))).unwrap();
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let jwk = key.public_jwk();
        let number = |name: &str| URL_SAFE_NO_PAD.decode(jwk[name].as_str().unwrap()).unwrap();
        let public = RsaPublicKeyComponents { n: number("n"), e: number("e") };
        public.verify(&RSA_PKCS1_2048_8192_SHA256, signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
    }
}
