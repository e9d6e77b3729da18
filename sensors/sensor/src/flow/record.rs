//! What a worker keeps for one flow.

use fengsui_files::FileHasher;
use fengsui_protocols::{AppLayer, Direction, TcpSession, TcpState};
use fengsui_schema::Timestamp;
use fengsui_signatures::FlowState;

use super::key::{FlowKey, Side};
use crate::limits::{STREAM_OVERLAP_BYTES, STREAM_WINDOW_BYTES};
use crate::settings::FlowSettings;

/// Why a flow has ended, by EVE's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FlowEnd {
    /// It was quiet for too long.
    Timeout,
    /// It was ended for a new one or for memory.
    Forced,
    /// The sensor has stopped or the capture file has ended.
    Shutdown,
    /// A new connection took its addresses and ports.
    Reused,
}

impl FlowEnd {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::Forced => "forced",
            Self::Shutdown => "shutdown",
            Self::Reused => "tcp_reuse",
        }
    }
}

/// The latest bytes of one direction of a stream, for rules.
#[derive(Debug, Default)]
pub(crate) struct StreamWindow {
    bytes: Vec<u8>,
    /// Bytes at the end that rules have not looked at.
    fresh: usize,
    /// All bytes that went through.
    pub(crate) total: u64,
}

impl StreamWindow {
    /// Appends bytes of the stream; says whether the window is full.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        self.fresh += bytes.len();
        self.total += bytes.len() as u64;
    }

    /// What rules look at, when there is something new.
    pub(crate) fn pending(&self) -> Option<&[u8]> {
        (self.fresh > 0).then_some(self.bytes.as_slice())
    }

    /// The latest bytes, whether rules have looked at them or not.
    pub(crate) fn latest(&self) -> Option<&[u8]> {
        (!self.bytes.is_empty()).then_some(self.bytes.as_slice())
    }

    pub(crate) const fn fresh(&self) -> usize {
        self.fresh
    }

    /// Bytes held.
    pub(crate) const fn held(&self) -> usize {
        self.bytes.len()
    }

    /// Rules have looked; a full window keeps its end.
    pub(crate) fn inspected(&mut self) {
        self.fresh = 0;
        if self.bytes.len() > STREAM_WINDOW_BYTES {
            self.bytes.drain(..self.bytes.len() - STREAM_OVERLAP_BYTES);
        }
    }

    /// What comes next does not follow what is held.
    pub(crate) fn cut(&mut self) {
        self.bytes.clear();
        self.fresh = 0;
    }
}

/// A file on its way.
pub(crate) struct FileProgress {
    pub(crate) id: u32,
    pub(crate) transaction: u64,
    pub(crate) direction: Direction,
    pub(crate) name: Option<Vec<u8>>,
    pub(crate) hasher: Option<FileHasher>,
    /// The start of the file, up to a limit.
    pub(crate) content: Vec<u8>,
    /// The latest bytes for rules, and where they start in the file.
    pub(crate) window: Vec<u8>,
    pub(crate) window_offset: u64,
    pub(crate) fresh: usize,
    pub(crate) size: u64,
    pub(crate) gaps: bool,
    pub(crate) truncated: bool,
    pub(crate) ended: bool,
    pub(crate) store: bool,
    pub(crate) signatures: Vec<u32>,
    pub(crate) logged: bool,
}

