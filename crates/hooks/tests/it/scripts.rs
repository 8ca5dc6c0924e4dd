//! The five files, as projects write them.

use std::sync::Arc;

use lingpai_domain::secret::Secret;
use lingpai_hooks::{Event, Exchange, HookError, HttpAccess, HttpFetch, HttpRequest, HttpResponse, Options};
use serde_json::{Map, json};

use crate::project::{Project, map, patient};

#[tokio::test]
async fn a_recorded_custom_token_adds_its_field_at_the_end() {
    let project = Project::new(&[("custom-token.js", "module.exports=async t=>{t.customField='hello custom token';return t}")]);
    let hooks = project.load();
    assert!(hooks.has_custom_token());
    let token = hooks.custom_token(map(json!({ "uid": "u1", "role": ["admin"], "permission": [] }))).await.unwrap();
    assert_eq!(
        serde_json::to_string(&token).unwrap(),
        r#"{"uid":"u1","role":["admin"],"permission":[],"customField":"hello custom token"}"#
    );
}

#[tokio::test]
async fn a_custom_token_that_is_not_returned_is_an_error() {
    let project = Project::new(&[("custom-token.js", "module.exports = (token) => { token.x = 1 }")]);
    let error = project.load().custom_token(Map::new()).await.unwrap_err();
    assert!(matches!(error, HookError::Failed { .. }), "{error:?}");
}

#[tokio::test]
async fn a_folder_without_scripts_has_nothing_and_says_so() {
    let hooks = Project::new(&[]).load();
    assert!(!hooks.has_custom_token() && !hooks.has_custom_password() && !hooks.has_before_register());
    assert!(hooks.texts().is_empty());
    assert_eq!(hooks.custom_token(Map::new()).await, Err(HookError::Missing("custom-token.js")));
    assert_eq!(hooks.notify(Event::AfterLogin, Map::new()), Ok(()));
}

#[tokio::test]
async fn a_recorded_before_register_changes_or_refuses() {
    let source = "module.exports={beforeRegister({userRecord,clientInfo}){if(userRecord.username==='blocked'){throw{errCode:'my-blocked',errMsg:'blocked by hook'}}userRecord.from_hook=clientInfo.appId;return userRecord}}";
    let hooks = Project::new(&[("hooks/index.js", source)]).load();
    let client = map(json!({ "appId": "__UNI__1" }));
    let record = hooks.before_register(map(json!({ "username": "ok" })), client.clone(), Map::new()).await.unwrap();
    assert_eq!(record, map(json!({ "username": "ok", "from_hook": "__UNI__1" })));
    let refused = hooks.before_register(map(json!({ "username": "blocked" })), client, Map::new()).await.unwrap_err();
    assert_eq!(refused, HookError::Thrown { err_code: "my-blocked".into(), err_msg: "blocked by hook".into() });
}

#[tokio::test]
async fn before_register_may_change_the_record_in_place() {
    let source = "exports.beforeRegister = async ({ userRecord }) => { await null; userRecord.vip = new Date(0) }";
    let hooks = Project::new(&[("hooks/index.js", source)]).load();
    let record = hooks.before_register(map(json!({ "username": "a" })), Map::new(), Map::new()).await.unwrap();
    assert_eq!(record, map(json!({ "username": "a", "vip": "1970-01-01T00:00:00.000Z" })));
}

#[tokio::test]
async fn thrown_codes_may_be_numbers_or_fields_of_an_error() {
    let source = "exports.beforeRegister = ({ userRecord }) => {
        if (userRecord.n) throw { errCode: 4001 };
        throw Object.assign(new Error('no'), { errCode: 'e' });
    }";
    let hooks = Project::new(&[("hooks/index.js", source)]).load();
    let number = hooks.before_register(map(json!({ "n": 1 })), Map::new(), Map::new()).await;
    assert_eq!(number, Err(HookError::Thrown { err_code: 4001.into(), err_msg: String::new() }));
    let error = hooks.before_register(Map::new(), Map::new(), Map::new()).await;
    assert_eq!(error, Err(HookError::Thrown { err_code: "e".into(), err_msg: "no".into() }));
}

