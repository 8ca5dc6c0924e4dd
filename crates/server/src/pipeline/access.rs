//! Who may call: tokens, their renewal, roles.

use lingpai_domain::{
    error::{Code, Error, Result},
    session::{NewToken, PresentToken},
    token,
};

use super::Scope;
use crate::methods::Renewal;

/// Proof that the caller holds a valid token.
#[derive(Debug)]
pub struct Caller {
    present: PresentToken,
    uid: String,
    roles: Vec<String>,
    renewed: Option<NewToken>,
}

impl Caller {
    /// The user.
    pub fn uid(&self) -> &str {
        &self.uid
    }

    /// The user's roles at this moment.
    pub fn roles(&self) -> &[String] {
        &self.roles
    }

    /// The token of the call.
    pub fn token(&self) -> &PresentToken {
        &self.present
    }

    pub(super) fn take_renewed(&mut self) -> Option<NewToken> {
        self.renewed.take()
    }
}

/// Checks a token's signature, time and revocation.
pub async fn verify(scope: &Scope<'_>, token: &str) -> Result<(PresentToken, Vec<String>)> {
    let policy = scope.tokens()?;
    let claims = token::verify(token, &policy.secret).map_err(|_| Code::CheckTokenFailed)?;
    let Some(uid) = claims.uid.clone() else { return Err(Code::CheckTokenFailed.into()) };
    if claims.is_expired(scope.state.base.clock.now_ms()) {
        return Err(Code::TokenExpired.into());
    }
    scope.state.sessions.ensure_fresh(&scope.state.base).await?;
    let current = scope.state.sessions.gate.judge(token, &claims).map_err(|refusal| Error::new(refusal.code()))?;
    let remembered = scope.state.sessions.remembers(claims.iat, &scope.state.base);
    let mut roles = current.or_else(|| claims.role.clone()).unwrap_or_default();
    // Tokens without roles and tokens older than anything this node remembers are looked up.
    if !remembered || (claims.role.is_none() && claims.permission.is_none()) {
        let view = scope.state.base.store.session_view(&uid, token).await?.ok_or(Code::AccountNotExists)?;
        if let Some(status) = view.user.status() {
            return Err(status.code().into());
        }
        if claims.is_listed_version() && !view.listed && claims.role.is_none() {
            return Err(Code::CheckTokenFailed.into());
        }
        let issued_ms = claims.iat.unwrap_or(0).saturating_mul(1000);
        if view.user.valid_token_date().is_some_and(|date| issued_ms < date) {
            return Err(Code::TokenExpired.into());
        }
        roles = view.user.roles();
    }
    scope.state.uses.take_in(&uid, token, &scope.client.ip, scope.state.base.clock.now_ms());
    Ok((PresentToken { token: token.to_owned(), claims }, roles))
}

/// Demands a valid token, and makes a new one when its time is nearly over.
pub async fn user(scope: &Scope<'_>, token: Option<&str>, renewal: Renewal) -> Result<Caller> {
    let token = token.filter(|token| !token.is_empty()).ok_or(Code::CheckTokenFailed)?;
    let (present, roles) = verify(scope, token).await?;
    let policy = scope.tokens()?;
    let left_ms = present.claims.exp.map(|exp| exp.saturating_mul(1000) - scope.state.base.clock.now_ms());
    let nearly_over = left_ms.is_some_and(|left| left < policy.threshold * 1000);
    let renewed = match renewal {
        Renewal::Automatic if nearly_over => Some(scope.context().renew(&present, policy).await?),
        _ => None,
    };
    let uid = present.claims.uid.clone().ok_or(Code::CheckTokenFailed)?;
    Ok(Caller { present, uid, roles, renewed })
}

/// Demands a role besides.
pub async fn role(scope: &Scope<'_>, token: Option<&str>, renewal: Renewal, role: &str) -> Result<Caller> {
    let caller = user(scope, token, renewal).await?;
    if caller.roles.iter().any(|held| held == role) { Ok(caller) } else { Err(Code::PermissionError.into()) }
}

/// A token that was sent along to a method that demands none: taken if it holds, ignored if not.
pub async fn present(scope: &Scope<'_>, token: Option<&str>) -> Option<PresentToken> {
    let token = token.filter(|token| !token.is_empty())?;
    verify(scope, token).await.ok().map(|(present, _)| present)
}
