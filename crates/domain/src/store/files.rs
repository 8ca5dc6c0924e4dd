//! Files that clients uploaded. Their bytes are elsewhere.

/// A file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileRecord {
    /// Names it in addresses; cannot be guessed.
    pub id: String,
    /// The user who uploaded it; `None`: nobody who was logged in.
    pub owner: Option<String>,
    /// The application.
    pub app: String,
    /// `cloudPath`, as the client named it.
    pub cloud_path: String,
    /// Bytes.
    pub size: u64,
    /// The media type of its content.
    pub media_type: String,
    /// Milliseconds.
    pub created_at: i64,
}

/// How much may be stored, bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileQuota {
    /// By one owner.
    pub per_owner: u64,
    /// By all together.
    pub total: u64,
}

/// What became of a new file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileAdded {
    /// It is noted.
    Done,
    /// There is one with this id already.
    Taken,
    /// It would be too much.
    OverQuota,
}
