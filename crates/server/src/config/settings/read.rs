//! From layers to [`Settings`], with the rules that span several settings.

use std::{path::PathBuf, time::Duration};

use lingpai_domain::{password::Argon2Cost, project::AccountEvent, secret::Secret};
use tracing_subscriber::filter::{LevelFilter, Targets};

use super::{
    ClientDb, Compat, Database, Deliveries, Email, Limits, Log, LogFormat, Mode, Network, Passwords, Providers, Rate, Redis, RequestRates,
    Retention, Security, SendRates, Server, Sessions, Settings, SmtpLogin, SmtpTls, Sources, Space, WebSignIn, Webhook, carriers,
    layers::Layers,
    reader::{Reader, is_web_address},
};
use crate::config::report::{Notice, Problem, Words, tidy};

/// The space of development mode: its id and its secret.
const DEVELOPMENT_SPACE: (&str, &str) = ("lingpai-dev", "lingpai-dev-secret");

impl Settings {
    /// Reads all settings. Errors: everything that is wrong, in reading order.
    pub fn load(sources: &Sources) -> Result<(Self, Vec<Notice>), Vec<Problem>> {
        let mut found = Vec::new();
        let layers = Layers::read(sources, &mut found);
        let mut reader = Reader::new(&layers, found);
        let (settings, notices) = read(&mut reader);
        let mut problems = reader.problems;
        if problems.is_empty() {
            return Ok((settings, notices));
        }
        tidy(&mut problems);
        Err(problems)
    }
}

fn read(reader: &mut Reader<'_>) -> (Settings, Vec<Notice>) {
    let mode = one_of(reader, "mode", &[("development", Mode::Development), ("production", Mode::Production)]);
    let data_dir = reader.parsed("data.dir", PathBuf::new(), |text| match text {
        "" => Err((Words::new("不能为空", "must not be empty"), Words::new("写成目录，如 data", "name a folder, as data"))),
        dir => Ok(PathBuf::from(dir)),
    });
    let settings = Settings {
        mode,
        server: server(reader, mode),
        database: database(reader, &data_dir),
        data_dir,
        redis: redis(reader),
        spaces: spaces(reader, mode),
        functions: super::functions::read(reader),
        functions_host: super::functions::host(reader),
        config_center_dir: config_center_dir(reader, mode),
        log: log(reader),
        limits: limits(reader),
        passwords: passwords(reader),
        security: security(reader, mode),
        passkeys: super::passkeys::read(reader, mode),
        compat: Compat { unsigned_arrays: reader.boolean("compat.unsigned_arrays") },
        sessions: sessions(reader),
        scripts: super::scripts::read(reader),
        retention: retention(reader),
        webhooks: webhooks(reader),
        deliveries: Deliveries {
            private_addresses: reader.boolean("deliveries.private_addresses"),
            timeout: reader.milliseconds("deliveries.timeout_ms", GATEWAY_MS),
        },
        providers: providers(reader),
        web_sign_in: web_sign_in(reader, mode),
        clientdb: client_db(reader),
        storage: super::storage::read(reader),
    };
    (settings, Vec::new())
}

/// Bounds of the server's time limits, ms.
const REQUEST_MS: std::ops::RangeInclusive<u32> = 100..=600_000;

/// Bounds of the time that a message gateway has, ms.
pub(super) const GATEWAY_MS: std::ops::RangeInclusive<u32> = 100..=60_000;

