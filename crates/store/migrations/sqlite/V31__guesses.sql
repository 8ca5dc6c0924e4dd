-- Guesses of a signed-in user's own secrets (kind: 'password', 'totp') since the last right one: each is counted
-- before it is tested. ends_at: when they are forgotten, milliseconds.
CREATE TABLE guesses (
  uid TEXT NOT NULL,
  kind TEXT NOT NULL,
  count INTEGER NOT NULL,
  ends_at INTEGER NOT NULL,
  PRIMARY KEY (uid, kind)
) WITHOUT ROWID;
CREATE INDEX guesses_end ON guesses (ends_at);
CREATE TRIGGER users_forget_guesses AFTER DELETE ON users
BEGIN
  DELETE FROM guesses WHERE uid = OLD.id;
END;
