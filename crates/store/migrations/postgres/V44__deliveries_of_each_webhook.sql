-- Deliveries of each webhook are taken by themselves, so that a webhook that is slow does not hold up the others. Programs of
-- the version before, which may still run, go on with lingpai_take_deliveries.
CREATE INDEX deliveries_of_target ON deliveries (target, due_at);

-- Takes deliveries that are due: of p_target, or where that is NULL of all but p_others. Until p_busy_until nobody else does.
CREATE FUNCTION lingpai_take_deliveries_to(p_target text, p_others text[], p_now bigint, p_busy_until bigint, p_most bigint)
RETURNS TABLE (r_id text, r_target text, r_body text, r_created_at bigint, r_attempts bigint) LANGUAGE plpgsql AS $$
DECLARE
    v_ids text[];
BEGIN
    IF p_target IS NOT NULL THEN
        v_ids := ARRAY(
            SELECT d.id FROM deliveries AS d WHERE d.target = p_target AND d.due_at <= p_now
            ORDER BY d.due_at LIMIT p_most FOR UPDATE SKIP LOCKED
        );
    ELSE
        v_ids := ARRAY(
            SELECT d.id FROM deliveries AS d WHERE d.target <> ALL (p_others) AND d.due_at <= p_now
            ORDER BY d.due_at LIMIT p_most FOR UPDATE SKIP LOCKED
        );
    END IF;
    RETURN QUERY
    UPDATE deliveries SET attempts = attempts + 1, due_at = p_busy_until WHERE id = ANY (v_ids)
    RETURNING id, target, body, created_at, attempts;
END
$$;
