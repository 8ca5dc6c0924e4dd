//! What can go wrong inside an operation, and how the ports name it.

use std::sync::Arc;

use lingpai_domain::store::StoreError;
use rusqlite::ErrorCode;

use crate::document::InvalidDocument;

/// An error inside an operation.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// SQLite refused.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    /// A stored document is no JSON object, or a value could not be written as JSON.
    #[error("a stored document cannot be read: {0}")]
    Json(#[from] serde_json::Error),
    /// A document that cannot be stored.
    #[error(transparent)]
    Document(#[from] InvalidDocument),
    /// The writer's thread is gone or its queue stayed full.
    #[error("{0}")]
    Writer(&'static str),
    /// A defect of ours.
    #[error("the operation panicked")]
    Panicked,
    /// Something that cannot happen.
    #[error("{0}")]
    Internal(&'static str),
}

impl Failure {
    /// As the ports name it when a read failed.
    pub fn of_read(self) -> StoreError {
        match self.classify() {
            // What cannot be read is not "read-only".
            StoreError::ReadOnly(cause) => StoreError::Unavailable(cause),
            other => other,
        }
    }

    /// As the ports name it when a write failed.
    pub fn classify(self) -> StoreError {
        let code = match &self {
            Failure::Sqlite(error) => error.sqlite_error_code(),
            Failure::Writer(_) => return StoreError::Unavailable(Arc::new(self)),
            Failure::Json(_) | Failure::Document(_) | Failure::Panicked | Failure::Internal(_) => None,
        };
        match code {
            Some(ErrorCode::DiskFull | ErrorCode::ReadOnly | ErrorCode::SystemIoFailure) => StoreError::ReadOnly(Arc::new(self)),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::CannotOpen | ErrorCode::OperationInterrupted) => {
                StoreError::Unavailable(Arc::new(self))
            }
            _ => StoreError::Failed(Arc::new(self)),
        }
    }
}
