//! clientDB: the function `DCloud-clientDB`, with which clients query collections by themselves.

use serde_json::{Map, Value, json};

use lingpai_domain::{
    client::Client,
    clientdb::{
        Engine, Limits, Refusal, RefusalCode, Session, SessionUser,
        command::{Action, Command, Source},
        execute::Answer,
        refusal,
    },
    error::{Code, Error, Result},
    roles::ADMIN,
    session::NewToken,
};

use super::{Bucket, Scope, access, client_info, limits, scope::config_error};
use crate::{
    call::Call,
    methods::Renewal,
    state::State,
    telemetry,
    words::{Locale, Words},
};

/// The function's name, as clients call it.
pub const FUNCTION: &str = "DCloud-clientDB";

/// Its name in documentation, which is taken wherever the other one is.
pub const ALIAS: &str = "uni-clientDB";

/// One name for a function that has two; every other name as it is.
pub fn canonical(function: &str) -> &str {
    if function == ALIAS { FUNCTION } else { function }
}

/// Most commands that are sent together.
const MOST_COMMANDS: usize = 20;

/// Answers a request. Errors have `code` and `message`: with `errCode` alone the client takes an answer
/// for a success.
pub async fn answer(state: &State, mut call: Call) -> Map<String, Value> {
    let locale = call.locale();
    let started = telemetry::Stopwatch::start();
    let request = match call.params.take() {
        Some(Value::Object(request)) => request,
        _ => Map::new(),
    };
    match run(state, &call, &request).await {
        Ok(body) => {
            telemetry::call_succeeded(&call, started);
            body
        }
        Err(error) => {
            telemetry::call_failed(&call, &error, started);
            failure(error.code.wire(), &Words::built_in().message(locale, &error))
        }
    }
}

/// Errors: the call was not let in at all.
async fn run(state: &State, call: &Call, request: &Map<String, Value>) -> Result<Map<String, Value>> {
    let client = client_info::check(call)?;
    let config = state.center.app(&client.app_id, &client.platform).map_err(|problem| config_error(&problem.place.path))?;
    let _admitted = limits::check(state, Bucket::General, &client)?;
    let scope = Scope {
        state,
        config,
        client: &client,
        client_info: &call.client_info,
        locale: call.locale(),
        present: None,
        own_params: Map::new(),
        roles: state.sessions.roles(),
        secured: &call.secured,
        request_id: &call.request_id,
    };
    let (user, renewed, refused) = caller(&scope, call.token.as_deref()).await?;
    let session = Session { user, now_ms: state.base.clock.now_ms(), client_ip: client.ip.clone() };
    let engine = Engine {
        context: scope.context(),
        schemas: state.center.schemas(),
        session: &session,
        limits: Limits { examined: state.settings.clientdb.examined_rows, ..Limits::default() },
    };
    let asking = Asking { state, call, locale: call.locale(), refused };
    let mut body = match asking.commands(request) {
        Err(refusal) => asking.refuse(&refusal),
        Ok(Commands::One(command)) => asking.carry_out(&engine, command).await,
        Ok(Commands::Many(commands)) => {
            let mut answers = Vec::with_capacity(commands.len());
            for command in commands {
                answers.push(Value::Object(asking.carry_out(&engine, command).await));
            }
            Map::from_iter([("code".to_owned(), 0.into()), ("dataList".to_owned(), answers.into())])
        }
    };
    if let Some(renewed) = renewed {
        body.insert("token".to_owned(), renewed.token.into());
        body.insert("tokenExpired".to_owned(), renewed.expired.into());
    }
    Ok(body)
}

type CallerOfDatabase = (Option<SessionUser>, Option<NewToken>, Option<Error>);

/// The caller, a new token if the present one is near its end, and why a token was refused: that
/// only matters to queries that need a user.
async fn caller(scope: &Scope<'_>, token: Option<&str>) -> Result<CallerOfDatabase> {
    let Some(token) = token.filter(|token| !token.is_empty()) else { return Ok((None, None, None)) };
    match access::user(scope, Some(token), Renewal::Automatic).await {
        Ok(mut caller) => {
            let renewed = caller.take_renewed();
            let claims = &caller.token().claims;
            // What a project's own script put into the token stands; else the roles of this moment count.
            let is_custom = scope.state.scripts.as_deref().is_some_and(|scripts| scripts.has_custom_token());
            let permissions = match &claims.permission {
                Some(permissions) if is_custom => permissions.clone(),
                _ => scope.roles.permissions(caller.roles()),
            };
            let user = SessionUser {
                uid: caller.uid().to_owned(),
                roles: caller.roles().to_vec(),
                permissions,
                token_expired: claims.exp.map(|exp| exp.saturating_mul(1000)),
            };
            Ok((Some(user), renewed, None))
        }
        Err(error) if matches!(error.code, Code::SystemError | Code::ConfigFieldInvalid | Code::ConfigFieldRequired) => Err(error),
        Err(error) => Ok((None, None, Some(error))),
    }
}

