-- What follows from a document whoever writes it, an operator's own SQL included.

CREATE FUNCTION lingpai_users_derive() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    v_doc json := lingpai_readable(NEW.doc);
    v_role json := v_doc -> 'role';
BEGIN
    NEW.status := lingpai_integer(v_doc -> 'status');
    NEW.valid_token_date := lingpai_integer(v_doc -> 'valid_token_date');
    NEW.roles := CASE json_typeof(v_role)
        WHEN 'string' THEN ARRAY[v_role #>> '{}']
        WHEN 'array' THEN ARRAY(SELECT r #>> '{}' FROM json_array_elements(v_role) AS r WHERE json_typeof(r) = 'string')
        ELSE '{}'
    END;
    IF TG_OP = 'UPDATE' THEN
        NEW.revision := OLD.revision + 1;
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER users_derive BEFORE INSERT OR UPDATE OF doc ON users
    FOR EACH ROW EXECUTE FUNCTION lingpai_users_derive();

CREATE FUNCTION lingpai_users_tell() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    v_roles boolean;
    v_heard boolean;
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO logins (uid, revision, valid_token_date) VALUES (NEW.id, NEW.revision, NEW.valid_token_date);
        v_roles := NEW.roles <> '{}';
        v_heard := NEW.status BETWEEN 1 AND 4 OR NEW.valid_token_date IS NOT NULL;
    ELSE
        UPDATE logins SET revision = NEW.revision, valid_token_date = NEW.valid_token_date WHERE uid = NEW.id;
        v_roles := NEW.roles <> OLD.roles;
        v_heard := v_roles OR NEW.status IS DISTINCT FROM OLD.status OR NEW.valid_token_date IS DISTINCT FROM OLD.valid_token_date;
        IF v_roles THEN
            DELETE FROM user_roles WHERE uid = NEW.id;
        END IF;
    END IF;
    IF v_roles THEN
        INSERT INTO user_roles (role, uid) SELECT DISTINCT r, NEW.id FROM unnest(NEW.roles) AS r;
    END IF;
    IF v_heard THEN
        DELETE FROM gate_changes WHERE kind = 'user' AND key = NEW.id AND hash IS NULL;
        INSERT INTO gate_changes (kind, key, valid_token_date, status, roles)
        VALUES ('user', NEW.id, NEW.valid_token_date, NEW.status, NEW.roles);
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER users_tell AFTER INSERT OR UPDATE OF doc ON users
    FOR EACH ROW EXECUTE FUNCTION lingpai_users_tell();

CREATE FUNCTION lingpai_users_forget() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM logins WHERE uid = OLD.id;
    DELETE FROM identities WHERE uid = OLD.id;
    DELETE FROM user_roles WHERE uid = OLD.id;
    DELETE FROM sessions WHERE uid = OLD.id;
    DELETE FROM login_attempts WHERE uid = OLD.id;
    RETURN NULL;
END
$$;
CREATE TRIGGER users_forget AFTER DELETE ON users
    FOR EACH ROW EXECUTE FUNCTION lingpai_users_forget();

CREATE FUNCTION lingpai_roles_tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM gate_changes WHERE kind = 'roles' AND key IS NULL AND hash IS NULL;
    INSERT INTO gate_changes (kind) VALUES ('roles');
    RETURN NULL;
END
$$;
CREATE TRIGGER roles_written AFTER INSERT OR UPDATE ON documents
    FOR EACH ROW WHEN (NEW.collection = 'uni-id-roles') EXECUTE FUNCTION lingpai_roles_tell();
CREATE TRIGGER roles_removed AFTER DELETE ON documents
    FOR EACH ROW WHEN (OLD.collection = 'uni-id-roles') EXECUTE FUNCTION lingpai_roles_tell();
