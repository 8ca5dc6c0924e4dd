//! What the hosted pages are told: the project's configuration of them, and what this server is.

use std::sync::LazyLock;

use axum::http::request::Parts;
use serde_json::{Map, Value, json};

use lingpai_domain::{client::Source, secret::Secret};

use super::peer;
use crate::{
    call::Call,
    config::{
        center::{Agreement, Pages},
        settings::Space,
    },
    pipeline,
    secure_network::Secured,
    state::State,
};

/// The application that the pages are where none is configured.
const DEFAULT_APP: &str = "__UNI__LINGPAI";
/// The space of the pages where the operator has configured none: it identifies them, and like every
/// client secret it is no secret. The URL form takes the same calls without any.
pub static OWN_SPACE: LazyLock<Space> = LazyLock::new(|| {
    let name = "lingpai-pages";
    Space { id: name.to_owned(), client_secret: Secret::new(name), apps: vec!["*".to_owned()] }
});

/// The settings of the pages, as JSON for them to read.
pub async fn describe(state: &State, pages: &Pages, parts: &Parts) -> Value {
    let app_id = app_id(state, pages);
    let space = space(state, pages, &app_id);
    let mut settings = pages.handed_on.clone();
    resolve_pictures(&mut settings);
    name_own_agreements(state, &mut settings);
    settings.insert(
        "server".to_owned(),
        json!({"endpoint": "", "spaceId": space.id, "clientSecret": space.client_secret.expose(), "appId": app_id}),
    );
    settings.insert("development".to_owned(), json!(state.is_development()));
    if let Ok(config) = state.center.app(&app_id, "web") {
        let strength = config.raw.get("passwordStrength").filter(|_| config.password_strength.is_some());
        settings.insert("passwordStrength".to_owned(), strength.cloned().unwrap_or_else(|| json!("")));
    }
    if let Some(supported) = supported(state, &app_id, parts).await {
        settings.insert("supported".to_owned(), json!(supported));
    }
    if let Ok(exists) = state.base.store.admin_exists().await {
        settings.insert("hasAdmin".to_owned(), json!(exists));
    }
    // An offer that could only fail is none.
    if !state.is_development() && state.settings.providers.email.is_none() {
        settings.insert("emailRegistration".to_owned(), json!(false));
    }
    Value::Object(settings)
}

/// The configured application, else the one that the configuration is for, else the first that a space names.
fn app_id(state: &State, pages: &Pages) -> String {
    if let Some(app_id) = &pages.app_id {
        return app_id.clone();
    }
    let config = state.center.app(DEFAULT_APP, "web").ok();
    let listed = config.as_ref().and_then(|config| match config.raw.get("dcloudAppid")? {
        Value::Array(apps) => apps.first()?.as_str(),
        app => app.as_str(),
    });
    let of_a_space = || state.settings.spaces.iter().flat_map(|space| &space.apps).find(|app| *app != "*").map(String::as_str);
    listed.or_else(of_a_space).unwrap_or(DEFAULT_APP).to_owned()
}

fn space<'a>(state: &'a State, pages: &Pages, app_id: &str) -> &'a Space {
    let named = |space: &&Space| pages.space.as_ref().is_none_or(|id| *id == space.id) && space.allows(app_id);
    state.settings.spaces.iter().find(named).unwrap_or(&OWN_SPACE)
}

/// What the project wrote as a file is shown where it named no address of its own.
fn name_own_agreements(state: &State, settings: &mut Map<String, Value>) {
    for agreement in Agreement::ALL {
        let configured = settings.get("agreements").and_then(|agreements| agreements.get(agreement.setting())?.as_str());
        if configured.is_some_and(|url| !url.is_empty()) || agreement.file(state.center.folder(), "").is_none() {
            continue;
        }
        let agreements = settings.entry("agreements").or_insert_with(|| json!({}));
        if let Value::Object(agreements) = agreements {
            agreements.insert(agreement.setting().to_owned(), json!(format!("/agreements/{}", agreement.name())));
        }
    }
}

/// File names become addresses.
fn resolve_pictures(settings: &mut Map<String, Value>) {
    let Some(Value::Object(brand)) = settings.get_mut("brand") else { return };
    if let Some(Value::String(logo)) = brand.get_mut("logo")
        && !logo.is_empty()
        && !logo.contains('/')
    {
        *logo = format!("/lingpai/brand/{logo}");
    }
}

/// The ways to sign in, as every client is told them.
async fn supported(state: &State, app_id: &str, parts: &Parts) -> Option<Vec<Value>> {
    let call = Call {
        function: "uni-id-co".to_owned(),
        method: "getSupportedLoginType".to_owned(),
        params: None,
        client_info: json!({"appId": app_id, "uniPlatform": "web"}).into(),
        token: None,
        source: Source::Client,
        ip: peer::client_ip(&state.settings, parts.extensions.get(), &parts.headers).to_string(),
        user_agent: String::new(),
        request_id: state.base.random.hex(16),
        secured: Secured::default(),
        signed: None,
    };
    let mut answer = pipeline::answer(state, call).await;
    let Some(Value::Array(mut ways)) = answer.remove("supportedLoginType") else { return None };
    // Development mode takes the test code where no SMS is set up.
    if state.is_development() && !ways.contains(&json!("mobile-code")) {
        ways.push(json!("mobile-code"));
    }
    Some(ways)
}
