//! The users that the database is filled with before the measurements.

use std::sync::Arc;

use anyhow::Result;
use lingpai_domain::{
    id::Ids,
    password::PasswordPolicy,
    random::Random,
    secret::Secret,
    store::{NewCaptcha, Store},
    token::{self, Payload},
};
use serde_json::{Map, Value, json};

use super::{
    configuration::{self, Hashing, TOKEN_LIFE_S},
    wire::APP,
};
use crate::{FrozenClock, SeededRandom};

/// Everybody's password.
pub const PASSWORD: &str = "bench-password-1";
/// What every captcha shows.
pub const CAPTCHA: &str = "wxyz";
/// So many users have a password of type argon2id, besides the others.
pub const ARGON2ID_USERS: u64 = 1024;

/// So many tasks fill the database at a time; their writes share commits.
const TASKS: u64 = 64;
/// At most so many different tokens are used: more would only fill the load generator's memory.
const TOKENS: u64 = 200_000;

/// Users, all alike but for what must differ.
pub struct Population {
    users: u64,
    issued_at: i64,
    secret: Secret,
    /// A stored password of each type.
    passwords: [(String, Option<i64>); 2],
}

impl Population {
    /// So many users, who signed in at this moment (milliseconds).
    ///
    /// # Errors
    /// If passwords cannot be hashed.
    pub fn new(users: u64, now_ms: i64) -> Result<Self> {
        let random = SeededRandom::default();
        let hash = |hashing: Hashing| PasswordPolicy::new(&hashing.secrets()).hash(PASSWORD, &random as &dyn Random);
        let passwords = [hash(Hashing::HmacSha256)?, hash(Hashing::Argon2id)?];
        Ok(Self { users, issued_at: now_ms / 1000, secret: configuration::token_secret(), passwords })
    }

    /// How many have a password of type hmac-sha256.
    pub fn users(&self) -> u64 {
        self.users
    }

    /// `username`; those beyond [`Self::users`] have a password of type argon2id.
    pub fn username(number: u64) -> String {
        format!("bench-{number:08}")
    }