#[tokio::test]
async fn any_other_throw_names_the_file_and_the_line() {
    let source = "exports.beforeRegister = ({ userRecord }) => {\n  const x = 1;\n  return userRecord.a.b;\n}";
    let hooks = Project::new(&[("hooks/index.js", source)]).load();
    match hooks.before_register(Map::new(), Map::new(), Map::new()).await {
        Err(HookError::Failed { what, place }) => {
            assert!(what.starts_with("TypeError"), "{what}");
            assert_eq!(place.as_deref(), Some("hooks/index.js:3"));
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn custom_passwords_are_encrypted_and_verified() {
    let source = "
        const crypto = require('crypto');
        const hash = (salt, password) => crypto.createHmac('sha256', salt).update(password).digest('hex');
        module.exports = {
          encryptPassword({ password, clientInfo }) {
            const salt = crypto.randomBytes(8).toString('hex');
            return { passwordHash: `$mine$${salt}$${hash(salt, password)}`, version: clientInfo.version };
          },
          async verifyPassword({ password, userRecord }) {
            const [, , salt, stored] = userRecord.password.split('$');
            return crypto.timingSafeEqual(Buffer.from(stored, 'hex'), Buffer.from(hash(salt, password), 'hex'));
          },
        }";
    let hooks = Project::new(&[("custom-password.js", source)]).load();
    let none = Map::new();
    let encrypted = hooks.encrypt_password(&Secret::new("hunter2"), &none, &map(json!({ "version": 3 }))).await.unwrap();
    assert_eq!(encrypted.version, Some(3));
    assert!(encrypted.password.expose().starts_with("$mine$0001020304050607$"), "the injected randomness is used");
    let record = map(json!({ "password": encrypted.password.expose() }));
    assert_eq!(hooks.verify_password(&Secret::new("hunter2"), &record, &none).await, Ok(true));
    assert_eq!(hooks.verify_password(&Secret::new("hunter3"), &record, &none).await, Ok(false));
}

#[tokio::test]
async fn a_verdict_that_is_neither_yes_nor_no_is_an_error() {
    let source = "module.exports = { encryptPassword: () => '', verifyPassword: ({ userRecord }) => userRecord.verdict }";
    let hooks = Project::new(&[("custom-password.js", source)]).load();
    let verify = async |verdict| hooks.verify_password(&Secret::new("x"), &map(json!({ "verdict": verdict })), &Map::new()).await;
    assert_eq!(verify(json!({ "success": true })).await, Ok(true));
    for verdict in [json!(1), json!("true"), json!({}), json!(null), json!([true])] {
        assert!(matches!(verify(verdict).await, Err(HookError::Failed { .. })));
    }
    let empty = hooks.encrypt_password(&Secret::new("x"), &Map::new(), &Map::new()).await;
    assert!(matches!(empty, Err(HookError::Failed { .. })));
}

/// Reports the paths that are asked for.
struct Reporting(tokio::sync::mpsc::UnboundedSender<String>);

impl HttpFetch for Reporting {
    fn start(&self, request: HttpRequest, exchange: Exchange) {
        self.0.send(request.url.path().to_owned()).unwrap();
        exchange.finish(Ok(HttpResponse::default()));
    }
}

#[tokio::test]
async fn events_reach_their_handler_and_its_failure_stays_inside() {
    let source =
        "exports.afterLogin = async ({ uid }) => { await fetch('http://report/' + uid); if (uid === 'bad') throw new Error('oops') }";
    let (sender, mut reports) = tokio::sync::mpsc::unbounded_channel();
    let http = Some(HttpAccess::new(["report".to_owned()], Arc::new(Reporting(sender))));
    let hooks = Project::new(&[("hooks/index.js", source)]).load_with(Options { http, ..patient() });
    assert!(hooks.has_event(Event::AfterLogin) && !hooks.has_event(Event::AfterLogout));
    hooks.notify(Event::AfterLogin, map(json!({ "uid": "bad" }))).unwrap();
    hooks.notify(Event::AfterLogout, Map::new()).unwrap();
    hooks.notify(Event::AfterLogin, map(json!({ "uid": "good" }))).unwrap();
    assert_eq!(reports.recv().await.as_deref(), Some("/bad"));
    assert_eq!(reports.recv().await.as_deref(), Some("/good"));
}

#[tokio::test]
async fn texts_are_read_by_language() {
    let source = "module.exports = { 'zh-Hans': { 'uni-id-account-exists': '该账号已被注册' }, en: require('./en.json') }";
    let hooks = Project::new(&[("lang/index.js", source), ("lang/en.json", r#"{"uni-id-account-exists": "taken"}"#)]).load();
    assert_eq!(hooks.texts()["zh-Hans"]["uni-id-account-exists"], "该账号已被注册");
    assert_eq!(hooks.texts()["en"]["uni-id-account-exists"], "taken");
}

#[tokio::test]
async fn everything_that_does_not_load_is_reported_at_once() {
    let project = Project::new(&[
        ("custom-token.js", "module.exports = { token() {} }"),
        ("custom-password.js", "exports.encryptPassword = () => ''"),
        ("hooks/index.js", "const a = 1;\nconst b = ;\n"),
        ("lang/index.js", "module.exports = { en: { a: 1 } }"),
        ("validator.js", "module.exports = (validator) => {\n\n  validator.mixin('no name', () => {}) }"),
    ]);
    let Err(problems) = project.try_load(patient()) else { panic!("it loads") };
    let places: Vec<_> = problems.iter().map(|problem| (problem.file.as_str(), problem.line)).collect();
    let expected = [
        ("custom-token.js", None),
        ("custom-password.js", None),
        ("hooks/index.js", Some(2)),
        ("lang/index.js", None),
        ("validator.js", Some(3)),
    ];
    assert_eq!(places, expected, "{problems:?}");
}
