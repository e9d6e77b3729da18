-- Readiness: who answers for a unit, who is on duty, whether they can be reached, what they were trained in. Telephone
-- numbers are sealed with the key file.
CREATE TABLE duty_person (
    id BIGINT PRIMARY KEY,
    duty TEXT NOT NULL CHECK (duty IN ('leader', 'responsible', 'liaison', 'backup')),
    name TEXT NOT NULL,
    post TEXT NOT NULL,
    phone TEXT NOT NULL,
    recorded_by TEXT NOT NULL,
    recorded_at BIGINT NOT NULL,
    ended_at BIGINT,
    province TEXT NOT NULL,
    prefecture TEXT NOT NULL,
    county TEXT NOT NULL,
    unit_code TEXT NOT NULL REFERENCES unit (code)
);
CREATE INDEX duty_person_unit ON duty_person (unit_code) WHERE ended_at IS NULL;

CREATE TABLE duty_shift (
    id BIGINT PRIMARY KEY,
    begins_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    name TEXT NOT NULL,
    phone TEXT NOT NULL,
    note TEXT NOT NULL,
    recorded_by TEXT NOT NULL,
    province TEXT NOT NULL,
    prefecture TEXT NOT NULL,
    county TEXT NOT NULL,
    unit_code TEXT NOT NULL REFERENCES unit (code)
);
CREATE INDEX duty_shift_unit ON duty_shift (unit_code, ends_at);

CREATE TABLE contact_drill (
    id BIGINT PRIMARY KEY,
    title TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    started_by TEXT NOT NULL,
    ended_at BIGINT,
    province TEXT NOT NULL,
    prefecture TEXT NOT NULL,
    county TEXT NOT NULL,
    unit_code TEXT NOT NULL REFERENCES unit (code)
);

-- One line per person who is to be reached; the place is that of the person.
CREATE TABLE contact_call (
    drill_id BIGINT NOT NULL REFERENCES contact_drill (id),
    person_id BIGINT NOT NULL REFERENCES duty_person (id),
    reached SMALLINT,
    called_at BIGINT,
    called_by TEXT,
    note TEXT NOT NULL,
    province TEXT NOT NULL,
    prefecture TEXT NOT NULL,
    county TEXT NOT NULL,
    unit_code TEXT NOT NULL,
    PRIMARY KEY (drill_id, person_id)
);
CREATE INDEX contact_call_time ON contact_call (called_at);

CREATE TABLE training (
    id BIGINT PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('course', 'exam', 'exercise')),
    title TEXT NOT NULL,
    held_at BIGINT NOT NULL,
    expected BIGINT NOT NULL,
    attended BIGINT NOT NULL CHECK (attended <= expected),
    passed BIGINT CHECK (passed <= attended),
    note TEXT NOT NULL,
    recorded_by TEXT NOT NULL,
    recorded_at BIGINT NOT NULL,
    province TEXT NOT NULL,
    prefecture TEXT NOT NULL,
    county TEXT NOT NULL,
    unit_code TEXT NOT NULL REFERENCES unit (code)
);
CREATE INDEX training_time ON training (held_at);

-- Emergency plans (预案) as check lists, and their activations: in a drill or in earnest. An activation keeps the steps as
-- they were when it began.
CREATE TABLE plan (
    id BIGINT PRIMARY KEY,
    number TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    scenario TEXT NOT NULL,
    steps TEXT NOT NULL,
    version BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    updated_by TEXT NOT NULL,
    retired_at BIGINT,
    province TEXT NOT NULL,
    prefecture TEXT NOT NULL,
    county TEXT NOT NULL,
    unit_code TEXT NOT NULL REFERENCES unit (code)
);

CREATE TABLE plan_activation (
    id BIGINT PRIMARY KEY,
    plan_id BIGINT NOT NULL REFERENCES plan (id),
    version BIGINT NOT NULL,
    title TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('drill', 'real')),
    level TEXT NOT NULL CHECK (level IN ('i', 'ii', 'iii', 'iv')),
    reason TEXT NOT NULL,
    incident_id TEXT REFERENCES incident (id),
    started_at BIGINT NOT NULL,
    started_by TEXT NOT NULL,
    ended_at BIGINT,
    summary TEXT NOT NULL,
    province TEXT NOT NULL,
    prefecture TEXT NOT NULL,
    county TEXT NOT NULL,
    unit_code TEXT NOT NULL REFERENCES unit (code)
);
CREATE INDEX plan_activation_plan ON plan_activation (plan_id, id);

CREATE TABLE plan_activation_step (
    activation_id BIGINT NOT NULL REFERENCES plan_activation (id),
    step BIGINT NOT NULL,
    phase TEXT NOT NULL,
    text TEXT NOT NULL,
    who TEXT NOT NULL,
    done_by TEXT,
    done_at BIGINT,
    note TEXT NOT NULL,
    PRIMARY KEY (activation_id, step)
)
