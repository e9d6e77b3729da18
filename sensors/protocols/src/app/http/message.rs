//! One direction of a connection, message by message.

use std::collections::VecDeque;

use super::body::Body;
use super::fields::{self, LENGTH, RequestLine, StatusLine};
use super::framing::Framing;
use super::headers::Headers;
use super::lines::{Line, LineReader};
use super::odd;
use super::ranges::{Range, Ranges};
use crate::app::Context;
use crate::app::text::{contains_ignore_case, decimal, is_blank, trim};
use crate::limits::{FRAME_BYTES, HTTP_FIELD_BYTES, TRANSACTIONS_PER_FLOW};
use crate::{AppProtocol, Buffer, Direction};

/// Lines before a status line that are passed by.
const JUNK_LINES: usize = 4;
/// Bytes that are no status line after which the response is taken to be a bare body.
const JUNK_BYTES: usize = 1_024;
/// Bytes after which something without a blank is no method.
const METHOD_BYTES: usize = 32;

/// Requests that wait for their response, in order.
#[derive(Default)]
pub(super) struct Exchanges {
    waiting: VecDeque<Waiting>,
    files: u32,
    ranges: Ranges,
}

struct Waiting {
    tx: u64,
    method: Vec<u8>,
}

impl Exchanges {
    /// The number of the next file of the flow.
    pub(super) fn next_file(&mut self) -> u32 {
        self.reserve_files(1)
    }

    /// The file a range belongs to, and whether it is its end.
    pub(super) fn ranged_file(&mut self, name: &[u8], range: Range) -> Option<(u32, bool)> {
        let next = self.files;
        let placed = self.ranges.place(name, range, || next);
        if placed.is_some_and(|(file, _)| file == next) {
            self.files = next.saturating_add(1);
        }
        placed
    }

    /// The first of so many numbers for files.
    pub(super) fn reserve_files(&mut self, count: u32) -> u32 {
        let first = self.files;
        self.files = self.files.saturating_add(count);
        first
    }
}

/// The message being read.
#[derive(Default)]
pub(super) struct Message {
    state: State,
    lines: LineReader,
    /// The request or status line.
    first_line: Vec<u8>,
    headers: Headers,
    tx: Option<u64>,
    method: Vec<u8>,
    junk: Vec<u8>,
    junk_lines: usize,
    /// Bytes were missing: what comes is passed by until a message starts.
    lost: bool,
    /// The request that was told to go on with its body.
    continued: Option<u64>,
    /// What followed the last request was no request.
    surplus: bool,
    /// There is more of it than rules were told of.
    surplus_untold: bool,
    /// The message as it came, where rules look at frames.
    raw: Vec<u8>,
}

#[derive(Default)]
enum State {
    #[default]
    Start,
    /// The rest of a line behind a request that is no request itself.
    Surplus,
    Headers,
    /// The answer should have no body; its first byte tells.
    DoubtfulBody(Box<Body>),
    Body(Box<Body>),
}

impl Message {
    pub(super) fn data(
        &mut self,
        direction: Direction,
        data: &[u8],
        exchanges: &mut Exchanges,
        context: &mut Context<'_>,
    ) {
        let mut rest = data;
        let begins = matches!(self.state, State::Start);
        while !rest.is_empty() && !context.switch_protocol {
            let before = rest;
            let inside = !matches!(self.state, State::Start | State::Surplus);
            match &mut self.state {
                State::Start => self.start(direction, &mut rest, exchanges, context),
                State::Surplus => self.surplus_line(&mut rest, context),
                State::Headers => self.header(direction, &mut rest, exchanges, context),
                State::DoubtfulBody(_) => self.doubtful(direction, rest[0], context),
                State::Body(body) => {
                    let tx = self.tx;
                    body.read(tx, &mut rest, context);
                    if body.is_done() {
                        self.finish_body(direction, context);
                    }
                }
            }
            if context.interest.frames {
                self.mark(direction, (&before[..before.len() - rest.len()], inside), context);
            }
        }
        if context.switch_protocol {
            context.unread = rest.len();
        }
        // What the request line holds does not wait for the rest of the head.
        if let (true, Direction::ToServer, State::Headers, Some(tx)) = (begins, direction, &self.state, self.tx) {
            context.progress(tx, direction);
        }
        self.tell_surplus(context);
        // Bodies are told of once per piece, not once per chunk.
        if let (State::Body(body), Some(tx)) = (&self.state, self.tx) {
            note_length(direction, tx, body.wire_bytes(), context);
            context.progress(tx, direction);
        }
    }

