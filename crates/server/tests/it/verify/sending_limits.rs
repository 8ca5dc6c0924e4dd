//! How many codes are sent, and how often an address may call.

use lingpai_server::telemetry::metrics_endpoint;
use lingpai_testkit::SeededRandom;

use crate::kit::{
    people::*,
    simultaneous::{all_at_once, count},
    *,
};

both_engines!(limited: one_target_gets_few_codes, one_device_gets_few_codes, one_address_gets_few_codes, limits_outlive_the_program_s_memory);
both_engines!(counted: an_address_may_call_so_often);
both_engines!(costly: an_application_sends_only_so_much, nodes_count_an_application_together, messages_at_once_are_counted,
    a_refusal_of_an_application_is_in_the_metrics);
both_engines!(listing: applications_made_up_share_one_count);
both_engines!(naming_none: without_a_list_all_share_one_count);

const TOO_MANY: &str = "uni-id-too-many-requests";

fn limited(builder: TestAppBuilder) -> TestAppBuilder {
    builder
        .setting("limits.enabled", "true")
        .setting("limits.per_ip.send", "")
        .setting("limits.per_ip.captcha", "")
        .setting("limits.sends.per_target", "1/1m,3/1h")
        .setting("limits.sends.per_device", "5/1h")
        .setting("limits.sends.per_ip", "8/1h")
}

async fn send(app: &TestApp, mobile: &str, device: &str, ip: &str) -> anyhow::Result<Reply> {
    let captcha = captcha_of(app, device, "send-sms-code").await?;
    let params = json!({"mobile": mobile, "scene": "login-by-sms", "captcha": captcha});
    app.send(Call::new("sendSmsCode").params(params).device(device).from_ip(ip)).await
}

fn is_too_many(app: &TestApp, reply: &Reply) {
    refused(reply, TOO_MANY);
    assert!(app.sms.take().is_empty());
}

async fn one_target_gets_few_codes(app: &TestApp) -> Outcome {
    let to = async |mobile: &str, number: i32| send(app, mobile, &format!("device-{number}"), &format!("203.0.113.{number}")).await;
    done(to("13800000001", 1).await?);
    assert_eq!(app.sms.take().len(), 1);
    app.clock.advance(59_000);
    let refusal = to("13800000001", 2).await?;
    is_too_many(app, &refusal);
    refused_with(&refusal, TOO_MANY, "1");
    done(to("13800000002", 3).await?);
    // Mails are counted apart, scenes are not.
    done(send_email(app, "a@example.com", "register").await?);
    app.clock.advance(1_000);
    done(to("13800000001", 4).await?);
    app.clock.advance(60_000);
    done(to("13800000001", 5).await?);
    app.clock.advance(60_000);
    app.sms.take();
    is_too_many(app, &to("13800000001", 6).await?);
    app.clock.advance(3_600_000);
    done(to("13800000001", 7).await?);
    Ok(())
}

async fn one_device_gets_few_codes(app: &TestApp) -> Outcome {
    for number in 1..=5 {
        done(send(app, &format!("1380000000{number}"), "device", &format!("203.0.113.{number}")).await?);
    }
    app.sms.take();
    is_too_many(app, &send(app, "13800000009", "device", "203.0.113.9").await?);
    done(send(app, "13800000009", "another", "203.0.113.9").await?);
    Ok(())
}

async fn one_address_gets_few_codes(app: &TestApp) -> Outcome {
    for number in 1..=8 {
        done(send(app, &format!("1380000000{number}"), &format!("device-{number}"), "203.0.113.1").await?);
    }
    app.sms.take();
    is_too_many(app, &send(app, "13800000009", "device-9", "203.0.113.1").await?);
    done(send(app, "13800000009", "device-9", "203.0.113.2").await?);
    Ok(())
}

