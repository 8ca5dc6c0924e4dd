//! Sealed calls reach functions as plain data, and their replies come back sealed.

use lingpai_secure::envelope::SecretType;

use super::client::*;
use crate::kit::*;

const KINDS: [SecretType; 4] = [SecretType::None, SecretType::Request, SecretType::Response, SecretType::Both];

both_engines!(web: an_account_is_opened_and_used_in_every_kind_of_call, errors_come_back_in_the_clear, a_token_inside_wins);

fn web(builder: TestAppBuilder) -> TestAppBuilder {
    builder.secure_network(web_config(json!({"enable": true})))
}

async fn an_account_is_opened_and_used_in_every_kind_of_call(app: &TestApp) -> Outcome {
    let client = Client::web("d1")?.shake_hands(app).await?;
    for (number, kind) in KINDS.into_iter().enumerate() {
        let object = |method: &str, params: Value| json!({"method": method, "params": [params]});
        let captcha = client.call(app, "uni-captcha-co", kind, object("getImageCaptcha", json!({"scene": "register"}))).await?;
        assert_eq!(captcha["errCode"], 0, "{kind:?}: {captcha}");
        let rows = app.documents("opendb-verify-codes").await?;
        let text = rows.iter().rev().find_map(|row| row.get("code")).cloned().unwrap_or_default();
        let params = json!({"username": format!("alice{number}x"), "password": "pass123456", "captcha": text});
        let answer = client.call(app, "uni-id-co", kind, object("registerUser", params)).await?;
        let token = answer["newToken"]["token"].as_str().unwrap_or_default().to_owned();
        assert!(answer["errCode"] == 0 && !token.is_empty(), "{kind:?}: {answer}");
        let mut me = object("getAccountInfo", json!({}));
        me["uniIdToken"] = token.into();
        assert_eq!(client.call(app, "uni-id-co", kind, me).await?["isUsernameSet"], true, "{kind:?}");
    }
    Ok(())
}

async fn errors_come_back_in_the_clear(app: &TestApp) -> Outcome {
    let client = Client::web("d1")?.shake_hands(app).await?;
    for kind in KINDS {
        let login = json!({"method": "login", "params": [{"username": format!("nobody-{}", kind.as_str()), "password": "pass123456"}]});
        let answer = client.call(app, "uni-id-co", kind, login).await?;
        assert_eq!(answer["errCode"], "uni-id-account-not-exists", "{kind:?}: {answer}");
    }
    Ok(())
}

async fn a_token_inside_wins(app: &TestApp) -> Outcome {
    let (_, token) = crate::kit::people::someone(app, "alice").await?;
    let client = Client::web("d1")?.shake_hands(app).await?;
    let me = json!({"method": "getAccountInfo", "params": [{}], "uniIdToken": token});
    let (mut args, pending) = client.seal(app, "uni-id-co", SecretType::Both, &me)?;
    // What stands outside of the seal cannot add to what is inside.
    args["uniIdToken"] = json!("garbage");
    args["method"] = json!("closeAccount");
    args["params"] = json!([{"x": 1}]);
    let reply = client.send(app, "uni-id-co", args).await?;
    let answer: Value = serde_json::from_str(&pending.open_reply(client.key()?, reply)?)?;
    assert_eq!((&answer["errCode"], &answer["isUsernameSet"]), (&json!(0), &json!(true)), "{answer}");
    Ok(())
}
