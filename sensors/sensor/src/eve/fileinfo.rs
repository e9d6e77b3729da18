//! Records of files.

use fengsui_files::{FileHashes, FileKind};
use fengsui_protocols::Transaction;
use serde_json::{Map, Value};

use super::header::{Header, add_flow_extras};
use super::packet_info::PacketInfo;
use super::record::{Fields, Record};
use super::transaction::transaction_objects;
use crate::flow::{FileProgress, Flow};
use crate::settings::SensorSettings;

/// What is known of a file that has ended.
pub(crate) struct FileRecord<'a> {
    pub(crate) file: &'a FileProgress,
    pub(crate) kind: FileKind,
    /// Digests of what was seen of the file.
    pub(crate) hashes: Option<FileHashes>,
    /// Name of the list that holds its digest.
    pub(crate) listed: Option<&'a str>,
    /// Number it was kept under.
    pub(crate) stored: Option<u64>,
}

/// The object `fileinfo` of a file.
pub(crate) fn fileinfo_object(record: &FileRecord<'_>) -> Map<String, Value> {
    let mut object = Map::new();
    add_file(&mut object, record);
    object
}

fn add_file(object: &mut impl Fields, record: &FileRecord<'_>) {
    let file = record.file;
    if let Some(name) = &file.name {
        object.text("filename", &String::from_utf8_lossy(name));
    }
    object.text("magic", record.kind.description());
    object.text("type", record.kind.name());
    object.plain("gaps", file.gaps);
    object.text("state", if file.truncated || file.gaps { "TRUNCATED" } else { "CLOSED" });
    if let Some(hashes) = &record.hashes {
        let digests = [
            ("md5", hashes.md5.map(hex::encode)),
            ("sha1", hashes.sha1.map(hex::encode)),
            ("sha256", hashes.sha256.map(hex::encode)),
            ("sm3", hashes.sm3.map(hex::encode)),
        ];
        for (name, digest) in digests {
            if let Some(digest) = digest {
                object.text(name, &digest);
            }
        }
    }
    if let Some(list) = record.listed {
        object.text("hash_list", list);
    }
    if !file.signatures.is_empty() {
        object.value("sid", &file.signatures.clone().into());
    }
    object.plain("stored", record.stored.is_some());
    if let Some(number) = record.stored {
        object.plain("file_id", number);
    }
    object.plain("size", file.size);
    object.plain("tx_id", file.transaction);
}

/// A file on its way, as alerts tell it.
pub(super) fn progress_object(file: &FileProgress) -> Map<String, Value> {
    let mut object = Map::new();
    if let Some(name) = &file.name {
        object.insert("filename".to_owned(), String::from_utf8_lossy(name).into());
    }
    if !file.signatures.is_empty() {
        object.insert("sid".to_owned(), file.signatures.clone().into());
    }
    object.insert("gaps".to_owned(), file.gaps.into());
    let state = match (file.ended, file.truncated || file.gaps) {
        (false, _) => "UNKNOWN",
        (true, true) => "TRUNCATED",
        (true, false) => "CLOSED",
    };
    object.insert("state".to_owned(), state.into());
    object.insert("stored".to_owned(), false.into());
    object.insert("size".to_owned(), file.size.into());
    object.insert("tx_id".to_owned(), file.transaction.into());
    object
}

/// The record of a file that has ended.
pub(crate) fn fileinfo_record(
    settings: &SensorSettings,
    info: &PacketInfo<'_>,
    flow: &Flow,
    transaction: Option<&Transaction>,
    file: &FileRecord<'_>,
) -> Record {
    let mut header = Header::of_flow(info.time, "fileinfo", flow, file.file.direction);
    header.packet_source = Some(info.source);
    header.number = (settings.eve.packet_number && info.number > 0).then_some(info.number);
    let mut record = header.written();
    add_flow_extras(&mut record, settings, flow, file.file.direction);
    if let Some(transaction) = transaction {
        transaction_objects(&mut record, transaction);
    }
    super::flow::add_app_protocol(&mut record, flow);
    record.object("fileinfo", |object| add_file(object, file));
    record
}