fn server(reader: &mut Reader<'_>, mode: Mode) -> Server {
    let listen = reader.socket_address("server.listen");
    let publicly = reader.boolean("server.development_listens_publicly");
    if mode == Mode::Development && !listen.ip().is_loopback() && !publicly {
        reader.problem(
            "server.listen",
            Words::new(
                "开发模式只监听本机回环地址：此模式下的验证码是公开的",
                "development mode listens on loopback only: its codes are open to everyone",
            ),
            Words::new(
                "改用 127.0.0.1；确要对外，另设 server.development_listens_publicly = true；正式使用请用生产模式",
                "use 127.0.0.1; to open it nevertheless, set server.development_listens_publicly = true as well; use production mode for real use",
            ),
        );
    }
    let tolerance = reader.number("server.client_clock_tolerance_minutes", 0..=525_600);
    Server {
        listen,
        trusted_proxies: reader.list("server.trusted_proxies", |text| {
            Network::parse(text).ok_or_else(|| {
                (
                    Words::new(format!("{text:?} 不是 IP 或 CIDR"), format!("{text:?} is neither an IP address nor a CIDR block")),
                    Words::new("写成 10.0.0.1 或 10.0.0.0/8", "write 10.0.0.1 or 10.0.0.0/8"),
                )
            })
        }),
        cors_origins: reader.list("server.cors_origins", origin),
        client_clock_tolerance: (tolerance > 0).then(|| Duration::from_secs(u64::from(tolerance) * 60)),
        body_limit_bytes: reader.count("server.body_limit_bytes", 1024..=64 * 1024 * 1024),
        header_timeout: reader.milliseconds("server.header_timeout_ms", REQUEST_MS),
        body_timeout: reader.milliseconds("server.body_timeout_ms", REQUEST_MS),
        request_timeout: reader.milliseconds("server.request_timeout_ms", REQUEST_MS),
        max_connections: reader.count("server.max_connections", 1..=1_000_000),
        workers: reader.count("server.workers", 0..=1024),
    }
}

fn origin(text: &str) -> Result<String, (Words, Words)> {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    if text == "*" || host.is_some_and(|host| !host.is_empty() && !host.contains(['/', '?', '#', '@', ' '])) {
        return Ok(text.to_owned());
    }
    Err((
        Words::new(format!("{text:?} 不是网页来源"), format!("{text:?} is not a web origin")),
        Words::new("写成 https://主机[:端口]，不带路径；或 \"*\"", "write https://host[:port] without a path, or \"*\""),
    ))
}

fn database(reader: &mut Reader<'_>, data_dir: &std::path::Path) -> Database {
    let mut url = reader.secret("database.url");
    if url.is_empty() {
        url = Secret::new(format!("sqlite:{}", data_dir.join("lingpai.db").display()));
    }
    let known = url.expose().strip_prefix("sqlite:").is_some_and(|path| !path.is_empty())
        || ["postgres://", "postgresql://"].iter().any(|scheme| url.expose().strip_prefix(scheme).is_some_and(|rest| !rest.is_empty()));
    if !known {
        // Not quoted: it may contain a password.
        reader.problem(
            "database.url",
            Words::new("不是数据库地址", "is not a database address"),
            Words::new("写成 sqlite:路径 或 postgres://用户:密码@主机/库名", "write sqlite:PATH or postgres://user:password@host/name"),
        );
    }
    Database {
        url,
        pool: reader.count("database.pool", 1..=1000),
        readers: reader.count("database.readers", 0..=256),
        statement_timeout: reader.milliseconds("database.statement_timeout_ms", REQUEST_MS),
    }
}

fn redis(reader: &mut Reader<'_>) -> Option<Redis> {
    let url = reader.secret("redis.url");
    let plain_values = reader.boolean("redis.plain_values");
    let timeout = reader.milliseconds("redis.timeout_ms", 10..=10_000);
    if url.is_empty() {
        return None;
    }
    if !lingpai_store::redis::Redis::is_url(url.expose()) {
        // Not quoted: it may contain a password.
        reader.problem(
            "redis.url",
            Words::new("不是 Redis 地址", "is not the address of a Redis server"),
            Words::new(
                "写成 redis://用户:密码@主机:端口/库号，加密连接用 rediss://",
                "write redis://user:password@host:port/number, rediss:// for TLS",
            ),
        );
    }
    Some(Redis { url, plain_values, timeout })
}

