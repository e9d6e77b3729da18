//! Finds the protocol of a flow and feeds its parser.

use fengsui_schema::Timestamp;

use super::registry::{
    AppParser, Context, Input, Interest, PARSERS, ParserSpec, Probe, Reading, TransportKind, Verdict,
};
use super::{AppSettings, Transactions};
use crate::limits::DETECTION_BYTES;
use crate::{AppEvent, AppProtocol, Direction, Expectation, Transaction};

/// The application layer of one flow: protocol detection, the parser and the live transactions.
pub struct AppLayer {
    transport: TransportKind,
    server_port: u16,
    client_port: u16,
    state: State,
    transactions: Transactions,
    /// Whether a datagram came that no parser recognised.
    unrecognised: bool,
    /// What an earlier parser of this flow (before STARTTLS, CONNECT) was.
    previous: Option<AppProtocol>,
    /// What was agreed to be spoken next (STARTTLS).
    expected: Option<AppProtocol>,
    interest: Interest,
    /// Directions of which nothing more comes.
    ended: [bool; 2],
    /// Directions that detection gave up as bytes of them are missing.
    cut_off: [bool; 2],
}

enum State {
    Detecting(Box<Detecting>),
    Parsing(AppProtocol, Box<dyn AppParser>),
    /// Both sides have ended: the parser, and what it held, is gone.
    Over(AppProtocol),
    Failed,
}

/// What waits for detection.
#[derive(Default)]
struct Detecting {
    sides: [Held; 2],
    /// Which direction brought how many of the held bytes, in the order of arrival.
    arrivals: Vec<(Direction, usize)>,
}

/// Bytes of one direction that wait for detection.
#[derive(Default)]
struct Held {
    data: Vec<u8>,
    /// Bytes that came after what is held and were let go.
    missing: u64,
    /// Nothing more is tried on this direction.
    given_up: bool,
    ended: bool,
}

impl Detecting {
    fn hold(&mut self, direction: Direction, bytes: &[u8]) {
        let held = &mut self.sides[index(direction)];
        let room = if held.given_up { DETECTION_BYTES.saturating_sub(held.data.len()) } else { bytes.len() };
        let (kept, lost) = bytes.split_at(room.min(bytes.len()));
        held.missing += lost.len() as u64;
        if kept.is_empty() {
            return;
        }
        held.data.extend_from_slice(kept);
        match self.arrivals.last_mut() {
            Some((last, length)) if *last == direction => *length += kept.len(),
            _ => self.arrivals.push((direction, kept.len())),
        }
    }

    /// Tries a direction no more: what it may hold is bounded from here on, however much came at once.
    fn give_up(&mut self, direction: Direction) {
        let held = &mut self.sides[index(direction)];
        held.given_up = true;
        let excess = held.data.len().saturating_sub(DETECTION_BYTES);
        held.data.truncate(DETECTION_BYTES);
        held.missing += excess as u64;
        // The bytes that are too many are the last that came.
        if let Some((_, length)) = self.arrivals.last_mut() {
            *length -= excess;
        }
    }
}

impl AppLayer {
    /// For a new flow. `client_port` is the port of the side that opened it.
    #[must_use]
    pub fn new(transport: TransportKind, client_port: u16, server_port: u16) -> Self {
        Self {
            transport,
            server_port,
            client_port,
            state: State::Detecting(Box::default()),
            transactions: Transactions::default(),
            unrecognised: false,
            previous: None,
            expected: None,
            interest: Interest::default(),
            ended: [false; 2],
            cut_off: [false; 2],
        }
    }

    /// Whether what comes in a direction is read.
    #[must_use]
    pub fn reading(&self, direction: Direction) -> Reading {
        match &self.state {
            State::Parsing(_, parser) => parser.reading(direction),
            State::Over(_) => Reading::On,
            State::Detecting(_) | State::Failed if self.cut_off[index(direction)] => Reading::BehindGap,
            State::Detecting(_) if !self.unrecognised => Reading::On,
            State::Detecting(_) | State::Failed => Reading::Unknown,
        }
    }

    /// Whether nothing was said yet.
    #[must_use]
    pub fn is_untouched(&self) -> bool {
        match &self.state {
            State::Detecting(held) => held.arrivals.is_empty() && self.previous.is_none() && !self.unrecognised,
            State::Parsing(..) | State::Over(_) | State::Failed => false,
        }
    }

    /// Says what rules look at.
    #[must_use]
    pub fn with_interest(mut self, interest: Interest) -> Self {
        self.interest = interest;
        self
    }

    /// For a new flow that another one has announced.
    #[must_use]
    pub fn announced(transport: TransportKind, client_port: u16, server_port: u16, expected: Expectation) -> Self {
        let mut layer = Self::new(transport, client_port, server_port);
        if let Some(spec) = PARSERS.iter().find(|spec| spec.protocol == expected.protocol) {
            let mut parser = (spec.create)(transport);
            parser.notice(expected.notice);
            layer.state = State::Parsing(spec.protocol, parser);
        }
        layer
    }

