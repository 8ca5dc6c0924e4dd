//! What answers must look like.

use serde_json::{Value, json};

use super::Reply;

/// The answer, if it is a success.
#[track_caller]
pub fn done(reply: Reply) -> Reply {
    assert_eq!((reply.status, reply.code()), (200, json!(0)), "{}", reply.body);
    reply
}

/// Checks a refusal: its code, its words, the number that goes with some codes, and nothing of a success.
#[track_caller]
pub fn refused(reply: &Reply, code: &str) {
    assert_eq!((reply.status, reply.code()), (200, json!(code)), "{}", reply.body);
    assert!(reply.body["errMsg"].as_str().is_some_and(|words| !words.is_empty()), "{}", reply.body);
    assert_eq!((reply.body.get("newToken"), reply.body.get("uid")), (None, None), "{}", reply.body);
    let number = match code {
        "uni-id-check-token-failed" => Some(30202),
        "uni-id-token-expired" => Some(30203),
        "uni-captcha-verify-fail" => Some(10104),
        "uni-captcha-verify-overdue" => Some(10103),
        "uni-captcha-refresh-fail" => Some(10003),
        _ => None,
    };
    assert_eq!(reply.body.get("code").and_then(Value::as_i64), number, "{}", reply.body);
    for name in ["msg", "message"] {
        assert_eq!(reply.body.get(name), code.starts_with("uni-captcha").then_some(&reply.body["errMsg"]), "{}", reply.body);
    }
}

/// The same, and the words name what is wrong.
#[track_caller]
pub fn refused_with(reply: &Reply, code: &str, named: &str) {
    refused(reply, code);
    assert!(reply.body["errMsg"].as_str().is_some_and(|words| words.contains(named)), "{}", reply.body);
}
