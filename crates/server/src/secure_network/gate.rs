//! The gate that every call of the client protocol passes: it verifies the client where the rules say so, opens what is
//! sealed, and seals the reply.

use std::{net::IpAddr, sync::Arc};

use lingpai_domain::{
    client::Source,
    client_info::Texts,
    error::{Code, Error},
    limits::Caller,
};
use lingpai_secure::{
    client_key::NONCE_LENGTH,
    envelope::{AuthenticCall, Envelope, OpenedCall, SecretType, Target, TimeWindow},
    handshake::EvidenceLevel,
    refusal::Refusal,
    weixin::EncryptKey,
};
use serde_json::{Map, Value};

use super::{
    Refused, Secured, VerifiedClient, client_keys::ActiveKey, handshake::ClientFacts, replay::Sealed, weixin, weixin_keys::BridgeKeys,
};
use crate::{
    call::Call,
    config::center::secure_network::{Admission, Entry, Identity, Platform, SecureNetworkConfig},
    pipeline::{Bucket, limits::too_many, present_user},
    state::State,
};

/// The secure network's own function: its calls are what leads to a key.
pub const FUNCTION: &str = "uni-secure-network";

/// The limiter's number for calls that are to be opened; the buckets of methods are below it.
const SEALED_CALLS: u16 = 2000;

/// A call at the gate.
#[derive(Debug)]
pub struct Inbound<'a> {
    /// The space, whose signature was checked.
    pub space_id: &'a str,
    /// `functionTarget`
    pub function: &'a str,
    /// `functionArgs`
    pub args: Map<String, Value>,
    /// The `Origin` header.
    pub origin: Option<String>,
    /// The client's address.
    pub ip: &'a str,
    /// Names the call.
    pub request_id: &'a str,
}

/// A call that passed.
pub struct Admitted {
    /// `functionArgs` in the clear.
    pub args: Map<String, Value>,
    /// What the function may know of the way.
    pub secured: Secured,
    seal: Seal,
}

enum Seal {
    /// The result goes out as it is.
    None,
    /// The open protocol.
    Open(Box<OpenedCall>, Arc<ActiveKey>),
    /// A mini program's.
    Weixin(EncryptKey, SecretType),
}

/// Judges a call.
///
/// # Errors
/// [`Refused`], counted and logged.
pub async fn admit(state: &State, call: Inbound<'_>) -> Result<Admitted, Refused> {
    let Inbound { space_id, function, mut args, origin, ip, request_id } = call;
    // Apart while the call is judged: nothing that was sealed can take its place.
    let info = args.remove("clientInfo").unwrap_or_default();
    let mut judged = judge(state, space_id, function, args, &info, origin, ip).await;
    match &mut judged {
        Ok(admitted) => {
            let label = || function.to_owned();
            if admitted.secured.verified.is_some() {
                metrics::counter!("lingpai_secure_verified_total", "function" => label()).increment(1);
            }
            if admitted.secured.secret_type != SecretType::None {
                let kind = admitted.secured.secret_type.as_str();
                metrics::counter!("lingpai_secure_sealed_total", "function" => label(), "type" => kind).increment(1);
            }
            admitted.args.insert("clientInfo".into(), info);
        }
        Err(refused) => note(refused, request_id, function, &info, ip),
    }
    judged
}

/// Counts and logs a refusal. `function` is one that exists: its name becomes a label.
pub(super) fn note(refused: &Refused, request_id: &str, function: &str, info: &impl Texts, ip: &str) {
    let text = |name: &str| info.text(name).unwrap_or_default();
    refused.log(request_id, function, text("appId"), text("uniPlatform"), ip);
    if let Some(number) = refused.number() {
        metrics::counter!("lingpai_secure_refused_total", "function" => function.to_owned(), "code" => number.to_string()).increment(1);
    }
}

/// Judges a call of the URL form, which cannot be signed: verified functions refuse it unless `url` says otherwise.
///
/// # Errors
/// 70008, counted and logged.
pub fn admit_url_form(state: &State, function: &str, method: &str, info: &impl Texts, ip: &str, request_id: &str) -> Result<(), Refused> {
    let config = state.secure.config();
    if config.url_allowed || is_exempt(function, method) || config.admission(function).is_none() {
        return Ok(());
    }
    let refused = Refused::By(Refusal::SignatureMissing);
    note(&refused, request_id, function, info, ip);
    Err(refused)
}

/// What must be open so that a client can come to a key.
fn is_exempt(function: &str, method: &str) -> bool {
    function == FUNCTION || (function == "uni-id-co" && method == "secureNetworkHandshakeByWeixin")
}

