-- Settings that administrators made while the console runs, one row per version. What is in force stands in the place of
-- the settings file; a value of NULL gives the file's value back. What weakens or strengthens who gets in is proposed by
-- one administrator and decided by another.
CREATE TABLE setting_version (
    id BIGINT PRIMARY KEY,
    name TEXT NOT NULL,
    before TEXT NOT NULL,
    value TEXT,
    state TEXT NOT NULL CHECK (state IN ('proposed', 'in_force', 'replaced', 'refused', 'withdrawn')),
    reason TEXT NOT NULL,
    author TEXT NOT NULL,
    author_id BIGINT NOT NULL REFERENCES account (id),
    written_at BIGINT NOT NULL,
    restored_from BIGINT,
    decided_by TEXT,
    decided_by_id BIGINT REFERENCES account (id),
    decided_at BIGINT,
    decision TEXT,
    province TEXT NOT NULL,
    prefecture TEXT NOT NULL,
    county TEXT NOT NULL,
    unit_code TEXT NOT NULL,
    CHECK (decided_by_id IS NULL OR decided_by_id <> author_id)
);
CREATE UNIQUE INDEX setting_version_in_force ON setting_version (name) WHERE state = 'in_force';
CREATE UNIQUE INDEX setting_version_proposed ON setting_version (name) WHERE state = 'proposed'
