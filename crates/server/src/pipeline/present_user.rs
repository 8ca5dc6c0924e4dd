//! The user of a call to a function that is not one of ours: such functions decide themselves whom they serve.

use serde_json::{Value, json};

use lingpai_domain::error::{Code, Result};

use super::{Scope, access, client_info};
use crate::{call::Call, state::State};

/// `{uid, role, permission}` of a valid token, with the roles of this moment; else why the token does not hold, if there
/// is one.
pub async fn present_user(state: &State, call: &Call) -> (Value, Option<Code>) {
    let Some(token) = call.token.as_deref().filter(|token| !token.is_empty()) else { return (Value::Null, None) };
    match check(state, call, token).await {
        Ok(user) => (user, None),
        Err(error) => (Value::Null, Some(error.code)),
    }
}

async fn check(state: &State, call: &Call, token: &str) -> Result<Value> {
    let client = client_info::check(call)?;
    let config = state.center.app(&client.app_id, &client.platform).map_err(|problem| super::scope::config_error(&problem.place.path))?;
    let scope = Scope {
        state,
        config,
        client: &client,
        client_info: &call.client_info,
        secured: &call.secured,
        request_id: &call.request_id,
        locale: call.locale(),
        present: None,
        own_params: Default::default(),
        roles: state.sessions.roles(),
    };
    let (present, roles) = access::verify(&scope, token).await?;
    let permissions = scope.roles.permissions(&roles);
    Ok(json!({"uid": present.claims.uid, "role": roles, "permission": permissions}))
}
