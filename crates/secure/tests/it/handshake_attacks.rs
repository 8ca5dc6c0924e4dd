//! The handshake, whole and attacked.

use lingpai_secure::attestation::android;
use lingpai_secure::device_key::{DeviceSigner, SoftwareDeviceKey};
use lingpai_secure::handshake::{Answer, Evidence, EvidenceLevel, Hello, Request, binding, server};
use lingpai_secure::refusal::Refusal;
use lingpai_secure::space_key::SpaceKey;

use crate::apple_objects::Making;
use crate::setting::{APP, CHALLENGE, DAY, DEVICE, NOW, SPACE, Setting, at};

fn refusal(setting: &mut Setting, hello: &Hello) -> Refusal {
    setting.shake_hands(hello).err().unwrap()
}

#[test]
fn an_attested_android_client_gets_a_key() {
    let mut setting = Setting::new();
    let hello = setting.hello();
    let (client, server, record) = setting.shake_hands(&hello).unwrap();
    assert_eq!(record.level, EvidenceLevel::Attested);
    assert_eq!((record.app_id.as_str(), record.device_id.as_str()), (APP, DEVICE));
    assert_eq!((client.id(), server.id()), ("05".repeat(16).as_str(), "05".repeat(16).as_str()));
    assert!(!format!("{record:?}").contains("secret"));
}

#[test]
fn an_attested_apple_client_gets_a_key() {
    let mut setting = Setting::new();
    let app_attest_key = SoftwareDeviceKey::from_secret(&[8; 32]).unwrap();
    let hash = binding(&CHALLENGE, Some(&setting.device.public_key()), APP, DEVICE);
    let making = Making::new(setting.apple_rules[0].clone());
    let (attestation, key_id) = making.object(&setting.apple_root, &app_attest_key, &hash);
    let hello = Hello { evidence: Evidence::Apple { key_id, attestation }, platform: "ios".into(), ..setting.hello() };
    let (_, _, record) = setting.shake_hands(&hello).unwrap();
    assert_eq!(record.apple_key.unwrap().key_id, key_id);

    // The same evidence for another device key.
    let mut setting =
        Setting { device: SoftwareDeviceKey::from_secret(&[7; 32]).unwrap(), apple_roots: setting.apple_roots, ..Setting::new() };
    assert_eq!(refusal(&mut setting, &hello), Refusal::ChallengeMismatch);
}

#[test]
fn without_evidence_the_rule_decides() {
    let mut setting = Setting::new();
    let hello = setting.plain_hello();
    assert_eq!(refusal(&mut setting, &hello), Refusal::EvidenceMissing);
    let mut setting = Setting { require: EvidenceLevel::Keyed, ..Setting::new() };
    assert_eq!(setting.shake_hands(&hello).unwrap().2.level, EvidenceLevel::Keyed);
}

#[test]
fn wrong_evidence_is_refused_even_where_none_is_required() {
    let mut setting = Setting { require: EvidenceLevel::Keyed, ..Setting::new() };
    let hello = setting.hello();
    setting.android_rules[0].cert_sha256 = vec![[1; 32]];
    assert_eq!(refusal(&mut setting, &hello), Refusal::CertificateMismatch);
}

#[test]
fn a_development_build_does_not_pass_a_production_rule() {
    let mut setting = Setting::new();
    let mut description = setting.description();
    description.signers = vec![[0xde; 32]];
    description.boot = Some((false, 2));
    let hello = Hello { evidence: Evidence::Android(setting.android_chain(&description)), ..setting.hello() };
    assert_eq!(refusal(&mut setting, &hello), Refusal::CertificateMismatch);
    // With a development entry beside the production one it does.
    let mut setting = Setting { android_roots: setting.android_roots, ..Setting::new() };
    let production = setting.android_rules[0].clone();
    setting.android_rules.push(android::Rule { cert_sha256: vec![[0xde; 32]], development: true, ..production });
    assert!(setting.shake_hands(&hello).is_ok());
}

