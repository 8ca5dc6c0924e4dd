//! Sealed calls and replies, version 1.
//!
//! A call is `{content, _uniCloudOptions: {secretType, encryptKeyId, v: 1, nonce, requestId, timestamp, sign}}`.
//! `content` is always a text: base64 of ciphertext and tag when the call is sealed (`request`, `both`), otherwise the
//! JSON text of the arguments itself (not the parsed value), so that the signature covers exactly the bytes that are parsed.
//! A sealed reply is `{errCode: 0, content, _uniCloudOptions: {v: 1, nonce, requestId}}`.
//!
//! Associated data (see `transcript`): protocol and direction, spaceId, function, key id, secretType, request id and the
//! call's timestamp in decimal. For a reply also the call's nonce. `sign` covers the associated data, the call's nonce
//! and SHA-256 of the content's bytes (the ciphertext's where it is sealed).
//!
//! Apps on Apple's devices may add `assertion`, an App Attest assertion in base64 for the SHA-256 of the same three parts
//! under another label.

use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::attestation::apple;
use crate::client_key::{ClientKey, NONCE_LENGTH};
use crate::device_key::{DeviceSigner, SIGNATURE_LENGTH};
use crate::refusal::Refusal;
use crate::replay::Freshness;
use crate::{PROTOCOL, VERSION, transcript, wire};

/// The longest `encryptKeyId` and `requestId` in bytes.
pub const MAX_ID_LENGTH: usize = 64;

/// The longest `assertion` in base64; real ones have about 200 characters.
pub const MAX_ASSERTION_LENGTH: usize = 2048;

/// The shortest `requestId` in bytes.
pub const MIN_REQUEST_ID_LENGTH: usize = 8;

/// What is encrypted, chosen by the client for each call; functions compare it with what they demand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SecretType {
    /// Nothing: the call is signed only.
    None,
    /// The call.
    Request,
    /// The reply.
    Response,
    /// Both.
    Both,
}

impl SecretType {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Request => "request",
            Self::Response => "response",
            Self::Both => "both",
        }
    }

    /// Whether the call is encrypted.
    pub fn seals_call(self) -> bool {
        matches!(self, Self::Request | Self::Both)
    }

    /// Whether the reply is encrypted.
    pub fn seals_reply(self) -> bool {
        matches!(self, Self::Response | Self::Both)
    }
}

/// A call as it travels.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Envelope {
    content: String,
    #[serde(rename = "_uniCloudOptions")]
    options: Options,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Options {
    secret_type: SecretType,
    encrypt_key_id: String,
    v: u32,
    nonce: String,
    request_id: String,
    timestamp: i64,
    sign: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    assertion: Option<String>,
}

/// Which function is called in which space: what the transport knows, not what the client claims inside.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// The space.
    pub space_id: &'a str,
    /// The name of the cloud function or object.
    pub function: &'a str,
}

/// The server's time and how far a client's may be from it, both in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct TimeWindow {
    /// Milliseconds since the Unix epoch.
    pub now_ms: i64,
    /// The largest accepted difference in either direction.
    pub tolerance_ms: i64,
}

impl TimeWindow {
    /// Whether `timestamp_ms` is inside, else [`Refusal::ClockSkew`].
    pub fn check(&self, timestamp_ms: i64) -> Result<(), Refusal> {
        if timestamp_ms.abs_diff(self.now_ms) <= self.tolerance_ms.unsigned_abs() { Ok(()) } else { Err(Refusal::ClockSkew) }
    }
}

/// What identifies one call: the input of the associated data.
struct CallFacts<'a> {
    target: Target<'a>,
    key_id: &'a str,
    secret_type: SecretType,
    request_id: &'a str,
    timestamp_ms: i64,
    nonce: [u8; NONCE_LENGTH],
}

impl CallFacts<'_> {
    fn associated_data(&self, direction: &str, more: &[u8]) -> Vec<u8> {
        let timestamp = self.timestamp_ms.to_string();
        transcript::encode(
            &format!("{PROTOCOL} {direction}"),
            &[
                self.target.space_id.as_bytes(),
                self.target.function.as_bytes(),
                self.key_id.as_bytes(),
                self.secret_type.as_str().as_bytes(),
                self.request_id.as_bytes(),
                timestamp.as_bytes(),
                more,
            ],
        )
    }

    fn call(&self) -> Vec<u8> {
        self.associated_data("call", b"")
    }

    fn reply(&self) -> Vec<u8> {
        self.associated_data("reply", &self.nonce)
    }

    /// What the device signs, and the hash that an App Attest assertion is made for.
    fn signed(&self, call: &[u8], content: &[u8]) -> (Vec<u8>, [u8; 32]) {
        let content = digest(&SHA256, content);
        let parts = [call, &self.nonce, content.as_ref()];
        let asserted = transcript::encode(&format!("{PROTOCOL} assertion"), &parts);
        (transcript::encode(&format!("{PROTOCOL} sign"), &parts), apple::client_data_hash(&asserted))
    }
}

