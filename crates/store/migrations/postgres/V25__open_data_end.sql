-- When values of opendb-open-data end, so that those can be removed: handshakes of mini programs leave one each.
CREATE INDEX documents_open_data_end ON documents (lingpai_integer(lingpai_readable(doc) -> 'expired'))
    WHERE collection = 'opendb-open-data';

CREATE FUNCTION lingpai_sweep_open_data(p_before bigint, p_portion bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_count bigint;
BEGIN
    DELETE FROM documents WHERE collection = 'opendb-open-data' AND id = ANY (ARRAY(
        SELECT id FROM documents
        WHERE collection = 'opendb-open-data' AND lingpai_integer(lingpai_readable(doc) -> 'expired') < p_before
        LIMIT p_portion FOR UPDATE SKIP LOCKED
    ));
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END
$$;
