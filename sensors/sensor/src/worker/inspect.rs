//! Shows the rules what packets, streams and transactions hold.

use fengsui_protocols::{AppEvent, AppProtocol, Direction, Transaction, flags};
use fengsui_signatures::{Completion, PacketView};

use super::files::prune;
use super::flows::{News, flow_view};
use super::{Verdict, Worker};
use crate::account::Counter;
use crate::eve::{PacketInfo, app_anomaly, transaction_record};
use crate::flow::Flow;
use crate::limits::{STREAM_EARLY_BYTES, STREAM_INSPECT_BYTES};
use crate::settings::EncryptedPolicy;

const WAYS: [Direction; 2] = [Direction::ToServer, Direction::ToClient];

impl Worker {
    /// A packet without a flow.
    pub(super) fn inspect_packet_without_flow(&mut self, info: &PacketInfo<'_>, view: &PacketView<'_>) {
        let found = self.rules.set.inspect_packet(&mut self.scratch, view, None, None);
        self.note_matches(None, None, found);
        let verdict = self.settle_matches(info, view, None);
        self.count_verdict(verdict);
    }

    /// Everything a packet brought, in the order the rules want it; what became of the packet.
    pub(super) fn inspect_news(
        &mut self,
        info: &PacketInfo<'_>,
        view: &PacketView<'_>,
        flow: &mut Flow,
        direction: Direction,
        news: News,
    ) -> Verdict {
        self.count_protocol(flow);
        let looks = news.accepted && looks_at_stream(view, flow, direction);
        self.inspect_stream(view, flow, direction, looks);
        let (now, later) = split_news(std::mem::take(&mut flow.postponed), news.app_events, direction);
        flow.postponed = later;
        self.work_events(info, view, flow, direction, now);
        let done = self.inspect_complete(info, flow, Some(direction));
        let verdict = self.settle_matches(info, view, Some(flow));
        for id in done {
            self.log_transaction(info, flow, id);
        }
        prune(flow);
        verdict
    }

    /// Everything that is left when a flow ends.
    pub(super) fn inspect_end(&mut self, info: &PacketInfo<'_>, flow: &mut Flow, news: News) {
        self.count_protocol(flow);
        let blocked = flow.dropped && self.shared.inline;
        let mut later = std::mem::take(&mut flow.postponed);
        later.extend(news.app_events);
        for direction in WAYS.into_iter().filter(|_| !blocked) {
            self.alerts_of_packet = 0;
            let view = flow_view(info, flow, direction);
            self.inspect_stream(&view, flow, direction, true);
            let (now, rest) = split_news(Vec::new(), later, direction);
            later = rest;
            self.work_events(info, &view, flow, direction, now);
            for id in live(flow).collect::<Vec<_>>() {
                self.inspect_transaction(&view, flow, (id, direction), true);
            }
            self.settle_matches(info, &view, Some(flow));
        }
        // What a blocked flow had begun did not come about: the alert tells it.
        for id in live(flow).filter(|_| !blocked).collect::<Vec<_>>() {
            self.log_transaction(info, flow, id);
        }
        self.end_files(info, flow);
        let view = flow_view(info, flow, Direction::ToServer);
        self.settle_matches(info, &view, Some(flow));
    }

    fn count_protocol(&mut self, flow: &mut Flow) {
        if flow.app_counted {
            return;
        }
        if let Some(protocol) = flow.app.as_ref().and_then(|app| app.protocol()) {
            flow.app_counted = true;
            self.account.app_flow(protocol, flow.tcp.is_none());
        }
    }

    /// Shows the rules a packet and, when asked to, what is new in the stream that goes its way.
    fn inspect_stream(&mut self, view: &PacketView<'_>, flow: &mut Flow, direction: Direction, looks: bool) {
        let window = &flow.windows[usize::from(direction == Direction::ToClient)];
        let pending = window.pending().filter(|_| looks);
        let looked = pending.is_some();
        let found = self.rules.set.inspect_packet(&mut self.scratch, view, Some(&mut flow.rules), pending);
        let on_stream = found.iter().any(|found| found.on_stream);
        self.note_matches(Some(flow), Some(direction), found);
        let window = &mut flow.windows[usize::from(direction == Direction::ToClient)];
        match (looked, on_stream) {
            // What has fired once must not fire again on the same bytes.
            (true, true) => window.cut(),
            (true, false) => window.inspected(),
            (false, _) => {}
        }
    }