fn spaces(reader: &mut Reader<'_>, mode: Mode) -> Vec<Space> {
    let mut spaces: Vec<Space> = Vec::new();
    for section in reader.sections("spaces") {
        section.refuse_unknown(reader, &["id", "client_secret", "apps"]);
        let space = Space {
            id: section.text(reader, "id"),
            client_secret: section.secret(reader, "client_secret"),
            apps: section.texts(reader, "apps"),
        };
        if spaces.iter().any(|other| other.id == space.id) {
            section.problem(
                reader,
                "id",
                Words::new("有两个空间使用同一个 id", "two spaces have the same id"),
                Words::new("改名或合并", "rename one, or make them one"),
            );
        }
        if mode == Mode::Production && space.client_secret.expose() == DEVELOPMENT_SPACE.1 {
            section.problem(
                reader,
                "client_secret",
                Words::new("这是开发模式的公开密钥", "this is development mode's secret, which everyone knows"),
                Words::new("换成随机的密钥，例如 openssl rand -hex 24", "use a random one, for instance from openssl rand -hex 24"),
            );
        }
        spaces.push(space);
    }
    if spaces.is_empty() && mode == Mode::Development {
        let (id, secret) = DEVELOPMENT_SPACE;
        spaces.push(Space { id: id.into(), client_secret: Secret::new(secret), apps: vec!["*".into()] });
    }
    spaces
}

fn config_center_dir(reader: &mut Reader<'_>, mode: Mode) -> Option<PathBuf> {
    let dir = reader.text("config_center.dir");
    if !dir.is_empty() {
        return Some(dir.into());
    }
    if mode == Mode::Production {
        reader.problem(
            "config_center.dir",
            Words::new("生产模式需要 uni-config-center 目录", "production mode needs a uni-config-center folder"),
            Words::new(
                "指向现有项目的 uni-config-center，或运行 lingpai init 生成一份带新密钥的配置",
                "point it to your project's uni-config-center, or run lingpai init, which makes one with fresh secrets",
            ),
        );
    }
    None
}

fn log(reader: &mut Reader<'_>) -> Log {
    Log {
        format: one_of(reader, "log.format", &[("text", LogFormat::Text), ("json", LogFormat::Json)]),
        level: reader.parsed("log.level", String::from("info"), |text| {
            // `Targets` takes a misspelled level for the name of a module.
            let is_level = |part: &str| part.contains('=') || part.parse::<LevelFilter>().is_ok();
            if text.parse::<Targets>().is_ok() && text.split(',').all(|part| is_level(part.trim())) {
                return Ok(text.to_owned());
            }
            Err((
                Words::new(format!("{text:?} 不是日志级别"), format!("{text:?} is not a log level")),
                Words::new(
                    "写成 error、warn、info、debug 或 trace，也可加上 模块=级别",
                    "write error, warn, info, debug or trace, with module=level added if need be",
                ),
            ))
        }),
    }
}

fn limits(reader: &mut Reader<'_>) -> Limits {
    let mut rates = |path: &str| reader.parsed(path, Vec::new(), Rate::parse_list);
    let per_ip = RequestRates {
        login: rates("limits.per_ip.login"),
        send: rates("limits.per_ip.send"),
        register: rates("limits.per_ip.register"),
        captcha: rates("limits.per_ip.captcha"),
        default: rates("limits.per_ip.default"),
    };
    let sends = SendRates {
        per_target: rates("limits.sends.per_target"),
        per_device: rates("limits.sends.per_device"),
        per_ip: rates("limits.sends.per_ip"),
        per_app: rates("limits.sends.per_app"),
    };
    Limits {
        enabled: reader.boolean("limits.enabled"),
        code_max_guesses: reader.number("limits.code_max_guesses", 1..=100),
        captcha_max_guesses: reader.number("limits.captcha_max_guesses", 1..=100),
        per_ip,
        sends,
    }
}

fn passwords(reader: &mut Reader<'_>) -> Passwords {
    Passwords {
        hash_threads: reader.count("passwords.hash_threads", 0..=256),
        hash_queue: reader.count("passwords.hash_queue", 1..=100_000),
        hash_wait: reader.milliseconds("passwords.hash_wait_ms", 10..=60_000),
        argon2: Argon2Cost {
            memory_kib: reader.number("passwords.argon2.memory_kib", 8192..=1024 * 1024),
            iterations: reader.number("passwords.argon2.iterations", 1..=64),
            parallelism: reader.number("passwords.argon2.parallelism", 1..=16),
        },
    }
}

