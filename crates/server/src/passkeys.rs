//! Passkeys, where they are switched on: who asks for them, and what is told when an answer is refused.

use lingpai_domain::{
    client::Client,
    error::{Code, Error, Result},
    passkey::{Ceremony, CeremonyKey},
    random::Random,
};
use lingpai_webauthn::{Refusal, RelyingParty, UserVerification};

use crate::{config::Settings, pipeline::Scope};

/// What ceremonies need.
pub struct Passkeys {
    /// Who asks.
    pub party: RelyingParty,
    /// How many a user may have.
    pub per_user: u32,
    name: String,
    key: CeremonyKey,
}

impl Passkeys {
    /// As the settings say; `None`: they are switched off.
    pub fn new(settings: &Settings, random: &dyn Random) -> Option<Self> {
        let passkeys = settings.passkeys.as_ref()?;
        let party = RelyingParty {
            id: passkeys.rp_id.clone(),
            origins: passkeys.origins.clone(),
            // Required, so that a passkey is two factors by itself and stands for the second step, too.
            user_verification: UserVerification::Required,
        };
        let key = CeremonyKey::new(settings.security.master_key.as_ref(), random);
        Some(Self { party, per_user: passkeys.per_user, name: passkeys.rp_name.clone(), key })
    }

    /// Those of the program.
    ///
    /// # Errors
    /// If they are switched off.
    pub fn of<'a>(scope: &'a Scope<'_>) -> Result<&'a Self> {
        scope.state.passkeys.as_ref().ok_or_else(|| Error::new(Code::ConfigFieldRequired).with("field", "passkeys.enabled"))
    }

    /// What browsers call the service.
    pub fn party_name<'a>(&'a self, client: &'a Client) -> &'a str {
        if !self.name.is_empty() {
            return &self.name;
        }
        client.app_name.as_deref().filter(|name| !name.is_empty() && name.len() <= 64).unwrap_or(&self.party.id)
    }

    /// A ceremony as the client gets it.
    pub fn sign(&self, ceremony: &Ceremony) -> String {
        self.key.sign(ceremony)
    }

    /// Whether a ceremony is one of ours, of this node or another.
    pub fn knows(&self, text: &str) -> bool {
        self.key.verify(text).is_some()
    }

    /// A ceremony that was sent in, if it is one of ours and may be ended here and now. It is not used up by this.
    ///
    /// # Errors
    /// If it is not.
    pub fn read(&self, text: &str, scope: &Scope<'_>) -> Result<Ceremony> {
        let now = scope.state.base.clock.now_ms();
        let ceremony = self.key.verify(text).filter(|ceremony| ceremony.is_live(scope.client, now));
        ceremony.ok_or_else(|| Code::PasskeyExpired.into())
    }
}

/// What a user is told of an answer that was refused. The reason itself is for the log.
pub fn refused(refusal: Refusal) -> Error {
    let code = match refusal {
        Refusal::WrongOrigin | Refusal::CrossOrigin | Refusal::WrongRelyingParty => Code::PasskeyOriginNotAllowed,
        Refusal::UserNotVerified | Refusal::UserNotPresent => Code::PasskeyUserNotVerified,
        Refusal::UnsupportedKey => Code::PasskeyNotSupported,
        Refusal::WrongChallenge => Code::PasskeyExpired,
        Refusal::Malformed
        | Refusal::TooLong
        | Refusal::WrongType
        | Refusal::InconsistentBackup
        | Refusal::WrongCredential
        | Refusal::WrongUserHandle
        | Refusal::WrongSignature => Code::PasskeyInvalid,
    };
    Error::new(code).caused_by(refusal)
}
