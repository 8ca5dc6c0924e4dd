//! What methods cost the store.

use lingpai_domain::store::RoundTrips;

use crate::kit::{
    people::*,
    store_in_between::controlled,
    weixin::{self, from_phone, mini_program},
    *,
};

each_engine!(methods_keep_to_their_round_trips, wechat_keeps_to_its_round_trips);

async fn methods_keep_to_their_round_trips(engine: Engine) -> Outcome {
    const MOBILE: &str = "13800000001";
    let (builder, store) = controlled(TestApp::builder().engine(engine));
    let app = builder.start().await?;
    store_user(&app, "alice", json!({"mobile": MOBILE, "mobile_confirmed": 1, "email": "a@example.com", "email_confirmed": 1})).await?;
    let token = log_in(&app, "alice").await?;
    app.clock.advance(1500);

    let cost = async |call: Call| {
        store.take_round_trips();
        let reply = app.send(call).await?;
        let RoundTrips { reads, writes } = store.take_round_trips();
        anyhow::Ok((reply, reads, writes))
    };
    let costs_at_most = async |name: &str, call: Call, most: (u64, u64)| {
        let (reply, reads, writes) = cost(call).await?;
        done(reply.clone());
        assert!(reads <= most.0 && writes <= most.1, "{name}: {reads} reads and {writes} writes, {most:?} at most");
        anyhow::Ok(reply)
    };
    let user_call = |method: &str, params: Value| Call::new(method).params(params).token(&token);

    costs_at_most("getAccountInfo", user_call("getAccountInfo", json!({})), (1, 0)).await?;
    costs_at_most("getSupportedLoginType", Call::new("getSupportedLoginType"), (0, 0)).await?;
    costs_at_most("createCaptcha", Call::new("createCaptcha").params(json!({"scene": "register"})), (0, 1)).await?;
    costs_at_most("refreshCaptcha", Call::new("refreshCaptcha").params(json!({"scene": "register"})), (0, 1)).await?;
    let login = Call::new("login").params(json!({"username": "alice", "password": PASSWORD}));
    costs_at_most("login", login.clone(), (2, 1)).await?;
    costs_at_most("refreshToken", user_call("refreshToken", json!({})), (1, 1)).await?;

    let text = captcha(&app, "register").await?;
    let register = Call::new("registerUser").params(json!({"username": "bob", "password": PASSWORD, "captcha": text}));
    let bob = costs_at_most("registerUser", register, (1, 2)).await?.token()?;
    let text = captcha(&app, "send-sms-code").await?;
    let send = Call::new("sendSmsCode").params(json!({"mobile": MOBILE, "scene": "login-by-sms", "captcha": text}));
    costs_at_most("sendSmsCode", send, (0, 2)).await?;
    let code = app.sms.latest(MOBILE, "code").unwrap_or_default();
    costs_at_most("loginBySms", Call::new("loginBySms").params(json!({"mobile": MOBILE, "code": code})), (2, 2)).await?;
    let text = captcha(&app, "send-email-code").await?;
    let send = Call::new("sendEmailCode").params(json!({"email": "c@example.com", "scene": "register", "captcha": text}));
    costs_at_most("sendEmailCode", send, (0, 2)).await?;
    let code = app.mail.take().pop().and_then(|mail| six_digits(&mail.text)).unwrap_or_default();
    let register = Call::new("registerUserByEmail").params(json!({"email": "c@example.com", "password": PASSWORD, "code": code}));
    costs_at_most("registerUserByEmail", register, (1, 2)).await?;
    let code = sms_code(&app, MOBILE, "set-pwd-by-sms").await?;
    costs_at_most("setPwd", user_call("setPwd", json!({"password": PASSWORD, "code": code})), (2, 2)).await?;
    let admin = Call::new("registerAdmin").params(json!({"username": "admin-user", "password": PASSWORD}));
    costs_at_most("registerAdmin", admin, (1, 1)).await?;
    let change = json!({"oldPassword": PASSWORD, "newPassword": PASSWORD});
    costs_at_most("updatePwd", user_call("updatePwd", change), (1, 1)).await?;
    let code = sms_code(&app, MOBILE, "reset-pwd-by-sms").await?;
    let reset = Call::new("resetPwdBySms").params(json!({"mobile": MOBILE, "code": code, "password": PASSWORD}));
    costs_at_most("resetPwdBySms", reset, (2, 2)).await?;
    costs_at_most("logout", Call::new("logout").token(&bob), (0, 1)).await?;
    app.clock.advance(1000);
    let token = log_in(&app, "alice").await?;
    costs_at_most("closeAccount", Call::new("closeAccount").token(&token), (0, 1)).await?;

    // What is refused costs little: nothing at all where access or parameters are wrong.
    for (call, most) in [
        (Call::new("getAccountInfo").token("a.b.c"), (0, 0)),
        (Call::new("logout").token(&bob), (0, 0)),
        (Call::new("login").params(json!({"username": "no good", "password": PASSWORD})), (0, 0)),
        (Call::new("login").params(json!({"username": "nobody", "password": PASSWORD})), (2, 1)),
        (Call::new("login").params(json!({"username": "bob", "password": "wrong-password"})), (2, 1)),
        (Call::new("registerUser").params(json!({"username": "bob", "password": PASSWORD, "captcha": "none"})), (0, 1)),
    ] {
        let (reply, reads, writes) = cost(call).await?;
        assert_ne!(reply.code(), 0);
        assert!(reads <= most.0 && writes <= most.1, "{}: {reads} reads and {writes} writes, {most:?} at most", reply.body);
    }
    app.stop().await
}

async fn wechat_keeps_to_its_round_trips(engine: Engine) -> Outcome {
    let (builder, store) = controlled(TestApp::builder().engine(engine));
    let world = weixin::start_with(builder).await?;
    let app = &world.app;
    let (_, token) = someone(app, "alice").await?;
    let number = |code: &str| mini_program("loginByWeixinMobile", json!({"phoneCode": code}));
    for (what, call, most) in [
        ("a newcomer", mini_program("loginByWeixin", json!({"code": "mp-A"})), (1, 2)),
        ("the same again", mini_program("loginByWeixin", json!({"code": "mp-A~2"})), (1, 2)),
        ("on another platform", from_phone("loginByWeixin", json!({"code": "wx-A"})), (1, 2)),
        // The first takes an access token: its lease, and its store.
        ("a new number", number("phone-13800000001"), (3, 4)),
        ("a known number", number("phone-13800000001~2"), (2, 1)),
        ("binding", mini_program("bindWeixin", json!({"code": "mp-B"})).token(&token), (1, 2)),
        ("a handshake", mini_program("secureNetworkHandshakeByWeixin", json!({"code": "mp-C"})), (0, 2)),
    ] {
        store.take_round_trips();
        done(app.send(call).await?);
        let RoundTrips { reads, writes } = store.take_round_trips();
        assert!(reads <= most.0 && writes <= most.1, "{what}: {reads} reads and {writes} writes, {most:?} at most");
    }
    world.stop().await
}
