//! Functions that are HTTP services: what they get, and what becomes of their answers.

use lingpai_secure::envelope::SecretType;

use super::{client::*, service::Service};
use crate::kit::{people::someone, *};

each_engine!(
    they_get_plain_data_and_facts,
    they_get_the_user_of_a_valid_token,
    their_answers_are_the_results,
    what_is_no_answer_is_told,
    the_url_form_reaches_those_that_are_open_to_it
);

async fn with_service(engine: Engine, verify: Value, test: impl AsyncFnOnce(&TestApp, &Service) -> Outcome) -> Outcome {
    let service = Service::start().await?;
    let builder = TestApp::builder().engine(engine).secure_network(web_config(verify)).sections(&service.section(500));
    crate::kit::engines::with_app(builder, async |app| test(app, &service).await).await
}

async fn they_get_plain_data_and_facts(engine: Engine) -> Outcome {
    with_service(engine, json!({"enable": true}), async |app, service| {
        let client = Client::web("d1")?.shake_hands(app).await?;
        let event = json!({"method": "pay", "params": [{"note": "中文"}], "extra": 1});
        for kind in [SecretType::None, SecretType::Request, SecretType::Response, SecretType::Both] {
            let answer = client.call(app, "echo", kind, event.clone()).await?;
            let context = &answer["context"];
            assert_eq!((&answer["event"], &context["secretType"]), (&event, &json!(kind.as_str())), "{answer}");
            assert_eq!((&context["spaceId"], &context["user"], &context["tokenError"]), (&json!("test-space"), &json!(null), &json!(null)));
            let verified = json!({"appId": APP, "platform": "web", "version": "production", "deviceId": "d1", "evidence": "keyed"});
            assert_eq!(context["verifiedClient"], verified);
            let info = &context["clientInfo"];
            assert_eq!((&info["appId"], &info["clientIP"], &info["secretType"]), (&json!(APP), &json!("127.0.0.1"), &json!(kind.as_str())));
        }
        assert_eq!(service.take().len(), 4);
        // Nothing that is refused reaches the service.
        refused_by_number(&call(app, "echo", json!({"clientInfo": client_info("d1")})).await?, 70008);
        assert!(service.take().is_empty());
        Ok(())
    })
    .await
}

async fn they_get_the_user_of_a_valid_token(engine: Engine) -> Outcome {
    with_service(engine, json!({"enable": false}), async |app, _| {
        let (uid, token) = someone(app, "alice").await?;
        let mut args = json!({"a": 1, "uniIdToken": token, "clientInfo": client_info("d1")});
        // The client's claims about what is the server's to say.
        for (name, value) in [("secretType", "both"), ("clientIP", "6.6.6.6"), ("source", "timing")] {
            args["clientInfo"][name] = json!(value);
        }
        let answer = call(app, "echo", args.clone()).await?;
        assert_eq!(answer["event"], json!({"a": 1, "uniIdToken": token}));
        let context = &answer["context"];
        assert_eq!((&context["user"]["uid"], &context["verifiedClient"]), (&json!(uid), &json!(null)));
        let info = &context["clientInfo"];
        assert_eq!((&info["secretType"], &info["clientIP"], &info["source"]), (&json!("none"), &json!("127.0.0.1"), &json!("client")));
        done(app.call_as(&token, "logout", json!({})).await?);
        let answer = call(app, "echo", args).await?;
        assert_eq!((&answer["context"]["user"], &answer["context"]["tokenError"]), (&json!(null), &json!("uni-id-check-token-failed")));
        Ok(())
    })
    .await
}

async fn their_answers_are_the_results(engine: Engine) -> Outcome {
    with_service(engine, json!({"enable": false}), async |app, _| {
        let ask = async |mode: &str| post(app, "echo", json!({"mode": mode, "clientInfo": client_info("d1")}), None).await;
        assert_eq!(ask("list").await?["data"], json!([1, 2]));
        assert_eq!(ask("refused").await?["data"]["errCode"], "no-stock");
        let thrown = ask("thrown").await?;
        assert_eq!((&thrown["error"]["code"], &thrown["error"]["message"]), (&json!("no-stock"), &json!("sold out")));
        let client = Client::web("d1")?.shake_hands(app).await?;
        let list = client.call(app, "echo", SecretType::Both, json!({"mode": "list"})).await?;
        assert_eq!(list, json!([1, 2]));
        assert_eq!(client.call(app, "echo", SecretType::Both, json!({"mode": "refused"})).await?["errCode"], "no-stock");
        Ok(())
    })
    .await
}

