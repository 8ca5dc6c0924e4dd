//! `lingpai-pages/` in the center: how the hosted pages look and what they offer, without a rebuild.
//! `config.json` has the fields of the plugin's `config.js`; `custom.css` and pictures stand beside it.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::jsonc::Document;
use crate::config::{
    report::{Place, Problem, Words},
    settings::read_bounded,
};

const FOLDER: &str = "lingpai-pages";

/// The languages of the pages; the first is for whoever names none.
pub const LANGUAGES: [&str; 3] = ["zh-Hans", "zh-Hant", "en"];

/// Fields that go to the pages as they are.
const HANDED_ON: [&str; 8] = ["debug", "loginTypes", "agreements", "appid", "setPasswordAfterLogin", "home", "emailRegistration", "brand"];
/// Fields that the server reads itself.
const OWN: [&str; 3] = ["appId", "space", "origins"];

/// What the folder says.
#[derive(Debug, Default)]
pub struct Pages {
    /// Fields for the pages, as written.
    pub handed_on: Map<String, Value>,
    /// The application that the pages are; `None`: whichever the configuration lists.
    pub app_id: Option<String>,
    /// The id of the space that they call through; `None`: the first one that serves the application.
    pub space: Option<String>,
    /// Further web origins that pictures may come from and uploads go to.
    pub origins: Vec<String>,
    /// `custom.css`
    pub css: Option<PathBuf>,
}

impl Pages {
    /// Reads the folder as it is now. Errors: `config.json` is not as it must be.
    pub fn load(center: &Path) -> Result<Self, Problem> {
        let folder = center.join(FOLDER);
        let css = Some(folder.join("custom.css")).filter(|path| path.is_file());
        let path = folder.join("config.json");
        if !path.is_file() {
            return Ok(Self { css, ..Self::default() });
        }
        let document = read_bounded(&path).and_then(|text| Document::parse(&path.display().to_string(), &text))?;
        let Value::Object(mut fields) = document.value.clone() else {
            return Err(wrong(Place::file(path.display().to_string()), "文件须为 JSON 对象", "the file must be a JSON object"));
        };
        if let Some(unknown) = fields.keys().find(|key| !HANDED_ON.contains(&key.as_str()) && !OWN.contains(&key.as_str())) {
            return Err(wrong(document.place(&[unknown]), &format!("没有 {unknown} 这一项"), &format!("there is no field {unknown}")));
        }
        let text = |fields: &mut Map<String, Value>, name: &str| match fields.remove(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text).filter(|text| !text.is_empty())),
            Some(_) => Err(wrong(document.place(&[name]), &format!("{name} 须为字符串"), &format!("{name} must be a string"))),
        };
        let app_id = text(&mut fields, "appId")?;
        let space = text(&mut fields, "space")?;
        let origins = match fields.remove("origins") {
            None => Vec::new(),
            Some(value) => origins(&value).ok_or_else(|| {
                wrong(
                    document.place(&["origins"]),
                    "origins 须为来源列表，如 \"https://files.example.com\"",
                    "origins must be a list of origins such as \"https://files.example.com\"",
                )
            })?,
        };
        Ok(Self { handed_on: fields, app_id, space, origins, css })
    }

    /// The name that the project goes by, if it gave one.
    pub fn name(&self) -> Option<&str> {
        self.brand("name")
    }

    /// The project's colours as a style sheet: the first view must not wait for a script to have them. Empty: none.
    pub fn colors(&self) -> String {
        let rule = |color: &str| {
            let on = readable_on(color)?;
            Some(format!(":root{{--lp-accent:{color};--lp-on-accent:{on}}}"))
        };
        let light = self.brand("color").and_then(rule).unwrap_or_default();
        let dark = self.brand("colorDark").and_then(rule).map(|rule| format!("@media (prefers-color-scheme:dark){{{rule}}}"));
        light + &dark.unwrap_or_default()
    }

    fn brand(&self, name: &str) -> Option<&str> {
        self.handed_on.get("brand")?.get(name)?.as_str().filter(|text| !text.is_empty())
    }
}

/// An agreement that the project may write as a file: `service.md`, `privacy.en.html` and the like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Agreement {
    /// The terms of service.
    Service,
    /// The privacy policy.
    Privacy,
}

/// How an agreement's file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `.md` (CommonMark, with tables).
    Markdown,
    /// `.html`: a document, or a part of one.
    Html,
    /// `.txt`: paragraphs between blank lines.
    Text,
}

/// The file of an agreement in a language.
#[derive(Debug)]
pub struct AgreementFile {
    /// Where it is.
    pub path: PathBuf,
    /// How it is written.
    pub format: Format,
    /// The language in its name, if it has one.
    pub language: Option<&'static str>,
}

impl Agreement {
    /// Both of them.
    pub const ALL: [Self; 2] = [Self::Service, Self::Privacy];

    /// As addresses and files name it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Privacy => "privacy",
        }
    }

    /// The pages' setting that holds its address.
    pub const fn setting(self) -> &'static str {
        match self {
            Self::Service => "serviceUrl",
            Self::Privacy => "privacyUrl",
        }
    }

    /// By its name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|agreement| agreement.name() == name)
    }

    /// The file to show: in the language, else the one without a language, else in whichever language there is.
    pub fn file(self, center: &Path, language: &str) -> Option<AgreementFile> {
        let asked = LANGUAGES.into_iter().find(|known| *known == language);
        [asked, None].into_iter().chain(LANGUAGES.map(Some)).find_map(|language| {
            [("md", Format::Markdown), ("html", Format::Html), ("txt", Format::Text)].into_iter().find_map(|(ending, format)| {
                let infix = language.map(|language| format!(".{language}")).unwrap_or_default();
                let path = center.join(FOLDER).join(format!("{}{infix}.{ending}", self.name()));
                path.is_file().then_some(AgreementFile { path, format, language })
            })
        })
    }
}

