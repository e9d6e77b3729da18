//! Shows the rules what packets, streams and transactions hold.

use fengsui_protocols::{AppEvent, AppProtocol, Direction, Transaction, flags};
use fengsui_signatures::{Completion, Match, PacketView};

use super::Worker;
use super::alerts::Shown;
use super::flows::{News, add_flow_view, flow_view};
use crate::account::Counter;
use crate::eve::{PacketInfo, app_anomaly, transaction_record};
use crate::flow::Flow;
use crate::limits::{STREAM_EARLY_BYTES, STREAM_INSPECT_BYTES};

const WAYS: [Direction; 2] = [Direction::ToServer, Direction::ToClient];

impl Worker {
    /// A packet without a flow.
    pub(super) fn inspect_packet_without_flow(&mut self, info: &PacketInfo<'_>, view: &PacketView<'_>) {
        let found = self.rules.set.inspect_packet(&mut self.scratch, view, None);
        self.raise(info, None, Shown { direction: None, transaction: None, stream: None }, &found);
    }

    /// Everything a packet brought, in the order the rules want it.
    pub(super) fn inspect_news(
        &mut self,
        info: &PacketInfo<'_>,
        view: &PacketView<'_>,
        flow: &mut Flow,
        direction: Direction,
        news: News,
    ) {
        self.count_protocol(flow);
        let found = self.rules.set.inspect_packet(&mut self.scratch, view, Some(&mut flow.rules));
        self.raise_on_flow(info, flow, Some(direction), &found);
        if !news.accepted {
            return;
        }
        let pushed = view.tcp.is_some_and(|tcp| tcp.flags & (flags::PSH | flags::FIN | flags::RST) != 0);
        let way = usize::from(direction == Direction::ToClient);
        let early = flow.windows[way].total <= STREAM_EARLY_BYTES;
        if flow.windows[way].fresh() >= STREAM_INSPECT_BYTES || pushed || early {
            self.inspect_stream(info, view, flow, direction);
        }
        // An answer means that what was asked is whole.
        if news.in_stream {
            let other = flow_view(info, flow, direction.reversed());
            self.inspect_stream(info, &other, flow, direction.reversed());
        }
        self.work_events(info, view, flow, direction, news.app_events);
        self.release_complete(info, flow);
    }

    /// Everything that is left when a flow ends.
    pub(super) fn inspect_end(&mut self, info: &PacketInfo<'_>, flow: &mut Flow, news: News) {
        self.count_protocol(flow);
        for direction in WAYS {
            let view = flow_view(info, flow, direction);
            self.inspect_stream(info, &view, flow, direction);
        }
        let view = flow_view(info, flow, Direction::ToServer);
        self.work_events(info, &view, flow, Direction::ToServer, news.app_events);
        let left: Vec<u64> = live(flow).collect();
        for id in left {
            for direction in WAYS {
                self.inspect_transaction(info, &flow_view(info, flow, direction), flow, (id, direction), true);
            }
            self.log_transaction(info, flow, id);
        }
        self.end_files(info, flow);
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

    fn inspect_stream(&mut self, info: &PacketInfo<'_>, view: &PacketView<'_>, flow: &mut Flow, direction: Direction) {
        let way = usize::from(direction == Direction::ToClient);
        let Some(window) = flow.windows[way].pending() else { return };
        let found = self.rules.set.inspect_stream(&mut self.scratch, view, &mut flow.rules, window);
        if !found.is_empty() {
            self.raise_on_flow(info, flow, Some(direction), &found);
            // What has fired once must not fire again on the same bytes.
            return flow.windows[way].cut();
        }
        flow.windows[way].inspected();
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
                        self.inspect_transaction(info, &turned, flow, (transaction, way), false);
                    }
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
            self.emit("anomaly", record);
        }
        match transaction {
            Some(id) => self.inspect_transaction(info, view, flow, (id, way), false),
            None => {
                let event = (protocol, name);
                let found = self.rules.set.inspect_event(&mut self.scratch, view, &mut flow.rules, event);
                self.raise_on_flow(info, flow, Some(way), &found);
            }
        }
    }

    /// Shows one direction of a transaction. `over` says that nothing more will come.
    pub(super) fn inspect_transaction(
        &mut self,
        info: &PacketInfo<'_>,
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
        if !found.is_empty() {
            self.raise_on_flow(info, flow, Some(direction), &found);
        }
    }

    /// Logs and forgets transactions that are complete.
    fn release_complete(&mut self, info: &PacketInfo<'_>, flow: &mut Flow) {
        let Some(app) = &flow.app else { return };
        let done: Vec<u64> =
            app.transactions().iter().filter(|transaction| transaction.is_complete()).map(|tx| tx.id).collect();
        for id in done {
            for direction in WAYS {
                let mut view = flow_view(info, flow, direction);
                add_flow_view(&mut view, flow, direction);
                self.inspect_transaction(info, &view, flow, (id, direction), true);
            }
            self.log_transaction(info, flow, id);
        }
    }

    fn log_transaction(&mut self, info: &PacketInfo<'_>, flow: &mut Flow, id: u64) {
        let Some(transaction) = flow.app.as_ref().and_then(|app| app.transaction(id)) else { return };
        let protocol = transaction.protocol;
        let (event_type, _) = crate::eve::eve_names(protocol);
        if self.writes(event_type) && is_told(transaction) {
            let record = transaction_record(&self.shared.settings, info, flow, transaction);
            self.emit(event_type, record);
        }
        self.account.app_transactions(protocol, flow.tcp.is_none(), 1);
        if let Some(app) = &mut flow.app {
            app.release(id);
        }
    }

    /// Raises what fired on a flow, with the transaction each names.
    pub(super) fn raise_on_flow(
        &mut self,
        info: &PacketInfo<'_>,
        flow: &mut Flow,
        direction: Option<Direction>,
        found: &[Match],
    ) {
        if found.is_empty() {
            return;
        }
        self.raise_matches(info, flow, direction, found);
    }
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