    /// Says that a line of the head is too long before it has ended: it may be kept from ending.
    fn tell_long_line(&mut self, length: usize, direction: Direction, context: &mut Context<'_>) {
        if length <= HTTP_FIELD_BYTES || std::mem::replace(&mut self.headers.length_told, true) {
            return;
        }
        let to_server = direction == Direction::ToServer;
        let name = if to_server { "http.request_field_too_long" } else { "http.response_field_too_long" };
        context.anomaly(self.tx, direction, name);
    }

    /// Keeps what was read, and marks the message when it has ended.
    fn mark(&mut self, direction: Direction, (bytes, inside): (&[u8], bool), context: &mut Context<'_>) {
        let room = FRAME_BYTES.saturating_sub(self.raw.len()).min(bytes.len());
        self.raw.extend_from_slice(&bytes[..room]);
        if inside && matches!(self.state, State::Start) {
            let name = if direction == Direction::ToServer { "request" } else { "response" };
            context.frame(self.tx, direction, (AppProtocol::Http, name), &std::mem::take(&mut self.raw));
        }
    }

    pub(super) fn gap(
        &mut self,
        direction: Direction,
        length: u64,
        exchanges: &mut Exchanges,
        context: &mut Context<'_>,
    ) {
        if let State::Body(body) | State::DoubtfulBody(body) = &mut self.state {
            let known = body.skip(length);
            if known && !body.is_done() {
                return;
            }
            self.finish_body(direction, context);
            self.lost = !known;
            return;
        }
        if matches!(self.state, State::Headers) {
            self.headers.close();
            self.headers_end(direction, exchanges, context);
            self.finish_body(direction, context);
        }
        self.lines = LineReader::default();
        self.state = State::Start;
        (self.lost, self.surplus) = (true, false);
    }

    pub(super) fn end(&mut self, direction: Direction, exchanges: &mut Exchanges, context: &mut Context<'_>) {
        let mut rest = self.lines.take_rest();
        match (&self.state, direction) {
            (State::Start, Direction::ToServer) if !rest.is_empty() => {
                self.lines = LineReader::default();
                let opened = context.transactions.opened();
                self.client_line(&Line::unended(std::mem::take(&mut rest)), exchanges, context);
                if context.transactions.opened() > opened {
                    context.anomaly(self.tx, direction, "http.request_line_incomplete");
                }
                self.tell_surplus(context);
            }
            (State::Start, Direction::ToClient) => {
                self.junk.append(&mut rest);
                self.bare_body(exchanges, context);
            }
            _ => {}
        }
        if matches!(self.state, State::Headers) {
            if !rest.is_empty() {
                self.headers.take(&Line::unended(rest));
            }
            self.headers.close();
            self.headers_end(direction, exchanges, context);
        }
        if matches!(self.state, State::Body(_) | State::DoubtfulBody(_)) {
            self.finish_body(direction, context);
        }
    }

