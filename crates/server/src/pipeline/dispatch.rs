//! From a call to its answer.

use serde_json::{Map, Value};

use lingpai_domain::{
    error::{Code, Error, Result},
    session::NewToken,
    validate::Params,
};

use super::{Scope, access, client_info, limits, listed_address, scope::config_error, signature};
use crate::{
    answer::{Answer, spoken_error},
    call::Call,
    methods::{Access, Method, registry},
    state::State,
    telemetry,
};

/// Runs a call. There is always an answer, and it is always an object.
pub async fn answer(state: &State, mut call: Call) -> Map<String, Value> {
    if call.function == super::clientdb::FUNCTION {
        return super::clientdb::answer(state, call).await;
    }
    let started = telemetry::Stopwatch::start();
    let mut renewed = None;
    match run(state, &mut call, &mut renewed).await {
        Ok(answer) => {
            telemetry::call_succeeded(&call, started);
            match renewed {
                Some(token) => answer.with_token(token).into_body(),
                None => answer.into_body(),
            }
        }
        Err(error) => {
            telemetry::call_failed(&call, &error, started);
            let error = told_for_how_long(state, &call, error);
            let answer = Answer::of_error(spoken_error(&error, &state.speech(call.client_locale())));
            match renewed {
                // The client keeps it whatever else the answer says. Without it each failure would add one more to the few
                // tokens of the user's list, until other devices fall out of it.
                Some(token) if !ends_the_session(error.code) => answer.with_token(token).into_body(),
                _ => answer.into_body(),
            }
        }
    }
}

/// A lock lasts as long as the application's configuration says.
fn told_for_how_long(state: &State, call: &Call, error: Error) -> Error {
    let client = client_info::check(call).ok();
    let config = client.and_then(|client| state.center.app(&client.app_id, &client.platform).ok());
    match config {
        Some(config) => limits::with_length_of_lock(error, config.password_error_retry_time),
        None => error,
    }
}

/// Whether the caller has to sign in again: a token beside such an answer would be void as well.
const fn ends_the_session(code: Code) -> bool {
    matches!(
        code,
        Code::CheckTokenFailed
            | Code::TokenExpired
            | Code::AccountNotExists
            | Code::AccountBanned
            | Code::AccountAuditing
            | Code::AccountAuditFailed
            | Code::AccountClosed
    )
}

/// `renewed`: the caller's new token, where one was made. It is there even if the call fails afterwards.
async fn run(state: &State, call: &mut Call, renewed: &mut Option<NewToken>) -> Result<Answer> {
    let method = find(call)?;
    let client = client_info::check(call)?;
    let config = state.center.app(&client.app_id, &client.platform).map_err(|problem| config_error(&problem.place.path))?;
    let _admitted = limits::check(state, method.bucket, &client)?;
    let params = call.take_params();
    let call = &*call;
    let mut scope = Scope {
        state,
        config,
        client: &client,
        client_info: &call.client_info,
        secured: &call.secured,
        request_id: &call.request_id,
        locale: call.locale(),
        present: None,
        own_params: Map::new(),
        roles: state.sessions.roles(),
    };
    let token = call.token.as_deref();
    match &method.access {
        Access::Anyone(handle) => {
            scope.present = access::present(&scope, token).await;
            let params = parse(method, &mut scope, params).await?;
            handle(&scope, params).await
        }
        Access::Token(handle) => handle(&scope, token.filter(|token| !token.is_empty()).map(str::to_owned)).await,
        Access::User(renewal, handle) => {
            let mut caller = access::user(&scope, token, *renewal).await?;
            *renewed = caller.take_renewed();
            let params = parse(method, &mut scope, params).await?;
            handle(&scope, params, &caller).await
        }
        Access::Role(role, renewal, handle) => {
            let mut caller = access::user(&scope, token, *renewal).await?;
            *renewed = caller.take_renewed();
            access::demand_role(&caller, role)?;
            let params = parse(method, &mut scope, params).await?;
            handle(&scope, params, &caller).await
        }
        Access::Listed(handle) => {
            let listed = listed_address::check(&scope)?;
            let params = parse(method, &mut scope, params).await?;
            handle(&scope, params, &listed).await
        }
        Access::Signed(handle) => {
            let partner = signature::check(&scope, call, params.as_ref()).await?;
            let params = parse(method, &mut scope, params).await?;
            handle(&scope, params, &partner).await
        }
    }
}

fn find(call: &Call) -> Result<&'static Method> {
    match registry::find(&call.function, &call.method) {
        Some(method) => Ok(method),
        None if registry::has_function(&call.function) => {
            Err(Error::new(Code::MethodNotFound).with("function", call.function.clone()).with("method", call.method.clone()))
        }
        None => Err(Error::new(Code::FunctionNotFound).with("function", call.function.clone())),
    }
}

async fn parse(method: &Method, scope: &mut Scope<'_>, params: Option<Map<String, Value>>) -> Result<Params> {
    let params = params.ok_or_else(|| Error::new(Code::InvalidParam).with("param", "params"))?;
    let strength = scope.config.password_strength;
    match scope.state.scripts.as_deref() {
        Some(scripts) => {
            let (params, own) = Params::parse_with(params, method.name, method.fields, strength, scripts).await?;
            scope.own_params = own;
            Ok(params)
        }
        None => Params::parse(params, method.fields, strength),
    }
}
