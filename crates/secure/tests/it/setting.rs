//! A space, a device, and a registry, for whole protocol runs.

use lingpai_secure::attestation::{Revocations, Roots, android, apple};
use lingpai_secure::client_key::ClientKey;
use lingpai_secure::device_key::{DeviceSigner, SoftwareDeviceKey};
use lingpai_secure::envelope::{Target, TimeWindow};
use lingpai_secure::handshake::challenge::Challenges;
use lingpai_secure::handshake::server::{self, Accepted, ClientKeyRecord};
use lingpai_secure::handshake::{Evidence, EvidenceLevel, EvidencePolicy, Hello, Request, binding, client};
use lingpai_secure::refusal::Refusal;
use lingpai_secure::space_key::{PublishedKeys, SpaceIdentity, SpaceKey};
use rcgen::CustomExtension;

use crate::android_description::{Description, extension};
pub use crate::android_description::{PACKAGE, SIGNER};
use crate::certificates::{Authority, AuthorityShape};

pub const NOW: i64 = 1_800_000_000_000;
pub const DAY: i64 = 24 * 3600 * 1000;
pub const SPACE: &str = "space-1";
pub const APP: &str = "__UNI__SECURE1";
pub const DEVICE: &str = "device-1";
pub const CHALLENGE: [u8; 32] = [0xc4; 32];

/// The function that calls go to.
pub const TARGET: Target<'static> = Target { space_id: SPACE, function: "order" };

/// The server's time, one minute either way.
pub fn at(now_ms: i64) -> TimeWindow {
    TimeWindow { now_ms, tolerance_ms: 60_000 }
}

pub struct Setting {
    pub identity: SpaceIdentity,
    pub space_keys: Vec<SpaceKey>,
    pub device: SoftwareDeviceKey,
    pub android_root: Authority,
    pub android_batch: Authority,
    pub apple_root: Authority,
    pub android_roots: Roots,
    pub apple_roots: Roots,
    pub revocations: Revocations,
    pub android_rules: Vec<android::Rule>,
    pub apple_rules: Vec<apple::Rule>,
    pub require: EvidenceLevel,
    pub challenges: Challenges,
}

impl Setting {
    pub fn new() -> Self {
        let android_root = Authority::root("Android root");
        let android_batch = android_root.issue("batch", AuthorityShape::default());
        let apple_root = Authority::root("Apple root");
        let mut challenges = Challenges::new(16);
        challenges.issue(CHALLENGE, NOW);
        Self {
            identity: SpaceIdentity::from_seed(&[1; 32]).unwrap(),
            space_keys: vec![SpaceKey::new(&[2; 32], NOW - DAY, NOW + DAY).unwrap()],
            device: SoftwareDeviceKey::from_secret(&[3; 32]).unwrap(),
            android_roots: crate::roots_of(&android_root),
            apple_roots: crate::roots_of(&apple_root),
            android_root,
            android_batch,
            apple_root,
            revocations: Revocations::default(),
            android_rules: vec![android::Rule { package: PACKAGE.into(), cert_sha256: vec![SIGNER], development: false }],
            apple_rules: vec![apple::Rule { team_id: "ABCDE12345".into(), bundle_id: PACKAGE.into(), development: false }],
            require: EvidenceLevel::Attested,
            challenges,
        }
    }

    /// What the device would say, made for this handshake.
    pub fn description(&self) -> Description {
        Description { challenge: binding(&CHALLENGE, None, APP, DEVICE).to_vec(), ..Description::default() }
    }

    /// An Android chain around `description`, for this device's key.
    pub fn android_chain(&self, description: &Description) -> Vec<Vec<u8>> {
        self.android_chain_with(vec![extension(description)])
    }

    pub fn android_chain_with(&self, extensions: Vec<CustomExtension>) -> Vec<Vec<u8>> {
        let leaf = self.android_batch.issue_leaf(&self.device.public_key(), extensions);
        vec![leaf, self.android_batch.der.clone(), self.android_root.der.clone()]
    }

    pub fn hello(&self) -> Hello {
        Hello {
            challenge: CHALLENGE,
            app_id: APP.into(),
            device_id: DEVICE.into(),
            platform: "android".into(),
            package: PACKAGE.into(),
            app_version: "1.2.3".into(),
            timestamp_ms: NOW,
            evidence: Evidence::Android(self.android_chain(&self.description())),
        }
    }

    /// A hello without evidence.
    pub fn plain_hello(&self) -> Hello {
        Hello { evidence: Evidence::None, platform: "web".into(), ..self.hello() }
    }

    pub fn start(&self, hello: &Hello) -> (Request, client::AwaitingAnswer) {
        let published = PublishedKeys::publish(&self.identity, SPACE, &self.space_keys);
        let key = published.choose(self.identity.public_key(), SPACE, NOW).unwrap();
        client::start(SPACE, &key, hello, &self.device, &[4; 32]).unwrap()
    }

    pub fn policy(&self) -> EvidencePolicy<'_> {
        EvidencePolicy {
            require: self.require,
            android: &self.android_rules,
            apple: &self.apple_rules,
            android_roots: &self.android_roots,
            apple_roots: &self.apple_roots,
            revocations: &self.revocations,
            now_ms: NOW,
        }
    }

    /// The server's side of a request, up to the verdict.
    pub fn receive(&mut self, request: &Request) -> Result<Accepted, Refusal> {
        let opened = server::open(request, SPACE, &self.space_keys, at(NOW))?;
        opened.matches(APP, DEVICE)?;
        let challenge = self.challenges.take(&opened.hello().challenge, NOW)?;
        opened.spend(challenge)?.accept(&self.policy())
    }

    /// A whole handshake: both sides' keys, and what the server stores.
    pub fn shake_hands(&mut self, hello: &Hello) -> Result<(ClientKey, ClientKey, ClientKeyRecord), Refusal> {
        let (request, awaiting) = self.start(hello);
        let (answer, record) = self.receive(&request)?.answer([5; 16], NOW + DAY, [6; 12])?;
        let (client_key, level) = awaiting.finish(&answer)?;
        assert_eq!(level, record.level);
        Ok((client_key, record.client_key()?, record))
    }

    /// Both sides' keys after a handshake without evidence.
    pub fn keys() -> (Self, ClientKey, ClientKey) {
        let mut setting = Self { require: EvidenceLevel::Keyed, ..Self::new() };
        let hello = setting.plain_hello();
        let (client, server, _) = setting.shake_hands(&hello).unwrap();
        (setting, client, server)
    }
}
