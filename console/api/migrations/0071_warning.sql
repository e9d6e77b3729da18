-- Warnings (预警): red, orange, yellow, blue. What red and orange ones say needs a second person: until then the change
-- stands in wanted, and a new warning is proposed.
CREATE TABLE warning (
    id BIGINT PRIMARY KEY,
    number TEXT NOT NULL UNIQUE,
    level TEXT NOT NULL CHECK (level IN ('red', 'orange', 'yellow', 'blue')),
    title TEXT NOT NULL,
    measures TEXT NOT NULL,
    reason TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('proposed', 'refused', 'in_force', 'lifted')),
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    in_force_at BIGINT,
    valid_until BIGINT NOT NULL,
    ended_at BIGINT,
    wanted TEXT CHECK (wanted IN ('issue', 'red', 'orange', 'yellow', 'blue', 'lift')),
    wanted_by BIGINT REFERENCES account (id),
    wanted_reason TEXT NOT NULL,
    revision BIGINT NOT NULL,
    province TEXT NOT NULL,
    prefecture TEXT NOT NULL,
    county TEXT NOT NULL,
    unit_code TEXT NOT NULL
);
CREATE INDEX warning_state ON warning (state, valid_until);

-- The units that are warned, and their receipts.
CREATE TABLE warning_unit (
    warning_id BIGINT NOT NULL REFERENCES warning (id),
    received_by TEXT,
    received_at BIGINT,
    province TEXT NOT NULL,
    prefecture TEXT NOT NULL,
    county TEXT NOT NULL,
    unit_code TEXT NOT NULL,
    PRIMARY KEY (warning_id, unit_code)
);

CREATE TABLE warning_entry (
    id BIGINT PRIMARY KEY,
    warning_id BIGINT NOT NULL REFERENCES warning (id),
    time BIGINT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    detail TEXT NOT NULL
);
CREATE INDEX warning_entry_warning ON warning_entry (warning_id, id);

-- Notifications that somebody has read, by the name of what they are about.
CREATE TABLE notification_read (
    account_id BIGINT NOT NULL REFERENCES account (id),
    name TEXT NOT NULL,
    read_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, name)
)
