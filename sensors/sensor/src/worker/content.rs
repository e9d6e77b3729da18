//! Sensitive data in files and bodies on the wire.

use std::sync::Arc;

use fengsui_crypto::sm3_of_parts;
use fengsui_dlp_engine::{Classification, ContentHint, Engine};
use fengsui_files::{FilesError, Pool, Work};
use fengsui_protocols::Direction;
use fengsui_schema::{Finding, FindingId, FindingPlace};
use serde_json::Value;

use super::Worker;
use super::scans::Kept;
use crate::account::Counter;
use crate::eve::{Fields as _, FileRecord, Header, PacketInfo, Record, transaction_objects};
use crate::flow::Flow;
use crate::limits::CONTENT_QUEUE_FILES;

/// Threads that classify content.
pub(crate) type ClassifierPool = Pool<(Arc<Vec<u8>>, ContentHint), Option<Classification>>;

/// Starts threads that classify content, one for each worker: a file in one piece would hold up a worker's packets for
/// longer than a ring has room.
pub(crate) fn classifying(engine: &Arc<Engine>, workers: usize) -> Result<ClassifierPool, FilesError> {
    let works = (0..workers).map(|_| {
        let engine = Arc::clone(engine);
        Box::new(move |(content, hint): (Arc<Vec<u8>>, ContentHint)| engine.classify(&content, &hint)) as Work<_, _>
    });
    Pool::start("content", CONTENT_QUEUE_FILES, works)
}

/// Where content was, for a finding in it.
pub(super) struct Place {
    id: FindingId,
    place: FindingPlace,
    /// The record but for the finding.
    record: Record,
}

impl Worker {
    /// Has the content of a file that has ended classified.
    pub(super) fn classify_file(
        &mut self,
        info: &PacketInfo<'_>,
        flow: &Flow,
        (record, content): (&FileRecord<'_>, &Arc<Vec<u8>>),
    ) {
        let shared = Arc::clone(&self.shared);
        let Some(pool) = shared.classifier.as_ref().filter(|_| !content.is_empty()) else { return };
        match self.ask(pool, (Arc::clone(content), hint_of(flow, record))) {
            Some(ticket) => {
                let place = self.place(info, flow, record);
                self.await_classification(ticket, content, place);
            }
            None => self.account.count(Counter::ContentShed),
        }
    }

    fn place(&self, info: &PacketInfo<'_>, flow: &Flow, record: &FileRecord<'_>) -> Place {
        let file = record.file;
        let (source, destination) = flow.sides(file.direction);
        let observer = &self.shared.settings.observer;
        let digest = sm3_of_parts(&[b"wire", observer.as_bytes(), &flow.id.to_le_bytes(), &file.id.to_le_bytes()]);
        let name = file.name.as_ref().map(|name| String::from_utf8_lossy(name).into_owned()).unwrap_or_default();
        let protocol = flow.app.as_ref().and_then(|app| app.protocol());
        let place = FindingPlace {
            kind: "wire".to_owned(),
            name,
            inside: None,
            source_ip: Some(source.0.to_string()),
            destination_ip: Some(destination.0.to_string()),
            protocol: protocol.map(|protocol| protocol.as_str().to_owned()),
            flow_id: Some(flow.id.to_string()),
            sm3: record.hashes.filter(|_| !file.truncated && !file.gaps).and_then(|hashes| hashes.sm3).map(hex::encode),
            size: Some(file.size),
        };
        let mut header = Header::of_flow(info.time, "dlp", flow, file.direction);
        header.number = self.number_to_tell(info.number);
        let mut event = header.written();
        crate::eve::add_flow_extras(&mut event, &self.shared.settings, flow, file.direction);
        crate::eve::add_app_protocol(&mut event, flow);
        let transaction = flow.app.as_ref().and_then(|app| app.transaction(file.transaction));
        if let Some(transaction) = transaction {
            transaction_objects(&mut event, transaction);
        }
        Place { id: FindingId::from_digest(&digest), place, record: event }
    }

    /// Tells what was found in the content of a file.
    pub(super) fn tell_finding(&mut self, (time, order, place): Kept<Place>, classification: Classification) {
        self.account.count(Counter::Findings);
        if !self.writes("dlp") {
            return;
        }
        let Place { id, place, mut record } = place;
        let finding = Finding {
            id,
            time,
            place,
            samples: classification.samples,
            grade: classification.grade,
            grade_basis: classification.grade_basis,
            observer: self.shared.settings.observer.clone(),
            unit: self.shared.unit.clone(),
        };
        record.value("dlp", &serde_json::to_value(finding).unwrap_or(Value::Null));
        self.emit_late((time, order), "dlp", record);
    }
}

/// What the transaction tells about the content.
fn hint_of(flow: &Flow, record: &FileRecord<'_>) -> ContentHint {
    let file = record.file;
    let transaction = flow.app.as_ref().and_then(|app| app.transaction(file.transaction));
    // The content type EVE tells is that of the answer.
    let media_type = transaction
        .filter(|_| file.direction == Direction::ToClient)
        .and_then(|transaction| transaction.eve.get("http_content_type")?.as_str().map(str::to_owned));
    ContentHint {
        name: file.name.as_ref().map(|name| String::from_utf8_lossy(name).into_owned()),
        media_type,
        ..ContentHint::default()
    }
}
