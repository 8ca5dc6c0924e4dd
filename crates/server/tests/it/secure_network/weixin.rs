//! WeChat mini programs, in the official client's envelope. The vectors were made by that client's own code.

use lingpai_secure::weixin::EncryptKey;

use super::{client::*, service::Service};
use crate::kit::*;

const MP: &str = "__UNI__H5CLNT1";
const KEY: &str = "ABEiM0RVZneImaq7zN3u/w==";
const IV: &str = "0123456789abcdef";
const TIME: i64 = 1_700_000_000_000;

each_engine!(
    the_official_clients_calls_are_served,
    each_wrong_fact_has_its_code,
    what_cannot_be_opened_has_one_refusal,
    what_wechats_envelope_does_not_stop,
    a_developers_simulator_is_a_development_build,
    a_logged_in_account_leads_to_its_key,
    the_handshake_leads_to_wechats_key
);

fn vectors() -> anyhow::Result<Value> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../secure/tests/vectors/mp-weixin-secure-network.json");
    Ok(serde_json::from_slice(&std::fs::read(path)?)?)
}

fn config(versions: &[&str]) -> Value {
    let entries: Vec<Value> = versions.iter().map(|version| json!({"wxAppId": "wx1234567890abcdef", "version": version})).collect();
    let rule = json!([{"appId": MP, "platform": "mp-weixin", "version": versions[0]}]);
    json!({
        "enable": true,
        "apps": [{"appId": MP, "mp-weixin": entries}],
        "verifyClient": {"enable": true, "customRules": true, "rules": {"echo": rule}},
    })
}

async fn with_mini_program(engine: Engine, versions: &[&str], test: impl AsyncFnOnce(&TestApp) -> Outcome) -> Outcome {
    let service = Service::start().await?;
    let oauth = json!({"mp-weixin": {"oauth": {"weixin": {"appid": "wx1234567890abcdef", "appsecret": "s"}}}});
    let data = |key: &str, value: Value| json!({"_id": key, "value": value.to_string()}).as_object().cloned().unwrap_or_default();
    let kept = vec![
        data(&format!("uni-id:{MP}:weixin-mp:code:code-1:secure-network-cache"), json!({"openid": "o1", "session_key": "s"})),
        data("uni-id:weixin-mp:wx1234567890abcdef:o1:encrypt-key-10", json!({"encrypt_key": KEY, "iv": IV})),
    ];
    let builder = TestApp::builder().engine(engine).uni_id(oauth).secure_network(config(versions)).sections(&service.section(5000));
    crate::kit::engines::with_app(builder.seed("opendb-open-data", kept), async |app| {
        app.clock.set(TIME);
        test(app).await
    })
    .await
}

fn info() -> Value {
    json!({"uniPlatform": "mp-weixin", "appId": MP, "deviceId": "D1"})
}

fn key() -> anyhow::Result<EncryptKey> {
    Ok(EncryptKey::parse(KEY, IV)?)
}

/// A payload in the client's order of fields.
fn payload(changes: Value) -> anyhow::Result<String> {
    let mut payload = json!({
        "data": "{\"a\":1}", "appId": MP, "deviceId": "D1", "wxAppId": "wx1234567890abcdef", "simulator": false, "timestamp": TIME,
    });
    for (name, value) in changes.as_object().into_iter().flatten() {
        payload[name] = value.clone();
    }
    Ok(key()?.seal(&payload.to_string())?)
}

fn sealed(kind: &str, content: impl Into<Value>) -> Value {
    let options = json!({"secretType": kind, "encryptKeyId": 10, "mpWeixinCode": "code-1"});
    json!({"content": content.into(), "_uniCloudOptions": options, "clientInfo": info()})
}

async fn send(app: &TestApp, args: Value) -> anyhow::Result<Value> {
    data(post(app, "echo", args, None).await?)
}

async fn the_official_clients_calls_are_served(engine: Engine) -> Outcome {
    with_mini_program(engine, &["production"], async |app| {
        let vectors = vectors()?;
        let (request, sign) = (vectors["request"]["content"].clone(), vectors["verifyClientSign"]["content"].clone());
        let event = json!({"a": 1, "s": "中文"});
        let opened = |reply: &Value| -> anyhow::Result<Value> {
            assert_eq!(reply["errCode"], 0, "{reply}");
            Ok(serde_json::from_str(&key()?.open(reply["content"].as_str().unwrap_or_default())?)?)
        };
        let facts = |answer: &Value, kind: &str| {
            assert_eq!((&answer["event"], &answer["context"]["secretType"]), (&event, &json!(kind)), "{answer}");
            let verified = &answer["context"]["verifiedClient"];
            assert_eq!((&verified["platform"], &verified["evidence"]), (&json!("mp-weixin"), &json!("weixin")), "{answer}");
        };
        let reply = send(app, sealed("request", request.clone())).await?;
        facts(&reply["content"], "request");
        facts(&opened(&send(app, sealed("both", request)).await?)?, "both");

        // The verification alone: arguments and reply are plain.
        let options = json!({"verifyClientSign": sign, "encryptKeyId": "10", "mpWeixinOpenid": "o1"});
        let verified = json!({"a": 1, "s": "中文", "_uniCloudOptions": options, "clientInfo": info()});
        facts(&send(app, verified).await?, "none");

        // A sealed reply alone verifies nobody.
        let response = sealed("response", event.clone());
        refused_by_number(&send(app, response.clone()).await?, 70008);
        let plain = call(app, "uni-id-co", json!({
            "content": {"method": "getSupportedLoginType", "params": []}, "_uniCloudOptions": response["_uniCloudOptions"], "clientInfo": info(),
        }));
        assert_eq!(opened(&plain.await?)?["errCode"], 0);
        let mut signed = response;
        signed["_uniCloudOptions"]["verifyClientSign"] = sign;
        facts(&opened(&send(app, signed).await?)?, "response");

        // Errors of the function go out as they are.
        let thrown = payload(json!({"data": "{\"mode\":\"refused\"}"}))?;
        assert_eq!(send(app, sealed("both", thrown)).await?["errCode"], "no-stock");
        Ok(())
    })
    .await
}

