//! `updateUserInfoByExternal`: what the other system changed of its user.

use lingpai_domain::{
    account::User,
    editing::{Administration, Edited},
    error::{Code, Result},
    validate::{Params, Rule, optional},
};
use serde_json::{Map, Value};

use super::{super::*, PROVIDER, Who, avatar_file, check_lengths, identity_kind, profile, who};
use crate::methods::admin::list;

/// The registry's entry.
pub const METHOD: Method = Method {
    function: UNI_ID_CO,
    group: "external",
    name: "updateUserInfoByExternal",
    summary: Summary {
        zh: "外部系统同步用户资料,uid 与 externalUid 二选一;各应用共用一份配置时,按 externalUid 修改所有应用中的该用户,其中 authorizedApp 只用于当前应用的用户",
        en: "Another system changes its user, named by uid or externalUid; where applications share one configuration externalUid means that user in all of them, and authorizedApp the one of the calling application",
    },
    access: Access::Signed(handle),
    bucket: Bucket::General,
    fields: &[
        optional("uid", Rule::Text),
        optional("externalUid", Rule::Text),
        optional("username", Rule::Text),
        optional("password", Rule::Password),
        optional("authorizedApp", Rule::TextList),
        optional("nickname", Rule::Nickname),
        optional("role", Rule::TextList),
        optional("mobile", Rule::Mobile),
        optional("email", Rule::Email),
        optional("tags", Rule::TextList),
        optional("status", Rule::Number),
        optional("gender", Rule::Number),
        optional("avatar", Rule::Text),
    ],
    outputs: &[],
    errors: &[Code::IllegalRequest, Code::ConfigFieldRequired, Code::AccountNotExists, Code::AccountExists],
};

/// How many users one external id leads to at most: one for each application.
const MOST_HOLDERS: usize = 1000;

fn handle<'a>(scope: &'a Scope<'a>, params: Params, _partner: &'a Partner) -> Reply<'a> {
    Box::pin(async move {
        check_lengths(&params)?;
        let users = find(scope, who(&params)?).await?;
        if users.is_empty() {
            return Err(Code::AccountNotExists.into());
        }
        let changes = Changes::read(&params)?;
        let password = match params.text("password") {
            None => None,
            Some(password) => {
                scope.check_passwords()?;
                Some(scope.hash_password(password).await?)
            }
        };
        let context = scope.context();
        let administration = Administration { by: None, password };
        for user in &users {
            // The same person has one account in each application: two of them cannot have the same list.
            let apps = changes.apps.as_ref().filter(|_| users.len() == 1 || user.apps().allows(&scope.client.app_id));
            let edited = context.administer(user.id(), &administration, |user| {
                let mut doc = changes.applied_to(user);
                if let Some(apps) = apps {
                    doc.insert("dcloud_appid".into(), apps.clone());
                }
                Ok((doc != user.doc).then_some(doc))
            });
            match edited.await? {
                Edited::Done => {}
                Edited::Taken => return Err(Code::AccountExists.into()),
                Edited::Gone => return Err(Code::AccountNotExists.into()),
            }
        }
        scope.tell_gate().await?;
        Ok(Answer::ok())
    })
}

/// Whom it is about. Applications with configurations of their own keep to themselves: the secret
/// of one says nothing about users of another.
async fn find(scope: &Scope<'_>, who: Who<'_>) -> Result<Vec<User>> {
    let store = scope.context().store;
    let mut users: Vec<User> = match who {
        Who::User(uid) => store.user(uid).await?.into_iter().collect(),
        Who::External(uid) => store.holders(&identity_kind(), uid, MOST_HOLDERS).await?,
    };
    let app = &scope.client.app_id;
    if scope.state.center.lists(app).is_some() {
        users.retain(|user| user.apps().allows(app));
    }
    Ok(users)
}

/// What is to be changed.
struct Changes {
    fields: Map<String, Value>,
    profile: Map<String, Value>,
    /// `dcloud_appid`
    apps: Option<Value>,
}

impl Changes {
    fn read(params: &Params) -> Result<Self> {
        let profile = profile(params);
        let mut fields = profile.clone();
        for name in ["username", "mobile", "email"] {
            if let Some(text) = params.text(name) {
                fields.insert(name.to_owned(), text.to_lowercase().into());
            }
        }
        for name in ["role", "tags"] {
            fields.extend(list(params, name)?.map(|list| (name.to_owned(), list)));
        }
        if let Some(status) = params.present("status") {
            fields.insert("status".into(), status.clone());
        }
        if let Some(avatar) = params.text("avatar") {
            fields.insert("avatar_file".into(), avatar_file(avatar));
        }
        Ok(Self { fields, profile, apps: list(params, "authorizedApp")? })
    }

    /// The profile inside of the identity is replaced as a whole, as recorded.
    fn applied_to(&self, user: &User) -> Map<String, Value> {
        let mut doc = user.doc.clone();
        doc.extend(self.fields.clone());
        if let Some(Value::Array(identities)) = doc.get_mut("identities") {
            for identity in identities.iter_mut().filter_map(Value::as_object_mut) {
                if identity.get("provider").and_then(Value::as_str) == Some(PROVIDER) {
                    identity.insert("userInfo".into(), Value::Object(self.profile.clone()));
                }
            }
        }
        doc
    }
}