fn security(reader: &mut Reader<'_>, mode: Mode) -> Security {
    let master_key = present(reader.long_secret("security.master_key", 32));
    if master_key.is_none() && mode == Mode::Production {
        reader.problem(
            "security.master_key",
            Words::new("生产模式需要主密钥", "production mode needs a master key"),
            Words::new("运行 lingpai init 生成，并妥善备份", "let lingpai init make one, and keep a copy of it safe"),
        );
    }
    Security {
        master_key,
        setup_token: present(reader.long_secret("security.setup_token", 16)),
        hide_account_existence: reader.boolean("security.hide_account_existence"),
        second_step: reader.boolean("security.second_step"),
        second_step_issuer: reader.text("security.second_step_issuer"),
    }
}

fn retention(reader: &mut Reader<'_>) -> Retention {
    let hours = reader.number("retention.codes_hours", 1..=8760);
    let days = reader.number("retention.log_days", 0..=36_500);
    Retention {
        codes: Duration::from_secs(u64::from(hours) * 3600),
        log: of_days(days),
        audit: of_days(reader.number("retention.audit_days", 0..=36_500)),
    }
}

fn of_days(days: u32) -> Option<Duration> {
    (days > 0).then(|| Duration::from_secs(u64::from(days) * 86_400))
}

fn sessions(reader: &mut Reader<'_>) -> Sessions {
    let seconds = reader.number("sessions.note_uses_seconds", 0..=86_400);
    Sessions { note_uses: (seconds > 0).then(|| Duration::from_secs(u64::from(seconds))) }
}

fn webhooks(reader: &mut Reader<'_>) -> Vec<Webhook> {
    let mut webhooks = Vec::new();
    for section in reader.sections("webhooks") {
        section.refuse_unknown(reader, &["url", "secret", "events"]);
        let (url, secret) = (section.secret(reader, "url"), section.secret(reader, "secret"));
        if !url.is_empty() && !is_web_address(url.expose()) {
            // Not quoted: it may hold a key.
            section.problem(
                reader,
                "url",
                Words::new("不是网址", "is not a web address"),
                Words::new("写成 https://主机/路径", "write https://host/path"),
            );
        }
        if !secret.is_empty() && secret.expose().chars().count() < 16 {
            section.problem(
                reader,
                "secret",
                Words::new("太短，至少 16 个字符", "is too short, it needs 16 characters at least"),
                Words::new("换成随机的密钥，例如 openssl rand -hex 24", "use a random one, for instance from openssl rand -hex 24"),
            );
        }
        let mut events = Vec::new();
        for name in section.texts(reader, "events") {
            if name == "*" {
                events.extend(AccountEvent::ALL);
            } else if let Some(event) = AccountEvent::ALL.into_iter().find(|event| event.wire() == name) {
                events.push(event);
            } else {
                let known: Vec<&str> = AccountEvent::ALL.iter().map(|event| event.wire()).collect();
                section.problem(
                    reader,
                    "events",
                    Words::new(format!("没有事件 {name:?}"), format!("there is no event {name:?}")),
                    Words::new(format!("可选：{}，或 *", known.join("、")), format!("choose from {}, or *", known.join(", "))),
                );
            }
        }
        webhooks.push(Webhook { url, secret, events });
    }
    webhooks
}

fn providers(reader: &mut Reader<'_>) -> Providers {
    Providers {
        timeout: reader.milliseconds("providers.timeout_ms", GATEWAY_MS),
        weixin_base_url: reader.required_url("providers.weixin.base_url"),
        weixin_open_url: reader.required_url("providers.weixin.open_url"),
        qq_base_url: reader.required_url("providers.qq.base_url"),
        qq_graph_url: reader.required_url("providers.qq.graph_url"),
        alipay_gateway_url: reader.required_url("providers.alipay.gateway_url"),
        apple_keys_url: reader.required_url("providers.apple.keys_url"),
        univerify: carriers::univerify(reader),
        frv: carriers::frv(reader),
        sms: carriers::sms(reader),
        email: email(reader),
    }
}

