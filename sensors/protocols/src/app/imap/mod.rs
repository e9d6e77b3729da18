//! IMAP (RFC 9051): one transaction for each command with its answers, mails that are fetched or stored included. What
//! follows STARTTLS is handed to the parser of TLS.

mod mail;

use std::collections::VecDeque;

use serde_json::Value;

use self::mail::Mail;
use super::messages::Messages;
use super::registry::{AppParser, Context, Input, ParserSpec, Probe, TransportKind, Verdict};
use super::text::{contains_ignore_case, eve_text};
use crate::limits::{IMAP_COMMANDS, IMAP_LINES, IMAP_LITERAL_BYTES};
use crate::{AppProtocol, Buffer, Direction, Transaction};

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
    sides: [Side; 2],
    /// Commands that wait for their answer, oldest first.
    open: VecDeque<Command>,
}

/// One direction.
#[derive(Default)]
struct Side {
    messages: Messages,
    /// The literal that is being read (RFC 9051, section 4.3).
    literal: Option<Literal>,
    /// The line goes on behind a literal.
    goes_on: bool,
}

struct Literal {
    left: u64,
    kept: Vec<u8>,
    is_mail: bool,
}

struct Command {
    tag: Vec<u8>,
    word: Vec<u8>,
    tx: u64,
}

impl AppParser for ImapParser {
    fn parse(&mut self, direction: Direction, input: Input<'_>, context: &mut Context<'_>) {
        let side = usize::from(direction == Direction::ToClient);
        match input {
            Input::Data(data) => self.sides[side].messages.push(data),
            Input::Gap(_) => self.sides[side] = Side::default(),
            Input::End => {}
        }
        while !context.switch_protocol {
            if self.sides[side].literal.is_some() {
                if !self.sides[side].read_literal() {
                    break;
                }
                self.literal(direction, context);
            } else {
                let Some((line, is_piece)) = self.sides[side].messages.next_line() else { break };
                let side = &mut self.sides[side];
                let goes_on = std::mem::replace(&mut side.goes_on, is_piece);
                self.line(direction, &line, goes_on, context);
            }
        }
        context.unread = self.sides[side].messages.waiting().len();
    }
}

impl Side {
    /// Takes what is there of the literal; whether that is all of it.
    fn read_literal(&mut self) -> bool {
        let Some(literal) = &mut self.literal else { return true };
        let waiting = self.messages.waiting();
        let here = usize::try_from(literal.left).unwrap_or(usize::MAX).min(waiting.len());
        let room = IMAP_LITERAL_BYTES - literal.kept.len();
        literal.kept.extend_from_slice(&waiting[..here.min(room)]);
        literal.left -= here as u64;
        self.messages.pass(here);
        self.literal.as_ref().is_some_and(|literal| literal.left == 0)
    }
}

impl ImapParser {
    fn line(&mut self, direction: Direction, line: &[u8], goes_on: bool, context: &mut Context<'_>) {
        let tx = match direction {
            Direction::ToServer => self.request(line, goes_on, context),
            Direction::ToClient => self.response(line, goes_on, context),
        };
        let side = usize::from(direction == Direction::ToClient);
        if let Some(left) = literal_length(line).filter(|_| !self.sides[side].goes_on) {
            let is_mail = match direction {
                Direction::ToServer => self.open.back().is_some_and(|command| command.word == b"APPEND"),
                Direction::ToClient => contains_ignore_case(line, b"BODY") || contains_ignore_case(line, b"RFC822"),
            };
            self.sides[side].literal = Some(Literal { left, kept: Vec::new(), is_mail });
        }
        if let Some(tx) = tx {
            context.frame(Some(tx), direction, (AppProtocol::Imap, "pdu"), line);
            context.progress(tx, direction);
        }
    }

    /// A line of the client: a command, what goes on behind a literal, or an answer to a question of the server.
    fn request(&mut self, line: &[u8], goes_on: bool, context: &mut Context<'_>) -> Option<u64> {
        let mut words = line.splitn(3, |byte| *byte == b' ');
        let (tag, word) = (words.next().unwrap_or_default(), words.next());
        let asks = self.open.back().is_some_and(|command| matches!(&command.word[..], b"AUTHENTICATE" | b"IDLE"));
        let tx = match word {
            Some(word) if !goes_on && !asks => {
                let tx = context.open(AppProtocol::Imap);
                if self.open.len() >= IMAP_COMMANDS {
                    self.open.pop_front();
                }
                self.open.push_back(Command { tag: tag.to_vec(), word: word.to_ascii_uppercase(), tx });
                tx
            }
            _ => self.open.back()?.tx,
        };
        let is_whole = literal_length(line).is_none();
        context.update(tx, |tx| {
            note(tx, Direction::ToServer, line);
            tx.request_complete |= is_whole;
        });
        Some(tx)
    }

