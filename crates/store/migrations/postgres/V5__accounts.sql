-- Creating, replacing and changing users.

-- exclusive: no two users of one application may share the value.
CREATE TYPE lingpai_identity AS (kind text, value text, app text, exclusive boolean);

-- One taker of an identifier at a time, whoever else asks for others. The keys are locked in ascending
-- order, so that two transactions never wait for each other.
CREATE FUNCTION lingpai_lock_identities(p_identities lingpai_identity[], p_admin_seat boolean) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(k) FROM (
        SELECT hashtextextended('identity' || chr(31) || i.kind || chr(31) || i.value, 0) AS k
        FROM unnest(p_identities) AS i WHERE i.exclusive
        UNION
        SELECT hashtextextended('admin seat', 0) WHERE p_admin_seat
        ORDER BY k
    ) AS keys;
END
$$;

-- Whether one of the identifiers leads to another user of the same application, or of all.
CREATE FUNCTION lingpai_identity_taken(p_uid text, p_identities lingpai_identity[]) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    RETURN EXISTS (
        SELECT FROM unnest(p_identities) AS n JOIN identities AS i ON i.kind = n.kind AND i.value = n.value
        WHERE n.exclusive AND i.uid <> p_uid AND (i.app IN (n.app, '*') OR (n.app = '*' AND i.app <> ''))
    );
END
$$;

CREATE FUNCTION lingpai_register(
    p_uid text, p_doc json, p_identities lingpai_identity[], p_inviters text[], p_admin_seat boolean, p_session lingpai_new_session,
    p_previous lingpai_session_end, p_log lingpai_log_row, p_on_conflict lingpai_log_row
) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM lingpai_lock_identities(p_identities, p_admin_seat);
    IF p_admin_seat AND EXISTS (SELECT FROM user_roles WHERE role = 'admin') THEN
        RETURN 'admin_exists';
    END IF;
    IF lingpai_identity_taken(p_uid, p_identities) THEN
        PERFORM lingpai_append_log(p_on_conflict);
        RETURN 'account_exists';
    END IF;
    PERFORM lingpai_lock_users(p_uid, coalesce(p_previous.uid, p_uid));
    IF lingpai_is_revoked(p_session.hash) OR p_previous.hash = p_session.hash THEN
        RETURN 'token_revoked';
    END IF;
    IF p_previous.uid IS NOT NULL THEN
        PERFORM lingpai_end_session(p_previous);
    END IF;
    INSERT INTO users (id, doc, invited) VALUES (p_uid, p_doc, p_inviters IS NOT NULL);
    INSERT INTO identities (kind, value, app, holder_mark, uid)
    SELECT kind, value, app, CASE WHEN exclusive THEN '' ELSE p_uid END, p_uid FROM unnest(p_identities);
    IF p_inviters IS NOT NULL THEN
        PERFORM lingpai_set_inviters(p_uid, p_inviters);
    END IF;
    IF p_session.token IS NOT NULL THEN
        PERFORM lingpai_start_session(p_uid, p_session);
    END IF;
    PERFORM lingpai_append_log(p_log);
    RETURN 'done';
END
$$;

-- valid_token_date becomes the millisecond after the newest token where that is not dated before it.
CREATE FUNCTION lingpai_change_password(p_uid text, p_revision bigint, p_changes json, p_log lingpai_log_row)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_changes json := p_changes;
    v_newest bigint;
BEGIN
    PERFORM lingpai_lock_users(p_uid, p_uid);
    SELECT max(issued_at) * 1000 INTO v_newest FROM sessions WHERE uid = p_uid;
    IF v_newest >= lingpai_integer(lingpai_readable(p_changes) -> 'valid_token_date') THEN
        v_changes := lingpai_with(p_changes, json_build_object('valid_token_date', v_newest + 1));
    END IF;
    UPDATE users SET doc = lingpai_with(doc, v_changes) WHERE id = p_uid AND revision = p_revision;
    IF NOT FOUND THEN
        RETURN 'stale';
    END IF;
    PERFORM lingpai_append_log(p_log);
    RETURN 'done';
END
$$;

CREATE FUNCTION lingpai_change_status(p_uid text, p_changes json) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    PERFORM lingpai_lock_users(p_uid, p_uid);
    UPDATE users SET doc = lingpai_with(doc, p_changes) WHERE id = p_uid;
    RETURN FOUND;
END
$$;

-- Replaces a locked user's identities. Where another user has one already, the row is marked.
CREATE FUNCTION lingpai_set_identities(p_uid text, p_identities lingpai_identity[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM identities WHERE uid = p_uid;
    INSERT INTO identities (kind, value, app, holder_mark, uid)
    SELECT n.kind, n.value, n.app, CASE WHEN n.exclusive AND NOT EXISTS (
        SELECT FROM identities AS i WHERE i.kind = n.kind AND i.value = n.value AND i.app = n.app AND i.holder_mark = ''
    ) THEN '' ELSE p_uid END, p_uid
    FROM unnest(p_identities) AS n;
END
$$;

-- An imported user: whole, and welcome even if an identifier is taken (the row is marked then).
CREATE FUNCTION lingpai_put_user(
    p_uid text, p_doc json, p_identities lingpai_identity[], p_inviters text[], p_last_login_date bigint, p_last_login_ip text,
    p_ip_limit_seen boolean, p_tokens text[], p_issued bigint[], p_expires bigint[],
    p_ips text[], p_error_times bigint[], p_last_error_times bigint[]
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM lingpai_lock_identities(p_identities, false);
    PERFORM lingpai_lock_users(p_uid, p_uid);
    INSERT INTO users (id, doc, invited) VALUES (p_uid, p_doc, p_inviters IS NOT NULL)
    ON CONFLICT (id) DO UPDATE SET doc = excluded.doc, invited = excluded.invited;
    UPDATE logins SET last_login_date = p_last_login_date, last_login_ip = p_last_login_ip, ip_limit_seen = p_ip_limit_seen
    WHERE uid = p_uid;
    PERFORM lingpai_set_identities(p_uid, p_identities);
    PERFORM lingpai_set_inviters(p_uid, p_inviters);
    PERFORM lingpai_link_missing(p_inviters);
    -- An unchanged list keeps what is known of its tokens.
    IF p_tokens <> ARRAY(SELECT token FROM sessions WHERE uid = p_uid ORDER BY id) THEN
        DELETE FROM sessions WHERE uid = p_uid;
        INSERT INTO sessions (uid, token, issued_at, expires_at, created_at)
        SELECT p_uid, t.token, t.issued, t.expires, t.issued * 1000
        FROM unnest(p_tokens, p_issued, p_expires) WITH ORDINALITY AS t(token, issued, expires, place) ORDER BY t.place;
    END IF;
    UPDATE token_lifetime SET longest = t.life
    FROM (SELECT max(expires - issued) AS life FROM unnest(p_issued, p_expires) AS t(issued, expires) WHERE issued > 0) AS t
    WHERE longest < t.life;
    DELETE FROM login_attempts WHERE uid = p_uid;
    INSERT INTO login_attempts (uid, ip, error_times, last_error_time)
    SELECT p_uid, a.ip, max(a.error_times), max(a.last_error_time)
    FROM unnest(p_ips, p_error_times, p_last_error_times) WITH ORDINALITY AS a(ip, error_times, last_error_time, place)
    GROUP BY a.ip ORDER BY min(a.place);
END
$$;
