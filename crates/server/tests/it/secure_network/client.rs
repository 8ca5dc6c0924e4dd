//! A client of the open protocol, and requests of the client protocol as they are.

use anyhow::{Context, bail};
use base64::{Engine, engine::general_purpose::STANDARD};
use lingpai_domain::{clock::Clock, random::Random};
use lingpai_secure::{
    client_key::ClientKey,
    device_key::{DeviceSigner, SoftwareDeviceKey},
    envelope::{Envelope, NewCall, PendingCall, SecretType, Target},
    handshake::{Answer, Evidence, Hello, Request, client},
    space_key::{PublishedKeys, VerifiedSpaceKey},
};
use lingpai_testkit::{app::SPACE, client_protocol::sign};

use crate::kit::*;

pub const APP: &str = "__UNI__SECURE";
pub const ORIGIN: &str = "https://demo.example.com";

pub use crate::kit::engines::beside;

/// One web origin, every function verified where `verify` says so.
pub fn web_config(verify: Value) -> Value {
    json!({"enable": true, "apps": [{"appId": APP, "web": [{"origin": ORIGIN}]}], "verifyClient": verify, "url": "allow"})
}

pub fn client_info(device: &str) -> Value {
    json!({"uniPlatform": "web", "appId": APP, "deviceId": device})
}

/// Calls a function by `POST /client`; the client protocol's answer as it is.
pub async fn post(app: &TestApp, function: &str, args: Value, origin: Option<&str>) -> anyhow::Result<Value> {
    let params = json!({"functionTarget": function, "functionArgs": args}).to_string();
    let body =
        json!({"method": "serverless.function.runtime.invoke", "params": params, "spaceId": SPACE.id, "timestamp": app.clock.now_ms()});
    let signature = sign(body.as_object().context("an object")?, SPACE.secret);
    let mut request = app.http().post(app.url("/client")).header("x-serverless-sign", signature).json(&body);
    if let Some(origin) = origin {
        request = request.header("origin", origin);
    }
    Ok(request.send().await?.json().await?)
}

/// `data` of the answer.
pub async fn call(app: &TestApp, function: &str, args: Value) -> anyhow::Result<Value> {
    data(post(app, function, args, Some(ORIGIN)).await?)
}

pub fn data(answer: Value) -> anyhow::Result<Value> {
    match answer.get("data") {
        Some(data) => Ok(data.clone()),
        None => bail!("no data in {answer}"),
    }
}

/// Checks a refusal of the secure network.
#[track_caller]
pub fn refused_by_number(data: &Value, number: u32) {
    assert_eq!((&data["errCode"], &data["errSubject"]), (&json!(number), &json!("uni-secure-network")), "{data}");
    let words = data["errMsg"].as_str().unwrap_or_default();
    assert!(!words.is_empty() && !words.contains("uni-secure-network"), "{data}");
    assert_eq!((data.get("content"), data.get("newToken")), (None, None), "{data}");
}

/// A device with a client on it.
pub struct Client {
    pub device: SoftwareDeviceKey,
    pub device_id: String,
    pub info: Value,
    pub platform: &'static str,
    pub package: String,
    pub origin: Option<&'static str>,
    pub key: Option<ClientKey>,
}

impl Client {
    /// A web page.
    pub fn web(device_id: &str) -> anyhow::Result<Self> {
        Ok(Self {
            device: SoftwareDeviceKey::from_secret(&[7; 32])?,
            device_id: device_id.into(),
            info: client_info(device_id),
            platform: "web",
            package: ORIGIN.into(),
            origin: Some(ORIGIN),
            key: None,
        })
    }

    pub fn key(&self) -> anyhow::Result<&ClientKey> {
        self.key.as_ref().context("no handshake yet")
    }

    /// The space's key, as a client that pins nothing yet sees it.
    pub async fn space_key(app: &TestApp) -> anyhow::Result<VerifiedSpaceKey> {
        let published: PublishedKeys = app.http().get(app.url("/secure-network/keys")).send().await?.json().await?;
        let identity: [u8; 32] = STANDARD.decode(&published.identity_key)?.try_into().map_err(|_| anyhow::anyhow!("32 bytes"))?;
        Ok(published.choose(&identity, SPACE.id, app.clock.now_ms())?)
    }

