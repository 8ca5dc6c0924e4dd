//! Apple's identity tokens: JWTs that say who signed in ("Authenticating users with Sign in with
//! Apple", Apple's documentation).

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use lingpai_domain::{random::to_hex, secret::equal};
use serde::Deserialize;
use sha2::{Digest, Sha256};

/// Who makes them.
pub const ISSUER: &str = "https://appleid.apple.com";

/// Longer tokens are not looked at, bytes. Apple's have less than one KiB.
const LONGEST: usize = 8 * 1024;

/// How far in the future a token may have been made, seconds: clocks differ.
const CLOCK_SKEW_S: i64 = 300;

/// What a token must say.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// The app's bundle id, or one of several.
    pub audiences: &'a [String],
    /// What the client asked Apple to put into the token, if it did: as it is, or its SHA-256 in hex.
    pub nonce: Option<&'a str>,
    /// Now, in seconds since the Unix epoch.
    pub now_s: i64,
}

/// Who signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppleIdentity {
    /// `sub`: the user's id for the developer team.
    pub subject: String,
}

/// Why a token is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentityTokenError {
    /// Not a JWT of this kind.
    #[error("not an identity token")]
    Malformed,
    /// Another algorithm than RS256.
    #[error("the identity token is not signed with RS256")]
    Algorithm,
    /// A key that is not in the set. Apple changes its keys: the set may be old.
    #[error("the identity token names a key that Apple does not publish")]
    UnknownKey,
    /// Not signed by Apple.
    #[error("the identity token's signature is wrong")]
    Signature,
    /// Made by somebody else.
    #[error("the identity token's issuer is not Apple")]
    Issuer,
    /// Made for another app.
    #[error("the identity token is for another app than oauth.apple.bundleId says")]
    Audience,
    /// Past its end, or from the future.
    #[error("the identity token is past its time")]
    Expired,
    /// Made for another sign-in.
    #[error("the identity token's nonce is another")]
    Nonce,
}

/// Apple's public keys (a JWK set, RFC 7517).
#[derive(Clone, Debug, Default)]
pub struct AppleKeys(Vec<Key>);

#[derive(Clone, Debug)]
struct Key {
    id: String,
    modulus: Vec<u8>,
    exponent: Vec<u8>,
}

/// Keys beyond this many are not kept. Apple has four.
const MOST_KEYS: usize = 32;

impl AppleKeys {
    /// Reads a set; keys of another kind are left out. `None`: it is not one, or has no key.
    pub fn parse(json: &[u8]) -> Option<Self> {
        #[derive(Deserialize)]
        struct Set {
            keys: Vec<serde_json::Value>,
        }
        #[derive(Deserialize)]
        struct Jwk {
            kty: String,
            kid: String,
            n: String,
            e: String,
        }
        let set: Set = serde_json::from_slice(json).ok()?;
        let read = |value| {
            let jwk: Jwk = serde_json::from_value(value).ok()?;
            let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).ok();
            (jwk.kty == "RSA").then_some(Key { id: jwk.kid, modulus: decode(&jwk.n)?, exponent: decode(&jwk.e)? })
        };
        let keys: Vec<Key> = set.keys.into_iter().filter_map(read).take(MOST_KEYS).collect();
        (!keys.is_empty()).then_some(Self(keys))
    }

    /// Checks a token altogether.
    ///
    /// # Errors
    /// [`IdentityTokenError`]; [`IdentityTokenError::UnknownKey`] asks for a newer set.
    pub fn verify(&self, token: &str, expected: &Expected<'_>) -> Result<AppleIdentity, IdentityTokenError> {
        use IdentityTokenError as Wrong;

        #[derive(Deserialize)]
        struct Header {
            alg: String,
            kid: String,
        }
        #[derive(Deserialize)]
        struct Payload {
            iss: String,
            aud: String,
            sub: String,
            exp: i64,
            iat: i64,
            #[serde(default)]
            nonce: Option<String>,
        }
        if token.len() > LONGEST {
            return Err(Wrong::Malformed);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(Wrong::Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(Wrong::Malformed)?;
        let header: Header = decoded(header).ok_or(Wrong::Malformed)?;
        if header.alg != "RS256" {
            return Err(Wrong::Algorithm);
        }
        let key = self.0.iter().find(|key| key.id == header.kid).ok_or(Wrong::UnknownKey)?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| Wrong::Malformed)?;
        let public = RsaPublicKeyComponents { n: &key.modulus, e: &key.exponent };
        public.verify(&RSA_PKCS1_2048_8192_SHA256, signed.as_bytes(), &signature).map_err(|_| Wrong::Signature)?;
        let payload: Payload = decoded(payload).ok_or(Wrong::Malformed)?;
        if payload.iss != ISSUER {
            return Err(Wrong::Issuer);
        }
        if !expected.audiences.contains(&payload.aud) {
            return Err(Wrong::Audience);
        }
        if payload.exp <= expected.now_s || payload.iat > expected.now_s.saturating_add(CLOCK_SKEW_S) {
            return Err(Wrong::Expired);
        }
        if let Some(nonce) = expected.nonce {
            let said = payload.nonce.unwrap_or_default();
            let hashed = to_hex(&Sha256::digest(nonce));
            if !equal(said.as_bytes(), nonce.as_bytes()) && !equal(said.as_bytes(), hashed.as_bytes()) {
                return Err(Wrong::Nonce);
            }
        }
        if payload.sub.is_empty() {
            return Err(Wrong::Malformed);
        }
        Ok(AppleIdentity { subject: payload.sub })
    }
}

