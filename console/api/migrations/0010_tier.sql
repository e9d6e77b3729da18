-- Nodes above and below this one, and the streams between them. Digests and keys are hexadecimal digits.

-- This node: a new epoch is begun when its database was restored.
CREATE TABLE tier_self (
    id SMALLINT PRIMARY KEY CHECK (id = 1),
    epoch BIGINT NOT NULL,
    oseq BIGINT NOT NULL
);

CREATE TABLE tier_node (
    id TEXT PRIMARY KEY,
    relation TEXT NOT NULL CHECK (relation IN ('parent', 'ancestor', 'child')),
    role TEXT NOT NULL CHECK (role IN ('console', 'sensor')),
    public_key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'active', 'revoked')),
    enrolled_at BIGINT NOT NULL,
    decided_at BIGINT,
    decided_by TEXT,
    last_contact BIGINT,
    skew BIGINT,
    counter BIGINT NOT NULL,
    measurement TEXT NOT NULL,
    trusted_measurement TEXT NOT NULL,
    province TEXT NOT NULL,
    prefecture TEXT NOT NULL,
    county TEXT NOT NULL,
    unit_code TEXT NOT NULL
);

CREATE TABLE tier_code (
    code_sm3 TEXT PRIMARY KEY,
    node TEXT NOT NULL,
    role TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);

CREATE TABLE tier_sending (
    peer TEXT NOT NULL,
    lane BIGINT NOT NULL,
    epoch BIGINT NOT NULL,
    next_seq BIGINT NOT NULL,
    head TEXT NOT NULL,
    acknowledged BIGINT NOT NULL,
    floor_seq BIGINT NOT NULL,
    PRIMARY KEY (peer, lane)
);

CREATE TABLE tier_outbox (
    peer TEXT NOT NULL,
    lane BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    prior TEXT NOT NULL,
    link TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    message TEXT NOT NULL,
    PRIMARY KEY (peer, lane, seq)
);

CREATE TABLE tier_receiving (
    peer TEXT NOT NULL,
    lane BIGINT NOT NULL,
    epoch BIGINT NOT NULL,
    cursor_seq BIGINT NOT NULL,
    head TEXT NOT NULL,
    sending BIGINT NOT NULL,
    PRIMARY KEY (peer, lane)
);

-- Digests of what a stream brought, for reconciliation.
CREATE TABLE tier_taken (
    peer TEXT NOT NULL,
    lane BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    link TEXT NOT NULL,
    taken_at BIGINT NOT NULL,
    PRIMARY KEY (peer, lane, seq)
);

-- Every message that was ever taken: what is here never takes effect again.
CREATE TABLE tier_inbox (
    origin TEXT NOT NULL,
    epoch BIGINT NOT NULL,
    oseq BIGINT NOT NULL,
    peer TEXT NOT NULL,
    kind TEXT NOT NULL,
    obj TEXT NOT NULL,
    taken_at BIGINT NOT NULL,
    number BIGINT NOT NULL,
    PRIMARY KEY (origin, epoch, oseq)
);
CREATE INDEX tier_inbox_number ON tier_inbox (number);

-- The newest revision of every object that came from another node, and of those this node sent.
CREATE TABLE tier_object (
    kind TEXT NOT NULL,
    obj TEXT NOT NULL,
    owner TEXT NOT NULL,
    rev BIGINT NOT NULL,
    ts BIGINT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (kind, obj)
);

-- Refusals by reason, for the node page and the metrics; each one is in the audit log as well.
CREATE TABLE tier_refusal (
    peer TEXT NOT NULL,
    reason TEXT NOT NULL,
    number BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    PRIMARY KEY (peer, reason)
)
