//! Each single thing that is wrong, refused for its own reason.

use lingpai_webauthn::{
    AuthenticatorState, Refusal, RelyingParty, UserVerification,
    authentication::{Assertion, RegisteredCredential},
    encode,
    options::{self, NewUser},
    registration::{self, NewCredential},
    software::{Behaviour, SoftwareAuthenticator},
};
use serde_json::{Value, json};

const ORIGIN: &str = "https://id.example.org";
const CHALLENGE: [u8; 32] = [7; 32];
const HANDLE: [u8; 32] = [9; 32];

fn party() -> RelyingParty {
    RelyingParty {
        id: "example.org".into(),
        origins: vec![ORIGIN.into(), "android:apk-key-hash:abc".into()],
        user_verification: UserVerification::Required,
    }
}

fn creation() -> Value {
    options::creation(&party(), "Example", NewUser { handle: &HANDLE, name: "alice", display_name: "Alice" }, &CHALLENGE, 300_000, &[])
}

fn request() -> Value {
    options::request(&party(), &CHALLENGE, 300_000)
}

fn register(change: impl FnOnce(&mut Behaviour)) -> Result<NewCredential, Refusal> {
    let mut authenticator = SoftwareAuthenticator::new(ORIGIN);
    change(&mut authenticator.behaviour);
    registration::verify(&party(), &CHALLENGE, &authenticator.create(&creation()))
}

fn use_after(change: impl FnOnce(&mut Behaviour)) -> Result<AuthenticatorState, Refusal> {
    let mut authenticator = SoftwareAuthenticator::new(ORIGIN);
    let made = registration::verify(&party(), &CHALLENGE, &authenticator.create(&creation())).unwrap();
    change(&mut authenticator.behaviour);
    let stored = RegisteredCredential { public_key: &made.public_key, user_handle: &HANDLE, backup_eligible: made.state.backup_eligible };
    Assertion::parse(&authenticator.get(&request()))?.verify(&party(), &CHALLENGE, stored)
}

#[test]
fn what_is_right_is_told() {
    let made = register(|_| ()).unwrap();
    assert_eq!((made.id.len(), made.transports), (32, vec!["hybrid".to_owned(), "internal".to_owned()]));
    let state = AuthenticatorState { sign_count: 0, user_verified: true, backup_eligible: true, backed_up: true };
    assert_eq!(made.state, state);
    assert_eq!(use_after(|behaviour| behaviour.counter = Some(5)), Ok(AuthenticatorState { sign_count: 5, ..state }));
    // An app of the same party.
    assert_eq!(use_after(|behaviour| behaviour.origin = "android:apk-key-hash:abc".into()), Ok(state));
    // A backup may come and go.
    assert_eq!(use_after(|behaviour| behaviour.backup = (true, false)), Ok(AuthenticatorState { backed_up: false, ..state }));
}

type Change = fn(&mut Behaviour);

const WRONG_IN_BOTH: [(&str, Change, Refusal); 15] = [
    ("another type", |b| b.kind = Some("payment.get"), Refusal::WrongType),
    ("another challenge", |b| b.client_data = json!({"challenge": encode(&[8; 32])}), Refusal::WrongChallenge),
    ("a part of the challenge", |b| b.client_data = json!({"challenge": encode(&[7; 31])}), Refusal::WrongChallenge),
    ("a challenge that is none", |b| b.client_data = json!({"challenge": "?"}), Refusal::WrongChallenge),
    ("another site", |b| b.origin = "https://evil.example".into(), Refusal::WrongOrigin),
    ("a subdomain", |b| b.origin = "https://a.id.example.org".into(), Refusal::WrongOrigin),
    ("another port", |b| b.origin = "https://id.example.org:8443".into(), Refusal::WrongOrigin),
    ("another scheme", |b| b.origin = "http://id.example.org".into(), Refusal::WrongOrigin),
    ("a slash more", |b| b.origin = "https://id.example.org/".into(), Refusal::WrongOrigin),
    ("embedded elsewhere", |b| b.client_data = json!({"crossOrigin": true}), Refusal::CrossOrigin),
    ("a page around it", |b| b.client_data = json!({"topOrigin": "https://evil.example"}), Refusal::CrossOrigin),
    ("another party", |b| b.rp_id = Some("evil.example".into()), Refusal::WrongRelyingParty),
    ("nobody there", |b| b.user_present = false, Refusal::UserNotPresent),
    ("not verified", |b| b.user_verified = false, Refusal::UserNotVerified),
    ("backed up though it cannot be", |b| b.backup = (false, true), Refusal::InconsistentBackup),
];

#[test]
fn each_wrong_thing_is_refused_in_both_ceremonies() {
    for (what, change, refusal) in WRONG_IN_BOTH {
        assert_eq!(register(change).err(), Some(refusal), "registering, {what}");
        assert_eq!(use_after(change).err(), Some(refusal), "using, {what}");
    }
}

#[test]
fn the_ceremonies_do_not_stand_for_each_other() {
    assert_eq!(register(|behaviour| behaviour.kind = Some("webauthn.get")).err(), Some(Refusal::WrongType));
    assert_eq!(use_after(|behaviour| behaviour.kind = Some("webauthn.create")).err(), Some(Refusal::WrongType));
}

