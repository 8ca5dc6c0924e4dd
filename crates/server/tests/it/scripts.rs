//! A project's own scripts, as they stand in its `uni-config-center` folder.

use std::{fs, path::Path};

use lingpai_testkit::Engine;

use crate::kit::{people::*, *};

each_engine!(
    claims_of_custom_token_are_in_every_token,
    before_register_changes_and_refuses,
    custom_passwords_are_the_scripts_business,
    a_script_that_fails_or_hangs_leaves_no_half_done_registration,
    a_project_s_own_words_are_told,
    a_project_s_own_rules_decide,
    rules_that_a_project_adds_decide_too,
    described_parameters_reach_the_registration,
    parameters_of_no_method_are_refused,
    scripts_use_what_the_operator_grants,
);

const UNI_ID: &str = r#"{"passwordSecret": [{"type": "hmac-sha256", "version": 1}], "tokenSecret": "t", "tokenExpiresIn": 7200, "tokenExpiresThreshold": 600}"#;

fn center(uni_id: &str, files: &[(&str, &str)]) -> anyhow::Result<tempfile::TempDir> {
    let folder = tempfile::tempdir()?;
    let write = |name: &str, text: &str| -> anyhow::Result<()> {
        let path = folder.path().join("uni-id").join(name);
        fs::create_dir_all(path.parent().unwrap_or(Path::new("/")))?;
        Ok(fs::write(path, text)?)
    };
    write("config.json", uni_id)?;
    for (name, text) in files {
        write(name, text)?;
    }
    Ok(folder)
}

async fn start(engine: Engine, folder: &tempfile::TempDir) -> anyhow::Result<TestApp> {
    TestApp::builder().engine(engine).center(folder.path()).start().await
}

async fn register(app: &TestApp, username: &str) -> anyhow::Result<Reply> {
    let captcha = app.captcha("register").await?;
    app.call("registerUser", json!({"username": username, "password": "pass123456", "captcha": captcha})).await
}

fn payload(token: &str) -> Value {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let middle = token.split('.').nth(1).unwrap_or_default();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(middle).unwrap_or_default()).unwrap_or_default()
}

async fn claims_of_custom_token_are_in_every_token(engine: Engine) -> Outcome {
    let script =
        "module.exports = async (token) => { token.level = require('./level').of(token.uid); token.uid = 'somebody else'; return token }";
    let folder = center(UNI_ID, &[("custom-token.js", script), ("level.js", "exports.of = (uid) => uid.length")])?;
    let app = start(engine, &folder).await?;
    let registered = done(register(&app, "alice").await?);
    app.clock.advance(1000);
    let login = done(app.call("login", json!({"username": "alice", "password": "pass123456"})).await?);
    let renewed = done(app.call_as(&login.token()?, "refreshToken", json!({})).await?);
    for token in [registered.token()?, login.token()?, renewed.token()?] {
        let claims = payload(&token);
        assert_eq!(claims["level"], json!(registered.uid()?.len()));
        assert_eq!(claims["uid"], json!(registered.uid()?), "a script cannot make a token somebody else's");
    }
    done(info(&app, &login.token()?).await?);
    app.stop().await
}

async fn before_register_changes_and_refuses(engine: Engine) -> Outcome {
    let script = "module.exports = { async beforeRegister ({ userRecord, clientInfo }) {
        if (userRecord.username === 'blocked') throw { errCode: 'my-blocked', errMsg: 'not here' }
        return { ...userRecord, tier: clientInfo.clientIP, _id: 'chosen', token: ['x'] }
    } }";
    let folder = center(UNI_ID, &[("hooks/index.js", script)])?;
    let app = start(engine, &folder).await?;
    let reply = register(&app, "blocked").await?;
    assert_eq!(reply.body, json!({"errCode": "my-blocked", "errMsg": "not here"}));
    let reply = done(register(&app, "alice").await?);
    let alice = user(&app, &reply.uid()?).await?;
    assert_ne!(reply.uid()?, "chosen");
    assert_eq!(alice["tier"], json!("127.0.0.1"));
    assert_eq!(alice["token"], json!([reply.token()?]));
    assert_eq!(app.documents("uni-id-users").await?.len(), 1);
    app.stop().await
}

