//! `lingpai serve`

use std::{net::SocketAddr, process::ExitCode, sync::Arc};

use anyhow::Context;
use lingpai_domain::{
    messaging::{MailGateway, SmsGateway},
    random::Random,
    secret::Secret,
    store::Store,
};

use super::{
    FAILURE, SettingsArgs, fail,
    load::{Loaded, is_production, open_store, refuse},
};
use crate::{
    App, AppOptions,
    config::Settings,
    mail_carrier::mail_gateway,
    runtime::{SystemClock, SystemRandom},
    sms_carrier::sms_gateway,
    telemetry::{logs, metrics_endpoint},
};

pub fn run(args: &SettingsArgs) -> ExitCode {
    let loaded = match args.load() {
        Ok(loaded) => loaded,
        Err(code) => return code,
    };
    if is_production(&loaded.settings) && !loaded.problems.is_empty() {
        return refuse(&loaded.problems, &loaded.notices);
    }
    if let Err(words) = logs::start(&loaded.settings.log) {
        complain!("lingpai: {words}");
        return ExitCode::from(FAILURE);
    }
    metrics_endpoint::start();
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    if loaded.settings.server.workers > 0 {
        runtime.worker_threads(loaded.settings.server.workers);
    }
    let served = runtime.enable_all().build().context("starting the runtime").and_then(|runtime| runtime.block_on(serve(loaded)));
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

async fn serve(loaded: Loaded) -> anyhow::Result<()> {
    let Loaded { settings, center, notices, problems } = loaded;
    for notice in &notices {
        tracing::info!(place = %notice.place, "{} / {}", notice.what.zh, notice.what.en);
    }
    for problem in &problems {
        tracing::warn!(place = %problem.place, "{} / {}", problem.what.zh, problem.what.en);
    }
    let store = open_store(&settings, true).await.context("opening the database / 打开数据库")?;
    let setup_token = setup_token(&settings, &*store).await?;
    let (sms, mail) = gateways(&settings)?;
    let (development, listen) = (!is_production(&settings), settings.server.listen);
    let app = App::start(AppOptions {
        settings,
        center,
        store,
        clock: Arc::new(SystemClock),
        random: Arc::new(SystemRandom),
        sms,
        mail,
        setup_token,
        listen,
    })
    .await?;
    announce(app.address(), development);
    wait_for_the_end().await?;
    tracing::info!("stopping / 正在停止");
    app.stop().await;
    Ok(())
}

/// In production mode the configured set-up token, or one that is made and printed as long as
/// there is no administrator.
async fn setup_token(settings: &Settings, store: &dyn Store) -> anyhow::Result<Option<Secret>> {
    if !is_production(settings) {
        return Ok(None);
    }
    if let Some(token) = &settings.security.setup_token {
        return Ok(Some(token.clone()));
    }
    let random: &dyn Random = &SystemRandom;
    let token = random.hex(16);
    if !store.admin_exists().await? {
        say!("设置令牌(registerAdmin 的 setupToken,重启后更换): {token}");
        say!("Set-up token (registerAdmin's setupToken; another one after a restart): {token}");
    }
    Ok(Some(Secret::new(token)))
}

type Gateways = (Option<Arc<dyn SmsGateway>>, Option<Arc<dyn MailGateway>>);

fn gateways(settings: &Settings) -> anyhow::Result<Gateways> {
    let clock = Arc::new(SystemClock);
    let sms = match &settings.providers.sms {
        Some(sms) => Some(sms_gateway(sms, clock.clone(), Arc::new(SystemRandom)).context("providers.sms")?),
        None => None,
    };
    let mail = match &settings.providers.email {
        Some(email) => {
            let gateway = mail_gateway(email, clock, Arc::new(SystemRandom))?;
            Some(Arc::new(gateway) as Arc<dyn MailGateway>)
        }
        None => None,
    };
    Ok((sms, mail))
}

fn announce(address: SocketAddr, development: bool) {
    say!("令牌 Lingpai {} · http://{address}/", env!("CARGO_PKG_VERSION"));
    if development {
        say!("开发模式:验证码公开可见,未配置短信和邮件时固定为 123456,切勿用于生产。");
        say!("Development mode: codes are open to everyone, and 123456 where SMS and mail are not set up. Never use it in production.");
        say!("  登录页面 Sign-in page          http://{address}/");
        say!("  开发信箱 Development outbox   http://{address}/dev/outbox");
        say!("  接口文档 OpenAPI document      http://{address}/openapi.json");
    }
}

#[cfg(unix)]
async fn wait_for_the_end() -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).context("waiting for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("waiting for SIGINT")?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

#[cfg(not(unix))]
async fn wait_for_the_end() -> anyhow::Result<()> {
    tokio::signal::ctrl_c().await.context("waiting for Ctrl-C")
}
