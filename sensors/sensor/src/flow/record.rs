//! What a worker keeps for one flow.

use fengsui_files::limits::IDENTIFY_BYTES;
use fengsui_files::{FileHasher, FileKind, identify};
use fengsui_protocols::{AppEvent, AppLayer, Direction, TcpSession, TcpState};
use fengsui_schema::Timestamp;
use fengsui_signatures::FlowState;

use super::key::{FlowKey, Side};
use super::rate::FlowRate;
use crate::limits::{
    ALERT_PAYLOAD_BYTES, FILE_OVERLAP_BYTES, FILE_WINDOW_BYTES, SMALL_WINDOW_BYTES, STREAM_OVERLAP_BYTES,
    STREAM_WINDOW_BYTES,
};
use crate::settings::FlowSettings;
use crate::worker::Tagged;

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
    /// Bytes at the start that rules have looked at since the window was cut last.
    seen: usize,
    /// Whether it no longer holds all of its bytes.
    cropped: bool,
    /// All bytes that went through.
    pub(crate) total: u64,
}

impl StreamWindow {
    /// Counts bytes that rules do not look at.
    pub(crate) fn pass_by(&mut self, bytes: &[u8]) {
        self.total += bytes.len() as u64;
    }

    /// Appends bytes of the stream; says whether the window is full.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        if self.cropped {
            self.cut();
        }
        push_to_window(&mut self.bytes, bytes, STREAM_WINDOW_BYTES + STREAM_OVERLAP_BYTES);
        self.fresh += bytes.len();
        self.total += bytes.len() as u64;
    }

    /// What rules look at, when there is something new.
    pub(crate) fn pending(&self) -> Option<(&[u8], usize)> {
        (self.fresh > 0).then_some((self.bytes.as_slice(), self.seen))
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
        self.seen = self.bytes.len();
        if self.bytes.len() > STREAM_WINDOW_BYTES {
            self.bytes.drain(..self.bytes.len() - STREAM_OVERLAP_BYTES);
            self.seen = 0;
        }
    }

    /// What comes next does not follow what is held.
    pub(crate) fn cut(&mut self) {
        self.bytes.clear();
        (self.fresh, self.seen, self.cropped) = (0, 0, false);
    }

    /// Nothing more is expected and nothing waits that an alert could show it for: all of it goes once rules have looked.
    pub(crate) fn forget(&mut self) {
        if self.fresh == 0 {
            (self.bytes, self.seen, self.cropped) = (Vec::new(), 0, false);
        }
    }

    /// Nothing more is expected: once rules have looked at all of it, only what alerts show is kept.
    pub(crate) fn close(&mut self) {
        if self.fresh == 0 && self.bytes.capacity() > ALERT_PAYLOAD_BYTES {
            self.cropped = self.bytes.len() > ALERT_PAYLOAD_BYTES;
            self.bytes.truncate(ALERT_PAYLOAD_BYTES);
            self.bytes.shrink_to_fit();
        }
    }
}

/// Appends to a window. One that is no longer small is given all its room at once: memory that is touched and left again
/// costs more than what is never filled.
fn push_to_window(window: &mut Vec<u8>, bytes: &[u8], room: usize) {
    let needed = window.len() + bytes.len();
    if needed > window.capacity() && needed > SMALL_WINDOW_BYTES {
        window.reserve_exact(needed.max(room) - window.len());
    }
    window.extend_from_slice(bytes);
}

/// A file on its way.
pub(crate) struct FileProgress {
    pub(crate) id: u32,
    pub(crate) transaction: u64,
    pub(crate) direction: Direction,
    pub(crate) name: Option<Vec<u8>>,
    pub(crate) hasher: Option<FileHasher>,
    /// Which version of its transaction's `file.data` holds all of it; then it needs no buffers of its own.
    pub(crate) lent: Option<u32>,
    /// The start of the file, up to a limit.
    pub(crate) content: Vec<u8>,
    /// Its type, once the start it is told by has gone.
    pub(crate) kind: Option<FileKind>,
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

impl FileProgress {
    /// Appends to the bytes for rules.
    pub(crate) fn push_to_window(&mut self, bytes: &[u8]) {
        push_to_window(&mut self.window, bytes, FILE_WINDOW_BYTES + FILE_OVERLAP_BYTES);
    }

    /// Tells the type from the first bytes of the file when these are enough; whether they were.
    pub(crate) fn identify_at_once(&mut self, first: &[u8]) -> bool {
        let enough = self.content.is_empty() && first.len() >= IDENTIFY_BYTES;
        if enough {
            self.kind = Some(identify(first));
        }
        enough
    }

