-- Times are milliseconds since the epoch, booleans 0 or 1, JSON is text. Every table that people see rows of
-- carries province, prefecture, county and unit_code: the scope of a query is one equality on one of them.

CREATE TABLE sequence (
    name TEXT PRIMARY KEY,
    value BIGINT NOT NULL
);

CREATE TABLE unit (
    code TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    tier TEXT NOT NULL,
    parent TEXT,
    path TEXT NOT NULL,
    province TEXT NOT NULL,
    prefecture TEXT NOT NULL,
    county TEXT NOT NULL,
    unit_code TEXT NOT NULL
);

-- An account has roles of one class only: the foreign key of account_role carries the class.
CREATE TABLE account (
    id BIGINT PRIMARY KEY,
    username TEXT NOT NULL UNIQUE,
    display_name TEXT NOT NULL,
    role_class TEXT NOT NULL CHECK (role_class IN ('business', 'system', 'security', 'audit')),
    password TEXT NOT NULL,
    password_changed_at BIGINT NOT NULL,
    must_change_password SMALLINT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'active', 'disabled')),
    failures BIGINT NOT NULL,
    locked_until BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    last_login_at BIGINT,
    province TEXT NOT NULL,
    prefecture TEXT NOT NULL,
    county TEXT NOT NULL,
    unit_code TEXT NOT NULL REFERENCES unit (code),
    UNIQUE (id, role_class)
);

CREATE TABLE account_role (
    account_id BIGINT NOT NULL,
    role TEXT NOT NULL,
    role_class TEXT NOT NULL,
    PRIMARY KEY (account_id, role),
    FOREIGN KEY (account_id, role_class) REFERENCES account (id, role_class),
    CHECK (
        (role = 'sysadmin' AND role_class = 'system')
        OR (role = 'secadmin' AND role_class = 'security')
        OR (role = 'auditor' AND role_class = 'audit')
        OR (role IN ('analyst', 'steward', 'county_officer', 'coordinator', 'leader') AND role_class = 'business')
    )
);

CREATE TABLE password_history (
    account_id BIGINT NOT NULL REFERENCES account (id),
    changed_at BIGINT NOT NULL,
    password TEXT NOT NULL,
    PRIMARY KEY (account_id, changed_at)
);

CREATE TABLE session (
    token_sm3 TEXT PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES account (id),
    created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    address TEXT NOT NULL
);
CREATE INDEX session_account ON session (account_id);

CREATE TABLE audit (
    sequence BIGINT PRIMARY KEY,
    time BIGINT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    object TEXT NOT NULL,
    outcome TEXT NOT NULL,
    detail TEXT NOT NULL,
    address TEXT NOT NULL,
    province TEXT NOT NULL,
    prefecture TEXT NOT NULL,
    county TEXT NOT NULL,
    unit_code TEXT NOT NULL,
    hash TEXT NOT NULL
);
CREATE INDEX audit_time ON audit (time);
CREATE INDEX audit_object ON audit (object, sequence);

CREATE TABLE audit_head (
    id SMALLINT PRIMARY KEY CHECK (id = 1),
    sequence BIGINT NOT NULL,
    hash TEXT NOT NULL
);

CREATE TABLE change (
    revision BIGINT PRIMARY KEY,
    time BIGINT NOT NULL,
    kind TEXT NOT NULL,
    object_id TEXT NOT NULL,
    severity BIGINT,
    province TEXT NOT NULL,
    prefecture TEXT NOT NULL,
    county TEXT NOT NULL,
    unit_code TEXT NOT NULL
);
CREATE INDEX change_kind ON change (kind, revision);

