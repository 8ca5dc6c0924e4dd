//! Upstreams that are slow, down, or answer nonsense: told with the right code and within their time limit,
//! asked once, and nobody else's concern.

use std::{sync::Arc, time::Duration};

use lingpai_testkit::{
    Engine, TestDatabase,
    clock::FrozenClock,
    upstreams::{Fault, Upstreams},
};

use crate::kit::{
    people::*,
    simultaneous::{all_at_once, count},
    third_parties,
    weixin::{self, World, from_phone, mini_program},
    *,
};

each_engine!(
    every_upstream_in_every_trouble_is_told_alike,
    an_upstream_that_hangs_is_nobody_else_s_concern,
    killing_the_node_that_renews_leaves_the_others_working,
);

const NO_ACCOUNT: &str = "uni-id-get-third-party-account-failed";

/// Method, platform, parameters, the code of whatever goes wrong upstream, and whether a user calls.
type Case = (&'static str, &'static str, Value, &'static str, bool);

fn cases(world: &third_parties::World) -> anyhow::Result<Vec<Case>> {
    let identity = world.identity_token("001.a", json!({}), json!({}))?;
    let number = json!({"access_token": "x", "openid": "uv-13800000001"});
    Ok(vec![
        ("loginByWeixin", "mp-weixin", json!({"code": "mp-A"}), NO_ACCOUNT, false),
        ("loginByWeixin", "app", json!({"code": "wx-A"}), NO_ACCOUNT, false),
        ("loginByWeixinMobile", "mp-weixin", json!({"phoneCode": "phone-13800000001"}), NO_ACCOUNT, false),
        ("loginByQQ", "mp-qq", json!({"code": "qmp-A"}), NO_ACCOUNT, false),
        ("loginByQQ", "app", json!({"accessToken": "qat-A"}), NO_ACCOUNT, false),
        ("loginByAlipay", "mp-alipay", json!({"code": "ali-A"}), NO_ACCOUNT, false),
        ("loginByApple", "app", json!({"identityToken": identity}), NO_ACCOUNT, false),
        ("loginByUniverify", "app", number.clone(), NO_ACCOUNT, false),
        ("bindWeixin", "mp-weixin", json!({"code": "mp-A"}), NO_ACCOUNT, true),
        ("bindQQ", "app", json!({"accessToken": "qat-A"}), NO_ACCOUNT, true),
        ("bindAlipay", "mp-alipay", json!({"code": "ali-A"}), NO_ACCOUNT, true),
        ("bindApple", "app", json!({"identityToken": identity}), NO_ACCOUNT, true),
        ("bindMobileByUniverify", "app", number, NO_ACCOUNT, true),
        ("bindMobileByMpWeixin", "mp-weixin", json!({"code": "phone-13800000001"}), NO_ACCOUNT, true),
        (
            "getFrvCertifyId",
            "app",
            json!({"realName": "张三", "idCard": "11010519491231002X", "metaInfo": "{}"}),
            "uni-id-unknown-error",
            true,
        ),
    ])
}

async fn every_upstream_in_every_trouble_is_told_alike(engine: Engine) -> Outcome {
    for fault in Fault::ALL {
        // Short limits, since some wait for them; and a world each, since upstreams that fail are left alone.
        let limits = [("providers.timeout_ms", "150"), ("providers.frv.timeout_ms", "150")];
        let world = third_parties::world_with(engine, |builder| {
            limits.into_iter().fold(builder, |builder, (path, value)| builder.setting(path, value))
        })
        .await?;
        let (_, token) = someone(&world.app, "alice").await?;
        world.upstreams.misbehave(Some(fault));
        for (method, platform, params, code, by_user) in cases(&world)? {
            world.upstreams.take_requests();
            let reply = match by_user {
                true => world.call_as(platform, &token, method, params).await?,
                false => world.call_on(platform, method, params).await?,
            };
            assert_eq!(reply.code(), code, "{method} on {platform}, {fault:?}: {}", reply.body);
            let asked = world.upstreams.take_requests();
            // A code that may have been spent is not spent again; nothing is asked of where a redirect leads.
            assert!(asked.len() <= 1, "{method} on {platform}, {fault:?}: {asked:?}");
            let words = reply.body.to_string();
            assert!(!words.contains("Wi-Fi") && !words.contains("oops") && !words.contains("Throttling"), "{words}");
        }
        assert_eq!(world.app.documents("uni-id-users").await?.len(), 1, "nobody was registered, {fault:?}");
        // When they are well again, everything works. Those that were left alone are asked again after a while.
        world.upstreams.misbehave(None);
        world.app.clock.advance(60_000);
        for (method, platform, params, _, by_user) in cases(&world)? {
            if !by_user {
                done(world.call_on(platform, method, params).await?);
            }
        }
        world.app.stop().await?;
    }
    Ok(())
}

/// Three hundred calls that need no upstream.
pub fn unrelated(token: &str) -> Vec<Call> {
    let mut calls = Vec::new();
    for n in 0..100 {
        calls.push(Call::new("getAccountInfo").token(token));
        // Writes as well: a transaction that is held open would be in their way.
        calls.push(Call::new("createCaptcha").params(json!({"scene": "register"})).device(&format!("device-{n}")));
        calls.push(Call::new("setPushCid").token(token).params(json!({"pushClientId": format!("cid-{n}")})));
    }
    calls
}

async fn an_upstream_that_hangs_is_nobody_else_s_concern(engine: Engine) -> Outcome {
    // Longer than this test may take: it ends when the upstream goes on.
    let world = weixin::start_with(TestApp::builder().engine(engine).setting("providers.timeout_ms", "60000")).await?;
    let (_, token) = someone(&world.app, "alice").await?;
    world.upstreams.misbehave(Some(Fault::Hang));
    let app = &world.app;
    // More than may ask at once.
    let hanging = (0..200).map(|n| mini_program("loginByWeixin", json!({"code": format!("mp-{n}")}))).collect();
    let mut hanging = Box::pin(all_at_once(app, hanging));
    let others = all_at_once(app, unrelated(&token));
    // Whoever is done first is looked at first: the others, all of them.
    let answered = tokio::select! {
        biased;
        answered = others => answered?,
        hanging = &mut hanging => anyhow::bail!("an upstream that hangs was answered: {}", hanging?.len()),
    };
    assert_eq!(count(&answered, 0), 300);
    world.upstreams.misbehave(None);
    // Those that had been sent fail, those that waited for a place are answered.
    let hanging = hanging.await?;
    assert_eq!(count(&hanging, NO_ACCOUNT) + count(&hanging, 0), 200);
    assert!(count(&hanging, NO_ACCOUNT) > 0);
    world.stop().await
}

/// Starts a node in a runtime of its own, which can be killed with everything in it.
fn start_node(
    database: TestDatabase,
    clock: Arc<FrozenClock>,
    settings: Vec<(&'static str, String)>,
) -> anyhow::Result<(tokio::runtime::Runtime, TestApp)> {
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let builder = weixin::configured(TestApp::builder().database(database).clock(clock));
        let builder = settings.into_iter().fold(builder, |builder, (path, value)| builder.setting(path, value));
        let app = runtime.block_on(builder.start())?;
        Ok((runtime, app))
    })
    .join()
    .map_err(|_| anyhow::anyhow!("the node did not start"))?
}

