//! Files that clients upload: where they lie, who may upload, what their content is.

pub mod content;
mod folder;
pub mod policy;

use lingpai_domain::{
    random::{Random, to_hex},
    secret::Secret,
};

pub use folder::{Folder, Incoming};
pub use policy::Policy;

use crate::config::Settings;

/// What is needed to take and serve files.
pub struct Files {
    /// Where they lie.
    pub folder: Folder,
    /// Signs policies.
    key: Secret,
}

impl Files {
    /// Files in `storage/` of the data folder. Policies are signed by the master key, so that every node
    /// takes what another one signed; without one, by a key of this process.
    pub fn new(settings: &Settings, random: &dyn Random) -> Self {
        let key = match &settings.security.master_key {
            Some(master) => Secret::new(to_hex(&policy::derive(master))),
            None => Secret::new(random.hex(32)),
        };
        Self { folder: Folder::new(settings.data_dir.join("storage")), key }
    }

    /// The key that signs policies.
    pub fn key(&self) -> &Secret {
        &self.key
    }
}

/// Longest `cloudPath`, bytes.
const LONGEST_PATH: usize = 512;

/// Whether a text can be a `cloudPath`.
pub fn is_cloud_path(path: &str) -> bool {
    !path.is_empty() && path.len() <= LONGEST_PATH && !path.chars().any(char::is_control)
}

/// The last part of a `cloudPath`, as an address can show it.
pub fn shown_name(path: &str) -> String {
    let name = path.rsplit(['/', '\\']).next().unwrap_or_default();
    let kept: String = name.chars().filter(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_')).take(100).collect();
    let kept = kept.trim_matches('.').to_owned();
    if kept.is_empty() { "file".to_owned() } else { kept }
}

/// Whether a text can be the id of a file: 32 hexadecimal digits.
pub fn is_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

/// The id in an address of a file, wherever this server is reached.
pub fn id_in(address: &str) -> Option<&str> {
    let (_, rest) = address.split_once("/storage/")?;
    rest.split(['/', '?', '#']).next().filter(|id| is_id(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_harmless() {
        for (path, name) in [
            ("a/b/c.png", "c.png"),
            ("../../etc/passwd", "passwd"),
            ("头像 1.png", "头像1.png"),
            ("a\"><script>.html", "ascript.html"),
            ("..", "file"),
            ("x/", "file"),
            ("a\\b.png", "b.png"),
        ] {
            assert_eq!(shown_name(path), name, "{path}");
        }
    }

    #[test]
    fn addresses_name_files() {
        let id = "0123456789abcdef0123456789abcdef";
        assert_eq!(id_in(&format!("https://id.example.com/storage/{id}/a.png?x")), Some(id));
        assert_eq!(id_in(&format!("/storage/{id}")), Some(id));
        for address in ["", "cloud://space/a.png", "/storage/", "/storage/../x", "/storage/0123456789ABCDEF0123456789ABCDEF/a"] {
            assert_eq!(id_in(address), None, "{address}");
        }
    }
}
