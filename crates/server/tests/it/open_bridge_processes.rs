//! `uni-open-bridge` on several nodes, each a process of its own on one PostgreSQL.

use std::sync::Arc;

use anyhow::{Context, Result};
use lingpai_testkit::{Engine, TestDatabase, upstreams::Upstreams};

use crate::kit::{
    binary::{Program, Workplace},
    simultaneous::{all, count},
    weixin::{APP, MINI_PROGRAM},
    *,
};

fn configure(place: &Workplace, database: &TestDatabase, upstreams: &Upstreams) -> Outcome {
    let settings = format!(
        "mode = \"production\"\n[database]\nurl = {}\n[config_center]\ndir = \"center\"\n[limits]\nenabled = false\n\
         [security]\nmaster_key = \"the master key of killed programs, 32 characters\"\nsetup_token = \"the set-up token\"\n\
         [providers.weixin]\nbase_url = {}\n",
        json!(database.url()),
        json!(upstreams.base_url("api.weixin.qq.com"))
    );
    place.write("lingpai.toml", &settings)?;
    let uni_id = json!({
        "passwordSecret": [{"type": "hmac-sha256", "version": 1}], "tokenSecret": tokens::SECRET,
        "mp-weixin": {"oauth": {"weixin": {"appid": MINI_PROGRAM, "appsecret": "s"}}},
    });
    place.write("center/uni-id/config.json", &uni_id.to_string())?;
    place.write("center/uni-captcha/config.json", "{}")?;
    place.write("center/uni-open-bridge/config.json", r#"{"ipWhiteList": ["127.0.0.1"]}"#)
}

/// Asks a node for the access token, as a server of the project's does.
async fn access_token(node: &Program) -> Result<Reply> {
    let http = reqwest::Client::builder().no_proxy().build()?;
    let asked = http.post(node.url("/uni-open-bridge/getAccessToken")).json(&json!({"dcloudAppid": APP, "platform": "weixin-mp"}));
    let response = asked.send().await?;
    Ok(Reply { status: response.status().as_u16(), body: response.json().await? })
}

/// It takes as long as a lease lasts, ten seconds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killing_the_process_that_renews_leaves_the_others_working() -> Outcome {
    let database = TestDatabase::create(Engine::Postgres).await?;
    let upstreams = Upstreams::start(None).await?;
    let weixin = upstreams.strict_weixin();
    let place = Workplace::new()?;
    configure(&place, &database, &upstreams)?;
    let renewing = Arc::new(place.serve(&["--config", "lingpai.toml"])?);
    let other = place.serve(&["--config", "lingpai.toml"])?;

    let held = weixin.hold_tokens().await;
    let node = renewing.clone();
    let asked = tokio::spawn(async move { access_token(&node).await });
    weixin.somebody_asks_for_a_token().await;
    // It holds the lease, and WeChat has not answered yet.
    rustix::process::kill_process(renewing.pid()?, rustix::process::Signal::KILL)?;
    assert!(asked.await?.is_err(), "the node is gone, and its callers with it");
    Arc::into_inner(renewing).context("somebody still holds the program")?.kill()?;

    // Whoever needs no token does not notice.
    assert_eq!(other.call("getSupportedLoginType", json!({})).await?.code(), 0);
    drop(held);
    let replies: Vec<Reply> = all((0..20).map(|_| access_token(&other))).await.into_iter().collect::<Result<_>>()?;
    assert_eq!(count(&replies, 0), 20);
    assert!(replies.iter().all(|reply| reply.body["access_token"] == format!("AT-{MINI_PROGRAM}")));
    // Once by the node that was killed, once by the other for all twenty.
    let requests = upstreams.take_requests();
    let tokens = requests.iter().filter(|request| request["url"].as_str().is_some_and(|url| url.ends_with("/stable_token")));
    assert_eq!(tokens.count(), 2);
    assert!(other.stop()?.success());
    database.remove().await
}
