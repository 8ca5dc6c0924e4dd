//! `bindWeixin`

use lingpai_testkit::Engine;

use crate::kit::{
    people::*,
    simultaneous::{all_at_once, count},
    weixin::{self, APP, from_phone, mini_program},
    *,
};

each_engine!(what_is_bound_leads_to_its_user, what_is_somebody_elses_is_refused, of_many_who_bind_the_same_one_wins);

fn bind(token: &str, code: &str) -> Call {
    mini_program("bindWeixin", json!({"code": code})).token(token)
}

async fn what_is_bound_leads_to_its_user(engine: Engine) -> Outcome {
    let world = weixin::start(engine).await?;
    let app = &world.app;
    let (uid, token) = someone(app, "alice").await?;
    assert_eq!(done(app.send(bind(&token, "mp-A")).await?).body, json!({"errCode": 0}));
    assert_eq!(user(app, &uid).await?["wx_openid"], json!({format!("mp_{APP}"): "o_mp_A", "mp": "o_mp_A"}));
    let reply = done(app.send(from_phone("loginByWeixin", json!({"code": "wx-A"}))).await?);
    assert_eq!((reply.uid()?, &reply.body["passwordConfirmed"]), (uid.clone(), &json!(true)));
    // Again, and in place of the former one.
    done(app.send(bind(&token, "mp-A~2")).await?);
    done(app.send(bind(&token, "mp-B")).await?);
    assert_eq!(user(app, &uid).await?["wx_unionid"], json!("u_B"));
    assert_eq!(done(app.send(mini_program("loginByWeixin", json!({"code": "mp-A~3"}))).await?).body["type"], json!("register"));
    world.stop().await
}

async fn what_is_somebody_elses_is_refused(engine: Engine) -> Outcome {
    let world = weixin::start(engine).await?;
    let app = &world.app;
    done(app.send(mini_program("loginByWeixin", json!({"code": "mp-A"}))).await?);
    let (uid, token) = someone(app, "alice").await?;
    let before = user(app, &uid).await?;
    refused(&app.send(bind(&token, "mp-A~2")).await?, "uni-id-bind-conflict");
    assert_eq!(last_log(app).await?, row(app, "bind-weixin", 0, json!({"user_id": uid})));
    refused(&app.send(bind(&token, "bad")).await?, "uni-id-get-third-party-account-failed");
    assert_eq!(last_log(app).await?, row(app, "bind-weixin", 0, json!({})));
    assert_eq!(user(app, &uid).await?, before);
    world.stop().await
}

async fn of_many_who_bind_the_same_one_wins(engine: Engine) -> Outcome {
    let world = weixin::start(engine).await?;
    let app = &world.app;
    let mut calls = Vec::new();
    for n in 0..8 {
        let (_, token) = someone(app, &format!("name-{n}")).await?;
        calls.push(bind(&token, &format!("mp-A~{n}")));
    }
    let replies = all_at_once(app, calls).await?;
    assert_eq!((count(&replies, 0), count(&replies, "uni-id-bind-conflict")), (1, 7), "{replies:?}");
    world.stop().await
}
