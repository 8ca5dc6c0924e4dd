//! The program's own settings.
//!
//! `config.default.toml` documents each of them and is the defaults. Over it lie the
//! configuration file, the environment (`LINGPAI_<SECTION>_<KEY>`) and the command line.

mod carriers;
mod functions;
mod layers;
mod network;
mod passkeys;
mod rate;
mod read;
mod reader;
mod scripts;
mod storage;
#[cfg(test)]
mod tests;
mod value;

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use lingpai_domain::{clock::Clock, password::Argon2Cost, project::AccountEvent, secret::Secret};
use lingpai_store::redis::RedisError;

pub use carriers::{CloudSms, Frv, FrvVendor, Sms, SmsCarrier, Univerify};
pub use functions::{is_built_in as is_built_in_function, is_name as is_function_name};
pub(super) use layers::read_bounded;
pub use layers::{ConfigurationFile, DEFAULTS, Sources};
pub use network::Network;
pub use passkeys::Passkeys;
pub use rate::Rate;
pub use storage::{S3, Storage};

/// Everything that can be set. See `config.default.toml` for the meaning of each.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `mode`
    pub mode: Mode,
    /// `[server]`
    pub server: Server,
    /// `data.dir`
    pub data_dir: PathBuf,
    /// `[database]`
    pub database: Database,
    /// `[redis]`; `None`: there is none.
    pub redis: Option<Redis>,
    /// `[[spaces]]`; in development mode never empty.
    pub spaces: Vec<Space>,
    /// `[[functions]]`
    pub functions: Vec<Function>,
    /// `[functions_host]`; `None`: there is no folder.
    pub functions_host: Option<FunctionsHost>,
    /// `config_center.dir`; in production mode never `None`.
    pub config_center_dir: Option<PathBuf>,
    /// `[log]`
    pub log: Log,
    /// `[limits]`
    pub limits: Limits,
    /// `[passwords]`
    pub passwords: Passwords,
    /// `[security]`
    pub security: Security,
    /// `[passkeys]`; `None`: switched off.
    pub passkeys: Option<Passkeys>,
    /// `[compat]`
    pub compat: Compat,
    /// `[sessions]`
    pub sessions: Sessions,
    /// `[scripts]`
    pub scripts: Scripts,
    /// `[retention]`
    pub retention: Retention,
    /// `[[webhooks]]`
    pub webhooks: Vec<Webhook>,
    /// `[deliveries]`
    pub deliveries: Deliveries,
    /// `[providers]`
    pub providers: Providers,
    /// `[web_sign_in]`; `None`: not set up.
    pub web_sign_in: Option<WebSignIn>,
    /// `[clientdb]`
    pub clientdb: ClientDb,
    /// `[storage]`
    pub storage: Storage,
}

/// What the program is run for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Trying out: codes go to the outbox, fixed codes where nothing is configured, loopback only.
    Development,
    /// Serving people.
    Production,
}

/// `[server]`
#[derive(Clone, Debug)]
pub struct Server {
    /// Where to listen. In development mode a loopback address unless
    /// `server.development_listens_publicly` says so too.
    pub listen: SocketAddr,
    /// Peers whose X-Forwarded-For is believed.
    pub trusted_proxies: Vec<Network>,
    /// Origins that browsers may call from; `*` for any.
    pub cors_origins: Vec<String>,
    /// How far a client's clock may be away; `None`: as far as it likes.
    pub client_clock_tolerance: Option<Duration>,
    /// Largest request body, bytes.
    pub body_limit_bytes: usize,
    /// Time to receive the headers.
    pub header_timeout: Duration,
    /// Time to receive the body.
    pub body_timeout: Duration,
    /// Time to answer.
    pub request_timeout: Duration,
    /// Open connections at most.
    pub max_connections: usize,
    /// Worker threads; 0 for one a core.
    pub workers: usize,
}

/// `[database]`
#[derive(Clone, Debug)]
pub struct Database {
    /// `sqlite:PATH` or `postgres://...`; never empty.
    pub url: Secret,
    /// Connections to PostgreSQL at most.
    pub pool: usize,
    /// Reading connections to SQLite; 0 for one a core.
    pub readers: usize,
    /// Time for a statement and for getting a connection.
    pub statement_timeout: Duration,
}

/// `[redis]`
#[derive(Clone, Debug)]
pub struct Redis {
    /// `redis://...` or `rediss://...`
    pub url: Secret,
    /// Whether values stand there as they are, for other programs to read.
    pub plain_values: bool,
    /// Time for a call, connecting included.
    pub timeout: Duration,
}

