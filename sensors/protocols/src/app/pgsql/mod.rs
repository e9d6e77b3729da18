//! PostgreSQL's protocol, version 3 (PostgreSQL documentation, "Frontend/Backend Protocol").

mod backend;

use super::messages::{Cut, Messages};
use super::reader::Reader;
use super::registry::{AppParser, Context, Input, ParserSpec, Probe, Reading, TransportKind, Verdict};
use super::text::{Object, eve_text, put};
use crate::limits::{MESSAGE_BYTES, PGSQL_PARAMETERS};
use crate::{AppProtocol, Buffer, Direction};
use backend::Response;

pub(super) const PARSER: ParserSpec = ParserSpec {
    protocol: AppProtocol::Pgsql,
    transports: &[TransportKind::Tcp],
    ports: &[5432],
    probe,
    create: |_| Box::new(PgsqlParser::default()),
};

const VERSION_3: u32 = 196_608;
const CANCEL: u32 = 80_877_102;
const SSL: u32 = 80_877_103;
const GSS: u32 = 80_877_104;

fn probe(probe: &Probe<'_>) -> Verdict {
    let data = probe.data;
    if probe.direction == Direction::ToClient {
        return match data {
            [] => Verdict::More,
            [b'S' | b'N', ..] if probe.port_matches => Verdict::Yes,
            [b'R', 0, 0, ..] if data.len() >= 5 && probe.port_matches => Verdict::Yes,
            [b'R', ..] if data.len() < 5 && probe.port_matches => Verdict::More,
            _ => Verdict::No,
        };
    }
    let Some(header) = data.first_chunk::<8>() else {
        let starts = data.iter().zip([0, 0]).all(|(byte, zero)| *byte == zero);
        return if starts { Verdict::More } else { Verdict::No };
    };
    let mut r = Reader::new(header);
    let (length, code) = (r.u32().unwrap_or(0), r.u32().unwrap_or(0));
    match code {
        SSL | GSS if length == 8 => Verdict::Yes,
        CANCEL if length == 16 => Verdict::Yes,
        VERSION_3 if (9..10_000).contains(&length) => Verdict::Yes,
        _ => Verdict::No,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Phase {
    /// Nothing has a type byte yet.
    #[default]
    Startup,
    /// The server answers with one byte.
    AwaitSsl,
    Running,
}

#[derive(Default)]
struct PgsqlParser {
    sides: [Messages; 2],
    phase: Phase,
    open: Option<u64>,
    response: Response,
    copying: bool,
}

impl AppParser for PgsqlParser {
    fn parse(&mut self, direction: Direction, input: Input<'_>, context: &mut Context<'_>) {
        let side = usize::from(direction == Direction::ToClient);
        match input {
            Input::Data(data) => {
                self.sides[side].push(data);
                while !context.switch_protocol && self.step(direction, context) {}
                context.unread = self.sides[side].waiting().len();
            }
            Input::Gap(length) => {
                self.sides[side].gap(length);
            }
            Input::End => {
                if direction == Direction::ToClient {
                    self.complete(context);
                }
            }
        }
    }

    fn reading(&self, direction: Direction) -> Reading {
        self.sides[usize::from(direction == Direction::ToClient)].reading()
    }
}

impl PgsqlParser {
    fn step(&mut self, direction: Direction, context: &mut Context<'_>) -> bool {
        let side = usize::from(direction == Direction::ToClient);
        let (phase, to_client) = (self.phase, direction == Direction::ToClient);
        let cut = |bytes: &[u8]| match (phase, to_client) {
            (Phase::AwaitSsl, true) if bytes.is_empty() => Cut::More,
            (Phase::AwaitSsl, true) => Cut::Message(1),
            (Phase::Startup, false) => sized(bytes, 0),
            _ => sized(bytes, 1),
        };
        let Some(message) = self.sides[side].next(cut) else { return false };
        context.frame(None, direction, (AppProtocol::Pgsql, "pdu"), &message);
        match (phase, to_client) {
            (Phase::AwaitSsl, true) => self.ssl_answer(&message, context),
            (Phase::Startup, false) => self.startup(&message, context),
            (_, true) => self.answer(&message, context),
            (_, false) => self.request(&message, context),
        }
        true
    }

    fn begin(&mut self, request: Object, context: &mut Context<'_>) -> u64 {
        self.complete(context);
        let id = context.open(AppProtocol::Pgsql);
        self.open = Some(id);
        self.response = Response::default();
        context.update(id, |tx| {
            put(&mut tx.eve, "tx_id", tx.id + 1);
            put(&mut tx.eve, "request", request);
            tx.request_complete = true;
        });
        context.progress(id, Direction::ToServer);
        id
    }

    fn complete(&mut self, context: &mut Context<'_>) {
        let Some(id) = self.open.take() else { return };
        self.write(id, context);
        context.update(id, |tx| (tx.request_complete, tx.response_complete) = (true, true));
        context.progress(id, Direction::ToClient);
    }

    fn write(&self, id: u64, context: &mut Context<'_>) {
        let response = self.response.eve();
        if !response.is_empty() {
            context.update(id, |tx| put(&mut tx.eve, "response", response));
        }
    }

    fn startup(&mut self, message: &[u8], context: &mut Context<'_>) {
        let mut r = Reader::new(message);
        let mut request = Object::new();
        r.take(4);
        match r.u32() {
            Some(SSL) => {
                put(&mut request, "message", "SSL Request");
                self.phase = Phase::AwaitSsl;
            }
            Some(GSS) => {
                put(&mut request, "message", "GSS Request");
                self.phase = Phase::AwaitSsl;
            }
            Some(CANCEL) => {
                put(&mut request, "message", "cancel_request");
                if let (Some(process), Some(secret)) = (r.u32(), r.u32()) {
                    put(&mut request, "process_id", process);
                    put(&mut request, "secret_key", secret);
                }
            }
            version => {
                let version = version.unwrap_or(0);
                put(&mut request, "protocol_version", format!("{}.{}", version >> 16, version & 0xffff));
                put(&mut request, "startup_parameters", parameters(&mut r));
                self.phase = Phase::Running;
            }
        }
        self.begin(request, context);
    }

    fn ssl_answer(&mut self, message: &[u8], context: &mut Context<'_>) {
        let accepted = matches!(message, b"S" | b"G");
        self.response.put("ssl_accepted", accepted);
        self.complete(context);
        self.phase = Phase::Startup;
        context.switch_protocol = accepted;
    }

    fn request(&mut self, message: &[u8], context: &mut Context<'_>) {
        let body = message.get(5..).unwrap_or_default();
        let text = |bytes: &[u8]| eve_text(bytes.strip_suffix(b"\0").unwrap_or(bytes));
        let mut request = Object::new();
        match message[0] {
            b'Q' => put(&mut request, "simple_query", text(body)),
            b'p' => password(&mut request, &self.response, body, context.settings.pgsql.passwords),
            b'X' => put(&mut request, "message", "terminate"),
            b'd' | b'c' | b'f' if self.copying => return,
            b'P' => {
                let mut r = Reader::new(body);
                let (_name, query) = (r.until(0), r.until(0).unwrap_or_default());
                put(&mut request, "message", "parse");
                put(&mut request, "query", eve_text(query));
            }
            // The rest of an extended query belongs to the transaction it is part of.
            b'B' | b'C' | b'D' | b'E' | b'F' | b'H' | b'S' => return,
            _ => return context.anomaly(self.open, Direction::ToServer, "pgsql.malformed_request"),
        }
        let id = self.begin(request, context);
        if message[0] == b'Q' {
            let query = body.strip_suffix(b"\0").unwrap_or(body).to_vec();
            context.update(id, |tx| tx.buffers.set(Direction::ToServer, Buffer::PgsqlQuery, query));
            context.progress(id, Direction::ToServer);
        }
        if message[0] == b'X' {
            self.complete(context);
        }
    }

    fn answer(&mut self, message: &[u8], context: &mut Context<'_>) {
        let (kind, body) = (message[0], message.get(5..).unwrap_or_default());
        let is_last = self.response.take(kind, body);
        self.copying = matches!(kind, b'G' | b'H') || (self.copying && matches!(kind, b'd'));
        let Some(id) = self.open else { return };
        if is_last {
            return self.complete(context);
        }
        if !matches!(kind, b'D' | b'd') {
            self.write(id, context);
            context.progress(id, Direction::ToClient);
        }
    }
}

/// A message with its length behind `type_bytes`.
fn sized(bytes: &[u8], type_bytes: usize) -> Cut {
    let Some(length) = bytes.get(type_bytes..).and_then(|rest| rest.first_chunk::<4>()) else { return Cut::More };
    let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
    match length {
        4..0x4000_0000 if bytes.len() >= (type_bytes + length).min(MESSAGE_BYTES) => Cut::Message(type_bytes + length),
        4..0x4000_0000 => Cut::More,
        _ => Cut::Lost,
    }
}

/// The user, and everything else in order.
fn parameters(r: &mut Reader<'_>) -> Object {
    let (mut object, mut optional) = (Object::new(), Vec::new());
    while let Some(name) = r.until(0).filter(|name| !name.is_empty())
        && let Some(value) = r.until(0)
        && optional.len() < PGSQL_PARAMETERS
    {
        if name == b"user" {
            put(&mut object, "user", eve_text(value));
        } else {
            let mut entry = Object::new();
            put(&mut entry, &eve_text(name), eve_text(value));
            optional.push(entry);
        }
    }
    if !optional.is_empty() {
        put(&mut object, "optional_parameters", optional);
    }
    object
}

/// A password or a message of SASL, as the server has asked.
fn password(request: &mut Object, asked: &Response, body: &[u8], tell: bool) {
    if asked.asked_sasl() {
        let mut r = Reader::new(body);
        if let (Some(mechanism), Some(_length)) = (r.until(0), r.u32()) {
            put(request, "sasl_authentication_mechanism", eve_text(mechanism));
            put(request, "sasl_param", eve_text(r.rest()));
        }
    } else if asked.asked_sasl_response() {
        put(request, "sasl_response", eve_text(body));
    } else if tell {
        put(request, "password", eve_text(body.strip_suffix(b"\0").unwrap_or(body)));
    } else {
        put(request, "password_redacted", true);
    }
}
