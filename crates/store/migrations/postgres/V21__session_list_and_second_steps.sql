-- What a list of one's sessions shows, second steps of signing in, deliveries to webhooks, and what is
-- written along with other operations.

-- chain: SHA-256 of the session's first token; NULL: this is it. A renewed token goes on with the
-- session of the one before. started_at: when the first token was made, NULL: as created_at.
-- used_at and used_ip: the last use that was noted.
ALTER TABLE sessions ADD COLUMN chain bytea, ADD COLUMN started_at bigint, ADD COLUMN used_at bigint, ADD COLUMN used_ip text;

-- Second steps. secret is encrypted by the program. failures: wrong answers in a row, failed_at the last
-- of them.
CREATE TABLE second_steps (
    uid text PRIMARY KEY,
    secret bytea NOT NULL,
    confirmed boolean NOT NULL DEFAULT false,
    last_step bigint NOT NULL DEFAULT 0,
    failures bigint NOT NULL DEFAULT 0,
    failed_at bigint NOT NULL DEFAULT 0,
    created_at bigint NOT NULL
);
CREATE TABLE recovery_codes (
    uid text NOT NULL,
    hash bytea NOT NULL,
    PRIMARY KEY (uid, hash)
);
CREATE FUNCTION lingpai_forget_second_steps() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM second_steps WHERE uid = OLD.id;
    DELETE FROM recovery_codes WHERE uid = OLD.id;
    RETURN NULL;
END
$$;
CREATE TRIGGER users_forget_second_steps AFTER DELETE ON users
    FOR EACH ROW EXECUTE FUNCTION lingpai_forget_second_steps();

-- Deliveries to webhooks that have not been accepted yet. target names the webhook; due_at: when the next
-- attempt may be made, or until when somebody is at it.
CREATE TABLE deliveries (
    id text PRIMARY KEY,
    target text NOT NULL,
    body text NOT NULL,
    created_at bigint NOT NULL,
    attempts bigint NOT NULL DEFAULT 0,
    due_at bigint NOT NULL
);
CREATE INDEX deliveries_due ON deliveries (due_at);

CREATE INDEX documents_audit ON documents (lingpai_integer(lingpai_readable(doc) -> 'create_date'))
    WHERE collection = 'lingpai-audit';

CREATE TYPE lingpai_delivery AS (id text, target text, body text, created_at bigint);

-- The functions whose names have "then" are put around other functions, whose outcome they pass on: what they do is
-- committed together with those, and only done when those were.

CREATE FUNCTION lingpai_then_tell(p_outcome text, p_deliveries lingpai_delivery[]) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    IF p_outcome = 'done' THEN
        INSERT INTO deliveries (id, target, body, created_at, due_at)
        SELECT d.id, d.target, d.body, d.created_at, d.created_at FROM unnest(p_deliveries) AS d;
    END IF;
    RETURN p_outcome;
END
$$;

CREATE FUNCTION lingpai_then_audit(p_outcome text, p_id text, p_doc json) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    IF p_outcome = 'done' AND p_id IS NOT NULL THEN
        INSERT INTO documents (collection, id, doc) VALUES ('lingpai-audit', p_id, p_doc);
    END IF;
    RETURN p_outcome;
END
$$;

-- valid_token_date becomes p_date, or the millisecond after the newest token where that is not dated before
-- it. The user is locked already.
CREATE FUNCTION lingpai_then_void_tokens(p_outcome text, p_uid text, p_date bigint) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_newest bigint;
BEGIN
    IF p_outcome = 'done' AND p_date IS NOT NULL THEN
        SELECT max(issued_at) * 1000 + 1 INTO v_newest FROM sessions WHERE uid = p_uid;
        UPDATE users SET doc = lingpai_with(doc, json_build_object('valid_token_date', greatest(p_date, v_newest)))
        WHERE id = p_uid;
    END IF;
    RETURN p_outcome;
END
$$;

-- SHA-256 of a token, as the program computes it.
CREATE FUNCTION lingpai_token_hash(p_token text) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT sha256(convert_to(p_token, 'UTF8'))
$$;

