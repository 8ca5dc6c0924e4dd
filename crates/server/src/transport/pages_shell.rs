//! The first view of a page: what a visitor sees, and may type into, while the scripts are still on their way. The
//! build writes one template for each language (`web/pages/shell.html`); here it is fitted to project and visitor.

use axum::http::{HeaderMap, header};
use serde_json::Value;

use super::pages::PAGES;
use crate::config::center::LANGUAGES;

/// Cookies that the pages set: the language that was chosen, and that somebody is signed in here (a hint, no proof).
const LANGUAGE_COOKIE: &str = "lingpai_locale";
const SIGNED_IN_COOKIE: &str = "lingpai_signed_in";

const SIGN_IN: &str = "login/login-withpwd";
/// Pages without a way back, beside the sign-in page.
const ENTRANCES: [&str; 2] = ["login/login-smscode", "userinfo/userinfo"];
/// Pages in the account centre's layout.
const WIDE: [&str; 3] = ["userinfo/userinfo", "userinfo/sessions", "userinfo/passkeys"];

/// The language to begin in: the one that was chosen, else the browser's first.
pub fn language(headers: &HeaderMap) -> &'static str {
    if let Some(chosen) = cookie(headers, LANGUAGE_COOKIE)
        && let Some(known) = LANGUAGES.into_iter().find(|known| *known == chosen)
    {
        return known;
    }
    let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let first = accepted.split([',', ';']).next().unwrap_or_default().trim().to_ascii_lowercase();
    // As the pages themselves decide: Chinese of Taiwan, Hong Kong and Macau is traditional, what is not Chinese is English.
    if first.is_empty() {
        LANGUAGES[0]
    } else if !first.starts_with("zh") {
        "en"
    } else if ["hant", "tw", "hk", "mo"].iter().any(|mark| first.contains(mark)) {
        "zh-Hant"
    } else {
        "zh-Hans"
    }
}

/// Fits a template to the page at `path`. `settings` are the pages' own; `words` stand for a name and a slogan that
/// the project did not give.
pub fn fit(template: &str, words: &Value, settings: &Value, path: &str, query: &str, headers: &HeaderMap) -> String {
    let page = path.strip_prefix(PAGES).unwrap_or(SIGN_IN);
    let signed_in = cookie(headers, SIGNED_IN_COOKIE).is_some();
    let brand = |name: &str| settings["brand"][name].as_str().filter(|text| !text.is_empty());
    let offered = |way: &str| settings["loginTypes"].as_array().is_none_or(|ways| ways.iter().any(|each| each == way));
    let first = first_way(settings, headers);
    let codes = offered("smsCode") && supports(settings, &["mobile-code"]);
    // Whoever is signed in, or whom another way to sign in comes first for, is sent on at once.
    let form = page == SIGN_IN && !signed_in && (first == Some("username") || query.contains("type="));
    let agreement = |name: &str| settings["agreements"][name].as_str().filter(|url| !url.is_empty());
    let (service, privacy) = (agreement("serviceUrl"), agreement("privacyUrl"));
    let asked = settings["agreements"]["scope"].as_array().is_none_or(|scopes| scopes.iter().any(|scope| scope == "login"));
    let wide = WIDE.contains(&page) || (page == SIGN_IN && signed_in);

    let mut html = template.to_owned();
    for (section, kept) in [
        ("back", page != SIGN_IN && !ENTRANCES.contains(&page)),
        ("logo", brand("logo").is_some()),
        ("mark", brand("logo").is_none()),
        ("panel", !wide),
        ("service", service.is_some()),
        ("both", service.is_some() && privacy.is_some()),
        ("privacy", privacy.is_some()),
        ("consent", (service.is_some() || privacy.is_some()) && asked),
        ("tabs", codes),
        ("form", form),
    ] {
        html = with_section(html, section, kept);
    }
    html = html.replace("{layout}", if wide { "lp-wide" } else { "lp-narrow" });
    // Where to go after signing in is told to the page behind the other tab, too.
    html = html.replace("{query}", &if query.is_empty() { String::new() } else { format!("?{}", escape(query)) });
    for (place, url) in [("{serviceUrl}", service), ("{privacyUrl}", privacy)] {
        html = html.replace(place, &escape(url.unwrap_or_default()));
    }
    for place in ["logo", "slogan", "name"] {
        html = html.replace(&format!("{{{place}}}"), &escape(brand(place).or_else(|| words[place].as_str()).unwrap_or_default()));
    }
    html
}