    /// A line of the server: the end of a command by its tag; others belong to the oldest command that waits.
    fn response(&mut self, line: &[u8], goes_on: bool, context: &mut Context<'_>) -> Option<u64> {
        let mut words = line.splitn(3, |byte| *byte == b' ');
        let (tag, word) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let answered = self.open.iter().position(|command| command.tag == tag).filter(|_| !goes_on);
        let command = answered.and_then(|place| self.open.remove(place));
        if let Some(command) = &command {
            context.switch_protocol = command.word == b"STARTTLS" && contains_ignore_case(word, b"OK");
        }
        let tx = command.as_ref().or(self.open.front()).map(|command| command.tx);
        // The greeting answers nothing.
        let is_last = command.is_some() || tx.is_none();
        if tx.is_none() && (goes_on || !matches!(tag, b"*" | b"+")) {
            return None;
        }
        let tx = tx.unwrap_or_else(|| context.open(AppProtocol::Imap));
        context.update(tx, |tx| {
            note(tx, Direction::ToClient, line);
            tx.request_complete |= is_last;
            tx.response_complete |= is_last;
        });
        Some(tx)
    }

    /// A literal is complete; a mail in it belongs to the command it came with.
    fn literal(&mut self, direction: Direction, context: &mut Context<'_>) {
        let side = &mut self.sides[usize::from(direction == Direction::ToClient)];
        let Some(literal) = side.literal.take() else { return };
        side.goes_on = true;
        let command = match direction {
            Direction::ToServer => self.open.back(),
            Direction::ToClient => self.open.front(),
        };
        let Some((tx, mail)) = command.zip(Mail::parse(&literal.kept).filter(|_| literal.is_mail)) else { return };
        let tx = tx.tx;
        context.update(tx, |tx| mail.fill(tx, direction));
        let (headers, body) = mail.parts();
        context.frame(Some(tx), direction, (AppProtocol::Imap, "headers"), headers);
        context.frame(Some(tx), direction, (AppProtocol::Imap, "body"), body);
        context.progress(tx, direction);
    }
}

/// Adds a line to what the transaction tells.
fn note(tx: &mut Transaction, way: Direction, line: &[u8]) {
    let (key, buffer) = match way {
        Direction::ToServer => ("requests", Buffer::ImapRequest),
        Direction::ToClient => ("responses", Buffer::ImapResponse),
    };
    if line.is_empty() {
        return;
    }
    let lines = tx.eve.entry(key).or_insert_with(|| Value::Array(Vec::new()));
    if let Value::Array(lines) = lines
        && lines.len() < IMAP_LINES
    {
        lines.push(eve_text(line).into());
        tx.buffers.set(way, buffer, line);
    }
}

/// The length of the literal that follows a line: `{12}`, or `{12+}` when nothing is waited for (RFC 7888).
fn literal_length(line: &[u8]) -> Option<u64> {
    let inner = line.strip_suffix(b"}")?;
    let digits = &inner[memchr::memrchr(b'{', inner)? + 1..];
    let digits = digits.strip_suffix(b"+").unwrap_or(digits);
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::app::testing::converse;

    #[test]
    fn commands_are_recognised_by_their_words() {
        assert_eq!(probe_command(b"A1 CAPABILITY\r\n", false), Verdict::Yes);
        assert_eq!(probe_command(b"a001 LOGIN user secret\r\n", true), Verdict::Yes);
        assert_eq!(probe_command(b"GET / HTTP/1.1\r\n", true), Verdict::No);
        assert_eq!(probe_command(b"a1 CAPA", true), Verdict::More);
        assert_eq!(probe_greeting(b"* OK ready"), Verdict::Yes);
    }

    #[test]
    fn literals_announce_their_length() {
        assert_eq!(literal_length(b"a1 APPEND inbox {310}"), Some(310));
        assert_eq!(literal_length(b"a1 LOGIN {4+}"), Some(4));
        for line in [&b"a1 NOOP"[..], b"{}", b"a}", b"{-1}", b"{99999999999999999999}"] {
            assert_eq!(literal_length(line), None);
        }
    }

    #[test]
    fn mails_belong_to_the_command_they_came_with() {
        let append = b"a2 APPEND inbox {27}\r\nSubject: one\r\n\r\nHello you\r\n\r\n";
        let transactions = converse(
            AppProtocol::Imap,
            &[
                (Direction::ToClient, b"* OK ready\r\n"),
                (Direction::ToServer, b"a1 LOGIN user {6}\r\n"),
                (Direction::ToClient, b"+ go on\r\n"),
                (Direction::ToServer, b"secret\r\n"),
                (Direction::ToClient, b"a1 OK done\r\n"),
                (Direction::ToServer, append),
                (Direction::ToServer, b"a3 FETCH 1 BODY[]\r\n"),
                (
                    Direction::ToClient,
                    b"a2 OK stored\r\n* 1 FETCH (BODY[] {17}\r\nSubject: 2\r\n\r\nHi!)\r\na3 OK done\r\n",
                ),
            ],
        );
        let eve: Vec<Value> = transactions.iter().map(|tx| tx.eve.clone().into()).collect();
        assert_eq!(
            eve,
            [
                json!({"responses": ["* OK ready"]}),
                json!({"requests": ["a1 LOGIN user {6}"], "responses": ["+ go on", "a1 OK done"]}),
                json!({
                    "requests": ["a2 APPEND inbox {27}"],
                    "email": {"direction": "to_server", "headers": {"subject": "one"}, "body": "Hello you\r\n"},
                    "responses": ["a2 OK stored"],
                }),
                json!({
                    "requests": ["a3 FETCH 1 BODY[]"],
                    "responses": ["* 1 FETCH (BODY[] {17}", ")", "a3 OK done"],
                    "email": {"direction": "to_client", "headers": {"subject": "2"}, "body": "Hi!"},
                }),
            ]
        );
        assert!(transactions.iter().all(Transaction::is_complete));
    }
}
