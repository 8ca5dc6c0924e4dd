//! The port to whoever compares a face with an identity card.

use async_trait::async_trait;

use super::{IdentityCard, RealName};

/// Who is to be verified.
#[derive(Clone, Debug)]
pub struct Person<'a> {
    /// The name on the card.
    pub name: &'a RealName,
    /// The card.
    pub card: &'a IdentityCard,
    /// `metaInfo`: what the client's SDK says about the device, handed on as it is.
    pub meta_info: &'a str,
    /// Whether the photograph taken on the way is wanted afterwards.
    pub wants_photo: bool,
}

/// Where a verification stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaceState {
    /// It is under way, or nobody has begun.
    Processing,
    /// The face belongs to the card.
    Passed,
    /// It does not.
    Failed,
    /// The service says something that is not known here.
    Unknown,
}

/// What a service says about a verification.
#[derive(Clone)]
pub struct FaceCheck {
    /// Where it stands.
    pub state: FaceState,
    /// The photograph (JPEG or PNG), if it passed, was wanted, and is to be had.
    pub photo: Option<Vec<u8>>,
}

impl std::fmt::Debug for FaceCheck {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FaceCheck").field("state", &self.state).field("photo", &self.photo.is_some()).finish()
    }
}

/// Why a service gave no answer that is of use.
#[derive(Debug, thiserror::Error)]
pub enum FaceError {
    /// It did not answer within its time, or not at all.
    #[error("the face verification service did not answer: {0}")]
    Unreachable(String),
    /// It said no. Its words hold neither name nor number.
    #[error("the face verification service refused: {0}")]
    Refused(String),
}

/// Compares faces with identity cards.
#[async_trait]
pub trait FaceVerifier: Send + Sync {
    /// Begins a verification. Answers the `certifyId` for the client's SDK.
    async fn begin(&self, person: &Person<'_>) -> Result<String, FaceError>;

    /// Asks how it went. `wants_photo` as at the beginning.
    async fn check(&self, certify_id: &str, wants_photo: bool) -> Result<FaceCheck, FaceError>;
}
