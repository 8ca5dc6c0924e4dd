-- Sessions: starting, renewing and ending them, and wrong passwords.
--
-- A function takes a new snapshot for each of its statements, so each one locks first - the users'
-- rows, in the order of their ids - and then looks. FOR NO KEY UPDATE is the lock that an UPDATE takes.
-- The helpers are in PL/pgSQL because it keeps their plans; LANGUAGE sql would plan them at each call.

CREATE TYPE lingpai_log_row AS (
    id text, type text, ip text, field text, value text, create_date bigint, state bigint, doc json
);
CREATE TYPE lingpai_new_session AS (
    token text, hash bytea, issued_at bigint, expires_at bigint, app text, device_id text, ip text,
    user_agent text, now bigint, max_tokens bigint
);
CREATE TYPE lingpai_session_end AS (
    uid text, token text, hash bytea, expires bigint, device_id text, log lingpai_log_row
);

CREATE FUNCTION lingpai_append_log(p_row lingpai_log_row) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF p_row.id IS NOT NULL THEN
        INSERT INTO log (id, type, ip, field, value, create_date, state, doc)
        VALUES (p_row.id, p_row.type, p_row.ip, p_row.field, p_row.value, p_row.create_date, p_row.state, p_row.doc);
    END IF;
END
$$;