    fn work_events(
        &mut self,
        info: &PacketInfo<'_>,
        view: &PacketView<'_>,
        flow: &mut Flow,
        direction: Direction,
        events: Vec<AppEvent>,
    ) {
        let last = last_progress(&events);
        for (place, event) in events.into_iter().enumerate() {
            match event {
                AppEvent::Progress { transaction, direction: way } => {
                    if last.iter().any(|(id, other, at)| *id == transaction && *other == way && *at == place) {
                        let turned = turned(info, view, flow, direction, way);
                        self.inspect_transaction(&turned, flow, (transaction, way), false);
                    }
                }
                AppEvent::Frame(frame) => {
                    let turned = turned(info, view, flow, direction, frame.direction);
                    self.inspect_frame(&turned, flow, &frame);
                }
                AppEvent::Expect(expectation) => {
                    let has_room = self.expected.add(flow, info.time, expectation);
                    self.account.add(Counter::ExpectationsShed, u64::from(!has_room));
                }
                AppEvent::File(chunk) => {
                    let turned = turned(info, view, flow, direction, chunk.direction);
                    self.file_chunk(info, &turned, flow, chunk);
                }
                AppEvent::Anomaly { transaction, name, direction: way } => {
                    let turned = turned(info, view, flow, direction, way);
                    self.app_event(info, &turned, flow, (transaction, way), name);
                }
            }
        }
    }

    fn app_event(
        &mut self,
        info: &PacketInfo<'_>,
        view: &PacketView<'_>,
        flow: &mut Flow,
        (transaction, way): (Option<u64>, Direction),
        name: &'static str,
    ) {
        let protocol = flow.app.as_ref().and_then(|app| app.protocol());
        if self.shared.settings.eve.anomaly.applayer && self.writes("anomaly") {
            let mut record = app_anomaly(info, flow, (transaction, way), protocol, name);
            if let Some(number) = self.number_to_tell(info.number) {
                record.insert("pcap_cnt".to_owned(), number.into());
            }
            self.emit("anomaly", &record);
        }
        match transaction {
            Some(id) => self.inspect_transaction(view, flow, (id, way), false),
            None => {
                let event = (protocol, name);
                let found = self.rules.set.inspect_event(&mut self.scratch, view, &mut flow.rules, event);
                self.note_matches(Some(flow), Some(way), found);
            }
        }
    }

    /// Shows one direction of a transaction. `over` says that nothing more will come.
    pub(super) fn inspect_transaction(
        &mut self,
        view: &PacketView<'_>,
        flow: &mut Flow,
        (id, direction): (u64, Direction),
        over: bool,
    ) {
        let Some(transaction) = flow.app.as_ref().and_then(|app| app.transaction(id)) else { return };
        if transaction.only.is_some_and(|only| only != direction) {
            return;
        }
        let completion = Completion {
            direction: over || is_complete(transaction, direction),
            transaction: (over && (direction == Direction::ToClient || transaction.only.is_some()))
                || transaction.is_complete(),
        };
        let found = self.rules.set.inspect_transaction(
            &mut self.scratch,
            view,
            &mut flow.rules,
            direction,
            (transaction, completion),
        );
        self.note_matches(Some(flow), Some(direction), found);
    }

    /// Shows the rules transactions that are complete, as far as packets of this direction do; the numbers of those
    /// that are complete.
    fn inspect_complete(&mut self, info: &PacketInfo<'_>, flow: &mut Flow, direction: Option<Direction>) -> Vec<u64> {
        let Some(app) = &flow.app else { return Vec::new() };
        let done: Vec<u64> =
            app.transactions().iter().filter(|transaction| transaction.is_complete()).map(|tx| tx.id).collect();
        for id in &done {
            for way in WAYS.into_iter().filter(|way| direction.is_none_or(|direction| direction == *way)) {
                let view = flow_view(info, flow, way);
                self.inspect_transaction(&view, flow, (*id, way), true);
            }
        }
        done
    }

    /// Tells a transaction, once, and forgets it when rules have nothing more to look at.
    fn log_transaction(&mut self, info: &PacketInfo<'_>, flow: &mut Flow, id: u64) {
        let Some(transaction) = flow.app.as_ref().and_then(|app| app.transaction(id)) else { return };
        let protocol = transaction.protocol;
        let (event_type, _) = crate::eve::eve_names(protocol);
        let silent = flow.silent || flow.silenced.contains(&id);
        let told = flow.told.contains(&id);
        let left_out = !self.shared.settings.eve.tls_resumed && transaction.eve.contains_key("session_resumed");
        if !told && self.writes(event_type) && is_told(transaction) && !silent && !left_out {
            let record = transaction_record(&self.shared.settings, &self.rules.set, info, flow, transaction);
            self.emit(event_type, record);
        }
        if flow.postponed.iter().any(|event| transaction_of(event) == Some(id)) {
            if !told {
                flow.told.push(id);
            }
            return;
        }
        self.account.app_transactions(protocol, flow.tcp.is_none(), 1);
        self.end_of_plain_text(flow, protocol);
        flow.silenced.retain(|silenced| *silenced != id);
        flow.told.retain(|told| *told != id);
        flow.guessed.retain(|guessed| guessed.0 != id);
        self.part_from_transaction(flow, id);
        if let Some(app) = &mut flow.app {
            app.release(id);
        }
    }
}

