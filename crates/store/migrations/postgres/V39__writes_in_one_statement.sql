-- Writes that share a commit. Sign-ins and renewals among them also share their statements: starting a statement
-- costs more than what it does for one user. Each of these functions locks all its users, which must be different ones, and answers in
-- the order in which they were given. "= ANY (p_uids)" beside joins, and subqueries of one value in place of
-- EXISTS, are for the planner, which would otherwise read all of a table that was small when it made the plan.

-- Locks what the operations of one transaction lock, before the first of them, and in the order in which each
-- of them does: identifiers (kind, chr(31), value), users, codes (as lingpai_lock_codes takes them).
CREATE FUNCTION lingpai_lock_for(p_identities text[], p_users text[], p_codes text[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF p_identities <> '{}' THEN
        PERFORM pg_advisory_xact_lock(key) FROM (
            SELECT DISTINCT hashtextextended('identity' || chr(31) || i, 0) AS key FROM unnest(p_identities) AS i ORDER BY key
        ) AS keys;
    END IF;
    IF p_users <> '{}' THEN
        PERFORM lingpai_lock_each(p_users);
    END IF;
    IF p_codes <> '{}' THEN
        PERFORM lingpai_lock_codes(VARIADIC p_codes);
    END IF;
END
$$;

CREATE FUNCTION lingpai_sign_in_each(
    p_uids text[], p_revisions bigint[], p_sessions lingpai_new_session[], p_lock_limits bigint[], p_retry_ms bigint[],
    p_logs lingpai_log_row[]
) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    v_done bigint[];
    v_attempted bigint[];
    v_crowded bigint[];
    v_life bigint;
BEGIN
    PERFORM lingpai_lock_each(p_uids);
    WITH stamped AS (
        UPDATE logins AS l
        SET last_login_date = n.now, last_login_ip = n.ip, ip_limit_seen = l.ip_limit_seen OR n.retry_ms IS NOT NULL
        FROM ROWS FROM (unnest(p_uids), unnest(p_revisions), unnest(p_lock_limits), unnest(p_retry_ms), unnest(p_sessions))
            WITH ORDINALITY AS n(
                uid, revision, lock_limit, retry_ms, token, hash, issued_at, expires_at, app, device_id, ip, user_agent, now, max_tokens,
                longest_life, place
            )
        WHERE l.uid = ANY (p_uids) AND l.uid = n.uid AND l.revision = n.revision
            AND (SELECT true FROM gate_changes AS g WHERE g.hash = n.hash) IS NULL
            AND (
                SELECT true FROM login_attempts AS a
                WHERE a.uid = n.uid AND a.ip = n.ip AND a.error_times >= n.lock_limit AND a.last_error_time > n.now - n.retry_ms
            ) IS NULL
        RETURNING n.place, n.longest_life,
            n.retry_ms IS NOT NULL AND (SELECT true FROM login_attempts AS a WHERE a.uid = n.uid LIMIT 1) IS NOT NULL AS has_attempts,
            (
                SELECT (count(*) >= n.max_tokens AND n.max_tokens > 0)
                    OR bool_or(s.expires_at * 1000 < n.now OR s.issued_at * 1000 < l.valid_token_date)
                FROM sessions AS s WHERE s.uid = n.uid
            ) AS is_crowded
    )
    SELECT array_agg(place), array_agg(place) FILTER (WHERE has_attempts), array_agg(place) FILTER (WHERE is_crowded), max(longest_life)
    INTO v_done, v_attempted, v_crowded, v_life
    FROM stamped;
    IF v_attempted IS NOT NULL THEN
        DELETE FROM login_attempts AS a
        USING ROWS FROM (unnest(p_uids), unnest(p_retry_ms), unnest(p_sessions)) WITH ORDINALITY AS n(
            uid, retry_ms, token, hash, issued_at, expires_at, app, device_id, ip, user_agent, now, max_tokens, longest_life, place
        )
        WHERE a.uid = ANY (p_uids) AND a.uid = n.uid AND n.place = ANY (v_attempted)
            AND (a.ip = n.ip OR a.last_error_time <= n.now - n.retry_ms);
    END IF;
    IF v_crowded IS NOT NULL THEN
        PERFORM lingpai_trim_sessions(l.uid, l.valid_token_date, p_sessions[place].now, p_sessions[place].max_tokens)
        FROM unnest(v_crowded) AS place JOIN logins AS l ON l.uid = p_uids[place]
        WHERE l.uid = ANY (p_uids);
    END IF;
    INSERT INTO sessions (uid, token, issued_at, expires_at, created_at, app, device_id, ip, user_agent)
    SELECT n.uid, n.token, n.issued_at, n.expires_at, n.now, n.app, n.device_id, n.ip, n.user_agent
    FROM ROWS FROM (unnest(p_uids), unnest(p_sessions)) WITH ORDINALITY AS n(
        uid, token, hash, issued_at, expires_at, app, device_id, ip, user_agent, now, max_tokens, longest_life, place
    )
    WHERE n.place = ANY (v_done);
    IF v_life IS NOT NULL THEN
        UPDATE token_lifetime SET longest = v_life WHERE longest < v_life;
    END IF;
    INSERT INTO log (id, type, ip, field, value, create_date, state, doc)
    SELECT n.id, n.type, n.ip, n.field, n.value, n.create_date, n.state, n.doc
    FROM unnest(p_logs) WITH ORDINALITY AS n(id, type, ip, field, value, create_date, state, doc, place)
    WHERE n.place = ANY (v_done);
    FOR v_place IN 1 .. cardinality(p_uids) LOOP
        RETURN NEXT CASE WHEN v_place = ANY (v_done) THEN 'done' ELSE lingpai_sign_in_refusal(
            p_uids[v_place], p_revisions[v_place], p_sessions[v_place].ip, p_sessions[v_place].now, p_lock_limits[v_place],
            p_retry_ms[v_place]
        ) END;
    END LOOP;
END
$$;

-- Why the renewal of a locked user's token did not happen.
CREATE FUNCTION lingpai_renewal_refusal(p_uid text, p_revision bigint, p_old_token text, p_old_hash bytea) RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM logins WHERE uid = p_uid AND revision = p_revision) THEN
        RETURN 'stale';
    END IF;
    IF lingpai_is_revoked(p_old_hash)
        OR (p_old_token IS NOT NULL AND NOT EXISTS (SELECT FROM sessions WHERE uid = p_uid AND token = p_old_token))
    THEN
        RETURN 'not_listed';
    END IF;
    RETURN 'token_revoked';
END
$$;

-- As lingpai_renew_linked.
CREATE FUNCTION lingpai_renew_each(
    p_uids text[], p_revisions bigint[], p_old_tokens text[], p_old_hashes bytea[], p_sessions lingpai_new_session[]
) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    v_done bigint[];
    v_chains bytea[];
    v_starts bigint[];
    v_crowded bigint[];
    v_life bigint;
BEGIN
    PERFORM lingpai_lock_each(p_uids);
    WITH stamped AS (
        UPDATE logins AS l
        SET last_login_date = n.now, last_login_ip = n.ip
        FROM ROWS FROM (unnest(p_uids), unnest(p_revisions), unnest(p_old_tokens), unnest(p_old_hashes), unnest(p_sessions))
            WITH ORDINALITY AS n(
                uid, revision, old_token, old_hash, token, hash, issued_at, expires_at, app, device_id, ip, user_agent, now, max_tokens,
                longest_life, place
            )
        WHERE l.uid = ANY (p_uids) AND l.uid = n.uid AND l.revision = n.revision
            AND (SELECT true FROM gate_changes AS g WHERE g.hash = n.old_hash) IS NULL
            AND (SELECT true FROM gate_changes AS g WHERE g.hash = n.hash) IS NULL
            AND (n.old_token IS NULL OR (SELECT true FROM sessions AS s WHERE s.uid = n.uid AND s.token = n.old_token LIMIT 1) IS NOT NULL)
        RETURNING n.uid, n.old_token, n.place, n.longest_life,
            (
                SELECT (count(*) >= n.max_tokens AND n.max_tokens > 0)
                    OR bool_or(s.expires_at * 1000 < n.now OR s.issued_at * 1000 < l.valid_token_date)
                FROM sessions AS s WHERE s.uid = n.uid
            ) AS is_crowded
    )
    SELECT array_agg(place), array_agg(old.chain), array_agg(old.started_at), array_agg(place) FILTER (WHERE is_crowded),
        max(longest_life)
    INTO v_done, v_chains, v_starts, v_crowded, v_life
    -- The old token may leave the list for the new one, so its session is looked up before.
    FROM stamped LEFT JOIN LATERAL (
        SELECT coalesce(s.chain, lingpai_token_hash(s.token)) AS chain, coalesce(s.started_at, s.created_at) AS started_at
        FROM sessions AS s WHERE s.uid = stamped.uid AND s.token = stamped.old_token ORDER BY s.id DESC LIMIT 1
    ) AS old ON true;
    IF v_crowded IS NOT NULL THEN
        PERFORM lingpai_trim_sessions(l.uid, l.valid_token_date, p_sessions[place].now, p_sessions[place].max_tokens)
        FROM unnest(v_crowded) AS place JOIN logins AS l ON l.uid = p_uids[place]
        WHERE l.uid = ANY (p_uids);
    END IF;
    INSERT INTO sessions (uid, token, issued_at, expires_at, created_at, app, device_id, ip, user_agent, chain, started_at)
    SELECT p_uids[d.place], s.token, s.issued_at, s.expires_at, s.now, s.app, s.device_id, s.ip, s.user_agent, d.chain, d.started_at
    FROM unnest(v_done, v_chains, v_starts) AS d(place, chain, started_at)
    JOIN unnest(p_sessions) WITH ORDINALITY AS s(
        token, hash, issued_at, expires_at, app, device_id, ip, user_agent, now, max_tokens, longest_life, place
    ) ON s.place = d.place;
    IF v_life IS NOT NULL THEN
        UPDATE token_lifetime SET longest = v_life WHERE longest < v_life;
    END IF;
    FOR v_place IN 1 .. cardinality(p_uids) LOOP
        RETURN NEXT CASE WHEN v_place = ANY (v_done) THEN 'done' ELSE lingpai_renewal_refusal(
            p_uids[v_place], p_revisions[v_place], p_old_tokens[v_place], p_old_hashes[v_place]
        ) END;
    END LOOP;
END
$$;
