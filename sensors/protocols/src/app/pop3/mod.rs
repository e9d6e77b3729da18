//! POP3 (RFC 1939, 2449, 2595): one transaction for each command and its response.

use super::messages::Messages;
use super::registry::{AppParser, Context, Input, ParserSpec, Probe, TransportKind, Verdict};
use super::text::{Object, eve_text, put};
use crate::limits::POP3_LINES;
use crate::{AppProtocol, Direction};

pub(super) const PARSER: ParserSpec = ParserSpec {
    protocol: AppProtocol::Pop3,
    transports: &[TransportKind::Tcp],
    ports: &[110],
    probe,
    create: |_| Box::new(Pop3Parser::default()),
};

const COMMANDS: [&[u8]; 14] = [
    b"USER", b"PASS", b"APOP", b"AUTH", b"CAPA", b"STLS", b"STAT", b"LIST", b"RETR", b"DELE", b"NOOP", b"RSET",
    b"QUIT", b"UIDL",
];

/// The server's greeting on POP3's port, or a command there.
fn probe(probe: &Probe<'_>) -> Verdict {
    if !probe.port_matches {
        return Verdict::No;
    }
    let data = probe.data;
    let starts = |word: &[u8]| {
        let length = word.len().min(data.len());
        data[..length].eq_ignore_ascii_case(&word[..length]).then_some(length == word.len())
    };
    let words: &[&[u8]] = if probe.direction == Direction::ToClient { &[b"+OK", b"-ERR"] } else { &COMMANDS };
    match words.iter().find_map(|word| starts(word)) {
        Some(true) => Verdict::Yes,
        Some(false) => Verdict::More,
        None => Verdict::No,
    }
}

#[derive(Default)]
struct Pop3Parser {
    sides: [Messages; 2],
    /// Commands that wait: transaction, name, whether the response has several lines.
    open: std::collections::VecDeque<(u64, Vec<u8>, bool)>,
    /// The response of several lines that is being read.
    reading: Option<Reading>,
}

struct Reading {
    tx: u64,
    response: Object,
    lines: Vec<String>,
}

impl AppParser for Pop3Parser {
    fn parse(&mut self, direction: Direction, input: Input<'_>, context: &mut Context<'_>) {
        let side = usize::from(direction == Direction::ToClient);
        match input {
            Input::Data(data) => self.sides[side].push(data),
            Input::Gap(_) => self.sides[side].restart(),
            Input::End => {}
        }
        while !context.switch_protocol {
            let Some((line, goes_on)) = self.sides[side].next_line() else { break };
            match direction {
                Direction::ToServer if !goes_on => self.command(&line, context),
                Direction::ToServer => {}
                Direction::ToClient => self.response(&line, context),
            }
        }
        context.unread = self.sides[side].waiting().len();
    }
}

impl Pop3Parser {
    fn command(&mut self, line: &[u8], context: &mut Context<'_>) {
        let mut words = line.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
        let Some(name) = words.next() else { return };
        let name = name.to_ascii_uppercase();
        let arguments: Vec<String> = words.map(eve_text).collect();
        let several = match &name[..] {
            b"RETR" | b"TOP" | b"CAPA" => true,
            b"LIST" | b"UIDL" => arguments.is_empty(),
            _ => false,
        };
        if !COMMANDS.contains(&&name[..]) && name != b"TOP" {
            context.anomaly(None, Direction::ToServer, "pop3.unknown_command");
        }
        let tx = context.open(AppProtocol::Pop3);
        let mut request = Object::new();
        put(&mut request, "command", eve_text(&name));
        if name == b"PASS" {
            put(&mut request, "args", Vec::<String>::new());
        } else {
            put(&mut request, "args", arguments);
        }
        context.update(tx, |tx| {
            put(&mut tx.eve, "request", request);
            tx.request_complete = true;
        });
        context.progress(tx, Direction::ToServer);
        if self.open.len() >= POP3_LINES {
            self.open.pop_front();
        }
        self.open.push_back((tx, name, several));
    }

    fn response(&mut self, line: &[u8], context: &mut Context<'_>) {
        if let Some(reading) = &mut self.reading {
            if line == b"." {
                return self.finish(context);
            }
            if reading.lines.len() < POP3_LINES {
                reading.lines.push(eve_text(line.strip_prefix(b".").unwrap_or(line)));
            }
            return;
        }
        let (success, rest) = match line {
            [b'+', b'O', b'K', rest @ ..] => (true, rest),
            [b'-', b'E', b'R', b'R', rest @ ..] => (false, rest),
            _ => return,
        };
        // The greeting answers nothing.
        let Some((tx, name, several)) = self.open.pop_front() else { return };
        let mut response = Object::new();
        put(&mut response, "success", success);
        put(&mut response, "status", if success { "OK" } else { "ERR" });
        put(&mut response, "header", eve_text(rest.trim_ascii()));
        self.reading = Some(Reading { tx, response, lines: Vec::new() });
        if !(several && success) {
            self.finish(context);
        }
        context.switch_protocol = success && name == b"STLS";
    }

    fn finish(&mut self, context: &mut Context<'_>) {
        let Some(Reading { tx, mut response, lines }) = self.reading.take() else { return };
        put(&mut response, "data", lines);
        context.update(tx, |tx| {
            put(&mut tx.eve, "response", response);
            tx.response_complete = true;
        });
        context.progress(tx, Direction::ToClient);
    }
}
