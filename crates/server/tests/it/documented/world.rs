//! The world that the examples of the reference are about: Alice, who has everything, Bob, who has a name and a password, an
//! administrator, and the third parties.

use std::{fs, path::Path, sync::Arc};

use anyhow::{Context, Result};
use data_encoding::BASE32_NOPAD;
use lingpai_domain::{second_step::totp, store::NewCaptcha};
use lingpai_secure::handshake::{Evidence, client};
use lingpai_server::methods::{Access, Method, examples, registry::METHODS};
use lingpai_testkit::{app::SPACE, replay::jwt::AppleKey, upstreams::Upstreams};

use crate::{
    external,
    kit::{people::*, third_parties, *},
    passkeys,
    secure_network::client::{Client, ORIGIN, web_config},
};

const ALICE: &str = "65a0c1e8f2d3b40012345601";
const BOB: &str = "65a0c1e8f2d3b40012345602";
const ADMINISTRATOR: &str = "65a0c1e8f2d3b40012345603";
/// Of every captcha.
const CAPTCHA: &str = "g7kd";
/// Of every message.
const CODE: &str = "123456";
/// `requestAuthSecret` of the recordings' configuration.
const REQUEST_SECRET: &str = "testSecret";

/// A program and those around it.
pub struct World {
    app: TestApp,
    upstreams: Upstreams,
    apple: Arc<AppleKey>,
    _center: tempfile::TempDir,
}

impl World {
    /// Starts it as the example of a method needs it.
    pub async fn start(method: &str) -> Result<Self> {
        let apple = Arc::new(AppleKey::parse(third_parties::APPLE_KEY)?);
        let upstreams = Upstreams::start(Some(apple.clone())).await?;
        let center = center()?;
        let mut builder = TestApp::builder().center(center.path()).setting("security.second_step", "true");
        if method.contains("Passkey") {
            builder = passkeys::switched_on(builder);
        }
        for (path, value) in upstreams.settings() {
            builder = builder.setting(path, value);
        }
        let world = Self { app: builder.start().await?, upstreams, apple, _center: center };
        world.store_people(method).await?;
        world.store_captchas().await?;
        world.store_codes().await?;
        Ok(world)
    }

    /// Ends it.
    pub async fn stop(self) -> Result<()> {
        self.app.stop().await
    }

    async fn store_people(&self, method: &str) -> Result<()> {
        let person = |id: &str, name: &str, fields: Value| {
            let mut doc = json!({"_id": id, "username": name, "password": PASSWORD_HASH, "password_secret_version": 1});
            if let (Some(doc), Some(fields)) = (doc.as_object_mut(), fields.as_object()) {
                doc.extend(fields.clone());
            }
            self.app.put("uni-id-users", doc)
        };
        let everything = json!({
            "nickname": "Alice", "mobile": "13800000001", "mobile_confirmed": 1, "email": "alice@example.com", "email_confirmed": 1,
            "wx_openid": {"mp": "o-alice"}, "wx_unionid": "u-alice", "qq_openid": {"app": "q-alice"}, "ali_openid": "a-alice",
            "apple_openid": "001.alice", "my_invite_code": "ALICE1", "dcloud_appid": ["__UNI__TEST"],
        });
        person(ALICE, "alice", everything).await?;
        let invited = match method {
            "getInvitedUser" => json!({"inviter_uid": [ALICE], "invite_time": START}),
            _ => json!({"dcloud_appid": ["__UNI__TEST"]}),
        };
        person(BOB, "bob", invited).await?;
        // Of administrators the first one makes itself.
        if method != "registerAdmin" {
            person(ADMINISTRATOR, "root", json!({"role": ["admin"]})).await?;
        }
        Ok(())
    }

    async fn store_captchas(&self) -> Result<()> {
        let state = self.app.program().state();
        for scene in ["register", "send-sms-code", "send-email-code", "my-form"] {
            let captcha = NewCaptcha {
                id: state.base.ids.next(&*state.base.clock, &*state.base.random),
                device_id: DEVICE.to_owned(),
                scene: scene.to_owned(),
                code: state.codes.stored_captcha(DEVICE, scene, CAPTCHA),
                ip: "127.0.0.1".to_owned(),
                created_date: START,
                expired_date: START + 180_000,
            };
            self.app.store.issue_captcha(&captcha).await?;
        }
        Ok(())
    }

    async fn store_codes(&self) -> Result<()> {
        for (field, to, scene) in [
            ("mobile", "13800000009", "register-by-sms"),
            ("mobile", "13800000001", "login-by-sms"),
            ("mobile", "13800000001", "set-pwd-by-sms"),
            ("mobile", "13800000001", "reset-pwd-by-sms"),
            ("mobile", "13800000002", "bind-mobile-by-sms"),
            ("email", "carol@example.com", "register"),
            ("email", "alice@example.com", "login-by-email"),
            ("email", "alice@example.com", "reset-pwd-by-email"),
            ("email", "bob@example.com", "bind-email"),
        ] {
            let code = json!({
                "_id": format!("code of {scene}"), field: to, "scene": scene, "code": CODE, "state": 0, "ip": "127.0.0.1",
                "created_date": START, "expired_date": START + 180_000,
            });
            self.app.put("opendb-verify-codes", code).await?;
        }
        Ok(())
    }

