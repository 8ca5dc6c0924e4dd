//! New configurations with fresh secrets.

use std::path::{Path, PathBuf};

use lingpai_domain::random::Random;
use serde_json::json;

/// The files of a new `uni-config-center` folder: passwords by argon2id, everything else as the
/// defaults of uni-id-co.
pub fn center(folder: &Path, random: &dyn Random) -> Vec<(PathBuf, String)> {
    let uni_id = json!({
        "passwordSecret": [{"type": "argon2id", "version": 1}],
        "tokenSecret": random.hex(32),
        "requestAuthSecret": random.hex(32),
        // 16 bytes are 32 characters, which is the length that the key must have.
        "sensitiveInfoEncryptSecret": random.hex(16),
        "tokenExpiresIn": 7200,
        "tokenExpiresThreshold": 1200,
        "maxTokenLength": 10,
        "passwordErrorLimit": 6,
        "passwordErrorRetryTime": 3600,
        "autoSetInviteCode": false,
        "forceInviteCode": false,
        "app": {"tokenExpiresIn": 2_592_000, "tokenExpiresThreshold": 864_000, "oauth": {}},
        "mp-weixin": {"tokenExpiresIn": 259_200, "tokenExpiresThreshold": 86_400, "oauth": {}},
        "web": {"tokenExpiresIn": 7200, "tokenExpiresThreshold": 3500, "oauth": {}},
        "service": {}
    });
    let uni_captcha = json!({
        "mode": "svg",
        "width": 150,
        "height": 50,
        "background": "#FFFAE8",
        "size": 4,
        "noise": 4,
        "fontSize": 40,
        "expiresDate": 180
    });
    vec![
        (folder.join("uni-id").join("config.json"), format!("{uni_id:#}\n")),
        (folder.join("uni-captcha").join("config.json"), format!("{uni_captcha:#}\n")),
    ]
}

#[cfg(test)]
pub mod testing {
    use std::sync::atomic::{AtomicU8, Ordering};

    use lingpai_domain::random::Random;

    /// Bytes that go up, so that every secret differs from the others.
    #[derive(Default)]
    pub struct Counting(AtomicU8);

    impl Random for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            for byte in bytes {
                *byte = self.0.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}