    /// Takes bytes of a direction: the next ones of a stream, or one whole datagram.
    pub fn data(
        &mut self,
        settings: &AppSettings,
        time: Timestamp,
        direction: Direction,
        bytes: &[u8],
        events: &mut Vec<AppEvent>,
    ) {
        match &mut self.state {
            State::Parsing(..) => self.feed(settings, time, direction, Input::Data(bytes), events),
            State::Detecting(held) => {
                held.hold(direction, bytes);
                self.detect(settings, time, direction, events);
            }
            State::Over(_) | State::Failed => {}
        }
    }

    /// Says that so many bytes of a direction are missing.
    pub fn gap(
        &mut self,
        settings: &AppSettings,
        time: Timestamp,
        direction: Direction,
        length: u64,
        events: &mut Vec<AppEvent>,
    ) {
        match &mut self.state {
            State::Parsing(..) => self.feed(settings, time, direction, Input::Gap(length), events),
            State::Detecting(held) => {
                self.cut_off[index(direction)] |= !held.sides[index(direction)].given_up;
                held.give_up(direction);
            }
            State::Over(_) | State::Failed => {}
        }
    }

    /// Says that a direction has ended.
    pub fn end(&mut self, settings: &AppSettings, time: Timestamp, direction: Direction, events: &mut Vec<AppEvent>) {
        match &mut self.state {
            State::Parsing(..) => self.feed(settings, time, direction, Input::End, events),
            State::Detecting(held) => held.sides[index(direction)].ended = true,
            State::Over(_) | State::Failed => {}
        }
        self.ended[index(direction)] = true;
        if let (State::Parsing(protocol, _), [true, true]) = (&self.state, self.ended) {
            self.state = State::Over(*protocol);
        }
    }

