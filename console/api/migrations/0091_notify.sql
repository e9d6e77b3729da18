-- Ways out of the console by which people are told: robots of messengers, gateways by HTTP, mail. Addresses, keys and
-- passwords are sealed with the key file.
CREATE TABLE notify_channel (
    id BIGINT PRIMARY KEY,
    name TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('dingtalk', 'wecom', 'feishu', 'http', 'mail')),
    host TEXT NOT NULL,
    port BIGINT NOT NULL,
    plain SMALLINT NOT NULL,
    config TEXT NOT NULL,
    secrets TEXT NOT NULL,
    enabled SMALLINT NOT NULL,
    updated_at BIGINT NOT NULL,
    updated_by TEXT NOT NULL,
    retired_at BIGINT,
    province TEXT NOT NULL,
    prefecture TEXT NOT NULL,
    county TEXT NOT NULL,
    unit_code TEXT NOT NULL REFERENCES unit (code)
);

-- What goes by which way to whom. The place is that of what is told: events of this unit and those below it.
CREATE TABLE notify_subscription (
    id BIGINT PRIMARY KEY,
    channel_id BIGINT NOT NULL REFERENCES notify_channel (id),
    event TEXT NOT NULL,
    targets TEXT NOT NULL,
    minutes BIGINT NOT NULL,
    urgent SMALLINT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    province TEXT NOT NULL,
    prefecture TEXT NOT NULL,
    county TEXT NOT NULL,
    unit_code TEXT NOT NULL REFERENCES unit (code)
);
CREATE INDEX notify_subscription_channel ON notify_subscription (channel_id);

-- What is to be sent, what was sent and what was not. The text is sealed: who looks after the ways reads no business.
-- The place is that of the channel.
CREATE TABLE notify_message (
    id BIGINT PRIMARY KEY,
    channel_id BIGINT NOT NULL REFERENCES notify_channel (id),
    subscription_id BIGINT NOT NULL,
    event TEXT NOT NULL,
    object TEXT NOT NULL,
    about TEXT NOT NULL,
    recipient TEXT NOT NULL,
    names TEXT NOT NULL,
    body TEXT NOT NULL,
    urgent SMALLINT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'sent', 'failed', 'dropped')),
    attempts BIGINT NOT NULL,
    next_at BIGINT NOT NULL,
    claimed_until BIGINT NOT NULL,
    tried_at BIGINT,
    sent_at BIGINT,
    fault TEXT,
    detail TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    province TEXT NOT NULL,
    prefecture TEXT NOT NULL,
    county TEXT NOT NULL,
    unit_code TEXT NOT NULL,
    UNIQUE (subscription_id, object, recipient)
);
CREATE INDEX notify_message_waiting ON notify_message (channel_id, next_at) WHERE state = 'waiting';
CREATE INDEX notify_message_failed ON notify_message (channel_id) WHERE state IN ('failed', 'dropped');
CREATE INDEX notify_message_tried ON notify_message (tried_at);
CREATE INDEX notify_message_created ON notify_message (created_at)