async fn each_wrong_fact_has_its_code(engine: Engine) -> Outcome {
    with_mini_program(engine, &["production"], async |app| {
        for (changes, code) in [
            (json!({"timestamp": TIME - 300_001}), 70001),
            (json!({"timestamp": TIME + 300_001}), 70001),
            (json!({"appId": "__UNI__OTHER"}), 70002),
            (json!({"deviceId": "D2"}), 70003),
            (json!({"wxAppId": "wx-other"}), 70004),
            (json!({"simulator": true}), 70010),
        ] {
            refused_by_number(&send(app, sealed("both", payload(changes.clone())?)).await?, code);
            let options = json!({"verifyClientSign": payload(changes)?, "encryptKeyId": 10, "mpWeixinCode": "code-1"});
            refused_by_number(&send(app, json!({"a": 1, "_uniCloudOptions": options, "clientInfo": info()})).await?, code);
        }
        let with = |name: &str, value: Value| -> anyhow::Result<Value> {
            let mut args = sealed("both", payload(json!({}))?);
            args["_uniCloudOptions"][name] = value;
            Ok(args)
        };
        refused_by_number(&send(app, with("mpWeixinCode", json!("unknown"))?).await?, 70006);
        refused_by_number(&send(app, with("mpWeixinCode", json!(null))?).await?, 70006);
        refused_by_number(&send(app, with("encryptKeyId", json!("x"))?).await?, 70009);
        // Nobody shook hands for this openid, so nobody can ask WeChat for its keys.
        let mut stranger = with("mpWeixinCode", json!(null))?;
        stranger["_uniCloudOptions"]["mpWeixinOpenid"] = json!("o2");
        refused_by_number(&send(app, stranger).await?, 70007);
        refused_by_number(&send(app, json!({"a": 1, "clientInfo": info()})).await?, 70008);
        let no_sign = json!({"a": 1, "_uniCloudOptions": {"encryptKeyId": 10, "mpWeixinCode": "code-1"}, "clientInfo": info()});
        refused_by_number(&send(app, no_sign).await?, 70008);
        refused_by_number(&send(app, with("secretType", json!("all"))?).await?, 70004);
        let mut other = sealed("both", payload(json!({}))?);
        other["clientInfo"]["appId"] = json!("__UNI__OTHER");
        refused_by_number(&send(app, other).await?, 60201);
        Ok(())
    })
    .await
}

async fn what_cannot_be_opened_has_one_refusal(engine: Engine) -> Outcome {
    with_mini_program(engine, &["production"], async |app| {
        let good = payload(json!({}))?;
        let other = EncryptKey::parse("AAAAAAAAAAAAAAAAAAAAAA==", IV)?;
        let flipped = |place: usize| {
            let mut bytes = good.as_bytes().to_vec();
            bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
            String::from_utf8_lossy(&bytes).into_owned()
        };
        let contents = [
            flipped(0),
            flipped(40),
            flipped(good.len() - 30),
            flipped(good.len() - 5),
            key()?.seal("{}")?,
            key()?.seal("no JSON")?,
            other.seal("{}")?,
            "AAAA".into(),
            "no base64".into(),
        ];
        let mut answers = Vec::new();
        for content in contents {
            answers.push(send(app, sealed("both", content)).await?);
        }
        refused_by_number(&answers[0], 70004);
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
        Ok(())
    })
    .await
}

/// It has no request id, no function and no reply's address in it. The threat model says so; nothing else may be read into it.
async fn what_wechats_envelope_does_not_stop(engine: Engine) -> Outcome {
    with_mini_program(engine, &["production"], async |app| {
        let captured = sealed("both", payload(json!({"data": "{\"method\":\"getSupportedLoginType\",\"params\":[]}"}))?);
        let first = send(app, captured.clone()).await?;
        assert_eq!(first["errCode"], 0, "{first}");
        // Again, and sent to another function.
        app.clock.set(TIME + 300_000);
        assert_eq!(send(app, captured.clone()).await?["errCode"], 0);
        let other = call(app, "uni-id-co", captured.clone()).await?;
        assert_eq!(other["errCode"], 0, "{other}");
        // Any reply of the key opens, whichever call it is to.
        let key = key()?;
        for reply in [&first, &other] {
            assert!(key.open(reply["content"].as_str().unwrap_or_default()).is_ok(), "{reply}");
        }
        // Not for ever, and not as another device.
        app.clock.set(TIME + 300_001);
        refused_by_number(&send(app, captured.clone()).await?, 70001);
        app.clock.set(TIME);
        let mut stolen = captured;
        stolen["clientInfo"]["deviceId"] = json!("D2");
        refused_by_number(&send(app, stolen).await?, 70003);
        Ok(())
    })
    .await
}