fn web_sign_in(reader: &mut Reader<'_>, mode: Mode) -> Option<WebSignIn> {
    let public_url = reader.url("web_sign_in.public_url");
    let redirects = reader.list("web_sign_in.redirects", |text| {
        let is_page = text.starts_with("https://") || text.starts_with("http://");
        if is_page && !text.contains(char::is_whitespace) {
            return Ok(text.to_owned());
        }
        Err((
            Words::new(format!("{text:?} 不是网页地址"), format!("{text:?} is not the address of a page")),
            Words::new("写成完整的 https://… 地址", "write the whole https://… address"),
        ))
    });
    let public_url = public_url?;
    if mode == Mode::Production && !public_url.starts_with("https://") {
        reader.problem(
            "web_sign_in.public_url",
            Words::new("生产模式下须为 https://", "must be https:// in production mode"),
            Words::new("填写浏览器访问本服务器的 https 地址", "give the https address at which browsers reach this server"),
        );
    }
    Some(WebSignIn { public_url, redirects })
}

fn client_db(reader: &mut Reader<'_>) -> ClientDb {
    let schemas = reader.text("clientdb.schemas");
    ClientDb {
        enabled: reader.boolean("clientdb.enabled"),
        schemas: (!schemas.is_empty()).then(|| schemas.into()),
        examined_rows: reader.count("clientdb.examined_rows", 1000..=10_000_000),
    }
}

fn email(reader: &mut Reader<'_>) -> Option<Email> {
    let host = reader.text("providers.email.host");
    let port = u16::try_from(reader.number("providers.email.port", 1..=65_535)).unwrap_or(587);
    let tls = one_of(reader, "providers.email.tls", &[("starttls", SmtpTls::StartTls), ("tls", SmtpTls::Tls), ("none", SmtpTls::None)]);
    let user = reader.text("providers.email.user");
    let password = reader.secret("providers.email.password");
    let from = reader.text("providers.email.from");
    let timeout = reader.milliseconds("providers.email.timeout_ms", GATEWAY_MS);
    if host.is_empty() {
        return None;
    }
    if !from.contains('@') || from.contains(char::is_control) {
        reader.problem(
            "providers.email.from",
            Words::new("配置了邮件服务器，但没有有效的发件人", "a mail server is configured, but no valid sender"),
            Words::new("写成 noreply@example.com 或 名称 <noreply@example.com>", "write noreply@example.com or Name <noreply@example.com>"),
        );
    }
    if user.is_empty() != password.is_empty() {
        reader.problem(
            "providers.email.user",
            Words::new("用户名与密码只填了一个", "only one of user and password is given"),
            Words::new("两个都填，或都留空", "give both or neither"),
        );
    }
    let login = (!user.is_empty()).then_some(SmtpLogin { user, password });
    Some(Email { host, port, tls, login, from, timeout })
}

fn present(secret: Secret) -> Option<Secret> {
    (!secret.is_empty()).then_some(secret)
}

/// One of a few words; `choices` is not empty, its first is the fallback.
pub(super) fn one_of<T: Copy, const N: usize>(reader: &mut Reader<'_>, path: &str, choices: &[(&str, T); N]) -> T {
    const { assert!(N > 0) };
    reader.parsed(path, choices[0].1, |text| {
        choices.iter().find(|(word, _)| *word == text).map(|(_, value)| *value).ok_or_else(|| {
            let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
            (
                Words::new(format!("{text:?} 不是可选的值"), format!("{text:?} is not one of the choices")),
                Words::new(format!("可选：{}", words.join("、")), format!("choose from {}", words.join(", "))),
            )
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_documented_setting_is_read_and_no_other() {
        let layers = Layers::read(&Sources::default(), &mut Vec::new());
        let mut reader = Reader::new(&layers, Vec::new());
        read(&mut reader);
        assert_eq!(reader.problems, []);
        let documented: Vec<&str> = layers.paths().collect();
        let asked: Vec<&str> = reader.asked.iter().map(String::as_str).collect();
        assert_eq!(documented, asked);
    }
}
