//! Capture files: pcap (µs and ns, both byte orders) and pcapng.

use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::path::Path;

use fengsui_schema::{Timestamp, shown};
use pcap_parser::pcapng::Block;
use pcap_parser::traits::PcapReaderIterator;
use pcap_parser::{PcapBlockOwned, PcapError, PcapHeader, create_reader};

use crate::limits::{FILE_BLOCK_BYTES, FILE_BUFFER_BYTES, FILE_INTERFACES};
use crate::{CaptureError, CaptureStatistics, LinkType, Packet, PacketSource};

const NANOS_PER_SECOND: u64 = 1_000_000_000;
const LEGACY_RECORD_HEADER: usize = 16;
const ENHANCED_PACKET_HEADER: usize = 28;
const SIMPLE_PACKET_HEADER: usize = 12;

/// Reads a capture file packet by packet with constant memory.
pub struct FileSource {
    path: String,
    reader: Box<dyn PcapReaderIterator + Send>,
    /// Bytes of the block last delivered, given back to the reader before the next one is read.
    pending: usize,
    offset: u64,
    buffered: usize,
    /// One for pcap; one per interface of the current section for pcapng.
    interfaces: Vec<TimeBase>,
    statistics: CaptureStatistics,
    finished: bool,
}

#[derive(Debug, Clone, Copy)]
struct TimeBase {
    link: LinkType,
    units_per_second: u64,
    offset_seconds: i64,
    snap_length: u32,
}

/// Where the packet lies in the reader's buffer, and what its block says of it.
struct Located {
    range: Range<usize>,
    time: Timestamp,
    original_length: u32,
    link: LinkType,
}

enum Step {
    Skip(usize),
    Deliver(usize, Located),
    Refill,
    End,
    Fail(&'static str),
    Cut,
    ReadFailed,
}

impl FileSource {
    /// Opens a capture file.
    ///
    /// # Errors
    /// [`CaptureError::Open`] when it cannot be opened, [`CaptureError::NotCapture`] when it is neither pcap nor pcapng.
    pub fn open(path: &Path) -> Result<Self, CaptureError> {
        let name = shown(&path.to_string_lossy()).to_string();
        match File::open(path) {
            Ok(file) => Self::named(name, file),
            Err(source) => Err(CaptureError::Open { path: name, source }),
        }
    }

    /// Reads a capture from anything that yields bytes; `name` stands for the path in messages.
    ///
    /// # Errors
    /// [`CaptureError::NotCapture`] when it is neither pcap nor pcapng.
    pub fn from_reader(name: &str, reader: impl Read + Send + 'static) -> Result<Self, CaptureError> {
        Self::named(shown(name).to_string(), reader)
    }

    fn named(path: String, reader: impl Read + Send + 'static) -> Result<Self, CaptureError> {
        let reader = match create_reader(FILE_BUFFER_BYTES, FullReads(reader)) {
            Ok(reader) => reader,
            Err(PcapError::ReadError) => {
                let source = io::Error::other("the read failed");
                return Err(CaptureError::File { path, verb: "read", source });
            }
            Err(_) => return Err(CaptureError::NotCapture { path }),
        };
        Ok(Self {
            path,
            reader,
            pending: 0,
            offset: 0,
            buffered: FILE_BUFFER_BYTES,
            interfaces: Vec::new(),
            statistics: CaptureStatistics::default(),
            finished: false,
        })
    }

    fn consume(&mut self, length: usize) {
        self.reader.consume(length);
        self.offset += length as u64;
    }

