-- Hunts over the past, with what they found: a row is written when one begins and again when it ends.
CREATE TABLE retro_hunt (
    id BIGINT PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES account (id),
    started_at BIGINT NOT NULL,
    is_running SMALLINT NOT NULL,
    view TEXT NOT NULL,
    report TEXT,
    province TEXT NOT NULL,
    prefecture TEXT NOT NULL,
    county TEXT NOT NULL,
    unit_code TEXT NOT NULL
);
CREATE INDEX retro_hunt_account ON retro_hunt (account_id, id)
