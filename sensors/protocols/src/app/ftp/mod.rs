//! FTP control channel (RFC 959, 2228, 2428): commands and their replies. Data channels are flows of their own.

use serde_json::{Value, json};

mod data;

use super::registry::{AppParser, Context, Input, ParserSpec, Probe, TransportKind, Verdict};
use super::text::{eve_text, trim};
use crate::{AppEvent, AppProtocol, Buffer, Direction, Expectation, Transaction};
pub(super) use data::PARSER as DATA_PARSER;

pub(super) const PARSER: ParserSpec = ParserSpec {
    protocol: AppProtocol::Ftp,
    transports: &[TransportKind::Tcp],
    ports: &[21],
    probe,
    create: |_| Box::new(FtpParser::default()),
};

/// Lines of one reply that are kept.
const REPLY_LINES: usize = 128;
/// POP3 has the same first commands.
const LOOK_ALIKE_PORTS: [u16; 2] = [110, 995];

fn probe(probe: &Probe<'_>) -> Verdict {
    let starts: &[&[u8]] = match (probe.direction, probe.port_matches) {
        (Direction::ToServer, _) if LOOK_ALIKE_PORTS.contains(&probe.server_port) => return Verdict::No,
        (Direction::ToServer, true) => &[b"USER ", b"FEAT", b"AUTH ", b"SYST", b"HOST ", b"OPTS "],
        (Direction::ToServer, false) => &[b"USER "],
        (Direction::ToClient, true) => &[b"220"],
        (Direction::ToClient, false) => return Verdict::No,
    };
    let matches = |start: &&&[u8]| {
        let length = start.len().min(probe.data.len());
        start[..length].eq_ignore_ascii_case(&probe.data[..length])
    };
    match starts.iter().find(matches) {
        Some(start) if probe.data.len() >= start.len() => Verdict::Yes,
        Some(_) => Verdict::More,
        None => Verdict::No,
    }
}

#[derive(Default)]
struct FtpParser {
    lines: [Vec<u8>; 2],
    too_long: [bool; 2],
    /// The command that waits for its reply.
    open: Option<u64>,
    /// The command that was sent or answered last.
    last: Option<u64>,
    reply_too_long: bool,
    command: Vec<u8>,
    replies: Vec<(Vec<u8>, Vec<u8>)>,
    /// Port of the next data connection, and whether the server opens it.
    data_port: Option<(u16, bool)>,
}

impl AppParser for FtpParser {
    fn parse(&mut self, direction: Direction, input: Input<'_>, context: &mut Context<'_>) {
        let side = usize::from(direction == Direction::ToClient);
        match input {
            Input::Data(data) => {
                context.unread = data.len();
                for piece in data.split_inclusive(|byte| *byte == b'\n') {
                    if context.switch_protocol {
                        return;
                    }
                    context.unread -= piece.len();
                    self.piece(side, direction, piece, context);
                }
            }
            Input::Gap(_) => self.lines[side].clear(),
            Input::End => self.finish(context),
        }
    }
}

impl FtpParser {
    fn piece(&mut self, side: usize, direction: Direction, piece: &[u8], context: &mut Context<'_>) {
        let room = context.settings.ftp.max_line_bytes.saturating_sub(self.lines[side].len());
        self.too_long[side] |= piece.len() > room;
        self.lines[side].extend_from_slice(&piece[..piece.len().min(room)]);
        if !piece.ends_with(b"\n") {
            return;
        }
        let line = std::mem::take(&mut self.lines[side]);
        let too_long = std::mem::take(&mut self.too_long[side]);
        match direction {
            Direction::ToServer => self.request(trim(&line), too_long, context),
            Direction::ToClient => self.reply(trim(&line), too_long, context),
        }
        if too_long {
            let name = match direction {
                Direction::ToServer => "ftp.request_command_too_long",
                Direction::ToClient => "ftp.response_command_too_long",
            };
            context.anomaly(self.last, direction, name);
        }
    }

    fn request(&mut self, line: &[u8], too_long: bool, context: &mut Context<'_>) {
        if line.is_empty() {
            return;
        }
        self.finish(context);
        let id = context.open(AppProtocol::Ftp);
        (self.open, self.last, self.reply_too_long) = (Some(id), Some(id), false);
        let mut parts = line.splitn(2, |byte| *byte == b' ');
        self.command = parts.next().unwrap_or(&[]).to_ascii_uppercase();
        let data = trim(parts.next().unwrap_or(&[]));
        context.update(id, |tx| {
            tx.request_complete = true;
            tx.buffers.set(Direction::ToServer, Buffer::FtpCommand, self.command.clone());
            tx.eve.insert("command".to_owned(), eve_text(&self.command).into());
            if !data.is_empty() {
                tx.buffers.set(Direction::ToServer, Buffer::FtpCommandData, data);
                tx.eve.insert("command_data".to_owned(), eve_text(data).into());
            }
            tx.eve.insert("command_truncated".to_owned(), too_long.into());
            tx.eve.insert("reply_received".to_owned(), "no".into());
            tx.eve.insert("reply_truncated".to_owned(), false.into());
        });
        self.expect_data(data, context);
        context.progress(id, Direction::ToServer);
    }

    /// A file is about to go over the data connection that was agreed upon.
    fn expect_data(&mut self, name: &[u8], context: &mut Context<'_>) {
        let command = match &self.command[..] {
            b"RETR" => "RETR",
            b"STOR" => "STOR",
            b"APPE" => "APPE",
            _ => return,
        };
        let Some((port, from_server)) = self.data_port.take() else { return };
        let notice = (command, name.to_vec());
        let protocol = AppProtocol::FtpData;
        context.events.push(AppEvent::Expect(Expectation { protocol, port, from_server, notice }));
    }

