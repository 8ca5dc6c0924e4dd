//! The `uni-config-center` folder that uniCloud projects have: what each application has
//! configured, for each platform.

mod app_config;
mod applications;
mod fields;
mod jsonc;
mod merge;
mod older_keys;
mod open_bridge;
mod pages;
mod password_secrets;
mod platform;
mod real_name;
mod schemas;
mod scripts;
pub mod secure_network;
mod sms;
#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use lingpai_domain::{captcha::CaptchaConfig, clientdb::Schemas, password::Argon2Cost, random::Random};
use serde_json::Value;

pub use app_config::AppConfig;
pub use applications::Applications;
pub use open_bridge::{OpenBridgeConfig, Task};
pub use pages::{Agreement, Format, LANGUAGES, Pages, brand_file};
pub use platform::normalise as normalise_platform;
pub use real_name::RealNames;
pub use scripts::Scripts;
pub use sms::{SmsScene, SmsService};

use super::{
    fresh,
    report::{Notice, Place, Problem, Words, tidy},
    secret_file,
    settings::read_bounded,
};
use jsonc::Document;

/// The files of other functions, which are kept as they are for those functions.
const OTHERS: [&str; 1] = ["uni-cloud-s2s"];

/// The folder, read and checked.
pub struct Center {
    applications: Applications,
    captcha: CaptchaConfig,
    others: HashMap<&'static str, Arc<Value>>,
    open_bridge: OpenBridgeConfig,
    scripts: Scripts,
    secure_network: secure_network::Source,
    folder: PathBuf,
    schemas: Schemas,
}

impl Center {
    /// Reads a folder. `argon2` is what new passwords of type argon2id cost.
    ///
    /// Always gives a center: development mode runs with what is right, production mode refuses to
    /// start if there is any problem.
    pub fn load(folder: &Path, argon2: Argon2Cost) -> (Self, Vec<Notice>, Vec<Problem>) {
        let mut problems = Vec::new();
        let (applications, notices) = load_uni_id(folder, argon2, &mut problems);
        let captcha = load_captcha(folder, &mut problems);
        let mut others = HashMap::new();
        for name in OTHERS {
            if let Some(document) = load_optional(&folder.join(name).join("config.json"), &mut problems) {
                others.insert(name, Arc::new(document.value));
            }
        }
        let open_bridge = load_optional(&folder.join("uni-open-bridge").join("config.json"), &mut problems);
        let open_bridge = open_bridge.map(|document| OpenBridgeConfig::read(&document, &mut problems)).unwrap_or_default();
        let (secure_network, found) = secure_network::Source::load(folder);
        problems.extend(found);
        let scripts = Scripts::find(folder);
        problems.extend(Pages::load(folder).err());
        let (schemas, wrong) = schemas::folder_of(folder).map_or_else(Default::default, |folder| schemas::load(&folder));
        problems.extend(wrong);
        tidy(&mut problems);
        let center = Self { applications, captcha, others, open_bridge, scripts, secure_network, folder: folder.to_owned(), schemas };
        (center, notices, problems)
    }

    /// The center of development mode, in `<data>/config-center`: made with random secrets the
    /// first time, and used again from then on. Errors: it could not be written.
    pub fn development(data: &Path, argon2: Argon2Cost, random: &dyn Random) -> Result<(Self, Vec<Notice>, Vec<Problem>), Problem> {
        let folder = development_folder(data);
        if !folder.exists() {
            secret_file::create_all(&fresh::center(&folder, random))?;
        }
        Ok(Self::load(&folder, argon2))
    }

    /// What an application has configured for a platform (`uniPlatform` as the client names it).
    /// Errors: no entry applies to the application. Costs two look-ups in memory.
    pub fn app(&self, app_id: &str, uni_platform: &str) -> Result<Arc<AppConfig>, Problem> {
        self.applications.app(app_id, uni_platform)
    }

    /// The applications that are named in the list, in order; after them an empty text if there is a
    /// configuration for all others.
    pub fn app_ids(&self) -> Vec<String> {
        self.applications.app_ids()
    }

    /// Whether an application is named in the list of applications (`dcloudAppid`); `None` if the
    /// configuration is not a list, so that it is for any application.
    pub fn lists(&self, app_id: &str) -> Option<bool> {
        self.applications.lists(app_id)
    }

