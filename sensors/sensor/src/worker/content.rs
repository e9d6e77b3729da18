//! Sensitive data in files and bodies on the wire.

use fengsui_crypto::sm3_of_parts;
use fengsui_dlp_engine::{Classification, ContentHint, ContentReport, UnreadParts};
use fengsui_files::ContentOutcome;
use fengsui_protocols::Direction;
use fengsui_schema::{Finding, FindingId, FindingPlace, shown};
use serde_json::{Map, Value, json};

use super::Worker;
use super::scans::Kept;
use crate::account::Counter;
use crate::eve::{Fields as _, FileRecord, Header, PacketInfo, Record, transaction_objects};
use crate::flow::Flow;

/// Where content was, for a finding in it.
pub(super) struct Place {
    id: FindingId,
    place: FindingPlace,
    /// The record but for the finding.
    record: Record,
}

impl Place {
    /// The record but for what is told of the file.
    fn told(&self) -> Map<String, Value> {
        let mut record = self.record.as_map();
        record.insert("fileinfo".to_owned(), Value::Object(fileinfo(&self.place)));
        record
    }
}

impl Worker {
    /// Where the content of a file was.
    pub(super) fn place(&self, info: &PacketInfo<'_>, flow: &Flow, record: &FileRecord<'_>) -> Place {
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

    /// Tells what came of the content of a file.
    pub(super) fn tell_content(&mut self, kept: Kept<Place>, outcome: ContentOutcome) {
        let ContentReport { classification, unread } = match outcome {
            ContentOutcome::Read(report) => report,
            ContentOutcome::Unfinished(reason) => {
                let (time, order, place) = &kept;
                return self.tell_unscanned((*time, *order), place.told(), ("content", &reason));
            }
        };
        if let Some(unread) = unread {
            self.tell_unread(&kept, &unread);
        }
        if let Some(found) = classification {
            self.tell_finding(kept, found);
        }
    }

    /// A document of which parts could not be read is counted and told.
    fn tell_unread(&mut self, (time, order, place): &Kept<Place>, unread: &UnreadParts) {
        self.account.count(Counter::ContentUnread);
        let anomaly = json!({
            "type": "file",
            "event": if unread.limited { "file.past_limit" } else { "file.unread" },
            "scan": "content",
            "reason": shown(&unread.reason).to_string(),
            "inside": shown(&unread.inside).to_string(),
            "parts": unread.count,
        });
        self.tell_file_anomaly((*time, *order), place.told(), anomaly);
    }

    /// Tells what was found in the content of a file.
    fn tell_finding(&mut self, (time, order, place): Kept<Place>, classification: Classification) {
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

/// The file, as far as its place tells.
fn fileinfo(place: &FindingPlace) -> Map<String, Value> {
    let mut object = Map::new();
    object.insert("filename".to_owned(), place.name.clone().into());
    object.extend(place.size.map(|size| ("size".to_owned(), size.into())));
    object.extend(place.sm3.clone().map(|digest| ("sm3".to_owned(), digest.into())));
    object
}

/// What the transaction tells about the content.
pub(super) fn hint_of(flow: &Flow, record: &FileRecord<'_>) -> ContentHint {
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
