//! `addUser`: an account that an administrator makes.

use lingpai_domain::{
    account::User,
    error::{Code, Error},
    roles::ADMIN,
    store::{Registered, Registration},
    validate::{Params, Rule, required},
};
use serde_json::{Map, json};

use super::{super::*, AUTHORIZED_APP, EMAIL, LISTS, MOBILE, NICKNAME, ROLE, STATUS, TAGS, lists, put_given};

/// The registry's entry.
pub const METHOD: Method = Method {
    function: UNI_ID_CO,
    group: "admin",
    name: "addUser",
    summary: Summary {
        zh: "管理员添加用户;不给 authorizedApp 的用户在获得授权之前不能登录任何应用",
        en: "Adds a user; one without authorizedApp cannot sign in to any application until one is authorised",
    },
    access: Access::Role(ADMIN, Renewal::Automatic, handle),
    bucket: Bucket::General,
    fields: &[
        required("username", Rule::Username),
        required("password", Rule::Password),
        AUTHORIZED_APP,
        NICKNAME,
        ROLE,
        MOBILE,
        EMAIL,
        TAGS,
        STATUS,
    ],
    outputs: &[],
    errors: &[Code::AccountExists],
};

fn handle<'a>(scope: &'a Scope<'a>, params: Params, caller: &'a Caller) -> Reply<'a> {
    Box::pin(async move {
        scope.check_passwords()?;
        let context = scope.context();
        let mut doc = Map::new();
        doc.insert("_id".into(), context.id().into());
        doc.insert("username".into(), params.required_text("username")?.to_lowercase().into());
        for (_, field) in LISTS {
            doc.insert(field.to_owned(), json!([]));
        }
        put_given(&mut doc, &params, &lists(&params)?);
        let (password, version) = scope.hash_password(params.required_text("password")?).await?;
        doc.insert("password".into(), password.into());
        if let Some(version) = version {
            doc.insert("password_secret_version".into(), version.into());
        }
        let user = User::new(doc);
        let audit = Some(context.audit_row(caller.uid(), METHOD.name, user.id(), &Map::new(), &user.doc));
        let registration = Registration { user, admin_seat: false, session: None, previous: None, log: None, on_conflict: None, audit };
        match context.store.register(&registration).await? {
            Registered::Done => Ok(Answer::ok().with("errMsg", "")),
            Registered::AccountExists => Err(Code::AccountExists.into()),
            Registered::AdminExists | Registered::TokenRevoked => Err(Error::new(Code::SystemError)),
        }
    })
}