    /// `uni-captcha/config.json`
    pub fn captcha(&self) -> &CaptchaConfig {
        &self.captcha
    }

    /// `uni-open-bridge/config.json`
    pub fn open_bridge(&self) -> &OpenBridgeConfig {
        &self.open_bridge
    }

    /// The `config.json` of `uni-cloud-s2s`, as it is.
    pub fn other(&self, name: &str) -> Option<&Arc<Value>> {
        self.others.get(name)
    }

    /// The folder `secure-network`.
    pub fn secure_network(&self) -> &secure_network::Source {
        &self.secure_network
    }

    /// The folder itself, for what is read again whenever it is asked for.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The schemas of collections.
    pub fn schemas(&self) -> &Schemas {
        &self.schemas
    }

    /// Takes the schemas of another folder (`clientdb.schemas`). Answers what is wrong with them.
    pub fn use_schemas(&mut self, folder: &Path) -> Vec<Problem> {
        let (schemas, problems) = schemas::load(folder);
        self.schemas = schemas;
        problems
    }

    /// The project's own scripts.
    pub fn scripts(&self) -> &Scripts {
        &self.scripts
    }
}

impl std::fmt::Debug for Center {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The other functions' files are full of secrets.
        f.debug_struct("Center").field("scripts", &self.scripts).finish_non_exhaustive()
    }
}

/// The schemas beside a folder, whatever else is in it; `other` is `clientdb.schemas`. What cannot be read is left out.
pub fn schemas_of(center: &Path, other: Option<&Path>) -> Schemas {
    let folder = other.map(Path::to_owned).or_else(|| schemas::folder_of(center));
    folder.map(|folder| schemas::load(&folder).0).unwrap_or_default()
}

/// Where development mode keeps the center that it made itself.
pub fn development_folder(data: &Path) -> PathBuf {
    data.join("config-center")
}

/// Reads the text of a `uni-id/config.json`, whatever it is; for tests and fuzzing.
pub fn parse_uni_id(text: &str) -> (Applications, Vec<Notice>, Vec<Problem>) {
    Applications::parse("uni-id/config.json", text, Argon2Cost::default())
}

fn load_uni_id(folder: &Path, argon2: Argon2Cost, problems: &mut Vec<Problem>) -> (Applications, Vec<Notice>) {
    let path = folder.join("uni-id").join("config.json");
    let missing = || {
        Problem::new(
            Place::file(path.display().to_string()),
            Words::new("找不到 uni-id 的配置", "the configuration of uni-id is not there"),
            Words::new(
                "指向含有 uni-id/config.json 的 uni-config-center 目录，或运行 lingpai init 生成一份",
                "name a uni-config-center folder that contains uni-id/config.json, or let lingpai init make one",
            ),
        )
    };
    let text = if path.is_file() { read_bounded(&path) } else { Err(missing()) };
    match text {
        Ok(text) => {
            let (applications, notices, found) = Applications::parse(&path.display().to_string(), &text, argon2);
            problems.extend(found);
            (applications, notices)
        }
        Err(problem) => {
            problems.push(problem.clone());
            (Applications::none(problem), Vec::new())
        }
    }
}

fn load_captcha(folder: &Path, problems: &mut Vec<Problem>) -> CaptchaConfig {
    let Some(document) = load_optional(&folder.join("uni-captcha").join("config.json"), problems) else {
        return CaptchaConfig::default();
    };
    let (captcha, found) = CaptchaConfig::parse(&document.value);
    problems.extend(found.iter().map(|text| {
        let (path, what) = text.split_once(": ").unwrap_or(("", text));
        let segments: Vec<&str> = path.split('.').filter(|segment| !segment.is_empty()).collect();
        Problem::new(
            document.place(&segments),
            Words::new(format!("验证码选项不对：{what}"), format!("wrong option of captchas: {what}")),
            Words::new("改正或删除这一项（删除后使用默认值）", "correct it, or take it out for its default"),
        )
    }));
    captcha
}

fn load_optional(path: &Path, problems: &mut Vec<Problem>) -> Option<Document> {
    if !path.is_file() {
        return None;
    }
    let document = read_bounded(path).and_then(|text| Document::parse(&path.display().to_string(), &text));
    document.map_err(|problem| problems.push(problem)).ok()
}