    /// Whether both sides have ended and every transaction was let go: nothing more will come of it.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.ended == [true, true] && self.transactions.iter().next().is_none()
    }

    /// The protocol, once it is known.
    #[must_use]
    pub fn protocol(&self) -> Option<AppProtocol> {
        match &self.state {
            State::Parsing(protocol, _) | State::Over(protocol) => Some(*protocol),
            State::Detecting(_) | State::Failed => self.previous,
        }
    }

    /// Whether detection has given up (EVE's `app_proto: failed`).
    #[must_use]
    pub fn has_failed(&self) -> bool {
        match self.state {
            State::Failed => true,
            State::Detecting(_) => self.unrecognised,
            State::Parsing(..) | State::Over(_) => false,
        }
    }

    /// What was agreed upon and is not what is spoken (EVE's `app_proto_expected`).
    #[must_use]
    pub fn missed_protocol(&self) -> Option<AppProtocol> {
        let is_kept = |expected: &AppProtocol| {
            let spoken = self.protocol();
            spoken == Some(*expected) || (*expected == AppProtocol::Tls && spoken == Some(AppProtocol::Tlcp))
        };
        self.expected.filter(|expected| matches!(self.state, State::Parsing(..) | State::Over(_)) && !is_kept(expected))
    }

    /// What was spoken before the protocol changed (EVE's `app_proto_orig`).
    #[must_use]
    pub fn previous_protocol(&self) -> Option<AppProtocol> {
        self.previous.filter(|previous| self.protocol() != Some(*previous))
    }

    /// A live transaction.
    #[must_use]
    pub fn transaction(&self, id: u64) -> Option<&Transaction> {
        self.transactions.get(id)
    }

    /// The live transactions.
    #[must_use]
    pub fn transactions(&self) -> &Transactions {
        &self.transactions
    }

    /// The live transactions.
    pub fn transactions_mut(&mut self) -> &mut Transactions {
        &mut self.transactions
    }

    /// Forgets a transaction that was inspected and logged.
    pub fn release(&mut self, id: u64) {
        self.transactions.release(id);
        if self.is_over() {
            self.transactions.give_room_back();
        }
    }

    fn feed(
        &mut self,
        settings: &AppSettings,
        time: Timestamp,
        direction: Direction,
        input: Input<'_>,
        events: &mut Vec<AppEvent>,
    ) {
        let State::Parsing(protocol, parser) = &mut self.state else { return };
        let mut context = Context {
            previous: self.previous,
            interest: self.interest,
            ..Context::new(time, settings, &mut self.transactions, events)
        };
        parser.parse(direction, input, &mut context);
        if let Some(becomes) = context.becomes {
            *protocol = becomes;
        }
        if !context.switch_protocol {
            return;
        }
        let (next, unread) = (context.next_protocol.take(), context.unread);
        // A proxy leads to anything, what else makes room for another protocol does so for TLS.
        let is_open = matches!(protocol, AppProtocol::Http | AppProtocol::Http2);
        self.expected = (!is_open && next.is_none()).then_some(AppProtocol::Tls);
        self.previous = Some(*protocol);
        self.transactions.count_anew();
        self.state = State::Detecting(Box::default());
        if let Some((protocol, notice)) = next
            && let Some(spec) = PARSERS.iter().find(|spec| spec.protocol == protocol)
        {
            let mut parser = (spec.create)(self.transport);
            parser.notice(("upgrade", notice));
            self.state = State::Parsing(protocol, parser);
        }
        if let Input::Data(data) = input
            && let Some(rest) = data.get(data.len().saturating_sub(unread)..).filter(|rest| !rest.is_empty())
        {
            self.data(settings, time, direction, rest, events);
        }
    }

    fn detect(&mut self, settings: &AppSettings, time: Timestamp, direction: Direction, events: &mut Vec<AppEvent>) {
        let State::Detecting(held) = &self.state else { return };
        let waiting = &held.sides[index(direction)];
        if waiting.given_up {
            return;
        }
        let is_stream = self.transport == TransportKind::Tcp;
        let probed = if is_stream { &waiting.data[..waiting.data.len().min(DETECTION_BYTES)] } else { &waiting.data };
        match self.probe_all(settings, direction, probed) {
            (Verdict::Yes, Some(spec)) => {
                self.hold_to_agreement(spec.protocol, direction, events);
                self.start(spec, settings, time, events);
            }
            (Verdict::More, _) if waiting.data.len() < DETECTION_BYTES && is_stream => {}
            _ => {
                self.give_up(direction);
                if matches!(self.state, State::Failed) && self.expected.is_some() {
                    events.push(AppEvent::Anomaly { transaction: None, name: NO_TLS, direction });
                }
            }
        }
    }

    /// Tells when something else is spoken than what was agreed upon.
    fn hold_to_agreement(&self, spoken: AppProtocol, direction: Direction, events: &mut Vec<AppEvent>) {
        let keeps =
            |expected: AppProtocol| spoken == expected || (expected == AppProtocol::Tls && spoken == AppProtocol::Tlcp);
        if self.expected.is_none_or(keeps) {
            return;
        }
        for name in [UNEXPECTED, NO_TLS] {
            events.push(AppEvent::Anomaly { transaction: None, name, direction });
        }
    }

    /// The first parser that says yes counts, once all before it have said no.
    fn probe_all(
        &self,
        settings: &AppSettings,
        direction: Direction,
        data: &[u8],
    ) -> (Verdict, Option<&'static ParserSpec>) {
        for spec in PARSERS.iter().filter(|spec| spec.transports.contains(&self.transport)) {
            if settings.leaves_out(spec.protocol, self.transport) {
                continue;
            }
            let probe = Probe {
                data,
                direction,
                transport: self.transport,
                port_matches: self.port_matches(spec, settings),
                server_port: self.server_port,
            };
            match (spec.probe)(&probe) {
                Verdict::No => {}
                verdict => return (verdict, Some(spec)),
            }
        }
        (Verdict::No, None)
    }

    fn port_matches(&self, spec: &ParserSpec, settings: &AppSettings) -> bool {
        let extra = settings.ports.get(spec.protocol.as_str()).map_or(&[][..], Vec::as_slice);
        [self.server_port, self.client_port].iter().any(|port| spec.ports.contains(port) || extra.contains(port))
    }

    fn give_up(&mut self, direction: Direction) {
        let State::Detecting(held) = &mut self.state else { return };
        // Datagrams stand alone: the next one may be recognised.
        if self.transport == TransportKind::Udp {
            **held = Detecting::default();
            self.unrecognised = true;
            return;
        }
        held.give_up(direction);
        if held.sides.iter().all(|held| held.given_up) {
            self.state = State::Failed;
        }
    }

    /// Starts the parser and hands it what has waited, in the order of arrival.
    fn start(
        &mut self,
        spec: &'static ParserSpec,
        settings: &AppSettings,
        time: Timestamp,
        events: &mut Vec<AppEvent>,
    ) {
        let parser: Box<dyn AppParser> = match settings.detection_only.iter().any(|name| name == spec.protocol.as_str())
        {
            true => Box::new(Passive),
            false => (spec.create)(self.transport),
        };
        let next = State::Parsing(spec.protocol, parser);
        let State::Detecting(detecting) = std::mem::replace(&mut self.state, next) else { return };
        self.cut_off = [false; 2];
        let mut taken = [0, 0];
        for (direction, length) in &detecting.arrivals {
            let side = index(*direction);
            let piece = &detecting.sides[side].data[taken[side]..taken[side] + length];
            taken[side] += length;
            self.data(settings, time, *direction, piece, events);
        }
        for (direction, held) in [Direction::ToServer, Direction::ToClient].into_iter().zip(&detecting.sides) {
            if held.missing > 0 {
                self.gap(settings, time, direction, held.missing, events);
            }
            if held.ended {
                self.end(settings, time, direction, events);
            }
        }
    }
}

/// Events of a protocol that does not follow where it was agreed upon.
const UNEXPECTED: &str = "applayer_unexpected_protocol";
const NO_TLS: &str = "applayer_no_tls_after_starttls";

/// Parses nothing.
struct Passive;

impl AppParser for Passive {
    fn parse(&mut self, _: Direction, _: Input<'_>, _: &mut Context<'_>) {}
}

fn index(direction: Direction) -> usize {
    usize::from(direction == Direction::ToClient)
}
