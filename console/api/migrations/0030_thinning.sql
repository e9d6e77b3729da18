-- Telemetry that waits behind a slow link: of an object only the newest message is kept until there is room again.
CREATE TABLE tier_held (
    peer TEXT NOT NULL,
    lane BIGINT NOT NULL,
    number BIGINT NOT NULL,
    kind TEXT NOT NULL,
    obj TEXT NOT NULL,
    message TEXT NOT NULL,
    PRIMARY KEY (peer, lane, number)
);

CREATE INDEX tier_held_object ON tier_held (peer, lane, kind, obj);

-- Messages that a newer one of their object replaced before they were sent, by neighbour.
CREATE TABLE tier_thinned (
    peer TEXT PRIMARY KEY,
    number BIGINT NOT NULL
);