fn decoded<T: serde::de::DeserializeOwned>(part: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::{
        rand::SystemRandom,
        signature::{KeyPair, RSA_PKCS1_SHA256, RsaKeyPair},
    };
    use base64::engine::general_purpose::STANDARD;
    use serde_json::{Value, json};

    use super::*;

    const NOW: i64 = 1_760_000_000;

    fn signer() -> RsaKeyPair {
        let pem = include_str!("../../tests/fixtures/rsa-pkcs8.pem");
        let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        RsaKeyPair::from_pkcs8(&STANDARD.decode(body).unwrap()).unwrap()
    }

    fn keys() -> AppleKeys {
        let public = signer().public_key().clone();
        let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let (n, e) = (part(public.modulus().big_endian_without_leading_zero()), part(public.exponent().big_endian_without_leading_zero()));
        let set =
            json!({"keys": [{"kty": "EC", "kid": "other"}, {"kty": "RSA", "kid": "k1", "use": "sig", "alg": "RS256", "n": n, "e": e}]});
        AppleKeys::parse(set.to_string().as_bytes()).unwrap()
    }

    fn token(header: Value, payload: Value) -> String {
        let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(header), part(payload));
        let mut signature = vec![0; 256];
        signer().sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature).unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    fn header() -> Value {
        json!({"alg": "RS256", "kid": "k1"})
    }

    fn payload() -> Value {
        json!({"iss": ISSUER, "aud": "com.example.app", "sub": "001.abc", "iat": NOW - 10, "exp": NOW + 600})
    }

    fn outcome(token: &str, nonce: Option<&str>) -> Result<String, IdentityTokenError> {
        let audiences = ["com.example.other".to_owned(), "com.example.app".to_owned()];
        keys().verify(token, &Expected { audiences: &audiences, nonce, now_s: NOW }).map(|identity| identity.subject)
    }

    #[test]
    fn a_token_of_apples_is_accepted() {
        assert_eq!(outcome(&token(header(), payload()), None), Ok("001.abc".to_owned()));
    }

    /// Keys and tokens with all members that Apple's pages describe; see the sources in the fixture.
    #[test]
    fn tokens_as_apple_documents_them_are_understood() {
        let mut fixture: Value = serde_json::from_str(include_str!("../../tests/fixtures/apple-identity-token.json")).unwrap();
        let modulus = signer().public_key().modulus().big_endian_without_leading_zero().to_vec();
        fixture["key"]["n"] = URL_SAFE_NO_PAD.encode(modulus).into();
        let set = json!({"keys": [fixture["other_keys"][0], fixture["key"]]});
        let keys = AppleKeys::parse(set.to_string().as_bytes()).unwrap();
        let audiences = ["com.example.app".to_owned()];
        let tokens = fixture["tokens"].as_object().unwrap();
        assert_eq!(tokens.len(), 5);
        for (name, claims) in tokens {
            let token = token(fixture["header"].clone(), claims.clone());
            let said = |nonce, now_s| keys.verify(&token, &Expected { audiences: &audiences, nonce, now_s });
            assert_eq!(said(claims["nonce"].as_str(), NOW + 60).unwrap().subject, claims["sub"].as_str().unwrap(), "{name}");
            assert_eq!(said(None, NOW + 86_400), Err(IdentityTokenError::Expired), "{name}");
            assert_eq!(said(Some("another"), NOW), Err(IdentityTokenError::Nonce), "{name}");
        }
    }

    #[test]
    fn every_claim_is_checked() {
        use IdentityTokenError as Wrong;
        for (field, value, wrong) in [
            ("iss", json!("https://appleid.apple.com.example"), Wrong::Issuer),
            ("aud", json!("com.example.evil"), Wrong::Audience),
            ("aud", json!(["com.example.app"]), Wrong::Malformed),
            ("exp", json!(NOW), Wrong::Expired),
            ("exp", json!("never"), Wrong::Malformed),
            ("iat", json!(NOW + 301), Wrong::Expired),
            ("sub", json!(""), Wrong::Malformed),
            ("sub", Value::Null, Wrong::Malformed),
        ] {
            let mut payload = payload();
            payload[field] = value.clone();
            assert_eq!(outcome(&token(header(), payload), None), Err(wrong), "{field} {value}");
        }
    }

    #[test]
    fn nobody_else_can_sign() {
        use IdentityTokenError as Wrong;
        assert_eq!(outcome(&token(json!({"alg": "RS256", "kid": "k2"}), payload()), None), Err(Wrong::UnknownKey));
        for alg in ["none", "HS256", "RS512", "ES256", "rs256"] {
            assert_eq!(outcome(&token(json!({"alg": alg, "kid": "k1"}), payload()), None), Err(Wrong::Algorithm), "{alg}");
        }
        let good = token(header(), payload());
        let other = token(header(), json!({"iss": ISSUER}));
        let swapped = format!("{}.{}", good.rsplit_once('.').unwrap().0, other.rsplit_once('.').unwrap().1);
        assert_eq!(outcome(&swapped, None), Err(Wrong::Signature));
        let unsigned = format!("{}.", good.rsplit_once('.').unwrap().0);
        assert_eq!(outcome(&unsigned, None), Err(Wrong::Signature));
        for odd in ["", ".", "..", "a.b.c", &"x".repeat(9000), &format!("{good}.x")] {
            assert_eq!(outcome(odd, None), Err(Wrong::Malformed), "{odd:.40}");
        }
    }

    #[test]
    fn a_nonce_is_compared_as_it_is_or_hashed() {
        let with = |nonce: Value| {
            let mut payload = payload();
            payload["nonce"] = nonce;
            token(header(), payload)
        };
        let hash = to_hex(&Sha256::digest("n1"));
        assert!(outcome(&with(json!("n1")), Some("n1")).is_ok());
        assert!(outcome(&with(json!(hash)), Some("n1")).is_ok());
        assert!(outcome(&with(json!("n1")), None).is_ok());
        assert_eq!(outcome(&with(json!("n2")), Some("n1")), Err(IdentityTokenError::Nonce));
        assert_eq!(outcome(&token(header(), payload()), Some("n1")), Err(IdentityTokenError::Nonce));
    }

    #[test]
    fn sets_without_keys_are_none() {
        for odd in ["", "{}", r#"{"keys":[]}"#, r#"{"keys":[{"kty":"EC","kid":"x"}]}"#, r#"{"keys":[1]}"#] {
            assert!(AppleKeys::parse(odd.as_bytes()).is_none(), "{odd}");
        }
    }
}
