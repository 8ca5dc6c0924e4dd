-- Sign-ins that bring a new version of the user's document along.

CREATE FUNCTION lingpai_sign_in_linked(
    p_uid text, p_revision bigint, p_doc json, p_identities lingpai_identity[], p_inviters text[],
    p_session lingpai_new_session, p_previous lingpai_session_end, p_log lingpai_log_row
) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_outcome text;
    v_revision bigint;
BEGIN
    -- In the order of everybody else: identities, then users, these at once.
    PERFORM lingpai_lock_identities(p_identities, false);
    PERFORM lingpai_lock_users(p_uid, coalesce(p_previous.uid, p_uid));
    v_outcome := lingpai_update_user(p_uid, p_revision, p_doc, p_identities, p_inviters, NULL, NULL, NULL);
    IF v_outcome <> 'done' THEN
        RETURN v_outcome;
    END IF;
    SELECT revision INTO v_revision FROM logins WHERE uid = p_uid;
    v_outcome := lingpai_sign_in(p_uid, v_revision, p_session, NULL, NULL, NULL, p_previous, p_log);
    IF v_outcome <> 'done' THEN
        -- Takes back what the update did.
        RAISE EXCEPTION USING ERRCODE = 'LP001', MESSAGE = v_outcome;
    END IF;
    RETURN v_outcome;
EXCEPTION WHEN SQLSTATE 'LP001' THEN
    RETURN SQLERRM;
END
$$;

-- Who holds any of several identifiers, and whether for the application. One look into the index for each:
-- OFFSET 0 keeps the planner from reading the whole index instead.
CREATE FUNCTION lingpai_holders_of_any(p_kinds text[], p_values text[], p_app text)
RETURNS TABLE (uid text, is_here boolean) LANGUAGE sql STABLE AS $$
    SELECT i.uid, bool_or(i.app = '*' OR (i.app = p_app AND p_app <> ''))
    FROM unnest(p_kinds, p_values) AS n(kind, value)
    CROSS JOIN LATERAL (SELECT h.uid, h.app FROM identities AS h WHERE h.kind = n.kind AND h.value = n.value OFFSET 0) AS i
    GROUP BY i.uid
$$;
