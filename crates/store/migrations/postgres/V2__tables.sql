-- The tables. Times are milliseconds since the Unix epoch, those of tokens (issued_at, expires_at)
-- whole seconds. "seq" is the order of insertion.
-- A row of an index holds 2,700 bytes at most, and clients send longer texts than that (device ids, say):
-- where such a text is looked up, its hash is indexed, and queries ask for both the hash and the text.

CREATE FUNCTION lingpai_key(p_text text) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT hashtextextended(p_text, 0)
$$;

-- uni-id-users. doc is the document without the login columns (last_login_date, last_login_ip,
-- login_ip_limit) and without token, as src/document/user.rs makes it. status, valid_token_date, roles
-- and revision follow doc by trigger.
CREATE TABLE users (
    id text PRIMARY KEY,
    seq bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    doc json NOT NULL,
    revision bigint NOT NULL DEFAULT 1,
    status bigint,
    valid_token_date bigint,
    roles text[] NOT NULL DEFAULT '{}'
);

-- The login columns of users: a login reads and writes these few bytes and not the row of users, which is
-- long. A row comes and goes with the user's, and repeats its revision and valid_token_date, by trigger.
-- ip_limit_seen: login_ip_limit is shown even if empty.
CREATE TABLE logins (
    uid text PRIMARY KEY,
    revision bigint NOT NULL,
    valid_token_date bigint,
    last_login_date bigint,
    last_login_ip text,
    ip_limit_seen boolean NOT NULL DEFAULT false
) WITH (fillfactor = 70);

-- What users are found by; long texts are cut down to a digest (src/postgres/text.rs). holder_mark is '' for
-- the regular holder; rows that may repeat carry the uid.
CREATE TABLE identities (
    kind text NOT NULL,
    value text NOT NULL,
    app text NOT NULL,
    holder_mark text NOT NULL DEFAULT '',
    uid text NOT NULL,
    CONSTRAINT identities_holder UNIQUE (kind, value, app, holder_mark)
);
CREATE INDEX identities_uid ON identities (uid);

CREATE TABLE user_roles (
    role text NOT NULL,
    uid text NOT NULL,
    PRIMARY KEY (role, uid)
);
CREATE INDEX user_roles_uid ON user_roles (uid);

-- users.token, in the order of id.
CREATE TABLE sessions (
    id bigint GENERATED ALWAYS AS IDENTITY,
    uid text NOT NULL,
    token text NOT NULL,
    issued_at bigint NOT NULL,
    expires_at bigint,
    created_at bigint NOT NULL,
    app text,
    device_id text,
    ip text,
    user_agent text,
    PRIMARY KEY (uid, id)
);

-- users.login_ip_limit, in the order of seq.
CREATE TABLE login_attempts (
    uid text NOT NULL,
    ip text NOT NULL,
    seq bigint GENERATED ALWAYS AS IDENTITY,
    error_times bigint NOT NULL,
    last_error_time bigint NOT NULL,
    PRIMARY KEY (uid, ip)
);

-- uni-id-log. field and value: the identifier of rows that are not about a known user.
CREATE TABLE log (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id text NOT NULL,
    type text,
    ip text,
    field text,
    value text,
    create_date bigint,
    state bigint,
    doc json NOT NULL,
    CONSTRAINT log_id UNIQUE (id)
);
CREATE INDEX log_recent ON log (
    lingpai_key(value || chr(31) || field || chr(31) || ip || chr(31) || type), create_date DESC, seq DESC
) WHERE value IS NOT NULL;
CREATE INDEX log_created ON log USING brin (create_date);

-- opendb-verify-codes. kind is captcha (target: device_uuid), mobile, email, or '' for imported documents
-- that are none of these. extra: members that have no column or an odd type.
CREATE TABLE codes (
    id text PRIMARY KEY,
    seq bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    kind text NOT NULL,
    target text,
    scene text,
    code text,
    state bigint,
    guesses bigint NOT NULL DEFAULT 0,
    ip text,
    device_id text,
    created_date bigint,
    expired_date bigint,
    extra json
);
CREATE INDEX codes_target ON codes (lingpai_key(target), kind, created_date DESC);
CREATE INDEX codes_device ON codes (lingpai_key(device_id), kind, created_date DESC) WHERE kind IN ('mobile', 'email');
CREATE INDEX codes_ip ON codes (lingpai_key(ip), kind, created_date DESC) WHERE kind IN ('mobile', 'email');
CREATE INDEX codes_expired ON codes (expired_date);

-- uni-id-device.
CREATE TABLE devices (
    id text PRIMARY KEY,
    seq bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    device_id text,
    user_id text,
    doc json NOT NULL
);
CREATE INDEX devices_of_user ON devices (user_id, lingpai_key(device_id));

-- Every other collection.
CREATE TABLE documents (
    collection text NOT NULL,
    id text NOT NULL,
    seq bigint GENERATED ALWAYS AS IDENTITY,
    doc json NOT NULL,
    PRIMARY KEY (collection, id)
);
CREATE UNIQUE INDEX documents_order ON documents (collection, seq);

-- What every node must hear. kind is token (hash, expires), user (key: the uid) or roles; there is one row
-- for each subject, a newer one replaces it.
-- A sequence number is taken before the commit, so a row can appear behind one that was read already;
-- readers therefore go by xid, the writing transaction, and read again from the oldest one that was
-- still running. "at" is the database's own clock and only decides how long a row is kept.
CREATE TABLE gate_changes (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    xid bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint,
    kind text NOT NULL,
    key text,
    hash bytea,
    expires bigint,
    valid_token_date bigint,
    status bigint,
    roles text[],
    at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX gate_changes_xid ON gate_changes (xid);
CREATE UNIQUE INDEX gate_changes_hash ON gate_changes (hash) WHERE hash IS NOT NULL;
CREATE INDEX gate_changes_key ON gate_changes (kind, key) WHERE hash IS NULL;

-- The longest life that a token was ever given, in seconds: changes older than that are of no use.
CREATE TABLE token_lifetime (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    longest bigint NOT NULL
);
INSERT INTO token_lifetime (longest) VALUES (0);

-- What the health check writes.
CREATE TABLE health (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    checks bigint NOT NULL
);
INSERT INTO health (checks) VALUES (0);
