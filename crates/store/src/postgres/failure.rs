//! What can go wrong inside an operation, and how the ports name it.

use std::sync::Arc;

use deadpool_postgres::PoolError;
use lingpai_domain::store::StoreError;
use tokio_postgres::error::SqlState;

use crate::document::InvalidDocument;

/// An error inside an operation.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The server refused. Its details and hints are left out: they repeat values.
    #[error("{message} (SQLSTATE {code})")]
    Server {
        /// SQLSTATE.
        code: String,
        /// The server's one-line message.
        message: String,
        /// The constraint that was violated.
        constraint: Option<String>,
    },
    /// The connection was lost or could not be made.
    #[error("no connection: {0}")]
    Connection(String),
    /// No connection became free, or no answer came, in time.
    #[error("{0}")]
    Timeout(&'static str),
    /// A value could not be sent or read.
    #[error("a value cannot be sent or read: {0}")]
    Value(String),
    /// A stored document is no JSON object.
    #[error("a stored document cannot be read: {0}")]
    Json(#[from] serde_json::Error),
    /// A document that cannot be stored.
    #[error(transparent)]
    Document(#[from] InvalidDocument),
    /// Something that cannot happen while program and schema fit together.
    #[error("{0}")]
    Internal(&'static str),
}

impl Failure {
    /// As the ports name it.
    pub fn classify(self) -> StoreError {
        match &self {
            Failure::Connection(_) | Failure::Timeout(_) => StoreError::Unavailable(Arc::new(self)),
            Failure::Server { code, .. } if is_passing(code) => StoreError::Unavailable(Arc::new(self)),
            Failure::Server { code, .. } if refuses_writes(code) => StoreError::ReadOnly(Arc::new(self)),
            _ => StoreError::Failed(Arc::new(self)),
        }
    }

    /// Whether a unique constraint whose name begins so was violated.
    pub fn violates(&self, prefix: &str) -> bool {
        matches!(self, Failure::Server { code, constraint: Some(constraint), .. }
            if code == SqlState::UNIQUE_VIOLATION.code() && constraint.starts_with(prefix))
    }

    /// Whether the server answered, and refused.
    pub fn is_refusal(&self) -> bool {
        matches!(self, Failure::Server { .. })
    }

    /// Whether the server closes the connection with this refusal: it is stopping, or was told to.
    pub fn ends_connection(&self) -> bool {
        let ends = [SqlState::ADMIN_SHUTDOWN, SqlState::CRASH_SHUTDOWN, SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT];
        matches!(self, Failure::Server { code, .. } if ends.iter().any(|state| state.code() == code))
    }

    /// The same failure for another of those whom it struck together.
    pub fn repeated(&self) -> Self {
        match self {
            Failure::Server { code, message, constraint } => {
                Failure::Server { code: code.clone(), message: message.clone(), constraint: constraint.clone() }
            }
            Failure::Timeout(what) => Failure::Timeout(what),
            other => Failure::Connection(other.to_string()),
        }
    }

    /// Whether the connection must not be used again: it is gone, or its prepared statements do not
    /// fit a schema that a newer program has changed in the meantime.
    pub fn spoils_connection(&self) -> bool {
        match self {
            Failure::Connection(_) | Failure::Timeout(_) => true,
            Failure::Server { code, .. } => {
                [SqlState::FEATURE_NOT_SUPPORTED, SqlState::INVALID_SQL_STATEMENT_NAME].iter().any(|state| state.code() == code)
            }
            _ => false,
        }
    }
}

/// Connection trouble (08), resources (53, a full disk aside), shutdown and cancelling (57),
/// deadlocks and locks that did not come in time.
fn is_passing(code: &str) -> bool {
    let class = code.get(..2).unwrap_or_default();
    (matches!(class, "08" | "53" | "57") && code != SqlState::DISK_FULL.code())
        || [SqlState::T_R_DEADLOCK_DETECTED, SqlState::T_R_SERIALIZATION_FAILURE, SqlState::LOCK_NOT_AVAILABLE]
            .iter()
            .any(|state| state.code() == code)
}

/// A replica or a read-only session, a full disk, failing storage (58).
fn refuses_writes(code: &str) -> bool {
    code == SqlState::READ_ONLY_SQL_TRANSACTION.code() || code == SqlState::DISK_FULL.code() || code.starts_with("58")
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        if let Some(refusal) = error.as_db_error() {
            return Failure::Server {
                code: refusal.code().code().to_owned(),
                message: refusal.message().to_owned(),
                constraint: refusal.constraint().map(str::to_owned),
            };
        }
        let cause = std::error::Error::source(&error).map(ToString::to_string);
        let text = cause.unwrap_or_else(|| error.to_string());
        // What is neither the server's word nor a conversion is the connection.
        let kind = error.to_string();
        if kind.starts_with("error serializing") || kind.starts_with("error deserializing") || kind.starts_with("query returned") {
            Failure::Value(kind)
        } else {
            Failure::Connection(text)
        }
    }
}

impl From<PoolError> for Failure {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Backend(error) => match Failure::from(error) {
                // A refused log-in is no fault of a statement: until it is mended there is no connection.
                Failure::Server { code, message, .. } => Failure::Connection(format!("{message} (SQLSTATE {code})")),
                other => other,
            },
            PoolError::Timeout(_) => Failure::Timeout("no connection to the server became free in time"),
            PoolError::Closed | PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_) => {
                Failure::Connection("the pool of connections is closed".into())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(code: &str) -> Failure {
        Failure::Server { code: code.into(), message: "no".into(), constraint: None }
    }

    #[test]
    fn refusals_are_told_apart() {
        for code in ["57P01", "57P02", "57P03", "57014", "53300", "08006", "40P01", "55P03"] {
            assert!(matches!(refusal(code).classify(), StoreError::Unavailable(_)), "{code}");
        }
        for code in ["25006", "53100", "58030"] {
            assert!(matches!(refusal(code).classify(), StoreError::ReadOnly(_)), "{code}");
        }
        for code in ["23505", "42P01", "XX000", ""] {
            assert!(matches!(refusal(code).classify(), StoreError::Failed(_)), "{code}");
        }
    }
}
