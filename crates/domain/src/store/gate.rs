//! News about sessions and roles that every node must hear within a second.

/// Where a node stands in the sequence of changes. Opaque: only the store that made it reads it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GateCursor(pub i64);

/// Something that makes issued tokens void or changes what they allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GateChange {
    /// A token was logged out. `hash` is SHA-256 of the token; after `expires` (milliseconds) it
    /// would be refused anyway.
    Token {
        /// SHA-256 of the JWT's text.
        hash: [u8; 32],
        /// The token's own end in milliseconds, if it has one.
        expires: Option<i64>,
    },
    /// A user's status, roles or `valid_token_date` are now these.
    User {
        /// `_id`
        uid: String,
        /// Sequence number; of two changes of one user the greater one holds.
        sequence: i64,
        /// `valid_token_date`, milliseconds.
        valid_token_date: Option<i64>,
        /// `status` if it is an integer.
        status: Option<i64>,
        /// `role`
        roles: Vec<String>,
    },
    /// Roles or their permissions changed: read them again.
    Roles,
}

/// An answer of [`super::Store::gate_news`].
#[derive(Clone, Debug, Default)]
pub struct GateNews {
    /// Hand this in the next time.
    pub cursor: GateCursor,
    /// The changes, oldest first. Changes may be told twice; none is left out.
    pub changes: Vec<GateChange>,
}
