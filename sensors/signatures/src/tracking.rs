//! Counters that span flows: thresholds, xbits and hostbits.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use fengsui_schema::Timestamp;

use crate::keywords::bits::{Change, Holder};
use crate::keywords::threshold::{Rate, RateKind, Track, Unique};
use crate::port_set::{PortSet, PortSets};
use crate::rule::Rule;
use crate::{Action, FlowState, PacketView, limits};

/// Counters that span flows (thresholds, xbits, hostbits); shared by all workers, outlives a reload of the rules.
#[derive(Debug, Default)]
pub struct Tracking {
    rates: Mutex<Table<RateKey, Window>>,
    bits: Mutex<Table<BitKey, Timestamp>>,
    ports: Arc<PortSets>,
}

/// What the tables of [`Tracking`] hold and have had to refuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TrackingStatistics {
    /// Entries in the threshold table.
    pub threshold_entries: usize,
    /// Entries in the table of xbits and hostbits.
    pub bit_entries: usize,
    /// Counts lost because a table was full.
    pub shed: u64,
    /// Bytes of the sets of ports that rates with `unique_on` have seen.
    pub port_set_bytes: usize,
    /// Rates with `unique_on` that found no room for such a set, and so count every match.
    pub port_sets_refused: u64,
}

type Pair = (Option<IpAddr>, Option<IpAddr>);
type RateKey = (u64, u8, Pair);
type BitKey = (u64, Pair);

/// A table with a bound: when it is full, entries that have run out go, and what still does not fit is counted.
#[derive(Debug)]
struct Table<K, V> {
    entries: HashMap<K, V>,
    shed: u64,
    /// No sweep before this many entries: keeps the cost of sweeping a full table per entry constant.
    sweep_at: usize,
}

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Self { entries: HashMap::new(), shed: 0, sweep_at: 0 }
    }
}

/// What a rate lets a match do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RateVerdict {
    /// What the rule asks for.
    Alert,
    /// What the rule asks for, without an alert.
    Silent,
    /// Nothing: it does not count as a match.
    Nothing,
    /// This in the place of the rule's action.
    Act(Action),
}

/// One window of a rate.
#[derive(Debug, Clone)]
pub(crate) struct Window {
    start: Timestamp,
    end: Timestamp,
    count: u32,
    /// Of kind `Backoff`: the count that alerts next.
    due: u32,
    /// Of kind `Filter`: until when matches do something else.
    acts_until: Option<Timestamp>,
    /// With `unique_on`, unless there was no room for it.
    unique: Option<PortSet>,
}

impl<K: Eq + std::hash::Hash, V> Table<K, V> {
    /// Makes room for one more entry; whether there is.
    fn room(&mut self, limit: usize, alive: impl Fn(&V) -> bool) -> bool {
        if self.entries.len() < limit {
            return true;
        }
        if self.sweep_at == 0 {
            self.entries.retain(|_, value| alive(value));
            self.sweep_at = limit / 16;
        }
        self.sweep_at -= 1;
        let room = self.entries.len() < limit;
        self.shed += u64::from(!room);
        room
    }
}

/// A table stays sound when a thread that held it was torn down, so the poison is ignored.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

impl Tracking {
    /// What the tables hold.
    #[must_use]
    pub fn statistics(&self) -> TrackingStatistics {
        let (rates, bits) = (locked(&self.rates), locked(&self.bits));
        let (threshold_entries, bit_entries) = (rates.entries.len(), bits.entries.len());
        TrackingStatistics {
            threshold_entries,
            bit_entries,
            shed: rates.shed + bits.shed,
            port_set_bytes: self.ports.bytes(),
            port_sets_refused: self.ports.refused(),
        }
    }

    /// Counts a match and says what it may do.
    pub(crate) fn rate(&self, rule: &Rule, packet: &PacketView<'_>, mut flow: Option<&mut FlowState>) -> RateVerdict {
        let mut verdict = RateVerdict::Alert;
        for (place, rate) in rule.rates.iter().enumerate() {
            match self.count(rule.key, (place, rate), packet, flow.as_deref_mut()) {
                RateVerdict::Alert => {}
                RateVerdict::Nothing => return RateVerdict::Nothing,
                other => verdict = other,
            }
        }
        let suppressed = rule.suppressions.iter().any(|suppression| suppression.holds(packet));
        if suppressed { RateVerdict::Silent } else { verdict }
    }

