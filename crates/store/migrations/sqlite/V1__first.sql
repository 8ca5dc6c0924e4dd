-- The first schema. Both engines have the same tables and columns; only types differ.

-- uni-id-users. `doc` is the document without last_login_date, last_login_ip, login_ip_limit and
-- token where these have the usual shape (odd ones stay in it); an imported list of tokens leaves
-- `"token":[]` behind, which marks that the field is shown even when the list is empty. invited: there
-- is a row in invitations, from which inviter_uid is composed; the document has an empty list there.
CREATE TABLE users (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  revision INTEGER NOT NULL DEFAULT 1,
  invited INTEGER NOT NULL DEFAULT 0,
  doc TEXT NOT NULL
);

-- What a user is found by. holder_mark is '' for the regular holder; users who share an identifier
-- with another (old data, invitation codes, users of no application) have their uid there.
CREATE TABLE identities (
  kind TEXT NOT NULL,
  value TEXT NOT NULL,
  app TEXT NOT NULL,
  holder_mark TEXT NOT NULL DEFAULT '',
  uid TEXT NOT NULL,
  PRIMARY KEY (kind, value, app, holder_mark)
) WITHOUT ROWID;
CREATE INDEX identities_uid ON identities (uid);

-- Roles of users, derived from the documents. Every document write keeps it.
CREATE TABLE user_roles (
  role TEXT NOT NULL,
  uid TEXT NOT NULL,
  PRIMARY KEY (role, uid)
) WITHOUT ROWID;
CREATE INDEX user_roles_uid ON user_roles (uid);

-- Who invited whom. `inviter_uid` of a user is the inviter and the inviter's own list; tail (JSON) is the
-- rest of the list that the user was imported with, for an inviter who has no row. Rows of users who
-- are gone stay: they link those below to those above.
CREATE TABLE invitations (
  uid TEXT PRIMARY KEY,
  inviter TEXT NOT NULL,
  tail TEXT
) WITHOUT ROWID;
CREATE INDEX invitations_inviter ON invitations (inviter);

