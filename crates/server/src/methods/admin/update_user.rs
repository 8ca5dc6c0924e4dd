//! `updateUser`: what an administrator changes of an account.

use lingpai_domain::{
    editing::{Administration, Edited},
    error::Code,
    roles::ADMIN,
    validate::{Params, Rule, optional, required},
};

use super::{super::*, AUTHORIZED_APP, EMAIL, MOBILE, NICKNAME, ROLE, STATUS, TAGS, list, put_confirmed};

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
        let mut lists = Vec::new();
        for (parameter, field) in [("authorizedApp", "dcloud_appid"), ("role", "role"), ("tags", "tags")] {
            lists.extend(list(&params, parameter)?.map(|list| (field, list)));
        }
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
            for (field, list) in &lists {
                doc.insert((*field).to_owned(), list.clone());
            }
            if let Some(nickname) = params.raw("nickname") {
                doc.insert("nickname".into(), nickname.clone());
            }
            put_confirmed(&mut doc, &params, "mobile", "mobile_confirmed");
            put_confirmed(&mut doc, &params, "email", "email_confirmed");
            if let Some(status) = params.present("status") {
                doc.insert("status".into(), status.clone());
            }
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
