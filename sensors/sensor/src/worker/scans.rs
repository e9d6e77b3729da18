//! YARA scans under way, and alerts about files.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::Poll;

use fengsui_crypto::sm3;
use fengsui_dlp_engine::Classification;
use fengsui_files::{Pool, ScanOutcome, Scanned, Ticket, Unscanned, YaraMatch};
use fengsui_schema::{Condition, Severity, Timestamp};
use serde_json::{Map, Value, json};

use super::Worker;
use super::content::Place;
use crate::account::Counter;
use crate::eve::{EventOrder, FileRecord, Header, PacketInfo, explanation, fileinfo_object, transaction_objects};
use crate::flow::Flow;

/// Generator number of alerts about files: YARA and hash lists.
const FILE_GENERATOR: u32 = 9_001;

/// Answers about files under way, in the order in which the files ended, each with the record but for what is found.
pub(super) struct Pending<A, R>(VecDeque<PendingAnswer<A, R>>);

struct PendingAnswer<A, R> {
    ticket: Ticket<A>,
    content: Arc<Vec<u8>>,
    time: Timestamp,
    order: EventOrder,
    record: R,
}

/// The place among records that was kept for an answer, and the record but for the answer.
pub(super) type Kept<R> = (Timestamp, EventOrder, R);

/// What was worked on, its place, and the answer.
type Answered<A, R> = (Arc<Vec<u8>>, Kept<R>, Option<A>);

impl<A, R> Default for Pending<A, R> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

impl<A, R> Pending<A, R> {
    /// The oldest answer, when it is there or `waits`. Nobody answers what broke the thread that worked on it.
    fn take(&mut self, waits: bool) -> Option<Answered<A, R>> {
        let front = self.0.front()?;
        let answer = match front.ticket.try_take() {
            Poll::Ready(answer) => answer,
            Poll::Pending if waits => front.ticket.wait(),
            Poll::Pending => return None,
        };
        let PendingAnswer { content, time, order, record, .. } = self.0.pop_front()?;
        Some((content, (time, order, record), answer))
    }
}