    /// A token of the user who makes the call of an example.
    pub async fn user_token(&self, method: &str) -> Result<String> {
        let is_bob_s = method.starts_with("bind") || ["acceptInvite", "getFrvCertifyId", "getFrvAuthResult"].contains(&method);
        let who = json!({"username": if is_bob_s { "bob" } else { "alice" }, "password": PASSWORD});
        // On the platform of the call: another one's token may be so near its end there that it is renewed.
        let mut login = Call::new("login").params(who);
        let example = METHODS.iter().find(|each| each.name == method).and_then(examples::of);
        for (field, value) in example.map(examples::Example::client_info).unwrap_or_default() {
            login = login.client_info(&field, value);
        }
        done(self.app.send(login).await?).token()
    }

    /// A token of an administrator.
    pub async fn administrator_token(&self) -> Result<String> {
        log_in(&self.app, "root").await
    }

    /// Prepares the call of an example, and answers what stands in it for what is in angle brackets.
    pub async fn values(&self, method: &str, token: Option<&str>) -> Result<Map<String, Value>> {
        let token = token.unwrap_or_default();
        let mut values = match method {
            "loginBySecondStep" | "getSecondStep" | "removeTotp" | "renewRecoveryCodes" | "removeSecondStep" | "confirmTotp" => {
                self.second_step(method).await?
            }
            "finishPasskeyRegistration" => self.new_passkey(token).await?,
            "getPasskeys" | "renamePasskey" | "removePasskey" => self.passkey(token).await?,
            "loginByPasskey" => self.login_with_passkey().await?,
            "revokeSession" | "revokeOtherSessions" => self.another_session(token).await?,
            "getRealNameInfo" | "getFrvAuthResult" => self.verification(method, token).await?,
            "getAppClientKey" => self.hello().await?,
            "externalLogin" | "updateUserInfoByExternal" => self.external_user().await?,
            _ => json!({}),
        };
        let code = match method {
            "loginByWeixinMobile" | "bindMobileByMpWeixin" => "phone-13800000005",
            _ => "mp-A",
        };
        let openid = if method.ends_with("Univerify") { "uv-13800000005" } else { "o_mp_A" };
        let access_token = if method.ends_with("QQ") { "qat-A" } else { "ACCESS_TOKEN" };
        let others = json!({
            "token": token, "setup token": SETUP_TOKEN_IS_NOT_ASKED_FOR, "code of wx.login": code, "code of getPhoneNumber": code,
            "code of my.getAuthCode": "ali-A", "access_token": access_token, "openid": openid, "metaInfo": "{}", "push client id": "cid-1",
            "session_key": "SESSION_KEY", "encrypt_key": "ENCRYPT_KEY", "iv": "IV", "identityToken": self.identity_token()?,
            "ticket": "TICKET",
        });
        if let (Some(values), Value::Object(others)) = (values.as_object_mut(), others) {
            for (name, value) in others {
                values.entry(name).or_insert(value);
            }
        }
        let values = values.as_object().cloned().unwrap_or_default();
        // What is read or removed was stored before.
        let stored = method.strip_prefix("get").or(method.strip_prefix("remove")).map(|what| format!("set{what}"));
        let is_of_bridge = |name: &str| METHODS.iter().find(|method| method.name == name && matches!(method.access, Access::Listed(_)));
        if let Some((store, example)) = stored.as_deref().and_then(is_of_bridge).and_then(|store| Some((store, examples::of(store)?))) {
            done(self.send(store, &super::filled(&example.body(store), &values)?).await?);
        }
        Ok(values)
    }

    /// Alice has a second step, but for the methods with which she sets it up.
    async fn second_step(&self, method: &str) -> Result<Value> {
        let app = &self.app;
        let alice = log_in(app, "alice").await?;
        let set_up = done(app.call_as(&alice, "setUpTotp", json!({"password": PASSWORD})).await?);
        let secret = BASE32_NOPAD.decode(set_up.body["secret"].as_str().unwrap_or_default().as_bytes())?;
        let code = || totp::code(&secret, totp::step_at(app.program().state().base.clock.now_ms()));
        if method == "confirmTotp" {
            return Ok(json!({"code": code()}));
        }
        done(app.call_as(&alice, "confirmTotp", json!({"code": code()})).await?);
        let asked = try_password(app, "alice", PASSWORD).await?;
        if !["getSecondStep", "removeSecondStep"].contains(&method) {
            // Each code is good once.
            app.clock.advance(totp::STEP_MS);
        }
        Ok(json!({"code": code(), "ticket": asked.body["secondStep"]["ticket"]}))
    }

    async fn new_passkey(&self, token: &str) -> Result<Value> {
        let begun = passkeys::begin(&self.app, token).await?;
        let credential = passkeys::phone().create(&begun["publicKey"]);
        Ok(json!({"ceremonyId": begun["ceremonyId"], "RegistrationResponseJSON": credential}))
    }

