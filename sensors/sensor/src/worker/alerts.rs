//! What fired on a packet: put in order, acted on, told; and the captures that prove it.

use fengsui_protocols::{Direction, Frame, Transaction};
use fengsui_signatures::{Action, Match, PacketView, Silence};

use super::Worker;
use crate::account::Counter;
use crate::eve::{AlertInput, PacketInfo, alert_record, drop_record};
use crate::flow::{Flow, FlowKey};
use crate::limits::{ALERT_PAYLOAD_BYTES, GUESSED_TRANSACTION_ALERTS};

/// A match that waits for the end of its packet, when it is known what else fired.
pub(super) struct Waiting {
    found: Match,
    direction: Option<Direction>,
    /// Bytes of the stream the rule may have looked at.
    stream: Option<Vec<u8>>,
    /// The frame it looked at.
    frame: Option<Frame>,
}

/// What the matches of a packet do to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Verdict {
    #[default]
    Accepted,
    Passed,
    /// With the reason, by EVE's words.
    Dropped(&'static str),
    /// Dropped and answered with a reset.
    Rejected(&'static str),
}

impl Verdict {
    pub(crate) const fn drops(self) -> Option<&'static str> {
        match self {
            Self::Dropped(reason) | Self::Rejected(reason) => Some(reason),
            Self::Accepted | Self::Passed => None,
        }
    }
}

impl Worker {
    /// Keeps what fired until the packet is done with.
    pub(super) fn note_matches(&mut self, flow: Option<&Flow>, direction: Option<Direction>, found: Vec<Match>) {
        for mut found in found {
            found.token = self.waiting.len();
            let way = usize::from(direction == Some(Direction::ToClient));
            let told = self.shared.settings.eve.alert.shows_payload() && found.alerts;
            let window = flow.filter(|flow| flow.tcp.is_some() && told);
            let window = window.and_then(|flow| flow.windows.get(way)?.latest());
            let stream = window.map(|bytes| bytes[..bytes.len().min(ALERT_PAYLOAD_BYTES)].to_vec());
            self.waiting.push(Waiting { found, direction, stream, frame: None });
        }
    }

    /// Shows the rules a frame.
    pub(super) fn inspect_frame(&mut self, view: &PacketView<'_>, flow: &mut Flow, frame: &Frame) {
        let transaction = frame.transaction.and_then(|id| flow.app.as_ref()?.transaction(id));
        let found = self.rules.set.inspect_frame(&mut self.scratch, view, &mut flow.rules, (frame, transaction));
        let before = self.waiting.len();
        self.note_matches(Some(flow), Some(frame.direction), found);
        self.waiting[before..].iter_mut().for_each(|waiting| waiting.frame = Some(frame.clone()));
    }

    /// Settles what fired on a packet: order, rates, `pass`; then acts on the flow and tells it.
    pub(super) fn settle_matches(
        &mut self,
        info: &PacketInfo<'_>,
        view: &PacketView<'_>,
        mut flow: Option<&mut Flow>,
    ) -> Verdict {
        if self.waiting.is_empty() {
            return Verdict::Accepted;
        }
        let mut waiting = std::mem::take(&mut self.waiting);
        let found = waiting.iter().map(|waiting| waiting.found.clone()).collect();
        let rules = flow.as_deref_mut().map(|flow| &mut flow.rules);
        let settled = self.rules.set.settle(&mut self.scratch, view, rules, found);
        self.account.add(Counter::DetectAlertsHeldBack, settled.suppressed);
        let verdict = self.act(&settled.matches, flow.as_deref_mut());
        if let Some(flow) = flow.as_deref_mut() {
            self.mark_flow(info, flow, &settled.matches);
        }
        for found in
            settled.matches.iter().filter(|found| found.alerts && !(found.by_rate && found.action == Action::Pass))
        {
            if self.alerts_of_packet >= self.shared.settings.eve.alert.max_per_packet {
                self.account.count(Counter::DetectAlertsSuppressed);
                continue;
            }
            self.alerts_of_packet += 1;
            self.account.count(Counter::DetectAlerts);
            let place = &waiting[found.token];
            let other = flow.as_deref_mut().and_then(|flow| self.transaction_of_packet(flow, found, place));
            self.tell_alert(info, flow.as_deref(), (found, place, other), verdict);
        }
        self.tell_metadata(info, flow.as_deref(), view.direction, &settled.matches);
        if let (Some(reason), true) = (verdict.drops(), self.shared.inline) {
            let cause = settled.matches.iter().find(|found| blocks(found.action));
            self.tell_drop(info, flow.as_deref(), view.direction, (cause, reason));
        }
        waiting.clear();
        self.waiting = waiting;
        verdict
    }

