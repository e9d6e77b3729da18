//! WebSocket (RFC 6455) after HTTP has made room for it: one transaction for each message.

use super::messages::{Cut, Messages};
use super::reader::Reader;
use super::registry::{AppParser, Context, Input, ParserSpec, Reading, TransportKind, Verdict};
use super::text::put;
use crate::limits::{MESSAGE_BYTES, WEBSOCKET_PAYLOAD_BYTES};
use crate::{AppProtocol, Buffer, Direction};

pub(super) const PARSER: ParserSpec = ParserSpec {
    protocol: AppProtocol::Websocket,
    transports: &[TransportKind::Tcp],
    ports: &[],
    // HTTP says when it begins.
    probe: |_| Verdict::No,
    create: |_| Box::new(WebsocketParser::default()),
};

#[derive(Default)]
struct WebsocketParser {
    sides: [Messages; 2],
    /// The message that goes on over several frames.
    open: [Option<u64>; 2],
}

struct Frame {
    first: u8,
    mask: Option<[u8; 4]>,
    header: usize,
    length: usize,
}

impl Frame {
    /// Reads a header; `None` when bytes are missing.
    fn parse(data: &[u8]) -> Option<Self> {
        let mut r = Reader::new(data);
        let (first, second) = (r.u8()?, r.u8()?);
        let length = match second & 0x7f {
            126 => u64::from(r.u16()?),
            127 => r.u64()?,
            length => u64::from(length),
        };
        let mask = if second & 0x80 != 0 { Some(*r.take(4)?.first_chunk()?) } else { None };
        let length = usize::try_from(length).ok()?.min(1 << 40);
        Some(Self { first, mask, header: r.position(), length })
    }
}

impl AppParser for WebsocketParser {
    fn parse(&mut self, direction: Direction, input: Input<'_>, context: &mut Context<'_>) {
        let side = usize::from(direction == Direction::ToClient);
        self.sides[side].take(input);
        let cut = |bytes: &[u8]| match Frame::parse(bytes) {
            Some(frame) if bytes.len() >= (frame.header + frame.length).min(MESSAGE_BYTES) => {
                Cut::Message(frame.header + frame.length)
            }
            _ => Cut::More,
        };
        while let Some(bytes) = self.sides[side].next(cut) {
            if let Some(frame) = Frame::parse(&bytes) {
                let id = self.frame(direction, &frame, bytes.get(frame.header..).unwrap_or_default(), context);
                let names = ["pdu", "header", "data"];
                context.unit(Some(id), direction, (AppProtocol::Websocket, names), (&bytes, frame.header));
            }
        }
    }

    fn reading(&self, direction: Direction) -> Reading {
        self.sides[usize::from(direction == Direction::ToClient)].reading()
    }
}

impl WebsocketParser {
    fn frame(&mut self, direction: Direction, frame: &Frame, payload: &[u8], context: &mut Context<'_>) -> u64 {
        let side = usize::from(direction == Direction::ToClient);
        let (is_last, opcode) = (frame.first & 0x80 != 0, frame.first & 0x0f);
        let is_control = opcode & 8 != 0;
        let continued = self.open[side].filter(|_| opcode == 0);
        let id = continued.unwrap_or_else(|| {
            let id = context.open(AppProtocol::Websocket);
            context.update(id, |tx| tx.only = Some(direction));
            id
        });
        let plain: Vec<u8> = match frame.mask {
            Some(mask) => payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect(),
            None => payload.to_vec(),
        };
        context.update(id, |tx| {
            let held = tx.buffers.get(direction, Buffer::WebsocketPayload).map(<[u8]>::len).sum::<usize>();
            let room = WEBSOCKET_PAYLOAD_BYTES.saturating_sub(held).min(plain.len());
            tx.buffers.append(direction, Buffer::WebsocketPayload, &plain[..room]);
            if continued.is_none() {
                tx.facts.number("websocket.opcode", opcode);
                if let Some(mask) = frame.mask {
                    tx.facts.number("websocket.mask", u32::from_be_bytes(mask));
                    put(&mut tx.eve, "mask", u32::from_be_bytes(mask));
                }
                put(&mut tx.eve, "opcode", opcode_name(opcode));
            }
            tx.facts.number("websocket.flags", frame.first & 0xf0);
            put(&mut tx.eve, "fin", is_last);
            if is_last {
                (tx.request_complete, tx.response_complete) = (true, true);
            }
        });
        context.progress(id, direction);
        if !is_control {
            self.open[side] = if is_last { None } else { Some(id) };
        }
        id
    }
}

const fn opcode_name(opcode: u8) -> &'static str {
    match opcode {
        0 => "continuation",
        1 => "text",
        2 => "binary",
        8 => "connection_close",
        9 => "ping",
        10 => "pong",
        _ => "unknown",
    }
}
