//! The hosted pages: sign-in and account centre, embedded from the build in `web/pages`.
//!
//! A program that was built without them shows the welcome page instead.

use std::{borrow::Cow, path::Path, sync::Arc};

use axum::{
    Router,
    body::Body,
    extract::{Path as Segment, State as Extract},
    http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header, request::Parts},
    response::{IntoResponse, Redirect},
    routing::get,
};
use rust_embed::{EmbeddedFile, RustEmbed};
use serde_json::Value;

use aws_lc_rs::digest;
use lingpai_domain::random::to_hex;

use super::{agreements, health, pages_settings, pages_shell};
use crate::{
    config::center::{Pages, brand_file},
    state::State,
};

/// Debug builds read the folder while they run, others carry it. Each file may have `.br` and `.gz` beside it.
#[derive(RustEmbed)]
#[folder = "../../web/pages/dist/build/h5"]
#[allow_missing = true]
struct Build;

/// Names in `assets/` contain a hash of what they hold.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
const AN_HOUR: &str = "public, max-age=3600";
/// Kept, but asked for again each time.
pub const ASK_AGAIN: &str = "no-cache";
/// Largest picture or style sheet of a project, bytes.
const LARGEST: u64 = 2 * 1024 * 1024;
/// Where the settings go, and the first view.
const SETTINGS_PLACE: &str = "{}</script>";
const SHELL_PLACE: &str = "<div id=\"lingpai-shell\"></div>";
const LANGUAGE_PLACE: &str = "<html lang=\"zh-Hans\">";
/// Short addresses of the pages that people link to.
const SHORT: [(&str, &str); 4] = [
    ("/sign-in", "login/login-withpwd"),
    ("/register", "register/register"),
    ("/account", "userinfo/userinfo"),
    ("/reset-password", "retrieve/retrieve"),
];
/// Where the plugin's pages are.
pub const PAGES: &str = "/uni_modules/lingpai-pages/pages/";

/// The routes of the pages, `/` among them.
pub fn routes() -> Router<Arc<State>> {
    let mut router = Router::new()
        .route("/", get(index))
        .route(&format!("{PAGES}{{*page}}"), get(index))
        .route("/assets/{*file}", get(|parts: Parts| asset(parts, FOR_EVER)))
        .route("/static/{*file}", get(|parts: Parts| asset(parts, AN_HOUR)))
        .route("/lingpai/pages.json", get(settings))
        .route("/lingpai/custom.css", get(custom_css))
        .route("/lingpai/brand/{name}", get(brand))
        .route("/agreements/{name}", get(agreements::serve));
    for (short, page) in SHORT {
        router = router.route(short, get(move || async move { Redirect::to(&format!("{PAGES}{page}")) }));
    }
    router
}

/// Whether this program has the pages.
pub fn are_built() -> bool {
    Build::get("index.html").is_some()
}

/// Any page: which one is told by its script. The project's settings and a first view are put in: no further request
/// is waited for, and nothing to be seen and typed into waits for the scripts.
async fn index(Extract(state): Extract<Arc<State>>, request: Request<Body>) -> Response<Body> {
    let Some(template) = Build::get("index.html") else {
        return health::welcome(Extract(state)).await.into_response();
    };
    let (parts, _) = request.into_parts();
    let pages = load(&state);
    let settings = pages_settings::describe(&state, &pages, &parts).await;
    let language = pages_shell::language(&parts.headers);
    let mut html = String::from_utf8_lossy(&template.data).replacen(LANGUAGE_PLACE, &format!("<html lang=\"{language}\">"), 1);
    if let Some(shell) = text(&format!("shell/{language}.html")) {
        let view = pages_shell::fit(
            &shell,
            &shell_words(language),
            &settings,
            parts.uri.path(),
            parts.uri.query().unwrap_or_default(),
            &parts.headers,
        );
        html = html.replacen(SHELL_PLACE, &format!("<div id=\"lingpai-shell\" lang=\"{language}\">{view}</div>"), 1);
    }
    // `<` could end the block early.
    html = html.replacen(SETTINGS_PLACE, &format!("{}</script>", settings.to_string().replace('<', "\\u003c")), 1);
    if let Some(name) = pages.name() {
        html = with_title(&html, name);
    }
    if let Some(link) = own_styles_link(&pages) {
        html = html.replacen("</head>", &format!("{link}</head>"), 1);
    }
    let mut response = Response::new(Body::from(html));
    let headers = response.headers_mut();
    common(headers, "text/html; charset=utf-8", ASK_AGAIN);
    headers.insert(header::VARY, HeaderValue::from_static("accept-language, cookie"));
    if let Ok(policy) = HeaderValue::from_str(&policy(&pages)) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin"));
    headers.insert("permissions-policy", HeaderValue::from_static("camera=(), geolocation=(), microphone=(), payment=()"));
    response
}

