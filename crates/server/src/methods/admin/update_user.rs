//! `updateUser`: what an administrator changes of an account.

use lingpai_domain::{
    editing::{Administration, Edited},
    error::Code,
    roles::ADMIN,
    validate::{Params, Rule, optional, required},
};

use super::{super::*, AUTHORIZED_APP, EMAIL, MOBILE, NICKNAME, ROLE, STATUS, TAGS, lists, put_given};

/// The registry's entry.
pub const METHOD: Method = Method {
    function: UNI_ID_CO,
    group: "admin",
    name: "updateUser",
    summary: Summary {
        zh: "管理员修改用户;没有给出的字段保持不变。改密码、封禁、注销后原有 token 随即失效,改角色随即生效",
        en: "Changes a user; fields that are not given stay. A new password or a forbidding status voids the user's tokens at once, new roles count at once",
    },
    access: Access::Role(ADMIN, Renewal::Automatic, handle),
    bucket: Bucket::General,
    fields: &[
        required("uid", Rule::Text),
        required("username", Rule::Username),
        optional("password", Rule::Password),
        AUTHORIZED_APP,
        NICKNAME,
        ROLE,
        MOBILE,
        EMAIL,
        TAGS,
        STATUS,
    ],
    outputs: &[],
    errors: &[Code::AccountNotExists, Code::AccountExists],
};

fn handle<'a>(scope: &'a Scope<'a>, params: Params, caller: &'a Caller) -> Reply<'a> {
    Box::pin(async move {
        let uid = params.required_text("uid")?;
        let username = params.required_text("username")?.to_lowercase();
        let lists = lists(&params)?;
        let context = scope.context();
        let password = match params.text("password") {
            None => None,
            Some(password) => {
                scope.check_passwords()?;
                // Asked first so that nobody's password does not cost a hash.
                context.store.user(uid).await?.ok_or(Code::AccountNotExists)?;
                Some(scope.hash_password(password).await?)
            }
        };
        let administration = Administration { by: Some((caller.uid(), METHOD.name)), password };
        let edited = context.administer(uid, &administration, |user| {
            let mut doc = user.doc.clone();
            doc.insert("username".into(), username.clone().into());
            put_given(&mut doc, &params, &lists);
            Ok((doc != user.doc).then_some(doc))
        });
        match edited.await? {
            Edited::Done => {}
            Edited::Taken => return Err(Code::AccountExists.into()),
            Edited::Gone => return Err(Code::AccountNotExists.into()),
        }
        scope.tell_gate().await?;
        Ok(Answer::ok())
    })
}