async fn killing_the_node_that_renews_leaves_the_others_working(engine: Engine) -> Outcome {
    let database = TestDatabase::migrated(engine).await?;
    let clock = Arc::new(FrozenClock::default());
    let upstreams = Upstreams::start(None).await?;
    let settings = upstreams.settings();
    let builder = weixin::beside(&upstreams, TestApp::builder().database(database.shared()).clock(clock.clone()));
    let world = World::start(upstreams, builder).await?;
    let (runtime, node) = start_node(database.shared(), clock.clone(), settings)?;

    let held = world.weixin.hold_tokens().await;
    let phone = |number: &str| mini_program("loginByWeixinMobile", json!({"phoneCode": format!("phone-{number}")}));
    let mut to_node = Box::pin(node.send(phone("13800000001")));
    tokio::select! {
        reply = &mut to_node => anyhow::bail!("answered without a token: {:?}", reply?.body),
        () = world.weixin.somebody_asks_for_a_token() => {}
    }
    runtime.shutdown_background();
    assert!(to_node.await.is_err(), "the node is gone, and its callers with it");

    // It holds the lease. Who needs no token does not notice, who does waits until the lease has ended.
    done(world.app.send(from_phone("loginByWeixin", json!({"code": "wx-A"}))).await?);
    let mut waiting = Box::pin(all_at_once(&world.app, (2..6).map(|n| phone(&format!("1380000000{n}"))).collect()));
    assert!(tokio::time::timeout(Duration::from_millis(200), &mut waiting).await.is_err(), "the lease holds");
    drop(held);
    clock.advance(10_000);
    assert_eq!(count(&waiting.await?, 0), 4);
    // Once by the node that was killed, once by the other.
    assert_eq!(world.asked("stable_token"), 2);
    drop(node);
    world.stop().await?;
    database.remove().await
}
