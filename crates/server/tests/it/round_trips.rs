//! What methods cost the store: a maximum for every method of the registry.

use std::{collections::BTreeSet, sync::Arc};

use data_encoding::BASE32_NOPAD;
use lingpai_domain::{second_step::totp, store::RoundTrips};
use lingpai_server::methods::{Access, registry::METHODS};
use parking_lot::Mutex;

use crate::{
    clientdb,
    external::signed,
    kit::{
        people::*,
        store_in_between::{Control, controlled},
        weixin::{self, from_phone, mini_program},
        *,
    },
    passkeys,
};

each_engine!(methods_keep_to_their_round_trips, what_is_refused_costs_little, wechat_keeps_to_its_round_trips);

/// Methods that need a third party or a device: measured where its stand-in is.
const MEASURED_ELSEWHERE: &[&str] = &[
    "bindAlipay",
    "bindApple",
    "bindMobileByMpWeixin",
    "bindMobileByUniverify",
    "bindQQ",
    "bindWeixin",
    "challenge",
    "getAppClientKey",
    "getFrvAuthResult",
    "getFrvCertifyId",
    "getRealNameInfo",
    "loginByAlipay",
    "loginByApple",
    "loginByQQ",
    "loginByUniverify",
    "loginByWeixin",
    "loginByWeixinMobile",
    "secureNetworkHandshakeByWeixin",
];

const MOBILE: &str = "13800000001";
const EMAIL: &str = "a@example.com";

/// Reads and writes at most.
type Most = (u64, u64);

struct Meter {
    app: TestApp,
    store: Arc<Control>,
    measured: Mutex<BTreeSet<String>>,
}

impl Meter {
    async fn start(engine: Engine) -> anyhow::Result<Self> {
        let builder = TestApp::builder().engine(engine).setting("security.second_step", "true");
        let builder = passkeys::switched_on(builder);
        let (builder, store) = controlled(builder);
        Ok(Self { app: builder.start().await?, store, measured: Mutex::default() })
    }

    async fn cost(&self, call: Call) -> anyhow::Result<(Reply, RoundTrips)> {
        self.store.take_round_trips();
        let reply = self.app.send(call).await?;
        Ok((reply, self.store.take_round_trips()))
    }

    /// A call that must succeed at this cost.
    async fn most(&self, name: &str, call: Call, most: Most) -> anyhow::Result<Reply> {
        let (reply, RoundTrips { reads, writes }) = self.cost(call).await?;
        done(reply.clone());
        assert!(reads <= most.0 && writes <= most.1, "{name}: {reads} reads and {writes} writes, {most:?} at most");
        self.measured.lock().insert(name.to_owned());
        Ok(reply)
    }

    async fn of(&self, method: &str, params: Value, most: Most) -> anyhow::Result<Reply> {
        self.most(method, Call::new(method).params(params), most).await
    }

    async fn as_user(&self, token: &str, method: &str, params: Value, most: Most) -> anyhow::Result<Reply> {
        self.most(method, Call::new(method).params(params).token(token), most).await
    }

    async fn signed(&self, method: &str, params: Value, most: Most) -> anyhow::Result<Reply> {
        self.most(method, signed(&self.app, method, params), most).await
    }
}

async fn methods_keep_to_their_round_trips(engine: Engine) -> Outcome {
    let meter = Meter::start(engine).await?;
    let app = &meter.app;
    let ways_in = json!({"mobile": MOBILE, "mobile_confirmed": 1, "email": EMAIL, "email_confirmed": 1});
    store_user(app, "alice", ways_in).await?;
    let token = log_in(app, "alice").await?;
    app.clock.advance(1500);
    reading(&meter, &token).await?;
    sending(&meter).await?;
    registering(&meter).await?;
    signing_in(&meter).await?;
    relations(&meter).await?;
    administration(&meter).await?;
    external(&meter).await?;
    second_steps(&meter).await?;
    passkey_methods(&meter).await?;
    passwords_and_ends(&meter, &token).await?;
    let measured = meter.measured.lock().clone();
    // Those of uni-open-bridge have a file of their own.
    let forgotten: Vec<&str> = METHODS
        .iter()
        .filter(|method| !matches!(method.access, Access::Listed(_)))
        .map(|method| method.name)
        .filter(|name| !measured.contains(*name) && !MEASURED_ELSEWHERE.contains(name))
        .collect();
    assert!(forgotten.is_empty(), "no maximum for {forgotten:?}");
    meter.app.stop().await
}

