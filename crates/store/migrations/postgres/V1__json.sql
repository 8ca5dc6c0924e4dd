-- Reading and changing documents kept as type json.
--
-- Documents are of type json, not jsonb: json keeps the text as it came, the escape \u0000 and the
-- order of members included. PostgreSQL cannot read a text that holds U+0000, so before a document
-- is looked into, U+0000 becomes U+0001 '0' and U+0001 becomes U+0001 '1'. Texts that go into plain
-- columns are written in the same way by the program (src/postgres/text.rs).

CREATE FUNCTION lingpai_readable(p_doc json) RETURNS json
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT replace(replace(p_doc::text, '\u0001', '\u00011'), '\u0000', '\u00010')::json
$$;

-- The integer that a JSON value is; NULL for everything else, "1" and 1.0 included.
CREATE FUNCTION lingpai_integer(p_value json) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN p_value::text ~ '^-?[0-9]{1,18}$' THEN p_value::text::bigint END
$$;

-- A document with some members replaced in their places, and new ones at its end.
CREATE FUNCTION lingpai_with(p_doc json, p_changes json) RETURNS json
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    WITH old AS (
        SELECT o.key, o.value::text AS value, o.place
        FROM json_each(lingpai_readable(p_doc)) WITH ORDINALITY AS o(key, value, place)
    ), new AS (
        SELECT n.key, n.value::text AS value, n.place
        FROM json_each(lingpai_readable(p_changes)) WITH ORDINALITY AS n(key, value, place)
    ), members AS (
        SELECT 0 AS part, old.place, old.key, coalesce(new.value, old.value) AS value FROM old LEFT JOIN new USING (key)
        UNION ALL
        SELECT 1, new.place, new.key, new.value FROM new WHERE NOT EXISTS (SELECT FROM old WHERE old.key = new.key)
    ), composed AS (
        SELECT '{' || coalesce(string_agg(to_json(key)::text || ':' || value, ',' ORDER BY part, place), '') || '}' AS doc FROM members
    )
    SELECT replace(replace(doc, '\u00010', '\u0000'), '\u00011', '\u0001')::json FROM composed
$$;