    /// What the matches do to the packet and the flow; of `drop` and `pass` the first counts for the flow.
    fn act(&mut self, matches: &[Match], mut flow: Option<&mut Flow>) -> Verdict {
        let mut verdict = Verdict::Accepted;
        for found in matches {
            let reason = if found.by_rate { "threshold detection_filter" } else { "rules" };
            match (found.action, verdict) {
                (Action::Drop, Verdict::Accepted | Verdict::Passed) => verdict = Verdict::Dropped(reason),
                (Action::Reject, Verdict::Accepted | Verdict::Passed) => verdict = Verdict::Rejected(reason),
                (Action::Reject, Verdict::Dropped(first)) => verdict = Verdict::Rejected(first),
                (Action::Pass, Verdict::Accepted) => verdict = Verdict::Passed,
                _ => {}
            }
            let drops = blocks(found.action) && found.of_flow && self.shared.inline;
            if let (true, Some(flow)) = (drops, flow.as_deref_mut()) {
                flow.dropped |= !flow.rules.passed();
            }
        }
        verdict
    }

    /// What matches leave behind on the flow.
    fn mark_flow(&mut self, info: &PacketInfo<'_>, flow: &mut Flow, matches: &[Match]) {
        let alerts = matches.iter().any(|found| found.alerts);
        flow.alerted |= alerts;
        if alerts {
            self.begin_capture(flow);
        }
        for found in matches {
            flow.bypassed |= found.rule.bypass;
            match (found.rule.silence, found.transaction) {
                (Some(Silence::Flow), _) => flow.silent = true,
                (Some(Silence::Transaction), Some(id)) => flow.silenced.push(id),
                _ => {}
            }
            if let Some(tag) = found.rule.tag {
                self.tag(info, flow, tag);
            }
        }
    }

    /// What expressions captured in the packet, where such records are asked for.
    fn tell_metadata(
        &mut self,
        info: &PacketInfo<'_>,
        flow: Option<&Flow>,
        direction: Option<Direction>,
        matches: &[Match],
    ) {
        let captures: Vec<_> = matches.iter().flat_map(|found| found.captures.iter().cloned()).collect();
        let (Some(flow), true) = (flow, self.shared.settings.eve.only.is_some() && self.writes("metadata")) else {
            return;
        };
        if captures.is_empty() && flow.rules.texts().is_empty() {
            return;
        }
        let direction = direction.unwrap_or(Direction::ToServer);
        let mut header = crate::eve::Header::of_flow(info.time, "metadata", flow, direction);
        header.number = self.number_to_tell(info.number);
        header.packet_source = Some(info.source);
        let mut record = header.record();
        crate::eve::add_notes(&mut record, &self.rules.set, &flow.rules, &captures);
        self.emit("metadata", &record);
    }

    fn tell_alert(
        &mut self,
        info: &PacketInfo<'_>,
        flow: Option<&Flow>,
        (found, place, other): (&Match, &Waiting, Option<u64>),
        verdict: Verdict,
    ) {
        if !self.writes("alert") {
            return;
        }
        let shared = std::sync::Arc::clone(&self.shared);
        let rules = std::sync::Arc::clone(&self.rules);
        let input = AlertInput {
            settings: &shared.settings,
            rules: &rules.set,
            info,
            flow,
            direction: place.direction,
            transaction: found.transaction.or(other).and_then(|id| flow?.app.as_ref()?.transaction(id)),
            guessed: other.is_some() && flow.is_some_and(|flow| flow.tcp.is_some()),
            stream: place.stream.as_deref(),
            frame: place.frame.as_ref(),
            inline: shared.inline,
            verdict,
            capture: flow.filter(|flow| flow.capturing).map(|flow| self.capture_name(flow.id)),
        };
        self.emit("alert", &alert_record(&input, found));
    }