    fn start(&mut self, direction: Direction, rest: &mut &[u8], exchanges: &mut Exchanges, context: &mut Context<'_>) {
        let enough = if direction == Direction::ToServer { METHOD_BYTES + 1 } else { JUNK_BYTES + 1 };
        let before = self.lines.peek().len();
        match (self.lines.read_within(rest, enough), direction) {
            (Some(line), Direction::ToServer) => self.client_line(&line, exchanges, context),
            (Some(line), Direction::ToClient) if trim(&line.text).is_empty() => {}
            (Some(line), Direction::ToClient) => self.status_line(&line, exchanges, context),
            (None, Direction::ToServer) if self.behind_a_request() && is_no_request(self.lines.peek()) => {
                let text = self.lines.take_rest();
                self.add_surplus(&text, context);
                // A CR ends a line too.
                if !text.ends_with(b"\r") {
                    self.state = State::Surplus;
                }
            }
            (None, Direction::ToClient)
                if before < enough
                    && self.lines.peek().len() == enough
                    && !self.lost
                    && !exchanges.waiting.is_empty()
                    && !looks_like_status(self.lines.peek()) =>
            {
                let text = self.lines.take_rest();
                self.junk.extend_from_slice(&text);
                self.bare_body(exchanges, context);
            }
            (None, _) => {}
        }
    }

    /// Whether bytes were missing and no message has begun since.
    pub(super) const fn is_lost(&self) -> bool {
        self.lost
    }

    /// Whether all bytes since a request are known: then what is no request belongs to it.
    const fn behind_a_request(&self) -> bool {
        self.tx.is_some() && !self.lost
    }

    fn client_line(&mut self, line: &Line, exchanges: &mut Exchanges, context: &mut Context<'_>) {
        if !trim(&line.text).is_empty() {
            self.request_line(line, exchanges, context);
        } else if self.surplus {
            self.add_surplus(&line.raw(), context);
        }
    }

    fn request_line(&mut self, whole: &Line, exchanges: &mut Exchanges, context: &mut Context<'_>) {
        let text = &whole.text[..];
        let line = RequestLine::parse(text);
        if self.lost && line.protocol.is_empty() {
            return;
        }
        let is_request = !line.protocol.is_empty() || is_known_method(&line.method);
        if self.behind_a_request() && (is_no_request(text) || !is_request) {
            return self.add_surplus(&whole.raw(), context);
        }
        self.tell_surplus(context);
        (self.lost, self.surplus) = (false, false);
        let id = context.open(AppProtocol::Http);
        self.tx = Some(id);
        let settings = context.settings;
        context.update(id, |tx| fields::fill_request_line(tx, text, &line, &settings.http));
        for event in odd::of_request_line(text, &line) {
            context.anomaly(Some(id), Direction::ToServer, event);
        }
        if exchanges.waiting.len() < TRANSACTIONS_PER_FLOW {
            exchanges.waiting.push_back(Waiting { tx: id, method: line.method });
        }
        self.first_line = text.to_vec();
        self.headers = Headers::default();
        self.state = State::Headers;
    }

    /// Takes the rest of a line behind a request that is none; the next line is judged for itself.
    fn surplus_line(&mut self, rest: &mut &[u8], context: &mut Context<'_>) {
        let end = memchr::memchr2(b'\r', b'\n', rest);
        let (line, after) = rest.split_at(end.map_or(rest.len(), |end| end + 1));
        *rest = after;
        if end.is_some() {
            self.state = State::Start;
        }
        self.add_surplus(line, context);
    }

    /// Data after a complete request that is no request: taken to be a body that was not announced.
    fn add_surplus(&mut self, bytes: &[u8], context: &mut Context<'_>) {
        let Some(id) = self.tx else { return };
        let inspected = context
            .transactions
            .get(id)
            .map_or(0, |tx| tx.buffers.get(Direction::ToServer, Buffer::HttpRequestBody).map(<[u8]>::len).sum());
        // However the bytes are cut, it is told once, and the body's limit holds for all of them.
        let mut body = Body::new(Direction::ToServer, Framing::until_close());
        body.goes_on_behind(inspected);
        body.read(Some(id), &mut &bytes[..], context);
        if !std::mem::replace(&mut self.surplus, true) {
            context.anomaly(Some(id), Direction::ToServer, "http.request_body_unexpected");
        }
        self.surplus_untold = true;
    }

