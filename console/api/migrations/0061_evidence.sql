-- Requests for evidence (调阅): those made here (`asked`) and those made of this node (`owed`). One request is one row on
-- either side, with the same name.
CREATE TABLE evidence_request (
    id TEXT NOT NULL,
    side TEXT NOT NULL CHECK (side IN ('asked', 'owed')),
    alert_id TEXT NOT NULL,
    node TEXT NOT NULL,
    reason TEXT NOT NULL,
    asked_by TEXT NOT NULL,
    asked_at BIGINT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'refused', 'approved', 'delivered')),
    decided_by TEXT NOT NULL,
    decided_at BIGINT,
    decision TEXT NOT NULL,
    sm3 TEXT NOT NULL,
    bytes BIGINT NOT NULL,
    province TEXT NOT NULL,
    prefecture TEXT NOT NULL,
    county TEXT NOT NULL,
    unit_code TEXT NOT NULL,
    PRIMARY KEY (id, side)
);
CREATE INDEX evidence_request_time ON evidence_request (asked_at, id)