/// Black or white, whichever can be read on a colour; `None`: it is not `#rrggbb`.
fn readable_on(color: &str) -> Option<&'static str> {
    let digits = color.strip_prefix('#').filter(|digits| digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    let part = |range| {
        let part = f64::from(u8::from_str_radix(digits.get(range)?, 16).ok()?) / 255.0;
        Some(if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) })
    };
    let luminance = 0.2126 * part(0..2)? + 0.7152 * part(2..4)? + 0.0722 * part(4..6)?;
    // Equal contrast with black and white lies at 0.179.
    Some(if luminance > 0.179 { "#0b1210" } else { "#fff" })
}

/// The path and media type of a picture beside `config.json`; `None` for any other name.
pub fn brand_file(center: &Path, name: &str) -> Option<(PathBuf, &'static str)> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if name.starts_with('.') || name.len() > 100 || !name.chars().all(plain) {
        return None;
    }
    let media_type = match name.rsplit_once('.')?.1 {
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "svg" => "image/svg+xml",
        "ico" => "image/x-icon",
        _ => return None,
    };
    Some((center.join(FOLDER).join(name), media_type))
}

/// Origins end up in a header: letters, digits and a few marks are all that they need.
fn origins(value: &Value) -> Option<Vec<String>> {
    let origin = |value: &Value| {
        let host = value.as_str()?.strip_prefix("https://").or_else(|| value.as_str()?.strip_prefix("http://"))?;
        let valid = !host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || ".-:".contains(c));
        valid.then(|| value.as_str().map(str::to_owned))?
    };
    value.as_array()?.iter().map(origin).collect()
}

fn wrong(place: Place, zh: &str, en: &str) -> Problem {
    Problem::new(
        place,
        Words::new(format!("托管页面的配置不对：{zh}"), format!("wrong configuration of the hosted pages: {en}")),
        Words::new(
            format!("可用的项：{}、{}", HANDED_ON.join("、"), OWN.join("、")),
            format!("the fields are {}, {}", HANDED_ON.join(", "), OWN.join(", ")),
        ),
    )
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn center(config: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join(FOLDER)).unwrap();
        fs::write(folder.path().join(FOLDER).join("config.json"), config).unwrap();
        folder
    }

    #[test]
    fn without_a_folder_everything_is_as_built() {
        let pages = Pages::load(tempfile::tempdir().unwrap().path()).unwrap();
        assert!(pages.handed_on.is_empty() && pages.css.is_none() && pages.name().is_none());
    }

    #[test]
    fn own_fields_are_read_and_the_others_handed_on() {
        let folder = center(r#"{"appId": "__UNI__A", "origins": ["https://a.example"], /* ours */ "brand": {"name": "Acme"}}"#);
        let pages = Pages::load(folder.path()).unwrap();
        assert_eq!((pages.app_id.as_deref(), pages.name()), (Some("__UNI__A"), Some("Acme")));
        assert_eq!(pages.origins, ["https://a.example"]);
        assert!(!pages.handed_on.contains_key("appId"));
    }

    #[test]
    fn colours_are_colours_and_nothing_else() {
        let colors = |brand: &str| Pages::load(center(&format!(r#"{{"brand": {brand}}}"#)).path()).unwrap().colors();
        assert_eq!(colors(r##"{"color": "#5b21b6"}"##), ":root{--lp-accent:#5b21b6;--lp-on-accent:#fff}");
        assert!(colors(r##"{"colorDark": "#c4b5fd"}"##).ends_with("dark){:root{--lp-accent:#c4b5fd;--lp-on-accent:#0b1210}}"));
        for other in ["red", "#fff", "#12345é", "#5b21b6;}", ""] {
            assert_eq!(colors(&format!(r#"{{"color": "{other}"}}"#)), "", "{other}");
        }
    }

    #[test]
    fn mistakes_are_named() {
        for (config, named) in [
            (r#"{"logintypes": []}"#, "logintypes"),
            (r#"{"appId": 1}"#, "appId"),
            (r#"{"origins": ["https://a; script-src *"]}"#, "origins"),
            ("[]", "JSON"),
            ("{", ""),
        ] {
            let problem = Pages::load(center(config).path()).unwrap_err();
            assert!(problem.what.en.contains(named), "{config}: {}", problem.what.en);
        }
    }

    #[test]
    fn an_agreement_is_found_in_the_language_or_the_nearest_there_is() {
        let folder = center("{}");
        let write = |name: &str| fs::write(folder.path().join(FOLDER).join(name), "x").unwrap();
        let found = |language| Agreement::Service.file(folder.path(), language).map(|file| (file.format, file.language));
        assert_eq!(found("en"), None);
        write("service.zh-Hant.txt");
        assert_eq!(found("en"), Some((Format::Text, Some("zh-Hant"))));
        write("service.html");
        assert_eq!(found("en"), Some((Format::Html, None)));
        write("service.en.md");
        assert_eq!(found("en"), Some((Format::Markdown, Some("en"))));
        assert_eq!(found("../../x"), Some((Format::Html, None)));
        assert!(Agreement::Privacy.file(folder.path(), "en").is_none() && Agreement::named("config").is_none());
    }

    #[test]
    fn only_pictures_by_plain_names_are_served() {
        let center = Path::new("center");
        assert_eq!(brand_file(center, "logo.svg").unwrap().1, "image/svg+xml");
        for name in ["../uni-id/config.json", "config.json", ".hidden.png", "a/b.png", "custom.css", "logo", "", "a\\b.png"] {
            assert!(brand_file(center, name).is_none(), "{name}");
        }
    }
}