impl Worker {
    /// Hands a file that has ended to the scan threads.
    pub(super) fn scan_file(
        &mut self,
        info: &PacketInfo<'_>,
        flow: &Flow,
        (record, content): (&FileRecord<'_>, &Arc<Vec<u8>>),
    ) {
        let shared = Arc::clone(&self.shared);
        let Some(pool) = &shared.yara else { return };
        if content.is_empty() || !self.writes("alert") {
            return;
        }
        let Some(ticket) = self.ask(pool, Arc::clone(content)) else {
            self.account.count(Counter::YaraShed);
            return;
        };
        let record = self.file_alert(info, flow, record);
        let pending = self.pending(ticket, content, record);
        self.scans.0.push_back(pending);
    }

    /// Keeps a place among the records for what is found in the content of a file.
    pub(super) fn await_classification(
        &mut self,
        ticket: Ticket<Option<Classification>>,
        content: &Arc<Vec<u8>>,
        place: Place,
    ) {
        let pending = self.pending(ticket, content, place);
        self.classifying.0.push_back(pending);
    }

    /// Hands a job to a pool, when it has room or the packets come from a capture file.
    pub(super) fn ask<J: Send + 'static, A: Send + 'static>(&mut self, pool: &Pool<J, A>, job: J) -> Option<Ticket<A>> {
        if !self.shared.live {
            return pool.submit(job);
        }
        // What is done makes room, in the memory that contents may hold and for the next file.
        self.collect_answers(false);
        pool.offer(job)
    }

    /// Keeps a place among the records for an answer.
    fn pending<A, R>(&mut self, ticket: Ticket<A>, content: &Arc<Vec<u8>>, record: R) -> PendingAnswer<A, R> {
        let order = self.order;
        self.order.2 = self.order.2.saturating_add(1);
        PendingAnswer { ticket, content: Arc::clone(content), time: self.now, order, record }
    }

    /// Tells what came of files that have ended, oldest first; with `wait` of all of them.
    pub(super) fn collect_answers(&mut self, wait: bool) {
        // A capture file waits for each, so that the records of a batch do not depend on how fast a thread was.
        let wait = wait || !self.shared.live;
        while let Some((content, kept, classification)) = self.classifying.take(wait) {
            self.part_from_content(content);
            match classification {
                Some(Some(found)) => self.tell_finding(kept, found),
                Some(None) => {}
                None => self.account.count(Counter::ContentUnfinished),
            }
        }
        while let Some((content, (time, order, record), scanned)) = self.scans.take(wait) {
            self.part_from_content(content);
            let gone = Scanned { outcome: ScanOutcome::Unscanned(Unscanned::Gone), restarts: 0 };
            let Scanned { outcome, restarts } = scanned.unwrap_or(gone);
            self.account.add(Counter::ScanHelpersRestarted, restarts);
            if let ScanOutcome::Unscanned(reason) = &outcome {
                self.tell_unscanned((time, order), record, reason);
                continue;
            }
            for found in outcome.matches() {
                self.tell_yara((time, order), record.clone(), found);
            }
        }
    }

    /// A file that was not scanned to its end is counted and told: whoever can keep a file from being scanned would hide.
    fn tell_unscanned(&mut self, place: (Timestamp, EventOrder), mut record: Map<String, Value>, reason: &Unscanned) {
        self.account.count(Counter::YaraUnfinished);
        if matches!(reason, Unscanned::Crashed | Unscanned::Killed | Unscanned::Gone) {
            self.account.count(Counter::ScanWorkerLost);
        }
        if !self.writes("anomaly") {
            return;
        }
        record.insert("event_type".to_owned(), "anomaly".into());
        let anomaly = json!({"type": "file", "event": "file.unscanned", "reason": reason.reason()});
        record.insert("anomaly".to_owned(), anomaly);
        self.emit_late(place, "anomaly", &record);
    }

    fn tell_yara(&mut self, place: (Timestamp, EventOrder), mut record: Map<String, Value>, found: &YaraMatch) {
        let alert = yara_alert(found);
        record.insert("alert".to_owned(), Value::Object(alert));
        record.insert("explanation".to_owned(), yara_explanation(found));
        record.insert("yara".to_owned(), json!({"rule": found.rule, "namespace": found.namespace, "tags": found.tags}));
        self.account.count(Counter::DetectAlerts);
        self.emit_late(place, "alert", &record);
    }

    /// A file whose digest is on a list.
    pub(super) fn raise_listed_file(
        &mut self,
        info: &PacketInfo<'_>,
        flow: &Flow,
        record: &FileRecord<'_>,
        list: &str,
    ) {
        let mut event = self.file_alert(info, flow, record);
        let condition = Condition {
            condition: format!("file digest in {list}"),
            field: "file.hash.sha256".to_owned(),
            value: record.hashes.and_then(|hashes| hashes.sha256).map(hex::encode).unwrap_or_default(),
        };
        let alert = json!({
            "action": "allowed",
            "gid": FILE_GENERATOR,
            "signature_id": 1,
            "rev": 1,
            "signature": format!("文件指纹命中名单 {list}"),
            "category": "Hash list",
            "severity": 1,
        });
        event.insert("alert".to_owned(), alert);
        event.insert("explanation".to_owned(), explanation(&format!("hash list {list}"), &[condition]));
        self.account.count(Counter::DetectAlerts);
        self.emit("alert", &event);
    }

    fn file_alert(&self, info: &PacketInfo<'_>, flow: &Flow, record: &FileRecord<'_>) -> Map<String, Value> {
        let mut header = Header::of_flow(info.time, "alert", flow, record.file.direction);
        header.number = self.number_to_tell(info.number);
        let mut event = header.record();
        crate::eve::add_flow_extras(&mut event, &self.shared.settings, flow, record.file.direction);
        crate::eve::add_app_protocol(&mut event, flow);
        let transaction = flow.app.as_ref().and_then(|app| app.transaction(record.file.transaction));
        if let Some(transaction) = transaction {
            event.insert("tx_id".to_owned(), transaction.id.into());
            transaction_objects(&mut event, transaction);
        }
        event.insert("flow".to_owned(), Value::Object(crate::eve::counts_and_sides(flow)));
        event.insert("fileinfo".to_owned(), Value::Object(fileinfo_object(record)));
        event
    }
}

/// The object `alert` of a YARA match. The number is made of the rule's name: the same on every run.
fn yara_alert(found: &YaraMatch) -> Map<String, Value> {
    let value = |key: &str| found.metadata.iter().find(|entry| entry.0 == key).map(|entry| entry.1.as_str());
    let title = value("title_zh").or(value("title_en")).or(value("description")).unwrap_or(&found.rule);
    let mut metadata = Map::new();
    for (key, value) in &found.metadata {
        metadata.insert(key.clone(), json!([value]));
    }
    if let Some(technique) = value("technique") {
        metadata.insert("mitre_technique_id".to_owned(), json!([technique]));
    }
    metadata.insert("yara_rule".to_owned(), json!([found.rule]));
    let object = json!({
        "action": "allowed",
        "gid": FILE_GENERATOR,
        "signature_id": rule_number(&found.rule),
        "rev": 1,
        "signature": title,
        "category": "YARA",
        "severity": priority(value("severity")),
        "metadata": metadata,
    });
    if let Value::Object(object) = object { object } else { Map::new() }
}

/// Which patterns of a YARA rule were found where.
fn yara_explanation(found: &YaraMatch) -> Value {
    let condition = |(name, offset, bytes): &(String, usize, Vec<u8>)| Condition {
        condition: format!("{name} at byte {offset}"),
        field: "file.content".to_owned(),
        value: String::from_utf8_lossy(bytes).into_owned(),
    };
    let conditions: Vec<Condition> = found.patterns.iter().map(condition).collect();
    explanation(&format!("yara:{}/{}", found.namespace, found.rule), &conditions)
}

fn rule_number(name: &str) -> u32 {
    let [a, b, c, d, ..] = sm3(name.as_bytes());
    u32::from_le_bytes([a, b, c, d]) & 0x7fff_ffff
}

/// A severity word as a rule priority, 1 the highest.
fn priority(word: Option<&str>) -> u8 {
    match word.and_then(Severity::from_word) {
        Some(Severity::Critical | Severity::High) => 1,
        Some(Severity::Medium) | None => 2,
        Some(Severity::Low) => 3,
        Some(Severity::Info) => 4,
    }
}
