//! Files under way at the scan threads, and alerts about files.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::Poll;

use fengsui_crypto::sm3;
use fengsui_files::{ContentOutcome, FilePool, FileReport, FileTask, ScanOutcome, Ticket, Unscanned, YaraMatch};
use fengsui_schema::{Condition, Severity, Timestamp};
use serde_json::{Map, Value, json};

use super::Worker;
use super::content::{Place, hint_of};
use crate::account::Counter;
use crate::eve::{
    CAPTURE_FIELD, EventOrder, FileRecord, Header, PacketInfo, explanation, fileinfo_object, transaction_objects,
};
use crate::flow::{Flow, FlowKey};

/// Generator number of alerts about files: YARA and hash lists.
const FILE_GENERATOR: u32 = 9_001;

/// The alert about a file, but for what a scan of it finds.
struct FileAlert {
    record: Map<String, Value>,
    /// The flow that carried it.
    flow: (FlowKey, u64),
}

/// The place among records that was kept for an answer, and the record but for the answer.
pub(super) type Kept<R> = (Timestamp, EventOrder, R);

/// The places for a finding and for alerts.
type Places = (Option<Kept<Place>>, Option<Kept<FileAlert>>);

/// A file that was handed to the scan threads, with a place among the records for each answer.
struct PendingFile {
    ticket: Ticket,
    content: Arc<Vec<u8>>,
    finding: Option<Kept<Place>>,
    alert: Option<Kept<FileAlert>>,
}

/// Files under way, in the order in which they ended.
#[derive(Default)]
pub(super) struct Pending(VecDeque<PendingFile>);

impl Pending {
    /// The oldest file, when its answer is there or `waits`. Nobody answers what broke the thread that worked on it.
    fn take(&mut self, waits: bool) -> Option<(PendingFile, Option<FileReport>)> {
        let front = self.0.front()?;
        let answer = match front.ticket.try_take() {
            Poll::Ready(answer) => answer,
            Poll::Pending if waits => front.ticket.wait(),
            Poll::Pending => return None,
        };
        Some((self.0.pop_front()?, answer))
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
        let Some((pool, rules)) = shared.scanning.as_ref().filter(|_| !content.is_empty()) else { return };
        let yara = rules.has_yara() && self.writes("alert");
        let hint = rules.has_content().then(|| hint_of(flow, record));
        let classified = hint.is_some();
        if !yara && !classified {
            return;
        }
        let task = FileTask { bytes: Arc::clone(content), yara, content: hint };
        let Some(ticket) = self.ask(pool, task) else {
            self.account.add(Counter::YaraShed, u64::from(yara));
            self.account.add(Counter::ContentShed, u64::from(classified));
            return;
        };
        let finding = classified.then(|| self.place(info, flow, record)).map(|place| self.kept(place));
        let alert = yara.then(|| FileAlert { record: self.file_alert(info, flow, record), flow: (flow.key, flow.id) });
        let alert = alert.map(|alert| self.kept(alert));
        self.scans.0.push_back(PendingFile { ticket, content: Arc::clone(content), finding, alert });
    }

    /// Hands a file over, when there is room or the packets come from a capture file.
    fn ask(&mut self, pool: &FilePool, task: FileTask) -> Option<Ticket> {
        if !self.shared.live {
            return pool.submit(task);
        }
        // What is done makes room, in the memory that contents may hold and for the next file.
        self.collect_answers(false);
        pool.offer(task)
    }

    /// Keeps a place among the records for an answer.
    fn kept<R>(&mut self, record: R) -> Kept<R> {
        let order = self.order;
        self.order.2 = self.order.2.saturating_add(1);
        (self.now, order, record)
    }

    /// Tells what came of files that have ended, oldest first; with `wait` of all of them.
    pub(super) fn collect_answers(&mut self, wait: bool) {
        // A capture file waits for each, so that the records of a batch do not depend on how fast a thread was.
        let wait = wait || !self.shared.live;
        while let Some((PendingFile { content, finding, alert, .. }, report)) = self.scans.take(wait) {
            self.part_from_content(content);
            self.tell_report(report.unwrap_or_default(), (finding, alert));
        }
    }

