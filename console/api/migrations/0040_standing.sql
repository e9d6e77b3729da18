-- Alerts by where they stand, kept by every act, so that no list and no tile counts rows of alert. What a list is filtered
-- by stands in the index that orders it: a filter that few alerts pass reads the index and not the rows.

CREATE TABLE alert_standing (
    unit_code TEXT NOT NULL,
    severity BIGINT NOT NULL,
    domain TEXT NOT NULL,
    source TEXT NOT NULL,
    state TEXT NOT NULL,
    count BIGINT NOT NULL,
    province TEXT NOT NULL,
    prefecture TEXT NOT NULL,
    county TEXT NOT NULL,
    PRIMARY KEY (unit_code, severity, domain, source, state)
);
INSERT INTO alert_standing (unit_code, severity, domain, source, state, count, province, prefecture, county)
    SELECT unit_code, severity, domain, source, state, COUNT(*), MIN(province), MIN(prefecture), MIN(county)
    FROM alert GROUP BY unit_code, severity, domain, source, state;
DROP TABLE alert_open;

DROP INDEX alert_time;
DROP INDEX alert_time_open;
DROP INDEX alert_prefecture_open;
DROP INDEX alert_county_open;
CREATE INDEX alert_province_open ON alert (province, time, id, severity, domain, source, state) WHERE state <> 'closed';
CREATE INDEX alert_prefecture_open ON alert (prefecture, time, id, severity, domain, source, state) WHERE state <> 'closed';
CREATE INDEX alert_county_open ON alert (county, time, id, severity, domain, source, state) WHERE state <> 'closed';
CREATE INDEX alert_unit_open ON alert (unit_code, time, id, severity, domain, source, state) WHERE state <> 'closed';
CREATE INDEX alert_group_members ON alert (unit_code, group_key, time, id, severity, domain, source) WHERE state <> 'closed';
CREATE INDEX alert_province_time ON alert (province, time, id);

-- The head's marks stand in the group, so that a filter needs no look at the head.
ALTER TABLE alert_group ADD COLUMN severity BIGINT NOT NULL DEFAULT 0;
ALTER TABLE alert_group ADD COLUMN domain TEXT NOT NULL DEFAULT '';
ALTER TABLE alert_group ADD COLUMN source TEXT NOT NULL DEFAULT '';
UPDATE alert_group SET
    severity = COALESCE((SELECT a.severity FROM alert a WHERE a.id = alert_group.head_id), 0),
    domain = COALESCE((SELECT a.domain FROM alert a WHERE a.id = alert_group.head_id), ''),
    source = COALESCE((SELECT a.source FROM alert a WHERE a.id = alert_group.head_id), '');
DROP INDEX alert_group_open;
CREATE INDEX alert_group_province ON alert_group (province, head_time, head_id, severity, domain, source) WHERE open_count > 0;
CREATE INDEX alert_group_prefecture ON alert_group (prefecture, head_time, head_id, severity, domain, source) WHERE open_count > 0;
CREATE INDEX alert_group_county ON alert_group (county, head_time, head_id, severity, domain, source) WHERE open_count > 0;

-- What the screen sums up of an hour, without a look at the rows.
CREATE INDEX alert_hour_sums ON alert_hour (hour, province, prefecture, county, unit_code, severity, count);

-- What the numbers of tasks need, without a look at the rows.
CREATE INDEX task_standing ON task (province, prefecture, county, unit_code, state, due_at, sign_by, signed_at)
