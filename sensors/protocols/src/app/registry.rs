//! The registry of application parsers and what a parser is.

use fengsui_schema::Timestamp;

use super::{AppSettings, Frame, FrameKind, Transactions};
use crate::limits::FRAME_BYTES;
use crate::{AppEvent, AppProtocol, Direction, FileChunk, Transaction};

/// Every application parser, in the order in which detection asks them.
pub static PARSERS: &[ParserSpec] = &[
    super::sip::PARSER,
    super::http2::PARSER,
    super::http::PARSER,
    super::tls::TLCP_PARSER,
    super::tls::PARSER,
    super::ssh::PARSER,
    super::smb::PARSER,
    super::dcerpc::PARSER,
    super::rfb::PARSER,
    super::mqtt::PARSER,
    super::pop3::PARSER,
    super::smtp::PARSER,
    super::ftp::PARSER,
    super::ftp::DATA_PARSER,
    super::imap::PARSER,
    super::telnet::PARSER,
    super::rdp::PARSER,
    super::nfs::PARSER,
    super::ldap::PARSER,
    super::pgsql::PARSER,
    super::krb5::PARSER,
    super::dns::PARSER,
    super::dns::MDNS_PARSER,
    super::dns::LLMNR_PARSER,
    super::quic::PARSER,
    super::dhcp::PARSER,
    super::ntp::PARSER,
    super::snmp::PARSER,
    super::tftp::PARSER,
    super::websocket::PARSER,
    super::bittorrent_dht::PARSER,
    super::dnp3::PARSER,
    super::modbus::PARSER,
    super::enip::PARSER,
    super::ike::PARSER,
];

/// What carries the application's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TransportKind {
    /// A stream.
    Tcp,
    /// Datagrams; each call hands over one whole.
    Udp,
}

/// What a probe says about the first bytes of one direction.
///
/// A probe must be monotone: once it says yes or no to some bytes it says the same to every longer run that starts with
/// them. Then detection does not depend on how the stream was cut into segments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is this protocol.
    Yes,
    /// It is not.
    No,
    /// More bytes are needed.
    More,
}

/// What a probe looks at.
#[derive(Debug, Clone, Copy)]
pub struct Probe<'a> {
    /// The first bytes of the direction.
    pub data: &'a [u8],
    /// The direction.
    pub direction: Direction,
    /// Carrier.
    pub transport: TransportKind,
    /// Whether the flow uses one of the protocol's ports: a hint that lets weak patterns count.
    pub port_matches: bool,
    /// Port of the server.
    pub server_port: u16,
}

/// A line of the registry.
#[derive(Clone, Copy)]
pub struct ParserSpec {
    /// The protocol.
    pub protocol: AppProtocol,
    /// What carries it.
    pub transports: &'static [TransportKind],
    /// Ports on which its server is usually found.
    pub ports: &'static [u16],
    /// Recognises the protocol; see [`Verdict`] for what it must keep to.
    pub probe: fn(&Probe<'_>) -> Verdict,
    /// Makes a parser for one flow.
    pub create: fn(TransportKind) -> Box<dyn AppParser>,
}

/// What a parser is given.
#[derive(Debug, Clone, Copy)]
pub enum Input<'a> {
    /// Bytes, in order. One whole datagram on UDP, any piece of the stream on TCP.
    Data(&'a [u8]),
    /// So many bytes of the stream are missing here.
    Gap(u64),
    /// The direction has ended; what is open is completed as far as it goes.
    End,
}

/// Whether what comes in a direction is still read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reading {
    /// It is, or nothing is left to read: what is passed by on purpose (what is encrypted, what lies past a limit of the
    /// settings) counts as read.
    #[default]
    On,
    /// Bytes are missing, and it is not known where the next message begins.
    BehindGap,
    /// What came was no message of the protocol.
    GivenUp,
    /// No parser knows what is spoken.
    Unknown,
}

