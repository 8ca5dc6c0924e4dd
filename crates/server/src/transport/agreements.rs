//! The project's own agreements, written as files beside the pages' configuration: `/agreements/service` and
//! `/agreements/privacy`. Whoever keeps them elsewhere names their addresses instead.

use std::{fmt::Write as _, sync::Arc};

use axum::{
    body::Body,
    extract::{Path as Segment, State as Extract},
    http::{HeaderMap, HeaderValue, Response, Uri, header},
    response::IntoResponse,
};
use pulldown_cmark::{Event, Options, Parser, html};

use super::{
    health,
    pages::{self, small_file},
    pages_shell::{self, escape},
};
use crate::{
    config::center::{Agreement, Format, LANGUAGES},
    state::State,
};

/// Whatever stands in the file, it can run nothing, frame nothing and send nothing.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; \
                      sandbox allow-popups allow-popups-to-escape-sandbox allow-same-origin";

/// `/agreements/{name}`; `?lang=en` asks for a language by hand.
pub async fn serve(Extract(state): Extract<Arc<State>>, Segment(name): Segment<String>, uri: Uri, headers: HeaderMap) -> Response<Body> {
    let asked = uri.query().and_then(|query| query.strip_prefix("lang="));
    let language = LANGUAGES.into_iter().find(|known| asked == Some(known)).unwrap_or_else(|| pages_shell::language(&headers));
    let Some(agreement) = Agreement::named(&name) else { return health::not_found().await.into_response() };
    let Some(file) = agreement.file(state.center.folder(), language) else { return health::not_found().await.into_response() };
    let Some(bytes) = small_file(&file.path).await else { return health::not_found().await.into_response() };
    let text = String::from_utf8_lossy(&bytes);
    let article = match file.format {
        Format::Markdown => from_markdown(&text),
        Format::Html => body_of(&text).to_owned(),
        Format::Text => from_text(&text),
    };
    let mut response = Response::new(Body::from(page(&state, agreement, file.language.unwrap_or(language), &article)));
    pages::common(response.headers_mut(), "text/html; charset=utf-8", pages::ASK_AGAIN);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::VARY, HeaderValue::from_static("accept-language, cookie"));
    response
}

/// In the look of the pages, without any script.
fn page(state: &State, agreement: Agreement, language: &str, article: &str) -> String {
    let configured = pages::load(state);
    let words = pages::shell_words(language);
    let name = escape(configured.name().or_else(|| words["name"].as_str()).unwrap_or("Lingpai"));
    let title = escape(words[agreement.name()].as_str().unwrap_or(agreement.name()));
    // A text has no heading of its own.
    let heading = if article.contains("<h1") { String::new() } else { format!("<h1>{title}</h1>\n") };
    let styles = pages::style_links(&configured);
    let languages =
        LANGUAGES.into_iter().filter(|each| agreement.file(state.center.folder(), each).is_some_and(|file| file.language == Some(*each)));
    let links: String = languages.fold(String::new(), |mut links, each| {
        let own_name = match each {
            "zh-Hans" => "简体中文",
            "zh-Hant" => "繁體中文",
            _ => "English",
        };
        let _ = write!(links, "<a class=\"lp-link\" href=\"?lang={each}\" lang=\"{each}\" hreflang=\"{each}\">{own_name}</a> ");
        links
    });
    format!(
        "<!doctype html>\n<html lang=\"{language}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1, viewport-fit=cover\">\n<meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{title} · {name}</title>\n{styles}</head>\n<body>\n<div class=\"lp lp-wide\">\n<header class=\"lp-top\"><div class=\"lp-brand\">\
         <span class=\"lp-brand-name\">{name}</span></div><nav class=\"lp-article-languages\">{links}</nav></header>\n\
         <main class=\"lp-main\"><article class=\"lp-card lp-article\">\n{heading}{article}\n</article></main>\n</div>\n</body>\n</html>\n"
    )
}

/// HTML inside Markdown is shown, not obeyed.
fn from_markdown(text: &str) -> String {
    let events = Parser::new_ext(text, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH).map(|event| match event {
        Event::Html(markup) | Event::InlineHtml(markup) => Event::Text(markup),
        other => other,
    });
    let mut article = String::with_capacity(text.len() * 2);
    html::push_html(&mut article, events);
    article
}

/// Paragraphs are what blank lines separate.
fn from_text(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    let paragraphs = text.split("\n\n").map(str::trim).filter(|paragraph| !paragraph.is_empty());
    paragraphs.fold(String::new(), |mut article, paragraph| {
        let _ = writeln!(article, "<p>{}</p>", escape(paragraph).replace('\n', "<br>"));
        article
    })
}

/// A whole document's body; a fragment as it is.
fn body_of(text: &str) -> &str {
    let lower = text.to_ascii_lowercase();
    let inside = lower.find("<body").and_then(|at| Some(at + lower.get(at..)?.find('>')? + 1));
    let end = lower.rfind("</body").unwrap_or(text.len());
    inside.and_then(|start| text.get(start..end)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_becomes_markup_and_its_html_text() {
        let article = from_markdown("# Terms\n\nA **bold** [link](https://a.example) <script>x</script>\n\n<iframe src=x>\n");
        assert!(article.starts_with("<h1>Terms</h1>"));
        assert!(article.contains("<strong>bold</strong>") && article.contains("href=\"https://a.example\""));
        assert!(!article.contains("<script") && !article.contains("<iframe"));
    }

    #[test]
    fn text_becomes_paragraphs() {
        assert_eq!(from_text("a\r\nb <i>\n\n\n\nc"), "<p>a<br>b &lt;i&gt;</p>\n<p>c</p>\n");
    }

    #[test]
    fn of_a_document_only_its_body_is_shown() {
        assert_eq!(body_of("<html><head><title>x</title></head><BODY class=a><p>y</p></BODY></html>"), "<p>y</p>");
        assert_eq!(body_of("<p>y</p>"), "<p>y</p>");
        assert_eq!(body_of("</body><body>"), "</body><body>");
    }
}