    /// Its type, by the start of it unless that has gone.
    pub(crate) fn kind_by(&self, start: &[u8]) -> FileKind {
        self.kind.unwrap_or_else(|| identify(start))
    }
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
    /// Kept where elephants are looked for.
    pub(crate) rate: Option<Box<FlowRate>>,
    /// Whether it ever was an elephant, each way.
    pub(crate) elephant: [bool; 2],
    pub(crate) macs: [Option<[u8; 6]>; 2],
    /// ICMP type and code of the first packet each way.
    pub(crate) icmp: [Option<(u8, u8)>; 2],
    pub(crate) ttl: [(u8, u8); 2],
    pub(crate) tcp: Option<Box<TcpSession>>,
    pub(crate) app: Option<Box<AppLayer>>,
    pub(crate) rules: FlowState,
    pub(crate) windows: [StreamWindow; 2],
    pub(crate) files: Vec<FileProgress>,
    /// News of the direction that the packets which brought them do not go; rules look with the next one that does.
    pub(crate) postponed: Vec<AppEvent>,
    /// Transactions that were told and wait for that.
    pub(crate) told: Vec<u64>,
    /// Live transactions that alerts about packets have told, and how often.
    pub(crate) guessed: Vec<(u64, u8)>,
    pub(crate) alerted: bool,
    pub(crate) dropped: bool,
    /// Whether a policy for exceptions blocked it, not a rule.
    pub(crate) dropped_by_policy: bool,
    /// Whether a blocked packet of each direction was told.
    pub(crate) drop_told: [bool; 2],
    pub(crate) capturing: bool,
    pub(crate) captured_bytes: usize,
    pub(crate) has_gap: bool,
    /// Packets each way that are held until their bytes are handed out.
    pub(crate) unsettled: [u32; 2],
    pub(crate) app_counted: bool,
    /// Left alone from here on; what it brought since.
    pub(crate) bypassed: bool,
    pub(crate) bypassed_packets: [u64; 2],
    pub(crate) bypassed_bytes: [u64; 2],
    /// What follows is encrypted: rules no longer look at its bytes.
    pub(crate) encrypted: bool,
    /// Nothing of it is logged (keyword `config`).
    pub(crate) silent: bool,
    /// Transactions of it that are not logged.
    pub(crate) silenced: Vec<u64>,
    pub(crate) tagged: Option<Tagged>,
    /// Policies for exceptions that were applied to it.
    pub(crate) exceptions: Vec<(&'static str, &'static str)>,
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
            rate: None,
            elephant: [false; 2],
            macs: [None; 2],
            icmp: [None; 2],
            ttl: [(255, 0); 2],
            tcp: None,
            app: None,
            rules: FlowState::default(),
            windows: Default::default(),
            files: Vec::new(),
            postponed: Vec::new(),
            told: Vec::new(),
            guessed: Vec::new(),
            alerted: false,
            dropped: false,
            dropped_by_policy: false,
            drop_told: [false; 2],
            capturing: false,
            captured_bytes: 0,
            has_gap: false,
            unsettled: [0; 2],
            app_counted: false,
            bypassed: false,
            bypassed_packets: [0; 2],
            bypassed_bytes: [0; 2],
            encrypted: false,
            silent: false,
            silenced: Vec::new(),
            tagged: None,
            exceptions: Vec::new(),
        }
    }

    /// Gives back the room of what no rule and no record will need any more.
    pub(crate) fn give_room_back(&mut self) {
        let over =
            self.app.as_ref().is_none_or(|app| app.is_over()) && self.postponed.is_empty() && self.files.is_empty();
        for window in &mut self.windows {
            if over {
                window.forget();
            } else {
                window.close();
            }
        }
        if over {
            (self.files, self.postponed, self.told, self.guessed) = Default::default();
            self.rules.give_room_back();
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

    /// Whether both sides have said their last word, though an acknowledgement may be under way.
    pub(crate) fn is_closing(&self) -> bool {
        self.tcp
            .as_ref()
            .is_some_and(|tcp| matches!(tcp.state(), TcpState::LastAck | TcpState::TimeWait | TcpState::Closed))
    }

    /// `new`, `established` or `closed`, by EVE's words.
    pub(crate) fn state_name(&self) -> &'static str {
        match () {
            () if self.bypassed => "bypassed",
            () if self.is_closing() => "closed",
            () if self.is_established() => "established",
            () => "new",
        }
    }

    /// Seconds of quiet after which it ends.
    pub(crate) fn timeout_seconds(&self, settings: &FlowSettings) -> u32 {
        match (self.tcp.is_some(), self.is_closing(), self.is_established()) {
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
        let lent = |file: &FileProgress| file.lent.map_or(0, |_| usize::try_from(file.size).unwrap_or(usize::MAX));
        let files: usize = self.files.iter().map(|file| file.content.len() + file.window.len() + lent(file)).sum();
        let stream = self.tcp.as_ref().map_or(0, |tcp| tcp.held_bytes());
        windows + files + stream
    }

    /// The addresses in the packet's order: source and destination of what goes this way.
    pub(crate) const fn sides(&self, direction: Direction) -> (Side, Side) {
        match direction {
            Direction::ToServer => (self.client, self.server),
            Direction::ToClient => (self.server, self.client),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_window_keeps_what_alerts_show_and_what_comes_after_is_new() {
        let mut window = StreamWindow::default();
        window.push(&[1; 3 * ALERT_PAYLOAD_BYTES]);
        window.close();
        assert_eq!(window.pending().map(|pending| pending.0.len()), Some(3 * ALERT_PAYLOAD_BYTES));
        window.inspected();
        window.close();
        assert!(window.pending().is_none());
        assert_eq!(window.latest(), Some(&[1; ALERT_PAYLOAD_BYTES][..]));
        window.push(&[2; 3]);
        assert_eq!(window.pending(), Some((&[2; 3][..], 0)));
        assert_eq!(window.total, 3 * ALERT_PAYLOAD_BYTES as u64 + 3);
    }

    #[test]
    fn a_forgotten_window_holds_nothing_and_what_comes_after_is_new() {
        let mut window = StreamWindow::default();
        window.push(&[1; 100]);
        window.forget();
        assert_eq!(window.pending(), Some((&[1; 100][..], 0)), "rules have not looked");
        window.inspected();
        window.forget();
        assert_eq!((window.latest(), window.held(), window.bytes.capacity()), (None, 0, 0));
        window.push(&[2; 3]);
        assert_eq!(window.pending(), Some((&[2; 3][..], 0)));
        assert_eq!(window.total, 103);
    }
}
