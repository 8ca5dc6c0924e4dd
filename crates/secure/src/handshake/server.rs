//! The server's side of the handshake.

use std::fmt;

use zeroize::Zeroizing;

use super::challenge::TakenChallenge;
use super::evidence::{EvidenceLevel, EvidencePolicy, Judged, binding};
use super::message::{self, Answer, AnswerBody, Hello, HelloWire, MAX_SEALED_HELLO_LENGTH, Request};
use crate::attestation::apple;
use crate::client_key::{self, ClientKey, NONCE_LENGTH};
use crate::device_key::DevicePublicKey;
use crate::envelope::TimeWindow;
use crate::hpke::{Aead, Context};
use crate::refusal::Refusal;
use crate::space_key::SpaceKey;
use crate::{VERSION, wire};

/// Opens a hello with whichever of `keys` it was sealed to, and checks its time and that the client holds the device key.
pub fn open(request: &Request, space_id: &str, keys: &[SpaceKey], window: TimeWindow) -> Result<Opened, Refusal> {
    if request.v != VERSION || request.content.len() > MAX_SEALED_HELLO_LENGTH.div_ceil(3) * 4 {
        return Err(Refusal::Malformed);
    }
    let key = keys.iter().find(|key| key.id() == request.key_id).ok_or(Refusal::UnknownSpaceKey)?;
    if !key.is_valid_at(window.now_ms) {
        return Err(Refusal::ExpiredSpaceKey);
    }
    let enc = wire::array_from_base64(&request.enc)?;
    let content = wire::from_base64(&request.content)?;
    let mut context = Context::recipient(Aead::Aes256Gcm, &enc, key.private(), &message::info(space_id, key.id()))?;
    let body = context.open(&message::hello_data(space_id, key.id()), content)?;
    let body: HelloWire = serde_json::from_slice(&body).map_err(|_| Refusal::Malformed)?;
    let (hello, device, proof) = body.parse()?;
    window.check(hello.timestamp_ms)?;
    let bound = binding(&hello.challenge, Some(&device), &hello.app_id, &hello.device_id);
    device.verify(&message::proof(space_id, key.id(), &enc, &bound), &proof)?;
    Ok(Opened {
        hello,
        device,
        secret: context.export(&message::client_key_label()),
        answer_key: context.export(&message::answer_key_label()),
        answer_data: message::answer_data(space_id, key.id()),
    })
}

/// A hello that its sender made for this space, maybe long ago.
pub struct Opened {
    hello: Hello,
    device: DevicePublicKey,
    secret: Zeroizing<[u8; 32]>,
    answer_key: Zeroizing<[u8; 32]>,
    answer_data: Vec<u8>,
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opened").field("app_id", &self.hello.app_id).finish_non_exhaustive()
    }
}

impl Opened {
    /// What the client says: for looking up the challenge and the registry's entry.
    pub fn hello(&self) -> &Hello {
        &self.hello
    }

    /// Checks the hello against what the client says in the clear (70002, 70003).
    pub fn matches(&self, app_id: &str, device_id: &str) -> Result<(), Refusal> {
        if self.hello.app_id != app_id {
            return Err(Refusal::AppIdMismatch);
        }
        if self.hello.device_id != device_id {
            return Err(Refusal::DeviceIdMismatch);
        }
        Ok(())
    }

    /// Spends the challenge: from here on the hello is known to be new.
    pub fn spend(self, challenge: TakenChallenge) -> Result<Challenged, Refusal> {
        if challenge.0 == self.hello.challenge { Ok(Challenged(self)) } else { Err(Refusal::UnknownChallenge) }
    }
}

/// A hello that is new.
#[derive(Debug)]
pub struct Challenged(Opened);

impl Challenged {
    /// Judges the evidence against the registry.
    pub fn accept(self, policy: &EvidencePolicy<'_>) -> Result<Accepted, Refusal> {
        self.accept_any(std::slice::from_ref(policy)).map(|(_, accepted)| accepted)
    }

    /// Judges the evidence against several entries of the registry, one after the other. Returns the number of the first
    /// that accepts; if none does, the first reason that is about more than the package.
    pub fn accept_any(self, policies: &[EvidencePolicy<'_>]) -> Result<(usize, Accepted), Refusal> {
        let mut refusal = Refusal::PackageMismatch;
        for (number, policy) in policies.iter().enumerate() {
            match policy.judge(&self.0.hello, &self.0.device) {
                Ok(judged) => return Ok((number, Accepted { opened: self.0, judged })),
                Err(reason) if refusal == Refusal::PackageMismatch => refusal = reason,
                Err(_) => {}
            }
        }
        Err(refusal)
    }
}

/// A client that may have a key.
#[derive(Debug)]
pub struct Accepted {
    opened: Opened,
    judged: Judged,
}

impl Accepted {
    /// What was accepted.
    pub fn level(&self) -> EvidenceLevel {
        self.judged.level
    }

    /// The sealed answer and what to store. `key_id` and `nonce` are random; `expires_ms` is exclusive, milliseconds since the Unix epoch.
    pub fn answer(self, key_id: [u8; 16], expires_ms: i64, nonce: [u8; NONCE_LENGTH]) -> Result<(Answer, ClientKeyRecord), Refusal> {
        let Self { opened, judged } = self;
        let key_id = wire::to_hex(&key_id);
        let body = AnswerBody { key_id: key_id.clone(), expires: expires_ms, evidence: judged.level };
        let body = serde_json::to_vec(&body).map_err(|_| Refusal::Malformed)?;
        let key = client_key::symmetric(&opened.answer_key)?;
        let sealed = client_key::seal(&key, nonce, &opened.answer_data, &body)?;
        let answer = Answer { v: VERSION, nonce: wire::to_base64(&nonce), content: wire::to_base64(&sealed) };
        let record = ClientKeyRecord {
            key_id,
            app_id: opened.hello.app_id,
            device_id: opened.hello.device_id,
            platform: opened.hello.platform,
            package: opened.hello.package,
            app_version: opened.hello.app_version,
            level: judged.level,
            device: opened.device,
            apple_key: judged.apple_key,
            secret: opened.secret,
            expires_ms,
        };
        Ok((answer, record))
    }
}

/// What a server stores of a client key; `secret` must be encrypted at rest.
#[derive(Clone)]
pub struct ClientKeyRecord {
    /// 32 hexadecimal digits.
    pub key_id: String,
    /// The DCloud appId.
    pub app_id: String,
    /// The device's id.
    pub device_id: String,
    /// The platform, as the client says; for attested clients its evidence agrees.
    pub platform: String,
    /// The package, bundle id or origin.
    pub package: String,
    /// The application's version, as the client says.
    pub app_version: String,
    /// What was accepted.
    pub level: EvidenceLevel,
    /// The device's public key.
    pub device: DevicePublicKey,
    /// The App Attest key, for assertions.
    pub apple_key: Option<apple::AttestedKey>,
    /// The client key's secret.
    pub secret: Zeroizing<[u8; 32]>,
    /// Milliseconds since the Unix epoch, exclusive.
    pub expires_ms: i64,
}

impl ClientKeyRecord {
    /// The key, ready to use; worth caching.
    pub fn client_key(&self) -> Result<ClientKey, Refusal> {
        ClientKey::derive(&self.key_id, &self.secret, self.device, self.expires_ms)
    }
}

impl fmt::Debug for ClientKeyRecord {
    /// Without the secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("ClientKeyRecord");
        shown.field("key_id", &self.key_id).field("app_id", &self.app_id).field("level", &self.level).finish_non_exhaustive()
    }
}
