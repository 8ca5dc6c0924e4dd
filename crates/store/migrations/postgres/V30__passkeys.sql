-- lingpai-passkeys. uid is user_id of the document, credential its credential_id where that is one (base64url, so at
-- most 1,364 bytes): how authenticators name the passkey, unique among all users. The users' documents count them
-- (passkeys).
CREATE TABLE passkeys (
    id text PRIMARY KEY,
    seq bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    uid text,
    credential text,
    doc json NOT NULL,
    CONSTRAINT passkeys_credential UNIQUE (credential)
);
CREATE INDEX passkeys_uid ON passkeys (uid) WHERE uid IS NOT NULL;

CREATE FUNCTION lingpai_forget_passkeys() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM passkeys WHERE uid = OLD.id;
    RETURN NULL;
END
$$;
CREATE TRIGGER users_forget_passkeys AFTER DELETE ON users
    FOR EACH ROW EXECUTE FUNCTION lingpai_forget_passkeys();

-- Makes a user's document say how many passkeys there are. The user is locked already.
CREATE FUNCTION lingpai_count_passkeys(p_uid text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_count bigint;
BEGIN
    SELECT count(*) INTO v_count FROM passkeys WHERE uid = p_uid AND credential IS NOT NULL;
    UPDATE users SET doc = lingpai_with(doc, json_build_object('passkeys', v_count))
    WHERE id = p_uid AND coalesce(lingpai_integer(lingpai_readable(doc) -> 'passkeys'), 0) <> v_count;
END
$$;

-- As lingpai_put_user; whatever the document says, it counts the passkeys that there are.
CREATE FUNCTION lingpai_put_user_counted(
    p_uid text, p_doc json, p_identities lingpai_identity[], p_inviters text[], p_last_login_date bigint, p_last_login_ip text,
    p_ip_limit_seen boolean, p_tokens text[], p_issued bigint[], p_expires bigint[],
    p_ips text[], p_error_times bigint[], p_last_error_times bigint[]
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM lingpai_put_user(
        p_uid, p_doc, p_identities, p_inviters, p_last_login_date, p_last_login_ip, p_ip_limit_seen, p_tokens, p_issued, p_expires,
        p_ips, p_error_times, p_last_error_times
    );
    PERFORM lingpai_count_passkeys(p_uid);
END
$$;

-- Whether a nonce was used, and that use has not expired.
CREATE FUNCTION lingpai_nonce_is_used(p_hash bytea, p_now bigint) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    RETURN EXISTS (SELECT FROM nonces WHERE hash = p_hash AND expires > p_now);
END
$$;

-- Uses a nonce up. Of many at once exactly one is told true.
CREATE FUNCTION lingpai_use_nonce(p_hash bytea, p_expires bigint, p_now bigint) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO nonces (hash, expires) VALUES (p_hash, p_expires)
    ON CONFLICT (hash) DO UPDATE SET expires = excluded.expires WHERE nonces.expires <= p_now;
    RETURN FOUND;
END
$$;

CREATE FUNCTION lingpai_add_passkey(
    p_id text, p_uid text, p_credential text, p_doc json, p_most bigint, p_nonce bytea, p_expires bigint, p_now bigint,
    p_log lingpai_log_row
) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM lingpai_lock_users(p_uid, p_uid);
    IF lingpai_nonce_is_used(p_nonce, p_now) THEN
        RETURN 'ceremony_used';
    END IF;
    IF NOT EXISTS (SELECT FROM users WHERE id = p_uid) THEN
        RETURN 'gone';
    END IF;
    IF EXISTS (SELECT FROM passkeys WHERE credential = p_credential) THEN
        RETURN 'taken';
    END IF;
    IF (SELECT count(*) FROM passkeys WHERE uid = p_uid AND credential IS NOT NULL) >= p_most THEN
        RETURN 'too_many';
    END IF;
    IF NOT lingpai_use_nonce(p_nonce, p_expires, p_now) THEN
        RETURN 'ceremony_used';
    END IF;
    INSERT INTO passkeys (id, uid, credential, doc) VALUES (p_id, p_uid, p_credential, p_doc);
    PERFORM lingpai_count_passkeys(p_uid);
    PERFORM lingpai_append_log(p_log);
    RETURN 'done';
END
$$;

CREATE FUNCTION lingpai_use_passkey(
    p_id text, p_sign_count bigint, p_changes json, p_nonce bytea, p_expires bigint, p_now bigint
) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_stored bigint;
BEGIN
    SELECT coalesce(lingpai_integer(lingpai_readable(doc) -> 'sign_count'), 0) INTO v_stored
    FROM passkeys WHERE id = p_id FOR UPDATE;
    IF NOT FOUND THEN
        RETURN 'gone';
    END IF;
    IF lingpai_nonce_is_used(p_nonce, p_now) THEN
        RETURN 'ceremony_used';
    END IF;
    IF p_sign_count <= v_stored AND (p_sign_count > 0 OR v_stored > 0) THEN
        RETURN 'counter_behind';
    END IF;
    IF NOT lingpai_use_nonce(p_nonce, p_expires, p_now) THEN
        RETURN 'ceremony_used';
    END IF;
    UPDATE passkeys SET doc = lingpai_with(doc, p_changes) WHERE id = p_id;
    RETURN 'done';
END
$$;

CREATE FUNCTION lingpai_remove_passkey(p_uid text, p_revision bigint, p_id text, p_log lingpai_log_row) RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM lingpai_lock_users(p_uid, p_uid);
    PERFORM FROM users WHERE id = p_uid AND revision = p_revision FOR UPDATE;
    IF NOT FOUND THEN
        RETURN 'stale';
    END IF;
    DELETE FROM passkeys WHERE id = p_id AND uid = p_uid;
    IF NOT FOUND THEN
        RETURN 'gone';
    END IF;
    PERFORM lingpai_count_passkeys(p_uid);
    PERFORM lingpai_append_log(p_log);
    RETURN 'done';
END
$$;

-- An operator's or an import's document. Those whose passkeys it changes count them anew.
CREATE FUNCTION lingpai_put_passkey(p_id text, p_uid text, p_credential text, p_doc json) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_former text;
BEGIN
    SELECT uid INTO v_former FROM passkeys WHERE id = p_id;
    PERFORM lingpai_lock_users(coalesce(v_former, p_uid, ''), coalesce(p_uid, v_former, ''));
    INSERT INTO passkeys (id, uid, credential, doc) VALUES (p_id, p_uid, p_credential, p_doc)
    ON CONFLICT (id) DO UPDATE SET uid = excluded.uid, credential = excluded.credential, doc = excluded.doc;
    PERFORM lingpai_count_passkeys(p_uid);
    PERFORM lingpai_count_passkeys(v_former);
END
$$;

CREATE FUNCTION lingpai_drop_passkey(p_id text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    v_uid text;
BEGIN
    SELECT uid INTO v_uid FROM passkeys WHERE id = p_id;
    IF v_uid IS NOT NULL THEN
        PERFORM lingpai_lock_users(v_uid, v_uid);
    END IF;
    DELETE FROM passkeys WHERE id = p_id;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    PERFORM lingpai_count_passkeys(v_uid);
    RETURN true;
END
$$;
