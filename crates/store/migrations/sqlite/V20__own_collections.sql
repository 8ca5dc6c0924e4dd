-- Documents of one collection in the order of insertion.
CREATE INDEX documents_collection ON documents (collection, seq);
