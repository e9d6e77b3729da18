-- What became of the files that came from above. `kept` until the part that puts it in force has looked at it, `waiting`
-- until a person has decided.
CREATE TABLE tier_force (
    kind TEXT NOT NULL,
    obj TEXT NOT NULL,
    rev BIGINT NOT NULL,
    sm3 TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('kept', 'waiting', 'in_force', 'refused')),
    version BIGINT NOT NULL,
    reason TEXT NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (kind, obj)
);

-- The masking policies that such a file put forward.
CREATE TABLE tier_offer (
    policy_id BIGINT PRIMARY KEY REFERENCES masking_policy (id),
    obj TEXT NOT NULL,
    rev BIGINT NOT NULL
)
