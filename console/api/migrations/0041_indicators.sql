-- Indicators of compromise as people see them: lists that came with the program or were imported, their lines, and who
-- retired which. The analyzer reads the files that are written from here.

CREATE TABLE indicator_list (
    name TEXT PRIMARY KEY,
    origin TEXT NOT NULL CHECK (origin IN ('given', 'import')),
    digest TEXT NOT NULL,
    changed_at BIGINT NOT NULL,
    changed_by TEXT NOT NULL,
    province TEXT NOT NULL,
    prefecture TEXT NOT NULL,
    county TEXT NOT NULL,
    unit_code TEXT NOT NULL
);

CREATE TABLE indicator (
    id BIGINT PRIMARY KEY,
    list TEXT NOT NULL REFERENCES indicator_list (name),
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    severity BIGINT NOT NULL,
    expires_at BIGINT,
    description TEXT NOT NULL,
    description_zh TEXT NOT NULL,
    reference TEXT NOT NULL,
    added_at BIGINT NOT NULL,
    added_by TEXT NOT NULL,
    retired_at BIGINT,
    retired_by TEXT,
    retired_for TEXT,
    province TEXT NOT NULL,
    prefecture TEXT NOT NULL,
    county TEXT NOT NULL,
    unit_code TEXT NOT NULL,
    UNIQUE (list, kind, value)
);
CREATE INDEX indicator_value ON indicator (value);

-- How often an indicator was found is how often its rule fired.
CREATE INDEX rule_day_rule ON rule_day (rule_id, day, count)