async fn custom_passwords_are_the_scripts_business(engine: Engine) -> Outcome {
    let script = "const crypto = require('crypto')
        const hash = (password) => 'mine:' + crypto.createHash('sha256').update('salt' + password).digest('hex')
        module.exports = {
            encryptPassword ({ password }) { return { passwordHash: hash(password), version: 3 } },
            verifyPassword ({ password, userRecord }) { return userRecord.password === hash(password) },
        }";
    let config = UNI_ID.replace(r#""type": "hmac-sha256", "version": 1"#, r#""type": "custom", "version": 3"#);
    let folder = center(&config, &[("custom-password.js", script)])?;
    let app = start(engine, &folder).await?;
    let reply = done(register(&app, "alice").await?);
    let alice = user(&app, &reply.uid()?).await?;
    assert!(alice["password"].as_str().is_some_and(|stored| stored.starts_with("mine:")));
    assert_eq!(alice["password_secret_version"], json!(3));
    done(app.call("login", json!({"username": "alice", "password": "pass123456"})).await?);
    refused(&app.call("login", json!({"username": "alice", "password": "wrong-one"})).await?, "uni-id-password-error");
    app.stop().await
}

async fn a_script_that_fails_or_hangs_leaves_no_half_done_registration(engine: Engine) -> Outcome {
    let script = |body: &str| format!("module.exports = {{ async beforeRegister ({{ userRecord }}) {{ {body} }} }}");
    let folder = center(UNI_ID, &[("hooks/index.js", &script("return userRecord"))])?;
    let app = start(engine, &folder).await?;
    let change = async |body: &str| {
        fs::write(folder.path().join("uni-id/hooks/index.js"), script(body))?;
        reload(&app).await
    };
    for body in [
        "throw new Error('broken')",
        "for (;;);",
        "await new Promise(() => {})",
        "await new Promise((resolve) => setTimeout(resolve, 3600000))",
        "for (const all = []; ; ) all.push('x'.repeat(1 << 20))",
        "(function again () { return again() + 1 })()",
        "await Promise.reject(new Error('later'))",
        "throw undefined",
        "throw 'a text'",
        "throw { code: 'my-code' }",
        "return 5",
        "const record = {}; record.itself = record; return record",
        "return { big: 'x'.repeat(1 << 20) }",
    ] {
        change(body).await?;
        refused(&register(&app, "alice").await?, "uni-id-script-failed");
        assert_eq!(app.documents("uni-id-users").await?.len(), 0, "{body}");
    }
    for (thrown, told) in [
        ("{ errCode: 'my-code', errMsg: 'mine' }", json!({"errCode": "my-code", "errMsg": "mine"})),
        ("Object.assign(new Error('words'), { errCode: 'my-code' })", json!({"errCode": "my-code", "errMsg": "words"})),
        ("{ errCode: 10001, errMsg: '数字' }", json!({"errCode": 10001, "errMsg": "数字"})),
    ] {
        change(&format!("throw {thrown}")).await?;
        assert_eq!(register(&app, "alice").await?.body, told);
        assert_eq!(app.documents("uni-id-users").await?.len(), 0, "{thrown}");
    }
    // None of that harms the next one.
    change("return userRecord").await?;
    done(register(&app, "alice").await?);
    app.stop().await
}

async fn a_project_s_own_words_are_told(engine: Engine) -> Outcome {
    let lang = r#"module.exports = {
        'zh-Hans': { 'uni-id-check-token-failed': '没有这个人', 'uni-id-param-required': '少了 {param} {nothing}', 'my-code': '我的话', 'login': '进门' },
        en: { 'uni-id-check-token-failed': 'nobody here' },
        ja: { 'uni-id-check-token-failed': '見つかりません' },
    }"#;
    let hooks = "module.exports = { beforeRegister () { throw { errCode: 'my-code' } } }";
    let folder = center(UNI_ID, &[("lang/index.js", lang), ("hooks/index.js", hooks)])?;
    let app = start(engine, &folder).await?;
    let told = async |locale: &str| {
        let call = Call::new("getAccountInfo").client_info("locale", locale);
        let reply = app.send(call).await?;
        refused(&reply, "uni-id-check-token-failed");
        anyhow::Ok(reply.body["errMsg"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(told("zh-Hans").await?, "没有这个人");
    assert_eq!(told("en-US").await?, "nobody here");
    assert_eq!(told("ja-JP").await?, "見つかりません");
    // As in the original, whose only Chinese is the simplified one.
    assert_eq!(told("zh-TW").await?, "没有这个人");
    assert_eq!(told("fr").await?, "没有这个人");
    let reply = app.call("login", json!({"username": "nobody"})).await?;
    assert_eq!(reply.body["errMsg"], json!("少了 password "));
    let reply = app.send(Call::new("login").params(json!({"username": "nobody"})).client_info("locale", "en").by_client()).await?;
    assert!(reply.body["errMsg"].as_str().is_some_and(|text| text.contains("password") && text.is_ascii()), "{}", reply.body);
    assert_eq!(register(&app, "alice").await?.body, json!({"errCode": "my-code", "errMsg": "我的话"}));

    // Changed words count without a restart.
    fs::write(
        folder.path().join("uni-id/lang/index.js"),
        "module.exports = { 'zh-Hans': { 'uni-id-check-token-failed': '查无此人,再试' } }",
    )?;
    reload(&app).await?;
    assert_eq!(told("zh-Hans").await?, "查无此人,再试");
    app.stop().await
}

/// Has the program read the scripts anew, as it does by itself within half a second.
async fn reload(app: &TestApp) -> Outcome {
    let scripts = app.program().state().scripts.clone().ok_or_else(|| anyhow::anyhow!("there are no scripts"))?;
    scripts.reload().await.map_err(anyhow::Error::msg)
}

async fn a_project_s_own_rules_decide(engine: Engine) -> Outcome {
    let rules = "module.exports = (validator) => {
        validator.mixin('password', (password) => {
            if (typeof password !== 'string' || password.length < 10) return { errCode: ERROR.INVALID_PASSWORD }
        })
        validator.mixin('nickname', (nickname) => { if (nickname === 'root') return { errCode: 'my-nickname', errMsg: 'taken by us' } })
        validator.mixin('string', (text) => typeof text === 'string' && !text.includes('<'))
        validator.mixin('mobile', () => undefined)
        validator.mixin('username', (name) => { if (name === 'crash') null.x })
    }";
    let folder = center(UNI_ID, &[("validator.js", rules)])?;
    let app = start(engine, &folder).await?;
    let register = async |params: Value| {
        let captcha = app.captcha("register").await?;
        let mut all = json!({"username": "alice", "password": "long enough", "captcha": captcha});
        if let (Some(all), Some(params)) = (all.as_object_mut(), params.as_object()) {
            all.extend(params.clone());
        }
        app.call("registerUser", all).await
    };
    // Our own words belong to our own codes.
    let reply = register(json!({"password": "123456789"})).await?;
    refused(&reply, "uni-id-invalid-password");
    assert!(reply.body["errMsg"].as_str().is_some_and(|text| !text.is_empty()));
    assert_eq!(register(json!({"nickname": "root"})).await?.body, json!({"errCode": "my-nickname", "errMsg": "taken by us"}));
    refused(&register(json!({"inviteCode": "<b>"})).await?, "uni-id-invalid-param");
    refused(&register(json!({"username": "crash"})).await?, "uni-id-script-failed");
    // A rule that lets everything through: what comes through is still of the right form.
    refused(&app.call("loginBySms", json!({"mobile": 5, "code": "1"})).await?, "uni-id-invalid-param");
    refused(&app.call("loginBySms", json!({"mobile": "12", "code": "1"})).await?, "uni-id-mobile-verify-code-error");
    refused(&register(json!({"username": "x".repeat(2000)})).await?, "uni-id-invalid-param");
    // What is absent is nobody's business, and lists are checked element by element.
    done(register(json!({"nickname": " ", "username": "alice"})).await?);
    let admin = done(app.call("registerAdmin", json!({"username": "boss", "password": "long enough"})).await?).token()?;
    let add = json!({"username": "carol", "password": "long enough", "tags": ["good", "<bad>"]});
    refused(&app.call_as(&admin, "addUser", add).await?, "uni-id-invalid-param");

    fs::write(folder.path().join("uni-id/validator.js"), "module.exports = { username: (name) => name !== 'dave' }")?;
    reload(&app).await?;
    refused(&register(json!({"username": "dave", "password": "short1"})).await?, "uni-id-invalid-param");
    done(register(json!({"username": "erin", "password": "short1"})).await?);
    app.stop().await
}

/// The rules of the original's documentation, and what they are used for.
const TIMESTAMP: &str = "validator.mixin('timestamp', function (timestamp) {
        if (typeof timestamp !== 'number' || timestamp > Date.now()) return { errCode: ERROR.INVALID_PARAM }
    })";

