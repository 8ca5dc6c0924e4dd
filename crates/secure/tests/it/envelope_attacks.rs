//! Calls and replies, whole and attacked.

use lingpai_secure::attestation::apple;
use lingpai_secure::client_key::ClientKey;
use lingpai_secure::device_key::{DeviceSigner, SoftwareDeviceKey};
use lingpai_secure::envelope::{Envelope, NewCall, OpenedCall, PendingCall, SecretType, Target};
use lingpai_secure::refusal::Refusal;
use lingpai_secure::replay::{Freshness, ReplayWindow};
use serde_json::{Value, json};

use crate::apple_objects::assertion;
use crate::handshake_attacks::for_each_flip;
use crate::setting::{DAY, NOW, SPACE, Setting, TARGET, at};

const CONTENT: &str = r#"{"method":"pay","params":[{"amount":1,"note":"中文"}]}"#;
const KINDS: [SecretType; 4] = [SecretType::None, SecretType::Request, SecretType::Response, SecretType::Both];

fn call(secret_type: SecretType) -> NewCall<'static> {
    NewCall { secret_type, content: CONTENT, request_id: "request-0001", timestamp_ms: NOW, nonce: [8; 12] }
}

fn sealed(setting: &Setting, key: &ClientKey, call: NewCall<'_>) -> (Value, PendingCall) {
    let (envelope, pending) = Envelope::seal(key, &setting.device, TARGET, call).unwrap();
    (serde_json::to_value(envelope).unwrap(), pending)
}

fn open(value: Value, key: &ClientKey, target: Target<'_>, now_ms: i64) -> Result<OpenedCall, Refusal> {
    Envelope::parse(value)?.open(key, target, at(now_ms))?.admit(Freshness::New)
}

#[test]
fn calls_and_replies_travel_as_chosen() {
    let (setting, client, server) = Setting::keys();
    for kind in KINDS {
        let (value, pending) = sealed(&setting, &client, call(kind));
        assert_eq!(value["content"] == CONTENT, !kind.seals_call(), "{kind:?}");
        let opened = open(value, &server, TARGET, NOW).unwrap();
        assert_eq!((opened.content.as_str(), opened.secret_type, opened.request_id.as_str()), (CONTENT, kind, "request-0001"));
        let reply = opened.seal_reply(&server, [9; 12], r#"{"errCode":0,"ok":true}"#).unwrap();
        let reply = serde_json::to_value(reply).unwrap();
        assert_eq!(pending.open_reply(&client, reply).unwrap(), r#"{"errCode":0,"ok":true}"#);
    }
}

#[test]
fn the_envelope_has_the_documented_shape() {
    let (setting, client, server) = Setting::keys();
    let (value, _) = sealed(&setting, &client, call(SecretType::Both));
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&value), ["content", "_uniCloudOptions"]);
    let options = &value["_uniCloudOptions"];
    assert_eq!(keys(options), ["secretType", "encryptKeyId", "v", "nonce", "requestId", "timestamp", "sign"]);
    assert_eq!((&options["secretType"], &options["v"], &options["timestamp"]), (&json!("both"), &json!(1), &json!(NOW)));
    let reply = open(value, &server, TARGET, NOW).unwrap().seal_reply(&server, [9; 12], "{}").unwrap();
    assert_eq!(reply.clone().into_value(), serde_json::to_value(&reply).unwrap());
    let reply = reply.into_value();
    assert_eq!(reply["errCode"], 0);
    assert_eq!(keys(&reply["_uniCloudOptions"]), ["v", "nonce", "requestId"]);
}

#[test]
fn no_bit_of_a_call_can_be_flipped() {
    let (setting, client, server) = Setting::keys();
    for kind in KINDS {
        let json = sealed(&setting, &client, call(kind)).0.to_string();
        for_each_flip(&json, |flipped| {
            let Ok(value) = serde_json::from_str::<Value>(flipped) else { return };
            assert!(open(value, &server, TARGET, NOW).is_err(), "{flipped}");
        });
    }
}

