//! Chains that are right in everything but one thing.

use lingpai_secure::attestation::{Revocations, android};
use lingpai_secure::device_key::{DeviceSigner, SoftwareDeviceKey};
use lingpai_secure::handshake::binding;
use lingpai_secure::refusal::Refusal;
use rcgen::{BasicConstraints, CustomExtension, IsCa, KeyUsagePurpose};

use crate::android_description::{Description, extension};
use crate::certificates::{Authority, AuthorityShape};
use crate::setting::{APP, CHALLENGE, DEVICE, NOW, SIGNER, Setting};

fn verify(setting: &Setting, chain: &[Vec<u8>]) -> Result<android::Inspection, Refusal> {
    android::verify(chain, &setting.android_roots, &setting.revocations, NOW)
}

/// The verdict on a chain with this description.
fn judge(description: &Description) -> Result<(), Refusal> {
    let setting = Setting::new();
    let inspection = verify(&setting, &setting.android_chain(description))?;
    inspection.judge(&setting.android_rules[0])
}

#[test]
fn each_wrong_statement_is_refused_with_its_reason() {
    let good = Description::default();
    assert_eq!(judge(&good), Ok(()));
    let cases = [
        (Description { package: "com.example.other", ..good.clone() }, Refusal::PackageMismatch, 70004),
        (Description { signers: vec![[1; 32]], ..good.clone() }, Refusal::CertificateMismatch, 70004),
        (Description { signers: vec![SIGNER, [1; 32]], ..good.clone() }, Refusal::CertificateMismatch, 70004),
        (Description { signers: vec![], ..good.clone() }, Refusal::CertificateMismatch, 70004),
        (Description { attestation_level: 0, ..good.clone() }, Refusal::SoftwareLevel, 70010),
        (Description { keymint_level: 0, ..good.clone() }, Refusal::SoftwareLevel, 70010),
        (Description { origin: 2, ..good.clone() }, Refusal::UnsuitableKey, 70004),
        (Description { purpose: 7, ..good.clone() }, Refusal::UnsuitableKey, 70004),
        (Description { boot: Some((false, 0)), ..good.clone() }, Refusal::BootloaderUnlocked, 70010),
        (Description { boot: Some((true, 1)), ..good.clone() }, Refusal::BootNotVerified, 70010),
        (Description { boot: Some((true, 2)), ..good.clone() }, Refusal::BootNotVerified, 70010),
        (Description { boot: Some((true, 3)), ..good.clone() }, Refusal::BootNotVerified, 70010),
        (Description { boot: None, ..good.clone() }, Refusal::BootNotVerified, 70010),
        // What only the software says about key and boot counts for nothing.
        (Description { said_by_hardware: false, ..good.clone() }, Refusal::UnsuitableKey, 70004),
    ];
    for (number, (description, refusal, code)) in cases.into_iter().enumerate() {
        assert_eq!(judge(&description), Err(refusal), "case {number}");
        assert_eq!(refusal.code().number(), code, "case {number}");
    }
}

#[test]
fn a_development_entry_admits_an_unlocked_device_but_no_software_key() {
    let mut setting = Setting::new();
    setting.android_rules[0].development = true;
    let judge = |description| verify(&setting, &setting.android_chain(&description)).unwrap().judge(&setting.android_rules[0]);
    assert_eq!(judge(Description { boot: Some((false, 2)), ..Description::default() }), Ok(()));
    assert_eq!(judge(Description { keymint_level: 0, ..Description::default() }), Err(Refusal::SoftwareLevel));
}

#[test]
fn the_device_key_and_the_challenge_must_be_the_attested_ones() {
    let setting = Setting::new();
    let inspection = verify(&setting, &setting.android_chain(&setting.description())).unwrap();
    assert_eq!(inspection.require_key(&setting.device.public_key()), Ok(()));
    let other = SoftwareDeviceKey::from_secret(&[9; 32]).unwrap();
    assert_eq!(inspection.require_key(&other.public_key()), Err(Refusal::AttestedKeyMismatch));
    assert_eq!(inspection.require_challenge(&binding(&CHALLENGE, None, APP, DEVICE)), Ok(()));
    assert_eq!(inspection.require_challenge(&binding(&CHALLENGE, None, APP, "other")), Err(Refusal::ChallengeMismatch));
    assert_eq!(inspection.require_challenge(b""), Err(Refusal::ChallengeMismatch));
}

#[test]
fn an_attested_application_key_cannot_issue_a_forged_attestation() {
    // The device attests a signing key of the attacker's application; the attacker signs a leaf with it that says
    // something better. Even if the attested key's certificate were a CA's, it carries an attestation.
    let setting = Setting::new();
    let attacker = setting
        .android_batch
        .issue("attested", AuthorityShape { extensions: vec![extension(&Description::default())], ..AuthorityShape::default() });
    for leaf_extensions in [vec![extension(&setting.description())], vec![]] {
        let leaf = attacker.issue_leaf(&setting.device.public_key(), leaf_extensions);
        let chain = [leaf, attacker.der.clone(), setting.android_batch.der.clone(), setting.android_root.der.clone()];
        assert_eq!(verify(&setting, &chain).unwrap_err(), Refusal::MisplacedAttestation);
    }
}

