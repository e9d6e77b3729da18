//! Modbus over TCP (MODBUS Application Protocol Specification V1.1b3, MODBUS Messaging on TCP/IP V1.0b): one transaction
//! for each request with its response.

mod message;

use super::messages::{Cut, Messages};
use super::reader::Reader;
use super::registry::{AppParser, Context, Input, ParserSpec, Probe, Reading, TransportKind, Verdict};
use super::text::put;
use crate::limits::MODBUS_REQUESTS;
use crate::{AppProtocol, Direction};
use message::Message;
pub use message::{access, category};

pub(super) const PARSER: ParserSpec = ParserSpec {
    protocol: AppProtocol::Modbus,
    transports: &[TransportKind::Tcp],
    ports: &[502],
    probe,
    create: |_| Box::new(ModbusParser::default()),
};

/// Transaction, protocol, length.
const PREFIX_BYTES: usize = 6;
/// Unit and function at least, 253 bytes of data at most.
const LENGTHS: std::ops::RangeInclusive<usize> = 2..=254;

fn probe(probe: &Probe<'_>) -> Verdict {
    let data = probe.data;
    let plain = |at: usize| data.get(at).is_none_or(|byte| *byte == 0);
    if !probe.port_matches || ![2, 3, 4].into_iter().all(plain) {
        return Verdict::No;
    }
    match data.get(5) {
        None => Verdict::More,
        Some(length) if LENGTHS.contains(&usize::from(*length)) => Verdict::Yes,
        Some(_) => Verdict::No,
    }
}

#[derive(Default)]
struct ModbusParser {
    sides: [Messages; 2],
    /// Requests that wait.
    requests: Vec<(Message, u64)>,
}

impl AppParser for ModbusParser {
    fn parse(&mut self, direction: Direction, input: Input<'_>, context: &mut Context<'_>) {
        let side = usize::from(direction == Direction::ToClient);
        match input {
            Input::Data(_) if self.sides[side].is_lost() => return,
            Input::Data(data) => self.sides[side].push(data),
            Input::Gap(length) => {
                self.sides[side].gap(length);
                return;
            }
            Input::End => return,
        }
        while let Some(unit) = self.sides[side].next(cut) {
            self.unit(direction, &unit, context);
        }
        if self.sides[side].is_lost() {
            context.anomaly(None, direction, "modbus.invalid_length");
        }
    }

    fn reading(&self, direction: Direction) -> Reading {
        self.sides[usize::from(direction == Direction::ToClient)].reading()
    }
}

fn cut(bytes: &[u8]) -> Cut {
    match bytes.get(4..PREFIX_BYTES) {
        None => Cut::More,
        Some(length) => {
            let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
            match PREFIX_BYTES + length {
                _ if !LENGTHS.contains(&length) => Cut::Lost,
                total if bytes.len() >= total => Cut::Message(total),
                _ => Cut::More,
            }
        }
    }
}

impl ModbusParser {
    fn unit(&mut self, direction: Direction, data: &[u8], context: &mut Context<'_>) {
        let Some(mut message) = header(data) else {
            return context.anomaly(None, direction, "modbus.invalid_length");
        };
        let content = data.get(PREFIX_BYTES + 2..).unwrap_or_default();
        let mut events = Vec::new();
        let id = match direction {
            Direction::ToServer => {
                message.request(content, &mut events);
                self.open(message.clone(), context)
            }
            Direction::ToClient => {
                let asked = self.answered(&message);
                message.response(content, asked.as_ref().map(|asked| &asked.0), &mut events);
                match asked {
                    Some((_, id)) => id,
                    None => {
                        events.push("modbus.unsolicited_response");
                        context.open(AppProtocol::Modbus)
                    }
                }
            }
        };
        if message.protocol != 0 {
            events.push("modbus.invalid_protocol_id");
        }
        context.update(id, |tx| {
            message.facts(direction, tx);
            put(&mut tx.eve, "id", tx.id + 1);
            let key = if direction == Direction::ToServer { "request" } else { "response" };
            put(&mut tx.eve, key, message.eve(!events.is_empty()));
            tx.request_complete = true;
            tx.response_complete = direction == Direction::ToClient;
        });
        for event in events {
            context.anomaly(Some(id), direction, event);
        }
        context.progress(id, direction);
        context.frame(Some(id), direction, (AppProtocol::Modbus, "pdu"), data);
    }

    fn open(&mut self, message: Message, context: &mut Context<'_>) -> u64 {
        let id = context.open(AppProtocol::Modbus);
        if self.requests.len() >= MODBUS_REQUESTS {
            let (_, oldest) = self.requests.remove(0);
            context.update(oldest, |tx| tx.response_complete = true);
            context.anomaly(Some(oldest), Direction::ToServer, "modbus.flooded");
        }
        self.requests.push((message, id));
        id
    }

    fn answered(&mut self, answer: &Message) -> Option<(Message, u64)> {
        let place = self.requests.iter().position(|asked| asked.0.transaction == answer.transaction)?;
        Some(self.requests.remove(place))
    }
}

fn header(data: &[u8]) -> Option<Message> {
    let mut r = Reader::new(data);
    let (transaction, protocol, _length) = (r.u16()?, r.u16()?, r.u16()?);
    Some(Message::new(transaction, protocol, r.u8()?, r.u8()?))
}

#[cfg(test)]
mod tests {
    use crate::app::testing::converse;
    use crate::{AppProtocol, Direction};

    #[test]
    fn a_read_and_a_refused_write_are_told_with_their_answers() {
        let read = [0, 1, 0, 0, 0, 6, 17, 3, 0, 107, 0, 2];
        let answer = [0, 1, 0, 0, 0, 7, 17, 3, 4, 0, 5, 0, 6];
        let write = [0, 2, 0, 0, 0, 6, 17, 5, 0, 172, 255, 0];
        let refused = [0, 2, 0, 0, 0, 3, 17, 0x85, 2];
        let said = converse(
            AppProtocol::Modbus,
            &[
                (Direction::ToServer, &read),
                (Direction::ToClient, &answer),
                (Direction::ToServer, &write),
                (Direction::ToClient, &refused),
            ],
        );
        let eve = &said[0].eve;
        assert_eq!(eve["request"]["function_code"], "RdHoldRegs");
        assert_eq!(eve["request"]["read"]["address"], 107);
        assert_eq!(eve["request"]["access_type"], "READ | HOLDING");
        assert_eq!(eve["response"]["read"]["data"], "\0\u{5}\0\u{6}");
        assert_eq!(said[1].eve["response"]["exception"]["code"], "IllegalDataAddr");
        assert!(said.iter().all(crate::Transaction::is_complete));
    }
}