    /// `_id`: scattered, as random ids are.
    pub fn uid(number: u64) -> String {
        format!("{:016x}{number:08x}", number.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    /// The token of a user's session.
    pub fn token(&self, number: u64) -> String {
        let payload = Payload::from_iter([
            ("uid".to_owned(), Value::from(Self::uid(number))),
            ("role".to_owned(), json!([])),
            ("permission".to_owned(), json!([])),
            ("uniIdVersion".to_owned(), token::UNI_ID_VERSION.into()),
            ("iat".to_owned(), self.issued_at.into()),
            ("exp".to_owned(), (self.issued_at + TOKEN_LIFE_S).into()),
        ]);
        token::sign(&payload, &self.secret)
    }

    /// Tokens of users from all over the database.
    pub fn tokens(&self) -> Vec<Vec<u8>> {
        let count = self.users.min(TOKENS);
        (0..count).map(|slot| self.token(slot * self.users / count).into_bytes()).collect()
    }

    /// A document of `uni-id-users`, of about 1.5 KB with its token.
    pub fn document(&self, number: u64) -> Value {
        let [hmac, argon2id] = &self.passwords;
        let (password, version) = if number < self.users { hmac } else { argon2id };
        let registered = self.issued_at * 1000 - 86_400_000;
        json!({
            "_id": Self::uid(number),
            "username": Self::username(number),
            "password": password,
            "password_secret_version": version,
            "nickname": format!("用户{number}"),
            "gender": 1,
            "status": 0,
            "mobile": format!("138{number:08}"),
            "mobile_confirmed": 1,
            "email": format!("bench{number}@example.com"),
            "email_confirmed": 1,
            "avatar": format!("https://example.com/avatars/{number:08}.png"),
            "avatar_file": {"name": "avatar.png", "extname": "png", "fileType": "image", "size": 20_480, "width": 200, "height": 200,
                "url": format!("https://example.com/avatars/{number:08}.png"), "path": format!("avatars/{number:08}.png")},
            "dcloud_appid": [APP],
            "wx_openid": {"mp": format!("o-openid-{number:019}"), "mp___UNI__BENCH01": format!("o-openid-{number:019}")},
            "wx_unionid": format!("o-unionid-{number:018}"),
            "my_invite_code": format!("C{number:08}"),
            "comment": "",
            "score": 0,
            "register_date": registered,
            "register_env": {"appid": APP, "uni_platform": "web", "os_name": "windows", "app_name": "bench", "app_version": "1.0.0",
                "app_version_code": "100", "channel": "1001", "client_ip": "203.0.113.7"},
            "last_login_date": registered,
            "last_login_ip": "203.0.113.7",
            "login_ip_limit": [],
            "third_party": {"mp-weixin": {"session_key": "c2Vzc2lvbi1rZXktMTIzNA=="}},
            "token": [self.token(number)]
        })
    }

    /// Fills an empty database.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn fill(self: &Arc<Self>, store: &Arc<dyn Store>) -> Result<()> {
        let population = Arc::clone(self);
        spread(store, self.users + ARGON2ID_USERS, move |store, number| {
            let doc = population.document(number);
            async move { Ok(store.put("uni-id-users", doc.as_object().unwrap_or(&Map::new())).await?) }
        })
        .await
    }
}

/// The device that captcha `number` is for.
pub fn captcha_device(number: u64) -> String {
    format!("register-device-{number:08}")
}

/// Stores captchas for registrations, valid for a day, so that they can be solved honestly.
///
/// # Errors
/// If the store fails.
pub async fn issue_captchas(store: &Arc<dyn Store>, count: u64, now_ms: i64) -> Result<()> {
    const SCENE: &str = "register";
    let (policy, ids) = (Arc::new(configuration::code_policy()), Arc::new(Ids::default()));
    let (clock, random) = (Arc::new(FrozenClock::at(now_ms)), Arc::new(SeededRandom::default()));
    spread(store, count, move |store, number| {
        let device_id = captcha_device(number);
        let captcha = NewCaptcha {
            id: ids.next(&*clock, &*random),
            code: policy.stored_captcha(&device_id, SCENE, CAPTCHA),
            device_id,
            scene: SCENE.to_owned(),
            ip: "127.0.0.1".to_owned(),
            created_date: now_ms,
            expired_date: now_ms + 86_400_000,
        };
        async move { Ok(store.issue_captcha(&captcha).await?) }
    })
    .await
}

/// Runs work for the numbers below `count`, several at a time.
async fn spread<F, W>(store: &Arc<dyn Store>, count: u64, work: F) -> Result<()>
where
    F: Fn(Arc<dyn Store>, u64) -> W + Clone + Send + 'static,
    W: Future<Output = Result<()>> + Send,
{
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..TASKS {
        let (store, work) = (Arc::clone(store), work.clone());
        tasks.spawn(async move {
            for number in (task..count).step_by(TASKS as usize) {
                work(Arc::clone(&store), number).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use lingpai_domain::password::Verdict;

    use super::*;

    #[test]
    fn users_have_the_size_and_the_passwords_that_are_promised() {
        let population = Population::new(10, 1_760_000_000_000).unwrap();
        for (number, hashing) in [(0, Hashing::HmacSha256), (9, Hashing::HmacSha256), (10, Hashing::Argon2id)] {
            let doc = population.document(number);
            assert!((1400..2300).contains(&doc.to_string().len()), "{}", doc.to_string().len());
            let (stored, version) = (doc["password"].as_str(), doc["password_secret_version"].as_i64());
            let verdict = PasswordPolicy::new(&hashing.secrets()).verify(stored, version, PASSWORD);
            assert_eq!(verdict, Verdict::Match { outdated: false });
        }
    }

    #[test]
    fn tokens_hold_and_are_equally_long() {
        let population = Population::new(300, 1_760_000_000_000).unwrap();
        let tokens = population.tokens();
        assert_eq!(tokens.len(), 300);
        assert!(tokens.iter().all(|token| token.len() == tokens[0].len()));
        let claims = token::verify(std::str::from_utf8(&tokens[7]).unwrap(), &configuration::token_secret()).unwrap();
        assert_eq!(claims.uid, Some(Population::uid(7)));
    }
}
