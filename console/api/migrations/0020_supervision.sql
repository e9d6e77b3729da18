-- Inspection campaigns, what units answered, findings that become rectification tasks, and the state of controls.

CREATE TABLE campaign (
    id BIGINT PRIMARY KEY,
    number TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    basis TEXT NOT NULL,
    items TEXT NOT NULL,
    issuer_id BIGINT NOT NULL REFERENCES account (id),
    issuer_unit TEXT NOT NULL REFERENCES unit (code),
    created_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    closed_at BIGINT
);

CREATE TABLE inspection (
    campaign_id BIGINT NOT NULL REFERENCES campaign (id),
    answers TEXT NOT NULL,
    answered_at BIGINT,
    answered_by TEXT NOT NULL,
    revision BIGINT NOT NULL,
    province TEXT NOT NULL,
    prefecture TEXT NOT NULL,
    county TEXT NOT NULL,
    unit_code TEXT NOT NULL REFERENCES unit (code),
    PRIMARY KEY (campaign_id, unit_code)
);
CREATE INDEX inspection_county ON inspection (county, campaign_id);

CREATE TABLE inspection_finding (
    id BIGINT PRIMARY KEY,
    campaign_id BIGINT NOT NULL REFERENCES campaign (id),
    item BIGINT NOT NULL,
    text TEXT NOT NULL,
    source TEXT NOT NULL CHECK (source IN ('self', 'inspector')),
    created_at BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    task_id BIGINT REFERENCES task (id),
    province TEXT NOT NULL,
    prefecture TEXT NOT NULL,
    county TEXT NOT NULL,
    unit_code TEXT NOT NULL REFERENCES unit (code)
);
CREATE INDEX inspection_finding_campaign ON inspection_finding (campaign_id, unit_code);

CREATE TABLE control_state (
    catalogue TEXT NOT NULL,
    control TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('met', 'partly', 'unmet', 'not_applicable')),
    evidence TEXT NOT NULL,
    updated_at BIGINT NOT NULL,
    updated_by TEXT NOT NULL,
    province TEXT NOT NULL,
    prefecture TEXT NOT NULL,
    county TEXT NOT NULL,
    unit_code TEXT NOT NULL REFERENCES unit (code),
    PRIMARY KEY (unit_code, catalogue, control)
);