async fn reading(meter: &Meter, token: &str) -> Outcome {
    meter.as_user(token, "getAccountInfo", json!({}), (1, 0)).await?;
    let own = [("where", json!(["_id == $cloudEnv_uid"])), ("field", json!(["mobile,nickname"])), ("get", json!([]))];
    meter.store.take_round_trips();
    let answer = clientdb::ask(&meter.app, token, "uni-id-users", &own).await?;
    assert_eq!((&answer["code"], meter.store.take_round_trips()), (&json!(0), RoundTrips { reads: 1, writes: 0 }));
    meter.as_user(token, "getSessions", json!({}), (2, 0)).await?;
    meter.as_user(token, "getSecondStep", json!({}), (1, 0)).await?;
    meter.as_user(token, "getInvitedUser", json!({"level": 1, "limit": 10, "offset": 0}), (1, 0)).await?;
    meter.of("getSupportedLoginType", json!({}), (0, 0)).await?;
    let refreshed = meter.as_user(token, "refreshToken", json!({}), (1, 1)).await?;
    meter.as_user(&refreshed.token()?, "setPushCid", json!({"pushClientId": "cid"}), (1, 1)).await?;
    Ok(())
}

async fn sending(meter: &Meter) -> Outcome {
    meter.of("createCaptcha", json!({"scene": "register"}), (0, 1)).await?;
    meter.of("refreshCaptcha", json!({"scene": "register"}), (0, 1)).await?;
    let image = Call::new("getImageCaptcha").function("uni-captcha-co").params(json!({"scene": "register"}));
    meter.most("getImageCaptcha", image, (0, 1)).await?;
    let text = captcha(&meter.app, "send-sms-code").await?;
    meter.of("sendSmsCode", json!({"mobile": "13800000009", "scene": "login-by-sms", "captcha": text}), (0, 2)).await?;
    let text = captcha(&meter.app, "send-email-code").await?;
    meter.of("sendEmailCode", json!({"email": "z@example.com", "scene": "register", "captcha": text}), (0, 2)).await?;
    meter.app.mail.take();
    Ok(())
}

async fn registering(meter: &Meter) -> Outcome {
    let app = &meter.app;
    let text = captcha(app, "register").await?;
    meter.of("registerUser", json!({"username": "bob", "password": PASSWORD, "captcha": text}), (1, 2)).await?;
    let code = email_code(app, "c@example.com", "register").await?;
    meter.of("registerUserByEmail", json!({"email": "c@example.com", "password": PASSWORD, "code": code}), (1, 2)).await?;
    let code = sms_code(app, "13800000003", "register-by-sms").await?;
    meter.of("registerUserByMobile", json!({"mobile": "13800000003", "password": PASSWORD, "code": code}), (1, 2)).await?;
    meter.of("registerAdmin", json!({"username": "admin-user", "password": PASSWORD}), (1, 1)).await?;
    Ok(())
}

async fn signing_in(meter: &Meter) -> Outcome {
    let app = &meter.app;
    meter.of("login", json!({"username": "alice", "password": PASSWORD}), (2, 1)).await?;
    let code = sms_code(app, MOBILE, "login-by-sms").await?;
    meter.of("loginBySms", json!({"mobile": MOBILE, "code": code}), (2, 2)).await?;
    let code = email_code(app, EMAIL, "login-by-email").await?;
    meter.of("loginByEmailCode", json!({"email": EMAIL, "code": code}), (2, 2)).await?;
    Ok(())
}