async fn the_url_form_reaches_those_that_are_open_to_it(engine: Engine) -> Outcome {
    with_service(engine, json!({"enable": false}), async |app, service| {
        assert_eq!(app.http().get(app.url("/http/echo")).send().await?.status(), 404);
        assert!(service.take().is_empty());
        Ok(())
    })
    .await?;
    let cases = [(false, "refuse", 200), (true, "allow", 200), (true, "refuse", 70008)];
    for (verified, url, status) in cases {
        let mut config = web_config(json!({"enable": verified}));
        config["url"] = json!(url);
        let service = Service::start().await?;
        let sections = format!("{}http = true\n", service.section(500));
        let builder = TestApp::builder().engine(engine).secure_network(config).sections(&sections);
        crate::kit::engines::with_app(builder, async |app| {
            let request = app.http().post(app.url("/http/echo/a/b?x=1&x=2")).header("x-own", "mine").body("{\"mode\":\"thrown\"}");
            let answer: Value = request.send().await?.json().await?;
            if status != 200 {
                refused_by_number(&answer, status);
                assert!(service.take().is_empty());
                return Ok(());
            }
            // What the body says is not the event's: arguments come from clients of the protocol only.
            let context = &answer["context"];
            assert_eq!(
                (&answer["event"], &context["source"], &context["clientInfo"]["source"]),
                (&json!({}), &json!("http"), &json!("http"))
            );
            let info = &context["httpInfo"];
            assert_eq!((&info["path"], &info["httpMethod"], &info["headers"]["x-own"]), (&json!("/a/b"), &json!("POST"), &json!("mine")));
            assert_eq!((&info["queryStringParameters"], &info["body"]), (&json!({"x": ["1", "2"]}), &json!("{\"mode\":\"thrown\"}")));
            assert_eq!(
                (&context["user"], &context["verifiedClient"], &context["secretType"]),
                (&json!(null), &json!(null), &json!("none"))
            );
            assert_eq!(service.take().len(), 1);
            Ok(())
        })
        .await?;
    }
    Ok(())
}

async fn what_is_no_answer_is_told(engine: Engine) -> Outcome {
    let gone = with_service(engine, json!({"enable": false}), async |app, service| {
        for (mode, status, code) in [
            ("html", 502, "FUNCTION_FAILED"),
            ("status", 502, "FUNCTION_FAILED"),
            ("redirect", 502, "FUNCTION_FAILED"),
            ("large", 502, "FUNCTION_FAILED"),
            ("slow", 504, "FUNCTION_TIMEOUT"),
        ] {
            let reply = app.send(Call::new("m").function("echo").by_client()).await?;
            assert_eq!(reply.status, 200, "{}", reply.body);
            let answer = post(app, "echo", json!({"mode": mode, "clientInfo": client_info("d1")}), None).await?;
            assert_eq!(answer["error"]["code"], code, "{mode} ({status}): {answer}");
            assert!(answer["error"]["message"].as_str().is_some_and(|words| words.contains("echo")), "{answer}");
        }
        assert!(service.take().iter().all(|body| body["function"] == "echo"));
        Ok(())
    });
    gone.await?;
    let dead = "[[functions]]\nname = \"echo\"\nurl = \"http://127.0.0.1:1/\"\nkey = \"0123456789012345678901234567890123\"\n";
    crate::kit::engines::with_app(TestApp::builder().engine(engine).sections(dead), async |app| {
        let answer = post(app, "echo", json!({"clientInfo": client_info("d1")}), None).await?;
        assert_eq!(answer["error"]["code"], "FUNCTION_UNAVAILABLE", "{answer}");
        Ok(())
    })
    .await
}
