//! Where each event is read from: tables, conditions and the columns a message is made of.

use crate::db::{Value, args};
use crate::repository::tasks::WITH_ASSIGNEE;
use crate::wire::NotifyEvent;

/// One query of objects that are to be told. Its table is named `x` and has a place; each `?` of the condition stands for
/// the next value.
pub(super) struct Source {
    pub(super) from: &'static str,
    pub(super) condition: String,
    pub(super) values: Vec<Value>,
    /// Name of the object, unlike any other of the event.
    pub(super) object: String,
    pub(super) title: &'static str,
    /// When it came up.
    pub(super) at: String,
    /// Until when something has to be done; `NULL` for nothing.
    pub(super) due: &'static str,
}

/// When it is looked and what counts.
pub(super) struct Look {
    /// What came up before this moment is not told.
    pub(super) since: i64,
    /// The present moment.
    pub(super) now: i64,
    /// Minutes of the subscription, in milliseconds.
    pub(super) wait: i64,
    /// Hundredths of a clock that have passed when it is told of.
    pub(super) percent: i64,
}

fn source(from: &'static str, object: &str, title: &'static str, at: &str, due: &'static str) -> Source {
    let (condition, values) = (String::new(), Vec::new());
    Source { from, condition, values, object: object.to_owned(), title, at: at.to_owned(), due }
}

impl Source {
    /// That it came up since the subscription was made.
    fn recent(self, look: &Look, more: &str) -> Self {
        let at = &self.at;
        let condition = format!("({at}) >= ? AND ({at}) <= ? AND {more}");
        Self { condition, values: args![look.since, look.now], ..self }
    }
}

/// The queries of an event.
pub(super) fn of(event: NotifyEvent, look: &Look) -> Vec<Source> {
    let (wait, percent) = (look.wait, look.percent);
    let open = format!("x.state IN {WITH_ASSIGNEE}");
    let running = "x.object_kind = 'incident' AND x.done_at IS NULL";
    match event {
        NotifyEvent::TaskNew => {
            vec![source("task x", "'task/' || x.id", "x.title", "x.created_at", "x.sign_by").recent(look, &open)]
        }
        NotifyEvent::TaskUnsigned => {
            let at = format!("x.created_at + {wait}");
            vec![source("task x", "'task/' || x.id", "x.title", &at, "x.sign_by").recent(look, "x.state = 'new'")]
        }
        NotifyEvent::TaskOverdue => {
            vec![source("task x", "'task/' || x.id", "x.title", "x.due_at", "x.due_at").recent(look, &open)]
        }
        NotifyEvent::ClockWarning => {
            let at = format!("x.started_at + (x.due_at - x.started_at) * {percent} / 100");
            let more = format!("{running} AND x.due_at > {}", look.now);
            vec![source("clock x", "'clock/' || x.id", "x.title_zh", &at, "x.due_at").recent(look, &more)]
        }
        NotifyEvent::ClockOver => {
            vec![source("clock x", "'clock/' || x.id", "x.title_zh", "x.due_at", "x.due_at").recent(look, running)]
        }
        NotifyEvent::IncidentMajor => vec![incidents(look)],
        NotifyEvent::NodeSilent => {
            let at = format!("x.last_contact + {wait}");
            let object = "'node/' || x.id || '/' || x.last_contact";
            let more = "x.relation = 'child' AND x.state = 'active'";
            vec![source("tier_node x", object, "x.id", &at, "NULL").recent(look, more)]
        }
        NotifyEvent::WarningIssued => {
            let from = "warning_unit x JOIN warning w ON w.id = x.warning_id";
            let object = "'warning/' || w.id || '/' || x.unit_code";
            vec![source(from, object, "w.title", "w.in_force_at", "w.valid_until").recent(look, "w.state = 'in_force'")]
        }
        NotifyEvent::ApprovalWaiting => approvals().into_iter().map(|(one, more)| one.recent(look, more)).collect(),
    }
}

/// Incidents of the two highest grades, when they were opened or judged so.
fn incidents(look: &Look) -> Source {
    let graded =
        "EXISTS (SELECT 1 FROM incident_entry e WHERE e.incident_id = x.id AND e.kind = 'grade' AND e.time >= ?)";
    let condition = format!(
        "x.state = 'open' AND COALESCE(x.grade, x.proposed_grade) IN ('major', 'extraordinarily_major')
         AND (x.created_at >= ? OR {graded})"
    );
    let one = source("incident x", "'incident/' || x.number", "x.title", "x.created_at", "NULL");
    Source { condition, values: args![look.since, look.since], ..one }
}

/// What waits for a second person, with the condition that it still does.
fn approvals() -> [(Source, &'static str); 6] {
    [
        (
            source("evidence_request x", "'evidence/' || x.id", "x.reason", "x.asked_at", "NULL"),
            "x.side = 'owed' AND x.state = 'open'",
        ),
        (source("share_request x", "'share/' || x.id", "x.title", "x.created_at", "NULL"), "x.state = 'requested'"),
        (source("masking_policy x", "'policy/' || x.id", "x.title", "x.written_at", "NULL"), "x.state = 'submitted'"),
        (source("setting_version x", "'setting/' || x.id", "x.name", "x.written_at", "NULL"), "x.state = 'proposed'"),
        (source("tier_node x", "'node/' || x.id", "x.id", "x.enrolled_at", "NULL"), "x.state = 'pending'"),
        (source("warning x", "'warning/' || x.id", "x.title", "x.created_at", "NULL"), "x.state = 'proposed'"),
    ]
}
