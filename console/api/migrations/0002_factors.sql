-- Second factors. The secret of a TOTP is sealed with the console's key file; recovery codes are kept as digests.

CREATE TABLE account_totp (
    account_id BIGINT PRIMARY KEY REFERENCES account (id),
    secret TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    confirmed_at BIGINT,
    last_step BIGINT NOT NULL
);

CREATE TABLE account_recovery (
    code_sm3 TEXT PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES account (id)
);
CREATE INDEX account_recovery_account ON account_recovery (account_id);

CREATE TABLE account_key (
    id BIGINT PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES account (id),
    name TEXT NOT NULL,
    key_id TEXT NOT NULL,
    public_key TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    used_at BIGINT,
    UNIQUE (account_id, key_id)
);

-- Challenges that were answered, until they are too old to be answered again.
CREATE TABLE login_challenge (
    challenge_sm3 TEXT PRIMARY KEY,
    answered_at BIGINT NOT NULL
);