    /// Has rules look at such a body once for each piece of the stream, not once for each of its lines.
    fn tell_surplus(&mut self, context: &mut Context<'_>) {
        if let (true, Some(tx)) = (std::mem::take(&mut self.surplus_untold), self.tx) {
            context.progress(tx, Direction::ToServer);
        }
    }

    fn status_line(&mut self, line: &Line, exchanges: &mut Exchanges, context: &mut Context<'_>) {
        if !looks_like_status(&line.text) {
            self.junk.extend_from_slice(&line.text);
            self.junk.extend_from_slice(line.ending.bytes());
            self.junk_lines += 1;
            if (self.junk_lines > JUNK_LINES || self.junk.len() > JUNK_BYTES) && !self.lost {
                self.bare_body(exchanges, context);
            }
            self.junk.truncate(JUNK_BYTES);
            return;
        }
        self.junk.clear();
        self.junk_lines = 0;
        self.lost = false;
        self.attach(exchanges, context);
        self.first_line = line.text.clone();
        self.headers = Headers::default();
        self.state = State::Headers;
    }

    /// Finds the request this response answers, or opens a transaction without one.
    fn attach(&mut self, exchanges: &mut Exchanges, context: &mut Context<'_>) {
        if let Some(waiting) = exchanges.waiting.pop_front() {
            self.tx = Some(waiting.tx);
            self.method = waiting.method;
            return;
        }
        let id = context.open(AppProtocol::Http);
        context.update(id, |tx| {
            tx.request_complete = true;
            tx.eve.insert("url".to_owned(), "/libhtp::request_uri_not_seen".into());
        });
        context.anomaly(Some(id), Direction::ToClient, "http.unable_to_match_response_to_request");
        self.tx = Some(id);
        self.method.clear();
    }

    /// A response without a status line, as HTTP/0.9 servers give it.
    fn bare_body(&mut self, exchanges: &mut Exchanges, context: &mut Context<'_>) {
        let junk = std::mem::take(&mut self.junk);
        self.junk_lines = 0;
        if junk.iter().all(|byte| is_blank(*byte)) || exchanges.waiting.is_empty() {
            return;
        }
        self.attach(exchanges, context);
        let mut body = Box::new(Body::new(Direction::ToClient, Framing::until_close()));
        body.read(self.tx, &mut &junk[..], context);
        self.state = State::Body(body);
    }

    fn header(&mut self, direction: Direction, rest: &mut &[u8], exchanges: &mut Exchanges, context: &mut Context<'_>) {
        let line = self.lines.read(rest);
        let length = line.as_ref().map_or(self.lines.peek().len(), |line| line.text.len());
        self.tell_long_line(length, direction, context);
        if let Some(line) = line
            && self.headers.take(&line)
        {
            self.headers_end(direction, exchanges, context);
        }
    }

    fn headers_end(&mut self, direction: Direction, exchanges: &mut Exchanges, context: &mut Context<'_>) {
        self.state = State::Start;
        let Some(id) = self.tx else { return };
        self.report_anomalies(id, direction, context);
        match direction {
            Direction::ToServer => self.request_headers_end(id, exchanges, context),
            Direction::ToClient => self.response_headers_end(id, exchanges, context),
        }
        context.progress(id, direction);
    }

    fn report_anomalies(&self, id: u64, direction: Direction, context: &mut Context<'_>) {
        let by_side = |request, response| if direction == Direction::ToServer { request } else { response };
        let mut raise = |is_so: bool, request, response| {
            if is_so {
                context.anomaly(Some(id), direction, by_side(request, response));
            }
        };
        let lengths = self.headers.all("Content-Length").count();
        let bad_length = self.headers.get("Content-Length").is_some_and(|value| decimal(value).is_none());
        let encoding = self.headers.joined("Transfer-Encoding");
        let bad_encoding = encoding.is_some_and(|value| !value.eq_ignore_ascii_case(b"chunked"));
        raise(
            lengths > 1,
            "http.duplicate_content_length_field_in_request",
            "http.duplicate_content_length_field_in_response",
        );
        raise(
            bad_length,
            "http.invalid_content_length_field_in_request",
            "http.invalid_content_length_field_in_response",
        );
        raise(
            bad_encoding,
            "http.invalid_transfer_encoding_value_in_request",
            "http.invalid_transfer_encoding_value_in_response",
        );
        raise(self.headers.missing_colon, "http.request_field_missing_colon", "http.response_field_missing_colon");
        raise(self.headers.folded, "http.invalid_request_field_folding", "http.invalid_response_field_folding");
    }

