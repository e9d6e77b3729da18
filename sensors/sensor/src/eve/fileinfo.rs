//! Records of files.

use fengsui_files::{FileHashes, FileKind};
use fengsui_protocols::Transaction;
use serde_json::{Map, Value};

use super::header::{Header, add_flow_extras};
use super::packet_info::PacketInfo;
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
    let file = record.file;
    let mut object = Map::new();
    if let Some(name) = &file.name {
        object.insert("filename".to_owned(), String::from_utf8_lossy(name).into());
    }
    object.insert("magic".to_owned(), record.kind.description().into());
    object.insert("type".to_owned(), record.kind.name().into());
    object.insert("gaps".to_owned(), file.gaps.into());
    let state = if file.truncated || file.gaps { "TRUNCATED" } else { "CLOSED" };
    object.insert("state".to_owned(), state.into());
    if let Some(hashes) = &record.hashes {
        let digests = [
            ("md5", hashes.md5.map(hex::encode)),
            ("sha1", hashes.sha1.map(hex::encode)),
            ("sha256", hashes.sha256.map(hex::encode)),
            ("sm3", hashes.sm3.map(hex::encode)),
        ];
        for (name, digest) in digests {
            if let Some(digest) = digest {
                object.insert(name.to_owned(), digest.into());
            }
        }
    }
    if let Some(list) = record.listed {
        object.insert("hash_list".to_owned(), list.into());
    }
    if !file.signatures.is_empty() {
        object.insert("sid".to_owned(), file.signatures.clone().into());
    }
    object.insert("stored".to_owned(), record.stored.is_some().into());
    if let Some(number) = record.stored {
        object.insert("file_id".to_owned(), number.into());
    }
    object.insert("size".to_owned(), file.size.into());
    object.insert("tx_id".to_owned(), file.transaction.into());
    object
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
) -> Map<String, Value> {
    let mut header = Header::of_flow(info.time, "fileinfo", flow, file.file.direction);
    header.packet_source = Some(info.source);
    header.number = (settings.eve.packet_number && info.number > 0).then_some(info.number);
    let mut record = header.record();
    add_flow_extras(&mut record, settings, flow, file.file.direction);
    if let Some(transaction) = transaction {
        transaction_objects(&mut record, transaction);
    }
    super::flow::add_app_protocol(&mut record, flow);
    record.insert("fileinfo".to_owned(), Value::Object(fileinfo_object(file)));
    record
}
