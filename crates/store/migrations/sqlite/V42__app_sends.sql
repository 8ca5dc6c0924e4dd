-- How many codes applications sent lately, whichever node sent them. kind: 'mobile', 'email'. Each window
-- (milliseconds) is counted for itself, in slices; slice is the time by the slice's length, ends_at (milliseconds)
-- when the last code of the slice leaves the window.
CREATE TABLE app_sends (
  kind TEXT NOT NULL,
  app TEXT NOT NULL,
  window_ms INTEGER NOT NULL,
  slice INTEGER NOT NULL,
  count INTEGER NOT NULL,
  ends_at INTEGER NOT NULL,
  PRIMARY KEY (kind, app, window_ms, slice)
) WITHOUT ROWID;
CREATE INDEX app_sends_end ON app_sends (ends_at);
