//! The folder in which uploaded files lie, by their ids.

use std::{
    io,
    path::{Path, PathBuf},
};

use tokio::{
    fs::{self, File},
    io::AsyncWriteExt,
};

/// `storage/` in the data folder.
pub struct Folder {
    root: PathBuf,
}

/// A file that is being received. It is gone unless it is kept.
pub struct Incoming {
    path: PathBuf,
    file: File,
    kept: bool,
}

impl Folder {
    /// A folder, which is made when the first file comes.
    pub fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// Where a file lies. The id was checked to be one.
    pub fn path(&self, id: &str) -> PathBuf {
        // Two levels, so that no folder gets very long.
        self.root.join(id.get(..2).unwrap_or("__")).join(id)
    }

    /// Begins to receive a file. `attempt` names it until it is kept.
    pub async fn receive(&self, attempt: &str) -> io::Result<Incoming> {
        let folder = self.root.join(".incoming");
        fs::create_dir_all(&folder).await?;
        let path = folder.join(attempt);
        let file = fs::OpenOptions::new().write(true).create_new(true).open(&path).await?;
        Ok(Incoming { path, file, kept: false })
    }

    /// Removes what was being received when the program ended.
    pub fn clear_incoming(&self) -> io::Result<()> {
        match std::fs::remove_dir_all(self.root.join(".incoming")) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Removes a file's bytes.
    pub async fn remove(&self, id: &str) -> io::Result<()> {
        match fs::remove_file(self.path(id)).await {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

impl Incoming {
    /// Adds bytes.
    pub async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes).await
    }

    /// Makes sure that the bytes are on disk.
    pub async fn finish(&mut self) -> io::Result<()> {
        self.file.flush().await?;
        self.file.sync_all().await
    }

    /// Puts the file where it belongs.
    pub async fn keep(mut self, place: &Path) -> io::Result<()> {
        if let Some(folder) = place.parent() {
            fs::create_dir_all(folder).await?;
        }
        fs::rename(&self.path, place).await?;
        self.kept = true;
        Ok(())
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        if !self.kept
            && let Err(error) = std::fs::remove_file(&self.path)
        {
            tracing::warn!(%error, "an upload that was broken off could not be removed");
        }
    }
}
