-- Counters of this node's signed requests to its parent that may have been used: after a start they go on from here, also
-- when the clock has gone back meanwhile.
CREATE TABLE tier_counter (
    id INTEGER PRIMARY KEY,
    reserved BIGINT NOT NULL
);