impl Redis {
    /// The way there; nothing is connected yet.
    ///
    /// # Errors
    /// If the URL is not understood.
    pub fn open(&self, clock: Arc<dyn Clock>) -> Result<lingpai_store::redis::Redis, RedisError> {
        lingpai_store::redis::Redis::new(self.url.expose(), self.timeout, clock)
    }
}

/// A uniCloud client space.
#[derive(Clone, Debug)]
pub struct Space {
    /// The space's id.
    pub id: String,
    /// What its clients sign requests with.
    pub client_secret: Secret,
    /// AppIDs that may use it; `*` for any. Never empty.
    pub apps: Vec<String>,
}

impl Space {
    /// Whether an application may use it.
    pub fn allows(&self, app_id: &str) -> bool {
        self.apps.iter().any(|app| app == "*" || app == app_id)
    }
}

/// A function that is an HTTP service.
#[derive(Clone, Debug)]
pub struct Function {
    /// `functionTarget`
    pub name: String,
    /// Where calls are posted to.
    pub url: Secret,
    /// What calls are signed with, at least 32 characters.
    pub key: Secret,
    /// Time to answer.
    pub timeout: Duration,
    /// Calls at the same time; more wait.
    pub at_once: usize,
    /// Whether the URL form reaches it.
    pub http: bool,
}

/// A folder of cloud functions that the program runs by Node.
#[derive(Clone, Debug)]
pub struct FunctionsHost {
    /// The folder; never empty.
    pub dir: PathBuf,
    /// Node's program.
    pub node: PathBuf,
    /// Functions that the URL form reaches; `*` for all.
    pub http: Vec<String>,
    /// Calls that run at the same time.
    pub workers: usize,
    /// Calls that may wait.
    pub queue: usize,
    /// Time for one call.
    pub timeout: Duration,
    /// Memory of one thread, MB.
    pub memory_mb: u32,
    /// Whether timers run.
    pub timers: bool,
}

/// `[log]`
#[derive(Clone, Debug)]
pub struct Log {
    /// How lines look.
    pub format: LogFormat,
    /// A level, or directives by module; `tracing_subscriber::filter::Targets` reads it.
    pub level: String,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// `[limits]`
#[derive(Clone, Debug)]
pub struct Limits {
    /// Whether the rates are enforced.
    pub enabled: bool,
    /// Wrong guesses after which an SMS or mail code is void.
    pub code_max_guesses: u32,
    /// Wrong guesses after which a captcha is void.
    pub captcha_max_guesses: u32,
    /// `[limits.per_ip]`
    pub per_ip: RequestRates,
    /// `[limits.sends]`
    pub sends: SendRates,
}

/// Requests of one client address, by group of methods. All rates of a group must hold; an empty
/// list is no limit.
#[derive(Clone, Debug)]
pub struct RequestRates {
    /// Logging in.
    pub login: Vec<Rate>,
    /// Asking for SMS and mail codes.
    pub send: Vec<Rate>,
    /// Registering.
    pub register: Vec<Rate>,
    /// Captchas.
    pub captcha: Vec<Rate>,
    /// All other methods.
    pub default: Vec<Rate>,
}

/// Codes that are sent, SMS and mail apart. All rates must hold; an empty list is no limit.
#[derive(Clone, Debug)]
pub struct SendRates {
    /// To one number or address.
    pub per_target: Vec<Rate>,
    /// For one device.
    pub per_device: Vec<Rate>,
    /// For one client address.
    pub per_ip: Vec<Rate>,
    /// For one application.
    pub per_app: Vec<Rate>,
}

/// `[passwords]`
#[derive(Clone, Debug)]
pub struct Passwords {
    /// Hashing threads; 0 for one a core.
    pub hash_threads: usize,
    /// Requests that may wait for hashing.
    pub hash_queue: usize,
    /// How long one may wait.
    pub hash_wait: Duration,
    /// What hashing a new password of type argon2id costs.
    pub argon2: Argon2Cost,
}

/// `[security]`
#[derive(Clone, Debug)]
pub struct Security {
    /// Key for data at rest; in production mode always there, at least 32 characters.
    pub master_key: Option<Secret>,
    /// What creating the first administrator takes; `None`: to be made at the first start.
    pub setup_token: Option<Secret>,
    /// Whether an unknown account answers as a wrong password does.
    pub hide_account_existence: bool,
    /// Whether users may have a second step of signing in.
    pub second_step: bool,
    /// The name that authenticator apps show for it.
    pub second_step_issuer: String,
}

/// `[compat]`
#[derive(Clone, Debug)]
pub struct Compat {
    /// Whether array and object parameters are accepted under the older signature.
    pub unsigned_arrays: bool,
}

/// `[retention]`
#[derive(Clone, Debug)]
pub struct Retention {
    /// How long expired codes are kept.
    pub codes: Duration,
    /// How long rows of `uni-id-log` are kept; `None` for ever.
    pub log: Option<Duration>,
    /// How long rows of `lingpai-audit` are kept; `None` for ever.
    pub audit: Option<Duration>,
}

/// `[sessions]`
#[derive(Clone, Debug)]
pub struct Sessions {
    /// How often the last use of tokens is noted; `None` for never.
    pub note_uses: Option<Duration>,
}

/// `[scripts]`: what the project's own scripts may use.
#[derive(Clone, Debug)]
pub struct Scripts {
    /// Names of environment variables.
    pub env: Vec<String>,
    /// Hosts: exact names, or `*.example.com`.
    pub hosts: Vec<String>,
    /// Whether these may have addresses that are not public.
    pub private_addresses: bool,
    /// Time for one call.
    pub time_limit: Duration,
    /// Memory of each file and thread, bytes.
    pub memory: usize,
}

/// Who is told of what happens to accounts.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// Where to; may hold a key.
    pub url: Secret,
    /// What deliveries are signed with.
    pub secret: Secret,
    /// Of what.
    pub events: Vec<AccountEvent>,
}