/// Nothing but what this server serves, nothing inline, and nobody may frame the pages.
fn policy(pages: &Pages) -> String {
    let further: String = pages.origins.iter().map(|origin| format!(" {origin}")).collect();
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data: blob:{further}; \
         connect-src 'self'{further}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
}

fn with_title(html: &str, name: &str) -> String {
    let (Some(start), Some(end)) = (html.find("<title>"), html.find("</title>")) else { return html.to_owned() };
    let name = name.replace('&', "&amp;").replace('<', "&lt;");
    format!("{}{name}{}", &html[..start + "<title>".len()], &html[end..])
}

fn text(path: &str) -> Option<String> {
    Some(String::from_utf8_lossy(&Build::get(path)?.data).into_owned())
}

/// Words of the build in a language, for what the server writes itself.
pub fn shell_words(language: &str) -> Value {
    text(&format!("shell/{language}.json")).and_then(|words| serde_json::from_str(&words).ok()).unwrap_or_default()
}

/// The links to the pages' style sheets, the project's own last.
pub fn style_links(pages: &Pages) -> String {
    let index = text("index.html").unwrap_or_default();
    let built = index
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with("<link rel=\"stylesheet\""))
        .fold(String::new(), |links, line| links + line + "\n");
    built + &own_styles_link(pages).unwrap_or_default()
}

fn own_styles_link(pages: &Pages) -> Option<String> {
    Some(format!("<link rel=\"stylesheet\" href=\"/lingpai/custom.css?{}\">\n", own_styles_version(pages)?))
}

/// Changes whenever the project's style sheet or colours do; `None`: it has neither.
fn own_styles_version(pages: &Pages) -> Option<String> {
    let colors = pages.colors();
    let file = pages.css.as_ref().and_then(|path| path.metadata().ok()).map(|about| format!("{}{:?}", about.len(), about.modified().ok()));
    if colors.is_empty() && file.is_none() {
        return None;
    }
    Some(to_hex(&digest::digest(&digest::SHA256, format!("{colors}{file:?}").as_bytes()).as_ref()[..6]))
}

/// The configuration as it is now; what is wrong in it is said and left out.
pub fn load(state: &State) -> Pages {
    Pages::load(state.center.folder()).unwrap_or_else(|problem| {
        tracing::warn!(place = %problem.place, "{} / {}", problem.what.zh, problem.what.en);
        Pages::default()
    })
}

/// `/lingpai/pages.json`: the settings, for apps that host the pages themselves.
async fn settings(Extract(state): Extract<Arc<State>>, request: Request<Body>) -> Response<Body> {
    let (parts, _) = request.into_parts();
    let settings = pages_settings::describe(&state, &load(&state), &parts).await;
    let mut response = Response::new(Body::from(settings.to_string()));
    common(response.headers_mut(), "application/json; charset=utf-8", ASK_AGAIN);
    super::cors::allow(&state.settings, &parts.headers, response.headers_mut());
    response
}

/// The project's colours, then its style sheet. Its address changes with it.
async fn custom_css(Extract(state): Extract<Arc<State>>) -> Response<Body> {
    let pages = load(&state);
    let written = match &pages.css {
        Some(path) => small_file(path).await,
        None => None,
    };
    let colors = pages.colors();
    if colors.is_empty() && written.is_none() {
        return health::not_found().await.into_response();
    }
    let mut css = colors.into_bytes();
    css.extend(written.unwrap_or_default());
    project_response(css, "text/css; charset=utf-8")
}

