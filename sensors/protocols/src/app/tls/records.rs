//! The record layer.

pub(super) const CHANGE_CIPHER_SPEC: u8 = 20;
pub(super) const ALERT: u8 = 21;
pub(super) const HANDSHAKE: u8 = 22;
pub(super) const APPLICATION_DATA: u8 = 23;
pub(super) const HEARTBEAT: u8 = 24;
pub(super) const HEADER: usize = 5;
/// Longest record, encryption included (RFC 8446, 5.2).
const RECORD_BYTES: usize = (1 << 14) + 2_048;

/// Cuts a stream into records. Content of handshake, alert and heartbeat records is collected, that of others passed by.
#[derive(Debug, Default)]
pub(super) struct Records {
    header: Vec<u8>,
    content: Vec<u8>,
    left: usize,
    in_record: bool,
}

/// A record.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) kind: u8,
    pub(super) header: [u8; HEADER],
    /// Empty for application data.
    pub(super) content: Vec<u8>,
    pub(super) is_whole: bool,
    /// Whether its header makes sense.
    pub(super) is_valid: bool,
}

impl Records {
    /// Takes bytes off the input up to the end of a record. `None` when the input ran out first.
    pub(super) fn read(&mut self, input: &mut &[u8]) -> Option<Record> {
        if !self.in_record {
            self.read_header(input)?;
            if !self.begin() {
                return Some(self.record(false));
            }
        }
        let length = self.left.min(input.len());
        let (part, rest) = input.split_at(length);
        *input = rest;
        self.left -= length;
        let kind = self.header[0];
        if matches!(kind, HANDSHAKE | ALERT | HEARTBEAT) {
            self.content.extend_from_slice(part);
        }
        if self.left > 0 {
            return None;
        }
        self.in_record = false;
        let record = self.record(true);
        self.header.clear();
        Some(record)
    }

    fn record(&mut self, is_valid: bool) -> Record {
        let header = self.header.first_chunk().copied().unwrap_or_default();
        Record { kind: header[0], header, content: std::mem::take(&mut self.content), is_whole: is_valid, is_valid }
    }

    fn read_header(&mut self, input: &mut &[u8]) -> Option<()> {
        let missing = (HEADER - self.header.len()).min(input.len());
        let (part, rest) = input.split_at(missing);
        self.header.extend_from_slice(part);
        *input = rest;
        (self.header.len() == HEADER).then_some(())
    }

    fn begin(&mut self) -> bool {
        self.left = usize::from(u16::from_be_bytes([self.header[3], self.header[4]]));
        self.in_record = true;
        let known_version = self.header[1] == 3 || self.header[1..3] == [1, 1];
        (CHANGE_CIPHER_SPEC..=HEARTBEAT).contains(&self.header[0]) && known_version && self.left <= RECORD_BYTES
    }
}