async fn judge(
    state: &State,
    space_id: &str,
    function: &str,
    mut args: Map<String, Value>,
    info: &Value,
    origin: Option<String>,
    ip: &str,
) -> Result<Admitted, Refused> {
    let config = state.secure.config();
    let options = args.remove("_uniCloudOptions").filter(|options| !options.is_null());
    let method = args.get("method").and_then(Value::as_str).unwrap_or_default();
    let admission = if is_exempt(function, method) { None } else { config.admission(function) };
    if function == FUNCTION {
        ClientFacts::read(info)?.registered_platform(&config)?;
    }
    let secured = Secured { space_id: Some(space_id.to_owned()), origin, ..Secured::default() };
    let Some(options) = options else {
        if admission.is_some() {
            ClientFacts::read(info)?.registered_platform(&config)?;
            return Err(Refusal::SignatureMissing.into());
        }
        return Ok(Admitted { args, secured, seal: Seal::None });
    };
    let facts = ClientFacts::read(info)?;
    facts.registered_platform(&config)?;
    count(state, ip)?;
    let admitted = if options.get("v").is_some() {
        open(state, &config, &facts, Target { space_id, function }, secured, args, options).await?
    } else {
        open_weixin(state, &config, &facts, info, secured, args, options).await?
    };
    check_rules(admission, &admitted.secured)?;
    Ok(admitted)
}

/// Opening costs more than most calls do, and a call that does not open reaches no other limit.
fn count(state: &State, ip: &str) -> Result<(), Refused> {
    let caller = Caller::address(ip.parse().unwrap_or(IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED)));
    let now_ms = state.base.clock.now_ms();
    for (number, rate) in (0u16..).zip(state.guards.rates(Bucket::General)) {
        let counted = state.guards.limiter.count(SEALED_CALLS + number.min(15), caller, *rate, now_ms);
        counted.map_err(|wait_ms| Refused::Otherwise(too_many(wait_ms)))?;
    }
    Ok(())
}

fn check_rules(admission: Option<Admission<'_>>, secured: &Secured) -> Result<(), Refusal> {
    match (admission, &secured.verified) {
        (None, _) => Ok(()),
        (Some(_), None) => Err(Refusal::SignatureMissing),
        (Some(admission), Some(client)) if admission.admits(client.app_id(), client.platform(), client.version()) => Ok(()),
        (Some(_), Some(_)) => Err(Refusal::ClientNotAdmitted),
    }
}

/// The open protocol.
async fn open(
    state: &State,
    config: &SecureNetworkConfig,
    facts: &ClientFacts<'_>,
    target: Target<'_>,
    mut secured: Secured,
    mut args: Map<String, Value>,
    options: Value,
) -> Result<Admitted, Refused> {
    // Moved, not copied: the content is as large as the whole request may be.
    let sealed = [("content", args.remove("content").unwrap_or_default()), ("_uniCloudOptions", options)];
    let envelope = Envelope::parse(Value::Object(sealed.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()))?;
    let key = state.secure.client_keys.find(&state.base, envelope.key_id()).await?.ok_or(Refusal::UnknownKey)?;
    let now_ms = state.base.clock.now_ms();
    let tolerance_ms = i64::try_from(config.window.as_millis()).unwrap_or(i64::MAX);
    let call = envelope.open(&key.key, target, TimeWindow { now_ms, tolerance_ms })?;
    // Only now: before, anyone could try out whose key it is.
    let builds = check_client(config, facts, &key, &secured)?;
    let counter = asserted(&builds, &key, &call)?;
    let sealed = Sealed {
        key_id: key.key.id(),
        request_id: call.request_id(),
        nonce: call.nonce(),
        timestamp_ms: call.timestamp_ms(),
        tolerance_ms,
    };
    let freshness = state.secure.replays.admit(&state.base, sealed).await?;
    let call = call.admit(freshness)?;
    if let Some(counter) = counter
        && !state.base.store.raise_assertion_counter(key.key.id(), counter).await?
    {
        return Err(Refusal::CounterMismatch.into());
    }
    let Ok(Value::Object(inside)) = serde_json::from_str(&call.content) else { return Err(Refusal::Malformed.into()) };
    secured.secret_type = call.secret_type;
    secured.verified = Some(VerifiedClient::new(&key.app_id, key.platform, key.version, &key.device_id, key.level.into()));
    Ok(Admitted { args: put_inside(args, inside), secured, seal: Seal::Open(Box::new(call), key) })
}

/// The counter of the call's assertion, if it has one: by whichever of the builds it fits.
fn asserted(builds: &[&Entry], key: &ActiveKey, call: &AuthenticCall) -> Result<Option<u32>, Refusal> {
    if !call.has_assertion() && builds.iter().any(|build| !build.asserts) {
        return Ok(None);
    }
    let mut refusal = Refusal::AssertionMissing;
    for build in builds {
        let (Some(attested), Identity::Apple(rule)) = (&key.app_attest, &build.identity) else { continue };
        match call.verify_assertion(attested, rule) {
            Ok(counter) => return Ok(Some(counter)),
            Err(reason) => refusal = reason,
        }
    }
    Err(refusal)
}

