//! Sensitive data in files and bodies on the wire.

use fengsui_crypto::sm3_of_parts;
use fengsui_dlp_engine::{Classification, ContentHint};
use fengsui_protocols::Direction;
use fengsui_schema::{Finding, FindingId, FindingPlace};
use serde_json::Value;

use super::Worker;
use crate::account::Counter;
use crate::eve::{FileRecord, Header, PacketInfo, transaction_objects};
use crate::flow::Flow;

impl Worker {
    /// Classifies the content of a file that has ended.
    pub(super) fn classify_file(
        &mut self,
        info: &PacketInfo<'_>,
        flow: &Flow,
        record: &FileRecord<'_>,
        content: &[u8],
    ) {
        let Some(classifier) = self.shared.classifier.clone() else { return };
        if content.is_empty() || !self.shared.settings.classify_content {
            return;
        }
        let hint = hint_of(flow, record);
        let Some(classification) = classifier.classify(content, &hint) else { return };
        self.account.count(Counter::Findings);
        let finding = self.finding(info, flow, record, classification);
        self.tell_finding(info, flow, record, &finding);
    }

    fn finding(
        &self,
        info: &PacketInfo<'_>,
        flow: &Flow,
        record: &FileRecord<'_>,
        classification: Classification,
    ) -> Finding {
        let file = record.file;
        let (source, destination) = flow.sides(file.direction);
        let observer = &self.shared.settings.observer;
        let digest = sm3_of_parts(&[b"wire", observer.as_bytes(), &flow.id.to_le_bytes(), &file.id.to_le_bytes()]);
        let name = file.name.as_ref().map(|name| String::from_utf8_lossy(name).into_owned()).unwrap_or_default();
        let protocol = flow.app.as_ref().and_then(|app| app.protocol());
        Finding {
            id: FindingId::from_digest(&digest),
            time: info.time,
            place: FindingPlace {
                kind: "wire".to_owned(),
                name,
                inside: None,
                source_ip: Some(source.0.to_string()),
                destination_ip: Some(destination.0.to_string()),
                protocol: protocol.map(|protocol| protocol.as_str().to_owned()),
                flow_id: Some(flow.id.to_string()),
                sm3: record
                    .hashes
                    .filter(|_| !file.truncated && !file.gaps)
                    .and_then(|hashes| hashes.sm3)
                    .map(hex::encode),
                size: Some(file.size),
            },
            samples: classification.samples,
            grade: classification.grade,
            grade_basis: classification.grade_basis,
            observer: observer.clone(),
            unit: self.shared.unit.clone(),
        }
    }

    fn tell_finding(&mut self, info: &PacketInfo<'_>, flow: &Flow, record: &FileRecord<'_>, finding: &Finding) {
        if !self.writes("dlp") {
            return;
        }
        let mut header = Header::of_flow(info.time, "dlp", flow, record.file.direction);
        header.number = self.number_to_tell(info.number);
        let mut event = header.record();
        crate::eve::add_flow_extras(&mut event, &self.shared.settings, flow, record.file.direction);
        crate::eve::add_app_protocol(&mut event, flow);
        let transaction = flow.app.as_ref().and_then(|app| app.transaction(record.file.transaction));
        if let Some(transaction) = transaction {
            transaction_objects(&mut event, transaction);
        }
        event.insert("dlp".to_owned(), serde_json::to_value(finding).unwrap_or(Value::Null));
        self.emit("dlp", &event);
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