/// Keeps what stands between the section's marks, or leaves it out.
fn with_section(html: String, name: &str, kept: bool) -> String {
    let (start, end) = (format!("<!--if {name}-->"), format!("<!--end {name}-->"));
    let (Some(from), Some(to)) = (html.find(&start), html.find(&end)) else { return html };
    let (Some(before), Some(inside), Some(after)) = (html.get(..from), html.get(from + start.len()..to), html.get(to + end.len()..)) else {
        return html;
    };
    if kept { format!("{before}{inside}{after}") } else { format!("{before}{after}") }
}

fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))
}

/// The first of the project's ways to sign in that this browser and this server have, as the pages choose it
/// (`logic/ways.ts`).
fn first_way<'a>(settings: &'a Value, headers: &HeaderMap) -> Option<&'a str> {
    let Some(ways) = settings["loginTypes"].as_array() else { return Some("username") };
    let agent = headers.get(header::USER_AGENT).map(|value| String::from_utf8_lossy(value.as_bytes())).unwrap_or_default();
    let weixin = if agent.contains("MicroMessenger") { "h5" } else { "web" };
    ways.iter().filter_map(Value::as_str).find(|way| match *way {
        "username" => supports(settings, &["username-password", "mobile-password", "email-password"]),
        "smsCode" => supports(settings, &["mobile-code"]),
        "weixin" => settings["appid"]["weixin"][weixin].as_str().is_some_and(|id| !id.is_empty()) && supports(settings, &["weixin"]),
        _ => false,
    })
}

/// Whether the server has one of the ways; so it seems where it did not say.
fn supports(settings: &Value, names: &[&str]) -> bool {
    settings["supported"].as_array().is_none_or(|ways| ways.iter().filter_map(Value::as_str).any(|way| names.contains(&way)))
}