#[test]
fn no_bit_of_a_reply_can_be_flipped() {
    let (setting, client, server) = Setting::keys();
    let (value, pending) = sealed(&setting, &client, call(SecretType::Both));
    let reply = open(value, &server, TARGET, NOW).unwrap().seal_reply(&server, [9; 12], r#"{"errCode":0}"#).unwrap();
    for_each_flip(&serde_json::to_string(&reply).unwrap(), |flipped| {
        let Ok(value) = serde_json::from_str::<Value>(flipped) else { return };
        assert!(pending.open_reply(&client, value).is_err(), "{flipped}");
    });
}

#[test]
fn a_call_for_another_function_or_space_is_refused() {
    let (setting, client, server) = Setting::keys();
    for kind in KINDS {
        let expected = if kind.seals_call() { Refusal::CannotOpen } else { Refusal::BadSignature };
        for target in [Target { space_id: SPACE, function: "refund" }, Target { space_id: "space-2", function: "order" }] {
            let (value, _) = sealed(&setting, &client, call(kind));
            assert_eq!(open(value, &server, target, NOW).unwrap_err(), expected, "{kind:?}");
        }
    }
}

#[test]
fn the_secret_type_cannot_be_changed_on_the_way() {
    let (setting, client, server) = Setting::keys();
    for kind in KINDS {
        for other in KINDS.into_iter().filter(|other| *other != kind) {
            let (mut value, _) = sealed(&setting, &client, call(kind));
            value["_uniCloudOptions"]["secretType"] = json!(other);
            assert!(open(value, &server, TARGET, NOW).is_err(), "{kind:?} as {other:?}");
        }
    }
}

#[test]
fn a_reply_to_another_call_is_refused() {
    let (setting, client, server) = Setting::keys();
    let (first, first_pending) = sealed(&setting, &client, call(SecretType::Both));
    let second_call = NewCall { request_id: "request-0002", nonce: [10; 12], ..call(SecretType::Both) };
    let (second, second_pending) = sealed(&setting, &client, second_call);
    let reply = |value, nonce| {
        let opened = open(value, &server, TARGET, NOW).unwrap();
        serde_json::to_value(opened.seal_reply(&server, nonce, "{}").unwrap()).unwrap()
    };
    let (first, second) = (reply(first, [1; 12]), reply(second, [2; 12]));
    assert_eq!(first_pending.open_reply(&client, second.clone()), Err(Refusal::CannotOpen));
    // Not even under the other call's id.
    let mut relabelled = second.clone();
    relabelled["_uniCloudOptions"]["requestId"] = json!("request-0001");
    assert_eq!(first_pending.open_reply(&client, relabelled), Err(Refusal::CannotOpen));
    assert!(first_pending.open_reply(&client, first).is_ok());
    assert!(second_pending.open_reply(&client, second).is_ok());
}

#[test]
fn a_request_id_that_is_used_again_gets_a_reply_of_its_own() {
    // A client that repeats its id: the call's nonce still tells the replies apart.
    let (setting, client, server) = Setting::keys();
    let (first, _) = sealed(&setting, &client, call(SecretType::Both));
    let (_, second_pending) = sealed(&setting, &client, NewCall { nonce: [10; 12], ..call(SecretType::Both) });
    let reply = open(first, &server, TARGET, NOW).unwrap().seal_reply(&server, [1; 12], "{}").unwrap();
    assert_eq!(second_pending.open_reply(&client, serde_json::to_value(reply).unwrap()), Err(Refusal::CannotOpen));
}

#[test]
fn a_reply_in_the_clear_is_not_taken_for_a_sealed_one() {
    let (setting, client, _) = Setting::keys();
    let (value, pending) = sealed(&setting, &client, call(SecretType::Both));
    for reply in [json!({"errCode": 0, "content": {"ok": true}}), json!({"errCode": 0, "content": "e30="}), json!(null)] {
        assert_eq!(pending.open_reply(&client, reply), Err(Refusal::ReplyNotSealed));
    }
    // Nor the call itself, reflected.
    assert!(pending.open_reply(&client, value).is_err());
}

#[test]
fn a_replayed_call_is_refused() {
    let (setting, client, server) = Setting::keys();
    let mut window = ReplayWindow::new(60_000, 100);
    let mut send = |value: Value, now_ms| {
        let authentic = Envelope::parse(value)?.open(&server, TARGET, at(now_ms))?;
        let freshness = window.admit(server.id(), authentic.request_id(), authentic.timestamp_ms(), now_ms);
        authentic.admit(freshness).map(|_| ())
    };
    let (value, _) = sealed(&setting, &client, call(SecretType::Both));
    assert_eq!(send(value.clone(), NOW), Ok(()));
    assert_eq!(send(value.clone(), NOW), Err(Refusal::Replayed));
    assert_eq!(send(value.clone(), NOW + 60_000), Err(Refusal::Replayed));
    assert_eq!(send(value, NOW + 60_001).unwrap_err().code().number(), 70001);
    // The same nonce under another request id is the client's mistake, not an attack; the id is what counts.
    let (value, _) = sealed(&setting, &client, NewCall { request_id: "request-0002", ..call(SecretType::Both) });
    assert_eq!(send(value, NOW), Ok(()));
}

#[test]
fn a_nonce_of_another_call_opens_nothing() {
    let (setting, client, server) = Setting::keys();
    let (mut first, _) = sealed(&setting, &client, call(SecretType::Both));
    let (second, _) = sealed(&setting, &client, NewCall { nonce: [10; 12], ..call(SecretType::Both) });
    first["_uniCloudOptions"]["nonce"] = second["_uniCloudOptions"]["nonce"].clone();
    assert_eq!(open(first, &server, TARGET, NOW).unwrap_err(), Refusal::CannotOpen);
    let (mut plain, _) = sealed(&setting, &client, call(SecretType::None));
    plain["_uniCloudOptions"]["nonce"] = second["_uniCloudOptions"]["nonce"].clone();
    assert_eq!(open(plain, &server, TARGET, NOW).unwrap_err(), Refusal::BadSignature);
}

#[test]
fn a_stolen_client_key_is_useless_without_the_device() {
    let (mut setting, client, server) = Setting::keys();
    setting.device = SoftwareDeviceKey::from_secret(&[7; 32]).unwrap();
    for kind in KINDS {
        let (value, _) = sealed(&setting, &client, call(kind));
        assert_eq!(open(value, &server, TARGET, NOW).unwrap_err(), Refusal::BadSignature);
    }
}

#[test]
fn keys_expire_and_are_not_interchangeable() {
    let (setting, client, server) = Setting::keys();
    let late = NewCall { timestamp_ms: NOW + DAY, ..call(SecretType::Both) };
    let (value, _) = sealed(&setting, &client, late);
    assert_eq!(open(value, &server, TARGET, NOW + DAY).unwrap_err(), Refusal::ExpiredKey);
    assert_eq!(Refusal::ExpiredKey.code().number(), 70009);
    let other = ClientKey::derive("other", &[1; 32], *server.device(), NOW + DAY).unwrap();
    let (value, _) = sealed(&setting, &client, call(SecretType::Both));
    assert_eq!(open(value, &other, TARGET, NOW).unwrap_err(), Refusal::UnknownKey);
    let same_id = ClientKey::derive(server.id(), &[1; 32], *server.device(), NOW + DAY).unwrap();
    let (value, _) = sealed(&setting, &client, call(SecretType::Both));
    assert_eq!(open(value, &same_id, TARGET, NOW).unwrap_err(), Refusal::CannotOpen);
}

#[test]
fn the_clock_is_checked_in_both_directions() {
    let (setting, client, server) = Setting::keys();
    for (now_ms, passes) in [(NOW - 60_001, false), (NOW - 60_000, true), (NOW + 60_000, true), (NOW + 60_001, false)] {
        let (value, _) = sealed(&setting, &client, call(SecretType::Both));
        let expected = if passes { None } else { Some(Refusal::ClockSkew) };
        assert_eq!(open(value, &server, TARGET, now_ms).err(), expected);
    }
}

#[test]
fn shapes_that_are_no_envelope_are_refused() {
    let (setting, client, _) = Setting::keys();
    let (good, _) = sealed(&setting, &client, call(SecretType::Both));
    let with = |key: &str, value: Value| {
        let mut changed = good.clone();
        changed["_uniCloudOptions"][key] = value;
        Envelope::parse(changed).err()
    };
    assert_eq!(with("v", json!(2)), Some(Refusal::Malformed));
    assert_eq!(with("secretType", json!("all")), Some(Refusal::Malformed));
    assert_eq!(with("timestamp", json!("1")), Some(Refusal::Malformed));
    assert_eq!(with("encryptKeyId", json!("")), Some(Refusal::Malformed));
    assert_eq!(with("encryptKeyId", json!("k".repeat(65))), Some(Refusal::Malformed));
    assert_eq!(with("requestId", json!("short")), Some(Refusal::Malformed));
    assert_eq!(with("sign", json!(null)), Some(Refusal::SignatureMissing));
    assert_eq!(Envelope::parse(json!({"a": 1})).err(), Some(Refusal::SignatureMissing));
    assert_eq!(Refusal::SignatureMissing.code().number(), 70008);
}

#[test]
fn an_assertion_holds_for_its_call_only() {
    let (setting, client, server) = Setting::keys();
    let rule = apple::Rule { team_id: "ABCDE12345".into(), bundle_id: "com.example.demo".into(), development: false };
    let app_attest = SoftwareDeviceKey::from_secret(&[8; 32]).unwrap();
    let key_id = apple::client_data_hash(app_attest.public_key().as_bytes());
    let attested = |counter| apple::AttestedKey { key_id, public_key: app_attest.public_key(), counter };
    let open = |envelope: Envelope| Envelope::parse(serde_json::to_value(envelope).unwrap())?.open(&server, TARGET, at(NOW));
    for kind in KINDS {
        let (envelope, pending) = Envelope::seal(&client, &setting.device, TARGET, call(kind)).unwrap();
        let object = assertion(&rule, &app_attest, 5, pending.client_data_hash());
        let opened = open(envelope.clone().with_assertion(&object)).unwrap();
        assert!(opened.has_assertion());
        assert_eq!(opened.verify_assertion(&attested(4), &rule), Ok(5));
        assert_eq!(opened.verify_assertion(&attested(5), &rule), Err(Refusal::CounterMismatch));
        let without = open(envelope.clone()).unwrap();
        assert!(!without.has_assertion());
        assert_eq!(without.verify_assertion(&attested(4), &rule), Err(Refusal::AssertionMissing));
        // The same assertion under another call, of the same arguments even.
        let other = NewCall { request_id: "request-0002", ..call(kind) };
        let (other, _) = Envelope::seal(&client, &setting.device, TARGET, other).unwrap();
        assert_eq!(open(other.with_assertion(&object)).unwrap().verify_assertion(&attested(4), &rule), Err(Refusal::BadSignature));
        assert_eq!(open(envelope.with_assertion(&[0; 3000])).unwrap_err(), Refusal::Malformed);
    }
}
