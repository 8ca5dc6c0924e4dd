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
        self.handed_on.get("brand")?.get("name")?.as_str().filter(|name| !name.is_empty())
    }
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
    fn only_pictures_by_plain_names_are_served() {
        let center = Path::new("center");
        assert_eq!(brand_file(center, "logo.svg").unwrap().1, "image/svg+xml");
        for name in ["../uni-id/config.json", "config.json", ".hidden.png", "a/b.png", "custom.css", "logo", "", "a\\b.png"] {
            assert!(brand_file(center, name).is_none(), "{name}");
        }
    }
}