    async fn passkey(&self, token: &str) -> Result<Value> {
        Ok(json!({"id": passkeys::add(&self.app, token, &mut passkeys::phone()).await?}))
    }

    async fn login_with_passkey(&self) -> Result<Value> {
        let mut phone = passkeys::phone();
        passkeys::add(&self.app, &log_in(&self.app, "alice").await?, &mut phone).await?;
        let begun = passkeys::begin_login(&self.app).await?;
        Ok(json!({"ceremonyId": begun["ceremonyId"], "AuthenticationResponseJSON": phone.get(&begun["publicKey"])}))
    }

    async fn another_session(&self, token: &str) -> Result<Value> {
        self.app.clock.advance(1000);
        log_in(&self.app, "alice").await?;
        let listed = done(self.app.call_as(token, "getSessions", json!({})).await?);
        let sessions = listed.body["sessions"].as_array().cloned().unwrap_or_default();
        let other = sessions.into_iter().find(|session| session["current"] == false).context("there is no other session")?;
        Ok(json!({"sessionId": other["sessionId"]}))
    }

    async fn verification(&self, method: &str, token: &str) -> Result<Value> {
        let person = json!({"realName": "张三", "idCard": "11010519491231002X", "metaInfo": "{}"});
        let begun = self.app.call_as(token, "getFrvCertifyId", person).await?;
        let id = begun.body["certifyId"].as_str().context("no certifyId")?.to_owned();
        self.upstreams.set_face_verification(&id, "SUCCESS");
        if method == "getRealNameInfo" {
            done(self.app.call_as(token, "getFrvAuthResult", json!({"certifyId": id})).await?);
        }
        Ok(json!({"certifyId": id}))
    }

    async fn external_user(&self) -> Result<Value> {
        let params = json!({"externalUid": "10001"});
        let method = METHODS.iter().find(|method| method.name == "externalRegister").context("externalRegister")?;
        let info = json!({"uniPlatform": "web", "appId": "__UNI__TEST", "deviceId": DEVICE});
        done(self.send(method, &json!({"clientInfo": info, "params": params})).await?);
        Ok(json!({}))
    }

    async fn hello(&self) -> Result<Value> {
        let page = Client::web(DEVICE)?;
        let hello = page.hello(&self.app, page.challenge(&self.app).await?, Evidence::None);
        let (request, _) = client::start(SPACE.id, &Client::space_key(&self.app).await?, &hello, &page.device, &[9; 32])?;
        Ok(serde_json::to_value(request)?)
    }

    fn identity_token(&self) -> Result<String> {
        let now = START / 1000;
        let map = |value: Value| value.as_object().cloned().unwrap_or_default();
        let claims =
            json!({"iss": "https://appleid.apple.com", "aud": "com.example.harness", "sub": "001.ann", "iat": now, "exp": now + 600});
        self.apple.sign(&map(json!({"kid": self.apple.kid, "alg": "RS256"})), &map(claims))
    }

    /// What the audit says was done.
    pub async fn audited(&self) -> Result<Vec<String>> {
        let rows = self.app.documents("lingpai-audit").await?;
        Ok(rows.iter().filter_map(|row| row.get("action").and_then(Value::as_str)).map(str::to_owned).collect())
    }

    /// Makes a call as the reference shows it.
    pub async fn send(&self, method: &Method, body: &Value) -> Result<Reply> {
        let url = self.app.url(&format!("/{}/{}", method.function, method.name));
        let mut request = self.app.http().post(url).header("content-type", "application/json").header("user-agent", "lingpai-testkit");
        if matches!(method.access, Access::Signed(_)) {
            let base = &self.app.program().state().base;
            let (nonce, timestamp) = (base.random.hex(8), base.clock.now_ms().to_string());
            let signature = external::sign(REQUEST_SECRET, &nonce, &timestamp, &body["params"]);
            request = request.header("uni-id-nonce", nonce).header("uni-id-timestamp", timestamp).header("uni-id-signature", signature);
        }
        if method.name == "getAppClientKey" {
            request = request.header("origin", ORIGIN);
        }
        let response = request.body(body.to_string()).send().await?;
        let status = response.status().as_u16();
        Ok(Reply { status, body: serde_json::from_slice(&response.bytes().await?)? })
    }
}

/// Development mode makes the first administrator without one.
const SETUP_TOKEN_IS_NOT_ASKED_FOR: &str = "any";

/// The recordings' configuration, with what they do not have.
fn center() -> Result<tempfile::TempDir> {
    let folder = tempfile::tempdir()?;
    let from = Path::new(third_parties::CENTER);
    let write = |name: &str, text: &str| -> Result<()> {
        let path = folder.path().join(name).join("config.json");
        fs::create_dir_all(path.parent().context("a folder")?)?;
        Ok(fs::write(path, text)?)
    };
    for name in ["uni-id", "uni-captcha"] {
        write(name, &fs::read_to_string(from.join(name).join("config.json"))?)?;
    }
    write("uni-open-bridge", r#"{"ipWhiteList": ["127.0.0.1"]}"#)?;
    write("secure-network", &web_config(json!({"enable": false})).to_string())?;
    Ok(folder)
}