    fn step(&mut self) -> Step {
        let exhausted = self.reader.reader_exhausted();
        if exhausted && self.reader.data().is_empty() {
            return Step::End;
        }
        match self.reader.next() {
            Ok((length, block)) => read_block(&mut self.interfaces, length, &block),
            Err(PcapError::Eof) => Step::End,
            Err(PcapError::Incomplete(_) | PcapError::BufferTooSmall) => Step::Refill,
            Err(PcapError::UnexpectedEof) => Step::Cut,
            Err(PcapError::ReadError) => Step::ReadFailed,
            Err(PcapError::HeaderNotRecognized) => Step::Fail("a block header is not recognised"),
            Err(PcapError::NomError(..) | PcapError::OwnedNomError(..)) => Step::Fail("a block cannot be parsed"),
        }
    }

    fn refill(&mut self) -> Result<(), CaptureError> {
        let full = self.reader.data().len() + LEGACY_RECORD_HEADER >= self.buffered
            || matches!(self.reader.next(), Err(PcapError::BufferTooSmall));
        if full {
            self.grow()?;
        }
        if self.reader.refill().is_err() {
            return Err(self.read_failed());
        }
        Ok(())
    }

    fn grow(&mut self) -> Result<(), CaptureError> {
        if self.buffered >= FILE_BLOCK_BYTES {
            return Err(self.malformed("a block is larger than 64 MiB"));
        }
        self.buffered *= 2;
        self.reader.grow(self.buffered);
        Ok(())
    }

    fn malformed(&mut self, detail: &'static str) -> CaptureError {
        self.finished = true;
        CaptureError::Malformed { path: self.path.clone(), offset: self.offset, detail }
    }

    fn cut(&mut self) -> CaptureError {
        self.finished = true;
        CaptureError::Truncated { path: self.path.clone(), offset: self.offset }
    }

    fn read_failed(&mut self) -> CaptureError {
        self.finished = true;
        let source = io::Error::other("the read failed");
        CaptureError::File { path: self.path.clone(), verb: "read", source }
    }

    fn locate(&mut self) -> Result<Option<Located>, CaptureError> {
        loop {
            match self.step() {
                Step::Skip(length) => self.consume(length),
                Step::Deliver(length, located) => {
                    self.pending = length;
                    return Ok(Some(located));
                }
                Step::Refill => self.refill()?,
                Step::End => {
                    self.finished = true;
                    return Ok(None);
                }
                Step::Cut => return Err(self.cut()),
                Step::Fail(detail) => return Err(self.malformed(detail)),
                Step::ReadFailed => return Err(self.read_failed()),
            }
        }
    }
}

impl PacketSource for FileSource {
    fn next(&mut self) -> Result<Option<Packet<'_>>, CaptureError> {
        if self.finished {
            return Ok(None);
        }
        let pending = std::mem::take(&mut self.pending);
        self.consume(pending);
        let Some(located) = self.locate()? else { return Ok(None) };
        if self.reader.data().get(located.range.clone()).is_none() {
            return Err(self.malformed("a packet is longer than its block"));
        }
        let packet = Packet {
            time: located.time,
            data: &self.reader.data()[located.range],
            original_length: located.original_length,
            link: located.link,
            vlan: None,
        };
        self.statistics.count(&packet);
        Ok(Some(packet))
    }

    fn statistics(&mut self) -> CaptureStatistics {
        self.statistics
    }

    fn is_live(&self) -> bool {
        false
    }
}

fn read_block(interfaces: &mut Vec<TimeBase>, length: usize, block: &PcapBlockOwned<'_>) -> Step {
    match block {
        PcapBlockOwned::LegacyHeader(header) => {
            *interfaces = vec![of_header(header)];
            Step::Skip(length)
        }
        PcapBlockOwned::Legacy(record) => match interfaces.first() {
            Some(base) => Step::Deliver(length, of_record(*base, record)),
            None => Step::Fail("a packet comes before the file header"),
        },
        PcapBlockOwned::NG(block) => read_ng_block(interfaces, length, block),
    }
}

