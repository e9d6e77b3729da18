//! What reassembly and application parsers hand out for one packet.

use fengsui_protocols::{AppEvent, AppLayer, AppSettings, Direction, Reading, StreamSink};
use fengsui_schema::Timestamp;

use crate::flow::StreamWindow;

/// Takes what a TCP session hands out: bytes go to the window for rules and to the application layer.
pub(super) struct ToApp<'a> {
    pub(super) app: &'a mut AppLayer,
    pub(super) settings: &'a AppSettings,
    pub(super) time: Timestamp,
    pub(super) windows: &'a mut [StreamWindow; 2],
    pub(super) app_events: &'a mut Vec<AppEvent>,
    /// Anomalies of the session.
    pub(super) events: &'a mut Vec<&'static str>,
    /// Whether rules do not look at the bytes: they are encrypted, or there are no rules.
    pub(super) unseen: bool,
    /// Bytes that never came.
    pub(super) gap_bytes: u64,
    /// Pieces that were handed out and read by nobody, each way.
    pub(super) unread: [Unread; 2],
}

/// Pieces of a direction that were handed out and that no parser reads. A piece is what one packet brought.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Unread {
    pub(super) behind_gap: u32,
    pub(super) given_up: u32,
    pub(super) unknown: u32,
}

impl Unread {
    fn note(&mut self, reading: Reading, pieces: u32) {
        match reading {
            Reading::On => {}
            Reading::BehindGap => self.behind_gap += pieces,
            Reading::GivenUp => self.given_up += pieces,
            Reading::Unknown => self.unknown += pieces,
        }
    }
}

pub(super) const fn index(direction: Direction) -> usize {
    match direction {
        Direction::ToServer => 0,
        Direction::ToClient => 1,
    }
}

impl StreamSink for ToApp<'_> {
    fn data(&mut self, direction: Direction, _offset: u64, bytes: &[u8], pieces: u32) {
        let window = &mut self.windows[index(direction)];
        if self.unseen {
            window.pass_by(bytes);
        } else {
            window.push(bytes);
        }
        self.app.data(self.settings, self.time, direction, bytes, self.app_events);
        self.unread[index(direction)].note(self.app.reading(direction), pieces);
    }

    fn gap(&mut self, direction: Direction, _offset: u64, length: u64) {
        self.gap_bytes += length;
        self.windows[index(direction)].cut();
        self.app.gap(self.settings, self.time, direction, length, self.app_events);
    }

    fn end(&mut self, direction: Direction) {
        self.app.end(self.settings, self.time, direction, self.app_events);
    }

    fn event(&mut self, name: &'static str) {
        self.events.push(name);
    }
}
