//! An authenticator and browser in software, for tests: it answers options as a phone would, or as badly as a test
//! wants.

use aws_lc_rs::{
    digest::{SHA256, digest},
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair},
};
use serde_json::{Value, json};

use crate::{decode, encode};

/// How it behaves. The fields may be changed at any time.
#[derive(Clone, Debug)]
pub struct Behaviour {
    /// The origin that client data name.
    pub origin: String,
    /// The RP ID that it answers for; `None`: the one of the options.
    pub rp_id: Option<String>,
    /// `type` of the client data; `None`: the right one.
    pub kind: Option<&'static str>,
    /// Members that client data have besides.
    pub client_data: Value,
    /// Whether it says that somebody was there.
    pub user_present: bool,
    /// Whether it says that it verified the user.
    pub user_verified: bool,
    /// Whether credentials can be backed up, and are.
    pub backup: (bool, bool),
    /// The counter of the next answer; `None`: it has none.
    pub counter: Option<u32>,
    /// Format and statement (CBOR) of the attestation.
    pub attestation: (&'static str, Vec<u8>),
    /// Whether it tells the user handle when a credential is used.
    pub tells_user: bool,
}

impl Behaviour {
    /// That of a phone whose passkeys are synchronised.
    pub fn good(origin: &str) -> Self {
        Self {
            origin: origin.to_owned(),
            rp_id: None,
            kind: None,
            client_data: json!({}),
            user_present: true,
            user_verified: true,
            backup: (true, true),
            counter: None,
            attestation: ("none", vec![0xa0]),
            tells_user: true,
        }
    }
}

/// A credential that it has.
pub struct Credential {
    /// Names it.
    pub id: Vec<u8>,
    /// The user handle it was made for.
    pub user_handle: Vec<u8>,
    key: EcdsaKeyPair,
}

/// The authenticator.
pub struct SoftwareAuthenticator {
    /// How it behaves.
    pub behaviour: Behaviour,
    /// What it has, newest last.
    pub credentials: Vec<Credential>,
}

impl SoftwareAuthenticator {
    /// One that behaves well, behind a browser at an origin.
    pub fn new(origin: &str) -> Self {
        Self { behaviour: Behaviour::good(origin), credentials: Vec::new() }
    }

    /// `navigator.credentials.create`: makes a credential for creation options; RegistrationResponseJSON.
    ///
    /// # Panics
    /// If the options are not such.
    pub fn create(&mut self, options: &Value) -> Value {
        let mut id = vec![0u8; 32];
        aws_lc_rs::rand::fill(&mut id).expect("random bytes");
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).expect("a key");
        let user_handle = decode(options["user"]["id"].as_str().expect("user.id"), 64).expect("base64url");
        self.credentials.push(Credential { id, user_handle, key });
        self.create_again(options)
    }

    /// Answers creation options with the newest credential, as no authenticator should: it was made for others.
    ///
    /// # Panics
    /// If there is none, or the options are no creation options.
    pub fn create_again(&self, options: &Value) -> Value {
        let Credential { id, key, .. } = self.credentials.last().expect("a credential");
        let point = key.public_key().as_ref();
        let (x, y) = point.get(1..).and_then(|coordinates| coordinates.split_at_checked(32)).expect("an uncompressed point");
        let key_head = b"\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20";
        let attested = [&[0; 16][..], &[0, 32], id, key_head, x, b"\x22\x58\x20", y].concat();
        let data = self.authenticator_data(options["rp"]["id"].as_str(), 0x40, &attested);
        let client_data = self.client_data("webauthn.create", &options["challenge"]);
        let (format, statement) = &self.behaviour.attestation;
        let format_length = u8::try_from(format.len()).expect("a short name");
        let data_length = u16::try_from(data.len()).expect("short data").to_be_bytes();
        let object = [
            b"\xa3\x63fmt",
            &[0x60 | format_length][..],
            format.as_bytes(),
            b"\x67attStmt",
            statement,
            b"\x68authData\x59",
            &data_length,
            &data,
        ]
        .concat();
        json!({
            "id": encode(id),
            "rawId": encode(id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {"credProps": {"rk": true}},
            "response": {
                "clientDataJSON": encode(client_data.as_bytes()),
                "attestationObject": encode(&object),
                "transports": ["internal", "hybrid"],
            },
        })
    }

    /// `navigator.credentials.get`: uses the newest credential; AuthenticationResponseJSON.
    ///
    /// # Panics
    /// If there is none, or the options are no request options.
    pub fn get(&self, options: &Value) -> Value {
        self.get_with(options, self.credentials.last().expect("a credential"))
    }

    /// The same with a given credential.
    ///
    /// # Panics
    /// If the options are no request options.
    pub fn get_with(&self, options: &Value, credential: &Credential) -> Value {
        let data = self.authenticator_data(options["rpId"].as_str(), 0, &[]);
        let client_data = self.client_data("webauthn.get", &options["challenge"]);
        let signed = [&data[..], digest(&SHA256, client_data.as_bytes()).as_ref()].concat();
        let signature = credential.key.sign(&SystemRandom::new(), &signed).expect("a signature");
        let user_handle = self.behaviour.tells_user.then(|| encode(&credential.user_handle));
        json!({
            "id": encode(&credential.id),
            "rawId": encode(&credential.id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": encode(client_data.as_bytes()),
                "authenticatorData": encode(&data),
                "signature": encode(signature.as_ref()),
                "userHandle": user_handle,
            },
        })
    }

    fn client_data(&self, kind: &str, challenge: &Value) -> String {
        let mut data = json!({
            "type": self.behaviour.kind.unwrap_or(kind),
            "challenge": challenge,
            "origin": self.behaviour.origin,
            "crossOrigin": false,
        });
        if let (Some(data), Some(others)) = (data.as_object_mut(), self.behaviour.client_data.as_object()) {
            data.extend(others.clone());
        }
        data.to_string()
    }

    fn authenticator_data(&self, rp_id: Option<&str>, flags: u8, after: &[u8]) -> Vec<u8> {
        let behaviour = &self.behaviour;
        let rp_id = behaviour.rp_id.as_deref().or(rp_id).expect("an RP ID");
        let mut flags = flags;
        for (is_set, flag) in
            [(behaviour.user_present, 0x01), (behaviour.user_verified, 0x04), (behaviour.backup.0, 0x08), (behaviour.backup.1, 0x10)]
        {
            flags |= if is_set { flag } else { 0 };
        }
        let counter = behaviour.counter.unwrap_or(0).to_be_bytes();
        [digest(&SHA256, rp_id.as_bytes()).as_ref(), &[flags], &counter, after].concat()
    }
}