/// What a worker keeps for one flow.
pub(crate) struct Flow {
    pub(crate) id: u64,
    pub(crate) key: FlowKey,
    /// Number of its first packet: the order in which flows began.
    pub(crate) first_packet: u64,
    pub(crate) client: Side,
    pub(crate) server: Side,
    /// Addresses as they are written; for ICMP errors these are the flow's, not the message's.
    pub(crate) protocol: u8,
    pub(crate) vlans: Vec<u16>,
    pub(crate) started: Timestamp,
    pub(crate) last: Timestamp,
    pub(crate) packets: [u64; 2],
    pub(crate) bytes: [u64; 2],
    pub(crate) macs: [Option<[u8; 6]>; 2],
    /// ICMP type and code of the first packet each way.
    pub(crate) icmp: [Option<(u8, u8)>; 2],
    pub(crate) ttl: [(u8, u8); 2],
    pub(crate) tcp: Option<Box<TcpSession>>,
    pub(crate) app: Option<Box<AppLayer>>,
    pub(crate) rules: FlowState,
    pub(crate) windows: [StreamWindow; 2],
    pub(crate) files: Vec<FileProgress>,
    pub(crate) alerted: bool,
    pub(crate) dropped: bool,
    pub(crate) capturing: bool,
    pub(crate) captured_bytes: usize,
    pub(crate) has_gap: bool,
    pub(crate) app_counted: bool,
}

impl Flow {
    pub(crate) fn new(key: FlowKey, client: Side, server: Side, number: u64, time: Timestamp) -> Self {
        Self {
            id: key.flow_id(time.as_nanos(), number),
            key,
            first_packet: number,
            client,
            server,
            protocol: key.protocol(),
            vlans: Vec::new(),
            started: time,
            last: time,
            packets: [0; 2],
            bytes: [0; 2],
            macs: [None; 2],
            icmp: [None; 2],
            ttl: [(255, 0); 2],
            tcp: None,
            app: None,
            rules: FlowState::default(),
            windows: Default::default(),
            files: Vec::new(),
            alerted: false,
            dropped: false,
            capturing: false,
            captured_bytes: 0,
            has_gap: false,
            app_counted: false,
        }
    }

    /// Which way a packet from this side goes.
    pub(crate) fn direction_of(&self, source: Side, destination: Side) -> Direction {
        if source == self.server && destination == self.client && self.client != self.server {
            Direction::ToClient
        } else {
            Direction::ToServer
        }
    }

    /// Whether packets were seen both ways, and for TCP the handshake or a pick-up.
    pub(crate) fn is_established(&self) -> bool {
        match &self.tcp {
            Some(tcp) => tcp.was_established(),
            None => self.packets[0] > 0 && self.packets[1] > 0,
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.tcp.as_ref().is_some_and(|tcp| tcp.state() == TcpState::Closed)
    }

    /// `new`, `established` or `closed`, by EVE's words.
    pub(crate) fn state_name(&self) -> &'static str {
        match () {
            () if self.is_closed() => "closed",
            () if self.is_established() => "established",
            () => "new",
        }
    }

    /// Seconds of quiet after which it ends.
    pub(crate) fn timeout_seconds(&self, settings: &FlowSettings) -> u32 {
        match (self.tcp.is_some(), self.is_closed(), self.is_established()) {
            (true, true, _) => settings.tcp_closed_seconds,
            (true, false, true) => settings.tcp_established_seconds,
            (true, false, false) => settings.tcp_new_seconds,
            (false, _, true) => settings.other_established_seconds,
            (false, _, false) => settings.other_new_seconds,
        }
    }

    /// Second at which it ends when nothing more comes.
    pub(crate) fn deadline(&self, settings: &FlowSettings) -> i64 {
        self.last.as_seconds().saturating_add(self.timeout_seconds(settings).into())
    }

    /// Bytes its buffers hold, beside the fixed part.
    pub(crate) fn held_bytes(&self) -> usize {
        let windows: usize = self.windows.iter().map(StreamWindow::held).sum();
        let files: usize = self.files.iter().map(|file| file.content.len() + file.window.len()).sum();
        windows + files
    }

    /// The addresses in the packet's order: source and destination of what goes this way.
    pub(crate) const fn sides(&self, direction: Direction) -> (Side, Side) {
        match direction {
            Direction::ToServer => (self.client, self.server),
            Direction::ToClient => (self.server, self.client),
        }
    }
}
