//! Reads the binary Windows event log format (EVTX): one JSON object a record, as the source `evtx` takes them.
//!
//! The caller brings the bytes; chunks are read one at a time, so that a log of any size fits in memory.

use std::io::{Read, Seek};

use evtx::{EvtxParser, ParserSettings};

use crate::NormalizeError;

/// The first bytes of a binary Windows event log.
pub const EVTX_MAGIC: &[u8] = b"ElfFile\0";

/// A record of a binary Windows event log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WindowsRecord {
    /// Number of the record as the log counts it (`EventRecordID`).
    pub number: u64,
    /// The record as a JSON object: the payload of a raw record of source `evtx`.
    pub json: Vec<u8>,
}

/// A binary Windows event log that is being read.
pub struct WindowsLog<R: Read + Seek> {
    parser: EvtxParser<R>,
}

impl<R: Read + Seek> WindowsLog<R> {
    /// Opens a log.
    ///
    /// # Errors
    /// When the bytes do not begin with the header of such a log.
    pub fn open(bytes: R) -> Result<Self, NormalizeError> {
        let settings = ParserSettings::new().num_threads(1).separate_json_attributes(true).indent(false);
        match EvtxParser::from_read_seek(bytes) {
            Ok(parser) => Ok(Self { parser: parser.with_configuration(settings) }),
            Err(error) => Err(NormalizeError::malformed("evtx", error.to_string())),
        }
    }

    /// Calls a function with every record in the order of the file; a damaged record is an error that does not end the
    /// reading. The function ends it by returning an error of its own.
    ///
    /// # Errors
    /// What the function returned.
    pub fn each<E>(
        &mut self,
        mut take: impl FnMut(Result<WindowsRecord, NormalizeError>) -> Result<(), E>,
    ) -> Result<(), E> {
        for record in self.parser.records_json_bytes() {
            take(match record {
                Ok(record) => Ok(WindowsRecord { number: record.event_record_id, json: record.data }),
                Err(error) => Err(NormalizeError::malformed("evtx", error.to_string())),
            })?;
        }
        Ok(())
    }
}