CREATE FUNCTION lingpai_lock_users(p_one text, p_other text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM users WHERE id IN (p_one, p_other) ORDER BY id FOR NO KEY UPDATE;
END
$$;

CREATE FUNCTION lingpai_is_revoked(p_hash bytea) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    RETURN EXISTS (SELECT FROM gate_changes WHERE hash = p_hash);
END
$$;

-- Ends a session; the user's row is locked already.
CREATE FUNCTION lingpai_end_session(p_end lingpai_session_end) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM sessions WHERE uid = p_end.uid AND token = p_end.token;
    INSERT INTO gate_changes (kind, hash, expires) VALUES ('token', p_end.hash, p_end.expires)
    ON CONFLICT (hash) WHERE hash IS NOT NULL DO NOTHING;
    IF p_end.device_id IS NOT NULL THEN
        UPDATE devices SET doc = lingpai_with(doc, '{"token_expired":0}')
        WHERE user_id = p_end.uid AND device_id = p_end.device_id;
    END IF;
    PERFORM lingpai_append_log(p_end.log);
END
$$;

-- Makes room for a token and adds it; the user's row is locked already.
CREATE FUNCTION lingpai_start_session(p_uid text, p_valid_token_date bigint, p_session lingpai_new_session, p_ip_limit_seen boolean)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM sessions WHERE uid = p_uid AND (
        expires_at * 1000 <= p_session.now
        OR issued_at * 1000 < p_valid_token_date
        OR (p_session.max_tokens > 0 AND id <= (
            SELECT live.id FROM sessions AS live
            WHERE live.uid = p_uid
                AND (live.expires_at * 1000 <= p_session.now) IS NOT TRUE
                AND (live.issued_at * 1000 < p_valid_token_date) IS NOT TRUE
            ORDER BY live.id DESC OFFSET greatest(p_session.max_tokens - 1, 0) LIMIT 1
        ))
    );
    INSERT INTO sessions (uid, token, issued_at, expires_at, created_at, app, device_id, ip, user_agent)
    VALUES (
        p_uid, p_session.token, p_session.issued_at, p_session.expires_at, p_session.now, p_session.app,
        p_session.device_id, p_session.ip, p_session.user_agent
    );
    UPDATE token_lifetime SET longest = p_session.expires_at - p_session.issued_at
    WHERE longest < p_session.expires_at - p_session.issued_at;
    UPDATE users SET last_login_date = p_session.now, last_login_ip = p_session.ip, ip_limit_seen = p_ip_limit_seen
    WHERE id = p_uid;
END
$$;

CREATE FUNCTION lingpai_sign_in(
    p_uid text, p_revision bigint, p_session lingpai_new_session, p_lock_limit bigint, p_retry_ms bigint, p_rehash json,
    p_previous lingpai_session_end, p_log lingpai_log_row
) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_user record;
    v_seen boolean;
BEGIN
    IF p_previous.uid IS NOT NULL THEN
        PERFORM lingpai_lock_users(p_uid, p_previous.uid);
    END IF;
    SELECT revision, valid_token_date, ip_limit_seen INTO v_user FROM users WHERE id = p_uid FOR NO KEY UPDATE;
    IF NOT FOUND OR v_user.revision <> p_revision THEN
        RETURN 'stale';
    END IF;
    v_seen := v_user.ip_limit_seen;
    IF p_retry_ms IS NOT NULL AND v_seen AND EXISTS (
        SELECT FROM login_attempts
        WHERE uid = p_uid AND ip = p_session.ip AND error_times >= p_lock_limit AND last_error_time > p_session.now - p_retry_ms
    ) THEN
        RETURN 'locked';
    END IF;
    IF lingpai_is_revoked(p_session.hash) OR p_previous.hash = p_session.hash THEN
        RETURN 'token_revoked';
    END IF;
    IF p_previous.uid IS NOT NULL THEN
        PERFORM lingpai_end_session(p_previous);
    END IF;
    IF p_retry_ms IS NOT NULL THEN
        IF v_seen THEN
            DELETE FROM login_attempts
            WHERE uid = p_uid AND (ip = p_session.ip OR last_error_time <= p_session.now - p_retry_ms);
        END IF;
        v_seen := true;
    END IF;
    IF p_rehash IS NOT NULL THEN
        UPDATE users SET doc = lingpai_with(doc, p_rehash) WHERE id = p_uid;
    END IF;
    PERFORM lingpai_start_session(p_uid, v_user.valid_token_date, p_session, v_seen);
    PERFORM lingpai_append_log(p_log);
    RETURN 'done';
END
$$;

CREATE FUNCTION lingpai_fail_login(
    p_uid text, p_ip text, p_now bigint, p_lock_limit bigint, p_retry_ms bigint, p_log lingpai_log_row
) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_seen boolean;
BEGIN
    PERFORM lingpai_append_log(p_log);
    SELECT ip_limit_seen INTO v_seen FROM users WHERE id = p_uid FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN 'counted';
    END IF;
    IF EXISTS (
        SELECT FROM login_attempts
        WHERE uid = p_uid AND ip = p_ip AND error_times >= p_lock_limit AND last_error_time > p_now - p_retry_ms
    ) THEN
        RETURN 'locked';
    END IF;
    DELETE FROM login_attempts WHERE uid = p_uid AND last_error_time <= p_now - p_retry_ms;
    INSERT INTO login_attempts AS a (uid, ip, error_times, last_error_time) VALUES (p_uid, p_ip, 1, p_now)
    ON CONFLICT (uid, ip) DO UPDATE SET error_times = a.error_times + 1, last_error_time = excluded.last_error_time;
    IF NOT v_seen THEN
        UPDATE users SET ip_limit_seen = true WHERE id = p_uid;
    END IF;
    RETURN 'counted';
END
$$;

CREATE FUNCTION lingpai_renew(p_uid text, p_revision bigint, p_old_token text, p_old_hash bytea, p_session lingpai_new_session)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_user record;
BEGIN
    SELECT revision, valid_token_date, ip_limit_seen INTO v_user FROM users WHERE id = p_uid FOR NO KEY UPDATE;
    IF NOT FOUND OR v_user.revision <> p_revision THEN
        RETURN 'stale';
    END IF;
    IF lingpai_is_revoked(p_old_hash)
        OR (p_old_token IS NOT NULL AND NOT EXISTS (SELECT FROM sessions WHERE uid = p_uid AND token = p_old_token))
    THEN
        RETURN 'not_listed';
    END IF;
    IF lingpai_is_revoked(p_session.hash) THEN
        RETURN 'token_revoked';
    END IF;
    PERFORM lingpai_start_session(p_uid, v_user.valid_token_date, p_session, v_user.ip_limit_seen);
    RETURN 'done';
END
$$;

CREATE FUNCTION lingpai_logout(p_end lingpai_session_end) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM users WHERE id = p_end.uid FOR NO KEY UPDATE;
    PERFORM lingpai_end_session(p_end);
END
$$;
