//! Says what a test's program is like, and starts it.

use std::{fs, path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context, Result, bail};
use lingpai_domain::{
    messaging::{MailGateway, SmsGateway},
    store::Store,
};
use lingpai_server::{
    App, AppOptions,
    config::{
        Settings,
        center::Center,
        settings::{ConfigurationFile, Sources},
    },
    mail_carrier::mail_gateway,
    sms_carrier::sms_gateway,
};
use serde_json::{Map, Value, json};

use super::{SETUP_TOKEN, SPACE, TestApp};
use crate::{
    client_protocol::Space,
    clock::FrozenClock,
    database::{Engine, TestDatabase},
    gateways::{RecordingMail, RecordingSms},
    random::SeededRandom,
};

/// Of production mode.
const MASTER_KEY: &str = "the master key of test programs, 32 characters or more";

/// The program's mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Fixed codes where nothing is configured, loopback only.
    Development,
    /// For real.
    Production,
}

/// Builds a [`TestApp`].
pub struct TestAppBuilder {
    engine: Engine,
    database: Option<TestDatabase>,
    mode: Mode,
    center: Option<PathBuf>,
    uni_id: Value,
    uni_captcha: Value,
    center_files: Vec<(String, String)>,
    sections: String,
    schemas: Vec<(String, Value)>,
    settings: Vec<(String, String)>,
    space: Space<'static>,
    seeds: Vec<(String, Vec<Map<String, Value>>)>,
    clock: Arc<FrozenClock>,
    random: Arc<SeededRandom>,
    sms: Option<Arc<RecordingSms>>,
    with_mail: bool,
    apps: Vec<&'static str>,
    through: Option<StoreWrapper>,
    real_carriers: bool,
}

/// Who carries messages.
type Carriers = (Option<Arc<dyn SmsGateway>>, Option<Arc<dyn MailGateway>>);

/// Those that the settings name.
fn carriers(settings: &Settings, clock: &Arc<FrozenClock>, random: &Arc<SeededRandom>) -> Result<Carriers> {
    let sms = settings.providers.sms.as_ref();
    let sms = sms.map(|sms| sms_gateway(sms, clock.clone(), random.clone())).transpose()?;
    let mail = settings.providers.email.as_ref();
    let mail = mail.map(|email| mail_gateway(email, clock.clone(), random.clone())).transpose()?;
    Ok((sms, mail.map(|gateway| Arc::new(gateway) as Arc<dyn MailGateway>)))
}

/// Puts a store around another.
type StoreWrapper = Box<dyn FnOnce(Arc<dyn Store>) -> Arc<dyn Store> + Send>;

impl Default for TestAppBuilder {
    fn default() -> Self {
        Self {
            engine: Engine::Sqlite,
            database: None,
            mode: Mode::Development,
            center: None,
            uni_id: default_uni_id(),
            uni_captcha: json!({"mode": "svg", "size": 4, "noise": 4, "expiresDate": 180}),
            center_files: Vec::new(),
            sections: String::new(),
            schemas: Vec::new(),
            settings: Vec::new(),
            space: SPACE,
            seeds: Vec::new(),
            clock: Arc::default(),
            random: Arc::default(),
            sms: Some(Arc::default()),
            with_mail: true,
            apps: vec!["*"],
            through: None,
            real_carriers: false,
        }
    }
}

/// One application for everyone: hmac-sha256 passwords, two hours of session, SMS configured.
fn default_uni_id() -> Value {
    let scenes = ["login-by-sms", "reset-pwd-by-sms", "bind-mobile-by-sms", "set-pwd-by-sms", "register-by-sms"];
    let scenes: Map<String, Value> =
        scenes.iter().enumerate().map(|(n, scene)| ((*scene).to_owned(), json!({"templateId": format!("1000{n}")}))).collect();
    json!({
        "passwordSecret": [{"type": "hmac-sha256", "version": 1}],
        "tokenSecret": "the token secret of test programs, long enough",
        "requestAuthSecret": "the request secret of test programs",
        "tokenExpiresIn": 7200,
        "tokenExpiresThreshold": 1200,
        "passwordErrorLimit": 6,
        "passwordErrorRetryTime": 3600,
        "service": {
            "sms": {"name": "Test", "codeExpiresIn": 180, "smsKey": "test-key", "smsSecret": "test-secret", "scene": scenes},
        },
    })
}