impl Envelope {
    /// Reads an envelope. The size of `value` is bounded by the transport's body limit.
    pub fn parse(value: Value) -> Result<Self, Refusal> {
        if value.get("_uniCloudOptions").and_then(|options| options.get("sign")).is_none_or(Value::is_null) {
            return Err(Refusal::SignatureMissing);
        }
        let envelope: Self = serde_json::from_value(value).map_err(|_| Refusal::Malformed)?;
        let options = &envelope.options;
        let assertion_fits = options.assertion.as_ref().is_none_or(|text| text.len() <= MAX_ASSERTION_LENGTH);
        let key_id_fits = (1..=MAX_ID_LENGTH).contains(&options.encrypt_key_id.len());
        let request_id_fits = (MIN_REQUEST_ID_LENGTH..=MAX_ID_LENGTH).contains(&options.request_id.len());
        if options.v == VERSION && key_id_fits && request_id_fits && assertion_fits { Ok(envelope) } else { Err(Refusal::Malformed) }
    }

    /// Which client key to look up.
    pub fn key_id(&self) -> &str {
        &self.options.encrypt_key_id
    }

    /// Server: checks time, decrypts, checks the device's signature. The call is authentic afterwards but may be a
    /// repetition: [`AuthenticCall::admit`] comes next.
    pub fn open(self, key: &ClientKey, target: Target<'_>, window: TimeWindow) -> Result<AuthenticCall, Refusal> {
        let Self { content, options } = self;
        if options.encrypt_key_id != key.id() {
            return Err(Refusal::UnknownKey);
        }
        if key.has_expired(window.now_ms) {
            return Err(Refusal::ExpiredKey);
        }
        window.check(options.timestamp)?;
        let facts = CallFacts {
            target,
            key_id: key.id(),
            secret_type: options.secret_type,
            request_id: &options.request_id,
            timestamp_ms: options.timestamp,
            nonce: wire::array_from_base64(&options.nonce)?,
        };
        let signature: [u8; SIGNATURE_LENGTH] = wire::array_from_base64(&options.sign)?;
        let associated_data = facts.call();
        let bytes = if options.secret_type.seals_call() { wire::from_base64(&content)? } else { content.into_bytes() };
        let (signed, client_data_hash) = facts.signed(&associated_data, &bytes);
        // The cheap check first: forgeries without the client key cost no curve arithmetic.
        let opened = if options.secret_type.seals_call() { key.open_call(facts.nonce, &associated_data, bytes)? } else { bytes };
        key.verify(&signed, &signature)?;
        let opened = String::from_utf8(opened).map_err(|_| Refusal::Malformed)?;
        let (reply_data, nonce) = (facts.reply(), facts.nonce);
        let assertion = options.assertion.as_deref().map(wire::from_base64).transpose()?;
        let call = OpenedCall {
            content: opened,
            secret_type: options.secret_type,
            request_id: options.request_id,
            timestamp_ms: options.timestamp,
            reply_data,
        };
        Ok(AuthenticCall { call, nonce, assertion, client_data_hash })
    }

    /// Client: seals and signs a call. `content` is the JSON text of the arguments; `request_id` and `nonce` are fresh
    /// and random. Keep the [`PendingCall`] for the reply.
    pub fn seal(key: &ClientKey, device: &dyn DeviceSigner, target: Target<'_>, call: NewCall<'_>) -> Result<(Self, PendingCall), Refusal> {
        let facts = CallFacts {
            target,
            key_id: key.id(),
            secret_type: call.secret_type,
            request_id: call.request_id,
            timestamp_ms: call.timestamp_ms,
            nonce: call.nonce,
        };
        let associated_data = facts.call();
        let (content, (signed, client_data_hash)) = if call.secret_type.seals_call() {
            let sealed = key.seal_call(call.nonce, &associated_data, call.content.as_bytes())?;
            (wire::to_base64(&sealed), facts.signed(&associated_data, &sealed))
        } else {
            (call.content.to_owned(), facts.signed(&associated_data, call.content.as_bytes()))
        };
        let options = Options {
            secret_type: call.secret_type,
            encrypt_key_id: key.id().to_owned(),
            v: VERSION,
            nonce: wire::to_base64(&call.nonce),
            request_id: call.request_id.to_owned(),
            timestamp: call.timestamp_ms,
            sign: wire::to_base64(&device.sign(&signed)?),
            assertion: None,
        };
        let pending = PendingCall { reply_data: facts.reply(), request_id: call.request_id.to_owned(), client_data_hash };
        Ok((Self { content, options }, pending))
    }

    /// Client: adds what the App Attest key asserts for [`PendingCall::client_data_hash`] (CBOR, as `generateAssertion` returns it).
    pub fn with_assertion(mut self, object: &[u8]) -> Self {
        self.options.assertion = Some(wire::to_base64(object));
        self
    }
}

/// What a client seals.
#[derive(Clone, Copy, Debug)]
pub struct NewCall<'a> {
    /// What to encrypt.
    pub secret_type: SecretType,
    /// The JSON text of the arguments.
    pub content: &'a str,
    /// Random, 8 to 64 bytes, never used again.
    pub request_id: &'a str,
    /// Milliseconds since the Unix epoch.
    pub timestamp_ms: i64,
    /// Random, never used again.
    pub nonce: [u8; NONCE_LENGTH],
}