    fn request_headers_end(&mut self, id: u64, exchanges: &mut Exchanges, context: &mut Context<'_>) {
        let line = RequestLine::parse(&self.first_line);
        let settings = context.settings;
        context.update(id, |tx| {
            fields::fill_request(tx, &self.first_line, &line, &self.headers);
            fields::log_headers(tx, Direction::ToServer, &self.headers, &settings.http);
        });
        for event in odd::of_request(&line, &self.headers) {
            context.anomaly(Some(id), Direction::ToServer, event);
        }
        match self.framing() {
            Some(framing) => {
                let path = super::uri::normalize(super::uri::split(&line.uri).path, &context.settings.http);
                let mut body = Body::new(Direction::ToServer, framing);
                body.expect_request(&line.method, path, &self.headers, exchanges);
                body.decode(&self.headers, context);
                self.enter(Direction::ToServer, body, context);
            }
            None => context.update(id, |tx| tx.request_complete = true),
        }
    }

    fn response_headers_end(&mut self, id: u64, exchanges: &mut Exchanges, context: &mut Context<'_>) {
        let line = StatusLine::parse(&self.first_line);
        let code = line.number();
        if code == Some(100) {
            // The real answer follows.
            if self.continued.replace(id) == Some(id) {
                context.anomaly(Some(id), Direction::ToClient, "http.100_continue_already_seen");
            }
            exchanges.waiting.push_front(Waiting { tx: id, method: std::mem::take(&mut self.method) });
            return;
        }
        for event in odd::of_response(&line, &self.headers) {
            context.anomaly(Some(id), Direction::ToClient, event);
        }
        let settings = context.settings;
        context.update(id, |tx| {
            fields::fill_response(tx, &self.first_line, &line, &self.headers);
            fields::log_headers(tx, Direction::ToClient, &self.headers, &settings.http);
        });
        let succeeded = code.is_some_and(|code| (200..300).contains(&code));
        let upgrades = code == Some(101) && self.headers.get("Upgrade").is_some();
        if upgrades || (self.method == b"CONNECT" && succeeded) {
            self.complete(Direction::ToClient, id, 0, context);
            context.update(id, |tx| tx.request_complete = true);
            context.next_protocol = upgrade(id, self.headers.get("Upgrade").filter(|_| upgrades), context);
            context.switch_protocol = true;
            return;
        }
        let bodiless = matches!(code, Some(100..=199 | 204 | 304));
        let framing = match self.framing() {
            _ if self.method == b"HEAD" => None,
            None if bodiless => None,
            framing => Some(framing.unwrap_or_else(Framing::until_close)),
        };
        let Some(framing) = framing else { return self.complete(Direction::ToClient, id, 0, context) };
        let mut body = Body::new(Direction::ToClient, framing);
        let path = context.transactions.get(id).and_then(|tx| {
            let uri = tx.buffers.get(Direction::ToServer, crate::Buffer::HttpUri).next()?;
            Some(super::uri::split(uri).path.to_vec())
        });
        body.expect_response(path, &self.headers, exchanges);
        body.decode(&self.headers, context);
        if bodiless {
            self.state = State::DoubtfulBody(Box::new(body));
            return;
        }
        self.enter(Direction::ToClient, body, context);
    }

    fn enter(&mut self, direction: Direction, body: Body, context: &mut Context<'_>) {
        let done = body.is_done();
        self.state = State::Body(Box::new(body));
        if done {
            self.finish_body(direction, context);
        }
    }