async fn relations(meter: &Meter) -> Outcome {
    let app = &meter.app;
    let parties = json!({
        "wx_openid": {"mp": "w"}, "qq_openid": {"app": "q"}, "ali_openid": "a", "apple_openid": "p", "my_invite_code": "INVITE",
    });
    store_user(app, "dave", parties).await?;
    let token = log_in(app, "dave").await?;
    for method in ["unbindWeixin", "unbindQQ", "unbindAlipay", "unbindApple"] {
        meter.as_user(&token, method, json!({}), (1, 1)).await?;
    }
    let code = sms_code(app, "13800000004", "bind-mobile-by-sms").await?;
    meter.as_user(&token, "bindMobileBySms", json!({"mobile": "13800000004", "code": code}), (2, 2)).await?;
    let code = email_code(app, "d@example.com", "bind-email").await?;
    meter.as_user(&token, "bindEmailByCode", json!({"email": "d@example.com", "code": code}), (2, 2)).await?;
    meter.as_user(&token, "unbindEmail", json!({}), (1, 1)).await?;
    meter.as_user(&token, "unbindMobile", json!({}), (1, 1)).await?;
    let (_, invited) = someone(app, "erin").await?;
    meter.as_user(&invited, "acceptInvite", json!({"inviteCode": "INVITE"}), (2, 1)).await?;
    Ok(())
}

async fn administration(meter: &Meter) -> Outcome {
    let app = &meter.app;
    store_user(app, "root", json!({"role": ["admin"]})).await?;
    let root = log_in(app, "root").await?;
    meter.as_user(&root, "addUser", json!({"username": "frank", "password": PASSWORD}), (0, 1)).await?;
    let update = json!({"uid": "u-erin", "username": "erin", "nickname": "E", "password": "another password"});
    meter.as_user(&root, "updateUser", update, (2, 1)).await?;
    let app_of = json!({"uid": "u-erin", "appId": "__UNI__TEST"});
    meter.as_user(&root, "authorizeAppLogin", app_of.clone(), (1, 1)).await?;
    meter.as_user(&root, "removeAuthorizedApp", app_of, (1, 1)).await?;
    meter.as_user(&root, "setAuthorizedApp", json!({"uid": "u-erin", "appIdList": ["__UNI__TEST"]}), (1, 1)).await?;
    Ok(())
}

/// Every signed call uses up a nonce, which is a write.
async fn external(meter: &Meter) -> Outcome {
    meter.signed("externalRegister", json!({"externalUid": "x1", "nickname": "X"}), (2, 2)).await?;
    meter.signed("externalLogin", json!({"externalUid": "x1"}), (1, 2)).await?;
    let update = json!({"externalUid": "x1", "nickname": "Y", "password": "another password"});
    meter.signed("updateUserInfoByExternal", update, (2, 2)).await?;
    let text = captcha(&meter.app, "register").await?;
    let verify = signed(&meter.app, "verifyImageCaptcha", json!({"scene": "register", "captcha": text})).function("uni-captcha-co");
    meter.most("verifyImageCaptcha", verify, (0, 2)).await?;
    Ok(())
}

async fn second_steps(meter: &Meter) -> Outcome {
    let app = &meter.app;
    let (_, token) = someone(app, "grace").await?;
    let set_up = meter.as_user(&token, "setUpTotp", json!({"password": PASSWORD}), (1, 2)).await?;
    let secret = BASE32_NOPAD.decode(set_up.body["secret"].as_str().unwrap_or_default().as_bytes())?;
    let code = || {
        app.clock.advance(totp::STEP_MS);
        totp::code(&secret, totp::step_at(app.program().state().base.clock.now_ms()))
    };
    meter.as_user(&token, "confirmTotp", json!({"code": code()}), (1, 2)).await?;
    meter.as_user(&token, "renewRecoveryCodes", json!({"code": code()}), (1, 2)).await?;
    let asked = try_password(app, "grace", PASSWORD).await?;
    let ticket = &asked.body["secondStep"]["ticket"];
    meter.of("loginBySecondStep", json!({"ticket": ticket, "code": code()}), (2, 2)).await?;
    meter.as_user(&token, "removeTotp", json!({"code": code()}), (1, 2)).await?;
    done(app.call_as(&token, "setUpTotp", json!({"password": PASSWORD})).await?);
    let root = log_in(app, "root").await?;
    meter.as_user(&root, "removeSecondStep", json!({"uid": "u-grace"}), (0, 1)).await?;
    Ok(())
}

