-- Nonces of signed requests, devices that push messages reach, and face verification.

-- hash is SHA-256 of the nonce, expires in milliseconds.
CREATE TABLE nonces (
    hash bytea PRIMARY KEY,
    expires bigint NOT NULL
);
CREATE INDEX nonces_expires ON nonces (expires);

CREATE INDEX devices_of_device ON devices (lingpai_key(device_id));

-- A member of a document, if it is a text.
CREATE FUNCTION lingpai_text_member(p_doc json, p_name text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT CASE WHEN json_typeof(v) = 'string' THEN v #>> '{}' END FROM (SELECT lingpai_readable(p_doc) -> p_name AS v) AS member
$$;
CREATE INDEX documents_of_device ON documents (lingpai_key(lingpai_text_member(doc, 'device_id')))
    WHERE collection = 'opendb-device';
CREATE INDEX documents_of_certify_id ON documents (lingpai_key(lingpai_text_member(doc, 'certify_id')))
    WHERE collection = 'opendb-frv-logs';
CREATE INDEX documents_of_certified_user ON documents (lingpai_key(lingpai_text_member(doc, 'user_id')))
    WHERE collection = 'opendb-frv-logs';

-- The first document is what changes in a row that exists, the second a whole new row.
CREATE FUNCTION lingpai_put_push_device(
    p_device_id text, p_user_id text, p_user_row_id text, p_of_user json, p_new_of_user json,
    p_device_row_id text, p_of_device json, p_new_of_device json
) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    v_rows text[];
    v_row text;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('device' || chr(31) || p_device_id, 0));
    v_rows := ARRAY(
        SELECT id FROM devices WHERE lingpai_key(device_id) = lingpai_key(p_device_id) AND device_id = p_device_id LIMIT 2
    );
    IF cardinality(v_rows) > 1 THEN
        RETURN false;
    END IF;
    IF cardinality(v_rows) = 1 THEN
        UPDATE devices SET doc = lingpai_with(doc, p_of_user), user_id = coalesce(p_user_id, user_id) WHERE id = v_rows[1];
    ELSE
        INSERT INTO devices (id, device_id, user_id, doc) VALUES (p_user_row_id, p_device_id, p_user_id, p_new_of_user);
    END IF;
    SELECT id INTO v_row FROM documents
    WHERE collection = 'opendb-device' AND lingpai_key(lingpai_text_member(doc, 'device_id')) = lingpai_key(p_device_id)
        AND lingpai_text_member(doc, 'device_id') = p_device_id
    ORDER BY seq LIMIT 1;
    IF FOUND THEN
        UPDATE documents SET doc = lingpai_with(doc, p_of_device) WHERE collection = 'opendb-device' AND id = v_row;
    ELSE
        INSERT INTO documents (collection, id, doc) VALUES ('opendb-device', p_device_row_id, p_new_of_device);
    END IF;
    RETURN true;
END
$$;

-- Answers false if the user has p_count rows since p_since already.
CREATE FUNCTION lingpai_add_frv_log(p_id text, p_user_id text, p_doc json, p_since bigint, p_count bigint)
RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    IF p_count IS NOT NULL THEN
        PERFORM pg_advisory_xact_lock(hashtextextended('certify' || chr(31) || coalesce(p_user_id, ''), 0));
        IF (
            SELECT count(*) FROM documents
            WHERE collection = 'opendb-frv-logs' AND lingpai_key(lingpai_text_member(doc, 'user_id')) = lingpai_key(p_user_id)
                AND lingpai_text_member(doc, 'user_id') = p_user_id
                AND lingpai_integer(lingpai_readable(doc) -> 'created_date') >= p_since
        ) >= p_count THEN
            RETURN false;
        END IF;
    END IF;
    INSERT INTO documents (collection, id, doc) VALUES ('opendb-frv-logs', p_id, p_doc);
    RETURN true;
END
$$;

CREATE FUNCTION lingpai_finish_frv(p_certify_id text, p_from bigint, p_changes json) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    UPDATE documents SET doc = lingpai_with(doc, p_changes)
    WHERE collection = 'opendb-frv-logs' AND lingpai_integer(lingpai_readable(doc) -> 'status') = p_from AND id = (
        SELECT id FROM documents
        WHERE collection = 'opendb-frv-logs' AND lingpai_key(lingpai_text_member(doc, 'certify_id')) = lingpai_key(p_certify_id)
            AND lingpai_text_member(doc, 'certify_id') = p_certify_id
        ORDER BY seq LIMIT 1
    );
    RETURN FOUND;
END
$$;