-- As lingpai_renew; the new token goes on with the session of the old one, which may leave the list for it.
CREATE FUNCTION lingpai_renew_linked(p_uid text, p_revision bigint, p_old_token text, p_old_hash bytea, p_session lingpai_new_session)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_old record;
    v_outcome text;
BEGIN
    PERFORM lingpai_lock_users(p_uid, p_uid);
    SELECT coalesce(chain, lingpai_token_hash(token)) AS chain, coalesce(started_at, created_at) AS started_at INTO v_old
    FROM sessions WHERE uid = p_uid AND token = p_old_token ORDER BY id DESC LIMIT 1;
    v_outcome := lingpai_renew(p_uid, p_revision, p_old_token, p_old_hash, p_session);
    IF v_outcome = 'done' AND v_old.chain IS NOT NULL THEN
        UPDATE sessions SET chain = v_old.chain, started_at = v_old.started_at WHERE uid = p_uid AND token = p_session.token;
    END IF;
    RETURN v_outcome;
END
$$;

-- Ends a session with all its tokens; answers these.
CREATE FUNCTION lingpai_end_chain(
    p_uid text, p_chain bytea, p_log lingpai_log_row, OUT p_hashes bytea[], OUT p_expires bigint[]
) LANGUAGE plpgsql AS $$
DECLARE
    v_ended record;
BEGIN
    PERFORM lingpai_lock_users(p_uid, p_uid);
    p_hashes := '{}';
    p_expires := '{}';
    FOR v_ended IN
        DELETE FROM sessions WHERE uid = p_uid AND coalesce(chain, lingpai_token_hash(token)) = p_chain
        RETURNING token, expires_at * 1000 AS expires, device_id
    LOOP
        p_hashes := p_hashes || lingpai_token_hash(v_ended.token);
        p_expires := p_expires || v_ended.expires;
        INSERT INTO gate_changes (kind, hash, expires) VALUES ('token', lingpai_token_hash(v_ended.token), v_ended.expires)
        ON CONFLICT (hash) WHERE hash IS NOT NULL DO NOTHING;
        UPDATE devices SET doc = lingpai_with(doc, '{"token_expired":0}')
        WHERE user_id = p_uid AND lingpai_key(device_id) = lingpai_key(v_ended.device_id) AND device_id = v_ended.device_id;
    END LOOP;
    IF cardinality(p_hashes) > 0 THEN
        PERFORM lingpai_append_log(p_log);
    END IF;
END
$$;

-- Ends all sessions of a user and begins the caller's anew. valid_token_date makes tokens void that have
-- left the list already, too.
CREATE FUNCTION lingpai_end_other_sessions(
    p_uid text, p_revision bigint, p_date bigint, p_chain bytea, p_started_at bigint, p_session lingpai_new_session,
    p_log lingpai_log_row
) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM lingpai_lock_users(p_uid, p_uid);
    PERFORM FROM users WHERE id = p_uid AND revision = p_revision FOR UPDATE;
    IF NOT FOUND OR EXISTS (SELECT FROM sessions WHERE uid = p_uid AND issued_at * 1000 >= p_date) THEN
        RETURN 'stale';
    END IF;
    IF lingpai_is_revoked(p_session.hash) THEN
        RETURN 'token_revoked';
    END IF;
    UPDATE devices SET doc = lingpai_with(doc, '{"token_expired":0}')
    WHERE user_id = p_uid AND device_id IN (
        SELECT s.device_id FROM sessions AS s WHERE s.uid = p_uid AND s.device_id IS DISTINCT FROM p_session.device_id
    );
    UPDATE users SET doc = lingpai_with(doc, json_build_object('valid_token_date', p_date)) WHERE id = p_uid;
    DELETE FROM sessions WHERE uid = p_uid;
    PERFORM lingpai_start_session(p_uid, p_session);
    UPDATE sessions SET chain = p_chain, started_at = p_started_at WHERE uid = p_uid;
    PERFORM lingpai_append_log(p_log);
    RETURN 'done';
END
$$;

