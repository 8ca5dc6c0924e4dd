//! Files that clients upload: where they lie, who may upload, what their content is.

pub mod content;
mod folder;
mod keeper;
pub mod policy;

use std::sync::Arc;

use lingpai_domain::{
    clock::Clock,
    random::{Random, to_hex},
    secret::Secret,
};

use content::Kind;
pub use folder::{Folder, Incoming};
pub use keeper::{Keeper, KeeperError, Served};
pub use policy::Policy;

use crate::config::Settings;

/// What is needed to take and serve files.
pub struct Files {
    /// In which files are received, and in which they lie unless they lie in a bucket.
    folder: Folder,
    /// Where they lie.
    keeper: Keeper,
    /// Signs policies.
    key: Secret,
}

impl Files {
    /// Files where the settings say. Policies are signed by the master key, so that every node takes what another
    /// one signed; without one, by a key of this process.
    ///
    /// # Errors
    /// If the way to the object storage cannot be prepared.
    pub fn new(settings: &Settings, clock: Arc<dyn Clock>, random: &dyn Random) -> anyhow::Result<Self> {
        let key = match &settings.security.master_key {
            Some(master) => Secret::new(to_hex(&policy::derive(master))),
            None => Secret::new(random.hex(32)),
        };
        let keeper = Keeper::new(settings.storage.s3.as_ref(), clock)?;
        Ok(Self { folder: Folder::new(settings.data_dir.join("storage")), keeper, key })
    }

    /// The key that signs policies.
    pub fn key(&self) -> &Secret {
        &self.key
    }

    /// Begins to receive a file.
    ///
    /// # Errors
    /// The disk's.
    pub async fn receive(&self, attempt: &str) -> std::io::Result<Incoming> {
        self.folder.receive(attempt, self.keeper.wants_digest()).await
    }

    /// Keeps what was received and judged.
    ///
    /// # Errors
    /// See [`Keeper::keep`].
    pub async fn keep(&self, incoming: Incoming, id: &str, kind: Kind) -> Result<(), KeeperError> {
        self.keeper.keep(&self.folder, incoming, id, kind).await
    }

    /// Opens a file. See [`Keeper::open`].
    ///
    /// # Errors
    /// See [`Keeper::open`].
    pub async fn open(&self, id: &str, range: Option<&str>, head: bool) -> Result<Option<Served>, KeeperError> {
        self.keeper.open(&self.folder, id, range, head).await
    }

    /// Where the files are.
    pub fn keeper(&self) -> &Keeper {
        &self.keeper
    }

    /// Removes a file's bytes.
    ///
    /// # Errors
    /// See [`Keeper::remove`].
    pub async fn remove(&self, id: &str) -> Result<(), KeeperError> {
        self.keeper.remove(&self.folder, id).await
    }

    /// Finds out whether the object storage does what it is needed for. See [`Keeper::probe`].
    ///
    /// # Errors
    /// See [`Keeper::probe`].
    pub async fn probe(&self, attempt: &str) -> Result<(), (&'static str, KeeperError)> {
        self.keeper.probe(&self.folder, attempt).await
    }

    /// Removes what was being received when a program ended. Other nodes may be receiving into the same folder: what
    /// grew within the hour before `now_ms` stays.
    ///
    /// # Errors
    /// The disk's.
    pub fn clear_incoming(&self, now_ms: i64) -> std::io::Result<()> {
        self.folder.clear_incoming(now_ms)
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
