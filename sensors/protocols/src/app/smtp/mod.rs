//! SMTP (RFC 5321, 3030, 3207): one transaction per mail, its attachments as files.

mod eve;
mod mail;

use std::collections::VecDeque;

use super::messages::Messages;
use super::registry::{AppParser, Context, Input, ParserSpec, Probe, TransportKind, Verdict};
use crate::limits::{FRAME_BYTES, LINE_BYTES, SMTP_COMMANDS, SMTP_RECIPIENTS};
use crate::{AppProtocol, Buffer, Direction};
use mail::Mail;

pub(super) const PARSER: ParserSpec = ParserSpec {
    protocol: AppProtocol::Smtp,
    transports: &[TransportKind::Tcp],
    ports: &[25, 465, 587],
    probe,
    create: |_| Box::new(SmtpParser::default()),
};

/// Bytes a client may send while the answer to its DATA is still out; then it is taken to be a mail.
const UNANSWERED_BYTES: usize = 64 << 10;
/// Longest command line that raises no event (RFC 5321, 4.5.3.1.4).
const COMMAND_BYTES: usize = 512;

/// Greetings of clients, banners that name the protocol, any banner on its ports.
fn probe(probe: &Probe<'_>) -> Verdict {
    let data = probe.data;
    let starts = |word: &[u8]| {
        let length = word.len().min(data.len());
        data[..length].eq_ignore_ascii_case(&word[..length]).then_some(length == word.len())
    };
    match probe.direction {
        Direction::ToServer => match [starts(b"EHLO "), starts(b"HELO ")] {
            [Some(true), _] | [_, Some(true)] => Verdict::Yes,
            [Some(false), _] | [_, Some(false)] => Verdict::More,
            _ => Verdict::No,
        },
        Direction::ToClient => match starts(b"220") {
            None => Verdict::No,
            Some(false) => Verdict::More,
            Some(true) if probe.port_matches => Verdict::Yes,
            Some(true) => {
                let line = data.split(|byte| *byte == b'\n').next().unwrap_or_default();
                let line = &line[..line.len().min(COMMAND_BYTES)];
                match line.windows(5).any(|word| word.eq_ignore_ascii_case(b"smtp ") || word == b"SMTP\r") {
                    true => Verdict::Yes,
                    false if line.len() == data.len() && data.len() < COMMAND_BYTES => Verdict::More,
                    false => Verdict::No,
                }
            }
        },
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Mode {
    #[default]
    Commands,
    /// DATA was sent and not answered.
    Unanswered,
    Data,
    /// So many bytes of a chunk; whether it is the last one.
    Chunk(u64, bool),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Command {
    Hello,
    Mail,
    Recipient,
    Data,
    /// The end of a mail's content.
    Content,
    Chunk,
    LastChunk,
    Reset,
    StartTls,
    /// A piece of an authentication.
    Login,
    Other,
}

#[derive(Default)]
struct SmtpParser {
    client: Messages,
    server: Messages,
    mode: Mode,
    /// Whether the piece of a line before this one goes on.
    inside_line: bool,
    commands: VecDeque<Command>,
    reply_begun: bool,
    /// The server has said something.
    welcomed: bool,
    /// Bytes of either direction were missing: it is not known which reply belongs to which command.
    lost: bool,
    greeted: bool,
    helo: Vec<u8>,
    tx: Option<u64>,
    envelope: Envelope,
    mail: Option<Box<Mail>>,
    logging_in: bool,
    files: u32,
    /// Content of the mail as it came, and both directions from their start, where rules look at frames.
    content: Vec<u8>,
    streams: [Vec<u8>; 2],
}

#[derive(Default)]
struct Envelope {
    from: Option<Vec<u8>>,
    recipients: Vec<Vec<u8>>,
}

impl AppParser for SmtpParser {
    fn parse(&mut self, direction: Direction, input: Input<'_>, context: &mut Context<'_>) {
        if context.interest.frames {
            self.mark_stream(direction, input, context);
        }
        match (direction, input) {
            (Direction::ToServer, Input::Data(data)) => {
                self.client.push(data);
                self.read_client(context);
            }
            (Direction::ToClient, Input::Data(data)) => {
                self.server.push(data);
                while !context.switch_protocol {
                    let Some((line, goes_on)) = self.server.next_line() else { break };
                    let before = self.mode;
                    self.reply_line(&line, goes_on, context);
                    // What waited for this answer comes before the next one, as if that had come later.
                    if self.mode != before {
                        self.read_client(context);
                    }
                }
                context.unread = self.server.waiting().len();
            }
            (Direction::ToServer, Input::Gap(_)) => {
                self.lost = true;
                self.client.restart();
                if let Some(mail) = &mut self.mail {
                    mail.has_gap = true;
                }
            }
            (Direction::ToClient, Input::Gap(_)) => {
                self.lost = true;
                self.server.restart();
                self.commands.clear();
            }
            (Direction::ToServer, Input::End) => {
                if self.mode == Mode::Unanswered {
                    self.begin_data(context);
                    self.read_client(context);
                }
                self.end_mail(false, context);
                self.complete(context);
            }
            (Direction::ToClient, Input::End) => {}
        }
    }
}

impl SmtpParser {
    fn read_client(&mut self, context: &mut Context<'_>) {
        while !context.switch_protocol {
            let went_on = match self.mode {
                Mode::Chunk(left, is_last) => self.chunk(left, is_last, context),
                Mode::Unanswered if self.client.waiting().len() < UNANSWERED_BYTES => false,
                Mode::Unanswered => {
                    self.begin_data(context);
                    true
                }
                Mode::Data => self.data_line(context),
                Mode::Commands => self.command_line(context),
            };
            if !went_on {
                break;
            }
        }
        self.hand_out(context);
    }

    fn command_line(&mut self, context: &mut Context<'_>) -> bool {
        let Some((line, goes_on)) = self.client.next_line() else { return false };
        if std::mem::replace(&mut self.inside_line, goes_on) {
            return true;
        }
        if line.len() > COMMAND_BYTES {
            let id = self.transaction(context);
            context.anomaly(Some(id), Direction::ToServer, "smtp.max_command_line_len_exceeded");
        }
        self.command(&line, context);
        if context.interest.frames {
            let line = self.client.with_ending(&line);
            context.frame(self.tx, Direction::ToServer, (AppProtocol::Smtp, "command_line"), &line);
        }
        true
    }

    /// Keeps the start of a direction, and marks it when it has ended.
    fn mark_stream(&mut self, direction: Direction, input: Input<'_>, context: &mut Context<'_>) {
        let stream = &mut self.streams[usize::from(direction == Direction::ToClient)];
        match input {
            Input::Data(data) => keep(stream, data),
            Input::Gap(_) => {}
            Input::End => {
                let stream = std::mem::take(stream);
                context.frame(None, direction, (AppProtocol::Smtp, "stream"), &stream);
            }
        }
    }

    fn data_line(&mut self, context: &mut Context<'_>) -> bool {
        let Some((line, goes_on)) = self.client.next_line() else { return false };
        let begins = !std::mem::replace(&mut self.inside_line, goes_on);
        if context.interest.frames {
            keep(&mut self.content, &self.client.with_ending(&line));
        }
        if begins && !goes_on && line == b"." {
            self.end_mail(true, context);
            self.mode = Mode::Commands;
            self.push(Command::Content, context);
            return true;
        }
        // The first of two dots at the start of a line was put there by the sender.
        let text = if begins && line.starts_with(b".") { &line[1..] } else { &line[..] };
        self.mail_line(text, goes_on);
        true
    }

    fn chunk(&mut self, left: u64, is_last: bool, context: &mut Context<'_>) -> bool {
        let waiting = self.client.waiting();
        let length = usize::try_from(left).unwrap_or(usize::MAX).min(waiting.len());
        if length == 0 && left > 0 {
            return false;
        }
        let bytes = waiting[..length].to_vec();
        self.client.pass(length);
        if let Some(mail) = &mut self.mail {
            mail.push(&bytes);
        }
        let left = left - length as u64;
        self.mode = Mode::Chunk(left, is_last);
        if left == 0 {
            self.mode = Mode::Commands;
            if is_last {
                self.end_mail(true, context);
            }
        }
        true
    }

    fn mail_line(&mut self, line: &[u8], goes_on: bool) {
        if let Some(mail) = &mut self.mail {
            mail.line(line, goes_on);
        }
    }

    /// The transaction of the mail at hand.
    fn transaction(&mut self, context: &mut Context<'_>) -> u64 {
        if let Some(id) = self.tx {
            return id;
        }
        let id = context.open(AppProtocol::Smtp);
        self.tx = Some(id);
        self.envelope = Envelope::default();
        if !self.helo.is_empty() {
            let helo = self.helo.clone();
            context.update(id, |tx| tx.buffers.set(Direction::ToServer, Buffer::SmtpHelo, helo));
        }
        self.write(context);
        id
    }

    fn write(&self, context: &mut Context<'_>) {
        let Some(id) = self.tx else { return };
        let eve = eve::envelope(&self.helo, self.envelope.from.as_deref(), &self.envelope.recipients);
        context.update(id, |tx| tx.eve = eve);
    }

    fn push(&mut self, command: Command, context: &mut Context<'_>) {
        if self.commands.len() >= SMTP_COMMANDS {
            self.commands.pop_front();
            context.anomaly(self.tx, Direction::ToServer, "smtp.too_many_commands");
        }
        self.commands.push_back(command);
    }

    fn command(&mut self, line: &[u8], context: &mut Context<'_>) {
        if std::mem::take(&mut self.logging_in) {
            return self.push(Command::Login, context);
        }
        let starts = |word: &[u8]| line.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
        let command = match () {
            () if starts(b"EHLO") || starts(b"HELO") => self.hello(&line[4..], context),
            () if starts(b"MAIL FROM:") => self.mail_from(&line[10..], context),
            () if starts(b"RCPT TO:") => self.recipient(&line[8..], context),
            () if starts(b"DATA") && line.trim_ascii().len() == 4 => {
                self.transaction(context);
                self.mode = Mode::Unanswered;
                Command::Data
            }
            () if starts(b"BDAT ") => self.bdat(&line[5..], context),
            () if starts(b"RSET") => Command::Reset,
            () if starts(b"STARTTLS") => {
                self.transaction(context);
                Command::StartTls
            }
            () if starts(b"AUTH ") => Command::Login,
            () => Command::Other,
        };
        self.push(command, context);
    }

    fn hello(&mut self, rest: &[u8], context: &mut Context<'_>) -> Command {
        let name = first_word(rest);
        if self.greeted && self.tx.is_some() {
            context.anomaly(self.tx, Direction::ToServer, "smtp.duplicate_fields");
        }
        let repeated = std::mem::replace(&mut self.greeted, true);
        if !repeated {
            self.helo = name.to_vec();
            let id = self.transaction(context);
            context.update(id, |tx| tx.buffers.set(Direction::ToServer, Buffer::SmtpHelo, name));
            self.write(context);
            context.progress(id, Direction::ToServer);
        }
        if repeated && self.envelope.from.is_some() { Command::Reset } else { Command::Hello }
    }

    fn mail_from(&mut self, rest: &[u8], context: &mut Context<'_>) -> Command {
        let id = self.transaction(context);
        let from = first_word(rest).to_vec();
        if self.envelope.from.is_some() {
            context.anomaly(Some(id), Direction::ToServer, "smtp.duplicate_fields");
        } else {
            context.update(id, |tx| tx.buffers.set(Direction::ToServer, Buffer::SmtpMailFrom, from.clone()));
            self.envelope.from = Some(from);
            self.write(context);
        }
        context.progress(id, Direction::ToServer);
        Command::Mail
    }

    fn recipient(&mut self, rest: &[u8], context: &mut Context<'_>) -> Command {
        let id = self.transaction(context);
        let recipient = first_word(rest).to_vec();
        if self.envelope.recipients.len() < SMTP_RECIPIENTS {
            context.update(id, |tx| tx.buffers.set(Direction::ToServer, Buffer::SmtpRcptTo, recipient.clone()));
            self.envelope.recipients.push(recipient);
            self.write(context);
        }
        context.progress(id, Direction::ToServer);
        Command::Recipient
    }

    /// `BDAT length [LAST]` (RFC 3030).
    fn bdat(&mut self, rest: &[u8], context: &mut Context<'_>) -> Command {
        let id = self.transaction(context);
        let mut words = rest.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        let length = words.next().and_then(crate::app::text::decimal);
        let is_last = match (words.next(), words.next()) {
            (None, _) => Some(false),
            (Some(word), None) if word.eq_ignore_ascii_case(b"LAST") => Some(true),
            _ => None,
        };
        let (Some(length), Some(is_last)) = (length, is_last) else {
            context.anomaly(Some(id), Direction::ToServer, "smtp.invalid_bdat");
            return Command::Other;
        };
        if self.mail.is_none() {
            self.begin_mail(context);
        }
        self.mode = Mode::Chunk(length, is_last);
        if is_last { Command::LastChunk } else { Command::Chunk }
    }

    fn begin_data(&mut self, context: &mut Context<'_>) {
        self.transaction(context);
        self.mode = Mode::Data;
        self.begin_mail(context);
    }

    fn begin_mail(&mut self, context: &Context<'_>) {
        let digests = context.interest.mail_digests || context.settings.smtp.body_md5;
        self.mail = Some(Box::new(Mail::new(digests)));
    }

    fn reply_line(&mut self, line: &[u8], goes_on: bool, context: &mut Context<'_>) {
        if context.interest.frames {
            let line = self.server.with_ending(line);
            context.frame(self.tx, Direction::ToClient, (AppProtocol::Smtp, "response_line"), &line);
        }
        let code = line.get(..3).filter(|code| code.iter().all(u8::is_ascii_digit));
        if goes_on || line.len() > LINE_BYTES {
            return context.anomaly(self.tx, Direction::ToClient, "smtp.max_reply_line_len_exceeded");
        }
        let Some(code) = code else {
            if !self.reply_begun {
                context.anomaly(self.tx, Direction::ToClient, "smtp.invalid_reply");
            }
            return;
        };
        self.reply_begun = line.get(3) == Some(&b'-');
        if self.reply_begun {
            return;
        }
        let first = !std::mem::replace(&mut self.welcomed, true);
        let Some(command) = self.commands.pop_front() else {
            // The banner answers nothing.
            match (first, code) {
                (true, b"220") => {}
                (true, _) => context.anomaly(self.tx, Direction::ToClient, "smtp.invalid_reply"),
                (false, _) if self.lost => {}
                (false, _) => {
                    context.anomaly(self.tx, Direction::ToClient, "smtp.unable_to_match_reply_with_request");
                }
            }
            return;
        };
        self.answered(command, code[0], code, context);
    }

    fn answered(&mut self, command: Command, class: u8, code: &[u8], context: &mut Context<'_>) {
        match (command, class) {
            (Command::Data, b'3') if self.mode == Mode::Unanswered => self.begin_data(context),
            (Command::Data, _) if self.mode == Mode::Unanswered => {
                self.mode = Mode::Commands;
                context.anomaly(self.tx, Direction::ToClient, "smtp.data_command_rejected");
            }
            (Command::StartTls, b'2') => {
                self.complete(context);
                context.switch_protocol = true;
            }
            (Command::StartTls, _) => context.anomaly(self.tx, Direction::ToClient, "smtp.tls_rejected"),
            (Command::Content | Command::LastChunk, _) => self.complete(context),
            (Command::Reset, b'2') if self.envelope.from.is_some() => self.complete(context),
            (Command::Login, b'3') if code == b"334" => self.logging_in = true,
            _ => {}
        }
    }

    /// Hands on what the mail has given so far.
    fn hand_out(&mut self, context: &mut Context<'_>) {
        let (Some(mail), Some(id)) = (&mut self.mail, self.tx) else { return };
        mail.hand_out(id, &mut self.files, context);
    }

    fn end_mail(&mut self, is_whole: bool, context: &mut Context<'_>) {
        let (Some(mut mail), Some(id)) = (self.mail.take(), self.tx) else { return };
        context.frame(Some(id), Direction::ToServer, (AppProtocol::Smtp, "data"), &std::mem::take(&mut self.content));
        mail.finish(is_whole);
        mail.hand_out(id, &mut self.files, context);
        mail.tell(id, is_whole, context);
        context.progress(id, Direction::ToServer);
    }

    fn complete(&mut self, context: &mut Context<'_>) {
        if let Some(id) = self.tx.take() {
            context.update(id, |tx| (tx.request_complete, tx.response_complete) = (true, true));
            context.progress(id, Direction::ToClient);
        }
        self.envelope = Envelope::default();
    }
}

/// Appends as much as a frame may have.
fn keep(kept: &mut Vec<u8>, bytes: &[u8]) {
    let room = FRAME_BYTES.saturating_sub(kept.len()).min(bytes.len());
    kept.extend_from_slice(&bytes[..room]);
}

/// A parameter without what follows it.
fn first_word(rest: &[u8]) -> &[u8] {
    rest.trim_ascii().split(u8::is_ascii_whitespace).next().unwrap_or_default()
}
