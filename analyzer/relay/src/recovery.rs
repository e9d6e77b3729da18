//! Finds out what is on the disk when a spool is opened.
//!
//! A segment's records count up to the first sequence of the segment after it: what a failed write left behind that
//! is void. The last segment may be torn at its end; the torn bytes are cut off.

use std::collections::{BTreeMap, VecDeque};

use serde::Serialize;

use crate::SpoolError;
use crate::cursor::{Cursor, Step};
use crate::disk::Disk;
use crate::format::{HEADER_BYTES, SegmentHeader, decode_offset, offset_reader, segment_name, segment_number};
use crate::ledger::Segment;

/// What was found on the disk when the spool was opened.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct RecoveryReport {
    /// Segment files with records or a valid header.
    pub segments: u64,
    /// Records found intact.
    pub records: u64,
    /// Bytes of intact segments.
    pub bytes: u64,
    /// Bytes cut off the end of the last segment: a write that was never acknowledged.
    pub torn_bytes: u64,
    /// Segment files that were begun and never used.
    pub unused_segments: u64,
    /// Sequences that were accepted, not yet acknowledged, and are not on the disk any more: `first..end`. The disk
    /// lied or was damaged.
    pub lost: Vec<(u64, u64)>,
    /// Files with a damaged header, renamed to `<name>.damaged`.
    pub damaged_files: Vec<String>,
    /// Readers whose offset file is damaged; they read everything again.
    pub damaged_readers: Vec<String>,
}

/// Everything that opening a spool needs to know.
#[derive(Debug)]
pub(crate) struct Recovered {
    pub(crate) segments: VecDeque<Segment>,
    pub(crate) next_sequence: u64,
    pub(crate) next_number: u64,
    pub(crate) epoch: Option<u64>,
    pub(crate) readers: BTreeMap<String, u64>,
    pub(crate) report: RecoveryReport,
}

/// Looks at every file, cuts the torn tail and makes the rest durable.
pub(crate) fn recover(disk: &dyn Disk) -> Result<Recovered, SpoolError> {
    let names = disk.list().map_err(SpoolError::disk("list", "the spool's folder"))?;
    let mut report = RecoveryReport::default();
    let readers = read_offsets(disk, &names, &mut report)?;
    let mut numbers: Vec<u64> = names.iter().filter_map(|name| segment_number(name)).collect();
    numbers.sort_unstable();
    let headers = read_headers(disk, &numbers, &mut report)?;
    let acknowledged = readers.values().min().copied().unwrap_or(0);
    let (segments, end) = scan_all(disk, &headers, acknowledged, &mut report)?;
    let next_sequence = readers.values().copied().fold(end, u64::max);
    Ok(Recovered {
        segments,
        next_sequence,
        next_number: numbers.last().map_or(1, |last| last + 1),
        epoch: headers.last().map(|(_, header)| header.epoch),
        readers,
        report,
    })
}

fn read_offsets(
    disk: &dyn Disk,
    names: &[String],
    report: &mut RecoveryReport,
) -> Result<BTreeMap<String, u64>, SpoolError> {
    let mut readers = BTreeMap::new();
    for name in names {
        let Some(reader) = offset_reader(name) else { continue };
        let bytes = disk.read_at(name, 0, HEADER_BYTES).map_err(SpoolError::disk("read", name))?;
        match decode_offset(&bytes) {
            Some((_, next)) => drop(readers.insert(reader.to_owned(), next)),
            None => report.damaged_readers.push(reader.to_owned()),
        }
    }
    // A reader that lost its place still holds back the deletion of what it may not have seen.
    for reader in &report.damaged_readers {
        readers.insert(reader.clone(), 0);
    }
    Ok(readers)
}

/// The headers of usable segments. A short file without a valid header was begun and never used, because records
/// are only written after the header is durable; it is removed. A longer one is damaged and put aside.
fn read_headers(
    disk: &dyn Disk,
    numbers: &[u64],
    report: &mut RecoveryReport,
) -> Result<Vec<(u64, SegmentHeader)>, SpoolError> {
    let mut headers = Vec::with_capacity(numbers.len());
    for &number in numbers {
        let name = segment_name(number);
        let bytes = disk.read_at(&name, 0, HEADER_BYTES + 1).map_err(SpoolError::disk("read", &name))?;
        if let Some(header) = SegmentHeader::decode(&bytes) {
            headers.push((number, header));
        } else if bytes.len() <= HEADER_BYTES {
            disk.remove(&name).map_err(SpoolError::disk("remove", &name))?;
            report.unused_segments += 1;
        } else {
            disk.rename(&name, &format!("{name}.damaged")).map_err(SpoolError::disk("rename", &name))?;
            report.damaged_files.push(name);
        }
    }
    Ok(headers)
}

/// Scans every segment and returns them with the sequence after the last record.
fn scan_all(
    disk: &dyn Disk,
    headers: &[(u64, SegmentHeader)],
    acknowledged: u64,
    report: &mut RecoveryReport,
) -> Result<(VecDeque<Segment>, u64), SpoolError> {
    let mut segments = VecDeque::with_capacity(headers.len());
    let mut end = headers.first().map_or(0, |(_, header)| header.first_sequence);
    note_loss(acknowledged, end, report);
    for (index, (number, header)) in headers.iter().enumerate() {
        let next_first = headers.get(index + 1).map(|(_, next)| next.first_sequence);
        let scanned = scan(disk, *number, header.first_sequence, next_first)?;
        if next_first.is_none() {
            seal(disk, *number, &scanned, report)?;
        }
        report.segments += 1;
        report.records += scanned.end - header.first_sequence;
        report.bytes += scanned.bytes;
        segments.push_back(Segment { number: *number, first_sequence: header.first_sequence, bytes: scanned.bytes });
        end = scanned.end;
        note_loss(end.max(acknowledged), next_first.unwrap_or(end), report);
    }
    Ok((segments, end))
}

fn note_loss(first: u64, end: u64, report: &mut RecoveryReport) {
    if first < end {
        report.lost.push((first, end));
    }
}

/// Valid bytes of a segment and the sequence after its last valid record.
struct Scanned {
    bytes: u64,
    end: u64,
}

fn scan(disk: &dyn Disk, number: u64, first: u64, next_first: Option<u64>) -> Result<Scanned, SpoolError> {
    let name = segment_name(number);
    let size = disk.size(&name).map_err(SpoolError::disk("look at", &name))?;
    let mut cursor = Cursor::new(name.clone());
    let mut scanned = Scanned { bytes: cursor.offset(), end: first };
    while next_first.is_none_or(|next| scanned.end < next) {
        let step = cursor.step(disk, size).map_err(SpoolError::disk("read", &name))?;
        let Step::Record(record) = step else { break };
        if record.sequence != scanned.end {
            break;
        }
        scanned.end += 1;
        scanned.bytes = cursor.offset();
    }
    Ok(scanned)
}

/// Cuts the torn tail of the last segment. Syncs it in any case: its last records may be in the page cache only, and
/// from now on they count as accepted.
fn seal(disk: &dyn Disk, number: u64, scanned: &Scanned, report: &mut RecoveryReport) -> Result<(), SpoolError> {
    let name = segment_name(number);
    let size = disk.size(&name).map_err(SpoolError::disk("look at", &name))?;
    report.torn_bytes += size.saturating_sub(scanned.bytes);
    disk.truncate(&name, scanned.bytes).map_err(SpoolError::disk("cut the torn end of", &name))
}
