-- New versions of whole users, and the identity cards by which users are counted.

-- Digests of the numbers of users' identity cards.
CREATE TABLE identity_cards (
    uid text PRIMARY KEY,
    digest text NOT NULL
);
CREATE INDEX identity_cards_digest ON identity_cards (digest);

CREATE FUNCTION lingpai_forget_card() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM identity_cards WHERE uid = OLD.id;
    RETURN NULL;
END
$$;
CREATE TRIGGER users_forget_card AFTER DELETE ON users
    FOR EACH ROW EXECUTE FUNCTION lingpai_forget_card();

-- The members of a user's document that an update leaves as they are; NULL if there are none.
CREATE FUNCTION lingpai_kept_members(p_doc json) RETURNS json
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT replace(replace(
        '{' || string_agg(to_json(key)::text || ':' || value::text, ',') || '}', '\u00010', '\u0000'
    ), '\u00011', '\u0001')::json
    FROM json_each(lingpai_readable(p_doc))
    WHERE key IN ('last_login_date', 'last_login_ip', 'login_ip_limit', 'token')
$$;

CREATE FUNCTION lingpai_update_user(
    p_uid text, p_revision bigint, p_doc json, p_identities lingpai_identity[], p_inviters text[], p_card_digest text,
    p_log lingpai_log_row, p_on_taken lingpai_log_row
) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_kept json;
BEGIN
    PERFORM lingpai_lock_identities(p_identities, false);
    PERFORM lingpai_lock_users(p_uid, p_uid);
    SELECT lingpai_kept_members(doc) INTO v_kept FROM users WHERE id = p_uid AND revision = p_revision;
    IF NOT FOUND THEN
        RETURN 'stale';
    END IF;
    IF EXISTS (
        SELECT FROM unnest(p_identities) AS n JOIN identities AS i ON i.kind = n.kind AND i.value = n.value
        WHERE n.exclusive AND i.uid <> p_uid AND (i.app IN (n.app, '*') OR (n.app = '*' AND i.app <> ''))
            AND NOT EXISTS (
                SELECT FROM identities AS own
                WHERE own.kind = n.kind AND own.value = n.value AND own.app IN (n.app, '*') AND own.uid = p_uid
            )
    ) THEN
        PERFORM lingpai_append_log(p_on_taken);
        RETURN 'taken';
    END IF;
    UPDATE users SET doc = coalesce(lingpai_with(p_doc, v_kept), p_doc), invited = p_inviters IS NOT NULL WHERE id = p_uid;
    PERFORM lingpai_set_identities(p_uid, p_identities);
    PERFORM lingpai_set_inviters(p_uid, p_inviters);
    IF p_card_digest IS NOT NULL THEN
        INSERT INTO identity_cards (uid, digest) VALUES (p_uid, p_card_digest)
        ON CONFLICT (uid) DO UPDATE SET digest = excluded.digest;
    END IF;
    PERFORM lingpai_append_log(p_log);
    RETURN 'done';
END
$$;