/// Sent messages cost money: a restart must not make them free.
async fn limits_outlive_the_program_s_memory(app: &TestApp) -> Outcome {
    done(send(app, "13800000001", "device", "203.0.113.1").await?);
    let second =
        limited(TestApp::builder()).database(app.database().shared()).clock(app.clock.clone()).random(SeededRandom::new(2)).start().await?;
    is_too_many(&second, &send(&second, "13800000001", "another", "203.0.113.2").await?);
    second.stop().await
}

fn counted(builder: TestAppBuilder) -> TestAppBuilder {
    builder
        .setting("limits.enabled", "true")
        .setting("limits.per_ip.login", "3/1m")
        .setting("limits.per_ip.register", "2/1m")
        .setting("limits.per_ip.captcha", "4/1m,5/1h")
        .setting("limits.per_ip.send", "1/1m")
        .setting("limits.per_ip.default", "6/1m")
}

async fn an_address_may_call_so_often(app: &TestApp) -> Outcome {
    for (method, times) in [("login", 3), ("registerUser", 2), ("createCaptcha", 4), ("sendSmsCode", 1), ("getSupportedLoginType", 6)] {
        let call = |ip: &str| app.send(Call::new(method).params(json!({"scene": "register"})).from_ip(ip));
        for _ in 0..times {
            assert_ne!(call("203.0.113.1").await?.code(), TOO_MANY, "{method}");
        }
        refused(&call("203.0.113.1").await?, TOO_MANY);
        assert_ne!(call("203.0.113.2").await?.code(), TOO_MANY, "{method}");
        assert_ne!(call("2001:db8:1:1::1").await?.code(), TOO_MANY, "{method}");
    }
    // Methods of a group share one account, and so does a customer's network of IPv6.
    refused(&app.send(Call::new("loginBySms").from_ip("203.0.113.1")).await?, TOO_MANY);
    for _ in 0..2 {
        app.send(Call::new("login").from_ip("2001:db8:1:1::2")).await?;
    }
    refused(&app.send(Call::new("login").from_ip("2001:db8:1:1:ffff::")).await?, TOO_MANY);
    app.clock.advance(60_000);
    assert_ne!(app.send(Call::new("login").from_ip("203.0.113.1")).await?.code(), TOO_MANY);
    Ok(())
}

fn costly(builder: TestAppBuilder) -> TestAppBuilder {
    let unlimited = ["limits.per_ip.send", "limits.per_ip.captcha", "limits.sends.per_device", "limits.sends.per_ip"];
    let builder = unlimited.into_iter().fold(builder.setting("limits.enabled", "true"), |builder, path| builder.setting(path, ""));
    let builder = builder.setting("limits.sends.per_target", "1/1h").setting("limits.sends.per_app", "3/1h");
    builder.apps(&["__UNI__TEST", "__UNI__OTHER"])
}

async fn send_for(app: &TestApp, application: &str, mobile: &str) -> anyhow::Result<Reply> {
    let captcha = captcha(app, "send-sms-code").await?;
    let params = json!({"mobile": mobile, "scene": "login-by-sms", "captcha": captcha});
    app.send(from_app("sendSmsCode", application, params)).await
}

async fn an_application_sends_only_so_much(app: &TestApp) -> Outcome {
    let send = async |application: &str, mobile: &str| send_for(app, application, mobile).await;
    done(send("__UNI__TEST", "13800000001").await?);
    // What another limit refuses costs the application nothing.
    for _ in 0..5 {
        refused(&send("__UNI__TEST", "13800000001").await?, TOO_MANY);
    }
    done(send("__UNI__TEST", "13800000002").await?);
    done(send("__UNI__TEST", "13800000003").await?);
    app.sms.take();
    is_too_many(app, &send("__UNI__TEST", "13800000004").await?);
    // No code is left behind that somebody could guess at.
    let live = codes(app, "login-by-sms").await?.iter().filter(|row| row["mobile"] == "13800000004").count();
    assert_eq!(live, 0);
    done(send("__UNI__OTHER", "13800000005").await?);
    // Mails are counted apart.
    done(send_email(app, "a@example.com", "register").await?);
    app.clock.advance(3_600_000);
    done(send("__UNI__TEST", "13800000004").await?);
    Ok(())
}

