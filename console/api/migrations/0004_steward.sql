-- Data protection as people run it: catalogue, masking policies with two-person approval, shares, traces of leaks.

ALTER TABLE finding ADD COLUMN reviewed_by TEXT;

CREATE TABLE data_asset (
    id BIGINT PRIMARY KEY,
    name TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('database', 'file', 'interface', 'stream')),
    location TEXT NOT NULL,
    custodian TEXT NOT NULL,
    grade BIGINT NOT NULL,
    types TEXT NOT NULL,
    description TEXT NOT NULL,
    finding_id TEXT,
    state TEXT NOT NULL CHECK (state IN ('active', 'retired')),
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    updated_by TEXT NOT NULL,
    province TEXT NOT NULL,
    prefecture TEXT NOT NULL,
    county TEXT NOT NULL,
    unit_code TEXT NOT NULL REFERENCES unit (code)
);
CREATE INDEX data_asset_unit ON data_asset (unit_code, id);

-- A version is written by one person and decided by another.
CREATE TABLE masking_policy (
    id BIGINT PRIMARY KEY,
    name TEXT NOT NULL,
    version BIGINT NOT NULL,
    title TEXT NOT NULL,
    body TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('draft', 'submitted', 'approved', 'rejected', 'retired')),
    author TEXT NOT NULL,
    author_id BIGINT NOT NULL REFERENCES account (id),
    written_at BIGINT NOT NULL,
    decided_by TEXT,
    decided_by_id BIGINT REFERENCES account (id),
    decided_at BIGINT,
    reason TEXT,
    province TEXT NOT NULL,
    prefecture TEXT NOT NULL,
    county TEXT NOT NULL,
    unit_code TEXT NOT NULL REFERENCES unit (code),
    UNIQUE (name, version),
    CHECK (decided_by_id IS NULL OR decided_by_id <> author_id)
);

CREATE TABLE share_request (
    id BIGINT PRIMARY KEY,
    number TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    purpose TEXT NOT NULL,
    legal_basis TEXT NOT NULL,
    recipient TEXT NOT NULL,
    recipient_role TEXT NOT NULL,
    policy TEXT NOT NULL,
    file_name TEXT NOT NULL,
    file_sm3 TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('requested', 'approved', 'rejected', 'released')),
    requester TEXT NOT NULL,
    requester_id BIGINT NOT NULL REFERENCES account (id),
    created_at BIGINT NOT NULL,
    decided_by TEXT,
    decided_by_id BIGINT REFERENCES account (id),
    decided_at BIGINT,
    reason TEXT,
    released_at BIGINT,
    ledger_sequence BIGINT,
    copy_sm3 TEXT,
    copy_rows BIGINT,
    downloads BIGINT NOT NULL,
    province TEXT NOT NULL,
    prefecture TEXT NOT NULL,
    county TEXT NOT NULL,
    unit_code TEXT NOT NULL REFERENCES unit (code),
    CHECK (decided_by_id IS NULL OR decided_by_id <> requester_id)
);
CREATE INDEX share_request_state ON share_request (state, id);

CREATE TABLE leak_trace (
    id BIGINT PRIMARY KEY,
    file_name TEXT NOT NULL,
    file_sm3 TEXT NOT NULL,
    actor TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    report TEXT NOT NULL,
    province TEXT NOT NULL,
    prefecture TEXT NOT NULL,
    county TEXT NOT NULL,
    unit_code TEXT NOT NULL REFERENCES unit (code)
);
