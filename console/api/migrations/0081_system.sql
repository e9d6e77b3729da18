-- Systems that an organisation runs: at which level of the multi-level protection, when filed, assessed and examined for
-- cryptography. When the next assessment is due follows from level and date.
CREATE TABLE system_register (
    id BIGINT PRIMARY KEY,
    name TEXT NOT NULL,
    level BIGINT NOT NULL CHECK (level BETWEEN 1 AND 4),
    owner TEXT NOT NULL,
    filing TEXT NOT NULL,
    filed_at BIGINT,
    assessed_at BIGINT,
    crypto_at BIGINT,
    note TEXT NOT NULL,
    updated_by TEXT NOT NULL,
    updated_at BIGINT NOT NULL,
    retired_at BIGINT,
    domain TEXT NOT NULL,
    province TEXT NOT NULL,
    prefecture TEXT NOT NULL,
    county TEXT NOT NULL,
    unit_code TEXT NOT NULL REFERENCES unit (code)
);
CREATE INDEX system_register_unit ON system_register (unit_code) WHERE retired_at IS NULL