fn of_header(header: &PcapHeader) -> TimeBase {
    TimeBase {
        // The upper half of the field holds frame check sequence flags.
        link: LinkType::from_number((header.network.0 as u32) & 0xffff),
        units_per_second: if header.is_nanosecond_precision() { NANOS_PER_SECOND } else { 1_000_000 },
        offset_seconds: 0,
        snap_length: header.snaplen,
    }
}

fn of_record(base: TimeBase, record: &pcap_parser::LegacyPcapBlock<'_>) -> Located {
    let scale = NANOS_PER_SECOND / base.units_per_second;
    let nanos = u64::from(record.ts_usec) * scale;
    Located {
        range: LEGACY_RECORD_HEADER..LEGACY_RECORD_HEADER + record.data.len(),
        time: Timestamp::from_parts(i64::from(record.ts_sec), 0).plus_nanos(i64::try_from(nanos).unwrap_or(0)),
        original_length: record.origlen,
        link: base.link,
    }
}

fn read_ng_block(interfaces: &mut Vec<TimeBase>, length: usize, block: &Block<'_>) -> Step {
    match block {
        Block::SectionHeader(_) => {
            interfaces.clear();
            Step::Skip(length)
        }
        Block::InterfaceDescription(description) => {
            if interfaces.len() >= FILE_INTERFACES {
                return Step::Fail("a section has more than 65,536 interfaces");
            }
            interfaces.push(TimeBase {
                link: LinkType::from_number((description.linktype.0 as u32) & 0xffff),
                units_per_second: description.ts_resolution().unwrap_or(1_000_000).max(1),
                offset_seconds: description.ts_offset(),
                snap_length: description.snaplen,
            });
            Step::Skip(length)
        }
        Block::EnhancedPacket(packet) => enhanced(interfaces, length, packet),
        Block::SimplePacket(packet) => simple(interfaces, length, packet),
        _ => Step::Skip(length),
    }
}

fn enhanced(interfaces: &[TimeBase], length: usize, packet: &pcap_parser::EnhancedPacketBlock<'_>) -> Step {
    let base = usize::try_from(packet.if_id).ok().and_then(|index| interfaces.get(index));
    let (Some(base), Ok(captured)) = (base, usize::try_from(packet.caplen)) else {
        return Step::Fail("a packet names an interface that was not described");
    };
    let units = u64::from(packet.ts_high) << 32 | u64::from(packet.ts_low);
    let located = Located {
        range: ENHANCED_PACKET_HEADER..ENHANCED_PACKET_HEADER.saturating_add(captured),
        time: time_of(units, base),
        original_length: packet.origlen,
        link: base.link,
    };
    Step::Deliver(length, located)
}

fn simple(interfaces: &[TimeBase], length: usize, packet: &pcap_parser::SimplePacketBlock<'_>) -> Step {
    let Some(base) = interfaces.first() else {
        return Step::Fail("a packet comes before the description of its interface");
    };
    let limit = if base.snap_length == 0 { u32::MAX } else { base.snap_length };
    let captured = usize::try_from(packet.origlen.min(limit)).unwrap_or(usize::MAX);
    let located = Located {
        range: SIMPLE_PACKET_HEADER..SIMPLE_PACKET_HEADER.saturating_add(captured),
        time: Timestamp::EPOCH,
        original_length: packet.origlen,
        link: base.link,
    };
    Step::Deliver(length, located)
}

fn time_of(units: u64, base: &TimeBase) -> Timestamp {
    let seconds = i64::try_from(units / base.units_per_second).unwrap_or(i64::MAX);
    let rest = u128::from(units % base.units_per_second) * u128::from(NANOS_PER_SECOND);
    let nanos = u32::try_from(rest / u128::from(base.units_per_second)).unwrap_or(0);
    Timestamp::from_parts(seconds.saturating_add(base.offset_seconds), nanos)
}

/// Fills the buffer as far as the underlying reader can, so that a short read is no end of file.
struct FullReads<R>(R);

impl<R: Read> Read for FullReads<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.0.read(&mut buffer[filled..]) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }
}
