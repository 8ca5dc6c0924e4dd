//! The guide "Moving from uniCloud", step by step, with a project's folder and an exported collection.

use std::fs;

use lingpai_testkit::client_protocol::sign as sign_of_space;

use crate::{
    external,
    kit::{
        binary::{Program, Workplace},
        people::{PASSWORD, PASSWORD_HASH},
        *,
    },
};

const TOKEN_SECRET: &str = "the token secret of the project at uniCloud";
const REQUEST_SECRET: &str = "the request secret of the project at uniCloud";

/// `uni-config-center` of a project, as it stands there.
const FOLDER: [(&str, &str); 7] = [
    (
        "uni-id/config.json",
        r#"// 与 uniCloud 项目中的文件相同
        {
            "passwordSecret": [{ "type": "hmac-sha256", "version": 1 }],
            "tokenSecret": "the token secret of the project at uniCloud",
            "requestAuthSecret": "the request secret of the project at uniCloud",
            "tokenExpiresIn": 7200, "tokenExpiresThreshold": 1200, // 秒
            "passwordErrorLimit": 6, "passwordErrorRetryTime": 3600
        }"#,
    ),
    ("uni-captcha/config.json", r#"{"mode": "svg", "size": 4}"#),
    (
        "uni-id/custom-token.js",
        "module.exports = async (tokenObj) => { tokenObj.level = require('./shared/levels').levelOf(tokenObj.uid); return tokenObj }",
    ),
    ("uni-id/shared/levels.js", "exports.levelOf = (uid) => 'level of ' + uid"),
    (
        "uni-id/hooks/index.js",
        "function beforeRegister ({ userRecord, clientInfo } = {}) {
            if (userRecord.nickname === 'root') throw { errCode: 'my-nickname', errMsg: '不能使用这个昵称' }
            return { ...userRecord, from: clientInfo.uniPlatform }
        }
        module.exports = { beforeRegister }",
    ),
    ("uni-id/lang/index.js", "module.exports = { 'zh-Hans': { 'uni-id-password-error': '口令不对' } }"),
    (
        "uni-id/validator.js",
        "module.exports = (validator) => validator.mixin('nickname', (nickname) => { if (/</.test(nickname)) return { errCode: ERROR.INVALID_NICKNAME } })",
    ),
];

/// `uni-id-users` as uniCloud's console exports it.
fn exported(old_token: &str) -> String {
    let user = json!({
        "_id": {"$oid": "60a1b2c3d4e5f60718293a4b"}, "username": "alice", "password": PASSWORD_HASH, "password_secret_version": 1,
        "register_date": {"$date": "2021-05-17T03:04:05.678Z"}, "dcloud_appid": ["__UNI__TEST"], "token": [old_token], "own_field": {"kept": true},
    });
    format!("{user}\n")
}

/// A call of the client protocol, as a client built with the space's id and secret makes it.
async fn by_client(program: &Program, (space, secret): (&str, &str), method: &str, params: Value) -> anyhow::Result<Value> {
    let info = json!({"uniPlatform": "web", "appId": "__UNI__TEST", "deviceId": "d1"});
    let args = json!({"method": method, "params": [params], "clientInfo": info});
    let params = json!({"functionTarget": "uni-id-co", "functionArgs": args}).to_string();
    let body = json!({
        "method": "serverless.function.runtime.invoke", "params": params, "spaceId": space, "timestamp": now(),
    });
    let signature = sign_of_space(body.as_object().unwrap_or(&Map::new()), secret);
    let request = reqwest::Client::builder().no_proxy().build()?.post(program.url("/client")).header("x-serverless-sign", signature);
    Ok(request.json(&body).send().await?.json().await?)
}

/// The program runs by the real time.
fn now() -> i64 {
    use lingpai_domain::clock::Clock;
    lingpai_server::runtime::SystemClock.now_ms()
}

