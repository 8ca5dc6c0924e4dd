//! The clouds' checks of signatures, made again from what came over the wire.

use hmac::{Hmac, KeyInit, Mac};
use lingpai_domain::random::to_hex;
use sha2::{Digest, Sha256};

use crate::{clock::NOW_MS, http_server::Request};

/// Checks a request as Alibaba Cloud does; the key is `key-id` and `key-secret`.
pub fn check_acs3(request: &Request, action: &str, version: &str) {
    let authorization = request.header("authorization").unwrap();
    assert!(authorization.starts_with("ACS3-HMAC-SHA256 Credential=key-id,"));
    let names = part(authorization, "SignedHeaders");
    assert_eq!(names, "host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version");
    let raw_query = request.head.split(' ').nth(1).unwrap().strip_prefix("/?").unwrap();
    let canonical = format!("POST\n/\n{raw_query}\n{}\n{names}\n{}", canonical_headers(request, names), sha256(&request.body));
    let expected = to_hex(&hmac(b"key-secret", &format!("ACS3-HMAC-SHA256\n{}", sha256(&canonical))));
    assert_eq!(part(authorization, "Signature"), expected);
    assert_eq!(request.header("x-acs-date"), Some("2025-10-09T08:53:20Z"));
    assert_eq!((request.header("x-acs-action"), request.header("x-acs-version")), (Some(action), Some(version)));
    assert_eq!(request.header("x-acs-content-sha256"), Some(sha256("").as_str()));
}

/// Checks a request as Tencent Cloud does; the key is `key-id` and `key-secret`.
pub fn check_tc3(request: &Request, service: &str, action: &str, version: &str) {
    let authorization = request.header("authorization").unwrap();
    assert!(authorization.starts_with(&format!("TC3-HMAC-SHA256 Credential=key-id/2025-10-09/{service}/tc3_request, ")));
    let names = part(authorization, "SignedHeaders");
    assert_eq!(names, "content-type;host;x-tc-action");
    let small = action.to_lowercase();
    let headers = canonical_headers(request, names).replace(&format!("x-tc-action:{action}"), &format!("x-tc-action:{small}"));
    let canonical = format!("POST\n/\n\n{headers}\n{names}\n{}", sha256(&request.body));
    let timestamp = request.header("x-tc-timestamp").unwrap();
    assert_eq!(timestamp, (NOW_MS / 1000).to_string());
    let to_sign = format!("TC3-HMAC-SHA256\n{timestamp}\n2025-10-09/{service}/tc3_request\n{}", sha256(&canonical));
    let key = ["2025-10-09", service, "tc3_request"].iter().fold(b"TC3key-secret".to_vec(), |key, part| hmac(&key, part));
    assert_eq!(part(authorization, "Signature"), to_hex(&hmac(&key, &to_sign)));
    assert_eq!((request.header("x-tc-action"), request.header("x-tc-version")), (Some(action), Some(version)));
}

pub fn hmac(key: &[u8], message: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(message.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

pub fn sha256(text: &str) -> String {
    to_hex(&Sha256::digest(text))
}

/// The headers of a request as a signature covers them.
pub fn canonical_headers(request: &Request, names: &str) -> String {
    names.split(';').map(|name| format!("{name}:{}\n", request.header(name).unwrap_or_default())).collect()
}

pub fn part<'a>(authorization: &'a str, name: &str) -> &'a str {
    let rest = authorization.split_once(&format!("{name}=")).unwrap().1;
    rest.split(',').next().unwrap().trim()
}

/// The query's pairs, decoded.
pub fn query(request: &Request) -> Vec<(String, String)> {
    let target = request.head.split(' ').nth(1).unwrap();
    let url = reqwest::Url::parse(&format!("http://x{target}")).unwrap();
    url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
}

pub fn value<'a>(pairs: &'a [(String, String)], name: &str) -> &'a str {
    pairs.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
}
