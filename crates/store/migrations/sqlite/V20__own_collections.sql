-- Documents of one collection in the order of insertion.
CREATE INDEX documents_collection ON documents (collection, seq);

-- Files that clients uploaded; their bytes are in the data folder. owner '' is nobody.
CREATE TABLE files (
  id TEXT PRIMARY KEY,
  owner TEXT NOT NULL,
  app TEXT NOT NULL,
  cloud_path TEXT NOT NULL,
  size INTEGER NOT NULL,
  media_type TEXT NOT NULL,
  created_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX files_owner ON files (owner, size);

-- What files take: sums by owner and, under '*', of all, so that nothing is added up at each upload.
CREATE TABLE file_sizes (
  owner TEXT PRIMARY KEY,
  bytes INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TRIGGER files_added AFTER INSERT ON files BEGIN
  INSERT INTO file_sizes (owner, bytes) VALUES (NEW.owner, NEW.size), ('*', NEW.size)
    ON CONFLICT (owner) DO UPDATE SET bytes = bytes + NEW.size;
END;
CREATE TRIGGER files_removed AFTER DELETE ON files BEGIN
  UPDATE file_sizes SET bytes = bytes - OLD.size WHERE owner IN (OLD.owner, '*');
END;
