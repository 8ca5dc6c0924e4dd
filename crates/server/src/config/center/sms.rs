//! `service.sms`: the application's templates at the SMS service.

use std::collections::HashMap;

use lingpai_domain::secret::Secret;

use super::fields::Fields;
use crate::{config::report::Words, words::begins_with};

/// The application at the SMS service.
#[derive(Clone, Debug)]
pub struct SmsService {
    /// `name`: what messages call the application.
    pub name: Option<String>,
    /// `smsKey`; empty if it is not given.
    pub key: String,
    /// `smsSecret`; empty if it is not given.
    pub secret: Secret,
    /// `codeExpiresIn`, seconds.
    pub code_expires_in: u32,
    /// The templates of all scenes that have none of their own.
    pub templates: Templates,
    /// `scene`
    pub scenes: HashMap<String, SmsScene>,
}

/// What a scene has of its own.
#[derive(Clone, Debug)]
pub struct SmsScene {
    /// Its templates.
    pub templates: Templates,
    /// `codeExpiresIn`, seconds.
    pub code_expires_in: Option<u32>,
}

/// The templates of a scene, which are one language each.
#[derive(Clone, Debug, Default)]
pub struct Templates {
    /// `templateId`: of every language that has none of its own.
    pub any: Option<String>,
    /// `templateIdByLocale` (ours): tags of languages and their templates.
    pub by_locale: Vec<(String, String)>,
}

impl Templates {
    /// The template for one of these languages, the first first: that of the longest tag which it is, or a
    /// variant of.
    fn of(&self, locales: &[&str]) -> Option<&str> {
        let fitting = |locale: &&str| self.by_locale.iter().filter(|(tag, _)| begins_with(locale, tag)).max_by_key(|(tag, _)| tag.len());
        locales.iter().find_map(fitting).map(|(_, id)| id.as_str()).or(self.any.as_deref())
    }
}

/// Seconds that a code lives unless something else is configured, as the documentation of uni-id has it.
pub const CODE_EXPIRES_IN_S: u32 = 180;

impl SmsService {
    /// The template of a scene for somebody who reads these languages, the first best; `None` if none is
    /// configured.
    pub fn template_id(&self, scene: &str, locales: &[&str]) -> Option<&str> {
        self.scenes.get(scene).and_then(|scene| scene.templates.of(locales)).or_else(|| self.templates.of(locales))
    }

    /// All templates that are configured.
    pub fn all_templates(&self) -> impl Iterator<Item = &str> {
        let all = self.scenes.values().map(|scene| &scene.templates).chain([&self.templates]);
        all.flat_map(|templates| templates.any.iter().chain(templates.by_locale.iter().map(|(_, id)| id))).map(String::as_str)
    }

    /// How long a code of a scene lives, seconds.
    pub fn code_expires_in(&self, scene: &str) -> u32 {
        self.scenes.get(scene).and_then(|scene| scene.code_expires_in).unwrap_or(self.code_expires_in)
    }
}

/// Reads `service.sms`; `None` if it is not there.
pub fn read(fields: &mut Fields<'_>) -> Option<SmsService> {
    fields.object(&["service", "sms"])?;
    let name = fields.text(&["service", "sms", "name"]);
    if name.is_none() {
        fields.notice(
            &["service", "sms", "name"],
            Words::new("没有应用名称，短信模板中的 name 无值可用", "there is no application name, which SMS templates show as name"),
        );
    }
    let mut scenes = HashMap::new();
    for scene in fields.object(&["service", "sms", "scene"]).into_iter().flat_map(|scenes| scenes.keys()) {
        let path = ["service", "sms", "scene", scene];
        if fields.object(&path).is_some() {
            let [a, b, c, d] = path;
            let templates = templates(fields, &[a, b, c, d]);
            let code_expires_in = lifetime(fields, &[a, b, c, d, "codeExpiresIn"]);
            scenes.insert(scene.clone(), SmsScene { templates, code_expires_in });
        }
    }
    Some(SmsService {
        name,
        key: fields.text_or_number(&["service", "sms", "smsKey"]).unwrap_or_default(),
        secret: fields.secret(&["service", "sms", "smsSecret"]).unwrap_or_default(),
        code_expires_in: lifetime(fields, &["service", "sms", "codeExpiresIn"]).unwrap_or(CODE_EXPIRES_IN_S),
        templates: templates(fields, &["service", "sms"]),
        scenes,
    })
}

fn templates(fields: &mut Fields<'_>, path: &[&str]) -> Templates {
    let at = |more: &[&'static str]| [path, more].concat();
    let any = fields.text_or_number(&at(&["templateId"]));
    let by_locale = at(&["templateIdByLocale"]);
    let tags: Vec<String> = fields.object(&by_locale).into_iter().flat_map(|tags| tags.keys().cloned()).collect();
    let template = |tag: String| {
        let path = [by_locale.as_slice(), &[tag.as_str()]].concat();
        fields.text_or_number(&path).map(|id| (tag, id))
    };
    Templates { any, by_locale: tags.into_iter().filter_map(template).collect() }
}

fn lifetime(fields: &mut Fields<'_>, path: &[&str]) -> Option<u32> {
    let seconds = fields.whole(path, 1..=86_400)?;
    if seconds % 60 != 0 {
        fields.notice(path, Words::new("不是 60 的整数倍；短信里只能写整分钟", "is no multiple of 60; messages tell whole minutes only"));
    }
    Some(seconds)
}