    fn tell_report(&mut self, report: FileReport, (finding, alert): Places) {
        let content = finding.map(|kept| (kept, report.content.unwrap_or(ContentOutcome::Unfinished(Unscanned::Gone))));
        let yara = alert.map(|kept| (kept, report.yara.unwrap_or(ScanOutcome::Unscanned(Unscanned::Gone))));
        let unfinished = content.as_ref().and_then(|(_, outcome)| outcome.unfinished());
        let unscanned = yara.as_ref().and_then(|(_, outcome)| outcome.unscanned());
        self.account.add(Counter::ContentUnfinished, u64::from(unfinished.is_some()));
        self.account.add(Counter::YaraUnfinished, u64::from(unscanned.is_some()));
        let lost = |reason: Option<&Unscanned>| {
            matches!(reason, Some(Unscanned::Crashed | Unscanned::Killed | Unscanned::Gone))
        };
        self.account.add(Counter::ScanWorkerLost, u64::from(lost(unfinished) || lost(unscanned)));
        // What kept both questions from being answered is told once.
        let both = unfinished.is_some() && unfinished == unscanned;
        if let Some((kept, outcome)) = content.filter(|_| !both) {
            self.tell_content(kept, outcome);
        }
        if let Some((kept, outcome)) = yara {
            self.tell_scan(kept, &outcome, if both { "all" } else { "yara" });
        }
    }

    fn tell_scan(&mut self, (time, order, mut alert): Kept<FileAlert>, outcome: &ScanOutcome, scan: &str) {
        if let Some(reason) = outcome.unscanned() {
            return self.tell_unscanned((time, order), alert.record, (scan, reason));
        }
        if !outcome.matches().is_empty() {
            self.add_late_capture(&mut alert);
        }
        for found in outcome.matches() {
            self.tell_yara((time, order), alert.record.clone(), found);
        }
    }

    /// A file that was not looked at to its end is told: whoever can bring that about would hide behind it.
    pub(super) fn tell_unscanned(
        &mut self,
        place: (Timestamp, EventOrder),
        record: Map<String, Value>,
        (scan, reason): (&str, &Unscanned),
    ) {
        let anomaly = json!({"type": "file", "event": "file.unscanned", "scan": scan, "reason": reason.reason()});
        self.tell_file_anomaly(place, record, anomaly);
    }

    /// Tells something odd of a file; `record` is what is told of it besides.
    pub(super) fn tell_file_anomaly(
        &mut self,
        place: (Timestamp, EventOrder),
        mut record: Map<String, Value>,
        anomaly: Value,
    ) {
        if !self.writes("anomaly") {
            return;
        }
        record.insert("event_type".to_owned(), "anomaly".into());
        record.insert("anomaly".to_owned(), anomaly);
        self.emit_late(place, "anomaly", &record);
    }

    /// Names the capture of the flow that carried a file; when no alert began one, it begins with what is still held.
    fn add_late_capture(&mut self, alert: &mut FileAlert) {
        let (key, id) = &alert.flow;
        if alert.record.contains_key(CAPTURE_FIELD) {
            return;
        }
        if let Some(name) = self.begin_late_capture(key, *id) {
            alert.record.insert(CAPTURE_FIELD.to_owned(), name.into());
        }
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
            event.insert("tx_id".to_owned(), transaction.number.into());
            transaction_objects(&mut event, transaction);
        }
        event.insert("flow".to_owned(), Value::Object(crate::eve::counts_and_sides(flow)));
        event.insert("fileinfo".to_owned(), Value::Object(fileinfo_object(record)));
        if flow.capturing {
            event.insert(CAPTURE_FIELD.to_owned(), self.capture_name(flow.id).into());
        }
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