/// As text of an element or a quoted attribute.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const TEMPLATE: &str = "<div class={layout}><!--if back-->back<!--end back--><!--if mark-->mark<!--end mark-->{name}\
        <!--if form-->form<!--if tabs-->tabs<!--end tabs--><!--if consent-->consent<!--if service-->S<!--end service-->\
        <!--if both-->&<!--end both--><!--if privacy-->P<!--end privacy--><!--end consent--><!--end form--></div>";

    fn headers(pairs: &[(header::HeaderName, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect()
    }

    fn fitted(settings: &Value, page: &str, query: &str, cookies: &str) -> String {
        let words = json!({"name": "Lingpai", "slogan": ""});
        fit(TEMPLATE, &words, settings, &format!("{PAGES}{page}"), query, &headers(&[(header::COOKIE, cookies)]))
    }

    #[test]
    fn speaks_as_the_browser_asks_unless_a_language_was_chosen() {
        for (accepted, cookies, expected) in [
            ("zh-CN,zh;q=0.9,en;q=0.8", "", "zh-Hans"),
            ("zh-TW", "", "zh-Hant"),
            ("zh-Hant-HK;q=1", "", "zh-Hant"),
            ("fr-FR,zh-CN;q=0.5", "", "en"),
            ("", "", "zh-Hans"),
            ("en", "a=b; lingpai_locale=zh-Hant", "zh-Hant"),
            ("en", "lingpai_locale=../x", "en"),
        ] {
            let found = language(&headers(&[(header::ACCEPT_LANGUAGE, accepted), (header::COOKIE, cookies)]));
            assert_eq!(found, expected, "{accepted} {cookies}");
        }
    }

    #[test]
    fn the_form_comes_first_only_where_the_page_will_show_it() {
        let plain = json!({"supported": ["username-password"]});
        assert_eq!(fitted(&plain, SIGN_IN, "", ""), "<div class=lp-narrow>markLingpaiform</div>");
        assert_eq!(fit(TEMPLATE, &json!({"name": "L"}), &plain, "/", "", &HeaderMap::new()), "<div class=lp-narrow>markLform</div>");
        assert_eq!(fitted(&plain, SIGN_IN, "", "lingpai_signed_in=1"), "<div class=lp-wide>markLingpai</div>");
        assert_eq!(fitted(&plain, "register/register", "", ""), "<div class=lp-narrow>backmarkLingpai</div>");
        assert_eq!(fitted(&plain, "userinfo/passkeys", "", ""), "<div class=lp-wide>backmarkLingpai</div>");
        let codes = json!({"loginTypes": ["smsCode", "username"], "supported": ["mobile-code"]});
        assert_eq!(fitted(&codes, SIGN_IN, "", ""), "<div class=lp-narrow>markLingpai</div>");
        assert_eq!(fitted(&codes, SIGN_IN, "type=username", ""), "<div class=lp-narrow>markLingpaiformtabs</div>");
    }

    #[test]
    fn ways_that_no_browser_or_not_this_server_has_are_passed_over() {
        let form = |settings: Value| fitted(&settings, SIGN_IN, "", "").contains("form");
        let supported = ["univerify", "weixin", "username-password"];
        assert!(form(json!({"loginTypes": ["univerify", "weixin", "username"], "supported": supported})));
        let appid = json!({"weixin": {"h5": "", "web": "wx1"}});
        assert!(!form(json!({"loginTypes": ["univerify", "weixin", "username"], "supported": supported, "appid": appid})));
        assert!(form(json!({"loginTypes": ["weixin", "username"], "supported": ["username-password"], "appid": appid})));
        assert!(form(json!({"loginTypes": ["smsCode", "username"], "supported": ["username-password"]})));
    }

    #[test]
    fn agreements_stand_where_signing_in_asks_for_them() {
        let of = |agreements: Value| json!({"supported": [], "agreements": agreements});
        let shown = |agreements| fitted(&of(agreements), SIGN_IN, "", "");
        assert!(shown(json!({"serviceUrl": "/a", "privacyUrl": "/b"})).contains("consentS&P"));
        assert!(shown(json!({"serviceUrl": "", "privacyUrl": "/b"})).contains("consentP"));
        assert!(!shown(json!({"serviceUrl": "/a", "scope": ["register"]})).contains("consent"));
    }

    #[test]
    fn links_know_where_to_go_after_signing_in_and_cannot_be_left() {
        let words = json!({});
        let settings = json!({"supported": ["mobile-code"], "agreements": {"serviceUrl": "/a\"b", "privacyUrl": ""}});
        let template = "<a href=\"/x{query}\"><!--if service--><a href=\"{serviceUrl}\"><!--end service-->";
        let of = |query| fit(template, &words, &settings, "/", query, &HeaderMap::new());
        assert_eq!(of(""), "<a href=\"/x\"><a href=\"/a&quot;b\">");
        assert_eq!(
            of("uniIdRedirectUrl=%2Fa&b=\"><i>"),
            "<a href=\"/x?uniIdRedirectUrl=%2Fa&amp;b=&quot;&gt;&lt;i&gt;\"><a href=\"/a&quot;b\">"
        );
    }

    #[test]
    fn a_project_s_texts_are_only_text() {
        let settings = json!({"supported": [], "brand": {"name": "<i>&\"{layout}", "logo": "x"}});
        let html = fitted(&settings, "userinfo/userinfo", "", "");
        assert_eq!(html, "<div class=lp-wide>&lt;i&gt;&amp;&quot;{layout}</div>");
    }
}
