//! What was acknowledged survives a kill -9, and what was revoked stays so.
//!
//! In each round the binary serves while several people register, sign in and out, change their
//! passwords and use codes; then it is killed at some moment, started again, and everybody checks
//! what they were told. `LINGPAI_KILL_ROUNDS` is the number of rounds (5 unless it says otherwise).

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use anyhow::{Context, Result};
use lingpai_domain::{
    clock::Clock,
    id::Ids,
    random::Random,
    secret::Secret,
    store::{CodeTarget, Issued, NewCaptcha, NewCode, Store},
    verification::CodePolicy,
};
use lingpai_server::runtime::{SystemClock, SystemRandom};
use lingpai_testkit::{SeededRandom, TestDatabase};

use crate::kit::{
    binary::{Program, Workplace},
    *,
};

each_engine!(what_was_acknowledged_survives_a_kill);

const PEOPLE: usize = 4;
/// Accounts that one person may make in a round.
const ACCOUNTS: usize = 12;
const MASTER_KEY: &str = "the master key of killed programs, 32 characters";

async fn what_was_acknowledged_survives_a_kill(engine: Engine) -> Outcome {
    let rounds = std::env::var("LINGPAI_KILL_ROUNDS").ok().map_or(Ok(5), |text| text.parse())?;
    let database = TestDatabase::create(engine).await?;
    let place = Workplace::new()?;
    configure(&place, database.url())?;
    let mut registered = 0;
    for round in 0..rounds {
        registered += one_round(&place, database.url(), round).await.with_context(|| format!("round {round}"))?;
        if engine == Engine::Sqlite {
            let path = database.url().trim_start_matches("sqlite:");
            let file = rusqlite::Connection::open(path)?;
            let verdict: String = file.query_row("PRAGMA integrity_check", (), |row| row.get(0))?;
            assert_eq!(verdict, "ok", "round {round}");
        }
    }
    assert!(registered > 0 || rounds == 0);
    assert!(open(database.url()).await?.count("uni-id-users").await? >= registered);
    database.remove().await
}

async fn open(url: &str) -> Result<Arc<dyn Store>> {
    Ok(lingpai_store::open(url, &lingpai_store::Options::new(Arc::new(SystemClock))).await?)
}

/// Patient, because the machine may be busy with other tests.
fn configure(place: &Workplace, database: &str) -> Outcome {
    place.write(
        "lingpai.toml",
        &format!(
            "mode = \"production\"\n[server]\nrequest_timeout_ms = 120000\n[database]\nurl = {}\nstatement_timeout_ms = 60000\n[config_center]\ndir = \"center\"\n[limits]\nenabled = false\n\
             [security]\nmaster_key = {}\nsetup_token = \"the set-up token\"\n\
             [[spaces]]\nid = \"s\"\nclient_secret = \"a secret of some length\"\napps = [\"*\"]\n",
            json!(database),
            json!(MASTER_KEY)
        ),
    )?;
    let uni_id = json!({
        "passwordSecret": [{"type": "hmac-sha256", "version": 1}], "tokenSecret": tokens::SECRET, "tokenExpiresIn": 7200,
        "tokenExpiresThreshold": 1200, "passwordErrorLimit": 6, "passwordErrorRetryTime": 3600,
    });
    place.write("center/uni-id/config.json", &uni_id.to_string())?;
    place.write("center/uni-captcha/config.json", "{}")
}

/// Answers how many accounts were registered.
async fn one_round(place: &Workplace, url: &str, round: usize) -> Result<u64> {
    let dice = SeededRandom::new(0xd0_0d + round as u64);
    let mut people = Vec::new();
    let store = open(url).await?;
    for number in 0..PEOPLE {
        let seed = u64::from(roll(&dice, u32::MAX));
        people.push(Person::equip(&*store, format!("r{round}-p{number}"), seed).await?);
    }
    // Nobody but the program has the database open, so that it recovers by itself.
    drop(store);
    let program = Arc::new(place.serve(&["--config", "lingpai.toml"])?);
    let moment = Moment { after: 1 + roll(&dice, 80) as usize, ..Moment::default() };
    let moment = Arc::new(moment);
    let busy: Vec<_> = people
        .into_iter()
        .map(|mut person| {
            let (program, moment) = (program.clone(), moment.clone());
            tokio::spawn(async move {
                person.live(&program, &moment).await;
                person
            })
        })
        .collect();
    moment.reached.notified().await;
    // Whatever the others have under way just now is what the kill meets.
    rustix::process::kill_process(program.pid()?, rustix::process::Signal::KILL)?;
    moment.over.store(true, Ordering::SeqCst);
    let mut people = Vec::new();
    for person in busy {
        people.push(person.await?);
    }
    Arc::into_inner(program).context("somebody still holds the program")?.kill()?;

    let program = place.serve(&["--config", "lingpai.toml"])?;
    assert_eq!(program.status("/readyz").await?, 200);
    let mut registered = 0;
    for person in &people {
        registered += person.check(&program).await.with_context(|| person.name.clone())?;
    }
    anyhow::ensure!(program.stop()?.success(), "it did not stop well");
    Ok(registered)
}