    /// A rate that finds no room in the table does not hold back alerts.
    fn count(
        &self,
        rule: u64,
        (place, rate): (usize, &Rate),
        packet: &PacketView<'_>,
        flow: Option<&mut FlowState>,
    ) -> RateVerdict {
        let number = u8::try_from(place).unwrap_or(u8::MAX);
        if rate.track == Track::Flow {
            let Some(flow) = flow else { return RateVerdict::Alert };
            return flow
                .rate(rule, number, || self.window(rate, packet))
                .map_or(RateVerdict::Alert, |window| window.take(rate, packet));
        }
        let key = (rule, number, tracked(rate.track, packet));
        let mut table = locked(&self.rates);
        if !table.entries.contains_key(&key)
            && !table.room(limits::THRESHOLD_ENTRIES, |window| window.end > packet.time)
        {
            return if rate.kind == RateKind::DetectionFilter { RateVerdict::Nothing } else { RateVerdict::Alert };
        }
        table.entries.entry(key).or_insert_with(|| self.window(rate, packet)).take(rate, packet)
    }

    fn window(&self, rate: &Rate, packet: &PacketView<'_>) -> Window {
        Window::new(rate, packet, rate.unique_on.and_then(|_| PortSets::take(&self.ports)))
    }

    pub(crate) fn bit(&self, name: u64, holder: Holder, packet: &PacketView<'_>) -> bool {
        locked(&self.bits).entries.get(&(name, held(holder, packet))).is_some_and(|end| *end > packet.time)
    }

    pub(crate) fn change_bit(&self, name: u64, holder: Holder, packet: &PacketView<'_>, change: (Change, u32)) {
        let key = (name, held(holder, packet));
        let mut table = locked(&self.bits);
        let set = table.entries.get(&key).is_some_and(|end| *end > packet.time);
        let (change, expire) = change;
        if change == Change::Unset || (change == Change::Toggle && set) {
            table.entries.remove(&key);
        } else if set || table.room(limits::XBIT_ENTRIES, |end| *end > packet.time) {
            table.entries.insert(key, packet.time.plus_seconds(i64::from(expire)));
        }
    }
}

impl Window {
    fn new(rate: &Rate, packet: &PacketView<'_>, unique: Option<PortSet>) -> Self {
        let end = packet.time.plus_seconds(i64::from(rate.seconds));
        Self { start: packet.time, end, count: 0, due: rate.count, acts_until: None, unique }
    }

    /// Begins again at this packet.
    fn restart(&mut self, rate: &Rate, packet: &PacketView<'_>) {
        let unique = self.unique.take().map(PortSet::emptied);
        *self = Self::new(rate, packet, unique);
    }

    /// Counts one match; what the rate lets it do.
    fn take(&mut self, rate: &Rate, packet: &PacketView<'_>) -> RateVerdict {
        if let (RateKind::Filter, Some((action, seconds))) = (rate.kind, rate.instead) {
            return self.filter(rate, packet, (action, seconds));
        }
        if rate.kind != RateKind::Backoff && (packet.time >= self.end || packet.time < self.start) {
            self.restart(rate, packet);
        }
        self.add(rate, packet);
        match rate.kind {
            RateKind::Limit if self.count <= rate.count => RateVerdict::Alert,
            RateKind::Limit => RateVerdict::Silent,
            RateKind::Both => self.once(rate),
            RateKind::Threshold if self.count >= rate.count => {
                self.restart(rate, packet);
                RateVerdict::Alert
            }
            RateKind::DetectionFilter if self.count > rate.count => RateVerdict::Alert,
            RateKind::Backoff if self.count == self.due => {
                self.due = self.due.saturating_mul(rate.multiplier);
                RateVerdict::Alert
            }
            RateKind::Backoff => RateVerdict::Silent,
            _ => RateVerdict::Nothing,
        }
    }

    fn add(&mut self, rate: &Rate, packet: &PacketView<'_>) {
        let Some(unique) = rate.unique_on else {
            self.count = self.count.saturating_add(1);
            return;
        };
        let port = match unique {
            Unique::SourcePort => packet.source_port,
            Unique::DestinationPort => packet.destination_port,
        };
        let new = self.unique.as_mut().is_none_or(|seen| seen.insert(port));
        self.count = self.count.saturating_add(u32::from(new));
    }

