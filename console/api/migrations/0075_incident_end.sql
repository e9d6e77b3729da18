-- Incidents that the analyzer ended: 'taken_in' by another one or 'withdrawn', as long as nobody worked on them.
ALTER TABLE incident ADD COLUMN ended TEXT;
ALTER TABLE incident ADD COLUMN taken_in_by TEXT;