/// When the kill comes: after so many acknowledgements.
#[derive(Default)]
struct Moment {
    after: usize,
    acknowledged: AtomicUsize,
    reached: tokio::sync::Notify,
    over: AtomicBool,
}

impl Moment {
    fn acknowledge(&self) {
        if self.acknowledged.fetch_add(1, Ordering::SeqCst) + 1 == self.after {
            self.reached.notify_one();
        }
    }
}

fn roll(dice: &SeededRandom, sides: u32) -> u32 {
    let mut bytes = [0; 4];
    dice.fill(&mut bytes);
    u32::from_le_bytes(bytes) % sides
}

/// What somebody knows of an account.
struct Account {
    /// How to sign in: `username` or `mobile`.
    by: &'static str,
    identifier: String,
    /// The acknowledged password; `None`: there is none, or it is not known which one won.
    password: Option<String>,
    live: Vec<String>,
    logged_out: Vec<String>,
    outdated: Vec<(String, String)>,
}

/// Somebody with a handful of accounts of their own, so that nobody else changes them.
struct Person {
    name: String,
    dice: SeededRandom,
    captchas: Vec<(String, String)>,
    codes: Vec<(String, String)>,
    accounts: Vec<Account>,
    used_codes: Vec<(String, String)>,
}

/// What production mode sends or shows is put into the store with a text that the test knows.
impl Person {
    async fn equip(store: &dyn Store, name: String, seed: u64) -> Result<Self> {
        let policy = CodePolicy { key: Some(Secret::new(MASTER_KEY)), code_guesses: 5, captcha_guesses: 5 };
        let (ids, now) = (Ids::default(), SystemClock.now_ms());
        let dice = SeededRandom::new(seed);
        let (mut captchas, mut codes) = (Vec::new(), Vec::new());
        for number in 0..ACCOUNTS {
            let device = format!("{name}-{number}");
            let row = NewCaptcha {
                id: ids.next(&SystemClock, &SystemRandom),
                device_id: device.clone(),
                scene: "register".into(),
                code: policy.stored_captcha(&device, "register", "AbCd"),
                ip: "127.0.0.1".into(),
                created_date: now,
                expired_date: now + 3_600_000,
            };
            store.issue_captcha(&row).await?;
            captchas.push((device, "AbCd".to_owned()));

            let mobile = format!("1{:010}", u64::from(roll(&dice, u32::MAX)) * 2 % 10_000_000_000 + number as u64 % 2);
            let code = format!("{:06}", roll(&dice, 1_000_000));
            let target = CodeTarget::Mobile(mobile.clone());
            let row = NewCode {
                id: ids.next(&SystemClock, &SystemRandom),
                code: policy.stored_code(&target, "login-by-sms", &code),
                target,
                scene: "login-by-sms".into(),
                ip: "127.0.0.1".into(),
                device_id: None,
                app: "__UNI__TEST".into(),
                created_date: now,
                expired_date: now + 3_600_000,
                limits: Vec::new(),
            };
            assert_eq!(store.issue_code(&row).await?, Issued::Done);
            codes.push((mobile, code));
        }
        Ok(Self { name, dice, captchas, codes, accounts: Vec::new(), used_codes: Vec::new() })
    }
}

/// Until the kill.
impl Person {
    async fn live(&mut self, program: &Program, moment: &Moment) {
        while !moment.over.load(Ordering::SeqCst) {
            let (kind, number) = (roll(&self.dice, 8), roll(&self.dice, 1000));
            let acted = match (kind, self.pick()) {
                (0, _) | (_, None) => self.register(program).await,
                (1, _) => self.use_code(program).await,
                (2..=3, Some(account)) => log_in(program, account).await,
                (4..=5, Some(account)) => log_out(program, account).await,
                (_, Some(account)) => change_password(program, account, number).await,
            };
            match acted {
                Ok(true) => moment.acknowledge(),
                Ok(false) => {}
                // The program is gone.
                Err(_) => return,
            }
        }
    }