    fn once(&mut self, rate: &Rate) -> RateVerdict {
        if self.count < rate.count {
            return RateVerdict::Nothing;
        }
        let first = self.count == rate.count;
        // Counting on past the alert keeps a distinct-value counter from alerting again.
        self.count = self.count.saturating_add(u32::from(first && rate.unique_on.is_some()));
        if first { RateVerdict::Alert } else { RateVerdict::Silent }
    }

    fn filter(&mut self, rate: &Rate, packet: &PacketView<'_>, (action, seconds): (Action, u32)) -> RateVerdict {
        if let Some(until) = self.acts_until {
            if packet.time <= until {
                return RateVerdict::Act(action);
            }
            self.acts_until = None;
            return RateVerdict::Alert;
        }
        if packet.time >= self.end || packet.time < self.start {
            self.restart(rate, packet);
        }
        self.count = self.count.saturating_add(1);
        if self.count <= rate.count {
            return RateVerdict::Alert;
        }
        self.acts_until = Some(packet.time.plus_seconds(i64::from(seconds)));
        RateVerdict::Act(action)
    }
}

fn tracked(track: Track, packet: &PacketView<'_>) -> Pair {
    match track {
        Track::Source => (packet.source, None),
        Track::Destination => (None, packet.destination),
        Track::Both => (packet.source, packet.destination),
        Track::Rule => (None, None),
        // Flows keep their own counts.
        Track::Flow => (None, None),
    }
}

fn held(holder: Holder, packet: &PacketView<'_>) -> Pair {
    match holder {
        Holder::Source | Holder::Flow | Holder::Transaction => (packet.source, None),
        Holder::Destination => (packet.destination, None),
        Holder::Pair => (packet.source.min(packet.destination), packet.source.max(packet.destination)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alerts(kind: RateKind, count: u32, seconds: u32, times: &[i64]) -> Vec<bool> {
        let tracking = Tracking::default();
        let rate = Rate { kind, track: Track::Source, count, seconds, unique_on: None, multiplier: 10, instead: None };
        let (a, b) = ("10.0.0.1:1".parse().unwrap(), "10.0.0.2:2".parse().unwrap());
        let at = |second: &i64| {
            let mut packet = PacketView::new(a, b, 6, b"");
            packet.time = Timestamp::EPOCH.plus_seconds(*second);
            tracking.count(1, (0, &rate), &packet, None) == RateVerdict::Alert
        };
        times.iter().map(at).collect()
    }

    #[test]
    fn the_four_kinds_count_as_the_language_says() {
        let (yes, no) = (true, false);
        assert_eq!(alerts(RateKind::Limit, 2, 10, &[0, 1, 2, 11]), [yes, yes, no, yes]);
        assert_eq!(alerts(RateKind::Threshold, 2, 10, &[0, 1, 2, 3, 4]), [no, yes, no, yes, no]);
        assert_eq!(alerts(RateKind::Both, 2, 10, &[0, 1, 2, 11, 12]), [no, yes, no, no, yes]);
        assert_eq!(alerts(RateKind::DetectionFilter, 2, 10, &[0, 1, 2, 3, 30]), [no, no, yes, yes, no]);
        let twelve: Vec<i64> = (0..12).collect();
        let expected: Vec<bool> = (1..=12).map(|count| count == 1 || count == 10).collect();
        assert_eq!(alerts(RateKind::Backoff, 1, 1, &twelve), expected);
    }

    #[test]
    fn bits_of_a_pair_hold_both_ways_until_they_expire() {
        let tracking = Tracking::default();
        let (a, b) = ("10.0.0.1:1".parse().unwrap(), "10.0.0.2:2".parse().unwrap());
        let mut packet = PacketView::new(a, b, 6, b"");
        tracking.change_bit(7, Holder::Pair, &packet, (Change::Set, 10));
        packet = PacketView::new(b, a, 6, b"");
        assert!(tracking.bit(7, Holder::Pair, &packet) && !tracking.bit(7, Holder::Source, &packet));
        packet.time = Timestamp::EPOCH.plus_seconds(10);
        assert!(!tracking.bit(7, Holder::Pair, &packet));
    }
}