impl TestAppBuilder {
    /// The database's engine. SQLite if nothing is said.
    pub fn engine(mut self, engine: Engine) -> Self {
        self.engine = engine;
        self
    }

    /// A database that exists already, whatever is in it.
    pub fn database(mut self, database: TestDatabase) -> Self {
        self.database = Some(database);
        self
    }

    /// The program's mode. Development if nothing is said.
    pub fn mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    /// A folder in the layout of `uni-config-center`, instead of the built-in one.
    pub fn center(mut self, folder: impl Into<PathBuf>) -> Self {
        self.center = Some(folder.into());
        self
    }

    /// Fields to be merged over the built-in `uni-id/config.json`; `null` removes one.
    pub fn uni_id(mut self, fields: Value) -> Self {
        merge(&mut self.uni_id, fields);
        self
    }

    /// Fields to be merged over the built-in `uni-captcha/config.json`; `null` removes one.
    pub fn uni_captcha(mut self, fields: Value) -> Self {
        merge(&mut self.uni_captcha, fields);
        self
    }

    /// Another file of the built-in `uni-config-center` folder, by its path in it.
    pub fn center_file(mut self, path: &str, text: impl Into<String>) -> Self {
        self.center_files.push((path.to_owned(), text.into()));
        self
    }

    /// The built-in center's `secure-network/config.json`.
    pub fn secure_network(self, config: Value) -> Self {
        self.center_file("secure-network/config.json", format!("{config:#}"))
    }

    /// Sections at the end of `lingpai.toml`, as `[[functions]]`.
    pub fn sections(mut self, toml: &str) -> Self {
        self.sections.push_str(toml);
        self
    }

    /// The schema of a collection, beside the built-in configuration.
    pub fn schema(mut self, collection: &str, schema: Value) -> Self {
        self.schemas.push((collection.to_owned(), schema));
        self
    }

    /// A setting of `lingpai.toml` by its path, written as in the environment:
    /// `("limits.enabled", "true")`.
    pub fn setting(mut self, path: impl Into<String>, value: impl Into<String>) -> Self {
        self.settings.push((path.into(), value.into()));
        self
    }

    /// The client space that is served, instead of [`SPACE`].
    pub fn space(mut self, space: Space<'static>) -> Self {
        self.space = space;
        self
    }

    /// Documents that are there when the program starts.
    pub fn seed(mut self, collection: &str, documents: Vec<Map<String, Value>>) -> Self {
        self.seeds.push((collection.to_owned(), documents));
        self
    }

    /// A clock that the test holds already.
    pub fn clock(mut self, clock: Arc<FrozenClock>) -> Self {
        self.clock = clock;
        self
    }

    /// Other randomness.
    pub fn random(mut self, random: SeededRandom) -> Self {
        self.random = Arc::new(random);
        self
    }

    /// A gateway that the test holds already.
    pub fn sms(mut self, gateway: Arc<RecordingSms>) -> Self {
        self.sms = Some(gateway);
        self
    }

    /// No gateway for short messages: the program lacks one.
    pub fn without_sms(mut self) -> Self {
        self.sms = None;
        self
    }

    /// No mail server: the program lacks one.
    pub fn without_mail(mut self) -> Self {
        self.with_mail = false;
        self
    }