async fn nodes_count_an_application_together(app: &TestApp) -> Outcome {
    let second = engines::beside(app, costly(TestApp::builder())).await?;
    done(send_for(app, "__UNI__TEST", "13800000001").await?);
    done(send_for(&second, "__UNI__TEST", "13800000002").await?);
    done(send_for(app, "__UNI__TEST", "13800000003").await?);
    second.sms.take();
    is_too_many(&second, &send_for(&second, "__UNI__TEST", "13800000004").await?);
    done(send_for(&second, "__UNI__OTHER", "13800000004").await?);
    second.stop().await?;
    // Nor does starting anew give an application more.
    app.clock.advance(1_000);
    let third =
        costly(TestApp::builder()).database(app.database().shared()).clock(app.clock.clone()).random(SeededRandom::new(3)).start().await?;
    is_too_many(&third, &send_for(&third, "__UNI__TEST", "13800000005").await?);
    third.stop().await
}

async fn messages_at_once_are_counted(app: &TestApp) -> Outcome {
    let mut calls = Vec::new();
    for number in 10..40 {
        let device = format!("device-{number}");
        let captcha = captcha_of(app, &device, "send-sms-code").await?;
        let params = json!({"mobile": format!("138000000{number}"), "scene": "login-by-sms", "captcha": captcha});
        calls.push(Call::new("sendSmsCode").params(params).device(&device));
    }
    let replies = all_at_once(app, calls).await?;
    assert_eq!((count(&replies, 0), count(&replies, TOO_MANY)), (3, 27));
    assert_eq!(app.sms.take().len(), 3);
    Ok(())
}

async fn a_refusal_of_an_application_is_in_the_metrics(app: &TestApp) -> Outcome {
    metrics_endpoint::start();
    // It stands there before anything is refused, or an alarm would not see it grow.
    assert!(refusals(app).await?.ends_with(" 0"));
    for number in 1..=3 {
        done(send_for(app, "__UNI__TEST", &format!("1380000000{number}")).await?);
    }
    refused(&send_for(app, "__UNI__TEST", "13800000004").await?, TOO_MANY);
    assert!(refusals(app).await?.ends_with(" 1"));
    Ok(())
}

/// The line of `/metrics` that counts short messages refused to applications.
async fn refusals(app: &TestApp) -> anyhow::Result<String> {
    let metrics = app.http().get(app.url("/metrics")).send().await?.text().await?;
    let is_it = |line: &&str| {
        line.starts_with("lingpai_messages_refused_total") && line.contains(r#"limit="app""#) && line.contains(r#"kind="sms""#)
    };
    metrics.lines().find(is_it).map(str::to_owned).ok_or_else(|| anyhow::anyhow!("refusals are not counted: {metrics}"))
}

fn listing(builder: TestAppBuilder) -> TestAppBuilder {
    costly(builder).apps(&["__UNI__TEST"])
}

async fn applications_made_up_share_one_count(app: &TestApp) -> Outcome {
    for number in 1..=3 {
        done(send_for(app, &format!("__UNI__MADE{number}"), &format!("1380000000{number}")).await?);
    }
    app.sms.take();
    is_too_many(app, &send_for(app, "__UNI__MADE4", "13800000004").await?);
    // What is made up costs those that are listed nothing.
    done(send_for(app, "__UNI__TEST", "13800000004").await?);
    Ok(())
}

fn naming_none(builder: TestAppBuilder) -> TestAppBuilder {
    costly(builder).apps(&["*"])
}

/// Where no application is called by its name, any name may be made up.
async fn without_a_list_all_share_one_count(app: &TestApp) -> Outcome {
    for number in 1..=3 {
        done(send_for(app, &format!("__UNI__ANY{number}"), &format!("1380000000{number}")).await?);
    }
    app.sms.take();
    is_too_many(app, &send_for(app, "__UNI__TEST", "13800000004").await?);
    // Mails are counted apart here, too.
    done(send_email(app, "a@example.com", "register").await?);
    Ok(())
}
