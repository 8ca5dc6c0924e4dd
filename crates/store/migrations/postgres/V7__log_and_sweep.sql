-- Looking at recent failures, importing rows of the log, and removing what is past its time.

CREATE FUNCTION lingpai_failed_thrice(p_type text, p_ip text, p_field text, p_value text, p_since bigint)
RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        SELECT count(*) = 3 AND bool_and(latest.state = 0) IS TRUE FROM (
            SELECT state FROM log
            WHERE lingpai_key(value || chr(31) || field || chr(31) || ip || chr(31) || type)
                    = lingpai_key(p_value || chr(31) || p_field || chr(31) || p_ip || chr(31) || p_type)
                AND value = p_value AND field = p_field AND ip = p_ip AND type = p_type AND create_date > p_since
            ORDER BY create_date DESC, seq DESC LIMIT 3
        ) AS latest
    );
END
$$;

CREATE FUNCTION lingpai_put_log(p_row lingpai_log_row) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO log (id, type, ip, field, value, create_date, state, doc)
    VALUES (p_row.id, p_row.type, p_row.ip, p_row.field, p_row.value, p_row.create_date, p_row.state, p_row.doc)
    ON CONFLICT (id) DO UPDATE SET
        type = excluded.type, ip = excluded.ip, field = excluded.field, value = excluded.value,
        create_date = excluded.create_date, state = excluded.state, doc = excluded.doc;
END
$$;

-- Removes at most p_portion rows of each kind; answers the greatest number that it removed of one.
-- A row that somebody has locked is left for the next time.
CREATE FUNCTION lingpai_sweep(p_now bigint, p_codes_before bigint, p_log_before bigint, p_portion bigint)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_count bigint;
    v_most bigint := 0;
    -- With a day to spare, for clocks that differ.
    v_useless timestamptz := now() - make_interval(days => 1, secs => (SELECT longest FROM token_lifetime));
BEGIN
    DELETE FROM codes WHERE id = ANY (ARRAY(
        SELECT id FROM codes WHERE expired_date < p_codes_before LIMIT p_portion FOR UPDATE SKIP LOCKED
    ));
    GET DIAGNOSTICS v_count = ROW_COUNT;
    v_most := greatest(v_most, v_count);

    DELETE FROM log WHERE seq = ANY (ARRAY(
        SELECT seq FROM log WHERE create_date < p_log_before LIMIT p_portion FOR UPDATE SKIP LOCKED
    ));
    GET DIAGNOSTICS v_count = ROW_COUNT;
    v_most := greatest(v_most, v_count);

    DELETE FROM gate_changes WHERE seq = ANY (ARRAY(
        SELECT seq FROM gate_changes
        WHERE (hash IS NOT NULL AND expires <= p_now) OR (kind = 'user' AND at < v_useless)
        LIMIT p_portion FOR UPDATE SKIP LOCKED
    ));
    GET DIAGNOSTICS v_count = ROW_COUNT;
    v_most := greatest(v_most, v_count);

    DELETE FROM nonces WHERE hash = ANY (ARRAY(
        SELECT hash FROM nonces WHERE expires <= p_now LIMIT p_portion FOR UPDATE SKIP LOCKED
    ));
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN greatest(v_most, v_count);
END
$$;

-- Looks at p_portion sessions after one and removes the expired ones; answers the last one looked at, or
-- NULL at the end. They are walked in the order of their key, because an index over the expiry would cost
-- every login more than this walk costs now and then.
CREATE FUNCTION lingpai_sweep_sessions(p_now bigint, p_portion bigint, INOUT p_uid text, INOUT p_id bigint)
LANGUAGE plpgsql AS $$
DECLARE
    v_from_uid text := p_uid;
    v_from_id bigint := p_id;
BEGIN
    SELECT uid, id INTO p_uid, p_id FROM sessions
    WHERE (uid, id) > (v_from_uid, v_from_id) ORDER BY uid, id OFFSET p_portion - 1 LIMIT 1;
    DELETE FROM sessions WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM sessions
        WHERE (uid, id) > (v_from_uid, v_from_id) AND (p_uid IS NULL OR (uid, id) <= (p_uid, p_id)) AND expires_at * 1000 < p_now
        FOR UPDATE SKIP LOCKED
    ));
END
$$;
