-- What follows a scorecard: an appeal (申诉) of the unit, and a talk (约谈) with what has to be put right.
CREATE TABLE score_appeal (
    id BIGINT PRIMARY KEY,
    period_from BIGINT NOT NULL,
    period_to BIGINT NOT NULL,
    text TEXT NOT NULL,
    asked_by TEXT NOT NULL,
    asked_by_id BIGINT NOT NULL REFERENCES account (id),
    asked_at BIGINT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'accepted', 'refused')),
    decided_by TEXT,
    decided_by_id BIGINT REFERENCES account (id),
    decided_at BIGINT,
    decision TEXT,
    province TEXT NOT NULL,
    prefecture TEXT NOT NULL,
    county TEXT NOT NULL,
    unit_code TEXT NOT NULL REFERENCES unit (code),
    CHECK (decided_by_id IS NULL OR decided_by_id <> asked_by_id)
);

CREATE TABLE talk (
    id BIGINT PRIMARY KEY,
    person TEXT NOT NULL,
    reason TEXT NOT NULL,
    basis TEXT NOT NULL,
    measures TEXT NOT NULL,
    held_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    recorded_by TEXT NOT NULL,
    closed_at BIGINT,
    closed_by TEXT,
    outcome TEXT,
    province TEXT NOT NULL,
    prefecture TEXT NOT NULL,
    county TEXT NOT NULL,
    unit_code TEXT NOT NULL REFERENCES unit (code)
)
