//! `setPushCid`: where push messages reach the caller's device.

use lingpai_domain::{
    client_info::Fact,
    error::{Code, Error},
    store::PushDevice,
    validate::{Params, Rule, required},
};
use serde_json::{Map, Value};

use super::super::*;

/// The registry's entry.
pub const METHOD: Method = Method {
    function: UNI_ID_CO,
    group: "utils",
    name: "setPushCid",
    summary: Summary {
        zh: "更新设备表中的推送标识 push_clientid(uni-push 2.0)",
        en: "Stores the push_clientid of the caller's device (uni-push 2.0)",
    },
    access: Access::User(Renewal::Automatic, handle),
    bucket: Bucket::General,
    fields: &[required("pushClientId", Rule::Text)],
    outputs: &[],
    errors: &[],
};

/// Fields of `clientInfo` and of `opendb-device`.
const DEVICE_FIELDS: &[(&str, &str)] = &[
    ("deviceBrand", "vendor"),
    ("deviceModel", "model"),
    ("osName", "os_name"),
    ("osVersion", "os_version"),
    ("osLanguage", "os_language"),
    ("osTheme", "os_theme"),
    ("devicePixelRatio", "pixel_ratio"),
    ("windowWidth", "window_width"),
    ("windowHeight", "window_height"),
    ("screenWidth", "screen_width"),
    ("screenHeight", "screen_height"),
    ("romName", "rom_name"),
    ("romVersion", "rom_version"),
];

/// Longest push id, bytes (ours).
const LONGEST_CID: usize = 512;

fn handle<'a>(scope: &'a Scope<'a>, params: Params, caller: &'a Caller) -> Reply<'a> {
    Box::pin(async move {
        let cid = params.required_text("pushClientId")?;
        if cid.len() > LONGEST_CID {
            return Err(Error::new(Code::InvalidParam).with("param", "pushClientId"));
        }
        let context = scope.context();
        let now = scope.state.base.clock.now_ms();
        let mut of_user = Map::new();
        of_user.insert("user_id".into(), caller.uid().into());
        if let Some(expires) = caller.token().claims.exp {
            of_user.insert("token_expired".into(), expires.saturating_mul(1000).into());
        }
        of_user.insert("push_clientid".into(), cid.into());
        of_user.insert("appid".into(), scope.client.app_id.clone().into());
        let mut of_device = Map::new();
        for (name, field) in DEVICE_FIELDS {
            if let Some(value) = scope.client_info.get(name).map(Fact::to_value).filter(|value| !value.is_null()) {
                of_device.insert((*field).to_owned(), value);
            }
        }
        of_device.insert("appid".into(), scope.client.app_id.clone().into());
        of_device.insert("uni_platform".into(), Value::from(scope.client.platform.as_str()));
        of_device.insert("last_update_date".into(), now.into());
        of_device.insert("push_clientid".into(), cid.into());
        let device = PushDevice { device_id: context.device_id()?.to_owned(), ids: [context.id(), context.id()], of_user, of_device, now };
        match context.store.put_push_device(&device).await? {
            true => Ok(Answer::ok()),
            // Several rows of one device: whose it is cannot be told.
            false => Err(Code::SystemError.into()),
        }
    })
}
