//! `getInvitedUser`: whom the caller invited.

use lingpai_domain::{
    account::User,
    store::InviteeQuery,
    validate::{Params, Rule, optional, required},
};
use serde_json::{Map, Value};

use super::super::*;

const fn output(name: &'static str, kind: &'static str, zh: &'static str, en: &'static str) -> Output {
    Output { name, kind, about: Summary { zh, en } }
}

/// The registry's entry.
pub const METHOD: Method = Method {
    function: UNI_ID_CO,
    group: "fission",
    name: "getInvitedUser",
    summary: Summary {
        zh: "获取受邀用户;level 为 1 是直接邀请的人,2 是他们邀请的人,依此类推。limit 默认 20,最大 1000",
        en: "Lists whom the caller invited: level 1 directly, level 2 through those, and so on. limit is 20 unless given, 1000 at most",
    },
    access: Access::User(Renewal::Automatic, handle),
    bucket: Bucket::General,
    fields: &[
        required("level", Rule::Number),
        optional("limit", Rule::Count),
        optional("offset", Rule::Count),
        optional("needTotal", Rule::Boolean),
    ],
    outputs: &[
        output(
            "invitedUser",
            "array",
            "受邀用户:uid、username、nickname、mobile(脱敏)、avatar、avatarFile、inviteTime",
            "who was invited: uid, username, nickname, mobile (masked), avatar, avatarFile, inviteTime",
        ),
        output("total", "number", "总数,needTotal 为 true 时返回", "how many there are, if needTotal is true"),
    ],
    errors: &[],
};

/// How many there are on a page unless the call says otherwise (seed 002).
const USUAL_LIMIT: u64 = 20;
/// How many there are on a page at most (ours).
const GREATEST_LIMIT: u64 = 1000;
/// The greatest level that is looked for (ours).
const GREATEST_LEVEL: u64 = 10_000;

fn handle<'a>(scope: &'a Scope<'a>, params: Params, caller: &'a Caller) -> Reply<'a> {
    Box::pin(async move {
        let needs_total = params.flag("needTotal");
        // Levels that are no whole number from 1 on have nobody, as recorded.
        let level = params.count("level").filter(|level| (1..=GREATEST_LEVEL).contains(level)).and_then(|level| u32::try_from(level).ok());
        let found = match level {
            None => Default::default(),
            Some(level) => {
                let limit = params.count("limit").unwrap_or(USUAL_LIMIT).min(GREATEST_LIMIT);
                let query = InviteeQuery {
                    inviter: caller.uid().to_owned(),
                    level,
                    offset: params.count("offset").unwrap_or(0).min(i64::MAX as u64),
                    limit: u32::try_from(limit).unwrap_or(u32::MAX),
                    count: needs_total,
                };
                scope.context().store.invitees(&query).await?
            }
        };
        let users: Vec<Value> = found.users.iter().map(|user| Value::Object(describe(user))).collect();
        let answer = Answer::ok().with("invitedUser", users);
        Ok(if needs_total { answer.with("total", found.total.unwrap_or(0)) } else { answer })
    })
}

fn describe(user: &User) -> Map<String, Value> {
    let mut shown = Map::new();
    shown.insert("uid".into(), user.id().into());
    for (field, name) in [
        ("username", "username"),
        ("nickname", "nickname"),
        ("avatar", "avatar"),
        ("avatar_file", "avatarFile"),
        ("invite_time", "inviteTime"),
    ] {
        if let Some(value) = user.doc.get(field) {
            shown.insert(name.to_owned(), value.clone());
        }
    }
    if let Some(mobile) = user.text("mobile") {
        shown.insert("mobile".into(), masked(mobile).into());
    }
    shown
}

/// Keeps the first three and the last four characters of a number; of a shorter text nothing.
fn masked(mobile: &str) -> String {
    let characters: Vec<char> = mobile.chars().collect();
    match (characters.get(..3), characters.len().checked_sub(4).and_then(|end| characters.get(end..))) {
        (Some(first), Some(last)) if characters.len() >= 11 => {
            format!("{}****{}", first.iter().collect::<String>(), last.iter().collect::<String>())
        }
        _ => "****".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn numbers_are_masked() {
        for (mobile, shown) in
            [("13800001234", "138****1234"), ("138", "****"), ("", "****"), ("一二三四五六七八九十十一", "一二三****九十十一")]
        {
            assert_eq!(masked(mobile), shown);
        }
    }
}
