-- Signed statements of how long the audit log was and what it ended in; the parent's countersignature is its signed message.
CREATE TABLE audit_checkpoint (
    length BIGINT PRIMARY KEY,
    head TEXT NOT NULL,
    time BIGINT NOT NULL,
    signature TEXT NOT NULL,
    countersignature TEXT
);

-- The newest checkpoint of every child's audit log, as this node countersigned it.
CREATE TABLE tier_anchor (
    node TEXT PRIMARY KEY,
    length BIGINT NOT NULL,
    head TEXT NOT NULL,
    time BIGINT NOT NULL
)
