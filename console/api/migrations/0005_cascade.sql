-- A task of a prefecture is divided among its counties, handed on or urged.

ALTER TABLE task ADD COLUMN parent_id BIGINT;
ALTER TABLE task ADD COLUMN urged_at BIGINT;
ALTER TABLE task ADD COLUMN urged_times BIGINT NOT NULL DEFAULT 0;
CREATE INDEX task_parent ON task (parent_id) WHERE parent_id IS NOT NULL;
