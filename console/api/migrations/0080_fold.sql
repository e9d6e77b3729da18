-- What the analyzer folds repeats of an alert into, and which incident names it: an alert of a named fold belongs to the
-- incident, whether it came before or after.
ALTER TABLE alert ADD COLUMN fold TEXT;
CREATE INDEX alert_fold ON alert (fold) WHERE fold IS NOT NULL;
CREATE TABLE incident_fold (
    fold TEXT PRIMARY KEY,
    incident_id TEXT NOT NULL
);
CREATE INDEX incident_fold_incident ON incident_fold (incident_id);