/// `[deliveries]`
#[derive(Clone, Debug)]
pub struct Deliveries {
    /// Whether webhooks may have addresses that are not public.
    pub private_addresses: bool,
    /// Time to answer.
    pub timeout: Duration,
}

/// `[web_sign_in]`: signing in with WeChat from a web page.
#[derive(Clone, Debug)]
pub struct WebSignIn {
    /// Where browsers reach this server; without a slash at its end.
    pub public_url: String,
    /// The pages that browsers may be sent back to, word for word.
    pub redirects: Vec<String>,
}

/// `[clientdb]`
#[derive(Clone, Debug)]
pub struct ClientDb {
    /// Whether it is there at all.
    pub enabled: bool,
    /// The folder of schemas; `None`: `database/` in or beside the `uni-config-center` folder.
    pub schemas: Option<PathBuf>,
    /// Documents that one query may look at.
    pub examined_rows: usize,
}

/// `[providers]`. Addresses have no slash at their end.
#[derive(Clone, Debug)]
pub struct Providers {
    /// `providers.timeout_ms`: time for one call of a third party.
    pub timeout: Duration,
    /// `providers.weixin.base_url`
    pub weixin_base_url: String,
    /// `providers.weixin.open_url`
    pub weixin_open_url: String,
    /// `providers.qq.base_url`
    pub qq_base_url: String,
    /// `providers.qq.graph_url`
    pub qq_graph_url: String,
    /// `providers.alipay.gateway_url`
    pub alipay_gateway_url: String,
    /// `providers.apple.keys_url`
    pub apple_keys_url: String,
    /// `[providers.univerify]`; `None` when no address is given.
    pub univerify: Option<Univerify>,
    /// `[providers.frv]`; `None` when no service is named.
    pub frv: Option<Frv>,
    /// `[providers.sms]`; `None` when no service is named.
    pub sms: Option<Sms>,
    /// `[providers.email]`; `None` when no server is named.
    pub email: Option<Email>,
}

/// The SMTP server.
#[derive(Clone, Debug)]
pub struct Email {
    /// Name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Encryption.
    pub tls: SmtpTls,
    /// `None`: no login.
    pub login: Option<SmtpLogin>,
    /// The sender, as in a mail's From.
    pub from: String,
    /// Time to answer.
    pub timeout: Duration,
}

/// Who logs in at the SMTP server.
#[derive(Clone, Debug)]
pub struct SmtpLogin {
    /// User.
    pub user: String,
    /// Password.
    pub password: Secret,
}

/// How the connection to the SMTP server is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmtpTls {
    /// The connection starts in the clear and must be upgraded.
    StartTls,
    /// From the first byte.
    Tls,
    /// Not at all: for a server on the same machine.
    None,
}
