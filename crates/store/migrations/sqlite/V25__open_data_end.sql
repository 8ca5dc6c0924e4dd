-- When values of opendb-open-data end, so that those can be removed: handshakes of mini programs leave one each.
CREATE INDEX documents_open_data_end ON documents (doc ->> '$.expired') WHERE collection = 'opendb-open-data';
