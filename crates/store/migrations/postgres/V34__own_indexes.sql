-- What indexes on a project's own collections are made of; the program makes them as the project asks. Bodies name
-- nothing outside of pg_catalog, so that a dump can be restored.

-- The value of a field, digested: values may be longer than an index takes. What is not there is null. U+0000 is
-- written as in lingpai_readable.
CREATE FUNCTION lingpai_key(p_doc json, p_path text[]) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT encode(sha256(convert_to(
        coalesce((replace(replace(p_doc::text, '\u0001', '\u00011'), '\u0000', '\u00010')::json #> p_path)::text, 'null'),
        'UTF8')), 'hex')
$$;

-- Whether a field is a list.
CREATE FUNCTION lingpai_is_list(p_doc json, p_path text[]) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(json_typeof(replace(replace(p_doc::text, '\u0001', '\u00011'), '\u0000', '\u00010')::json #> p_path) = 'array', false)
$$;

-- Whether there is a field at all.
CREATE FUNCTION lingpai_has(p_doc json, p_path text[]) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (replace(replace(p_doc::text, '\u0001', '\u00011'), '\u0000', '\u00010')::json #> p_path) IS NOT NULL
$$;
