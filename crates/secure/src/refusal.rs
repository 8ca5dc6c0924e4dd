//! Every reason to refuse, and the error code that the client sees.

use thiserror::Error;

/// The secure network's error codes for the server's side, as uni-app's documentation lists them.
/// `errSubject` is [`ERR_SUBJECT`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// 50000: the server failed.
    System = 50000,
    /// 60101: no appId.
    AppIdMissing = 60101,
    /// 60102: no deviceId.
    DeviceIdMissing = 60102,
    /// 60103: no osName.
    OsNameMissing = 60103,
    /// 60200: the secure network is switched off.
    NotEnabled = 60200,
    /// 60201: the application is not registered.
    AppNotRegistered = 60201,
    /// 60202: the application is registered, this platform of it is not.
    PlatformNotRegistered = 60202,
    /// 70001: the client's clock.
    ClientTime = 70001,
    /// 70002: the appId did not pass.
    AppId = 70002,
    /// 70003: the deviceId did not pass.
    DeviceId = 70003,
    /// 70004: what the client says about itself did not pass.
    ClientInfo = 70004,
    /// 70005: the account does not exist.
    AccountMissing = 70005,
    /// 70006: no openid for the code.
    OpenIdMissing = 70006,
    /// 70007: the encryption key could not be fetched.
    KeyNotFetched = 70007,
    /// 70008: a verified function was called without a signature.
    SignatureMissing = 70008,
    /// 70009: the encryption key is not known; clients shake hands again by themselves.
    KeyNotFound = 70009,
    /// 70010: a simulator or a rooted device.
    UntrustedDevice = 70010,
}

/// What `errSubject` says next to these codes.
pub const ERR_SUBJECT: &str = "uni-secure-network";

impl Code {
    /// The number on the wire.
    pub fn number(self) -> u32 {
        self as u32
    }
}

/// Why something was refused. The text is for logs and `lingpai secure inspect`; what users read is keyed by [`Refusal::code`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
pub enum Refusal {
    /// The secure network is switched off.
    #[error("the secure network is not enabled")]
    NotEnabled,
    /// The client gives no appId.
    #[error("clientInfo has no appId")]
    AppIdMissing,
    /// The client gives no deviceId.
    #[error("clientInfo has no deviceId")]
    DeviceIdMissing,
    /// An app gives no osName.
    #[error("clientInfo has no osName")]
    OsNameMissing,
    /// The registry does not have the application.
    #[error("the application is not registered")]
    AppNotRegistered,
    /// The registry has the application, but not on this platform.
    #[error("the application is not registered for this platform")]
    PlatformNotRegistered,
    /// The client is what it says, but the function's rules do not name it.
    #[error("the function's rules do not admit this client")]
    ClientNotAdmitted,
    /// The timestamp is too far from the server's time.
    #[error("the timestamp is outside the window")]
    ClockSkew,
    /// The request id was seen within the window.
    #[error("the request was sent before")]
    Replayed,
    /// The replay memory is full; refusing is the safe answer.
    #[error("too many requests to remember within the window")]
    ReplayMemoryFull,
    /// The message has not the shape of the protocol.
    #[error("the message is malformed")]
    Malformed,
    /// Decryption failed. Deliberately the only reason for it, whatever was wrong.
    #[error("the content cannot be opened")]
    CannotOpen,
    /// The device's signature is wrong.
    #[error("the device's signature is wrong")]
    BadSignature,
    /// The function demands verification and the call has no signature.
    #[error("the signature is missing")]
    SignatureMissing,
    /// The client key's id is not the key at hand.
    #[error("the client key is unknown")]
    UnknownKey,
    /// The client key is past its time.
    #[error("the client key has expired")]
    ExpiredKey,
    /// The space key that the client sealed to is unknown here.
    #[error("the space key is unknown")]
    UnknownSpaceKey,
    /// The space key is outside its validity.
    #[error("the space key is not valid at this time")]
    ExpiredSpaceKey,
    /// Published keys that the pinned identity did not sign.
    #[error("the space key is not signed by the pinned identity")]
    BadIdentitySignature,
    /// A reply came in the clear although a sealed one was asked for.
    #[error("the reply is not sealed")]
    ReplyNotSealed,
    /// The challenge was not issued here, is too old, or was used before.
    #[error("the challenge is unknown, expired or used")]
    UnknownChallenge,
    /// The appId differs from the one that the client gave in the clear, or is not registered.
    #[error("the appId does not match")]
    AppIdMismatch,
    /// The deviceId differs from the one that the client gave in the clear.
    #[error("the deviceId does not match")]
    DeviceIdMismatch,
    /// The mini program's appid is not the registered one.
    #[error("the mini program's appid is not registered")]
    WxAppIdMismatch,
    /// A simulator, and the entry is not a development one.
    #[error("the client is a simulator")]
    Simulator,
    /// The account of the token does not exist.
    #[error("the account does not exist")]
    AccountMissing,
    /// No openid for the code.
    #[error("no openid is known for the code")]
    OpenIdMissing,
    /// The provider did not hand out the key.
    #[error("the encryption key could not be fetched")]
    KeyNotFetched,
    /// The rule demands platform attestation and there is none.
    #[error("platform attestation is required and missing")]
    EvidenceMissing,
    /// The rule demands an assertion with each call and there is none, or the client key has no App Attest key.
    #[error("an assertion is missing, or the key has nothing to assert with")]
    AssertionMissing,
    /// The evidence cannot be parsed.
    #[error("the evidence is malformed")]
    EvidenceMalformed,
    /// The certificate chain does not lead to a trusted root.
    #[error("the certificate chain does not lead to a trusted root")]
    UntrustedRoot,
    /// A link of the certificate chain is broken: a signature, a name, or an issuer that may not issue.
    #[error("the certificate chain is broken")]
    BrokenChain,
    /// A certificate is outside its validity.
    #[error("a certificate is not valid at this time")]
    CertificateNotValid,
    /// A certificate is on the revocation list.
    #[error("a certificate is revoked")]
    CertificateRevoked,
    /// The revocation list is older than the operator allows.
    #[error("the revocation list is too old to judge by")]
    RevocationsStale,
    /// A certificate other than the leaf carries an attestation: a key attested elsewhere signed a forged leaf.
    #[error("a certificate other than the leaf carries an attestation")]
    MisplacedAttestation,
    /// The leaf carries no attestation.
    #[error("the leaf certificate carries no attestation")]
    AttestationMissing,
    /// The attestation was made for something else.
    #[error("the attestation is for another challenge")]
    ChallengeMismatch,
    /// The attested key is not the device key.
    #[error("the attested key is not the device key")]
    AttestedKeyMismatch,
    /// The attestation was made in software.
    #[error("the attestation's security level is software")]
    SoftwareLevel,
    /// The key was imported, or may not sign.
    #[error("the attested key was not generated for signing in the device")]
    UnsuitableKey,
    /// The evidence is of another platform than the client says.
    #[error("the evidence is of another platform")]
    PlatformMismatch,
    /// The package or bundle is not the registered one.
    #[error("the package or bundle is not registered")]
    PackageMismatch,
    /// The package is signed by a certificate that is not registered for this version.
    #[error("the package's signing certificate is not registered")]
    CertificateMismatch,
    /// The boot state is not verified.
    #[error("the boot state is not verified")]
    BootNotVerified,
    /// The boot loader is unlocked.
    #[error("the boot loader is unlocked")]
    BootloaderUnlocked,
    /// An App Attest object of the development environment against a production rule, or the other way round.
    #[error("the attestation environment does not match the rule")]
    EnvironmentMismatch,
    /// The counter is not zero at attestation, or did not grow at assertion.
    #[error("the counter is not as expected")]
    CounterMismatch,
}

