//! `lingpai init`: a production configuration with fresh secrets.

use std::path::{Path, PathBuf};

use lingpai_domain::random::Random;

use super::{fresh, report::Problem, secret_file};

/// Writes a `lingpai.toml` for production mode and a `uni-config-center` folder, readable by their
/// owner only. Returns the files written.
///
/// Errors: one of them exists already (then nothing is written), or they cannot be written.
pub fn write(config_file: &Path, center_folder: &Path, random: &dyn Random) -> Result<Vec<PathBuf>, Problem> {
    let mut files = vec![(config_file.to_owned(), settings(center_folder, random))];
    files.extend(fresh::center(center_folder, random));
    secret_file::create_all(&files)?;
    Ok(files.into_iter().map(|(path, _)| path).collect())
}

fn settings(center_folder: &Path, random: &dyn Random) -> String {
    let center = toml::Value::String(center_folder.display().to_string());
    let (master_key, setup_token, space, client_secret) = (random.hex(32), random.hex(16), random.hex(4), random.hex(24));
    format!(
        r#"# 令牌的生产配置，由 lingpai init 生成。内含密钥：请妥善备份，不要提交到代码仓库。
# Lingpai's production configuration, made by lingpai init. It holds secrets: keep a copy safe, and keep it out of repositories.
# 全部设置及说明见 config.default.toml。
# config.default.toml lists and explains all settings.

mode = "production"

[server]
# 由本机的反向代理（负责 HTTPS）转发；对外直接监听时改为 0.0.0.0:8700。
# Behind a reverse proxy on this machine, which does HTTPS; use 0.0.0.0:8700 to listen to others directly.
listen = "127.0.0.1:8700"
# 反向代理的地址；只有它们的 X-Forwarded-For 会被采信。
# The proxy's addresses; X-Forwarded-For is believed from them only.
trusted_proxies = ["127.0.0.1", "::1"]

[config_center]
# uni-config-center 目录；已有 uniCloud 项目时，改为指向项目中的目录。
# The uni-config-center folder; point it to your uniCloud project's if you have one.
dir = {center}

[security]
# 加密静态数据的主密钥。丢失后这些数据无法恢复。
# Master key of data at rest. Without it that data is lost.
master_key = "{master_key}"
# 创建首个管理员（registerAdmin）时要提供的令牌。
# The token that creating the first administrator (registerAdmin) takes.
setup_token = "{setup_token}"

# 客户端服务空间：id 与 client_secret 填入 uni-app 项目；apps 改为自己的应用 AppID，未列出的应用会被拒绝。
# The client space: id and client_secret go into your uni-app project; put your own AppIDs into apps, others are refused.
[[spaces]]
id = "lingpai-{space}"
client_secret = "{client_secret}"
apps = ["__UNI__0000000"]
"#
    )
}

#[cfg(test)]
mod tests {
    use std::fs;

    use lingpai_domain::password::Argon2Cost;

    use super::*;
    use crate::config::{
        center::Center,
        fresh::testing::Counting,
        settings::{ConfigurationFile, Mode, Settings, Sources},
    };

    #[test]
    fn what_it_writes_is_a_complete_production_configuration() {
        let folder = tempfile::tempdir().unwrap();
        let (config, center) = (folder.path().join("lingpai.toml"), folder.path().join("config \"center\""));
        let written = write(&config, &center, &Counting::default()).unwrap();
        assert_eq!(written.len(), 3);
        let (settings, notices) = Settings::load(&Sources { file: ConfigurationFile::Required(config), ..Sources::default() }).unwrap();
        assert_eq!((settings.mode, notices), (Mode::Production, vec![]));
        assert!(settings.security.master_key.is_some() && settings.security.setup_token.is_some());
        assert_eq!(settings.config_center_dir.as_deref(), Some(center.as_path()));
        assert_eq!(settings.spaces.len(), 1);
        let (_, notices, problems) = Center::load(&center, Argon2Cost::default());
        assert_eq!((notices, problems), (vec![], vec![]));
    }

    #[test]
    fn all_secrets_differ() {
        let folder = tempfile::tempdir().unwrap();
        let files = write(&folder.path().join("lingpai.toml"), &folder.path().join("cc"), &Counting::default()).unwrap();
        let text: String = files.iter().map(|path| fs::read_to_string(path).unwrap()).collect();
        let mut secrets: Vec<&str> =
            text.split('"').filter(|part| part.len() >= 32 && part.bytes().all(|byte| byte.is_ascii_hexdigit())).collect();
        assert_eq!(secrets.len(), 6);
        secrets.sort_unstable();
        secrets.dedup();
        assert_eq!(secrets.len(), 6);
    }

    #[test]
    fn nothing_is_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let (config, center) = (folder.path().join("lingpai.toml"), folder.path().join("cc"));
        write(&config, &center, &Counting::default()).unwrap();
        let before = fs::read_to_string(&config).unwrap();
        fs::remove_dir_all(&center).unwrap();
        let problem = write(&config, &center, &Counting::default()).unwrap_err();
        assert!(problem.what.en.contains("exists"));
        assert_eq!(fs::read_to_string(&config).unwrap(), before);
        assert!(!center.exists());
    }
}
