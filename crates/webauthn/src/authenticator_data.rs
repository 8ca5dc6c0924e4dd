//! Authenticator data (section 6.1).

use aws_lc_rs::digest::{SHA256, digest};

use crate::{
    AuthenticatorState, LONGEST_CREDENTIAL_ID, PublicKey, Refusal, RelyingParty, UserVerification, cbor::Reader, cose::LONGEST_KEY,
};

/// The longest authenticator data, bytes: a credential with the longest id and key, and room for extensions.
pub const LONGEST: usize = 37 + 18 + LONGEST_CREDENTIAL_ID + LONGEST_KEY + 4096;

const USER_PRESENT: u8 = 0x01;
const USER_VERIFIED: u8 = 0x04;
const BACKUP_ELIGIBLE: u8 = 0x08;
const BACKED_UP: u8 = 0x10;
const HAS_CREDENTIAL: u8 = 0x40;
const HAS_EXTENSIONS: u8 = 0x80;

/// The parts.
pub struct AuthenticatorData<'a> {
    rp_id_hash: &'a [u8],
    flags: u8,
    sign_count: u32,
    /// The new credential, in registrations.
    pub credential: Option<AttestedCredential<'a>>,
}

/// A credential that was made.
pub struct AttestedCredential<'a> {
    /// The make of the authenticator; zeros where it does not tell.
    pub aaguid: [u8; 16],
    /// Names the credential.
    pub id: &'a [u8],
    /// COSE_Key.
    pub public_key: &'a [u8],
    /// The same, read.
    pub key: PublicKey,
}

impl<'a> AuthenticatorData<'a> {
    /// Reads the data, which must be the whole of `bytes`.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Refusal> {
        if bytes.len() > LONGEST {
            return Err(Refusal::TooLong);
        }
        let (rp_id_hash, rest) = bytes.split_at_checked(32).ok_or(Refusal::Malformed)?;
        let (&flags, rest) = rest.split_first().ok_or(Refusal::Malformed)?;
        let (count, mut rest) = rest.split_first_chunk::<4>().ok_or(Refusal::Malformed)?;
        let mut credential = None;
        if flags & HAS_CREDENTIAL != 0 {
            let (read, after) = AttestedCredential::read(rest)?;
            (credential, rest) = (Some(read), after);
        }
        if flags & HAS_EXTENSIONS != 0 {
            let mut reader = Reader::new(rest);
            for _ in 0..reader.map()? {
                reader.text()?;
                reader.item()?;
            }
            rest = reader.rest();
        }
        if !rest.is_empty() {
            return Err(Refusal::Malformed);
        }
        Ok(Self { rp_id_hash, flags, sign_count: u32::from_be_bytes(*count), credential })
    }

    /// Checks what both ceremonies check: the relying party, presence, verification, and that the backup flags
    /// agree with each other.
    pub fn check(&self, party: &RelyingParty) -> Result<AuthenticatorState, Refusal> {
        let has = |flag: u8| self.flags & flag != 0;
        if self.rp_id_hash != digest(&SHA256, party.id.as_bytes()).as_ref() {
            return Err(Refusal::WrongRelyingParty);
        }
        if !has(USER_PRESENT) {
            return Err(Refusal::UserNotPresent);
        }
        if !has(USER_VERIFIED) && party.user_verification == UserVerification::Required {
            return Err(Refusal::UserNotVerified);
        }
        if has(BACKED_UP) && !has(BACKUP_ELIGIBLE) {
            return Err(Refusal::InconsistentBackup);
        }
        Ok(AuthenticatorState {
            sign_count: self.sign_count,
            user_verified: has(USER_VERIFIED),
            backup_eligible: has(BACKUP_ELIGIBLE),
            backed_up: has(BACKED_UP),
        })
    }
}

impl<'a> AttestedCredential<'a> {
    /// Reads it off the front; answers what follows, too.
    fn read(bytes: &'a [u8]) -> Result<(Self, &'a [u8]), Refusal> {
        let (aaguid, rest) = bytes.split_first_chunk::<16>().ok_or(Refusal::Malformed)?;
        let (length, rest) = rest.split_first_chunk::<2>().ok_or(Refusal::Malformed)?;
        let length = usize::from(u16::from_be_bytes(*length));
        if length == 0 || length > LONGEST_CREDENTIAL_ID {
            return Err(Refusal::Malformed);
        }
        let (id, rest) = rest.split_at_checked(length).ok_or(Refusal::Malformed)?;
        let mut reader = Reader::new(rest);
        let key = PublicKey::read(&mut reader)?;
        let public_key = rest.get(..rest.len() - reader.rest().len()).unwrap_or_default();
        if public_key.len() > LONGEST_KEY {
            return Err(Refusal::TooLong);
        }
        Ok((Self { aaguid: *aaguid, id, public_key, key }, reader.rest()))
    }
}
