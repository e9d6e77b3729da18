//! IMAP (RFC 9051) is recognised by its greeting and commands; what follows STARTTLS is handed to the parser of TLS.

use super::messages::Messages;
use super::registry::{AppParser, Context, Input, ParserSpec, Probe, TransportKind, Verdict};
use super::text::contains_ignore_case;
use crate::{AppProtocol, Direction};

pub(super) const PARSER: ParserSpec = ParserSpec {
    protocol: AppProtocol::Imap,
    transports: &[TransportKind::Tcp],
    ports: &[143],
    probe,
    create: |_| Box::new(ImapParser::default()),
};

/// Bytes of the tag of a command that are waited for.
const TAG_BYTES: usize = 32;
const COMMANDS: [&[u8]; 8] =
    [b"CAPABILITY", b"LOGIN", b"STARTTLS", b"AUTHENTICATE", b"NOOP", b"SELECT", b"ID", b"LOGOUT"];

fn probe(probe: &Probe<'_>) -> Verdict {
    match probe.direction {
        Direction::ToServer => probe_command(probe.data, probe.port_matches),
        Direction::ToClient if probe.port_matches => probe_greeting(probe.data),
        Direction::ToClient => Verdict::No,
    }
}

/// A tag and a command.
fn probe_command(data: &[u8], port_matches: bool) -> Verdict {
    let tag = data.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'.').count();
    let is_tag = tag <= TAG_BYTES && (port_matches || data.iter().take(tag).any(u8::is_ascii_digit));
    match data.get(tag..) {
        Some([]) if port_matches && is_tag => Verdict::More,
        Some([b' ', rest @ ..]) if tag > 0 && is_tag => {
            let begins = |known: &[u8]| {
                let length = known.len().min(rest.len());
                known[..length].eq_ignore_ascii_case(&rest[..length])
            };
            let distinct = |known: &&[u8]| port_matches || known.len() >= 10;
            let known: Vec<&[u8]> = COMMANDS.iter().copied().filter(|known| distinct(known) && begins(known)).collect();
            match known.iter().any(|known| rest.get(known.len()).copied().is_some_and(ends_word)) {
                true => Verdict::Yes,
                false if !known.is_empty() && rest.len() <= 12 => Verdict::More,
                false => Verdict::No,
            }
        }
        _ => Verdict::No,
    }
}

const fn ends_word(byte: u8) -> bool {
    matches!(byte, b' ' | b'\r' | b'\n')
}

fn probe_greeting(data: &[u8]) -> Verdict {
    for greeting in [&b"* OK "[..], b"* PREAUTH ", b"* BYE "] {
        let length = data.len().min(greeting.len());
        if data[..length].eq_ignore_ascii_case(&greeting[..length]) {
            return if length == greeting.len() { Verdict::Yes } else { Verdict::More };
        }
    }
    Verdict::No
}

#[derive(Default)]
struct ImapParser {
    sides: [Messages; 2],
    /// Tag of a STARTTLS that waits for its answer.
    starts_tls: Option<Vec<u8>>,
}

impl AppParser for ImapParser {
    fn parse(&mut self, direction: Direction, input: Input<'_>, context: &mut Context<'_>) {
        let side = usize::from(direction == Direction::ToClient);
        match input {
            Input::Data(data) => self.sides[side].push(data),
            Input::Gap(_) => self.sides[side].restart(),
            Input::End => {}
        }
        while !context.switch_protocol {
            let Some((line, _)) = self.sides[side].next_line() else { return };
            self.line(direction, &line, context);
        }
        context.unread = self.sides[side].waiting().len();
    }
}

impl ImapParser {
    fn line(&mut self, direction: Direction, line: &[u8], context: &mut Context<'_>) {
        let mut words = line.splitn(3, |byte| *byte == b' ');
        let (Some(tag), Some(word)) = (words.next(), words.next()) else { return };
        match direction {
            Direction::ToServer if word.eq_ignore_ascii_case(b"STARTTLS") => self.starts_tls = Some(tag.to_vec()),
            Direction::ToClient if self.starts_tls.as_deref() == Some(tag) => {
                self.starts_tls = None;
                context.switch_protocol = contains_ignore_case(word, b"OK");
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_recognised_by_their_words() {
        assert_eq!(probe_command(b"A1 CAPABILITY\r\n", false), Verdict::Yes);
        assert_eq!(probe_command(b"a001 LOGIN user secret\r\n", true), Verdict::Yes);
        assert_eq!(probe_command(b"GET / HTTP/1.1\r\n", true), Verdict::No);
        assert_eq!(probe_command(b"a1 CAPA", true), Verdict::More);
        assert_eq!(probe_greeting(b"* OK ready"), Verdict::Yes);
    }
}