impl Refusal {
    /// The error code that the client sees.
    pub fn code(self) -> Code {
        match self {
            Self::NotEnabled => Code::NotEnabled,
            Self::AppIdMissing => Code::AppIdMissing,
            Self::DeviceIdMissing => Code::DeviceIdMissing,
            Self::OsNameMissing => Code::OsNameMissing,
            Self::AppNotRegistered => Code::AppNotRegistered,
            Self::PlatformNotRegistered => Code::PlatformNotRegistered,
            Self::ClockSkew => Code::ClientTime,
            Self::AppIdMismatch => Code::AppId,
            Self::DeviceIdMismatch => Code::DeviceId,
            Self::AccountMissing => Code::AccountMissing,
            Self::OpenIdMissing => Code::OpenIdMissing,
            Self::KeyNotFetched => Code::KeyNotFetched,
            Self::SignatureMissing => Code::SignatureMissing,
            Self::UnknownKey | Self::ExpiredKey | Self::UnknownSpaceKey | Self::ExpiredSpaceKey => Code::KeyNotFound,
            Self::Simulator | Self::SoftwareLevel | Self::BootNotVerified | Self::BootloaderUnlocked => Code::UntrustedDevice,
            Self::ReplayMemoryFull | Self::RevocationsStale => Code::System,
            Self::ClientNotAdmitted
            | Self::Replayed
            | Self::Malformed
            | Self::CannotOpen
            | Self::BadSignature
            | Self::BadIdentitySignature
            | Self::ReplyNotSealed
            | Self::UnknownChallenge
            | Self::WxAppIdMismatch
            | Self::EvidenceMissing
            | Self::AssertionMissing
            | Self::EvidenceMalformed
            | Self::UntrustedRoot
            | Self::BrokenChain
            | Self::CertificateNotValid
            | Self::CertificateRevoked
            | Self::MisplacedAttestation
            | Self::AttestationMissing
            | Self::ChallengeMismatch
            | Self::AttestedKeyMismatch
            | Self::UnsuitableKey
            | Self::PlatformMismatch
            | Self::PackageMismatch
            | Self::CertificateMismatch
            | Self::EnvironmentMismatch
            | Self::CounterMismatch => Code::ClientInfo,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_keep_their_documented_numbers() {
        assert_eq!(Code::NotEnabled.number(), 60200);
        assert_eq!(Refusal::ClockSkew.code().number(), 70001);
        assert_eq!(Refusal::CertificateMismatch.code().number(), 70004);
        assert_eq!(Refusal::BootloaderUnlocked.code().number(), 70010);
        assert_eq!(Refusal::ExpiredKey.code().number(), 70009);
    }
}
