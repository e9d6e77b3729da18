-- Units that work on an incident together with the one it belongs to; one of them may lead.
CREATE TABLE incident_participant (
    incident_id TEXT NOT NULL REFERENCES incident (id),
    role TEXT NOT NULL CHECK (role IN ('lead', 'assist')),
    added_by TEXT NOT NULL,
    added_at BIGINT NOT NULL,
    province TEXT NOT NULL,
    prefecture TEXT NOT NULL,
    county TEXT NOT NULL,
    unit_code TEXT NOT NULL REFERENCES unit (code),
    PRIMARY KEY (incident_id, unit_code)
)
