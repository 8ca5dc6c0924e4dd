//! `challenge`: 32 bytes for the next handshake.

use base64::{Engine, engine::general_purpose::STANDARD};
use lingpai_domain::validate::Params;

use super::{super::*, UNI_SECURE_NETWORK};

/// The registry's entry.
pub const METHOD: Method = Method {
    function: UNI_SECURE_NETWORK,
    group: "secure-network",
    name: "challenge",
    summary: Summary {
        zh: "安全网络握手用的随机挑战,60 秒内用一次",
        en: "A challenge for a handshake of the secure network, good once and for 60 s",
    },
    access: Access::Anyone(handle),
    bucket: Bucket::General,
    fields: &[],
    outputs: &[
        Output { name: "challenge", kind: "string", about: Summary { zh: "32 字节,base64", en: "32 bytes, base64" } },
        Output { name: "expires", kind: "number", about: Summary { zh: "到期时间,毫秒", en: "when it ends, ms" } },
        Output { name: "serverTime", kind: "number", about: Summary { zh: "服务器时间,毫秒", en: "the server's time, ms" } },
    ],
    errors: &[],
};

fn handle<'a>(scope: &'a Scope<'a>, _params: Params) -> Reply<'a> {
    Box::pin(async move {
        let now_ms = scope.state.base.clock.now_ms();
        let (challenge, expires) = scope.state.secure.challenges.issue(now_ms, &*scope.state.base.random);
        Ok(Answer::ok().with("challenge", STANDARD.encode(challenge)).with("expires", expires).with("serverTime", now_ms))
    })
}