async fn a_developers_simulator_is_a_development_build(engine: Engine) -> Outcome {
    with_mini_program(engine, &["development", "production"], async |app| {
        let answer = send(app, sealed("request", payload(json!({"simulator": true}))?)).await?;
        assert_eq!(answer["content"]["context"]["verifiedClient"]["version"], "development", "{answer}");
        // The rule is about the development build, and this is the production one.
        refused_by_number(&send(app, sealed("request", payload(json!({}))?)).await?, 70004);
        Ok(())
    })
    .await
}

/// A call that names neither code nor openid is by the account of its token.
async fn a_logged_in_account_leads_to_its_key(engine: Engine) -> Outcome {
    with_mini_program(engine, &["production"], async |app| {
        let captcha = app.captcha("register").await?;
        let register = Call::new("registerUser").client_info("appId", MP);
        let registered = app.send(register.params(json!({"username": "player", "password": "player1234", "captcha": captcha}))).await?;
        let (uid, token) = (registered.uid()?, registered.token()?);
        let by = |token: &str| -> anyhow::Result<Value> {
            let options = json!({"secretType": "request", "encryptKeyId": 10});
            Ok(json!({"content": payload(json!({}))?, "_uniCloudOptions": options, "clientInfo": info(), "uniIdToken": token}))
        };
        refused_by_number(&send(app, by("no token")?).await?, 70006);
        // Logged in, and never by WeChat.
        refused_by_number(&send(app, by(&token)?).await?, 70006);
        let mut user = app.document("uni-id-users", &uid).await?;
        user.insert("wx_openid".into(), json!({"mp": "o1"}));
        app.put("uni-id-users", user.into()).await?;
        let answer = send(app, by(&token)?).await?;
        assert_eq!(answer["content"]["event"]["a"], 1, "{answer}");
        assert!(app.program().state().base.store.remove("uni-id-users", &uid).await?);
        refused_by_number(&send(app, by(&token)?).await?, 70005);
        Ok(())
    })
    .await
}

/// The whole way: the client's code, WeChat's session, WeChat's key.
async fn the_handshake_leads_to_wechats_key(engine: Engine) -> Outcome {
    let (service, wechat) = (Service::start().await?, lingpai_testkit::upstreams::Upstreams::start(None).await?);
    let oauth = json!({"mp-weixin": {"oauth": {"weixin": {"appid": "wx-mp-appid", "appsecret": "wx-mp-secret"}}}});
    let mut rules = config(&["production"]);
    rules["apps"][0]["mp-weixin"][0]["wxAppId"] = json!("wx-mp-appid");
    let mut builder = TestApp::builder().engine(engine).uni_id(oauth).secure_network(rules).sections(&service.section(5000));
    for (path, value) in wechat.settings() {
        builder = builder.setting(path, value);
    }
    crate::kit::engines::with_app(builder, async |app| {
        let handshake = json!({"method": "secureNetworkHandshakeByWeixin", "params": [{"code": "mp-A", "callLoginByWeixin": false}], "clientInfo": info()});
        assert_eq!(call(app, "uni-id-co", handshake).await?, json!({"errCode": 0}));
        let key = EncryptKey::parse("VI6BpyrK9XH4i4AIGe86tg==", "6003f73ec441c386")?;
        let now = app.program().state().base.clock.now_ms();
        let payload = json!({"data": "{\"a\":1}", "appId": MP, "deviceId": "D1", "wxAppId": "wx-mp-appid", "simulator": false, "timestamp": now});
        let sealed = |version: u32| -> anyhow::Result<Value> {
            let options = json!({"secretType": "both", "encryptKeyId": version, "mpWeixinCode": "mp-A"});
            Ok(json!({"content": key.seal(&payload.to_string())?, "_uniCloudOptions": options, "clientInfo": info()}))
        };
        for _ in 0..2 {
            let reply = send(app, sealed(10)?).await?;
            let answer: Value = serde_json::from_str(&key.open(reply["content"].as_str().unwrap_or_default())?)?;
            assert_eq!(answer["event"], json!({"a": 1}), "{reply}");
        }
        let asked = wechat.take_requests();
        let keys = asked.iter().filter(|request| request["url"].as_str().is_some_and(|url| url.contains("getuserencryptkey")));
        assert_eq!(keys.count(), 1, "{asked:?}");
        refused_by_number(&send(app, sealed(11)?).await?, 70009);
        Ok(())
    })
    .await
}