async fn rules_that_a_project_adds_decide_too(engine: Engine) -> Outcome {
    let rules = format!(
        "module.exports = (validator) => {{
            {TIMESTAMP}
            validator.mixin('inviteCode', (code) => {{ if (!/^[A-Z]+$/.test(code)) return {{ errCode: 'my-invite-code', errMsg: 'capitals' }} }})
            validator.params('registerUser', {{ nickname: {{ required: true, type: 'nickname' }}, inviteCode: 'inviteCode' }})
            validator.params('getInvitedUser', {{ since: 'timestamp|array<timestamp>', level: 'timestamp' }})
            validator.params('*', {{ username: 'mobile|username' }})
        }}"
    );
    let folder = center(UNI_ID, &[("validator.js", &rules)])?;
    let app = start(engine, &folder).await?;
    let register = async |params: Value| {
        let captcha = app.captcha("register").await?;
        let mut all = json!({"username": "alice", "password": "pass123456", "nickname": "A", "captcha": captcha});
        if let (Some(all), Some(params)) = (all.as_object_mut(), params.as_object()) {
            all.extend(params.clone());
        }
        app.call("registerUser", all).await
    };
    // A parameter of the method becomes required, gets a rule of its own, or another of ours.
    refused_with(&register(json!({"nickname": ""})).await?, "uni-id-param-required", "nickname");
    refused_with(&register(json!({"nickname": "a@b"})).await?, "uni-id-invalid-nickname", "");
    assert_eq!(register(json!({"inviteCode": "abc"})).await?.body, json!({"errCode": "my-invite-code", "errMsg": "capitals"}));
    refused(&register(json!({"inviteCode": "ABC"})).await?, "uni-id-invalid-invite-code");
    done(register(json!({"username": "13800000001"})).await?);
    refused(&register(json!({"username": "13800"})).await?, "uni-id-invalid-mobile");
    // The method itself goes on to demand what it must.
    refused(&register(json!({"username": ""})).await?, "uni-id-param-required");
    let token = done(register(json!({})).await?).token()?;
    let invited = async |params: Value| app.call_as(&token, "getInvitedUser", params).await;
    for since in [json!(1), json!([]), json!([1, 123_123_123]), json!(null)] {
        done(invited(json!({"level": 1, "since": since})).await?);
    }
    for since in [json!("x"), json!([1, "x"]), json!({}), json!(99_999_999_999_999_i64), json!([1, 99_999_999_999_999_i64])] {
        refused_with(&invited(json!({"level": 1, "since": since})).await?, "uni-id-invalid-param", "since");
    }
    refused_with(&invited(json!({"level": "1"})).await?, "uni-id-invalid-param", "level");
    app.stop().await
}

