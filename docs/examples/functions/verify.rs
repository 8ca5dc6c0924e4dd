use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

/// `header` gives a header's value; `is_new` remembers nonces for two minutes and says whether one is new.
pub fn verify<'a>(key: &str, path: &str, header: impl Fn(&str) -> &'a str, body: &[u8], now: i64, is_new: impl FnOnce(&str) -> bool) -> bool {
    let (time, nonce) = (header("x-lingpai-timestamp"), header("x-lingpai-nonce"));
    let hash: String = Sha256::digest(body).iter().map(|byte| format!("{byte:02x}")).collect();
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.as_bytes()) else { return false };
    mac.update(format!("lingpai-fn1\nPOST\n{path}\n{time}\n{nonce}\n{hash}").as_bytes());
    let given = header("x-lingpai-signature").strip_prefix("v1=").unwrap_or_default();
    let pairs = given.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok()));
    let signed = pairs.collect::<Option<Vec<u8>>>().is_some_and(|tag| mac.verify_slice(&tag).is_ok());
    signed && time.parse::<i64>().is_ok_and(|time| now.abs_diff(time) <= 60_000) && is_new(nonce)
}