/// Whether the key's client is the one that calls, and is still registered as it was at the handshake: as which builds.
fn check_client<'c>(
    config: &'c SecureNetworkConfig,
    facts: &ClientFacts<'_>,
    key: &ActiveKey,
    secured: &Secured,
) -> Result<Vec<&'c Entry>, Refusal> {
    if facts.app_id != key.app_id {
        return Err(Refusal::AppIdMismatch);
    }
    if facts.device_id != key.device_id {
        return Err(Refusal::DeviceIdMismatch);
    }
    if facts.platform != Some(key.platform) {
        return Err(Refusal::PlatformMismatch);
    }
    if key.platform == Platform::Web && secured.origin.as_deref() != Some(key.package.as_str()) {
        return Err(Refusal::PackageMismatch);
    }
    let app = config.app(&key.app_id).ok_or(Refusal::AppNotRegistered)?;
    let is_it = |entry: &&Entry| entry.package() == key.package && entry.version == key.version;
    let mut builds: Vec<&Entry> = app.entries(key.platform).filter(is_it).collect();
    if builds.is_empty() {
        return Err(Refusal::PackageMismatch);
    }
    // The rules have become stricter since the handshake: another one shows whether the client can keep to them.
    let suffices = |required: EvidenceLevel| required == EvidenceLevel::Keyed || key.level == EvidenceLevel::Attested;
    builds.retain(|build| suffices(build.require));
    if builds.is_empty() { Err(Refusal::UnknownKey) } else { Ok(builds) }
}

/// A mini program's envelope.
async fn open_weixin(
    state: &State,
    config: &SecureNetworkConfig,
    facts: &ClientFacts<'_>,
    info: &Value,
    mut secured: Secured,
    mut args: Map<String, Value>,
    options: Value,
) -> Result<Admitted, Refused> {
    let Value::Object(options) = options else { return Err(Refusal::Malformed.into()) };
    let outside = Map::from_iter(args.remove_entry("uniIdToken"));
    let now_ms = state.base.clock.now_ms();
    let names_user = ["mpWeixinCode", "mpWeixinOpenid"].iter().any(|name| options.get(*name).is_some_and(|value| !value.is_null()));
    let uid = match outside.get("uniIdToken").and_then(Value::as_str) {
        Some(token) if !names_user => present_uid(state, info, token).await?,
        _ => None,
    };
    let opened = weixin::open(&BridgeKeys(state), config, now_ms, facts, &options, uid.as_deref(), args).await?;
    secured.secret_type = opened.secret_type;
    secured.verified = opened.verified;
    let seal = if opened.secret_type == SecretType::None { Seal::None } else { Seal::Weixin(opened.key, opened.secret_type) };
    Ok(Admitted { args: put_inside(outside, opened.args), secured, seal })
}

/// Whose token it is, if it holds; 70005 if there is no such account any more.
async fn present_uid(state: &State, info: &Value, token: &str) -> Result<Option<String>, Refusal> {
    let call = Call {
        function: String::new(),
        method: String::new(),
        params: None,
        client_info: info.clone().into(),
        token: Some(token.to_owned()),
        source: Source::Client,
        ip: String::new(),
        user_agent: String::new(),
        request_id: String::new(),
        secured: Secured::default(),
        signed: None,
    };
    match present_user(state, &call).await {
        (_, Some(Code::AccountNotExists)) => Err(Refusal::AccountMissing),
        (user, _) => Ok(user.get("uid").and_then(Value::as_str).map(str::to_owned)),
    }
}

/// The arguments that were inside, with what may stand outside of the seal: the token, unless there is one inside.
fn put_inside(mut outside: Map<String, Value>, mut inside: Map<String, Value>) -> Map<String, Value> {
    if let Some(token) = outside.remove("uniIdToken") {
        inside.entry("uniIdToken").or_insert(token);
    }
    inside
}

impl Admitted {
    /// The reply to this call. Results with an error go out as they are, so that every client can read them.
    ///
    /// # Errors
    /// If sealing fails.
    pub fn seal(&self, state: &State, result: Value) -> Result<Value, Error> {
        let is_error = result.get("errCode").is_some_and(is_truthy);
        if is_error {
            return Ok(result);
        }
        let unfit = |refusal: Refusal| Error::internal(refusal);
        match &self.seal {
            Seal::None => Ok(result),
            Seal::Weixin(_, SecretType::Request) => Ok(with_content(result)),
            Seal::Weixin(key, _) => Ok(with_content(key.seal(&result.to_string()).map_err(unfit)?.into())),
            Seal::Open(call, _) if !call.secret_type.seals_reply() => Ok(result),
            Seal::Open(call, key) => {
                let mut nonce = [0; NONCE_LENGTH];
                state.base.random.fill(&mut nonce);
                Ok(call.seal_reply(&key.key, nonce, &result.to_string()).map_err(unfit)?.into_value())
            }
        }
    }
}

/// A mini program's reply.
fn with_content(content: Value) -> Value {
    Value::Object(Map::from_iter([("errCode".to_owned(), 0.into()), ("content".to_owned(), content)]))
}

/// As JavaScript sees it.
fn is_truthy(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(value) => *value,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(_) | Value::Object(_) => true,
    }
}
