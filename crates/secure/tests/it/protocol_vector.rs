//! A whole run of the open protocol, pinned: clients in other languages test against the same file.

use lingpai_secure::attestation::{Revocations, Roots};
use lingpai_secure::device_key::{DeviceSigner, SoftwareDeviceKey};
use lingpai_secure::envelope::{Envelope, NewCall, SecretType, Target};
use lingpai_secure::handshake::challenge::TakenChallenge;
use lingpai_secure::handshake::{EvidenceLevel, EvidencePolicy, Request, binding, server};
use lingpai_secure::replay::Freshness;
use lingpai_secure::space_key::{PublishedKeys, SpaceIdentity, SpaceKey};
use serde_json::Value;

use crate::setting::at;
use crate::{hex, vector};

fn array<const N: usize>(value: &Value) -> [u8; N] {
    hex(value.as_str().unwrap()).try_into().unwrap()
}

#[test]
fn the_pinned_run_still_works_and_gives_the_same_bytes() {
    let run: Value = serde_json::from_str(&vector("protocol-v1.json")).unwrap();
    let (space, now) = (run["spaceId"].as_str().unwrap(), run["now"].as_i64().unwrap());
    let target = Target { space_id: space, function: run["function"].as_str().unwrap() };

    let identity = SpaceIdentity::from_seed(&array(&run["identitySeed"])).unwrap();
    let statement = &run["published"]["keys"][0];
    let validity = |name: &str| statement[name].as_i64().unwrap();
    let keys = [SpaceKey::new(&array(&run["spaceKeySecret"]), validity("notBefore"), validity("notAfter")).unwrap()];
    let published = PublishedKeys::publish(&identity, space, &keys);
    assert_eq!(serde_json::to_value(published).unwrap(), run["published"]);

    let device = SoftwareDeviceKey::from_secret(&array(&run["deviceKeySecret"])).unwrap();
    let challenge = array(&run["hello"]["challenge"]);
    let (app, id) = (run["hello"]["appId"].as_str().unwrap(), run["hello"]["deviceId"].as_str().unwrap());
    assert_eq!(binding(&challenge, Some(&device.public_key()), app, id), array(&run["binding"]));
    assert_eq!(binding(&challenge, None, app, id), array(&run["bindingWithoutDeviceKey"]));

    let request: Request = serde_json::from_value(run["request"].clone()).unwrap();
    let none = Roots::from_ders(vec![]).unwrap();
    let policy = EvidencePolicy {
        require: EvidenceLevel::Keyed,
        android: &[],
        apple: &[],
        android_roots: &none,
        apple_roots: &none,
        revocations: &Revocations::default(),
        now_ms: now,
    };
    let opened = server::open(&request, space, &keys, at(now)).unwrap();
    let challenged = opened.spend(TakenChallenge::removed_from_shared_memory(challenge)).unwrap();
    let accepted = challenged.accept(&policy).unwrap();
    let (answer, record) = accepted.answer([0x66; 16], now + 86_400_000, array(&run["answerNonce"])).unwrap();
    assert_eq!(serde_json::to_value(answer).unwrap(), run["answer"]);
    assert_eq!(*record.secret, array(&run["clientKeySecret"]));

    let key = record.client_key().unwrap();
    for call in run["calls"].as_array().unwrap() {
        let options = &call["envelope"]["_uniCloudOptions"];
        let secret_type: SecretType = serde_json::from_value(options["secretType"].clone()).unwrap();
        let opened = Envelope::parse(call["envelope"].clone()).unwrap().open(&key, target, at(now)).unwrap();
        let opened = opened.admit(Freshness::New).unwrap();
        assert_eq!(opened.content, run["content"]);
        let again = NewCall {
            secret_type,
            content: run["content"].as_str().unwrap(),
            request_id: &opened.request_id,
            timestamp_ms: now,
            nonce: crate::base64(options["nonce"].as_str().unwrap()).try_into().unwrap(),
        };
        let (again, pending) = Envelope::seal(&key, &device, target, again).unwrap();
        // The signature differs from run to run, the content does not.
        assert_eq!(serde_json::to_value(again).unwrap()["content"], call["envelope"]["content"]);
        if secret_type.seals_reply() {
            let reply = opened.seal_reply(&key, array(&call["replyNonce"]), run["result"].as_str().unwrap()).unwrap();
            assert_eq!(serde_json::to_value(reply).unwrap(), call["reply"]);
            assert_eq!(pending.open_reply(&key, call["reply"].clone()).unwrap(), run["result"].as_str().unwrap());
        }
    }
}
