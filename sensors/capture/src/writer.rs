//! Evidence captures.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use fengsui_schema::shown;

use crate::limits::WRITTEN_PACKET_BYTES;
use crate::{CaptureError, LinkType, Packet};

const MAGIC_NANOSECONDS: u32 = 0xa1b2_3c4d;
const NANOS_PER_SECOND: i64 = 1_000_000_000;

/// Writes packets of one link type as a pcap file with nanosecond times. A hardware-stripped VLAN tag is put back into
/// Ethernet frames.
pub struct PcapWriter<W: Write> {
    name: String,
    output: W,
}

impl PcapWriter<BufWriter<File>> {
    /// Creates the file, which must not exist yet.
    ///
    /// # Errors
    /// [`CaptureError::Open`] when it cannot be created.
    pub fn create(path: &Path, link: LinkType) -> Result<Self, CaptureError> {
        let name = shown(&path.to_string_lossy()).to_string();
        match File::create_new(path) {
            Ok(file) => Self::new(&name, BufWriter::new(file), link),
            Err(source) => Err(CaptureError::Open { path: name, source }),
        }
    }
}

impl<W: Write> PcapWriter<W> {
    /// Writes the file header to `output`; `name` stands for the path in messages.
    ///
    /// # Errors
    /// [`CaptureError::File`] when writing fails.
    pub fn new(name: &str, output: W, link: LinkType) -> Result<Self, CaptureError> {
        let mut writer = Self { name: name.to_owned(), output };
        let mut header = Vec::with_capacity(24);
        header.extend_from_slice(&MAGIC_NANOSECONDS.to_le_bytes());
        header.extend_from_slice(&[2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        header.extend_from_slice(&length_of(WRITTEN_PACKET_BYTES).to_le_bytes());
        header.extend_from_slice(&link.number().to_le_bytes());
        writer.put(&header)?;
        Ok(writer)
    }

    /// Appends a packet.
    ///
    /// # Errors
    /// [`CaptureError::File`] when writing fails.
    pub fn write(&mut self, packet: &Packet<'_>) -> Result<(), CaptureError> {
        let data = &packet.data[..packet.data.len().min(WRITTEN_PACKET_BYTES)];
        let tag = match packet.vlan {
            Some(tag) if packet.link == LinkType::ETHERNET && data.len() >= 12 => Some(tag),
            _ => None,
        };
        let added = if tag.is_some() { 4 } else { 0 };
        self.record_header(packet, data.len() + added, added)?;
        let Some(tag) = tag else { return self.put(data) };
        self.put(&data[..12])?;
        self.put(&[0x81, 0x00])?;
        self.put(&tag.to_be_bytes())?;
        self.put(&data[12..])
    }

    fn record_header(&mut self, packet: &Packet<'_>, captured: usize, added: usize) -> Result<(), CaptureError> {
        let seconds = u32::try_from(packet.time.as_seconds()).unwrap_or(0);
        let nanos = u32::try_from(packet.time.as_nanos().rem_euclid(NANOS_PER_SECOND)).unwrap_or(0);
        let original = packet.original_length.saturating_add(length_of(added)).max(length_of(captured));
        let mut header = [0; 16];
        for (field, value) in header.chunks_exact_mut(4).zip([seconds, nanos, length_of(captured), original]) {
            field.copy_from_slice(&value.to_le_bytes());
        }
        self.put(&header)
    }

    /// Writes out what is still held back, so that a reader of the file finds it.
    ///
    /// # Errors
    /// [`CaptureError::File`] when writing fails.
    pub fn flush(&mut self) -> Result<(), CaptureError> {
        self.output.flush().map_err(|source| CaptureError::File { path: self.name.clone(), verb: "written", source })
    }

    /// Writes everything out and gives the output back.
    ///
    /// # Errors
    /// [`CaptureError::File`] when writing fails.
    pub fn finish(mut self) -> Result<W, CaptureError> {
        match self.output.flush() {
            Ok(()) => Ok(self.output),
            Err(source) => Err(CaptureError::File { path: self.name, verb: "written", source }),
        }
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), CaptureError> {
        self.output.write_all(bytes).map_err(|source| CaptureError::File {
            path: self.name.clone(),
            verb: "written",
            source,
        })
    }
}

fn length_of(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