CREATE FUNCTION lingpai_begin_second_step(p_uid text, p_secret bytea, p_now bigint) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    PERFORM lingpai_lock_users(p_uid, p_uid);
    IF NOT EXISTS (SELECT FROM users WHERE id = p_uid) THEN
        RETURN false;
    END IF;
    INSERT INTO second_steps AS s (uid, secret, created_at) VALUES (p_uid, p_secret, p_now)
    ON CONFLICT (uid) DO UPDATE SET secret = excluded.secret, created_at = excluded.created_at, failures = 0 WHERE NOT s.confirmed;
    RETURN FOUND;
END
$$;

CREATE FUNCTION lingpai_confirm_second_step(p_uid text, p_secret bytea, p_step bigint, p_recovery bytea[], p_mark json)
RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    PERFORM lingpai_lock_users(p_uid, p_uid);
    UPDATE second_steps SET confirmed = true, last_step = p_step, failures = 0
    WHERE uid = p_uid AND NOT confirmed AND secret = p_secret;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    DELETE FROM recovery_codes WHERE uid = p_uid;
    INSERT INTO recovery_codes (uid, hash) SELECT DISTINCT p_uid, r FROM unnest(p_recovery) AS r;
    UPDATE users SET doc = lingpai_with(doc, p_mark) WHERE id = p_uid;
    RETURN true;
END
$$;

-- Tries an answer: p_step and p_recovery are both NULL for one that is wrong whatever is stored.
CREATE FUNCTION lingpai_try_second_step(
    p_uid text, p_step bigint, p_recovery bytea, p_now bigint, p_limit bigint, p_retry_ms bigint
) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_step second_steps;
BEGIN
    PERFORM lingpai_lock_users(p_uid, p_uid);
    SELECT * INTO v_step FROM second_steps WHERE uid = p_uid AND confirmed;
    IF NOT FOUND THEN
        RETURN 'gone';
    END IF;
    IF v_step.failed_at <= p_now - p_retry_ms THEN
        v_step.failures := 0;
    END IF;
    IF v_step.failures >= p_limit THEN
        RETURN 'locked';
    END IF;
    IF p_step > v_step.last_step THEN
        UPDATE second_steps SET last_step = p_step, failures = 0 WHERE uid = p_uid;
        RETURN 'right';
    END IF;
    DELETE FROM recovery_codes WHERE uid = p_uid AND hash = p_recovery;
    IF FOUND THEN
        UPDATE second_steps SET failures = 0 WHERE uid = p_uid;
        RETURN 'right';
    END IF;
    UPDATE second_steps SET failures = v_step.failures + 1, failed_at = p_now WHERE uid = p_uid;
    RETURN 'wrong';
END
$$;

CREATE FUNCTION lingpai_replace_recovery_codes(p_uid text, p_recovery bytea[]) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    PERFORM lingpai_lock_users(p_uid, p_uid);
    IF NOT EXISTS (SELECT FROM second_steps WHERE uid = p_uid AND confirmed) THEN
        RETURN false;
    END IF;
    DELETE FROM recovery_codes WHERE uid = p_uid;
    INSERT INTO recovery_codes (uid, hash) SELECT DISTINCT p_uid, r FROM unnest(p_recovery) AS r;
    RETURN true;
END
$$;

CREATE FUNCTION lingpai_remove_second_step(p_uid text, p_mark json) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    PERFORM lingpai_lock_users(p_uid, p_uid);
    DELETE FROM recovery_codes WHERE uid = p_uid;
    DELETE FROM second_steps WHERE uid = p_uid;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    UPDATE users SET doc = lingpai_with(doc, p_mark) WHERE id = p_uid;
    RETURN true;
END
$$;

-- Takes deliveries that are due; until p_busy_until nobody else does.
CREATE FUNCTION lingpai_take_deliveries(p_now bigint, p_busy_until bigint, p_most bigint)
RETURNS TABLE (r_id text, r_target text, r_body text, r_created_at bigint, r_attempts bigint) LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY
    UPDATE deliveries SET attempts = attempts + 1, due_at = p_busy_until WHERE id = ANY (ARRAY(
        SELECT d.id FROM deliveries AS d WHERE d.due_at <= p_now ORDER BY d.due_at LIMIT p_most FOR UPDATE SKIP LOCKED
    ))
    RETURNING id, target, body, created_at, attempts;
END
$$;