#[test]
fn evidence_for_another_challenge_device_or_application_is_refused() {
    let setting = Setting::new();
    let roots = setting.android_roots.clone();
    for challenge in [
        binding(&[0; 32], None, APP, DEVICE),
        binding(&CHALLENGE, None, APP, "other"),
        binding(&CHALLENGE, None, "other", DEVICE),
        binding(&CHALLENGE, Some(&setting.device.public_key()), APP, DEVICE),
    ] {
        let mut description = setting.description();
        description.challenge = challenge.to_vec();
        let hello = Hello { evidence: Evidence::Android(setting.android_chain(&description)), ..setting.hello() };
        let mut setting = Setting { android_roots: roots.clone(), ..Setting::new() };
        assert_eq!(refusal(&mut setting, &hello), Refusal::ChallengeMismatch);
    }
    // Stolen evidence: the attested key is another device's.
    let mut thief = Setting { android_roots: roots, device: SoftwareDeviceKey::from_secret(&[7; 32]).unwrap(), ..Setting::new() };
    assert_eq!(refusal(&mut thief, &setting.hello()), Refusal::AttestedKeyMismatch);
}

#[test]
fn the_package_and_the_platform_must_be_registered() {
    let mut setting = Setting::new();
    let hello = setting.hello();
    assert_eq!(refusal(&mut setting, &Hello { package: "com.example.other".into(), ..hello.clone() }), Refusal::PackageMismatch);
    let mut setting = Setting::new();
    assert_eq!(refusal(&mut setting, &Hello { platform: "ios".into(), ..hello }), Refusal::PlatformMismatch);
}

#[test]
fn without_evidence_the_claimed_package_must_be_registered_too() {
    for platform in ["android", "ios"] {
        let hello = |setting: &Setting| Hello { platform: platform.into(), ..setting.plain_hello() };
        let mut setting = Setting { require: EvidenceLevel::Keyed, ..Setting::new() };
        let registered = hello(&setting);
        assert!(setting.shake_hands(&registered).is_ok());
        let mut setting = Setting { require: EvidenceLevel::Keyed, ..Setting::new() };
        let other = Hello { package: "com.example.other".into(), ..registered };
        assert_eq!(refusal(&mut setting, &other), Refusal::PackageMismatch);
    }
}

#[test]
fn names_that_are_too_long_to_store_are_refused() {
    let mut setting = Setting { require: EvidenceLevel::Keyed, ..Setting::new() };
    let hello = Hello { app_version: "1".repeat(257), ..setting.plain_hello() };
    assert_eq!(refusal(&mut setting, &hello), Refusal::Malformed);
}

#[test]
fn a_hello_is_good_once() {
    let mut setting = Setting::new();
    let (request, _) = setting.start(&setting.hello());
    assert!(setting.receive(&request).is_ok());
    assert_eq!(setting.receive(&request).unwrap_err(), Refusal::UnknownChallenge);
}

#[test]
fn a_challenge_of_another_hello_does_not_help() {
    let mut setting = Setting::new();
    setting.challenges.issue([1; 32], NOW);
    let other = setting.challenges.take(&[1; 32], NOW).unwrap();
    let (request, _) = setting.start(&setting.hello());
    let opened = server::open(&request, SPACE, &setting.space_keys, at(NOW)).unwrap();
    assert_eq!(opened.spend(other).unwrap_err(), Refusal::UnknownChallenge);
}

#[test]
fn what_is_said_in_the_clear_must_be_what_is_sealed() {
    let setting = Setting::new();
    let (request, _) = setting.start(&setting.hello());
    let opened = server::open(&request, SPACE, &setting.space_keys, at(NOW)).unwrap();
    assert_eq!(opened.matches(APP, DEVICE), Ok(()));
    assert_eq!(opened.matches("other", DEVICE).unwrap_err().code().number(), 70002);
    assert_eq!(opened.matches(APP, "other").unwrap_err().code().number(), 70003);
}