CREATE TABLE alert (
    id TEXT PRIMARY KEY,
    time BIGINT NOT NULL,
    severity BIGINT NOT NULL,
    title_zh TEXT NOT NULL,
    title_en TEXT NOT NULL,
    rule_id TEXT NOT NULL,
    source TEXT NOT NULL,
    source_ip TEXT,
    source_port BIGINT,
    destination_ip TEXT,
    destination_port BIGINT,
    source_asset TEXT,
    destination_asset TEXT,
    domain TEXT NOT NULL,
    techniques TEXT NOT NULL,
    group_key TEXT NOT NULL,
    state TEXT NOT NULL,
    disposition TEXT,
    assignee_id BIGINT REFERENCES account (id),
    incident_id TEXT,
    search_text TEXT NOT NULL,
    pcap TEXT,
    body TEXT NOT NULL,
    revision BIGINT NOT NULL,
    province TEXT NOT NULL,
    prefecture TEXT NOT NULL,
    county TEXT NOT NULL,
    unit_code TEXT NOT NULL
);
CREATE INDEX alert_time ON alert (time, id);
CREATE INDEX alert_time_open ON alert (time, id) WHERE state <> 'closed';
CREATE INDEX alert_prefecture_open ON alert (prefecture, time, id) WHERE state <> 'closed';
CREATE INDEX alert_county_open ON alert (county, time, id) WHERE state <> 'closed';
CREATE INDEX alert_county_time ON alert (county, time, id);
CREATE INDEX alert_prefecture_time ON alert (prefecture, time, id);
CREATE INDEX alert_by_group ON alert (unit_code, group_key, time);
CREATE INDEX alert_incident ON alert (incident_id) WHERE incident_id IS NOT NULL;
CREATE INDEX alert_source ON alert (source_ip, time);
CREATE INDEX alert_destination ON alert (destination_ip, time);

-- One row per group of repeats; head_id is the newest open alert of the group.
CREATE TABLE alert_group (
    unit_code TEXT NOT NULL,
    group_key TEXT NOT NULL,
    open_count BIGINT NOT NULL,
    total BIGINT NOT NULL,
    first_time BIGINT NOT NULL,
    head_time BIGINT NOT NULL,
    head_id TEXT,
    province TEXT NOT NULL,
    prefecture TEXT NOT NULL,
    county TEXT NOT NULL,
    PRIMARY KEY (unit_code, group_key)
);
CREATE INDEX alert_group_open ON alert_group (head_time, head_id) WHERE open_count > 0;

-- Maintained where alerts come in, so that no screen counts rows of alert.
CREATE TABLE alert_hour (
    hour BIGINT NOT NULL,
    unit_code TEXT NOT NULL,
    severity BIGINT NOT NULL,
    domain TEXT NOT NULL,
    count BIGINT NOT NULL,
    province TEXT NOT NULL,
    prefecture TEXT NOT NULL,
    county TEXT NOT NULL,
    PRIMARY KEY (hour, unit_code, severity, domain)
);

CREATE TABLE alert_open (
    unit_code TEXT NOT NULL,
    severity BIGINT NOT NULL,
    domain TEXT NOT NULL,
    count BIGINT NOT NULL,
    province TEXT NOT NULL,
    prefecture TEXT NOT NULL,
    county TEXT NOT NULL,
    PRIMARY KEY (unit_code, severity, domain)
);

CREATE TABLE alert_undo (
    token_sm3 TEXT PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES account (id),
    created_at BIGINT NOT NULL,
    before TEXT NOT NULL
);

CREATE TABLE incident (
    id TEXT PRIMARY KEY,
    number TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    title_en TEXT,
    summary TEXT NOT NULL,
    state TEXT NOT NULL,
    grade TEXT,
    proposed_grade TEXT,
    grade_basis TEXT NOT NULL,
    risk BIGINT NOT NULL,
    start_time BIGINT NOT NULL,
    end_time BIGINT NOT NULL,
    machine SMALLINT NOT NULL,
    machine_revision BIGINT NOT NULL,
    owner_id BIGINT REFERENCES account (id),
    created_at BIGINT NOT NULL,
    body TEXT NOT NULL,
    domain TEXT NOT NULL,
    revision BIGINT NOT NULL,
    province TEXT NOT NULL,
    prefecture TEXT NOT NULL,
    county TEXT NOT NULL,
    unit_code TEXT NOT NULL
);
CREATE INDEX incident_state ON incident (state, risk, id);

CREATE TABLE incident_entry (
    id BIGINT PRIMARY KEY,
    incident_id TEXT NOT NULL REFERENCES incident (id),
    time BIGINT NOT NULL,
    kind TEXT NOT NULL,
    actor TEXT NOT NULL,
    text_zh TEXT NOT NULL,
    text_en TEXT NOT NULL
);
CREATE INDEX incident_entry_incident ON incident_entry (incident_id, id);