async fn brand(Extract(state): Extract<Arc<State>>, Segment(name): Segment<String>) -> Response<Body> {
    match brand_file(state.center.folder(), &name) {
        Some((path, media_type)) => project_file(&path, media_type).await,
        None => health::not_found().await.into_response(),
    }
}

async fn project_file(path: &Path, media_type: &'static str) -> Response<Body> {
    match small_file(path).await {
        Some(bytes) => project_response(bytes, media_type),
        None => health::not_found().await.into_response(),
    }
}

/// A file of the project, unless it is too large to be meant.
pub async fn small_file(path: &Path) -> Option<Vec<u8>> {
    let about = tokio::fs::metadata(path).await.ok()?;
    if about.is_file() && about.len() <= LARGEST { tokio::fs::read(path).await.ok() } else { None }
}

fn project_response(bytes: Vec<u8>, media_type: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(bytes));
    common(response.headers_mut(), media_type, AN_HOUR);
    // A drawing that is opened by itself must not run anything.
    response
        .headers_mut()
        .insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; sandbox"));
    response
}

/// A file of the build, in the smallest form that the browser reads.
async fn asset(parts: Parts, keep: &'static str) -> Response<Body> {
    let path = parts.uri.path().trim_start_matches('/');
    let Some(media_type) = media_type(path) else { return health::not_found().await.into_response() };
    let Some((file, encoding)) = smallest(path, &parts.headers) else { return health::not_found().await.into_response() };
    let tag = format!("\"{}\"", to_hex(&file.metadata.sha256_hash()[..16]));
    let known = parts.headers.get(header::IF_NONE_MATCH).is_some_and(|value| value.as_bytes() == tag.as_bytes());
    let body = match file.data {
        _ if known => Body::empty(),
        Cow::Borrowed(bytes) => Body::from(bytes),
        Cow::Owned(bytes) => Body::from(bytes),
    };
    let mut response = Response::new(body);
    if known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    let headers = response.headers_mut();
    common(headers, media_type, keep);
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Some(encoding) = encoding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    response
}

fn smallest(path: &str, request: &HeaderMap) -> Option<(EmbeddedFile, Option<&'static str>)> {
    let accepted = request.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let accepts = |name: &str| {
        accepted.split(',').any(|item| {
            let (coding, quality) = item.split_once(';').unwrap_or((item, ""));
            coding.trim() == name && !matches!(quality.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000")
        })
    };
    for (encoding, ending) in [("br", "br"), ("gzip", "gz")] {
        if accepts(encoding)
            && let Some(file) = Build::get(&format!("{path}.{ending}"))
        {
            return Some((file, Some(encoding)));
        }
    }
    Build::get(path).map(|file| (file, None))
}

fn media_type(path: &str) -> Option<&'static str> {
    Some(match path.rsplit_once('.')?.1 {
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" => "image/jpeg",
        "webp" => "image/webp",
        "woff2" => "font/woff2",
        "json" => "application/json; charset=utf-8",
        _ => return None,
    })
}

/// What every answer says.
pub fn common(headers: &mut HeaderMap, media_type: &'static str, keep: &'static str) {
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(keep));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_allows_nothing_inline_and_nothing_foreign_unless_configured() {
        let plain = policy(&Pages::default());
        assert!(!plain.contains("unsafe") && !plain.contains("http"));
        let further = policy(&Pages { origins: vec!["https://files.example".to_owned()], ..Pages::default() });
        assert!(further.contains("img-src 'self' data: blob: https://files.example;"));
        assert!(further.contains("script-src 'self';"));
    }

    #[test]
    fn a_name_cannot_leave_the_title() {
        let html = with_title("<title>x</title>", "</title><script>");
        assert_eq!(html, "<title>&lt;/title>&lt;script></title>");
    }
}
