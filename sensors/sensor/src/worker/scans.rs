//! YARA scans under way, and alerts about files.

use std::collections::VecDeque;

use fengsui_crypto::sm3;
use fengsui_files::{ScanOutcome, ScanTicket, Unscanned, YaraMatch};
use fengsui_schema::{Condition, Severity, Timestamp};
use serde_json::{Map, Value, json};

use super::Worker;
use crate::account::Counter;
use crate::eve::{EventOrder, FileRecord, Header, PacketInfo, explanation, fileinfo_object, transaction_objects};
use crate::flow::Flow;

/// Generator number of alerts about files: YARA and hash lists.
const FILE_GENERATOR: u32 = 9_001;

/// Scans in the order in which their files ended.
#[derive(Default)]
pub(super) struct PendingScans(VecDeque<PendingScan>);

struct PendingScan {
    ticket: ScanTicket,
    time: Timestamp,
    order: EventOrder,
    /// The alert record but for what was found.
    record: Map<String, Value>,
}

impl Worker {
    /// Hands a file that has ended to the scan threads.
    pub(super) fn scan_file(&mut self, info: &PacketInfo<'_>, flow: &Flow, record: &FileRecord<'_>, content: Vec<u8>) {
        let shared = std::sync::Arc::clone(&self.shared);
        let Some(pool) = &shared.yara else { return };
        if content.is_empty() || !self.writes("alert") {
            return;
        }
        let ticket = if shared.live { pool.offer(content) } else { pool.submit(content) };
        let Some(ticket) = ticket else {
            self.account.count(Counter::YaraShed);
            return;
        };
        let record = self.file_alert(info, flow, record);
        let order = self.order;
        self.order.2 = self.order.2.saturating_add(1);
        self.scans.0.push_back(PendingScan { ticket, time: info.time, order, record });
    }

    /// Tells the scans that have ended, oldest first; with `wait` all of them.
    pub(super) fn collect_scans(&mut self, wait: bool) {
        // A capture file waits for each, so that the records of a batch do not depend on how fast a scan was.
        let wait = wait || !self.shared.live;
        while let Some(front) = self.scans.0.front() {
            let outcome = if wait { None } else { front.ticket.try_take() };
            if outcome.is_none() && !wait {
                return;
            }
            let Some(scan) = self.scans.0.pop_front() else { return };
            let outcome = match outcome {
                Some(outcome) => outcome,
                None => scan.ticket.wait(),
            };
            if let ScanOutcome::Unscanned(reason) = &outcome {
                self.tell_unscanned((scan.time, scan.order), scan.record, reason);
                continue;
            }
            for found in outcome.matches() {
                self.tell_yara((scan.time, scan.order), scan.record.clone(), found);
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
        let now = std::mem::replace(&mut self.now, place.0);
        self.emit_at(place.1, "anomaly", &record);
        self.now = now;
    }

    fn tell_yara(&mut self, place: (Timestamp, EventOrder), mut record: Map<String, Value>, found: &YaraMatch) {
        let alert = yara_alert(found);
        record.insert("alert".to_owned(), Value::Object(alert));
        record.insert("explanation".to_owned(), yara_explanation(found));
        record.insert("yara".to_owned(), json!({"rule": found.rule, "namespace": found.namespace, "tags": found.tags}));
        self.account.count(Counter::DetectAlerts);
        let now = std::mem::replace(&mut self.now, place.0);
        self.emit_at(place.1, "alert", &record);
        self.now = now;
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
