//! Every reason to refuse what a browser sent.

/// Why a ceremony is refused. For logs; callers decide what people are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Refusal {
    /// The JSON is not that of a public key credential.
    #[error("this is no public key credential")]
    Malformed,
    /// It is longer than any that is genuine.
    #[error("the credential is too long")]
    TooLong,
    /// The client data are not those of this kind of ceremony.
    #[error("the client data are of another kind of ceremony")]
    WrongType,
    /// The challenge is another.
    #[error("the challenge is another")]
    WrongChallenge,
    /// The origin is not on the list.
    #[error("the origin is not allowed")]
    WrongOrigin,
    /// The page was embedded in one of another origin.
    #[error("the page was embedded in another site's")]
    CrossOrigin,
    /// The authenticator answered for another RP ID.
    #[error("the authenticator answered for another relying party")]
    WrongRelyingParty,
    /// Nobody touched the authenticator.
    #[error("the user was not present")]
    UserNotPresent,
    /// The authenticator did not verify the user.
    #[error("the user was not verified")]
    UserNotVerified,
    /// The backup flags contradict each other, or what was registered.
    #[error("the backup flags contradict each other")]
    InconsistentBackup,
    /// The key is of no algorithm that was asked for, or no valid key.
    #[error("the key is of an algorithm that was not asked for")]
    UnsupportedKey,
    /// `id`, `rawId` and the attested credential are not the same.
    #[error("the credential ids are not the same")]
    WrongCredential,
    /// The user handle is missing, or another user's.
    #[error("the user handle is missing or another user's")]
    WrongUserHandle,
    /// The signature is not that of the registered key.
    #[error("the signature is wrong")]
    WrongSignature,
}