/// A call whose time, content and signature are right, not yet known to be new.
#[derive(Debug)]
pub struct AuthenticCall {
    call: OpenedCall,
    nonce: [u8; NONCE_LENGTH],
    assertion: Option<Vec<u8>>,
    client_data_hash: [u8; 32],
}

impl AuthenticCall {
    /// What to remember, together with the key's id: see [`crate::replay`].
    pub fn request_id(&self) -> &str {
        &self.call.request_id
    }

    /// To be remembered as the request's id is: under one key no nonce may be used twice (NIST SP 800-38D, section 8).
    pub fn nonce(&self) -> &[u8; NONCE_LENGTH] {
        &self.nonce
    }

    /// When the client says it made the call, milliseconds since the Unix epoch.
    pub fn timestamp_ms(&self) -> i64 {
        self.call.timestamp_ms
    }

    /// Whether the client sent an assertion. It counts for nothing before [`Self::verify_assertion`].
    pub fn has_assertion(&self) -> bool {
        self.assertion.is_some()
    }

    /// Verifies the assertion by the App Attest key of the handshake, made for exactly this call. Returns its counter: the
    /// call may run only if the counter is greater than every one that was stored for the key, and is stored then.
    pub fn verify_assertion(&self, key: &apple::AttestedKey, rule: &apple::Rule) -> Result<u32, Refusal> {
        let object = self.assertion.as_deref().ok_or(Refusal::AssertionMissing)?;
        apple::verify_assertion(object, &self.client_data_hash, key, rule)
    }

    /// The call, if it is new. The [`Freshness`] comes from [`crate::replay::ReplayWindow`] or from a memory that several nodes share.
    pub fn admit(self, freshness: Freshness) -> Result<OpenedCall, Refusal> {
        freshness.into_result().map(|()| self.call)
    }
}

/// A call that may be executed.
pub struct OpenedCall {
    /// The JSON text of the arguments.
    pub content: String,
    /// What the client chose to encrypt.
    pub secret_type: SecretType,
    /// The request's id.
    pub request_id: String,
    timestamp_ms: i64,
    reply_data: Vec<u8>,
}

impl std::fmt::Debug for OpenedCall {
    /// Without the content.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("OpenedCall");
        shown.field("secret_type", &self.secret_type).field("request_id", &self.request_id).finish_non_exhaustive()
    }
}

impl OpenedCall {
    /// Seals the JSON text of the result for this call and no other. To be used if [`SecretType::seals_reply`];
    /// results with a truthy errCode and plain replies go out as they are. `nonce` is fresh and random.
    pub fn seal_reply(&self, key: &ClientKey, nonce: [u8; NONCE_LENGTH], result: &str) -> Result<SealedReply, Refusal> {
        let sealed = key.seal_reply(nonce, &self.reply_data, result.as_bytes())?;
        let options = ReplyOptions { v: VERSION, nonce: wire::to_base64(&nonce), request_id: self.request_id.clone() };
        Ok(SealedReply { err_code: 0, content: wire::to_base64(&sealed), options })
    }
}

/// A sealed reply as it travels.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SealedReply {
    #[serde(rename = "errCode")]
    err_code: i64,
    content: String,
    #[serde(rename = "_uniCloudOptions")]
    options: ReplyOptions,
}

impl SealedReply {
    /// As JSON; the content, which can be large, is moved and not copied.
    pub fn into_value(self) -> Value {
        let ReplyOptions { v, nonce, request_id } = self.options;
        let options = json!({"v": v, "nonce": nonce, "requestId": request_id});
        let fields = [("errCode", self.err_code.into()), ("content", self.content.into()), ("_uniCloudOptions", options)];
        Value::Object(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReplyOptions {
    v: u32,
    nonce: String,
    request_id: String,
}

/// The client's memory of a call until its reply comes.
#[derive(Debug)]
pub struct PendingCall {
    reply_data: Vec<u8>,
    request_id: String,
    client_data_hash: [u8; 32],
}

impl PendingCall {
    /// What `generateAssertion` takes for this call.
    pub fn client_data_hash(&self) -> &[u8; 32] {
        &self.client_data_hash
    }

    /// Opens the reply to exactly this call: the JSON text of the result.
    pub fn open_reply(&self, key: &ClientKey, reply: Value) -> Result<String, Refusal> {
        let reply: SealedReply = serde_json::from_value(reply).map_err(|_| Refusal::ReplyNotSealed)?;
        if reply.err_code != 0 || reply.options.v != VERSION || reply.options.request_id != self.request_id {
            return Err(Refusal::CannotOpen);
        }
        let nonce = wire::array_from_base64(&reply.options.nonce)?;
        let opened = key.open_reply(nonce, &self.reply_data, wire::from_base64(&reply.content)?)?;
        String::from_utf8(opened).map_err(|_| Refusal::Malformed)
    }
}