impl Worker {
    /// After the handshake of protocols that encrypt there is nothing for rules to look at.
    fn end_of_plain_text(&mut self, flow: &mut Flow, protocol: AppProtocol) {
        let policy = match protocol {
            AppProtocol::Tls | AppProtocol::Tlcp => self.shared.settings.encrypted,
            AppProtocol::Ssh => self.shared.settings.encrypted_ssh,
            _ => return,
        };
        match policy {
            EncryptedPolicy::Default => flow.encrypted = true,
            EncryptedPolicy::Bypass => (flow.encrypted, flow.bypassed) = (true, true),
            EncryptedPolicy::Full => {}
        }
    }
}

/// Splits news into those rules look at with a packet of this direction, older ones first, and those that wait.
fn split_news(
    mut waiting: Vec<AppEvent>,
    mut fresh: Vec<AppEvent>,
    direction: Direction,
) -> (Vec<AppEvent>, Vec<AppEvent>) {
    let goes = |event: &AppEvent| way_of(event).is_none_or(|way| way == direction);
    if waiting.is_empty() {
        std::mem::swap(&mut waiting, &mut fresh);
    }
    // Most of the time all news go one way.
    match fresh.is_empty() {
        true if waiting.iter().all(goes) => (waiting, fresh),
        true if !waiting.iter().any(goes) => (fresh, waiting),
        _ => waiting.into_iter().chain(fresh).partition(goes),
    }
}

const fn way_of(event: &AppEvent) -> Option<Direction> {
    match event {
        AppEvent::Progress { direction, .. } | AppEvent::Anomaly { direction, .. } => Some(*direction),
        AppEvent::File(chunk) => Some(chunk.direction),
        AppEvent::Frame(frame) => Some(frame.direction),
        AppEvent::Expect(_) => None,
    }
}

const fn transaction_of(event: &AppEvent) -> Option<u64> {
    match event {
        AppEvent::Progress { transaction, .. } => Some(*transaction),
        AppEvent::Anomaly { transaction, .. } => *transaction,
        AppEvent::File(chunk) => Some(chunk.transaction),
        AppEvent::Frame(frame) => frame.transaction,
        AppEvent::Expect(_) => None,
    }
}

/// Whether enough is new in the stream that goes this way.
fn looks_at_stream(view: &PacketView<'_>, flow: &Flow, direction: Direction) -> bool {
    let window = &flow.windows[usize::from(direction == Direction::ToClient)];
    let pushed = view.tcp.is_some_and(|tcp| tcp.flags & (flags::PSH | flags::FIN | flags::RST) != 0);
    window.fresh() >= STREAM_INSPECT_BYTES || pushed || window.total <= STREAM_EARLY_BYTES
}

/// Of several news about one direction of a transaction only the last is worth a look.
fn last_progress(events: &[AppEvent]) -> Vec<(u64, Direction, usize)> {
    let mut last: Vec<(u64, Direction, usize)> = Vec::new();
    for (place, event) in events.iter().enumerate() {
        let AppEvent::Progress { transaction, direction } = event else { continue };
        match last.iter_mut().rev().find(|entry| entry.0 == *transaction && entry.1 == *direction) {
            Some(entry) => entry.2 = place,
            None => last.push((*transaction, *direction, place)),
        }
    }
    last
}

/// The view for a direction the packet may not go.
fn turned<'a>(
    info: &PacketInfo<'_>,
    view: &PacketView<'a>,
    flow: &Flow,
    direction: Direction,
    wanted: Direction,
) -> PacketView<'a> {
    if direction == wanted { *view } else { flow_view(info, flow, wanted) }
}

fn live(flow: &Flow) -> impl Iterator<Item = u64> + '_ {
    flow.app.iter().flat_map(|app| app.transactions().iter().map(|transaction| transaction.id))
}

const fn is_complete(transaction: &Transaction, direction: Direction) -> bool {
    match direction {
        Direction::ToServer => transaction.request_complete,
        Direction::ToClient => transaction.response_complete,
    }
}

/// Whether a transaction is worth a record: one that holds something.
fn is_told(transaction: &Transaction) -> bool {
    !transaction.untold && (!transaction.eve.is_empty() || is_handshake(transaction.protocol))
}

const fn is_handshake(protocol: AppProtocol) -> bool {
    matches!(protocol, AppProtocol::Tls | AppProtocol::Tlcp)
}
