//! Credentials of uni-open-bridge in Redis: under the documented keys, read before the database, and never
//! in anybody's way.

use std::sync::atomic::{AtomicU32, Ordering};

use lingpai_store::redis::Redis;
use lingpai_testkit::{Engine, TestDatabase, TestRedis, redis::Way, upstreams::Upstreams};

use crate::kit::{
    people::START,
    store_in_between::{Control, controlled},
    weixin::{self, APP, World, mini_program},
    *,
};

each_engine!(
    others_find_credentials_under_the_documented_keys,
    in_production_values_are_encrypted_for_a_short_time,
    a_second_node_reads_without_the_database,
    an_outage_of_redis_fails_no_login,
    what_was_written_in_an_outage_is_not_lost_behind_it,
    what_is_removed_does_not_come_back,
);

/// A program beside Redis, with an AppID at WeChat of its own: all tests share the server.
struct Place {
    world: World,
    redis: TestRedis,
    server: Redis,
    appid: String,
    store: std::sync::Arc<Control>,
}

async fn start(engine: Engine) -> anyhow::Result<Place> {
    start_with(TestApp::builder().engine(engine).setting("redis.plain_values", "true")).await
}

async fn start_with(builder: TestAppBuilder) -> anyhow::Result<Place> {
    start_at(TestRedis::start().await?, builder).await
}

async fn start_at(redis: TestRedis, builder: TestAppBuilder) -> anyhow::Result<Place> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let appid = format!("wx-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
    let (builder, store) = controlled(builder);
    let world = start_beside(builder, &redis, &appid).await?;
    Ok(Place { server: redis.direct()?, world, redis, appid, store })
}