    /// The applications of the client space. Any if nothing is said.
    pub fn apps(mut self, apps: &[&'static str]) -> Self {
        self.apps = apps.to_vec();
        self
    }

    /// Messages go to the services that the settings name, not to those that only keep them.
    pub fn real_carriers(mut self) -> Self {
        self.real_carriers = true;
        self
    }

    /// A store around the program's own, as for one that fails when the test wants it to.
    pub fn through(mut self, wrap: impl FnOnce(Arc<dyn Store>) -> Arc<dyn Store> + Send + 'static) -> Self {
        self.through = Some(Box::new(wrap));
        self
    }

    /// Starts the program.
    ///
    /// # Errors
    /// If the configuration is refused or something that is needed is not there.
    pub async fn start(self) -> Result<TestApp> {
        let folder = tempfile::tempdir()?;
        let center = match &self.center {
            Some(center) => center.clone(),
            None => self.write_center(folder.path())?,
        };
        let settings = self.load_settings(folder.path())?;
        let (center, _notices, problems) = Center::load(&center, settings.passwords.argon2);
        // The recordings have configurations with problems, which development mode serves.
        if self.mode == Mode::Production && !problems.is_empty() {
            bail!("the configuration has problems: {problems:?}");
        }
        let database = match self.database {
            Some(database) => database,
            None => TestDatabase::migrated(self.engine).await?,
        };
        let store = lingpai_store::open(database.url(), &lingpai_store::Options::new(self.clock.clone())).await?;
        let store = match self.through {
            Some(wrap) => wrap(store),
            None => store,
        };
        for (collection, documents) in &self.seeds {
            for document in documents {
                store.put(collection, document).await.with_context(|| format!("a seed of {collection}"))?;
            }
        }
        let mail = Arc::new(RecordingMail::default());
        let (sms_carrier, mail_carrier): Carriers = match self.real_carriers {
            true => carriers(&settings, &self.clock, &self.random)?,
            false => (self.sms.clone().map(|gateway| gateway as _), self.with_mail.then(|| mail.clone() as _)),
        };
        let setup_token = settings.security.setup_token.clone().filter(|_| self.mode == Mode::Production);
        let app = App::start(AppOptions {
            setup_token,
            settings,
            center,
            store: store.clone(),
            clock: self.clock.clone(),
            random: self.random.clone(),
            sms: sms_carrier,
            mail: mail_carrier,
            listen: ([127, 0, 0, 1], 0).into(),
        })
        .await?;
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(30)).build()?;
        let sms = self.sms.unwrap_or_default();
        Ok(TestApp { clock: self.clock, random: self.random, sms, mail, store, app, http, database, folder })
    }

    fn write_center(&self, folder: &std::path::Path) -> Result<PathBuf> {
        let center = folder.join("config-center");
        for (name, config) in [("uni-id", &self.uni_id), ("uni-captcha", &self.uni_captcha)] {
            fs::create_dir_all(center.join(name))?;
            fs::write(center.join(name).join("config.json"), serde_json::to_string_pretty(config)?)?;
        }
        for (path, text) in &self.center_files {
            let path = center.join(path);
            fs::create_dir_all(path.parent().context("a file in a folder")?)?;
            fs::write(path, text)?;
        }
        fs::create_dir_all(center.join("database"))?;
        for (name, schema) in &self.schemas {
            fs::write(center.join("database").join(format!("{name}.schema.json")), serde_json::to_string_pretty(schema)?)?;
        }
        Ok(center)
    }

    fn load_settings(&self, folder: &std::path::Path) -> Result<Settings> {
        let mode = match self.mode {
            Mode::Development => "development",
            Mode::Production => "production",
        };
        // Basic strings of TOML and texts of JSON have the same escapes.
        let text = |text: &str| Value::from(text).to_string();
        let data = folder.join("data");
        fs::create_dir_all(&data)?;
        let mut file = format!(
            "mode = \"{mode}\"\n\
             [server]\ntrusted_proxies = [\"127.0.0.1\"]\n\
             [data]\ndir = {}\n\
             [limits]\nenabled = false\n\
             [[spaces]]\nid = {}\nclient_secret = {}\napps = {}\n",
            text(&data.display().to_string()),
            text(self.space.id),
            text(self.space.secret),
            json!(self.apps),
        );
        if self.mode == Mode::Production {
            let (key, token, center) = (text(MASTER_KEY), text(SETUP_TOKEN), text("config-center"));
            file.push_str(&format!("[security]\nmaster_key = {key}\nsetup_token = {token}\n[config_center]\ndir = {center}\n"));
        }
        file.push_str(&self.sections);
        let path = folder.join("lingpai.toml");
        fs::write(&path, file)?;
        let sources = Sources { file: ConfigurationFile::Required(path), environment: Vec::new(), overrides: self.settings.clone() };
        match Settings::load(&sources) {
            Ok((settings, _notices)) => Ok(settings),
            Err(problems) => bail!("the settings have problems: {problems:?}"),
        }
    }
}

/// RFC 7396: objects are merged, `null` removes.
fn merge(target: &mut Value, patch: Value) {
    let Value::Object(patch) = patch else {
        *target = patch;
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    let Value::Object(target) = target else { return };
    for (key, value) in patch {
        if value.is_null() {
            target.remove(&key);
        } else {
            merge(target.entry(key).or_insert(Value::Null), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patches_add_replace_and_remove() {
        let mut config = json!({"a": {"b": 1, "c": 2}, "d": 3});
        merge(&mut config, json!({"a": {"b": null, "e": {"f": 4}}, "d": [5]}));
        assert_eq!(config, json!({"a": {"c": 2, "e": {"f": 4}}, "d": [5]}));
    }
}
