-- Keys by which other applications call the platform's abilities. Of a token only its HMAC-SM3 under the key file is
-- kept. The place is that of the unit that owns the key.
CREATE TABLE capability_key (
    id BIGINT PRIMARY KEY,
    name TEXT NOT NULL,
    token_hmac TEXT NOT NULL,
    abilities TEXT NOT NULL,
    networks TEXT NOT NULL,
    per_minute BIGINT NOT NULL,
    per_day BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    revoked_at BIGINT,
    revoked_by TEXT,
    revoked_for TEXT,
    province TEXT NOT NULL,
    prefecture TEXT NOT NULL,
    county TEXT NOT NULL,
    unit_code TEXT NOT NULL REFERENCES unit (code)
);

-- How often a key asked for an ability on a day (days since 1970 in China's time). Never what it asked.
CREATE TABLE capability_use (
    key_id BIGINT NOT NULL REFERENCES capability_key (id),
    day BIGINT NOT NULL,
    ability TEXT NOT NULL,
    served BIGINT NOT NULL,
    refused BIGINT NOT NULL,
    PRIMARY KEY (key_id, day, ability)
)
