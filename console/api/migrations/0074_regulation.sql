-- Policies (制度): what an organisation rules for itself, in versions. What was published is never changed: another version
-- takes its place, and every unit it is for signs that one anew.
CREATE TABLE regulation (
    id BIGINT PRIMARY KEY,
    number TEXT NOT NULL UNIQUE,
    category TEXT NOT NULL CHECK (category IN ('governance', 'emergency', 'operations', 'education', 'supervision')),
    kind TEXT NOT NULL CHECK (kind IN ('regime', 'rule', 'procedure')),
    version BIGINT NOT NULL,
    withdrawn_at BIGINT,
    province TEXT NOT NULL,
    prefecture TEXT NOT NULL,
    county TEXT NOT NULL,
    unit_code TEXT NOT NULL
);

CREATE TABLE regulation_version (
    regulation_id BIGINT NOT NULL REFERENCES regulation (id),
    version BIGINT NOT NULL,
    title TEXT NOT NULL,
    content TEXT NOT NULL,
    changes TEXT NOT NULL,
    effective_at BIGINT NOT NULL,
    sign_by BIGINT NOT NULL,
    published_by TEXT NOT NULL,
    published_at BIGINT NOT NULL,
    PRIMARY KEY (regulation_id, version)
);

CREATE TABLE regulation_file (
    regulation_id BIGINT NOT NULL,
    version BIGINT NOT NULL,
    name TEXT NOT NULL,
    media_type TEXT NOT NULL,
    size BIGINT NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (regulation_id, version),
    FOREIGN KEY (regulation_id, version) REFERENCES regulation_version (regulation_id, version)
);

-- The units that sign a version, and their signatures.
CREATE TABLE regulation_unit (
    regulation_id BIGINT NOT NULL,
    version BIGINT NOT NULL,
    signed_by TEXT,
    signed_at BIGINT,
    urged_at BIGINT,
    province TEXT NOT NULL,
    prefecture TEXT NOT NULL,
    county TEXT NOT NULL,
    unit_code TEXT NOT NULL,
    PRIMARY KEY (regulation_id, version, unit_code),
    FOREIGN KEY (regulation_id, version) REFERENCES regulation_version (regulation_id, version)
);
CREATE INDEX regulation_unit_code ON regulation_unit (unit_code, signed_at)
