//! Telnet (RFC 854, RFC 855): commands are told from text, so that rules can look at either. It has no records of its own.

use super::registry::{AppParser, Context, Input, ParserSpec, Probe, TransportKind, Verdict};
use crate::limits::LINE_BYTES;
use crate::{AppProtocol, Direction};

pub(super) const PARSER: ParserSpec = ParserSpec {
    protocol: AppProtocol::Telnet,
    transports: &[TransportKind::Tcp],
    ports: &[23],
    probe,
    create: |_| Box::new(TelnetParser::default()),
};

const COMMAND: u8 = 255;
const END_OF_OPTION: u8 = 240;
const OPTION: u8 = 250;

/// On its port, a negotiation of an option.
fn probe(probe: &Probe<'_>) -> Verdict {
    match *probe.data {
        _ if !probe.port_matches => Verdict::No,
        [COMMAND, 250..=254, option, ..] if option <= 49 || option == COMMAND => Verdict::Yes,
        [COMMAND, 250..=254] | [COMMAND] | [] => Verdict::More,
        _ => Verdict::No,
    }
}

#[derive(Default)]
struct TelnetParser {
    held: [Vec<u8>; 2],
}

impl AppParser for TelnetParser {
    fn parse(&mut self, direction: Direction, input: Input<'_>, context: &mut Context<'_>) {
        let held = &mut self.held[usize::from(direction == Direction::ToClient)];
        let is_over = match input {
            Input::Data(data) => {
                held.extend_from_slice(data);
                false
            }
            Input::Gap(_) => {
                held.clear();
                false
            }
            Input::End => true,
        };
        let mut at = 0;
        let next = |at: usize| {
            let waiting = &held[at..held.len().min(at + LINE_BYTES + 1)];
            part(waiting, is_over || waiting.len() > LINE_BYTES)
        };
        while let Some((name, length)) = next(at) {
            context.frame(None, direction, (AppProtocol::Telnet, name), &held[at..at + length]);
            at += length;
        }
        held.drain(..at);
    }
}

/// The next command, or the text up to the end of its line or the next command; what is not complete waits.
fn part(bytes: &[u8], is_over: bool) -> Option<(&'static str, usize)> {
    match *bytes {
        [] => None,
        [COMMAND, OPTION, ..] => {
            let end = memchr::memmem::find(bytes, &[COMMAND, END_OF_OPTION]).map(|end| end + 2);
            end.or(is_over.then_some(bytes.len())).map(|length| ("ctl", length))
        }
        [COMMAND, 251..=254, _, ..] => Some(("ctl", 3)),
        [COMMAND, 240..=249, ..] => Some(("ctl", 2)),
        [COMMAND] | [COMMAND, 251..=254] if !is_over => None,
        _ => {
            let start = usize::from(bytes[0] == COMMAND);
            let end = memchr::memchr2(b'\n', COMMAND, &bytes[start..]).map(|end| start + end);
            let length = end.map(|end| end + usize::from(bytes[end] == b'\n'));
            length.or(is_over.then_some(bytes.len())).map(|length| ("data", length))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_and_lines_are_told_apart() {
        let stream =
            [&[COMMAND, 253, 24, COMMAND, OPTION, 24, 0, COMMAND, END_OF_OPTION][..], b"login: \r\nroot"].concat();
        let mut rest = &stream[..];
        let mut parts = Vec::new();
        while let Some((name, length)) = part(rest, true) {
            parts.push((name, length));
            rest = &rest[length..];
        }
        assert_eq!(parts, [("ctl", 3), ("ctl", 6), ("data", 9), ("data", 4)]);
        assert_eq!(part(b"root", false), None);
    }
}