    fn reply(&mut self, line: &[u8], too_long: bool, context: &mut Context<'_>) {
        let id = *self.open.get_or_insert_with(|| {
            let id = context.open(AppProtocol::Ftp);
            context.update(id, |tx| tx.request_complete = true);
            id
        });
        self.last = Some(id);
        self.reply_too_long |= too_long;
        let (code, text) = match line {
            [a, b, c, rest @ ..] if [a, b, c].iter().all(|digit| digit.is_ascii_digit()) => (&line[..3], rest),
            _ => (&[][..], line),
        };
        let continues = code.is_empty() || text.first() == Some(&b'-');
        let text = if code.is_empty() { text } else { text.get(1..).unwrap_or(&[]) };
        if self.replies.len() < REPLY_LINES {
            self.replies.push((code.to_vec(), text.to_vec()));
        }
        // 1xx replies are followed by another one.
        if continues || code.starts_with(b"1") {
            return;
        }
        let code = code.to_vec();
        self.answer(id, context);
        context.progress(id, Direction::ToClient);
        if self.command == b"AUTH" && code == b"234" {
            context.switch_protocol = true;
        }
        self.open = None;
    }

    fn answer(&mut self, id: u64, context: &mut Context<'_>) {
        let replies = std::mem::take(&mut self.replies);
        let (data_port, too_long) = (&mut self.data_port, std::mem::take(&mut self.reply_too_long));
        context.update(id, |tx| {
            fill_replies(tx, &replies);
            tx.eve.insert("reply_truncated".to_owned(), too_long.into());
            if let Some(port) = dynamic_port(&self.command, tx, &replies) {
                tx.eve.insert("dynamic_port".to_owned(), port.into());
                let passive = matches!(&self.command[..], b"PASV" | b"EPSV");
                *data_port = Some((port, !passive));
                let mode = if passive { "passive" } else { "active" };
                tx.eve.insert("mode".to_owned(), mode.into());
            }
            tx.response_complete = true;
        });
    }

    /// Closes a command whose reply is not complete.
    fn finish(&mut self, context: &mut Context<'_>) {
        let Some(id) = self.open.take() else { return };
        self.answer(id, context);
        context.progress(id, Direction::ToClient);
    }
}

fn fill_replies(tx: &mut Transaction, replies: &[(Vec<u8>, Vec<u8>)]) {
    if replies.is_empty() {
        return;
    }
    let mut codes: Vec<Value> = Vec::new();
    for (code, text) in replies {
        tx.buffers.set(Direction::ToClient, Buffer::FtpReply, text.clone());
        let code_text = Value::from(eve_text(code));
        if !code.is_empty() && !codes.contains(&code_text) {
            tx.buffers.set(Direction::ToClient, Buffer::FtpCompletionCode, code.clone());
            codes.push(code_text);
        }
    }
    let texts = replies.iter().map(|(_, text)| eve_text(text)).collect::<Vec<_>>();
    tx.eve.insert("completion_code".to_owned(), codes.into());
    tx.eve.insert("reply".to_owned(), json!(texts));
    tx.eve.insert("reply_received".to_owned(), "yes".into());
}

/// Port of the data channel: in the command (PORT, EPRT) or in the reply (PASV, EPSV).
fn dynamic_port(command: &[u8], tx: &Transaction, replies: &[(Vec<u8>, Vec<u8>)]) -> Option<u16> {
    let argument = tx.buffers.get(Direction::ToServer, Buffer::FtpCommandData).next();
    let reply = replies.last().map(|(_, text)| text.as_slice());
    match command {
        b"PORT" => from_commas(argument?),
        b"EPRT" => from_bars(argument?),
        b"PASV" if replies.last()?.0 == b"227" => from_commas(reply?),
        b"EPSV" if replies.last()?.0 == b"229" => from_bars(reply?),
        _ => None,
    }
}

/// `h1,h2,h3,h4,p1,p2`, possibly within a sentence.
fn from_commas(text: &[u8]) -> Option<u16> {
    let start = text.iter().rposition(|byte| *byte == b'(').map_or(0, |at| at + 1);
    let fields = text[start..].split(|byte| !byte.is_ascii_digit()).filter(|field| !field.is_empty());
    let numbers = fields.filter_map(|field| std::str::from_utf8(field).ok()?.parse::<u8>().ok()).collect::<Vec<_>>();
    let [high, low] = *numbers.get(numbers.len().checked_sub(2)?..)? else { return None };
    (numbers.len() == 6).then_some(u16::from_be_bytes([high, low]))
}

/// `|2|::1|port|` or `(|||port|)`.
fn from_bars(text: &[u8]) -> Option<u16> {
    let field = text.split(|byte| *byte == b'|').rev().nth(1)?;
    std::str::from_utf8(field).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_ports_are_found() {
        assert_eq!(from_commas(b"192,0,2,1,4,1"), Some(1025));
        assert_eq!(from_commas(b"Entering Passive Mode (192,0,2,1,195,80)."), Some(50_000));
        assert_eq!(from_bars(b"|2|::1|5282|"), Some(5282));
        assert_eq!(from_bars(b"Entering Extended Passive Mode (|||6446|)"), Some(6446));
        assert_eq!(from_commas(b"1,2"), None);
    }
}
