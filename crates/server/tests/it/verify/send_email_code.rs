//! `sendEmailCode`

use crate::kit::{people::*, *};

both_engines!(development: a_mail_is_sent_and_the_code_stored, wrong_captchas_send_nothing);
both_engines!(unconfigured: without_a_server_development_mode_has_a_fixed_code);

async fn a_mail_is_sent_and_the_code_stored(app: &TestApp) -> Outcome {
    for scene in ["register", "login-by-email", "reset-pwd-by-email", "bind-email"] {
        done(send_email(app, "Alice@Example.com", scene).await?);
        let mails = app.mail.take();
        assert_eq!((mails.len(), mails[0].to.as_str()), (1, "alice@example.com"));
        let code = six_digits(&mails[0].text).unwrap_or_default();
        assert!(mails[0].html.contains(&code) && !mails[0].subject.is_empty());
        let rows = codes(app, scene).await?;
        assert_eq!(rows.len(), 1, "{scene}");
        assert_eq!((&rows[0]["email"], &rows[0]["code"], &rows[0]["state"]), (&json!("alice@example.com"), &json!(code), &json!(0)));
        assert_eq!(rows[0]["expired_date"], START + 180_000);
    }
    Ok(())
}

async fn wrong_captchas_send_nothing(app: &TestApp) -> Outcome {
    let with =
        |captcha: &str, scene: &str| app.call("sendEmailCode", json!({"email": "a@example.com", "scene": scene, "captcha": captcha}));
    refused(&with("none", "register").await?, "uni-captcha-verify-fail");
    refused(&with("none", "login-by-sms").await?, "uni-id-invalid-param");
    let text = captcha(app, "send-email-code").await?;
    app.clock.advance(180_001);
    refused(&with(&text, "register").await?, "uni-captcha-verify-overdue");
    let params = json!({"email": "none", "scene": "register", "captcha": text});
    refused(&app.call("sendEmailCode", params).await?, "uni-id-invalid-email");
    assert!(app.mail.take().is_empty());
    assert!(codes(app, "register").await?.is_empty());
    Ok(())
}

fn unconfigured(builder: TestAppBuilder) -> TestAppBuilder {
    builder.without_mail()
}

async fn without_a_server_development_mode_has_a_fixed_code(app: &TestApp) -> Outcome {
    refused(&send_email(app, "a@example.com", "register").await?, "uni-id-invalid-mail-template");
    let params = json!({"email": "a@example.com", "password": PASSWORD, "code": "123456"});
    done(app.call("registerUserByEmail", params).await?);
    Ok(())
}
