-- Codes and captchas: one at a time for one target.

-- Advisory locks in ascending order, so that two transactions never wait for each other.
CREATE FUNCTION lingpai_lock_codes(VARIADIC p_keys text[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(k) FROM (
        SELECT DISTINCT hashtextextended('code' || chr(31) || u, 0) AS k FROM unnest(p_keys) AS u WHERE u IS NOT NULL ORDER BY k
    ) AS keys;
END
$$;

-- Whether a code is the one that was typed. Digests are compared, so that the time tells nothing; an empty
-- code is never right.
CREATE FUNCTION lingpai_code_matches(p_code text, p_typed text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT p_code <> '' AND sha256(convert_to(p_code, 'UTF8')) = sha256(convert_to(p_typed, 'UTF8'))
$$;

-- Answers NULL, or the first limit that forbids the code: its place among the limits and the wait.
CREATE FUNCTION lingpai_issue_code(
    p_id text, p_kind text, p_target text, p_scene text, p_code text, p_ip text, p_device_id text,
    p_created bigint, p_expired bigint, p_scopes text[], p_windows bigint[], p_counts bigint[],
    OUT o_limit bigint, OUT o_retry_after bigint
) LANGUAGE plpgsql AS $$
DECLARE
    v_created bigint;
BEGIN
    PERFORM lingpai_lock_codes(
        p_kind || chr(31) || p_target,
        CASE WHEN 'device' = ANY (p_scopes) THEN p_kind || chr(30) || p_device_id END,
        CASE WHEN 'ip' = ANY (p_scopes) THEN p_kind || chr(29) || p_ip END
    );
    FOR i IN 1 .. cardinality(p_scopes) LOOP
        -- The oldest of the newest p_counts[i] codes: when it leaves the window, one fits.
        v_created := CASE WHEN p_counts[i] = 0 THEN p_created ELSE (
            CASE p_scopes[i]
                WHEN 'target' THEN (
                    SELECT created_date FROM codes
                    WHERE kind = p_kind AND lingpai_key(target) = lingpai_key(p_target) AND target = p_target
                        AND created_date > p_created - p_windows[i]
                    ORDER BY created_date DESC OFFSET greatest(p_counts[i] - 1, 0) LIMIT 1
                )
                WHEN 'device' THEN (
                    SELECT created_date FROM codes
                    WHERE kind = p_kind AND kind IN ('mobile', 'email')
                        AND lingpai_key(device_id) = lingpai_key(p_device_id) AND device_id = p_device_id
                        AND created_date > p_created - p_windows[i]
                    ORDER BY created_date DESC OFFSET greatest(p_counts[i] - 1, 0) LIMIT 1
                )
                ELSE (
                    SELECT created_date FROM codes
                    WHERE kind = p_kind AND kind IN ('mobile', 'email') AND lingpai_key(ip) = lingpai_key(p_ip) AND ip = p_ip
                        AND created_date > p_created - p_windows[i]
                    ORDER BY created_date DESC OFFSET greatest(p_counts[i] - 1, 0) LIMIT 1
                )
            END
        ) END;
        IF v_created IS NOT NULL THEN
            o_limit := i;
            o_retry_after := v_created + p_windows[i] - p_created;
            RETURN;
        END IF;
    END LOOP;
    UPDATE codes SET state = 2
    WHERE kind = p_kind AND lingpai_key(target) = lingpai_key(p_target) AND target = p_target
        AND scene = p_scene AND state = 0 AND expired_date > p_created;
    INSERT INTO codes (id, kind, target, scene, code, state, ip, device_id, created_date, expired_date)
    VALUES (p_id, p_kind, p_target, p_scene, p_code, 0, p_ip, p_device_id, p_created, p_expired);
END
$$;

CREATE FUNCTION lingpai_consume_code(
    p_kind text, p_target text, p_scene text, p_code text, p_now bigint, p_max_guesses bigint, p_on_wrong lingpai_log_row
) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    PERFORM lingpai_lock_codes(p_kind || chr(31) || p_target);
    UPDATE codes SET state = 1 WHERE id = (
        SELECT id FROM codes
        WHERE kind = p_kind AND lingpai_key(target) = lingpai_key(p_target) AND target = p_target
            AND scene = p_scene AND state = 0 AND expired_date > p_now AND lingpai_code_matches(code, p_code)
        ORDER BY created_date DESC, seq DESC LIMIT 1
    );
    IF FOUND THEN
        RETURN true;
    END IF;
    UPDATE codes SET guesses = guesses + 1, state = CASE WHEN guesses + 1 >= p_max_guesses THEN 2 ELSE 0 END
    WHERE kind = p_kind AND lingpai_key(target) = lingpai_key(p_target) AND target = p_target
        AND scene = p_scene AND state = 0 AND expired_date > p_now;
    PERFORM lingpai_append_log(p_on_wrong);
    RETURN false;
END
$$;

-- p_voids: void the latest captcha of the device and scene first, and store nothing if there is none.
CREATE FUNCTION lingpai_issue_captcha(
    p_id text, p_device_id text, p_scene text, p_code text, p_ip text, p_created bigint, p_expired bigint, p_voids boolean
) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    v_id text;
BEGIN
    PERFORM lingpai_lock_codes('captcha' || chr(31) || p_device_id);
    IF p_voids THEN
        SELECT id INTO v_id FROM codes
        WHERE kind = 'captcha' AND lingpai_key(target) = lingpai_key(p_device_id) AND target = p_device_id AND scene = p_scene
        ORDER BY created_date DESC, seq DESC LIMIT 1;
        IF NOT FOUND THEN
            RETURN false;
        END IF;
        UPDATE codes SET state = 2 WHERE id = v_id AND state = 0;
    END IF;
    INSERT INTO codes (id, kind, target, scene, code, state, ip, created_date, expired_date)
    VALUES (p_id, 'captcha', p_device_id, p_scene, p_code, 0, p_ip, p_created, p_expired);
    RETURN true;
END
$$;

-- The newest five live captchas count; upper and lower case are alike.
CREATE FUNCTION lingpai_consume_captcha(p_device_id text, p_scene text, p_code text, p_now bigint, p_max_guesses bigint)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_live text[];
BEGIN
    PERFORM lingpai_lock_codes('captcha' || chr(31) || p_device_id);
    v_live := ARRAY(
        SELECT id FROM codes
        WHERE kind = 'captcha' AND lingpai_key(target) = lingpai_key(p_device_id) AND target = p_device_id
            AND scene = p_scene AND state = 0 AND expired_date >= p_now
        ORDER BY created_date DESC, seq DESC LIMIT 5
    );
    UPDATE codes SET state = 1 WHERE id = (
        SELECT id FROM codes WHERE id = ANY (v_live) AND lingpai_code_matches(lower(code), lower(p_code))
        ORDER BY created_date DESC, seq DESC LIMIT 1
    );
    IF FOUND THEN
        RETURN 'right';
    END IF;
    IF EXISTS (
        SELECT FROM (
            SELECT code FROM codes
            WHERE kind = 'captcha' AND lingpai_key(target) = lingpai_key(p_device_id) AND target = p_device_id
            AND scene = p_scene AND state = 0 AND expired_date < p_now
            ORDER BY created_date DESC, seq DESC LIMIT 5
        ) AS expired WHERE lingpai_code_matches(lower(code), lower(p_code))
    ) THEN
        RETURN 'overdue';
    END IF;
    UPDATE codes SET guesses = guesses + 1, state = CASE WHEN guesses + 1 >= p_max_guesses THEN 2 ELSE 0 END WHERE id = ANY (v_live);
    RETURN 'wrong';
END
$$;
