-- How many codes applications sent lately, whichever node sent them.

-- kind: 'mobile', 'email'. Each window (milliseconds) is counted for itself, in slices; slice is the time by the
-- slice's length, ends_at (milliseconds) when the last code of the slice leaves the window.
CREATE TABLE app_sends (
    kind text NOT NULL,
    app text NOT NULL,
    window_ms bigint NOT NULL,
    slice bigint NOT NULL,
    count bigint NOT NULL,
    ends_at bigint NOT NULL,
    PRIMARY KEY (kind, app, window_ms, slice)
);
CREATE INDEX app_sends_end ON app_sends (ends_at);

-- As lingpai_issue_code, with limits of the application, which are looked at first. Their places follow those
-- of the others.
CREATE FUNCTION lingpai_issue_code_of_app(
    p_id text, p_kind text, p_target text, p_scene text, p_code text, p_ip text, p_device_id text,
    p_created bigint, p_expired bigint, p_scopes text[], p_windows bigint[], p_counts bigint[],
    p_app text, p_app_windows bigint[], p_app_slices bigint[], p_app_counts bigint[],
    OUT o_limit bigint, OUT o_retry_after bigint
) LANGUAGE plpgsql AS $$
DECLARE
    v_ends bigint;
BEGIN
    -- What lingpai_issue_code locks and the application's count at once, so that the order is one for all.
    PERFORM lingpai_lock_codes(
        p_kind || chr(31) || p_target,
        CASE WHEN 'device' = ANY (p_scopes) THEN p_kind || chr(30) || p_device_id END,
        CASE WHEN 'ip' = ANY (p_scopes) THEN p_kind || chr(29) || p_ip END,
        CASE WHEN p_app_windows <> '{}' THEN p_kind || chr(28) || p_app END
    );
    FOR i IN 1 .. cardinality(p_app_windows) LOOP
        -- The newest slice with which the count is reached: when it ends, one fits.
        v_ends := CASE WHEN p_app_counts[i] = 0 THEN p_created + p_app_windows[i] ELSE (
            SELECT max(ends_at) FROM (
                SELECT ends_at, sum(count) OVER (ORDER BY ends_at DESC) AS reached FROM app_sends
                WHERE kind = p_kind AND app = p_app AND window_ms = p_app_windows[i] AND ends_at > p_created
            ) AS slices
            WHERE reached >= p_app_counts[i]
        ) END;
        IF v_ends IS NOT NULL THEN
            o_limit := cardinality(p_scopes) + i;
            o_retry_after := v_ends - p_created;
            RETURN;
        END IF;
    END LOOP;
    SELECT i.o_limit, i.o_retry_after INTO o_limit, o_retry_after
    FROM lingpai_issue_code(
        p_id, p_kind, p_target, p_scene, p_code, p_ip, p_device_id, p_created, p_expired, p_scopes, p_windows, p_counts
    ) AS i;
    IF o_limit IS NULL THEN
        INSERT INTO app_sends AS s (kind, app, window_ms, slice, count, ends_at)
        SELECT DISTINCT p_kind, p_app, w.ms, p_created / w.slice_ms, 1, p_created + w.ms
        FROM unnest(p_app_windows, p_app_slices) AS w(ms, slice_ms)
        ON CONFLICT (kind, app, window_ms, slice) DO UPDATE
        SET count = s.count + 1, ends_at = greatest(s.ends_at, excluded.ends_at);
    END IF;
END
$$;

CREATE FUNCTION lingpai_sweep_app_sends(p_now bigint, p_portion bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_count bigint;
BEGIN
    DELETE FROM app_sends WHERE (kind, app, window_ms, slice) IN (
        SELECT kind, app, window_ms, slice FROM app_sends WHERE ends_at <= p_now LIMIT p_portion FOR UPDATE SKIP LOCKED
    );
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END
$$;
