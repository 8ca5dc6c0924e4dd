//! `getSessions`: where one is signed in.

use lingpai_domain::{error::Code, session_list::Session, validate::Params};
use serde_json::{Value, json};

use super::super::*;

const fn field(name: &'static str, kind: &'static str, zh: &'static str, en: &'static str) -> Output {
    Output { name, kind, about: Summary { zh, en } }
}

/// The registry's entry.
pub const METHOD: Method = Method {
    function: UNI_ID_CO,
    group: "session",
    name: "getSessions",
    summary: Summary {
        zh: "获取自己的登录设备列表(令牌扩展)。续期的 token 属于同一项;当前设备在最前,其余按最后使用时间排列",
        en: "Lists where the caller is signed in (ours). A renewed token belongs to the same entry; the caller's own comes first, the others by their last use",
    },
    access: Access::User(Renewal::Automatic, handle),
    bucket: Bucket::General,
    fields: &[],
    outputs: &[
        field("sessions", "array", "登录设备,各项有以下字段", "the sessions, each with the following fields"),
        field("sessions[].sessionId", "string", "用于 revokeSession", "for revokeSession"),
        field("sessions[].current", "boolean", "是否当前设备", "whether it is the caller's own"),
        field("sessions[].appId", "string", "应用的 AppID", "the application's AppID"),
        field("sessions[].deviceId", "string", "设备标识", "the device"),
        field("sessions[].userAgent", "string", "客户端的 User-Agent", "the client's User-Agent"),
        field("sessions[].ip", "string", "最后使用时的 IP", "the address of the last use"),
        field("sessions[].createDate", "number", "首次登录时间(毫秒时间戳)", "when it began, milliseconds"),
        field(
            "sessions[].lastUseDate",
            "number",
            "最后使用时间(毫秒时间戳,约一分钟的误差)",
            "when it was last used, milliseconds, to about a minute",
        ),
        field("sessions[].expireDate", "number", "最新 token 的到期时间(毫秒时间戳)", "when its newest token ends, milliseconds"),
    ],
    errors: &[Code::AccountNotExists],
};

fn handle<'a>(scope: &'a Scope<'a>, _params: Params, caller: &'a Caller) -> Reply<'a> {
    Box::pin(async move {
        let sessions = scope.context().sessions(caller.uid(), caller.token()).await?;
        Ok(Answer::ok().with("sessions", sessions.into_iter().map(shown).collect::<Vec<Value>>()))
    })
}

fn shown(session: Session) -> Value {
    let mut shown = json!({
        "sessionId": session.id,
        "current": session.current,
        "appId": session.app,
        "deviceId": session.device_id,
        "userAgent": session.user_agent,
        "ip": session.used_ip,
        "createDate": session.started_at,
        "lastUseDate": session.used_at,
        "expireDate": session.expires,
    });
    if let Some(fields) = shown.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
    }
    shown
}
