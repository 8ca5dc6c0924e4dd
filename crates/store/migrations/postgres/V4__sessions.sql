-- Sessions: starting, renewing and ending them, and wrong passwords.
--
-- A function takes a new snapshot for each of its statements. So each one first takes the advisory lock
-- of every user it is about, in ascending order, and only then looks: what it sees is true until it commits.
-- What every login runs is written out in few statements, because starting one costs more than its work.

CREATE TYPE lingpai_log_row AS (
    id text, type text, ip text, field text, value text, create_date bigint, state bigint, doc json
);
-- longest_life: the token's life in seconds if the program knows none that was longer.
CREATE TYPE lingpai_new_session AS (
    token text, hash bytea, issued_at bigint, expires_at bigint, app text, device_id text, ip text,
    user_agent text, now bigint, max_tokens bigint, longest_life bigint
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

-- Locks one user, or two.
CREATE FUNCTION lingpai_lock_users(p_one text, p_other text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_one bigint := hashtextextended(p_one, 1);
    v_other bigint := hashtextextended(p_other, 1);
BEGIN
    PERFORM pg_advisory_xact_lock(least(v_one, v_other));
    IF v_one <> v_other THEN
        PERFORM pg_advisory_xact_lock(greatest(v_one, v_other));
    END IF;
END
$$;

-- Locks the users of many operations that share a transaction, before the first of them.
CREATE FUNCTION lingpai_lock_each(p_uids text[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(key)
    FROM (SELECT DISTINCT hashtextextended(uid, 1) AS key FROM unnest(p_uids) AS uid ORDER BY key) AS keys;
END
$$;

CREATE FUNCTION lingpai_is_revoked(p_hash bytea) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    RETURN EXISTS (SELECT FROM gate_changes WHERE hash = p_hash);
END
$$;

-- Ends a session of a locked user.
CREATE FUNCTION lingpai_end_session(p_end lingpai_session_end) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM sessions WHERE uid = p_end.uid AND token = p_end.token;
    INSERT INTO gate_changes (kind, hash, expires) VALUES ('token', p_end.hash, p_end.expires)
    ON CONFLICT (hash) WHERE hash IS NOT NULL DO NOTHING;
    IF p_end.device_id IS NOT NULL THEN
        UPDATE devices SET doc = lingpai_with(doc, '{"token_expired":0}')
        WHERE user_id = p_end.uid AND lingpai_key(device_id) = lingpai_key(p_end.device_id)
            AND device_id = p_end.device_id;
    END IF;
    PERFORM lingpai_append_log(p_end.log);
END
$$;

CREATE FUNCTION lingpai_logout(p_end lingpai_session_end) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM lingpai_lock_users(p_end.uid, p_end.uid);
    PERFORM lingpai_end_session(p_end);
END
$$;

-- Makes room in a locked user's list of tokens: dead ones leave, then the oldest, until one more fits.
CREATE FUNCTION lingpai_trim_sessions(p_uid text, p_valid_token_date bigint, p_now bigint, p_max_tokens bigint)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM sessions
    WHERE uid = p_uid AND (expires_at * 1000 < p_now OR issued_at * 1000 < p_valid_token_date);
    IF p_max_tokens > 0 THEN
        DELETE FROM sessions WHERE uid = p_uid AND id <= (
            SELECT s.id FROM sessions AS s WHERE s.uid = p_uid ORDER BY s.id DESC OFFSET p_max_tokens - 1 LIMIT 1
        );
    END IF;
END
$$;

CREATE FUNCTION lingpai_sign_in(
    p_uid text, p_revision bigint, p_session lingpai_new_session, p_lock_limit bigint, p_retry_ms bigint, p_rehash json,
    p_previous lingpai_session_end, p_log lingpai_log_row
) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_void text;
    v_user record;
BEGIN
    IF p_previous.uid IS NULL THEN
        -- An assignment, because it needs no statement.
        v_void := pg_advisory_xact_lock(hashtextextended(p_uid, 1));
    ELSE
        PERFORM lingpai_lock_users(p_uid, p_previous.uid);
        IF p_previous.hash = p_session.hash THEN
            RETURN lingpai_sign_in_refusal(p_uid, p_revision, p_session.ip, p_session.now, p_lock_limit, p_retry_ms);
        END IF;
    END IF;
    UPDATE logins
    SET last_login_date = p_session.now, last_login_ip = p_session.ip, ip_limit_seen = ip_limit_seen OR p_retry_ms IS NOT NULL
    WHERE uid = p_uid AND revision = p_revision
        AND NOT EXISTS (SELECT FROM gate_changes WHERE hash = p_session.hash)
        AND NOT EXISTS (
            SELECT FROM login_attempts AS a
            WHERE a.uid = p_uid AND a.ip = p_session.ip AND a.error_times >= p_lock_limit
                AND a.last_error_time > p_session.now - p_retry_ms
        )
    RETURNING valid_token_date,
        (p_retry_ms IS NOT NULL AND EXISTS (SELECT FROM login_attempts AS a WHERE a.uid = p_uid)) AS has_attempts,
        (
            SELECT (count(*) >= p_session.max_tokens AND p_session.max_tokens > 0)
                OR bool_or(s.expires_at * 1000 < p_session.now OR s.issued_at * 1000 < valid_token_date)
            FROM sessions AS s WHERE s.uid = p_uid
        ) AS is_crowded
    INTO v_user;
    IF NOT FOUND THEN
        RETURN lingpai_sign_in_refusal(p_uid, p_revision, p_session.ip, p_session.now, p_lock_limit, p_retry_ms);
    END IF;
    IF v_user.has_attempts THEN
        DELETE FROM login_attempts
        WHERE uid = p_uid AND (ip = p_session.ip OR last_error_time <= p_session.now - p_retry_ms);
    END IF;
    IF p_previous.uid IS NOT NULL THEN
        PERFORM lingpai_end_session(p_previous);
    END IF;
    IF p_rehash IS NOT NULL THEN
        UPDATE users SET doc = lingpai_with(doc, p_rehash) WHERE id = p_uid;
    END IF;
    IF v_user.is_crowded THEN
        PERFORM lingpai_trim_sessions(p_uid, v_user.valid_token_date, p_session.now, p_session.max_tokens);
    END IF;
    INSERT INTO sessions (uid, token, issued_at, expires_at, created_at, app, device_id, ip, user_agent)
    VALUES (
        p_uid, p_session.token, p_session.issued_at, p_session.expires_at, p_session.now, p_session.app,
        p_session.device_id, p_session.ip, p_session.user_agent
    );
    IF p_session.longest_life IS NOT NULL THEN
        UPDATE token_lifetime SET longest = p_session.longest_life WHERE longest < p_session.longest_life;
    END IF;
    INSERT INTO log (id, type, ip, field, value, create_date, state, doc)
    VALUES (p_log.id, p_log.type, p_log.ip, p_log.field, p_log.value, p_log.create_date, p_log.state, p_log.doc);
    RETURN 'done';
END
$$;

-- Why a sign-in of a locked user did not happen.
CREATE FUNCTION lingpai_sign_in_refusal(
    p_uid text, p_revision bigint, p_ip text, p_now bigint, p_lock_limit bigint, p_retry_ms bigint
) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM logins WHERE uid = p_uid AND revision = p_revision) THEN
        RETURN 'stale';
    END IF;
    IF EXISTS (
        SELECT FROM login_attempts
        WHERE uid = p_uid AND ip = p_ip AND error_times >= p_lock_limit AND last_error_time > p_now - p_retry_ms
    ) THEN
        RETURN 'locked';
    END IF;
    RETURN 'token_revoked';
END
$$;

-- Adds a token to the list of a locked user, and stamps the user's login.
CREATE FUNCTION lingpai_start_session(p_uid text, p_session lingpai_new_session) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_valid_token_date bigint;
BEGIN
    UPDATE logins SET last_login_date = p_session.now, last_login_ip = p_session.ip WHERE uid = p_uid
    RETURNING valid_token_date INTO v_valid_token_date;
    PERFORM lingpai_trim_sessions(p_uid, v_valid_token_date, p_session.now, p_session.max_tokens);
    INSERT INTO sessions (uid, token, issued_at, expires_at, created_at, app, device_id, ip, user_agent)
    VALUES (
        p_uid, p_session.token, p_session.issued_at, p_session.expires_at, p_session.now, p_session.app,
        p_session.device_id, p_session.ip, p_session.user_agent
    );
    IF p_session.longest_life IS NOT NULL THEN
        UPDATE token_lifetime SET longest = p_session.longest_life WHERE longest < p_session.longest_life;
    END IF;
END
$$;

CREATE FUNCTION lingpai_renew(p_uid text, p_revision bigint, p_old_token text, p_old_hash bytea, p_session lingpai_new_session)
RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM lingpai_lock_users(p_uid, p_uid);
    PERFORM FROM logins WHERE uid = p_uid AND revision = p_revision FOR UPDATE;
    IF NOT FOUND THEN
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
    PERFORM lingpai_start_session(p_uid, p_session);
    RETURN 'done';
END
$$;

CREATE FUNCTION lingpai_fail_login(
    p_uid text, p_ip text, p_now bigint, p_lock_limit bigint, p_retry_ms bigint, p_log lingpai_log_row
) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_seen boolean;
BEGIN
    PERFORM lingpai_lock_users(p_uid, p_uid);
    PERFORM lingpai_append_log(p_log);
    SELECT ip_limit_seen INTO v_seen FROM logins WHERE uid = p_uid;
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
        UPDATE logins SET ip_limit_seen = true WHERE uid = p_uid;
    END IF;
    RETURN 'counted';
END
$$;
