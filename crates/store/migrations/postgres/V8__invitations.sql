-- Who invited whom.

ALTER TABLE users ADD COLUMN invited boolean NOT NULL DEFAULT false;

-- inviter_uid of a user is the inviter and the inviter's own list; tail is the rest of the list that the user
-- was imported with, for an inviter who has no row. Documents have an empty list in its place, and
-- users.invited is set. Rows of users who are gone stay: they link those below to those above.
CREATE TABLE invitations (
    uid text PRIMARY KEY,
    inviter text NOT NULL,
    tail text[]
);
CREATE INDEX invitations_inviter ON invitations (inviter, uid COLLATE "C");

-- The rows that lead up from a user: [inviters, the last row's tail]. At most 1000: imported data may go
-- round in circles.
CREATE FUNCTION lingpai_ancestry(p_uid text) RETURNS json LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        WITH RECURSIVE up (uid, depth, inviter) AS (
            SELECT i.uid, 1, i.inviter FROM invitations AS i WHERE i.uid = p_uid
            UNION ALL
            SELECT i.uid, up.depth + 1, i.inviter FROM up JOIN invitations AS i ON i.uid = up.inviter WHERE up.depth < 1000
        )
        SELECT json_build_array(
            coalesce(json_agg(up.inviter ORDER BY up.depth), '[]'),
            (SELECT i.tail FROM invitations AS i WHERE i.uid = (SELECT last.uid FROM up AS last ORDER BY last.depth DESC LIMIT 1))
        )
        FROM up
    );
END
$$;

-- Makes a locked user's row that of a list, the direct inviter first; NULL: nobody.
CREATE FUNCTION lingpai_set_inviters(p_uid text, p_inviters text[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF p_inviters IS NULL THEN
        DELETE FROM invitations WHERE uid = p_uid;
    ELSE
        INSERT INTO invitations (uid, inviter, tail) VALUES (p_uid, p_inviters[1], nullif(p_inviters[2:], '{}'))
        ON CONFLICT (uid) DO UPDATE SET inviter = excluded.inviter, tail = excluded.tail;
    END IF;
END
$$;

-- Makes rows for those in an imported list who are no users (any more), so that the user is found below
-- everybody in the list.
CREATE FUNCTION lingpai_link_missing(p_inviters text[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF p_inviters IS NULL THEN
        RETURN;
    END IF;
    INSERT INTO invitations (uid, inviter, tail)
    SELECT p_inviters[n], p_inviters[n + 1], nullif(p_inviters[n + 2:], '{}')
    FROM generate_series(1, least(cardinality(p_inviters) - 1, 1000)) AS n
    WHERE NOT EXISTS (SELECT FROM users WHERE id = p_inviters[n])
    ON CONFLICT (uid) DO NOTHING;
END
$$;

-- One acceptance at a time, so that no two of them close a circle.
CREATE FUNCTION lingpai_accept_invite(p_uid text, p_inviter text, p_changes json) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_user record;
    v_named json;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('invitations', 0));
    PERFORM lingpai_lock_users(p_uid, p_uid);
    SELECT doc, invited INTO v_user FROM users WHERE id = p_uid;
    IF NOT FOUND OR NOT EXISTS (SELECT FROM users WHERE id = p_inviter) THEN
        RETURN 'gone';
    END IF;
    v_named := lingpai_readable(v_user.doc) -> 'inviter_uid';
    IF v_user.invited
        OR (json_typeof(v_named) = 'array' AND json_array_length(v_named) > 0)
        OR (json_typeof(v_named) <> 'array' AND v_named::text NOT IN ('null', 'false', '""'))
    THEN
        RETURN 'has_inviter';
    END IF;
    IF p_uid = p_inviter OR EXISTS (
        WITH RECURSIVE up (inviter, depth) AS (
            SELECT i.inviter, 1 FROM invitations AS i WHERE i.uid = p_inviter
            UNION ALL
            SELECT i.inviter, up.depth + 1 FROM up JOIN invitations AS i ON i.uid = up.inviter
            WHERE up.depth < 1000 AND up.inviter <> p_uid
        )
        -- A way up that is too long to look at counts as a circle.
        SELECT FROM up WHERE up.inviter = p_uid OR up.depth = 1000
    ) THEN
        RETURN 'circle';
    END IF;
    PERFORM lingpai_set_inviters(p_uid, ARRAY[p_inviter]);
    UPDATE users SET doc = lingpai_with(doc, p_changes), invited = true WHERE id = p_uid;
    RETURN 'done';
END
$$;
