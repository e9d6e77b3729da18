-- What the texts of alerts hold, in parts of a few hundred alerts of one hour: a part that can't hold a word is not read.
CREATE TABLE alert_filter (
    hour BIGINT NOT NULL,
    part BIGINT NOT NULL,
    alerts BIGINT NOT NULL,
    grams BIGINT NOT NULL,
    first_time BIGINT NOT NULL,
    last_time BIGINT NOT NULL,
    bits BLOB NOT NULL,
    PRIMARY KEY (hour, part)
);

-- While there is a row, alerts up to that place are not in the parts yet and a search reads every alert.
CREATE TABLE alert_filter_gap (
    id SMALLINT PRIMARY KEY CHECK (id = 1),
    after_province TEXT NOT NULL,
    after_time BIGINT NOT NULL,
    after_id TEXT NOT NULL
);
INSERT INTO alert_filter_gap (id, after_province, after_time, after_id)
    SELECT 1, '', 0, '' WHERE EXISTS (SELECT 1 FROM alert)