async fn external_register(program: &Program, nickname: &str) -> anyhow::Result<Value> {
    let (timestamp, nonce) = (now().to_string(), format!("nonce of {nickname}"));
    let params = json!({"externalUid": nickname, "nickname": nickname});
    let body = json!({"clientInfo": {"uniPlatform": "web", "appId": "__UNI__TEST"}, "params": params});
    let signature = external::sign(REQUEST_SECRET, &nonce, &timestamp, &params);
    let request = reqwest::Client::builder().no_proxy().build()?.post(program.url("/uni-id-co/externalRegister"));
    let request = request.header("uni-id-nonce", nonce).header("uni-id-timestamp", timestamp).header("uni-id-signature", signature);
    Ok(request.json(&body).send().await?.json().await?)
}

#[tokio::test]
async fn every_step_of_the_guide_leads_to_the_next() -> Outcome {
    let place = Workplace::new()?;
    // 1. The program's configuration.
    place.run(&["init"], &[])?.expect(0, &[]);
    let toml = place.read("lingpai.toml")?.replace("__UNI__0000000", "__UNI__TEST");
    place.write("lingpai.toml", &toml)?;
    let setting =
        |name: &str| toml.lines().find_map(|line| line.strip_prefix(&format!("{name} = \""))?.strip_suffix('"')).unwrap_or_default();
    // 2. The project's folder in the place of the sample.
    fs::remove_dir_all(place.path("uni-config-center"))?;
    for (path, text) in FOLDER {
        place.write(&format!("uni-config-center/{path}"), text)?;
    }
    // 3. The check.
    place.run(&["check"], &[])?.expect(0, &["0 problem"]);
    // 4. The data. The session began at uniCloud.
    let issued = now() / 1000 - 60;
    let claims = json!({"uid": "60a1b2c3d4e5f60718293a4b", "role": [], "permission": [], "uniIdVersion": "1.0.19", "iat": issued, "exp": issued + 7200});
    let old_token = tokens::sign(&tokens::hs256(), &claims, TOKEN_SECRET);
    place.write("uni-id-users.json", &exported(&old_token))?;
    place.run(&["import", "uni-id-users.json"], &[])?.expect(0, &["uni-id-users: 1"]);
    place.run(&["import", "uni-id-users.json"], &[])?.expect(0, &["uni-id-users: 1"]);
    // 5. The start.
    let program = place.serve(&[])?;
    assert_eq!(program.status("/readyz").await?, 200);
    // Sessions and passwords go on, and the scripts run.
    let info = done(program.call_as(&old_token, "getAccountInfo", json!({})).await?);
    assert_eq!((&info.body["isUsernameSet"], &info.body["isPasswordSet"]), (&json!(true), &json!(true)));
    let token = done(program.call("login", json!({"username": "alice", "password": PASSWORD})).await?).token()?;
    assert_eq!(tokens::payload(&token)["level"], json!("level of 60a1b2c3d4e5f60718293a4b"));
    let wrong = program.call("login", json!({"username": "alice", "password": "wrong password"})).await?;
    assert_eq!(wrong.body["errMsg"], json!("口令不对"));
    assert_eq!(external_register(&program, "root").await?, json!({"errCode": "my-nickname", "errMsg": "不能使用这个昵称"}));
    assert_eq!(external_register(&program, "a<b").await?["errCode"], json!("uni-id-invalid-nickname"));
    let registered = external_register(&program, "Ann").await?;
    assert_eq!(registered["errCode"], json!(0), "{registered}");
    // 6. The clients, with nothing but another address.
    let space = (setting("id"), setting("client_secret"));
    let answer = by_client(&program, space, "getSupportedLoginType", json!({})).await?;
    assert_eq!((&answer["success"], &answer["data"]["errCode"]), (&json!(true), &json!(0)), "{answer}");
    assert!(program.stop()?.success());
    // The data comes back as it was.
    place.run(&["export", "--to", "out", "uni-id-users"], &[])?.expect(0, &["uni-id-users: 2"]);
    let lines: Vec<Value> = place.read("out/uni-id-users.jsonl")?.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    assert_eq!((&lines[0]["own_field"], &lines[1]["from"]), (&json!({"kept": true}), &json!("web")));
    Ok(())
}