    /// The transaction that a match on a packet or a stream is about, by its number: of datagrams the one they bring,
    /// when the rule is about the application; else the only one of the flow, where settings ask for it. It is told a
    /// few times only, as such a rule may fire on every packet.
    fn transaction_of_packet(&self, flow: &mut Flow, found: &Match, place: &Waiting) -> Option<u64> {
        if found.transaction.is_some() || place.frame.is_some() {
            return None;
        }
        let transactions = flow.app.as_ref()?.transactions();
        let goes = |transaction: &&Transaction| transaction.only.is_none_or(|only| Some(only) == place.direction);
        let id = if flow.tcp.is_none() && found.of_application {
            transactions.iter().find(goes)?.id
        } else {
            let only = transactions.iter().next().filter(|_| self.shared.settings.eve.guess_transaction)?;
            transactions.iter().nth(1).is_none().then_some(only.id)?
        };
        let told = match flow.guessed.iter_mut().find(|entry| entry.0 == id) {
            Some(entry) => &mut entry.1,
            None => {
                flow.guessed.push((id, 0));
                &mut flow.guessed.last_mut()?.1
            }
        };
        let may = *told < GUESSED_TRANSACTION_ALERTS;
        *told += u8::from(may);
        may.then_some(id)
    }

    /// Tells a packet that is blocked, by a rule or because its flow is.
    pub(super) fn tell_drop(
        &mut self,
        info: &PacketInfo<'_>,
        flow: Option<&Flow>,
        direction: Option<Direction>,
        (cause, reason): (Option<&Match>, &'static str),
    ) {
        if !self.writes("drop") {
            return;
        }
        let shared = std::sync::Arc::clone(&self.shared);
        let rules = std::sync::Arc::clone(&self.rules);
        let input = AlertInput {
            settings: &shared.settings,
            rules: &rules.set,
            info,
            flow,
            direction,
            transaction: None,
            guessed: false,
            stream: None,
            frame: None,
            inline: shared.inline,
            verdict: Verdict::Dropped(reason),
            capture: None,
        };
        self.emit("drop", &drop_record(&input, cause, reason));
    }

    /// Counts a packet in front of a network by what became of it.
    pub(super) fn count_verdict(&mut self, verdict: Verdict) {
        if !self.shared.inline {
            return;
        }
        match verdict {
            Verdict::Accepted | Verdict::Passed => self.account.count(Counter::IpsAccepted),
            Verdict::Dropped(_) => self.account.count(Counter::IpsBlocked),
            Verdict::Rejected(_) => {
                self.account.count(Counter::IpsBlocked);
                self.account.count(Counter::IpsRejected);
            }
        }
        match verdict.drops() {
            Some("rules") => self.account.count(Counter::IpsDropRules),
            Some("flow drop") => self.account.count(Counter::IpsDropFlow),
            Some("threshold detection_filter") => self.account.count(Counter::IpsDropThreshold),
            Some("stream midstream") => self.account.count(Counter::IpsDropMidstream),
            Some(_) | None => {}
        }
    }

    pub(super) fn capture_name(&self, flow: u64) -> String {
        format!("{}/{flow}.pcap", self.shared.settings.observer)
    }

    /// Begins the capture of a flow with the packets that are still held.
    pub(super) fn begin_capture(&mut self, flow: &mut Flow) {
        if !flow.capturing
            && let Some(bytes) = self.capture_held(flow.id)
        {
            (flow.capturing, flow.captured_bytes) = (true, bytes);
        }
    }

    /// Begins the capture of a flow that has raised an alert after its packets were worked on, and may be over; its name
    /// when there is one.
    pub(super) fn begin_late_capture(&mut self, key: &FlowKey, id: u64) -> Option<String> {
        let alive = self.table.get(key).filter(|flow| flow.id == id);
        let captured = alive.is_some_and(|flow| flow.capturing);
        let is_alive = alive.is_some();
        if !captured {
            let bytes = self.capture_held(id)?;
            match self.table.get_mut(key).filter(|_| is_alive) {
                Some(flow) => (flow.capturing, flow.captured_bytes) = (true, bytes),
                None => drop(self.shared.evidence.as_ref().map(|evidence| evidence.end(id))),
            }
        }
        Some(self.capture_name(id))
    }

    /// Hands the packets of a flow that are still held to the thread that writes captures; how many bytes it took.
    fn capture_held(&mut self, flow: u64) -> Option<usize> {
        let evidence = self.shared.evidence.as_ref()?;
        let packets = self.ring.take(flow, self.shared.settings.evidence.flow_bytes);
        let bytes = packets.iter().map(crate::evidence::KeptPacket::len).sum();
        let taken = !packets.is_empty() && evidence.append(flow, packets);
        self.account.count(if taken { Counter::EvidenceFiles } else { Counter::EvidenceShed });
        taken.then_some(bytes)
    }
}

const fn blocks(action: Action) -> bool {
    matches!(action, Action::Drop | Action::Reject)
}
