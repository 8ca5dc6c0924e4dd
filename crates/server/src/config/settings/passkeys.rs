//! `[passkeys]`.

use super::{Mode, reader::Reader};
use crate::config::report::Words;

/// Passkeys, switched on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passkeys {
    /// The RP ID: a domain, or `localhost`.
    pub rp_id: String,
    /// What browsers call this service; empty for the application's name.
    pub rp_name: String,
    /// From where passkeys may be used, byte for byte.
    pub origins: Vec<String>,
    /// How many a user may have.
    pub per_user: u32,
}

/// The beginning of an Android app's origin; what follows is SHA-256 of its signing certificate in base64url.
const ANDROID: &str = "android:apk-key-hash:";

/// Reads the section. What belongs together is checked only where passkeys are switched on.
pub(super) fn read(reader: &mut Reader<'_>, mode: Mode) -> Option<Passkeys> {
    let enabled = reader.boolean("passkeys.enabled");
    let (rp_id, rp_name) = (reader.text("passkeys.rp_id"), reader.text("passkeys.rp_name"));
    let problems_before = reader.problems.len();
    let origins = reader.list("passkeys.origins", |text| if is_origin(text, mode) { Ok(text.to_owned()) } else { Err(not_origin(text)) });
    let origins_were_read = reader.problems.len() == problems_before;
    let per_user = reader.number("passkeys.per_user", 1..=50);
    if !enabled {
        return None;
    }
    if !is_domain(&rp_id) {
        reader.problem(
            "passkeys.rp_id",
            match rp_id.as_str() {
                "" => Words::new("启用通行密钥须填写 RP ID", "passkeys are switched on, but there is no RP ID"),
                other => Words::new(format!("{other:?} 不是域名"), format!("{other:?} is not a domain name")),
            },
            Words::new(
                "写成用户访问的网站的域名(或其上级域名),小写,不带协议与端口,如 example.com;本机试用写 localhost",
                "write the domain of the site that people visit (or a parent of it), in lower case, without scheme and port, as example.com; localhost to try it out",
            ),
        );
    } else if mode == Mode::Production && rp_id == "localhost" {
        reader.problem(
            "passkeys.rp_id",
            Words::new("localhost 只能用于开发模式", "localhost is for development mode only"),
            Words::new("换成网站的域名", "write the domain of the site"),
        );
    }
    if rp_name.chars().count() > 64 || rp_name.contains(char::is_control) {
        reader.problem(
            "passkeys.rp_name",
            Words::new("太长,或含有控制字符", "is too long, or has control characters"),
            Words::new("最多 64 个字符", "64 characters at most"),
        );
    }
    let of_own_site = |origin: &String| host_of(origin).is_some_and(|host| host == rp_id || host.ends_with(&format!(".{rp_id}")));
    if origins.is_empty() && origins_were_read {
        reader.problem(
            "passkeys.origins",
            Words::new("启用通行密钥须列出允许的来源", "passkeys are switched on, but no origin may use them"),
            Words::new(
                "列出登录页的来源,如 [\"https://id.example.com\"];App 见文档“通行密钥”",
                "list the origins of the pages, as [\"https://id.example.com\"]; for apps see \"Passkeys\" in the documentation",
            ),
        );
    } else if is_domain(&rp_id) && !origins.iter().any(of_own_site) && !origins.iter().all(|origin| origin.starts_with(ANDROID)) {
        reader.problem(
            "passkeys.origins",
            Words::new(format!("没有一个来源属于 {rp_id}"), format!("none of the origins is at {rp_id}")),
            Words::new(
                "浏览器只允许网页使用自己域名或上级域名的 RP ID;检查 rp_id 与 origins",
                "browsers let pages use the RP ID of their own domain or a parent of it only; check rp_id and origins",
            ),
        );
    }
    Some(Passkeys { rp_id, rp_name, origins, per_user })
}

fn not_origin(text: &str) -> (Words, Words) {
    (
        Words::new(format!("{text:?} 不是可用的来源"), format!("{text:?} is not an origin that can be used")),
        Words::new(
            "写成 https://主机[:端口],小写,不带路径与结尾的斜杠(localhost 可用 http);安卓 App 写成 android:apk-key-hash:…",
            "write https://host[:port], in lower case, without path and slash at its end (http for localhost only); android:apk-key-hash:… for Android apps",
        ),
    )
}

fn is_origin(text: &str, mode: Mode) -> bool {
    if let Some(hash) = text.strip_prefix(ANDROID) {
        return hash.len() == 43 && hash.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    }
    let Some(host) = host_of(text) else { return false };
    let port = text.rsplit_once(':').filter(|(_, port)| !port.starts_with("//")).map(|(_, port)| port.parse::<u16>());
    // Browsers leave usual ports out.
    let is_port = !matches!(port, Some(Err(_)) | Some(Ok(0 | 80 | 443)));
    let is_secure = text.starts_with("https://") || (mode == Mode::Development && host == "localhost");
    is_port && is_secure && is_domain(host)
}

/// The host of a web origin.
fn host_of(origin: &str) -> Option<&str> {
    let rest = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"))?;
    Some(rest.split_once(':').map_or(rest, |(host, _)| host))
}

/// A domain name in lower case (an international one in its ASCII form), or `localhost`; no address.
fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    let last_is_number = text.rsplit('.').next().is_some_and(|label| label.bytes().all(|byte| byte.is_ascii_digit()));
    text.len() <= 253 && text.split('.').all(is_label) && !last_is_number && (text.contains('.') || text == "localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_are_told_from_everything_else() {
        for good in ["localhost", "example.com", "id.example.com", "xn--fiqs8s.cn", "1-2.com"] {
            assert!(is_domain(good), "{good}");
        }
        for bad in [
            "",
            "com",
            "Example.com",
            "https://example.com",
            "example.com:8700",
            "example.com/",
            "127.0.0.1",
            "a..b",
            "例子.cn",
            "-a.com",
            "[::1]",
        ] {
            assert!(!is_domain(bad), "{bad}");
        }
    }

    #[test]
    fn origins_are_what_browsers_write() {
        let hash = "A".repeat(43);
        for good in ["https://example.com", "https://id.example.com:8443", &format!("android:apk-key-hash:{hash}")] {
            assert!(is_origin(good, Mode::Production), "{good}");
        }
        for bad in [
            "http://example.com",
            "https://example.com/",
            "https://example.com:443",
            "https://example.com:",
            "https://example.com:0",
            "https://example.com:99999",
            "https://Example.com",
            "https://127.0.0.1",
            "example.com",
            "*",
            "android:apk-key-hash:abc",
            "http://localhost:8700",
        ] {
            assert!(!is_origin(bad, Mode::Production), "{bad}");
        }
        assert!(is_origin("http://localhost:8700", Mode::Development));
        assert!(!is_origin("http://127.0.0.1:8700", Mode::Development));
    }
}
