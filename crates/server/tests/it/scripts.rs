//! A project's own scripts, as they stand in its `uni-config-center` folder.

use std::{fs, path::Path};

use lingpai_testkit::Engine;

use crate::kit::{people::*, *};

each_engine!(
    claims_of_custom_token_are_in_every_token,
    before_register_changes_and_refuses,
    custom_passwords_are_the_scripts_business,
    a_script_that_fails_or_hangs_leaves_no_half_done_registration,
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
    for body in ["throw new Error('broken')", "for (;;);", "return new Promise(() => {})", "return 5"] {
        let script = format!("module.exports = {{ beforeRegister () {{ {body} }} }}");
        let folder = center(UNI_ID, &[("hooks/index.js", &script)])?;
        let app = start(engine, &folder).await?;
        refused(&register(&app, "alice").await?, "uni-id-script-failed");
        assert_eq!(app.documents("uni-id-users").await?.len(), 0, "{body}");
        app.stop().await?;
    }
    Ok(())
}