/// A parser of one flow. It keeps what it needs between calls; results must not depend on how a stream is cut.
pub trait AppParser: Send {
    /// Is told what the flow that announced this one said of it: a command and its argument.
    fn notice(&mut self, _notice: (&'static str, Vec<u8>)) {}

    /// Takes what came in a direction.
    fn parse(&mut self, direction: Direction, input: Input<'_>, context: &mut Context<'_>);

    /// Whether it still reads a direction. One that finds the next message by itself always does.
    fn reading(&self, _direction: Direction) -> Reading {
        Reading::On
    }
}

/// What a parser works with: the flow's transactions and where its events go.
pub struct Context<'a> {
    /// Time of the packet that brought the bytes.
    pub time: Timestamp,
    /// Settings.
    pub settings: &'a AppSettings,
    /// The flow's transactions.
    pub transactions: &'a mut Transactions,
    /// Events for the caller.
    pub events: &'a mut Vec<AppEvent>,
    /// Set by a parser when another protocol follows on the flow (STARTTLS, CONNECT, Upgrade): detection starts anew
    /// with the next bytes of each direction.
    pub switch_protocol: bool,
    /// What follows when the parser knows, and what the next parser is told of it; else detection finds out.
    pub next_protocol: Option<(AppProtocol, Vec<u8>)>,
    /// Bytes at the end of the input that belong to what follows.
    pub unread: usize,
    /// What was spoken before on this flow.
    pub previous: Option<AppProtocol>,
    /// What the flow turns out to carry, by the name of the protocol from here on; the parser stays.
    pub becomes: Option<AppProtocol>,
    /// What rules look at, of what is not made for itself.
    pub interest: Interest,
}

/// What somebody looks at: what costs something and is made only then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Interest {
    /// Frames.
    pub frames: bool,
    /// Digests of the bodies of mails (`email.body_md5`).
    pub mail_digests: bool,
    /// How far transactions have come, from their first bytes on (`app-layer-state`, hooks).
    pub states: bool,
}

impl Interest {
    /// Everything.
    pub const ALL: Self = Self { frames: true, mail_digests: true, states: true };
}

impl<'a> Context<'a> {
    /// For bytes of a packet of this time, on a flow of which nothing else is known and of which everything is looked at.
    pub fn new(
        time: Timestamp,
        settings: &'a AppSettings,
        transactions: &'a mut Transactions,
        events: &'a mut Vec<AppEvent>,
    ) -> Self {
        Self {
            time,
            settings,
            transactions,
            events,
            switch_protocol: false,
            next_protocol: None,
            unread: 0,
            previous: None,
            becomes: None,
            interest: Interest::ALL,
        }
    }

    /// Opens a transaction and gives its number.
    pub fn open(&mut self, protocol: AppProtocol) -> u64 {
        self.transactions.open(protocol, self.time).id
    }

    /// Opens a transaction of a single message: rules look at it in this direction only, and it is complete.
    pub fn open_single(&mut self, protocol: AppProtocol, direction: Direction) -> u64 {
        let transaction = self.transactions.open(protocol, self.time);
        transaction.only = Some(direction);
        (transaction.request_complete, transaction.response_complete) = (true, true);
        transaction.id
    }

    /// Changes a transaction, when it is still live.
    pub fn update(&mut self, id: u64, change: impl FnOnce(&mut Transaction)) {
        if let Some(transaction) = self.transactions.get_mut(id) {
            change(transaction);
        }
    }

    /// Says that a transaction has something new to inspect.
    pub fn progress(&mut self, transaction: u64, direction: Direction) {
        let only = self.transactions.get(transaction).and_then(|transaction| transaction.only);
        let direction = only.unwrap_or(direction);
        self.events.push(AppEvent::Progress { transaction, direction });
    }

    /// Raises an app-layer event.
    pub fn anomaly(&mut self, transaction: Option<u64>, direction: Direction, name: &'static str) {
        if let Some(id) = transaction {
            self.update(id, |transaction| transaction.raise(name));
        }
        self.events.push(AppEvent::Anomaly { transaction, name, direction });
    }

    /// Marks a frame, when rules look at frames.
    pub fn frame(
        &mut self,
        transaction: Option<u64>,
        direction: Direction,
        (protocol, name): (AppProtocol, &'static str),
        data: &[u8],
    ) {
        if self.interest.frames && !data.is_empty() {
            let kind = FrameKind { protocol, name };
            let (length, data) = (data.len() as u64, data[..data.len().min(FRAME_BYTES)].to_vec());
            self.events.push(AppEvent::Frame(Frame { transaction, kind, direction, data, length }));
        }
    }

    /// Marks a unit, its header of so many bytes, and what follows that.
    pub fn unit(
        &mut self,
        transaction: Option<u64>,
        direction: Direction,
        (protocol, [unit, header, content]): (AppProtocol, [&'static str; 3]),
        (data, header_bytes): (&[u8], usize),
    ) {
        let (head, rest) = data.split_at(header_bytes.min(data.len()));
        self.frame(transaction, direction, (protocol, unit), data);
        self.frame(transaction, direction, (protocol, header), head);
        self.frame(transaction, direction, (protocol, content), rest);
    }

    /// Hands out a piece of a file.
    pub fn file(&mut self, chunk: FileChunk) {
        self.events.push(AppEvent::File(chunk));
    }
}
