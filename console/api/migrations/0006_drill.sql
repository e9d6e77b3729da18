-- Drills: what the attackers of an exercise did and when, to be held against what was detected.

CREATE TABLE drill (
    id BIGINT PRIMARY KEY,
    title TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    ended_at BIGINT,
    created_by TEXT NOT NULL,
    province TEXT NOT NULL,
    prefecture TEXT NOT NULL,
    county TEXT NOT NULL,
    unit_code TEXT NOT NULL REFERENCES unit (code)
);

CREATE TABLE drill_action (
    id BIGINT PRIMARY KEY,
    drill_id BIGINT NOT NULL REFERENCES drill (id),
    at BIGINT NOT NULL,
    technique TEXT NOT NULL,
    target TEXT NOT NULL,
    note TEXT NOT NULL
);
CREATE INDEX drill_action_drill ON drill_action (drill_id, at);
