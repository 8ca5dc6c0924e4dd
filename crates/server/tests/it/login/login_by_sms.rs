//! `loginBySms`

use crate::kit::{people::*, *};

both_engines!(development: a_new_number_registers_and_a_known_one_signs_in, codes_are_good_once_and_in_time, statuses_and_conflicts_are_refused,
    three_failures_demand_a_captcha, invitations_are_checked, a_number_of_another_application_registers_here);

const MOBILE: &str = "13800000001";

async fn by_sms(app: &TestApp, mobile: &str, code: &str) -> anyhow::Result<Reply> {
    app.call("loginBySms", json!({"mobile": mobile, "code": code})).await
}

async fn a_new_number_registers_and_a_known_one_signs_in(app: &TestApp) -> Outcome {
    let code = sms_code(app, MOBILE, "login-by-sms").await?;
    let first = done(by_sms(app, MOBILE, &code).await?);
    assert_eq!((&first.body["type"], &first.body["passwordConfirmed"]), (&json!("register"), &json!(false)));
    let doc = user(app, &first.uid()?).await?;
    assert_eq!((&doc["mobile"], &doc["mobile_confirmed"], doc.get("password")), (&json!(MOBILE), &json!(1), None));
    assert_eq!(log(app).await?, [row(app, "register", 1, json!({"user_id": first.uid()?}))]);

    app.clock.advance(1000);
    let code = sms_code(app, MOBILE, "login-by-sms").await?;
    let call = Call::new("loginBySms").params(json!({"mobile": MOBILE, "code": code})).by_client();
    let second = done(app.send(call).await?);
    assert_eq!((second.uid()?, &second.body["type"]), (first.uid()?, &json!("login")));
    assert_eq!(last_log(app).await?, row(app, "login", 1, json!({"user_id": first.uid()?})));
    assert_eq!(user(app, &first.uid()?).await?["token"], json!([first.token()?, second.token()?]));
    Ok(())
}

async fn codes_are_good_once_and_in_time(app: &TestApp) -> Outcome {
    const CODE: &str = "uni-id-mobile-verify-code-error";
    refused(&by_sms(app, MOBILE, "123456").await?, CODE);
    assert_eq!(last_log(app).await?, row(app, "login", 0, json!({"mobile": MOBILE})));
    let code = sms_code(app, MOBILE, "login-by-sms").await?;
    refused(&by_sms(app, "13800000002", &code).await?, CODE);
    done(by_sms(app, MOBILE, &code).await?);
    refused(&by_sms(app, MOBILE, &code).await?, CODE);
    let code = sms_code(app, MOBILE, "login-by-sms").await?;
    app.clock.advance(180_000);
    refused(&by_sms(app, MOBILE, &code).await?, CODE);
    let other_scene = sms_code(app, "13800000003", "reset-pwd-by-sms").await?;
    refused(&by_sms(app, "13800000003", &other_scene).await?, CODE);
    assert_eq!(app.documents("uni-id-users").await?.len(), 1);
    Ok(())
}

async fn statuses_and_conflicts_are_refused(app: &TestApp) -> Outcome {
    for (status, code) in
        [(1, "uni-id-account-banned"), (2, "uni-id-account-auditing"), (3, "uni-id-account-audit-failed"), (4, "uni-id-account-closed")]
    {
        let mobile = format!("1390000000{status}");
        store_user(app, &format!("user-{status}"), json!({"mobile": mobile, "mobile_confirmed": 1, "status": status})).await?;
        let sent = sms_code(app, &mobile, "login-by-sms").await?;
        refused(&by_sms(app, &mobile, &sent).await?, code);
        assert_eq!(last_log(app).await?, row(app, "login", 0, json!({})));
    }
    for name in ["one", "two"] {
        store_user(app, name, json!({"mobile": MOBILE, "mobile_confirmed": 1})).await?;
    }
    let sent = sms_code(app, MOBILE, "login-by-sms").await?;
    refused(&by_sms(app, MOBILE, &sent).await?, "uni-id-account-conflict");
    Ok(())
}

async fn three_failures_demand_a_captcha(app: &TestApp) -> Outcome {
    let code = sms_code(app, MOBILE, "login-by-sms").await?;
    for _ in 0..3 {
        refused(&by_sms(app, MOBILE, &another_code(&code)).await?, "uni-id-mobile-verify-code-error");
    }
    refused(&by_sms(app, MOBILE, &code).await?, "uni-id-captcha-required");
    let with = |captcha: &str| app.call("loginBySms", json!({"mobile": MOBILE, "code": code, "captcha": captcha}));
    refused(&with("none").await?, "uni-captcha-verify-fail");
    let text = captcha(app, "login-by-sms").await?;
    done(with(&text).await?);
    refused(&with(&text).await?, "uni-captcha-verify-fail");

    let code = sms_code(app, "13800000002", "login-by-sms").await?;
    for _ in 0..3 {
        refused(&by_sms(app, "13800000002", &another_code(&code)).await?, "uni-id-mobile-verify-code-error");
    }
    let text = captcha(app, "login-by-sms").await?;
    app.clock.advance(180_001);
    let late = json!({"mobile": "13800000002", "code": code, "captcha": text});
    refused(&app.call("loginBySms", late).await?, "uni-captcha-verify-overdue");
    Ok(())
}

async fn invitations_are_checked(app: &TestApp) -> Outcome {
    let inviter = store_user(app, "alice", json!({"my_invite_code": "ABCDEF"})).await?;
    let invited = async |mobile: &str, invitation: &str| {
        let code = sms_code(app, mobile, "login-by-sms").await?;
        app.call("loginBySms", json!({"mobile": mobile, "code": code, "inviteCode": invitation})).await
    };
    refused(&invited(MOBILE, "NOSUCH").await?, "uni-id-invalid-invite-code");
    let uid = done(invited(MOBILE, "ABCDEF").await?).uid()?;
    assert_eq!(user(app, &uid).await?["inviter_uid"], json!([inviter]));
    Ok(())
}

async fn a_number_of_another_application_registers_here(app: &TestApp) -> Outcome {
    let there = store_user(app, "alice", json!({"mobile": MOBILE, "mobile_confirmed": 1, "dcloud_appid": ["__UNI__OTHER"]})).await?;
    let code = sms_code(app, MOBILE, "login-by-sms").await?;
    let reply = done(by_sms(app, MOBILE, &code).await?);
    assert_eq!(reply.body["type"], "register");
    assert_ne!(reply.uid()?, there);
    Ok(())
}