#[test]
fn issuers_must_be_entitled_to_issue() {
    let setting = Setting::new();
    let shapes = [
        AuthorityShape { is_ca: IsCa::NoCa, ..AuthorityShape::default() },
        AuthorityShape { is_ca: IsCa::ExplicitNoCa, ..AuthorityShape::default() },
        AuthorityShape { usages: vec![KeyUsagePurpose::DigitalSignature], ..AuthorityShape::default() },
    ];
    for shape in shapes {
        let batch = setting.android_root.issue("batch", shape);
        let leaf = batch.issue_leaf(&setting.device.public_key(), vec![extension(&setting.description())]);
        assert_eq!(verify(&setting, &[leaf, batch.der]).unwrap_err(), Refusal::BrokenChain);
    }
}

#[test]
fn path_lengths_are_respected() {
    let setting = Setting::new();
    let constrained = AuthorityShape { is_ca: IsCa::Ca(BasicConstraints::Constrained(0)), ..AuthorityShape::default() };
    let upper = setting.android_root.issue("upper", constrained);
    let lower = upper.issue("lower", AuthorityShape::default());
    let statement = || vec![extension(&setting.description())];
    let short = [upper.issue_leaf(&setting.device.public_key(), statement()), upper.der.clone()];
    assert!(verify(&setting, &short).is_ok());
    let long = [lower.issue_leaf(&setting.device.public_key(), statement()), lower.der, upper.der];
    assert_eq!(verify(&setting, &long).unwrap_err(), Refusal::BrokenChain);
}

#[test]
fn expired_and_future_issuers_are_refused() {
    let setting = Setting::new();
    for (from, to) in [((2020, 1, 1), (2021, 1, 1)), ((2035, 1, 1), (2040, 1, 1))] {
        let batch = setting.android_root.issue("batch", AuthorityShape { from, to, ..AuthorityShape::default() });
        let leaf = batch.issue_leaf(&setting.device.public_key(), vec![extension(&setting.description())]);
        assert_eq!(verify(&setting, &[leaf, batch.der]).unwrap_err(), Refusal::CertificateNotValid);
    }
}

#[test]
fn unknown_critical_extensions_are_refused() {
    let setting = Setting::new();
    let mut unknown = CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99999, 1], vec![5, 0]);
    unknown.set_criticality(true);
    let chain = setting.android_chain_with(vec![extension(&setting.description()), unknown]);
    assert_eq!(verify(&setting, &chain).unwrap_err(), Refusal::BrokenChain);
}

#[test]
fn roots_of_the_same_name_are_not_the_same_root() {
    let setting = Setting::new();
    let impostor = Authority::root("Android root");
    let batch = impostor.issue("batch", AuthorityShape::default());
    let leaf = batch.issue_leaf(&setting.device.public_key(), vec![extension(&setting.description())]);
    let chains = [vec![leaf.clone(), batch.der.clone(), impostor.der], vec![leaf.clone(), batch.der.clone()]];
    for chain in chains {
        assert_eq!(verify(&setting, &chain).unwrap_err(), Refusal::UntrustedRoot);
    }
    // The genuine root's certificate behind a chain that it did not issue.
    let borrowed = [leaf, batch.der, setting.android_root.der.clone()];
    assert_eq!(verify(&setting, &borrowed).unwrap_err(), Refusal::BrokenChain);
}

#[test]
fn shapes_that_are_no_chain_are_refused() {
    let setting = Setting::new();
    let chain = setting.android_chain(&setting.description());
    let none: &[Vec<u8>] = &[];
    assert_eq!(verify(&setting, none).unwrap_err(), Refusal::EvidenceMalformed);
    assert_eq!(verify(&setting, &chain[..1]).unwrap_err(), Refusal::EvidenceMalformed);
    assert_eq!(verify(&setting, &vec![chain[0].clone(); 20]).unwrap_err(), Refusal::EvidenceMalformed);
    assert_eq!(verify(&setting, &[vec![0; 100_000], chain[1].clone()]).unwrap_err(), Refusal::EvidenceMalformed);
    assert_eq!(verify(&setting, &[chain[1].clone(), chain[2].clone()]).unwrap_err(), Refusal::AttestationMissing);
    let mut trailing = chain.clone();
    trailing[0].push(0);
    assert_eq!(verify(&setting, &trailing).unwrap_err(), Refusal::EvidenceMalformed);
    let swapped = [chain[0].clone(), chain[2].clone(), chain[1].clone()];
    assert!(verify(&setting, &swapped).is_err());
    assert!(android::verify(&chain, &setting.android_roots, &Revocations::default(), i64::MAX).is_err());
}

#[test]
fn every_truncation_of_a_statement_is_refused() {
    let setting = Setting::new();
    let statement = setting.description().encode();
    for length in 0..statement.len() {
        let oid = [1, 3, 6, 1, 4, 1, 11129, 2, 1, 17];
        let extension = CustomExtension::from_oid_content(&oid, statement[..length].to_vec());
        let leaf = setting.android_batch.issue_leaf(&setting.device.public_key(), vec![extension]);
        assert_eq!(verify(&setting, &[leaf, setting.android_batch.der.clone()]).unwrap_err(), Refusal::EvidenceMalformed, "{length}");
    }
}
