//! HTTP/2 (RFC 9113): one transaction for each stream, and one for each frame of the connection as a whole.

mod eve;
mod hpack;
mod stream;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::messages::{Cut, Messages};
use super::reader::Reader;
use super::registry::{AppParser, Context, Input, ParserSpec, Probe, Reading, TransportKind, Verdict};
use crate::limits::{HTTP_HEADER_BYTES, HTTP2_STREAMS, MESSAGE_BYTES};
use crate::{AppProtocol, Direction};
use hpack::Decoder;
use stream::Stream;

pub(super) const PARSER: ParserSpec = ParserSpec {
    protocol: AppProtocol::Http2,
    transports: &[TransportKind::Tcp],
    ports: &[],
    probe,
    create: |_| Box::new(Http2Parser::default()),
};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const FRAME_HEADER: usize = 9;

/// Types of frames.
mod kind {
    pub(super) const DATA: u8 = 0;
    pub(super) const HEADERS: u8 = 1;
    pub(super) const PRIORITY: u8 = 2;
    pub(super) const RESET: u8 = 3;
    pub(super) const SETTINGS: u8 = 4;
    pub(super) const PUSH: u8 = 5;
    pub(super) const GOAWAY: u8 = 7;
    pub(super) const WINDOW: u8 = 8;
    pub(super) const CONTINUATION: u8 = 9;
}

const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const PADDED: u8 = 8;
const HAS_PRIORITY: u8 = 0x20;

/// The client's preface, or the server's first frame: its settings.
fn probe(probe: &Probe<'_>) -> Verdict {
    let data = probe.data;
    if probe.direction == Direction::ToServer {
        let length = data.len().min(PREFACE.len());
        return match data[..length] == PREFACE[..length] {
            false => Verdict::No,
            true if length == PREFACE.len() => Verdict::Yes,
            true => Verdict::More,
        };
    }
    let matches = data.iter().zip(0..FRAME_HEADER).all(|(byte, place)| match place {
        0 | 1 | 4 | 5 | 6 | 7 | 8 => *byte == 0,
        2 => byte % 6 == 0,
        _ => *byte == kind::SETTINGS,
    });
    match matches {
        false => Verdict::No,
        true if data.len() >= FRAME_HEADER => Verdict::Yes,
        true => Verdict::More,
    }
}

#[derive(Default)]
struct Http2Parser {
    sides: [Side; 2],
    streams: Vec<Stream>,
    files: u32,
    /// Settings that came with the request for an upgrade.
    offered: Option<Vec<u8>>,
}

#[derive(Default)]
struct Side {
    messages: Messages,
    decoder: Decoder,
    preface_seen: bool,
    /// The stream and the header block that goes on in further frames.
    block: Option<(u32, Vec<u8>, u8)>,
}

#[derive(Debug, Clone, Copy)]
struct Frame {
    kind: u8,
    flags: u8,
    stream: u32,
}

impl AppParser for Http2Parser {
    /// HTTP/1 has made room for it: its request is the first stream's.
    fn notice(&mut self, (_, request): (&'static str, Vec<u8>)) {
        self.streams.push(Stream::upgraded(&request));
        let settings = request.split(|byte| *byte == 0).nth(3).unwrap_or_default();
        self.offered = URL_SAFE_NO_PAD.decode(settings).ok();
    }

    fn parse(&mut self, direction: Direction, input: Input<'_>, context: &mut Context<'_>) {
        let side = index(direction);
        if let Some(settings) = self.offered.take() {
            self.connection(Direction::ToServer, kind::SETTINGS, Reader::new(&settings), context);
        }
        match input {
            Input::Data(data) => self.sides[side].messages.push(data),
            Input::Gap(length) => {
                self.sides[side].messages.gap(length);
            }
            Input::End => {
                for stream in &mut self.streams {
                    stream.end(direction, false, context);
                }
            }
        }
        while self.next(direction, context) {}
    }

    fn reading(&self, direction: Direction) -> Reading {
        self.sides[usize::from(direction == Direction::ToClient)].messages.reading()
    }
}

const fn index(direction: Direction) -> usize {
    match direction {
        Direction::ToServer => 0,
        Direction::ToClient => 1,
    }
}

impl Http2Parser {
    fn next(&mut self, direction: Direction, context: &mut Context<'_>) -> bool {
        let side = &mut self.sides[index(direction)];
        if !side.preface_seen && direction == Direction::ToServer {
            let waiting = side.messages.waiting();
            let length = waiting.len().min(PREFACE.len());
            if waiting[..length] == PREFACE[..length] && length < PREFACE.len() {
                return false;
            }
            let is_there = length == PREFACE.len() && waiting.starts_with(PREFACE);
            if is_there {
                side.messages.pass(PREFACE.len());
            }
            side.preface_seen = true;
            if !is_there {
                context.anomaly(None, direction, "http2.invalid_client_magic");
            }
        }
        let Some(bytes) = side.messages.next(cut) else { return false };
        let mut r = Reader::new(&bytes);
        let (Some(_length), Some(kind), Some(flags), Some(stream)) = (r.u24(), r.u8(), r.u8(), r.u32()) else {
            return true;
        };
        let frame = Frame { kind, flags, stream: stream & 0x7fff_ffff };
        if self.frame(direction, frame, r, context).is_none() {
            context.anomaly(None, direction, "http2.invalid_frame_length");
        }
        true
    }

