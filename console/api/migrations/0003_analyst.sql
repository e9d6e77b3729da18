-- What analysts need beside the queue: suppressions, saved views and hunts, handovers, entities, noise of rules.

ALTER TABLE alert ADD COLUMN suppression_id BIGINT;
CREATE INDEX alert_rule ON alert (rule_id, time);

CREATE TABLE suppression (
    id BIGINT PRIMARY KEY,
    title TEXT NOT NULL,
    rule_id TEXT,
    source_ip TEXT,
    destination_ip TEXT,
    reason TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    ended_at BIGINT,
    ended_by TEXT,
    matched BIGINT NOT NULL,
    last_match_at BIGINT,
    province TEXT NOT NULL,
    prefecture TEXT NOT NULL,
    county TEXT NOT NULL,
    unit_code TEXT NOT NULL REFERENCES unit (code)
);
CREATE INDEX suppression_running ON suppression (expires_at) WHERE ended_at IS NULL;

CREATE TABLE saved_view (
    id BIGINT PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES account (id),
    kind TEXT NOT NULL CHECK (kind IN ('alerts', 'events')),
    name TEXT NOT NULL,
    search TEXT NOT NULL,
    shared SMALLINT NOT NULL,
    created_at BIGINT NOT NULL,
    province TEXT NOT NULL,
    prefecture TEXT NOT NULL,
    county TEXT NOT NULL,
    unit_code TEXT NOT NULL REFERENCES unit (code),
    UNIQUE (account_id, kind, name)
);

CREATE TABLE handover (
    id BIGINT PRIMARY KEY,
    author TEXT NOT NULL,
    author_id BIGINT NOT NULL REFERENCES account (id),
    created_at BIGINT NOT NULL,
    text TEXT NOT NULL,
    numbers TEXT NOT NULL,
    incidents TEXT NOT NULL,
    taken_by TEXT,
    taken_at BIGINT,
    province TEXT NOT NULL,
    prefecture TEXT NOT NULL,
    county TEXT NOT NULL,
    unit_code TEXT NOT NULL REFERENCES unit (code)
);

-- Who and what alerts are about, so that the page of an entity never searches texts.
CREATE TABLE alert_entity (
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    alert_id TEXT NOT NULL REFERENCES alert (id),
    time BIGINT NOT NULL,
    severity BIGINT NOT NULL,
    role TEXT NOT NULL,
    asset TEXT,
    province TEXT NOT NULL,
    prefecture TEXT NOT NULL,
    county TEXT NOT NULL,
    unit_code TEXT NOT NULL,
    PRIMARY KEY (alert_id, kind, value)
);
CREATE INDEX alert_entity_value ON alert_entity (kind, value, time);

-- How often a rule fires and how often people called it wrong, by day and unit.
CREATE TABLE rule_day (
    day BIGINT NOT NULL,
    rule_id TEXT NOT NULL,
    unit_code TEXT NOT NULL,
    source TEXT NOT NULL,
    title_zh TEXT NOT NULL,
    title_en TEXT NOT NULL,
    severity BIGINT NOT NULL,
    count BIGINT NOT NULL,
    suppressed BIGINT NOT NULL,
    false_positives BIGINT NOT NULL,
    province TEXT NOT NULL,
    prefecture TEXT NOT NULL,
    county TEXT NOT NULL,
    PRIMARY KEY (day, rule_id, unit_code)
);