    /// A response that must have no body is followed by the next one, which starts with `H`.
    fn doubtful(&mut self, direction: Direction, first: u8, context: &mut Context<'_>) {
        let State::DoubtfulBody(body) = std::mem::take(&mut self.state) else { return };
        if first == b'H' {
            if let Some(id) = self.tx {
                self.complete(direction, id, 0, context);
            }
            return;
        }
        self.enter(direction, *body, context);
    }

    fn framing(&self) -> Option<Framing> {
        let length = self.headers.get("Content-Length").and_then(decimal);
        let chunked =
            self.headers.joined("Transfer-Encoding").is_some_and(|value| contains_ignore_case(&value, b"chunked"));
        match (chunked, length) {
            (true, length) => Some(Framing::chunked(length)),
            (false, Some(length)) => Some(Framing::by_length(length)),
            (false, None) => self.headers.get("Content-Length").map(|_| Framing::until_close()),
        }
    }

    fn finish_body(&mut self, direction: Direction, context: &mut Context<'_>) {
        let (State::Body(mut body) | State::DoubtfulBody(mut body)) = std::mem::take(&mut self.state) else { return };
        body.finish(self.tx, context);
        if let Some(id) = self.tx {
            self.complete(direction, id, body.wire_bytes(), context);
        }
    }

    fn complete(&mut self, direction: Direction, id: u64, length: u64, context: &mut Context<'_>) {
        context.update(id, |tx| match direction {
            Direction::ToServer => tx.request_complete = true,
            Direction::ToClient => tx.response_complete = true,
        });
        note_length(direction, id, length, context);
        context.progress(id, direction);
    }
}

/// Tells how long the response's body is so far.
fn note_length(direction: Direction, id: u64, length: u64, context: &mut Context<'_>) {
    if direction == Direction::ToServer {
        return;
    }
    context.update(id, |tx| match tx.eve.get_mut(LENGTH) {
        Some(known) => *known = length.into(),
        None => _ = tx.eve.insert(LENGTH.to_owned(), length.into()),
    });
}

/// What an accepted upgrade leads to. HTTP/2 is told the request: method, address, host and the settings that came with
/// it, with zeros between.
fn upgrade(id: u64, wanted: Option<&[u8]>, context: &Context<'_>) -> Option<(AppProtocol, Vec<u8>)> {
    let wanted = wanted?;
    if wanted.eq_ignore_ascii_case(b"websocket") {
        return Some((AppProtocol::Websocket, Vec::new()));
    }
    if !wanted.eq_ignore_ascii_case(b"h2c") {
        return None;
    }
    let tx = context.transactions.get(id)?;
    let way = Direction::ToServer;
    let first = |buffer| tx.buffers.get(way, buffer).next().unwrap_or_default();
    let mut parts = vec![first(Buffer::HttpMethod), first(Buffer::HttpUriRaw), first(Buffer::HttpHostRaw)];
    let fields = tx.buffers.get(way, Buffer::HttpRequestHeader);
    parts.extend(fields.filter_map(|field| {
        let (name, value) = field.split_at_checked(16)?;
        name.eq_ignore_ascii_case(b"HTTP2-Settings: ").then_some(value)
    }));
    Some((AppProtocol::Http2, parts.join(&0)))
}

fn looks_like_status(text: &[u8]) -> bool {
    let start = trim(text);
    start.get(..5).is_some_and(|start| start.eq_ignore_ascii_case(b"HTTP/"))
}

/// Whether this cannot begin a request: the first word is no token, or too long for a method. The first bytes tell, and
/// more of them change nothing once they did.
fn is_no_request(text: &[u8]) -> bool {
    let text = trim(&text[..text.len().min(METHOD_BYTES + 1)]);
    let is_token = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let token = text.iter().take_while(|byte| is_token(byte)).count();
    token > METHOD_BYTES || text.get(token).is_some_and(|byte| !matches!(byte, b' ' | b'\t'))
}

fn is_known_method(method: &[u8]) -> bool {
    super::METHODS.iter().any(|known| known.eq_ignore_ascii_case(method))
}