-- Digests of the numbers of users' identity cards.
CREATE TABLE identity_cards (
  uid TEXT PRIMARY KEY,
  digest TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX identity_cards_digest ON identity_cards (digest);

-- Tokens of users: `token` of the document is these by id. One user's rows lie together. id 0 is no
-- token but the user's last login: created_at is last_login_date, ip last_login_ip, ip_limit_seen
-- whether login_ip_limit is shown when it is empty (PostgreSQL has these as columns of users). So a
-- sign-in writes one page here and none of users, whose rows are large.
-- issued_at and expires_at in seconds, created_at in milliseconds.
CREATE TABLE sessions (
  uid TEXT NOT NULL,
  id INTEGER NOT NULL,
  issued_at INTEGER NOT NULL DEFAULT 0,
  expires_at INTEGER,
  created_at INTEGER,
  app TEXT,
  device_id TEXT,
  ip TEXT,
  user_agent TEXT,
  ip_limit_seen INTEGER,
  token TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (uid, id)
) WITHOUT ROWID;
CREATE VIEW user_logins AS
  SELECT uid, created_at AS last_login_date, ip AS last_login_ip, ip_limit_seen FROM sessions WHERE id = 0;

-- Wrong passwords: `login_ip_limit` of the document is these by seq.
CREATE TABLE login_attempts (
  seq INTEGER PRIMARY KEY,
  uid TEXT NOT NULL,
  ip TEXT NOT NULL,
  error_times INTEGER NOT NULL,
  last_error_time INTEGER NOT NULL,
  UNIQUE (uid, ip)
);

-- uni-id-log. field and value: the identifier a row is about (rows about a known user have none),
-- so that only rows that the look at recent failures can ask for are in its index.
CREATE TABLE log (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  type TEXT,
  ip TEXT,
  field TEXT,
  value TEXT,
  create_date INTEGER,
  state INTEGER,
  doc TEXT NOT NULL
);
CREATE INDEX log_recent ON log (value, field, ip, type, create_date) WHERE value IS NOT NULL;
CREATE INDEX log_create_date ON log (create_date);

-- opendb-verify-codes. kind: 'captcha' (target is device_uuid), 'mobile', 'email', or '' for
-- imported documents that are none of these. extra: fields that have no column or an odd type.
CREATE TABLE codes (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  target TEXT,
  scene TEXT,
  code TEXT,
  state INTEGER,
  guesses INTEGER NOT NULL DEFAULT 0,
  ip TEXT,
  device_id TEXT,
  created_date INTEGER,
  expired_date INTEGER,
  extra TEXT
);
CREATE INDEX codes_target ON codes (kind, target, scene, created_date);
CREATE INDEX codes_target_date ON codes (kind, target, created_date);
CREATE INDEX codes_device ON codes (kind, device_id, created_date) WHERE device_id IS NOT NULL;
CREATE INDEX codes_ip ON codes (kind, ip, created_date);
CREATE INDEX codes_expired ON codes (expired_date);

-- uni-id-device.
CREATE TABLE devices (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  device_id TEXT,
  user_id TEXT,
  doc TEXT NOT NULL
);
CREATE INDEX devices_user ON devices (user_id, device_id) WHERE user_id IS NOT NULL;
CREATE INDEX devices_device ON devices (device_id) WHERE device_id IS NOT NULL;

-- The remaining collections.
CREATE TABLE documents (
  seq INTEGER PRIMARY KEY,
  collection TEXT NOT NULL,
  id TEXT NOT NULL,
  doc TEXT NOT NULL,
  UNIQUE (collection, id)
);
CREATE INDEX documents_device ON documents (doc ->> '$.device_id') WHERE collection = 'opendb-device';
CREATE INDEX documents_certify ON documents (doc ->> '$.certify_id') WHERE collection = 'opendb-frv-logs';
CREATE INDEX documents_certifier ON documents (doc ->> '$.user_id') WHERE collection = 'opendb-frv-logs';

-- Nonces of signed requests that were used: hash is SHA-256, expires in milliseconds.
CREATE TABLE nonces (
  hash BLOB PRIMARY KEY,
  expires INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX nonces_expires ON nonces (expires);

-- News for the gates of all nodes. kind 'token': hash and expires (ms); 'user': key is the uid;
-- 'roles'. `at` (ms) is the database's own clock and only decides how long a row is kept.
-- There is at most one row per token, per user and for the roles: a newer one replaces it.
CREATE TABLE gate_changes (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL,
  key TEXT,
  hash BLOB,
  expires INTEGER,
  valid_token_date INTEGER,
  status INTEGER,
  roles TEXT,
  at INTEGER NOT NULL DEFAULT (CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER))
);
CREATE UNIQUE INDEX gate_changes_hash ON gate_changes (hash) WHERE hash IS NOT NULL;
CREATE INDEX gate_changes_key ON gate_changes (kind, key) WHERE hash IS NULL;

-- The longest life that a token was ever given, in seconds: news older than that are of no use.
CREATE TABLE token_lifetime (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  longest INTEGER NOT NULL
);
INSERT INTO token_lifetime (only, longest) VALUES (1, 0);

-- What the health check writes: enough to find out that a disk is full.
CREATE TABLE health (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  ballast BLOB NOT NULL
);
INSERT INTO health (only, ballast) VALUES (1, '');

-- The news are written by triggers, so that a change made by hand is heard as well.
CREATE TRIGGER users_changed AFTER UPDATE OF doc ON users
WHEN (OLD.doc -> '$.status') IS NOT (NEW.doc -> '$.status')
  OR (OLD.doc -> '$.role') IS NOT (NEW.doc -> '$.role')
  OR (OLD.doc -> '$.valid_token_date') IS NOT (NEW.doc -> '$.valid_token_date')
BEGIN
  DELETE FROM gate_changes WHERE kind = 'user' AND key = NEW.id AND hash IS NULL;
  INSERT INTO gate_changes (kind, key, status, valid_token_date, roles) VALUES (
    'user', NEW.id,
    CASE json_type(NEW.doc, '$.status') WHEN 'integer' THEN NEW.doc ->> '$.status' END,
    CASE json_type(NEW.doc, '$.valid_token_date') WHEN 'integer' THEN NEW.doc ->> '$.valid_token_date' END,
    NEW.doc -> '$.role');
END;

CREATE TRIGGER users_added AFTER INSERT ON users
WHEN (json_type(NEW.doc, '$.status') = 'integer' AND NEW.doc ->> '$.status' BETWEEN 1 AND 4)
  OR json_type(NEW.doc, '$.valid_token_date') = 'integer'
BEGIN
  DELETE FROM gate_changes WHERE kind = 'user' AND key = NEW.id AND hash IS NULL;
  INSERT INTO gate_changes (kind, key, status, valid_token_date, roles) VALUES (
    'user', NEW.id,
    CASE json_type(NEW.doc, '$.status') WHEN 'integer' THEN NEW.doc ->> '$.status' END,
    CASE json_type(NEW.doc, '$.valid_token_date') WHEN 'integer' THEN NEW.doc ->> '$.valid_token_date' END,
    NEW.doc -> '$.role');
END;

CREATE TRIGGER roles_changed AFTER UPDATE ON documents WHEN NEW.collection = 'uni-id-roles' OR OLD.collection = 'uni-id-roles'
BEGIN
  DELETE FROM gate_changes WHERE kind = 'roles' AND key IS NULL AND hash IS NULL;
  INSERT INTO gate_changes (kind) VALUES ('roles');
END;

CREATE TRIGGER roles_added AFTER INSERT ON documents WHEN NEW.collection = 'uni-id-roles'
BEGIN
  DELETE FROM gate_changes WHERE kind = 'roles' AND key IS NULL AND hash IS NULL;
  INSERT INTO gate_changes (kind) VALUES ('roles');
END;

CREATE TRIGGER roles_removed AFTER DELETE ON documents WHEN OLD.collection = 'uni-id-roles'
BEGIN
  DELETE FROM gate_changes WHERE kind = 'roles' AND key IS NULL AND hash IS NULL;
  INSERT INTO gate_changes (kind) VALUES ('roles');
END;
