//! `service.sms`: the application's templates at the SMS service.

use std::collections::HashMap;

use lingpai_domain::secret::Secret;

use super::fields::Fields;
use crate::config::report::Words;

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
    /// `templateId` of all scenes that have none of their own.
    pub template_id: Option<String>,
    /// `scene`
    pub scenes: HashMap<String, SmsScene>,
}

/// What a scene has of its own.
#[derive(Clone, Debug)]
pub struct SmsScene {
    /// `templateId`
    pub template_id: Option<String>,
    /// `codeExpiresIn`, seconds.
    pub code_expires_in: Option<u32>,
}

/// Seconds that a code lives unless something else is configured, as the documentation of uni-id has it.
pub const CODE_EXPIRES_IN_S: u32 = 180;

impl SmsService {
    /// The template of a scene; `None` if none is configured.
    pub fn template_id(&self, scene: &str) -> Option<&str> {
        self.scenes.get(scene).and_then(|scene| scene.template_id.as_deref()).or(self.template_id.as_deref())
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
            let template_id = fields.text_or_number(&[a, b, c, d, "templateId"]);
            let code_expires_in = lifetime(fields, &[a, b, c, d, "codeExpiresIn"]);
            scenes.insert(scene.clone(), SmsScene { template_id, code_expires_in });
        }
    }
    Some(SmsService {
        name,
        key: fields.text_or_number(&["service", "sms", "smsKey"]).unwrap_or_default(),
        secret: fields.secret(&["service", "sms", "smsSecret"]).unwrap_or_default(),
        code_expires_in: lifetime(fields, &["service", "sms", "codeExpiresIn"]).unwrap_or(CODE_EXPIRES_IN_S),
        template_id: fields.text_or_number(&["service", "sms", "templateId"]),
        scenes,
    })
}

fn lifetime(fields: &mut Fields<'_>, path: &[&str]) -> Option<u32> {
    let seconds = fields.whole(path, 1..=86_400)?;
    if seconds % 60 != 0 {
        fields.notice(path, Words::new("不是 60 的整数倍；短信里只能写整分钟", "is no multiple of 60; messages tell whole minutes only"));
    }
    Some(seconds)
}
