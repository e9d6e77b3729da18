//! SSH (RFC 4253): banners and key exchange lists, with HASSH fingerprints. Encrypted packets are passed by.

use md5::{Digest as _, Md5};
use serde_json::{Map, Value, json};

use super::registry::{AppParser, Context, Input, ParserSpec, Reading, TransportKind, Verdict};
use super::text::{eve_text, trim};
use crate::{AppProtocol, Buffer, Direction};

pub(super) const PARSER: ParserSpec = ParserSpec {
    protocol: AppProtocol::Ssh,
    transports: &[TransportKind::Tcp],
    ports: &[22],
    probe: |probe| match probe.data.len().min(4) {
        length if probe.data[..length] != b"SSH-"[..length] => Verdict::No,
        4 => Verdict::Yes,
        _ => Verdict::More,
    },
    create: |_| Box::new(SshParser::default()),
};

/// Longest banner (RFC 4253, 4.2, and some room).
const BANNER_BYTES: usize = 8_192;
/// Longest packet before encryption that is waited for.
const PACKET_BYTES: usize = 65_536;
/// Length, padding and type of a record.
const RECORD_HEADER_BYTES: usize = 6;
const KEX_INIT: u8 = 20;
const NEW_KEYS: u8 = 21;

#[derive(Default)]
struct SshParser {
    tx: Option<u64>,
    sides: [Side; 2],
}

#[derive(Default)]
struct Side {
    held: Vec<u8>,
    phase: Phase,
    /// Whether it was followed up to where it is encrypted.
    reading: Reading,
    banner: Option<(Vec<u8>, Vec<u8>)>,
    hassh: Option<String>,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Phase {
    #[default]
    Banner,
    Packets,
    /// Encrypted, or cannot be followed.
    Closed,
}

impl AppParser for SshParser {
    fn parse(&mut self, direction: Direction, input: Input<'_>, context: &mut Context<'_>) {
        let side = usize::from(direction == Direction::ToClient);
        self.tx.get_or_insert_with(|| context.open(AppProtocol::Ssh));
        match input {
            Input::Data(data) if self.sides[side].phase != Phase::Closed => {
                self.sides[side].held.extend_from_slice(data);
                while self.step(side, direction, context) {}
            }
            Input::Data(_) => {}
            Input::Gap(_) => self.sides[side].give_up(Reading::BehindGap),
            Input::End => self.complete(context),
        }
    }

    fn reading(&self, direction: Direction) -> Reading {
        self.sides[usize::from(direction == Direction::ToClient)].reading
    }
}

impl Side {
    fn close(&mut self) {
        self.phase = Phase::Closed;
        self.held = Vec::new();
    }

    /// Closes it before it was encrypted.
    fn give_up(&mut self, reading: Reading) {
        if self.phase != Phase::Closed {
            self.reading = reading;
        }
        self.close();
    }
}

impl SshParser {
    fn step(&mut self, side: usize, direction: Direction, context: &mut Context<'_>) -> bool {
        match self.sides[side].phase {
            Phase::Banner => self.banner(side, direction, context),
            Phase::Packets => self.packet(side, direction, context),
            Phase::Closed => false,
        }
    }

    fn banner(&mut self, side: usize, direction: Direction, context: &mut Context<'_>) -> bool {
        let held = &mut self.sides[side].held;
        let Some(end) = memchr::memchr(b'\n', &held[..held.len().min(BANNER_BYTES + 1)]) else {
            if held.len() > BANNER_BYTES {
                self.sides[side].give_up(Reading::GivenUp);
                context.anomaly(self.tx, direction, "ssh.long_banner");
            }
            return false;
        };
        let line = held.drain(..=end).collect::<Vec<_>>();
        let mut parts = trim(&line).splitn(3, |byte| *byte == b'-');
        let (Some(b"SSH"), Some(version), Some(rest)) = (parts.next(), parts.next(), parts.next()) else {
            self.sides[side].give_up(Reading::GivenUp);
            context.anomaly(self.tx, direction, "ssh.invalid_banner");
            return false;
        };
        let software = rest.split(|byte| *byte == b' ').next().unwrap_or(&[]);
        if let Some(id) = self.tx {
            context.update(id, |tx| {
                tx.buffers.set(direction, Buffer::SshProto, version);
                tx.buffers.set(direction, Buffer::SshSoftware, software);
            });
        }
        self.sides[side].phase =
            if version.starts_with(b"1.") && version != b"1.99" { Phase::Closed } else { Phase::Packets };
        self.sides[side].banner = Some((version.to_vec(), software.to_vec()));
        self.tell(direction, context);
        true
    }