async fn passkey_methods(meter: &Meter) -> Outcome {
    let (_, token) = someone(&meter.app, "heidi").await?;
    meter.as_user(&token, "getPasskeys", json!({}), (1, 0)).await?;
    let begun = meter.as_user(&token, "startPasskeyRegistration", json!({"password": PASSWORD}), (2, 2)).await?.body;
    let mut phone = passkeys::phone();
    let made = json!({"ceremonyId": begun["ceremonyId"], "credential": phone.create(&begun["publicKey"]), "name": "Phone"});
    let added = meter.as_user(&token, "finishPasskeyRegistration", made, (0, 1)).await?;
    let id = added.body["passkey"]["id"].clone();
    meter.as_user(&token, "getPasskeys", json!({}), (2, 0)).await?;
    meter.as_user(&token, "renamePasskey", json!({"id": id, "name": "Mine"}), (0, 1)).await?;
    let begun = meter.of("startPasskeyLogin", json!({}), (0, 0)).await?.body;
    let answer = json!({"ceremonyId": begun["ceremonyId"], "credential": phone.get(&begun["publicKey"])});
    meter.of("loginByPasskey", answer, (1, 2)).await?;
    meter.as_user(&token, "removePasskey", json!({"id": id}), (1, 1)).await?;
    Ok(())
}

async fn passwords_and_ends(meter: &Meter, token: &str) -> Outcome {
    let app = &meter.app;
    let code = sms_code(app, MOBILE, "set-pwd-by-sms").await?;
    meter.as_user(token, "setPwd", json!({"password": PASSWORD, "code": code}), (2, 2)).await?;
    let listed = meter.as_user(token, "getSessions", json!({}), (2, 0)).await?;
    let sessions = listed.body["sessions"].as_array().cloned().unwrap_or_default();
    let other = sessions.iter().find(|session| session["current"] == json!(false)).cloned().unwrap_or_default();
    meter.as_user(token, "revokeSession", json!({"sessionId": other["sessionId"]}), (0, 1)).await?;
    let token = meter.as_user(token, "revokeOtherSessions", json!({}), (2, 1)).await?.token()?;
    let change = json!({"oldPassword": PASSWORD, "newPassword": PASSWORD});
    meter.as_user(&token, "updatePwd", change, (1, 2)).await?;
    let code = sms_code(app, MOBILE, "reset-pwd-by-sms").await?;
    meter.of("resetPwdBySms", json!({"mobile": MOBILE, "code": code, "password": PASSWORD}), (2, 2)).await?;
    let code = email_code(app, EMAIL, "reset-pwd-by-email").await?;
    meter.of("resetPwdByEmail", json!({"email": EMAIL, "code": code, "password": PASSWORD}), (2, 2)).await?;
    app.clock.advance(2000);
    meter.as_user(&log_in(app, "alice").await?, "logout", json!({}), (0, 1)).await?;
    app.clock.advance(1000);
    meter.as_user(&log_in(app, "alice").await?, "closeAccount", json!({}), (0, 1)).await?;
    Ok(())
}

/// Nothing at all where access or parameters are wrong.
async fn what_is_refused_costs_little(engine: Engine) -> Outcome {
    let meter = Meter::start(engine).await?;
    let (_, ended) = someone(&meter.app, "bob").await?;
    done(meter.app.call_as(&ended, "logout", json!({})).await?);
    for (call, most) in [
        (Call::new("getAccountInfo").token("a.b.c"), (0, 0)),
        (Call::new("logout").token(&ended), (0, 0)),
        (Call::new("getSessions").token(&ended), (0, 0)),
        (Call::new("loginBySecondStep").params(json!({"ticket": "a.b", "code": "123456"})), (0, 0)),
        (Call::new("loginByPasskey").params(json!({"ceremonyId": "a.b", "credential": {}})), (0, 0)),
        (Call::new("login").params(json!({"username": "no good", "password": PASSWORD})), (0, 0)),
        (Call::new("login").params(json!({"username": "nobody", "password": PASSWORD})), (2, 1)),
        (Call::new("login").params(json!({"username": "bob", "password": "wrong-password"})), (2, 1)),
        (Call::new("registerUser").params(json!({"username": "bob", "password": PASSWORD, "captcha": "none"})), (0, 1)),
    ] {
        let (reply, RoundTrips { reads, writes }) = meter.cost(call).await?;
        assert_ne!(reply.code(), 0);
        assert!(reads <= most.0 && writes <= most.1, "{}: {reads} reads and {writes} writes, {most:?} at most", reply.body);
    }
    meter.app.stop().await
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