#[test]
fn a_use_must_name_its_user_and_keep_its_nature() {
    assert_eq!(use_after(|behaviour| behaviour.tells_user = false).err(), Some(Refusal::WrongUserHandle));
    assert_eq!(use_after(|behaviour| behaviour.backup = (false, false)).err(), Some(Refusal::InconsistentBackup));
    let mut one = SoftwareAuthenticator::new(ORIGIN);
    let made = registration::verify(&party(), &CHALLENGE, &one.create(&creation())).unwrap();
    let stored = |handle: &'static [u8]| RegisteredCredential { public_key: &made.public_key, user_handle: handle, backup_eligible: true };
    let answered = Assertion::parse(&one.get(&request())).unwrap();
    assert_eq!(answered.verify(&party(), &CHALLENGE, stored(&[1; 32])).err(), Some(Refusal::WrongUserHandle));
    assert!(answered.verify(&party(), &CHALLENGE, stored(&HANDLE)).is_ok());
    // Another credential's key.
    let other = registration::verify(&party(), &CHALLENGE, &one.create(&creation())).unwrap();
    let wrong = RegisteredCredential { public_key: &other.public_key, user_handle: &HANDLE, backup_eligible: true };
    assert_eq!(answered.verify(&party(), &CHALLENGE, wrong).err(), Some(Refusal::WrongSignature));
}

#[test]
fn attestation_is_read_for_its_shape_only() {
    // fido-u2f with a certificate, of which nothing is true.
    let statement = b"\xa2\x63sig\x42\x00\x01\x63x5c\x81\x43abc".to_vec();
    assert!(register(|behaviour| behaviour.attestation = ("fido-u2f", statement)).is_ok());
    for (what, format, statement) in [
        ("none with a statement", "none", b"\xa1\x63alg\x26".to_vec()),
        ("a statement that is no map", "packed", b"\x80".to_vec()),
        ("a statement that is cut off", "packed", b"\xa2\x63alg\x26".to_vec()),
    ] {
        assert_eq!(register(|behaviour| behaviour.attestation = (format, statement)).err(), Some(Refusal::Malformed), "{what}");
    }
}

#[test]
fn what_is_no_credential_is_refused() {
    let good = SoftwareAuthenticator::new(ORIGIN).create(&creation());
    let with = |change: &dyn Fn(&mut Value)| {
        let mut bad = good.clone();
        change(&mut bad);
        registration::verify(&party(), &CHALLENGE, &bad).err()
    };
    assert_eq!(with(&|_| ()), None);
    for (what, refusal, change) in [
        ("another id", Refusal::WrongCredential, (|c| c["id"] = encode(&[1; 32]).into()) as fn(&mut Value)),
        ("another credential", Refusal::WrongCredential, |c| {
            c["id"] = encode(&[1; 32]).into();
            c["rawId"] = encode(&[1; 32]).into();
        }),
        ("another type", Refusal::Malformed, |c| c["type"] = "password".into()),
        ("no response", Refusal::Malformed, |c| c["response"] = Value::Null),
        ("no text", Refusal::Malformed, |c| c["response"]["attestationObject"] = 5.into()),
        ("padding", Refusal::Malformed, |c| c["response"]["clientDataJSON"] = "e30=".into()),
        ("no JSON", Refusal::Malformed, |c| c["response"]["clientDataJSON"] = encode(b"{").into()),
        ("a long id", Refusal::TooLong, |c| c["rawId"] = encode(&[1; 1024]).into()),
        ("long client data", Refusal::TooLong, |c| c["response"]["clientDataJSON"] = encode(&[b' '; 9000]).into()),
        ("a long attestation", Refusal::TooLong, |c| c["response"]["attestationObject"] = encode(&[0; 65_536]).into()),
    ] {
        assert_eq!(with(&change), Some(refusal), "{what}");
    }
    assert_eq!(registration::verify(&party(), &CHALLENGE, &json!([])).err(), Some(Refusal::Malformed));
    assert_eq!(Assertion::parse(&json!("x")).err(), Some(Refusal::Malformed));
}

#[test]
fn options_say_what_browsers_expect() {
    let options = creation();
    assert_eq!(options["rp"], json!({"id": "example.org", "name": "Example"}));
    assert_eq!(options["user"], json!({"id": encode(&HANDLE), "name": "alice", "displayName": "Alice"}));
    let algorithms: Vec<i64> = options["pubKeyCredParams"].as_array().unwrap().iter().filter_map(|entry| entry["alg"].as_i64()).collect();
    assert_eq!(algorithms, [-7, -8, -257]);
    assert_eq!(options["authenticatorSelection"]["userVerification"], "required");
    assert_eq!(options["attestation"], "none");
    assert_eq!(
        request(),
        json!({
            "challenge": encode(&CHALLENGE), "timeout": 300_000, "rpId": "example.org", "allowCredentials": [],
            "userVerification": "required",
        })
    );
}