    fn packet(&mut self, side: usize, direction: Direction, context: &mut Context<'_>) -> bool {
        let Some(header) = self.sides[side].held.first_chunk::<4>() else { return false };
        let length = usize::try_from(u32::from_be_bytes(*header)).unwrap_or(usize::MAX);
        if !(2..=PACKET_BYTES).contains(&length) {
            self.sides[side].give_up(Reading::GivenUp);
            context.anomaly(self.tx, direction, "ssh.invalid_record");
            return false;
        }
        if self.sides[side].held.len() < 4 + length {
            return false;
        }
        let record = self.sides[side].held.drain(..4 + length).collect::<Vec<_>>();
        let names = ["record.pdu", "record.hdr", "record.data"];
        context.unit(self.tx, direction, (AppProtocol::Ssh, names), (&record, RECORD_HEADER_BYTES));
        let packet = &record[5..];
        match packet.first() {
            Some(&KEX_INIT) => self.key_exchange(side, direction, &packet[1..], context),
            Some(&NEW_KEYS) => {
                self.sides[side].close();
                if let Some(id) = self.tx {
                    context.update(id, |tx| tx.facts.number_in(direction, super::states::NEW_KEYS, 1_u64));
                    context.progress(id, direction);
                }
            }
            _ => {}
        }
        if self.sides.iter().all(|side| side.phase == Phase::Closed) {
            self.complete(context);
        }
        true
    }

    /// HASSH: MD5 over the lists the side offers for what it sends (client) or is sent (server).
    fn key_exchange(&mut self, side: usize, direction: Direction, body: &[u8], context: &mut Context<'_>) {
        let Some(lists) = name_lists(body) else {
            return context.anomaly(self.tx, direction, "ssh.invalid_record");
        };
        let string = [lists[0], lists[2 + side], lists[4 + side], lists[6 + side]].join(&b';');
        let hash = hex::encode(Md5::digest(&string));
        let (hash_buffer, string_buffer) = match direction {
            Direction::ToServer => (Buffer::SshHassh, Buffer::SshHasshString),
            Direction::ToClient => (Buffer::SshHasshServer, Buffer::SshHasshServerString),
        };
        if let Some(id) = self.tx {
            context.update(id, |tx| {
                tx.buffers.set(direction, hash_buffer, hash);
                tx.buffers.set(direction, string_buffer, string.clone());
            });
        }
        self.sides[side].hassh = Some(eve_text(&string));
        self.tell(direction, context);
    }

    fn tell(&self, direction: Direction, context: &mut Context<'_>) {
        let Some(id) = self.tx else { return };
        context.update(id, |tx| tx.eve = self.record());
        context.progress(id, direction);
    }

    fn record(&self) -> Map<String, Value> {
        let mut eve = Map::new();
        for (side, key) in self.sides.iter().zip(["client", "server"]) {
            let Some((version, software)) = &side.banner else { continue };
            let mut object = json!({"proto_version": eve_text(version), "software_version": eve_text(software)});
            if let Some(string) = &side.hassh {
                object["hassh"] = json!({"hash": hex::encode(Md5::digest(string.as_bytes())), "string": string});
            }
            eve.insert(key.to_owned(), object);
        }
        eve
    }

    fn complete(&self, context: &mut Context<'_>) {
        let Some(id) = self.tx else { return };
        context.update(id, |tx| {
            tx.request_complete = true;
            tx.response_complete = true;
        });
        context.progress(id, Direction::ToServer);
        context.progress(id, Direction::ToClient);
    }
}

/// The ten name lists of a key exchange message, after the cookie.
fn name_lists(body: &[u8]) -> Option<[&[u8]; 10]> {
    let mut rest = body.get(16..)?;
    let mut lists = [&[][..]; 10];
    for list in &mut lists {
        let (length, after) = rest.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        (*list, rest) = after.split_at_checked(length)?;
    }
    Some(lists)
}
