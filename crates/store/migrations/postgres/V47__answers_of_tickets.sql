-- Tries an answer as lingpai_try_second_step does, for a ticket if p_nonce is not NULL: a right answer uses the ticket up in the
-- same transaction, and with one that was used before nothing is tried, so that it spends no recovery code.
CREATE FUNCTION lingpai_answer_second_step(
    p_uid text, p_step bigint, p_recovery bytea, p_now bigint, p_limit bigint, p_retry_ms bigint, p_nonce bytea, p_expires bigint
) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_outcome text;
BEGIN
    -- Whoever comes second with a ticket sees what the first has done with it.
    PERFORM lingpai_lock_users(p_uid, p_uid);
    IF p_nonce IS NOT NULL AND lingpai_nonce_is_used(p_nonce, p_now) THEN
        RETURN 'ticket_used';
    END IF;
    v_outcome := lingpai_try_second_step(p_uid, p_step, p_recovery, p_now, p_limit, p_retry_ms);
    IF v_outcome = 'right' AND p_nonce IS NOT NULL THEN
        PERFORM lingpai_use_nonce(p_nonce, p_expires, p_now);
    END IF;
    RETURN v_outcome;
END
$$;
