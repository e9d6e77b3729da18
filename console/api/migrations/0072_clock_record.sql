-- How, to whom and when what a legal clock asks for was done, and when and by whom that was written down here.
ALTER TABLE clock ADD COLUMN channel TEXT;
ALTER TABLE clock ADD COLUMN recipient TEXT;
ALTER TABLE clock ADD COLUMN record TEXT;
ALTER TABLE clock ADD COLUMN recorded_at BIGINT;
ALTER TABLE clock ADD COLUMN recorded_by TEXT
