-- What a list of one's sessions shows, second steps of signing in, deliveries to webhooks.

-- chain: SHA-256 of the session's first token; NULL: this is it. A renewed token goes on with the
-- session of the one before. started_at: when the first token was made, NULL: as created_at.
-- used_at and used_ip: the last use that was noted. All times in milliseconds.
ALTER TABLE sessions ADD COLUMN chain BLOB;
ALTER TABLE sessions ADD COLUMN started_at INTEGER;
ALTER TABLE sessions ADD COLUMN used_at INTEGER;
ALTER TABLE sessions ADD COLUMN used_ip TEXT;

-- Second steps. secret is encrypted by the program. failures: wrong answers in a row, failed_at (ms)
-- the last of them.
CREATE TABLE second_steps (
  uid TEXT PRIMARY KEY,
  secret BLOB NOT NULL,
  confirmed INTEGER NOT NULL DEFAULT 0,
  last_step INTEGER NOT NULL DEFAULT 0,
  failures INTEGER NOT NULL DEFAULT 0,
  failed_at INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE recovery_codes (
  uid TEXT NOT NULL,
  hash BLOB NOT NULL,
  PRIMARY KEY (uid, hash)
) WITHOUT ROWID;
CREATE TRIGGER users_forget_second_steps AFTER DELETE ON users
BEGIN
  DELETE FROM second_steps WHERE uid = OLD.id;
  DELETE FROM recovery_codes WHERE uid = OLD.id;
END;

-- Deliveries to webhooks that have not been accepted yet. target names the webhook; due_at: when the
-- next attempt may be made, or until when somebody is at it. Times in milliseconds.
CREATE TABLE deliveries (
  id TEXT PRIMARY KEY,
  target TEXT NOT NULL,
  body TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  due_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX deliveries_due ON deliveries (due_at);

CREATE INDEX documents_audit ON documents (doc ->> '$.create_date') WHERE collection = 'lingpai-audit';
