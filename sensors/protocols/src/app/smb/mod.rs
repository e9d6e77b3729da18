//! SMB 1 to 3 (MS-SMB, MS-CIFS, MS-SMB2) over NetBIOS sessions: commands, files, calls over named pipes.

mod eve;
mod names;
mod ntlmssp;
mod smb1;
mod smb2;
mod state;

use super::messages::{Cut, Messages};
use super::open_files::FileKey;
use super::registry::{AppParser, Context, Input, ParserSpec, Probe, Reading, TransportKind, Verdict};
use crate::limits::MESSAGE_BYTES;
use crate::{AppProtocol, Direction};
use state::State;

pub(super) const PARSER: ParserSpec = ParserSpec {
    protocol: AppProtocol::Smb,
    transports: &[TransportKind::Tcp],
    ports: &[445, 139],
    probe,
    create: |_| Box::new(SmbParser::default()),
};

/// Bytes of a NetBIOS session header.
const SESSION_HEADER: usize = 4;
/// Bytes by which the start of a message is known: the session header and the name of the protocol.
const START_BYTES: usize = 8;
/// Bytes of a message that hold its headers, when its data is handed on as it comes.
const HEAD_BYTES: usize = 256;
/// Messages longer than this hand on their data as it comes.
const STREAMED_BYTES: usize = MESSAGE_BYTES / 16;

fn probe(probe: &Probe<'_>) -> Verdict {
    let data = probe.data;
    let Some(kind) = data.first() else { return Verdict::More };
    let session = matches!(kind, 0x81 | 0x82 | 0x85) && probe.port_matches && probe.server_port == 139;
    match data.get(SESSION_HEADER..) {
        _ if *kind != 0 && !session => Verdict::No,
        None => Verdict::More,
        Some(_) if session => {
            let length = u16::from_be_bytes([data[2], data[3]]);
            if data[1] == 0 && length <= 512 { Verdict::Yes } else { Verdict::No }
        }
        Some(magic) if magic.len() < 4 => {
            let known = |first: u8| [first, b'S', b'M', b'B'].starts_with(magic);
            if magic.is_empty() || known(0xff) || known(0xfe) || known(0xfd) { Verdict::More } else { Verdict::No }
        }
        Some([0xfd..=0xff, b'S', b'M', b'B', ..]) => Verdict::Yes,
        Some(_) => Verdict::No,
    }
}

#[derive(Default)]
struct SmbParser {
    sides: [Side; 2],
    state: State,
}

#[derive(Default)]
struct Side {
    messages: Messages,
    /// Bytes came that are no message: the next header is looked for.
    lost: bool,
    streamed: Option<Streamed>,
}

/// Data of a message that is handed on as it comes.
struct Streamed {
    file: FileKey,
    /// Offset in the file.
    offset: u64,
    /// Bytes of data that are still to come, and bytes after them.
    left: usize,
    after: usize,
}

impl AppParser for SmbParser {
    fn parse(&mut self, direction: Direction, input: Input<'_>, context: &mut Context<'_>) {
        let side = index(direction);
        match input {
            Input::Data(data) => {
                self.sides[side].messages.push(data);
                self.read(direction, context);
            }
            Input::Gap(length) => self.gap(direction, length, context),
            Input::End => {
                if direction == Direction::ToClient || self.sides[1].messages.is_lost() {
                    self.state.end(context);
                }
            }
        }
    }

    fn reading(&self, direction: Direction) -> Reading {
        let side = &self.sides[index(direction)];
        match side.lost {
            true if self.state.had_gap => Reading::BehindGap,
            true => Reading::GivenUp,
            false => side.messages.reading(),
        }
    }
}

const fn index(direction: Direction) -> usize {
    match direction {
        Direction::ToServer => 0,
        Direction::ToClient => 1,
    }
}

impl SmbParser {
    fn read(&mut self, direction: Direction, context: &mut Context<'_>) {
        loop {
            let side = &mut self.sides[index(direction)];
            if side.messages.is_lost() {
                return;
            }
            let went_on = match &mut side.streamed {
                Some(_) => self.stream(direction, context),
                None => self.message(direction, context),
            };
            if !went_on {
                return;
            }
        }
    }