    pub async fn challenge(&self, app: &TestApp) -> anyhow::Result<[u8; 32]> {
        let args = json!({"method": "challenge", "params": [{}], "clientInfo": self.info});
        let answer = data(post(app, "uni-secure-network", args, self.origin).await?)?;
        let challenge = answer["challenge"].as_str().with_context(|| format!("no challenge in {answer}"))?;
        STANDARD.decode(challenge)?.try_into().map_err(|_| anyhow::anyhow!("32 bytes"))
    }

    pub fn hello(&self, app: &TestApp, challenge: [u8; 32], evidence: Evidence) -> Hello {
        Hello {
            challenge,
            app_id: self.info["appId"].as_str().unwrap_or_default().into(),
            device_id: self.device_id.clone(),
            platform: self.platform.into(),
            package: self.package.clone(),
            app_version: "1.0.0".into(),
            timestamp_ms: app.clock.now_ms(),
            evidence,
        }
    }

    /// Seals a hello and sends it: the answer's data, and what is needed to open it.
    pub async fn greet(&self, app: &TestApp, hello: &Hello) -> anyhow::Result<(Value, client::AwaitingAnswer)> {
        let mut ephemeral = [0; 32];
        app.random.fill(&mut ephemeral);
        let (request, awaiting) = client::start(SPACE.id, &Self::space_key(app).await?, hello, &self.device, &ephemeral)?;
        Ok((self.send_hello(app, &request).await?, awaiting))
    }

    pub async fn send_hello(&self, app: &TestApp, request: &Request) -> anyhow::Result<Value> {
        let args = json!({"method": "getAppClientKey", "params": [request], "clientInfo": self.info});
        data(post(app, "uni-secure-network", args, self.origin).await?)
    }

    /// A whole handshake with evidence; the refusal if there is one.
    pub async fn shake_hands_with(&mut self, app: &TestApp, evidence: impl FnOnce(&[u8; 32], &Self) -> Evidence) -> anyhow::Result<Value> {
        let challenge = self.challenge(app).await?;
        let evidence = evidence(&challenge, self);
        let (answer, awaiting) = self.greet(app, &self.hello(app, challenge, evidence)).await?;
        if answer["errCode"] == 0 {
            let sealed: Answer = serde_json::from_value(answer.clone())?;
            self.key = Some(awaiting.finish(&sealed)?.0);
        }
        Ok(answer)
    }

    /// A handshake without evidence, which must succeed.
    pub async fn shake_hands(mut self, app: &TestApp) -> anyhow::Result<Self> {
        let answer = self.shake_hands_with(app, |_, _| Evidence::None).await?;
        assert_eq!(answer["errCode"], 0, "{answer}");
        Ok(self)
    }

    /// Seals a call for a function.
    pub fn seal(&self, app: &TestApp, function: &str, kind: SecretType, content: &Value) -> anyhow::Result<(Value, PendingCall)> {
        let mut nonce = [0; 12];
        app.random.fill(&mut nonce);
        self.seal_with(app, nonce, function, kind, content)
    }

    /// The same with a nonce of one's own choice.
    pub fn seal_with(
        &self,
        app: &TestApp,
        nonce: [u8; 12],
        function: &str,
        kind: SecretType,
        content: &Value,
    ) -> anyhow::Result<(Value, PendingCall)> {
        let random: &dyn Random = &*app.random;
        let request_id = random.hex(16);
        let content = content.to_string();
        let target = Target { space_id: SPACE.id, function };
        let call = NewCall { secret_type: kind, content: &content, request_id: &request_id, timestamp_ms: app.clock.now_ms(), nonce };
        let (envelope, pending) = Envelope::seal(self.key()?, &self.device as &dyn DeviceSigner, target, call)?;
        let mut args = serde_json::to_value(envelope)?;
        args["clientInfo"] = self.info.clone();
        Ok((args, pending))
    }

    pub async fn send(&self, app: &TestApp, function: &str, args: Value) -> anyhow::Result<Value> {
        data(post(app, function, args, self.origin).await?)
    }

    /// Calls a function and opens the reply if it is sealed.
    pub async fn call(&self, app: &TestApp, function: &str, kind: SecretType, content: Value) -> anyhow::Result<Value> {
        let (args, pending) = self.seal(app, function, kind, &content)?;
        let reply = self.send(app, function, args).await?;
        if !kind.seals_reply() || reply["errCode"] != 0 {
            return Ok(reply);
        }
        Ok(serde_json::from_str(&pending.open_reply(self.key()?, reply)?)?)
    }
}
