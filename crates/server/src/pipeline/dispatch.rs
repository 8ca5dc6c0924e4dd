//! From a call to its answer.

use serde_json::{Map, Value};

use lingpai_domain::{
    error::{Code, Error, Result},
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
    match run(state, &mut call).await {
        Ok(answer) => {
            telemetry::call_succeeded(&call, started);
            answer.into_body()
        }
        Err(error) => {
            telemetry::call_failed(&call, &error, started);
            let error = told_for_how_long(state, &call, error);
            spoken_error(&error, &state.speech(call.client_locale()))
        }
    }
}

/// A lock lasts as long as the application's configuration says.
fn told_for_how_long(state: &State, call: &Call, error: Error) -> Error {
    if !limits::is_lock(error.code) {
        return error;
    }
    let client = client_info::check(call).ok();
    let config = client.and_then(|client| state.center.app(&client.app_id, &client.platform).ok());
    match config {
        Some(config) => limits::with_length_of_lock(error, config.password_error_retry_time),
        None => error,
    }
}

async fn run(state: &State, call: &mut Call) -> Result<Answer> {
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
            let params = parse(method, &mut scope, params).await?;
            let answer = handle(&scope, params, &caller).await?;
            Ok(with_renewed(answer, &mut caller))
        }
        Access::Role(role, renewal, handle) => {
            let mut caller = access::role(&scope, token, *renewal, role).await?;
            let params = parse(method, &mut scope, params).await?;
            let answer = handle(&scope, params, &caller).await?;
            Ok(with_renewed(answer, &mut caller))
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

fn with_renewed(answer: Answer, caller: &mut access::Caller) -> Answer {
    match caller.take_renewed() {
        Some(renewed) => answer.with_token(renewed),
        None => answer,
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