    fn pick(&mut self) -> Option<&mut Account> {
        let count = u32::try_from(self.accounts.len()).unwrap_or(u32::MAX);
        if count == 0 { None } else { self.accounts.get_mut(roll(&self.dice, count) as usize) }
    }

    async fn register(&mut self, program: &Program) -> Result<bool> {
        let Some((device, captcha)) = self.captchas.pop() else { return self.use_code(program).await };
        let username = format!("{}-n{}", self.name, self.captchas.len());
        let password = format!("{username}-password");
        let params = json!({"username": username, "password": password, "captcha": captcha});
        let token = done(program.call_from(&device, None, "registerUser", params).await?).token()?;
        self.accounts.push(Account {
            by: "username",
            identifier: username,
            password: Some(password),
            live: vec![token],
            logged_out: Vec::new(),
            outdated: Vec::new(),
        });
        Ok(true)
    }

    async fn use_code(&mut self, program: &Program) -> Result<bool> {
        let Some((mobile, code)) = self.codes.pop() else { return Ok(false) };
        let reply = done(program.call("loginBySms", json!({"mobile": mobile, "code": code})).await?);
        self.accounts.push(Account {
            by: "mobile",
            identifier: mobile.clone(),
            password: None,
            live: vec![reply.token()?],
            logged_out: Vec::new(),
            outdated: Vec::new(),
        });
        self.used_codes.push((mobile, code));
        Ok(true)
    }
}

async fn log_in(program: &Program, account: &mut Account) -> Result<bool> {
    let Some(password) = &account.password else { return Ok(false) };
    let params = json!({account.by: account.identifier, "password": password});
    account.live.push(done(program.call("login", params).await?).token()?);
    Ok(true)
}

async fn log_out(program: &Program, account: &mut Account) -> Result<bool> {
    // Taken out first: without an answer nobody knows whether it lives.
    let Some(token) = account.live.pop() else { return Ok(false) };
    // Two sign-ins in one second can give the same token.
    account.live.retain(|other| *other != token);
    done(program.call_as(&token, "logout", json!({})).await?);
    account.logged_out.push(token);
    Ok(true)
}

async fn change_password(program: &Program, account: &mut Account, number: u32) -> Result<bool> {
    let (Some(token), Some(old)) = (account.live.last().cloned(), account.password.take()) else { return Ok(false) };
    let live = std::mem::take(&mut account.live);
    let new = format!("{old}{number}");
    done(program.call_as(&token, "updatePwd", json!({"oldPassword": old, "newPassword": new})).await?);
    account.outdated.extend(live.into_iter().map(|token| (token, old.clone())));
    account.password = Some(new);
    Ok(true)
}

/// After the restart.
impl Person {
    async fn check(&self, program: &Program) -> Result<u64> {
        for account in &self.accounts {
            let what = format!("{} {}", account.by, account.identifier);
            for token in &account.live {
                done(program.call_as(token, "getAccountInfo", json!({})).await?);
            }
            for token in &account.logged_out {
                let code = program.call_as(token, "getAccountInfo", json!({})).await?.code();
                // A password that changed after that voids it as well.
                assert!(code == "uni-id-check-token-failed" || code == "uni-id-token-expired", "{what}: {code}");
            }
            for (token, _) in &account.outdated {
                refused(&program.call_as(token, "getAccountInfo", json!({})).await?, "uni-id-token-expired");
            }
            if let Some((_, old)) = account.outdated.last().filter(|_| account.password.is_some()) {
                let params = json!({account.by: account.identifier, "password": old});
                refused(&program.call("login", params).await?, "uni-id-password-error");
            }
            if let Some(password) = &account.password {
                let params = json!({account.by: account.identifier, "password": password});
                let token = done(program.call("login", params).await?).token()?;
                done(program.call_as(&token, "getAccountInfo", json!({})).await?);
            }
        }
        for (mobile, code) in &self.used_codes {
            let params = json!({"mobile": mobile, "code": code});
            refused(&program.call("loginBySms", params).await?, "uni-id-mobile-verify-code-error");
        }
        Ok(self.accounts.len() as u64)
    }
}
