//! The client's side of the handshake.

use zeroize::Zeroizing;

use super::evidence::{EvidenceLevel, binding};
use super::message::{self, Answer, AnswerBody, Hello, HelloWire, Request};
use crate::client_key::{self, ClientKey};
use crate::device_key::{DevicePublicKey, DeviceSigner};
use crate::hpke::{Aead, Context};
use crate::refusal::Refusal;
use crate::space_key::VerifiedSpaceKey;
use crate::{VERSION, wire};

/// Seals `hello` to the space. `ephemeral` is 32 random bytes, used once.
pub fn start(
    space_id: &str,
    space_key: &VerifiedSpaceKey,
    hello: &Hello,
    device: &dyn DeviceSigner,
    ephemeral: &[u8; 32],
) -> Result<(Request, AwaitingAnswer), Refusal> {
    let key_id = space_key.id();
    let (enc, mut context) = Context::sender(Aead::Aes256Gcm, space_key.public(), &message::info(space_id, key_id), ephemeral)?;
    let public = device.public_key();
    let bound = binding(&hello.challenge, Some(&public), &hello.app_id, &hello.device_id);
    let proof = device.sign(&message::proof(space_id, key_id, &enc, &bound))?;
    let body = serde_json::to_vec(&HelloWire::new(hello, &public, proof)).map_err(|_| Refusal::Malformed)?;
    let content = context.seal(&message::hello_data(space_id, key_id), &body)?;
    let request = Request { v: VERSION, key_id: key_id.to_owned(), enc: wire::to_base64(&enc), content: wire::to_base64(&content) };
    let awaiting = AwaitingAnswer {
        secret: context.export(&message::client_key_label()),
        answer_key: context.export(&message::answer_key_label()),
        answer_data: message::answer_data(space_id, key_id),
        device: public,
    };
    Ok((request, awaiting))
}

/// A client between its hello and the answer.
pub struct AwaitingAnswer {
    secret: Zeroizing<[u8; 32]>,
    answer_key: Zeroizing<[u8; 32]>,
    answer_data: Vec<u8>,
    device: DevicePublicKey,
}

impl AwaitingAnswer {
    /// Opens the answer: the client key, and what was accepted.
    pub fn finish(self, answer: &Answer) -> Result<(ClientKey, EvidenceLevel), Refusal> {
        if answer.v != VERSION {
            return Err(Refusal::Malformed);
        }
        let key = client_key::symmetric(&self.answer_key)?;
        let nonce = wire::array_from_base64(&answer.nonce)?;
        let body = client_key::open(&key, nonce, &self.answer_data, wire::from_base64(&answer.content)?)?;
        let body: AnswerBody = serde_json::from_slice(&body).map_err(|_| Refusal::Malformed)?;
        Ok((ClientKey::derive(&body.key_id, &self.secret, self.device, body.expires)?, body.evidence))
    }
}