    /// The next message, or the head of a long one.
    fn message(&mut self, direction: Direction, context: &mut Context<'_>) -> bool {
        let side = &mut self.sides[index(direction)];
        let waiting = side.messages.waiting();
        let Some(header) = waiting.first_chunk::<SESSION_HEADER>() else { return false };
        if side.lost && waiting.len() < START_BYTES {
            return false;
        }
        if side.lost && !is_start(waiting) {
            return self.resynchronise(direction, context);
        }
        side.lost = false;
        let length = usize::try_from(u32::from_be_bytes([0, header[1], header[2], header[3]])).unwrap_or(0);
        if !is_session_message(header[0], waiting) {
            return self.resynchronise(direction, context);
        }
        if header[0] == 0 && length > STREAMED_BYTES && waiting.len() >= SESSION_HEADER + HEAD_BYTES {
            let head = waiting[SESSION_HEADER..SESSION_HEADER + HEAD_BYTES].to_vec();
            if let Some((start, data)) = self.state.long(direction, &head, length, context) {
                let streamed = Streamed {
                    file: data.file,
                    offset: data.offset,
                    left: data.length,
                    after: length.saturating_sub(start + data.length),
                };
                let side = &mut self.sides[index(direction)];
                side.messages.pass(SESSION_HEADER + start);
                side.streamed = Some(streamed);
                return true;
            }
        }
        let total = SESSION_HEADER + length;
        let kept = total.min(MESSAGE_BYTES);
        let cut = |bytes: &[u8]| if bytes.len() < kept { Cut::More } else { Cut::Message(total) };
        let Some(message) = self.sides[index(direction)].messages.next(cut) else { return false };
        mark(direction, &message, context);
        if message[0] == 0 {
            self.state.message(direction, message.get(SESSION_HEADER..).unwrap_or_default(), context);
        }
        true
    }

    fn stream(&mut self, direction: Direction, context: &mut Context<'_>) -> bool {
        let side = &mut self.sides[index(direction)];
        let Some(streamed) = &mut side.streamed else { return false };
        let waiting = side.messages.waiting();
        let length = streamed.left.min(waiting.len());
        if length == 0 && streamed.left > 0 {
            return false;
        }
        let data = waiting[..length].to_vec();
        side.messages.pass(length);
        let (file, offset) = (streamed.file.clone(), streamed.offset);
        streamed.left -= length;
        streamed.offset += length as u64;
        if streamed.left == 0 {
            let after = streamed.after;
            side.streamed = None;
            side.messages.pass(after);
        }
        self.state.files.write(&file, offset, &data, context);
        true
    }

    fn gap(&mut self, direction: Direction, length: u64, context: &mut Context<'_>) {
        let side = &mut self.sides[index(direction)];
        let mut left = usize::try_from(length).unwrap_or(usize::MAX);
        if let Some(streamed) = &mut side.streamed {
            let inside = streamed.left.min(left);
            left -= inside;
            streamed.left -= inside;
            streamed.offset += inside as u64;
            let after = streamed.after;
            if streamed.left == 0 {
                side.streamed = None;
                side.messages.pass(after);
            }
        }
        if left > 0 && !side.messages.gap(left as u64) {
            side.messages.restart();
            side.messages.push(&[]);
        }
        self.state.had_gap = true;
        self.read(direction, context);
    }

    /// Looks for the next header after bytes that are none.
    fn resynchronise(&mut self, direction: Direction, context: &mut Context<'_>) -> bool {
        let side = &mut self.sides[index(direction)];
        if !std::mem::replace(&mut side.lost, true) && !self.state.had_gap {
            context.anomaly(None, direction, "smb.malformed_data");
        }
        let waiting = side.messages.waiting();
        let found = (1..waiting.len()).find(|at| is_start(&waiting[*at..]));
        match found {
            Some(at) => side.messages.pass(at),
            None => {
                let all = waiting.len().saturating_sub(START_BYTES - 1);
                side.messages.pass(all.max(1));
            }
        }
        side.messages.waiting().len() >= START_BYTES
    }
}

/// Marks a message of the session service and the message of SMB in it.
fn mark(direction: Direction, message: &[u8], context: &mut Context<'_>) {
    let names = ["nbss.pdu", "nbss.hdr", "nbss.data"];
    context.unit(None, direction, (AppProtocol::Smb, names), (message, SESSION_HEADER));
    let inner = message.get(SESSION_HEADER..).unwrap_or_default();
    let (names, header) = match inner.first() {
        Some(0xff) => (["smb1.pdu", "smb1.hdr", "smb1.data"], 32),
        Some(0xfe) => (["smb2.pdu", "smb2.hdr", "smb2.data"], 64),
        _ => return,
    };
    context.unit(None, direction, (AppProtocol::Smb, names), (inner, header));
}

/// A session header, as far as it is there.
fn is_session_message(kind: u8, waiting: &[u8]) -> bool {
    match kind {
        0x81..=0x85 => true,
        0 if matches!(waiting, [_, 0, 0, 0..=3, ..]) => true,
        0 => match waiting.get(SESSION_HEADER..SESSION_HEADER + 4) {
            Some([0xfd..=0xff, b'S', b'M', b'B']) | None => true,
            Some(_) => false,
        },
        _ => false,
    }
}

fn is_start(bytes: &[u8]) -> bool {
    matches!(bytes, [0, _, _, _, 0xfd..=0xff, b'S', b'M', b'B', ..])
}
