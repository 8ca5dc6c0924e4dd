-- lingpai-passkeys. uid is user_id of the document, credential its credential_id where that is one (base64url):
-- how authenticators name the passkey, unique among all users. The users' documents count them (passkeys).
CREATE TABLE passkeys (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  uid TEXT,
  credential TEXT UNIQUE,
  doc TEXT NOT NULL
);
CREATE INDEX passkeys_uid ON passkeys (uid) WHERE uid IS NOT NULL;
CREATE TRIGGER users_forget_passkeys AFTER DELETE ON users
BEGIN
  DELETE FROM passkeys WHERE uid = OLD.id;
END;