async fn start_beside(builder: TestAppBuilder, redis: &TestRedis, appid: &str) -> anyhow::Result<World> {
    let upstreams = Upstreams::start(None).await?;
    let builder = weixin::beside(&upstreams, builder)
        .setting("redis.url", redis.url()?)
        .setting("redis.timeout_ms", "2000")
        .center_file("uni-open-bridge/config.json", r#"{"ipWhiteList": ["10.1.0.0/16"]}"#)
        .uni_id(json!({"mp-weixin": {"oauth": {"weixin": {"appid": appid}}}}));
    World::start(upstreams, builder).await
}

impl Place {
    fn key(&self, rest: &str) -> String {
        format!("uni-id:weixin-mp:{}:{rest}", self.appid)
    }

    async fn in_redis(&self, rest: &str) -> anyhow::Result<Option<String>> {
        Ok(self.server.get(&self.key(rest)).await?.map(|value| value.text))
    }

    async fn call(&self, method: &str, fields: Value) -> anyhow::Result<Reply> {
        call(&self.world, method, fields).await
    }

    async fn log_in(&self, code: &str) -> anyhow::Result<Reply> {
        self.world.app.send(mini_program("loginByWeixin", json!({"code": code}))).await
    }
}

async fn call(world: &World, method: &str, fields: Value) -> anyhow::Result<Reply> {
    let mut params = json!({"dcloudAppid": APP, "platform": "weixin-mp"});
    if let (Some(params), Some(fields)) = (params.as_object_mut(), fields.as_object()) {
        params.extend(fields.clone());
    }
    world.app.send(Call::new(method).function("uni-open-bridge").params(params).from_ip("10.1.2.3")).await
}

async fn others_find_credentials_under_the_documented_keys(engine: Engine) -> Outcome {
    let place = start(engine).await?;
    done(place.call("getAccessToken", json!({})).await?);
    let token = place.server.get(&place.key("access-token")).await?.unwrap_or_else(|| panic!("no token in Redis"));
    assert_eq!(serde_json::from_str::<Value>(&token.text)?, json!({"access_token": format!("AT-{}", place.appid)}));
    assert!(token.left_ms.is_some_and(|left| (7_100_000..=7_200_000).contains(&left)), "{token:?}");
    done(place.log_in("mp-A").await?);
    let session = place.in_redis("o_mp_A:session-key").await?.unwrap_or_default();
    assert_eq!(serde_json::from_str::<Value>(&session)?, json!({"session_key": "1e4WIv1Bg1h0+gGmPikQBw=="}));
    // What another program put there counts, its end too.
    place.server.set(&place.key("o:session-key"), r#"{"session_key":"theirs"}"#, Some(60_000)).await?;
    let read = done(place.call("getSessionKey", json!({"openid": "o"})).await?).body;
    assert_eq!(read["session_key"], json!("theirs"));
    assert!(read["expired"].as_i64().is_some_and(|end| end > START && end <= START + 60_000), "{read}");
    // What is no object is left alone, and the database asked.
    place.server.set(&place.key("o:session-key"), "[1]", None).await?;
    assert_eq!(done(place.call("getSessionKey", json!({"openid": "o"})).await?).body["session_key"], Value::Null);
    place.world.stop().await
}

async fn in_production_values_are_encrypted_for_a_short_time(engine: Engine) -> Outcome {
    let place = start_with(TestApp::builder().engine(engine).mode(Mode::Production)).await?;
    let of = |openid: &str| json!({"openid": openid});
    let store = json!({"openid": "o", "value": {"session_key": "hunter2"}, "expiresIn": 7200});
    done(place.call("setSessionKey", store).await?);
    let sealed = place.server.get(&place.key("o:session-key")).await?.unwrap_or_else(|| panic!("nothing in Redis"));
    assert!(sealed.text.starts_with("lingpai:1:") && !sealed.text.contains("hunter2"), "{sealed:?}");
    assert!(sealed.left_ms.is_some_and(|left| left <= 600_000), "{sealed:?}");
    place.store.take_round_trips();
    let read = done(place.call("getSessionKey", of("o")).await?).body;
    assert_eq!((&read["session_key"], &read["expired"]), (&json!("hunter2"), &json!(START + 7_200_000)));
    assert_eq!(place.store.take_round_trips().reads, 0, "Redis was enough");
    // Whoever may write to Redis gains nothing: neither plain texts nor sealed ones of another place count.
    place.server.set(&place.key("o2:session-key"), r#"{"session_key":"theirs"}"#, None).await?;
    place.server.set(&place.key("o3:session-key"), &sealed.text, None).await?;
    for openid in ["o2", "o3"] {
        assert_eq!(done(place.call("getSessionKey", of(openid)).await?).body["session_key"], Value::Null, "{openid}");
    }
    // Redis may hold it longer than it lives: it has ended all the same.
    place.world.app.clock.advance(7_200_000);
    assert_eq!(done(place.call("getSessionKey", of("o")).await?).body["session_key"], Value::Null);
    place.world.stop().await
}

async fn a_second_node_reads_without_the_database(engine: Engine) -> Outcome {
    let database = TestDatabase::migrated(engine).await?;
    let first = start_with(TestApp::builder().database(database.shared())).await?;
    let (builder, store) = controlled(TestApp::builder().database(database.shared()));
    let second = start_beside(builder, &first.redis, &first.appid).await?;
    done(first.call("getAccessToken", json!({})).await?);
    store.take_round_trips();
    let read = done(call(&second, "getAccessToken", json!({})).await?).body;
    assert_eq!(read["access_token"], json!(format!("AT-{}", first.appid)));
    assert_eq!((store.take_round_trips().reads, second.asked("stable_token")), (0, 0));
    // What is gone from Redis is read from the database, and put there again.
    first.server.remove(&[first.key("access-token")]).await?;
    done(call(&second, "getAccessToken", json!({})).await?);
    assert_eq!(second.asked("stable_token"), 0);
    assert!(first.in_redis("access-token").await?.is_some());
    second.stop().await?;
    first.world.stop().await?;
    database.remove().await
}

async fn an_outage_of_redis_fails_no_login(engine: Engine) -> Outcome {
    let place = start(engine).await?;
    let app = &place.world.app;
    let readiness = async || -> anyhow::Result<(u16, Value)> {
        let response = app.http().get(app.url("/readyz")).send().await?;
        Ok((response.status().as_u16(), response.json::<Value>().await?["redis"].clone()))
    };
    assert_eq!(readiness().await?, (200, json!("ok")));
    place.redis.set(Way::Cut);
    assert_eq!(readiness().await?, (200, json!("failing")));
    for n in 0..3 {
        done(place.log_in(&format!("mp-A~{n}")).await?);
        done(place.call("getAccessToken", json!({})).await?);
        app.clock.advance(1_000);
    }
    // A server that hangs costs one call its time, and everybody after it nothing: nothing is sent.
    place.redis.set(Way::Stuck);
    app.clock.advance(1_000);
    done(place.log_in("mp-A~3").await?);
    let is_left_alone = || app.program().state().redis.as_ref().is_some_and(Redis::is_left_alone);
    assert!(is_left_alone());
    for n in 4..20 {
        done(place.log_in(&format!("mp-A~{n}")).await?);
    }
    assert!(is_left_alone(), "nothing was sent meanwhile");
    place.redis.set(Way::Open);
    app.clock.advance(1_000);
    done(place.log_in("mp-B").await?);
    app.clock.advance(1_000);
    done(place.log_in("mp-C").await?);
    assert!(place.in_redis("o_mp_C:session-key").await?.is_some(), "Redis is used again");
    assert_eq!(readiness().await?, (200, json!("ok")));
    place.world.stop().await
}

async fn what_was_written_in_an_outage_is_not_lost_behind_it(engine: Engine) -> Outcome {
    let place = start(engine).await?;
    let clock = &place.world.app.clock;
    let store = |key: &str| json!({"openid": "o", "value": {"session_key": key}, "expiresIn": 7200});
    let read = async || -> anyhow::Result<Value> {
        Ok(done(place.call("getSessionKey", json!({"openid": "o"})).await?).body["session_key"].clone())
    };
    done(place.call("setSessionKey", store("first")).await?);
    place.redis.set(Way::Cut);
    done(place.call("setSessionKey", store("second")).await?);
    assert_eq!(read().await?, json!("second"));
    place.redis.set(Way::Open);
    assert!(place.in_redis("o:session-key").await?.is_some_and(|text| text.contains("first")), "Redis has the former one");
    assert_eq!(read().await?, json!("second"));
    for _ in 0..2 {
        clock.advance(1_000);
        assert_eq!(read().await?, json!("second"));
    }
    assert!(place.in_redis("o:session-key").await?.is_none_or(|text| text.contains("second")));
    place.world.stop().await
}

async fn what_is_removed_does_not_come_back(engine: Engine) -> Outcome {
    let place = start(engine).await?;
    done(place.call("setSessionKey", json!({"openid": "o", "value": {"session_key": "k"}, "expiresIn": 7200})).await?);
    done(place.call("removeSessionKey", json!({"openid": "o"})).await?);
    assert_eq!(done(place.call("getSessionKey", json!({"openid": "o"})).await?).body["session_key"], Value::Null);
    // Whoever read the database before it was removed does not put it back.
    assert_eq!(place.in_redis("o:session-key").await?.as_deref(), Some(""));
    place.world.stop().await
}

/// More than the program remembers as behind: then it believes nothing in Redis until all of it is removed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_in_which_too_much_is_written_leaves_nothing_stale() -> Outcome {
    const MORE_THAN_REMEMBERED: usize = 65_536 + 1;
    // All keys of this database are removed on the way.
    let redis = TestRedis::start_in(7).await?;
    let place = start_at(redis, TestApp::builder().setting("redis.plain_values", "true")).await?;
    let app = &place.world.app;
    let store = |openid: &str, key: &str| json!({"openid": openid, "value": {"session_key": key}, "expiresIn": 7200});
    let read = async |openid: &str| -> anyhow::Result<Value> {
        Ok(done(place.call("getSessionKey", json!({"openid": openid})).await?).body["session_key"].clone())
    };
    for openid in ["o", "last"] {
        done(place.call("setSessionKey", store(openid, "first")).await?);
    }
    place.redis.set(Way::Cut);
    done(place.call("setSessionKey", store("o", "second")).await?);
    let data = &app.program().state().open_bridge.data;
    let keys: Vec<String> = (0..MORE_THAN_REMEMBERED).map(|n| place.key(&format!("absent-{n}:session-key"))).collect();
    for portion in keys.chunks(4_096) {
        let removed = crate::kit::simultaneous::all(portion.iter().map(|key| data.remove(key))).await;
        assert!(removed.into_iter().all(|removed| matches!(removed, Ok(false))));
    }
    done(place.call("setSessionKey", store("last", "second")).await?);
    place.redis.set(Way::Open);
    app.clock.advance(1_000);
    for openid in ["o", "last"] {
        assert_eq!(read(openid).await?, json!("second"), "{openid}");
    }
    // Once all is gone through Redis is used again, for what was read from the database.
    for _ in 0..1_000 {
        // After a failure Redis is left alone for a second.
        app.clock.advance(1_000);
        read("o").await?;
        if place.in_redis("o:session-key").await?.is_some_and(|text| text.contains("second")) {
            break;
        }
    }
    assert!(place.in_redis("last:session-key").await?.is_none_or(|text| text.contains("second")));
    place.store.take_round_trips();
    assert_eq!(read("o").await?, json!("second"));
    assert_eq!(place.store.take_round_trips().reads, 0, "Redis is enough again");
    place.world.stop().await
}