/// The caller of something beside functions: id, and whether an administrator. `None`: not logged in.
pub async fn caller_of(state: &State, call: &Call, client: &Client) -> Result<Option<(String, bool)>> {
    let Some(token) = call.token.as_deref().filter(|token| !token.is_empty()) else { return Ok(None) };
    let config = state.center.app(&client.app_id, &client.platform).map_err(|problem| config_error(&problem.place.path))?;
    let scope = Scope {
        state,
        config,
        client,
        client_info: &call.client_info,
        locale: call.locale(),
        present: None,
        own_params: Map::new(),
        roles: state.sessions.roles(),
        secured: &call.secured,
        request_id: &call.request_id,
    };
    let caller = access::user(&scope, Some(token), Renewal::Never).await?;
    Ok(Some((caller.uid().to_owned(), caller.roles().iter().any(|role| role == ADMIN))))
}

enum Commands<'a> {
    One(&'a Value),
    Many(Vec<&'a Value>),
}

/// A request being answered.
struct Asking<'a> {
    state: &'a State,
    call: &'a Call,
    locale: Locale,
    /// Why the token was refused.
    refused: Option<Error>,
}

impl Asking<'_> {
    fn commands<'r>(&self, request: &'r Map<String, Value>) -> refusal::Result<Commands<'r>> {
        if !self.state.settings.clientdb.enabled {
            return Err(Refusal::new(RefusalCode::NotSupported, "clientdb-disabled"));
        }
        if let Some(action) = request.get("action").and_then(Value::as_str).filter(|action| !action.is_empty()) {
            return Err(Refusal::not_supported(format!("action {action}")));
        }
        match request.get("multiCommand") {
            Some(Value::Array(commands)) if commands.len() > MOST_COMMANDS => Err(Refusal::too_large(format!("{MOST_COMMANDS} commands"))),
            Some(Value::Array(commands)) => {
                Ok(Commands::Many(commands.iter().map(|command| command.get("command").unwrap_or(command)).collect()))
            }
            Some(value) if !value.is_null() => Err(Refusal::argument("multiCommand")),
            _ => request.get("command").map(Commands::One).ok_or_else(|| Refusal::argument("command")),
        }
    }

    async fn carry_out(&self, engine: &Engine<'_>, command: &Value) -> Map<String, Value> {
        let outcome = match Command::parse(command, engine.session) {
            Ok(command) => carry_out(self.state, engine, &command).await,
            Err(refusal) => Err(refusal),
        };
        match outcome {
            Ok(answer) => body(answer),
            Err(refusal) => self.refuse(&refusal),
        }
    }

    fn refuse(&self, refusal: &Refusal) -> Map<String, Value> {
        let words = Words::built_in();
        let (request_id, code) = (&self.call.request_id, refusal.code.wire());
        if let Some(cause) = &refusal.cause {
            tracing::error!(%request_id, function = FUNCTION, code, cause = ?cause, "failed");
            return failure(code, &words.message(self.locale, cause));
        }
        tracing::info!(%request_id, function = FUNCTION, code, what = refusal.key, ip = %self.call.ip, "refused");
        if let (RefusalCode::Anonymous, Some(error)) = (refusal.code, &self.refused) {
            return failure(token_code(error.code), &words.message(self.locale, error));
        }
        if let Some(words) = &refusal.words {
            return failure(code, words);
        }
        let args: Vec<(&str, &str)> = refusal.args.iter().map(|(name, value)| (*name, value.as_str())).collect();
        failure(code, &words.fill(self.locale, refusal.key, &args))
    }
}

async fn carry_out(state: &State, engine: &Engine<'_>, command: &Command) -> refusal::Result<Answer> {
    let answer = engine.run(command).await?;
    if !matches!(command.action, Action::Get { .. } | Action::Count) {
        // Users and roles may have changed: this node knows before it answers.
        if let Source::Collection(name) = &command.query.source
            && matches!(name.as_str(), "uni-id-users" | "uni-id-roles")
        {
            state.sessions.ask(&state.base).await?;
        }
    }
    Ok(answer)
}

fn body(answer: Answer) -> Map<String, Value> {
    let body = match answer {
        Answer::Data(data, None) => json!({"code": 0, "message": "", "data": data}),
        Answer::Data(data, Some(count)) => json!({"code": 0, "message": "", "data": data, "count": count}),
        Answer::Total(total) => json!({"code": 0, "total": total}),
        Answer::Added(ids, true) => json!({"code": 0, "inserted": ids.len(), "ids": ids}),
        Answer::Added(ids, false) => json!({"code": 0, "inserted": ids.len(), "id": ids.first()}),
        Answer::Updated(updated) => json!({"code": 0, "updated": updated}),
        Answer::Deleted(deleted) => json!({"code": 0, "deleted": deleted}),
    };
    if let Value::Object(body) = body { body } else { Map::new() }
}

fn failure(code: &str, message: &str) -> Map<String, Value> {
    Map::from_iter([("code".to_owned(), code.into()), ("message".to_owned(), message.into())])
}

/// On these codes clients go to the login page.
const fn token_code(code: Code) -> &'static str {
    match code {
        Code::TokenExpired => "TOKEN_INVALID_TOKEN_EXPIRED",
        Code::CheckTokenFailed => "TOKEN_INVALID_WRONG_TOKEN",
        _ => "TOKEN_INVALID",
    }
}
