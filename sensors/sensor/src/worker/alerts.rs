//! Alerts, blocked packets and the captures that prove them.

use fengsui_protocols::{Direction, Transaction};
use fengsui_signatures::{Action, Match};

use super::Worker;
use crate::account::Counter;
use crate::eve::{AlertInput, PacketInfo, alert_record, drop_record};
use crate::flow::Flow;

/// What was shown to the rules when they fired.
pub(super) struct Shown<'a> {
    pub(super) direction: Option<Direction>,
    pub(super) transaction: Option<&'a Transaction>,
    pub(super) stream: Option<&'a [u8]>,
}

impl Worker {
    /// Raises what fired on a flow.
    pub(super) fn raise_matches(
        &mut self,
        info: &PacketInfo<'_>,
        flow: &mut Flow,
        direction: Option<Direction>,
        found: &[Match],
    ) {
        let mark = found.iter().any(|found| found.action != Action::Pass);
        flow.alerted |= mark;
        if mark {
            self.begin_capture(flow, info);
        }
        let blocks = self.shared.inline && found.iter().any(|found| blocks(found.action));
        let way = usize::from(direction == Some(Direction::ToClient));
        for found in found {
            let transaction = found.transaction.and_then(|id| flow.app.as_ref()?.transaction(id));
            let window = flow.windows.get(way).and_then(crate::flow::StreamWindow::latest);
            let shown = Shown { direction, transaction, stream: window.filter(|_| flow.tcp.is_some()) };
            self.raise(info, Some(flow), shown, std::slice::from_ref(found));
        }
        if blocks && !flow.dropped {
            flow.dropped = flow.tcp.is_some() || flow.app.is_some();
        }
    }

    /// Writes alert records, as many as a packet may raise.
    pub(super) fn raise(&mut self, info: &PacketInfo<'_>, flow: Option<&Flow>, shown: Shown<'_>, found: &[Match]) {
        for found in found {
            if self.alerts_of_packet >= self.shared.settings.eve.alert.max_per_packet {
                self.account.count(Counter::DetectAlertsSuppressed);
                continue;
            }
            self.alerts_of_packet += 1;
            self.account.count(Counter::DetectAlerts);
            let shared = std::sync::Arc::clone(&self.shared);
            let input = AlertInput {
                settings: &shared.settings,
                info,
                flow,
                direction: shown.direction,
                transaction: shown.transaction,
                stream: shown.stream,
                blocked: self.shared.inline && blocks(found.action),
                capture: flow.filter(|flow| flow.capturing).map(|flow| self.capture_name(flow.id)),
            };
            if self.writes("alert") && found.action != Action::Pass {
                self.emit("alert", alert_record(&input, found));
            }
            if input.blocked {
                self.account.count(Counter::IpsDropRules);
                self.account.count(Counter::IpsBlocked);
                self.tell_drop(&input, Some(found), "rules");
            }
        }
    }

    fn tell_drop(&mut self, input: &AlertInput<'_>, found: Option<&Match>, reason: &str) {
        if self.writes("drop") {
            self.emit("drop", drop_record(input, found, reason));
        }
    }

    /// A packet of a flow that is blocked.
    pub(super) fn drop_packet(&mut self, info: &PacketInfo<'_>, flow: &Flow, direction: Direction) {
        self.account.count(Counter::IpsBlocked);
        self.account.count(Counter::IpsDropFlow);
        let shared = std::sync::Arc::clone(&self.shared);
        let input = AlertInput {
            settings: &shared.settings,
            info,
            flow: Some(flow),
            direction: Some(direction),
            transaction: None,
            stream: None,
            blocked: true,
            capture: None,
        };
        self.tell_drop(&input, None, "flow drop");
    }

    fn capture_name(&self, flow: u64) -> String {
        format!("{}/{flow}.pcap", self.shared.settings.observer)
    }

    /// Begins the capture of a flow with the packets that are still held.
    fn begin_capture(&mut self, flow: &mut Flow, info: &PacketInfo<'_>) {
        let Some(evidence) = &self.shared.evidence else { return };
        if flow.capturing || info.packet.is_none() {
            return;
        }
        let packets = self.ring.take(flow.id, self.shared.settings.evidence.flow_bytes);
        flow.captured_bytes = packets.iter().map(crate::evidence::KeptPacket::len).sum();
        if evidence.append(flow.id, packets) {
            flow.capturing = true;
            self.account.count(Counter::EvidenceFiles);
        } else {
            self.account.count(Counter::EvidenceShed);
        }
    }
}

const fn blocks(action: Action) -> bool {
    matches!(action, Action::Drop | Action::Reject)
}