    fn frame(
        &mut self,
        direction: Direction,
        frame: Frame,
        mut r: Reader<'_>,
        context: &mut Context<'_>,
    ) -> Option<()> {
        let side = index(direction);
        match frame.kind {
            kind::DATA => {
                let content = unpadded(frame, r)?;
                let stream = self.stream(frame.stream, direction, context);
                stream.data(direction, content, context);
                if frame.flags & END_STREAM != 0 {
                    stream.end(direction, true, context);
                }
            }
            kind::HEADERS | kind::PUSH => {
                let mut r = Reader::new(unpadded(frame, r)?);
                let mut target = frame.stream;
                if frame.kind == kind::PUSH {
                    target = r.u32()? & 0x7fff_ffff;
                } else if frame.flags & HAS_PRIORITY != 0 {
                    r.u32()?;
                    let weight = r.u8()?;
                    self.stream(target, direction, context).priority(direction, weight, context);
                }
                self.stream(target, direction, context).frame(frame.kind, context);
                self.sides[side].block = Some((target, r.rest().to_vec(), frame.flags & END_STREAM));
                if frame.flags & END_HEADERS != 0 {
                    self.end_headers(direction, context);
                }
            }
            kind::CONTINUATION => {
                let (_, block, _) = self.sides[side].block.as_mut()?;
                if block.len() + r.left() <= HTTP_HEADER_BYTES {
                    block.extend_from_slice(r.rest());
                }
                if frame.flags & END_HEADERS != 0 {
                    self.end_headers(direction, context);
                }
            }
            kind::PRIORITY => {
                r.u32()?;
                let weight = r.u8()?;
                self.stream(frame.stream, direction, context).priority(direction, weight, context);
            }
            kind::RESET => {
                let code = r.u32()?;
                let stream = self.stream(frame.stream, direction, context);
                stream.reset(direction, code, context);
            }
            _ if frame.stream != 0 && frame.kind == kind::WINDOW => {
                let size = r.u32()? & 0x7fff_ffff;
                self.stream(frame.stream, direction, context).window(direction, size, context);
            }
            kind::SETTINGS | kind::GOAWAY | kind::WINDOW => self.connection(direction, frame.kind, r, context),
            _ => {}
        }
        Some(())
    }

    /// A frame that is about the connection as a whole.
    fn connection(&self, direction: Direction, kind: u8, r: Reader<'_>, context: &mut Context<'_>) {
        let id = context.open_single(AppProtocol::Http2, direction);
        context.update(id, |tx| {
            tx.facts.number("http2.frametype", kind);
            eve::connection(tx, direction, kind, r);
        });
        context.progress(id, direction);
    }

    fn end_headers(&mut self, direction: Direction, context: &mut Context<'_>) {
        let side = &mut self.sides[index(direction)];
        let Some((id, block, flags)) = side.block.take() else { return };
        let (entries, valid) = side.decoder.decode(&block);
        let stream = self.stream(id, direction, context);
        stream.headers(direction, entries, context);
        if !valid {
            context.anomaly(Some(stream.tx()), direction, "http2.invalid_header");
        }
        if flags & END_STREAM != 0 {
            stream.end(direction, true, context);
        }
    }

    /// The stream of a number; opens it when it is new.
    fn stream(&mut self, id: u32, direction: Direction, context: &mut Context<'_>) -> &mut Stream {
        let place = match self.streams.iter().position(|stream| stream.id == id) {
            Some(place) => place,
            None => {
                self.streams.retain(|stream| !stream.is_done());
                if self.streams.len() >= HTTP2_STREAMS {
                    let mut oldest = self.streams.remove(0);
                    oldest.end(Direction::ToServer, false, context);
                    oldest.end(Direction::ToClient, false, context);
                    context.anomaly(Some(oldest.tx()), direction, "http2.too_many_streams");
                }
                self.streams.push(Stream::new(id, self.files));
                self.files += 2;
                self.streams.len() - 1
            }
        };
        let stream = &mut self.streams[place];
        stream.open(context);
        stream
    }
}

fn cut(bytes: &[u8]) -> Cut {
    if bytes.len() < FRAME_HEADER {
        return Cut::More;
    }
    let length = usize::try_from(u32::from_be_bytes([0, bytes[0], bytes[1], bytes[2]])).unwrap_or(0);
    let total = FRAME_HEADER + length;
    if bytes.len() >= total.min(MESSAGE_BYTES) { Cut::Message(total) } else { Cut::More }
}

/// The content of a frame without its padding.
fn unpadded<'a>(frame: Frame, mut r: Reader<'a>) -> Option<&'a [u8]> {
    let padding = if frame.flags & PADDED != 0 { usize::from(r.u8()?) } else { 0 };
    let rest = r.rest();
    rest.get(..rest.len().checked_sub(padding)?)
}
