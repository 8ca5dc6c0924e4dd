-- Guesses of a signed-in user's own secrets.

-- kind: 'password', 'totp'. count: guesses since the last right one, each counted before it is tested. ends_at:
-- when they are forgotten, milliseconds.
CREATE TABLE guesses (
    uid text NOT NULL,
    kind text NOT NULL,
    count bigint NOT NULL,
    ends_at bigint NOT NULL,
    PRIMARY KEY (uid, kind)
);
CREATE INDEX guesses_end ON guesses (ends_at);

CREATE FUNCTION lingpai_users_forget_guesses() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM guesses WHERE uid = OLD.id;
    RETURN NULL;
END
$$;
CREATE TRIGGER users_forget_guesses AFTER DELETE ON users FOR EACH ROW EXECUTE FUNCTION lingpai_users_forget_guesses();

-- Counts a guess; false: there were p_limit already, and it is not counted. The row's lock makes others wait.
CREATE FUNCTION lingpai_count_guess(p_uid text, p_kind text, p_now bigint, p_limit bigint, p_retry_ms bigint)
RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO guesses AS g (uid, kind, count, ends_at) VALUES (p_uid, p_kind, 1, p_now + p_retry_ms)
    ON CONFLICT (uid, kind) DO UPDATE
    SET count = CASE WHEN g.ends_at <= p_now THEN 1 ELSE g.count + 1 END, ends_at = excluded.ends_at
    WHERE g.ends_at <= p_now OR g.count < p_limit;
    RETURN FOUND;
END
$$;

-- Forgets guesses of a secret when what was done with a right one is done.
CREATE FUNCTION lingpai_then_forget_guesses(p_done boolean, p_uid text, p_kind text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    IF p_done THEN
        DELETE FROM guesses WHERE uid = p_uid AND kind = p_kind;
    END IF;
    RETURN p_done;
END
$$;
CREATE FUNCTION lingpai_then_forget_guesses(p_outcome text, p_uid text, p_kind text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM lingpai_then_forget_guesses(p_outcome = 'done', p_uid, p_kind);
    RETURN p_outcome;
END
$$;

CREATE FUNCTION lingpai_sweep_guesses(p_now bigint, p_portion bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_count bigint;
BEGIN
    DELETE FROM guesses WHERE (uid, kind) IN (
        SELECT uid, kind FROM guesses WHERE ends_at <= p_now LIMIT p_portion FOR UPDATE SKIP LOCKED
    );
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END
$$;

-- Another encryption of the same secret, for another master key, whose recovery codes have other digests.
CREATE FUNCTION lingpai_replace_second_step_secret(p_uid text, p_secret bytea, p_other bytea) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    PERFORM lingpai_lock_users(p_uid, p_uid);
    UPDATE second_steps SET secret = p_other WHERE uid = p_uid AND secret = p_secret;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    DELETE FROM recovery_codes WHERE uid = p_uid;
    RETURN true;
END
$$;
