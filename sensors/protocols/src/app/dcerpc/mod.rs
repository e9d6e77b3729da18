//! DCE/RPC (C706, MS-RPCE) over TCP and UDP. Named pipes of SMB use the same calls.

mod association;
mod datagram;
pub(crate) mod pdu;
mod services;

use super::messages::{Cut, Messages};
use super::registry::{AppParser, Context, Input, ParserSpec, Probe, Reading, TransportKind, Verdict};
use crate::{AppProtocol, Direction, Transaction};
pub(crate) use association::{Association, Call, Carrier};
use pdu::{HEADER_BYTES, Pdu};

pub(super) const PARSER: ParserSpec = ParserSpec {
    protocol: AppProtocol::Dcerpc,
    transports: &[TransportKind::Tcp, TransportKind::Udp],
    ports: &[135],
    probe,
    create: |transport| match transport {
        TransportKind::Tcp => Box::new(DcerpcParser::default()),
        TransportKind::Udp => Box::new(datagram::DatagramParser::default()),
    },
};

fn probe(probe: &Probe<'_>) -> Verdict {
    if probe.transport == TransportKind::Udp {
        return if datagram::is_header(probe.data) { Verdict::Yes } else { Verdict::No };
    }
    let data = probe.data;
    match *data {
        [] => Verdict::More,
        [5] => Verdict::More,
        [5, minor] if minor <= 1 => Verdict::More,
        [5, minor, kind, ..] if minor <= 1 && kind <= 19 => {
            if data.len() < HEADER_BYTES {
                Verdict::More
            } else if pdu::announced_length(data).is_some() && matches!(data[4], 0 | 0x10) && data[6..8] == [0, 0] {
                Verdict::Yes
            } else {
                Verdict::No
            }
        }
        _ => Verdict::No,
    }
}

#[derive(Default)]
struct DcerpcParser {
    sides: [Messages; 2],
    association: Association,
}

/// Calls are transactions of their own.
struct Own;

impl Carrier for Own {
    fn open(&mut self, context: &mut Context<'_>) -> u64 {
        context.open(AppProtocol::Dcerpc)
    }

    fn write(&self, tx: &mut Transaction, call: &Call) {
        tx.eve = call.eve(false);
    }
}

impl AppParser for DcerpcParser {
    fn parse(&mut self, direction: Direction, input: Input<'_>, context: &mut Context<'_>) {
        let side = usize::from(direction == Direction::ToClient);
        self.sides[side].take(input);
        while let Some(unit) = self.sides[side].next(cut) {
            let Some(pdu) = Pdu::parse(&unit) else { continue };
            let taken = self.association.take(direction, &pdu, &mut Own, context);
            let (id, names) = (taken.map(|taken| taken.0), ["pdu", "hdr", "data"]);
            context.unit(id, direction, (AppProtocol::Dcerpc, names), (&unit, HEADER_BYTES));
            let Some((id, is_done)) = taken else { continue };
            context.update(id, |tx| {
                tx.request_complete |= direction == Direction::ToClient || pdu.is_last;
                tx.response_complete |= is_done;
            });
            context.progress(id, direction);
        }
    }

    fn reading(&self, direction: Direction) -> Reading {
        self.sides[usize::from(direction == Direction::ToClient)].reading()
    }
}

fn cut(bytes: &[u8]) -> Cut {
    if bytes.len() < HEADER_BYTES {
        return Cut::More;
    }
    match pdu::announced_length(bytes) {
        Some(length) if bytes.len() >= length => Cut::Message(length),
        Some(_) => Cut::More,
        None => Cut::Lost,
    }
}