#[test]
fn space_keys_have_their_time_and_space() {
    let setting = Setting::new();
    let (request, _) = setting.start(&setting.hello());
    let open = |space, keys: &[SpaceKey], now_ms| server::open(&request, space, keys, at(now_ms)).unwrap_err();
    assert_eq!(open(SPACE, &setting.space_keys, NOW + DAY), Refusal::ExpiredSpaceKey);
    assert_eq!(open(SPACE, &[], NOW), Refusal::UnknownSpaceKey);
    assert_eq!(open(SPACE, &[SpaceKey::new(&[9; 32], 0, i64::MAX).unwrap()], NOW), Refusal::UnknownSpaceKey);
    assert_eq!(open("other", &setting.space_keys, NOW), Refusal::CannotOpen);
    assert_eq!(open(SPACE, &setting.space_keys, NOW + 60_001), Refusal::ClockSkew);
}

#[test]
fn a_client_must_hold_the_device_key_it_names() {
    /// Names one key and signs with another.
    struct Impostor(SoftwareDeviceKey, SoftwareDeviceKey);
    impl DeviceSigner for Impostor {
        fn public_key(&self) -> lingpai_secure::device_key::DevicePublicKey {
            self.0.public_key()
        }
        fn sign(&self, message: &[u8]) -> Result<[u8; 64], Refusal> {
            self.1.sign(message)
        }
    }
    let setting = Setting::new();
    let impostor = Impostor(SoftwareDeviceKey::from_secret(&[3; 32]).unwrap(), SoftwareDeviceKey::from_secret(&[7; 32]).unwrap());
    let key = setting.identity.sign(SPACE, &setting.space_keys[0]).verify(setting.identity.public_key(), SPACE, NOW).unwrap();
    let (request, _) = lingpai_secure::handshake::client::start(SPACE, &key, &setting.hello(), &impostor, &[4; 32]).unwrap();
    assert_eq!(server::open(&request, SPACE, &setting.space_keys, at(NOW)).unwrap_err(), Refusal::BadSignature);
}

#[test]
fn no_bit_of_request_or_answer_can_be_flipped() {
    let mut setting = Setting { require: EvidenceLevel::Keyed, ..Setting::new() };
    let (request, _) = setting.start(&setting.plain_hello());
    let json = serde_json::to_string(&request).unwrap();
    for_each_flip(&json, |flipped| {
        let Ok(request) = serde_json::from_str::<Request>(flipped) else { return };
        assert!(server::open(&request, SPACE, &setting.space_keys, at(NOW)).is_err(), "{flipped}");
    });
    let (answer, _) = setting.receive(&request).unwrap().answer([5; 16], NOW + DAY, [6; 12]).unwrap();
    let json = serde_json::to_string(&answer).unwrap();
    for_each_flip(&json, |flipped| {
        let Ok(answer) = serde_json::from_str::<Answer>(flipped) else { return };
        let (_, awaiting) = setting.start(&setting.plain_hello());
        assert!(awaiting.finish(&answer).is_err(), "{flipped}");
    });
    assert!(setting.start(&setting.plain_hello()).1.finish(&answer).is_ok());
}

/// Every text that differs in one bit and is still UTF-8.
pub fn for_each_flip(text: &str, mut check: impl FnMut(&str)) {
    for bit in 0..text.len() * 8 {
        let mut bytes = text.as_bytes().to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        if let Ok(flipped) = String::from_utf8(bytes) {
            check(&flipped);
        }
    }
}

#[test]
fn an_answer_to_another_hello_is_refused() {
    let mut setting = Setting { require: EvidenceLevel::Keyed, ..Setting::new() };
    let (request, _) = setting.start(&setting.plain_hello());
    let (answer, _) = setting.receive(&request).unwrap().answer([5; 16], NOW + DAY, [6; 12]).unwrap();
    let key = setting.identity.sign(SPACE, &setting.space_keys[0]).verify(setting.identity.public_key(), SPACE, NOW).unwrap();
    let (_, other) = lingpai_secure::handshake::client::start(SPACE, &key, &setting.plain_hello(), &setting.device, &[0x44; 32]).unwrap();
    assert_eq!(other.finish(&answer).err(), Some(Refusal::CannotOpen));
}

#[test]
fn oversized_hellos_are_refused_before_decoding() {
    let setting = Setting::new();
    let (mut request, _) = setting.start(&setting.hello());
    request.content = "A".repeat(200_000);
    assert_eq!(server::open(&request, SPACE, &setting.space_keys, at(NOW)).unwrap_err(), Refusal::Malformed);
}
