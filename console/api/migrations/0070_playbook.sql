-- Steps of playbooks that were done for an alert, and by whom.
CREATE TABLE alert_step (
    alert_id TEXT NOT NULL REFERENCES alert (id),
    playbook TEXT NOT NULL,
    step TEXT NOT NULL,
    done_by TEXT NOT NULL,
    done_at BIGINT NOT NULL,
    PRIMARY KEY (alert_id, playbook, step)
)