async fn described_parameters_reach_the_registration(engine: Engine) -> Outcome {
    let rules = format!(
        "module.exports = (validator) => {{
            {TIMESTAMP}
            validator.params('registerUser', {{ birthday: {{ required: true, type: 'timestamp' }}, visits: 'array<timestamp>' }})
        }}"
    );
    let hooks = "module.exports = { beforeRegister ({ userRecord, params }) {
        userRecord.birthday = params.birthday
        userRecord.seen = Object.keys(params).sort()
        return userRecord
    } }";
    let folder = center(UNI_ID, &[("validator.js", &rules), ("hooks/index.js", hooks)])?;
    let app = start(engine, &folder).await?;
    let register = async |more: Value| {
        let captcha = app.captcha("register").await?;
        let mut all = json!({"username": "alice", "password": "pass123456", "captcha": captcha, "role": ["admin"]});
        if let (Some(all), Some(more)) = (all.as_object_mut(), more.as_object()) {
            all.extend(more.clone());
        }
        app.call("registerUser", all).await
    };
    refused_with(&register(json!({})).await?, "uni-id-param-required", "birthday");
    refused_with(&register(json!({"birthday": "x"})).await?, "uni-id-invalid-param", "birthday");
    refused_with(&register(json!({"birthday": 1, "visits": [1, "x"]})).await?, "uni-id-invalid-param", "visits");
    assert_eq!(app.documents("uni-id-users").await?.len(), 0);
    // What was not described does not get through.
    let uid = done(register(json!({"birthday": 1, "visits": [2], "other": 3})).await?).uid()?;
    let alice = user(&app, &uid).await?;
    assert_eq!((&alice["birthday"], &alice["seen"]), (&json!(1), &json!(["birthday", "visits"])));
    assert_eq!(alice.get("role"), None);
    app.stop().await
}

