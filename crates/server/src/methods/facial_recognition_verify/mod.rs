//! Verifying a real name by face.

pub mod get_frv_auth_result;
pub mod get_frv_certify_id;

use lingpai_domain::{
    error::{Code, Error, Result},
    real_name::{FaceVerifier, RealNamePolicy},
};

use super::*;
use crate::pipeline::config_error;

/// What the application has configured for real names, or what it lacks.
pub(super) fn policy<'a>(scope: &'a Scope<'a>) -> Result<RealNamePolicy<'a>> {
    let configured = &scope.config.real_names;
    let cipher = match &configured.cipher {
        Ok(Some(cipher)) => cipher,
        Ok(None) => return Err(Error::new(Code::ConfigFieldRequired).with("field", "sensitiveInfoEncryptSecret")),
        Err(problem) => return Err(config_error(&problem.place.path)),
    };
    Ok(RealNamePolicy {
        cipher,
        accounts_per_card: configured.accounts_per_card,
        attempts_per_day: configured.attempts_per_day,
        keeps_photo: configured.keeps_photo,
    })
}

/// The service that compares faces, if there is one.
fn verifier<'a>(scope: &'a Scope<'a>) -> Result<&'a dyn FaceVerifier> {
    let missing = || Error::new(Code::ConfigFieldRequired).with("field", "providers.frv");
    scope.state.upstreams.face.as_deref().ok_or_else(missing)
}