CREATE TABLE task (
    id BIGINT PRIMARY KEY,
    number TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    instructions TEXT NOT NULL,
    steps TEXT NOT NULL,
    state TEXT NOT NULL,
    priority TEXT NOT NULL,
    issuer_id BIGINT NOT NULL REFERENCES account (id),
    issuer_unit TEXT NOT NULL REFERENCES unit (code),
    incident_id TEXT REFERENCES incident (id),
    target_address TEXT,
    target_asset TEXT,
    created_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    sign_by BIGINT NOT NULL,
    signed_at BIGINT,
    submitted_at BIGINT,
    closed_at BIGINT,
    extension TEXT,
    revision BIGINT NOT NULL,
    province TEXT NOT NULL,
    prefecture TEXT NOT NULL,
    county TEXT NOT NULL,
    unit_code TEXT NOT NULL REFERENCES unit (code)
);
CREATE INDEX task_due ON task (due_at, id);
CREATE INDEX task_county ON task (county, due_at, id);
CREATE INDEX task_incident ON task (incident_id);

CREATE TABLE task_entry (
    id BIGINT PRIMARY KEY,
    task_id BIGINT NOT NULL REFERENCES task (id),
    time BIGINT NOT NULL,
    verb TEXT NOT NULL,
    actor TEXT NOT NULL,
    text TEXT NOT NULL
);
CREATE INDEX task_entry_task ON task_entry (task_id, id);

CREATE TABLE attachment (
    id BIGINT PRIMARY KEY,
    task_id BIGINT NOT NULL REFERENCES task (id),
    entry_id BIGINT NOT NULL REFERENCES task_entry (id),
    name TEXT NOT NULL,
    media_type TEXT NOT NULL,
    size BIGINT NOT NULL,
    sm3 TEXT NOT NULL,
    content BLOB NOT NULL
);
CREATE INDEX attachment_task ON attachment (task_id);

CREATE TABLE clock (
    id BIGINT PRIMARY KEY,
    kind TEXT NOT NULL,
    object_kind TEXT NOT NULL,
    object_id TEXT NOT NULL,
    title_zh TEXT NOT NULL,
    title_en TEXT NOT NULL,
    basis TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    done_at BIGINT,
    province TEXT NOT NULL,
    prefecture TEXT NOT NULL,
    county TEXT NOT NULL,
    unit_code TEXT NOT NULL,
    UNIQUE (kind, object_kind, object_id)
);
CREATE INDEX clock_running ON clock (due_at) WHERE done_at IS NULL;

CREATE TABLE finding (
    id TEXT PRIMARY KEY,
    time BIGINT NOT NULL,
    grade BIGINT NOT NULL,
    observer TEXT NOT NULL,
    state TEXT NOT NULL,
    body TEXT NOT NULL,
    revision BIGINT NOT NULL,
    province TEXT NOT NULL,
    prefecture TEXT NOT NULL,
    county TEXT NOT NULL,
    unit_code TEXT NOT NULL
);
CREATE INDEX finding_time ON finding (time, id);

CREATE TABLE sensor (
    name TEXT PRIMARY KEY,
    last_seen BIGINT NOT NULL,
    body TEXT NOT NULL,
    province TEXT NOT NULL,
    prefecture TEXT NOT NULL,
    county TEXT NOT NULL,
    unit_code TEXT NOT NULL
);

CREATE TABLE alert_entry (
    id BIGINT PRIMARY KEY,
    alert_id TEXT NOT NULL REFERENCES alert (id),
    time BIGINT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    detail TEXT NOT NULL
);
CREATE INDEX alert_entry_alert ON alert_entry (alert_id, id);

CREATE TABLE finding_entry (
    id BIGINT PRIMARY KEY,
    finding_id TEXT NOT NULL REFERENCES finding (id),
    time BIGINT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    detail TEXT NOT NULL
);
CREATE INDEX finding_entry_finding ON finding_entry (finding_id, id);