async fn parameters_of_no_method_are_refused(engine: Engine) -> Outcome {
    let folder = center(UNI_ID, &[("validator.js", "module.exports = { params: { registerUsr: { nickname: 'nickname' } } }")])?;
    let refused = start(engine, &folder).await.err().map(|error| format!("{error:#}")).unwrap_or_default();
    assert!(refused.contains("registerUsr"), "{refused}");
    Ok(())
}

async fn scripts_use_what_the_operator_grants(engine: Engine) -> Outcome {
    let upstreams = lingpai_testkit::upstreams::Upstreams::start(None).await?;
    let address = format!("{}/cgi-bin/token?appid=granted", upstreams.base_url("api.weixin.qq.com"));
    let hooks = format!(
        "module.exports = {{ async beforeRegister ({{ userRecord }}) {{
            const answer = await fetch('{address}')
            userRecord.fetched = (await answer.json()).access_token
            userRecord.seen = [typeof process.env.PATH, typeof process.env.HOME]
            return userRecord
        }} }}"
    );
    let folder = center(UNI_ID, &[("hooks/index.js", &hooks)])?;
    let builder = || TestApp::builder().engine(engine).center(folder.path()).setting("scripts.time_limit_ms", "20000");
    let granted = || builder().setting("scripts.hosts", "127.0.0.1").setting("scripts.env", "PATH");
    let app = granted().setting("scripts.private_addresses", "true").start().await?;
    let uid = done(register(&app, "alice").await?).uid()?;
    let alice = user(&app, &uid).await?;
    assert_eq!((&alice["fetched"], &alice["seen"]), (&json!("AT-granted"), &json!(["string", "undefined"])));
    app.stop().await?;
    // Neither without the grant, nor to an address that is not public, nor half a registration.
    for app in [builder().start().await?, granted().start().await?] {
        upstreams.take_requests();
        refused(&register(&app, "alice").await?, "uni-id-script-failed");
        assert_eq!((app.documents("uni-id-users").await?.len(), upstreams.take_requests().len()), (0, 0));
        app.stop().await?;
    }
    Ok(())
}
