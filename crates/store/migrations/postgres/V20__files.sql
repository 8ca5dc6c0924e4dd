-- Files that clients uploaded; their bytes are in the data folder. owner '' is nobody.
CREATE TABLE files (
    id text PRIMARY KEY,
    owner text NOT NULL,
    app text NOT NULL,
    cloud_path text NOT NULL,
    size bigint NOT NULL,
    media_type text NOT NULL,
    created_at bigint NOT NULL
);
CREATE INDEX files_owner ON files (owner, size);

-- What files take: sums by owner and, under '*', of all, so that nothing is added up at each upload.
CREATE TABLE file_sizes (
    owner text PRIMARY KEY,
    bytes bigint NOT NULL
);
INSERT INTO file_sizes (owner, bytes) VALUES ('*', 0);

CREATE FUNCTION lingpai_add_file(
    p_id text, p_owner text, p_app text, p_cloud_path text, p_size bigint, p_media_type text, p_now bigint, p_per_owner bigint, p_total bigint
) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_owner bigint;
    v_total bigint;
BEGIN
    -- The row of all is locked first: uploads that end at once wait for each other here, for a moment.
    SELECT bytes INTO v_total FROM file_sizes WHERE owner = '*' FOR UPDATE;
    IF EXISTS (SELECT FROM files WHERE id = p_id) THEN
        RETURN 'taken';
    END IF;
    SELECT coalesce((SELECT bytes FROM file_sizes WHERE owner = p_owner), 0) INTO v_owner;
    IF v_owner + p_size > p_per_owner OR v_total + p_size > p_total THEN
        RETURN 'over';
    END IF;
    INSERT INTO files (id, owner, app, cloud_path, size, media_type, created_at)
    VALUES (p_id, p_owner, p_app, p_cloud_path, p_size, p_media_type, p_now);
    UPDATE file_sizes SET bytes = bytes + p_size WHERE owner = '*';
    INSERT INTO file_sizes AS s (owner, bytes) VALUES (p_owner, p_size) ON CONFLICT (owner) DO UPDATE SET bytes = s.bytes + excluded.bytes;
    RETURN 'done';
END
$$;

CREATE FUNCTION lingpai_remove_file(p_id text, p_owner text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    v_owner text;
    v_size bigint;
BEGIN
    PERFORM FROM file_sizes WHERE owner = '*' FOR UPDATE;
    DELETE FROM files WHERE id = p_id AND (p_owner IS NULL OR owner = p_owner) RETURNING owner, size INTO v_owner, v_size;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    UPDATE file_sizes SET bytes = bytes - v_size WHERE owner IN (v_owner, '*');
    RETURN true;
END
$$;
