//! What a worker has seen, inspected and lost.

use std::collections::BTreeMap;

use fengsui_files::HelperCounts;
use fengsui_protocols::{AppProtocol, PARSERS, TransportKind};
use fengsui_schema::{LossCause, Timestamp, Visibility};
use fengsui_signatures::TrackingStatistics;
use serde_json::{Map, Value};

use crate::settings::ExceptionPolicy;

/// What became of one packet. Every packet has exactly one fate, so that the account balances.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Fate {
    /// Decoded, followed and shown to the rules, as far as the settings ask for it.
    #[default]
    Inspected,
    /// Held until what belongs to it has come: [`Account::hold`] has counted it, [`Account::release`] says how it ended.
    Held,
    /// Not inspected in full.
    Lost(LossCause),
}

/// How packets that were held ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Released {
    /// All of them.
    pub(crate) packets: u64,
    /// Of them: lost to a gap.
    pub(crate) behind_gap: u64,
    /// Of them: lost as a parser had given up.
    pub(crate) given_up: u64,
    /// Of them: lost to a limit.
    pub(crate) shed: u64,
}

macro_rules! counters {
    ($($variant:ident => $name:literal, $meaning:literal;)*) => {
        /// A counter of statistics records, by EVE's dotted names where EVE has one.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Counter { $($variant,)* }

        const COUNTER_NAMES: &[&str] = &[$($name,)*];

        /// Counters of the `stats` record and what they count; those of [`HELPER_COUNTERS`] come beside them.
        pub const COUNTERS: &[(&str, &str)] = &[$(($name, $meaning),)*];
    };
}

counters! {
    DecoderPackets => "decoder.pkts", "Packets that workers were given.";
    DecoderBytes => "decoder.bytes", "Their bytes.";
    DecoderInvalid => "decoder.invalid", "Packets of which a header is broken.";
    DecoderIpv4 => "decoder.ipv4", "IPv4 headers decoded.";
    DecoderIpv6 => "decoder.ipv6", "IPv6 headers decoded.";
    DecoderEthernet => "decoder.ethernet", "Ethernet frames.";
    DecoderArp => "decoder.arp", "ARP packets.";
    DecoderTcp => "decoder.tcp", "TCP segments.";
    DecoderUdp => "decoder.udp", "UDP datagrams.";
    DecoderSctp => "decoder.sctp", "SCTP packets.";
    DecoderIcmpv4 => "decoder.icmpv4", "ICMPv4 messages.";
    DecoderIcmpv6 => "decoder.icmpv6", "ICMPv6 messages.";
    DecoderVlan => "decoder.vlan", "Packets with VLAN tags.";
    DecoderVxlan => "decoder.vxlan", "VXLAN packets.";
    DecoderGeneve => "decoder.geneve", "Geneve packets.";
    DecoderGre => "decoder.gre", "GRE packets.";
    DecoderErspan => "decoder.erspan", "ERSPAN packets.";
    DecoderTeredo => "decoder.teredo", "Teredo packets.";
    DecoderIpv4InIpv4 => "decoder.ipv4_in_ipv4", "IPv4 in IPv4.";
    DecoderIpv6InIpv4 => "decoder.ipv6_in_ipv4", "IPv6 in IPv4.";
    DecoderIpv4InIpv6 => "decoder.ipv4_in_ipv6", "IPv4 in IPv6.";
    DecoderIpv6InIpv6 => "decoder.ipv6_in_ipv6", "IPv6 in IPv6.";
    DefragFragments => "defrag.fragments", "IP fragments.";
    DefragReassembled => "defrag.reassembled", "Packets put together from fragments.";
    FlowTotal => "flow.total", "Flows.";
    FlowTcp => "flow.tcp", "TCP flows.";
    FlowUdp => "flow.udp", "UDP flows.";
    FlowIcmpv4 => "flow.icmpv4", "ICMPv4 flows.";
    FlowIcmpv6 => "flow.icmpv6", "ICMPv6 flows.";
    FlowOneSidedTcp => "flow.one_sided.tcp", "TCP flows of which one direction was seen alone, by the time they ended.";
    FlowOneSidedUdp => "flow.one_sided.udp", "UDP flows of which one direction was seen alone, by the time they ended.";
    FlowReused => "flow.tcp_reuse", "TCP flows that began on the ports of one that had ended.";
    FlowEndTimeout => "flow.end.timeout", "Flows that ended because they were silent.";
    FlowEndFull => "flow.end.table_full", "Flows ended because the table was full.";
    FlowEndMemory => "flow.end.memory", "Flows ended because memory was used up.";
    FlowEndShutdown => "flow.end.shutdown", "Flows that were alive at the end.";
    TcpSyn => "tcp.syn", "Segments that open a connection.";
    TcpSynAck => "tcp.synack", "Answers to them.";
    TcpRst => "tcp.rst", "Resets.";
    TcpSessions => "tcp.sessions", "Connections whose handshake was seen.";
    TcpMidstream => "tcp.midstream_pickups", "Connections met in the middle.";
    TcpInvalidChecksum => "tcp.invalid_checksum", "Segments with a wrong checksum.";
    TcpGaps => "tcp.reassembly_gap", "Gaps in streams.";
    TcpGapBytes => "tcp.gap_bytes", "Bytes missing in them.";
    TcpRejected => "tcp.rejected_segments", "Segments that their receiver would not take.";
    PayloadPackets => "app_layer.payload.pkts", "TCP and UDP packets with a payload that their flow took.";
    PayloadUnknown => "app_layer.payload.unknown", "Of them: of a protocol that no parser knows.";
    PayloadTlcpUnread => "app_layer.payload.tlcp_unread", "Of them: of TLCP, where its handshake could not be followed.";
    DetectAlerts => "detect.alert", "Alerts.";
    DetectAlertsSuppressed => "detect.alert_queue_overflow", "Alerts past what one packet may raise.";
    DetectAlertsHeldBack => "detect.alerts_suppressed", "Alerts held back by suppressions and rates.";
    EvidenceFailed => "evidence.failed", "Captures of alerts that could not be written.";
    IpsAccepted => "ips.accepted", "Packets a sensor in front of a network would let pass.";
    IpsBlocked => "ips.blocked", "Packets it would hold.";
    IpsDropRules => "ips.drop_reason.rules", "Of them: by a rule.";
    IpsDropFlow => "ips.drop_reason.flow_drop", "Of them: of a flow that is held.";
    IpsDropThreshold => "ips.drop_reason.threshold_detection_filter", "Of them: by a rate.";
    IpsDropMidstream => "ips.drop_reason.stream_midstream", "Of them: of a connection met in the middle.";
    IpsRejected => "ips.rejected", "Connections it would reset.";
    ExpectationsShed => "flow.expectations_shed", "Announced connections past what is remembered.";
    FilesSeen => "file_store.files", "Files seen.";
    FilesShed => "file_store.shed", "Files past what one flow may have.";
    FilesKept => "file_store.kept", "Files written to the store.";
    FilesNotKept => "file_store.not_kept", "Files that were to be written and were not.";
    FileStoreErrors => "file_store.fs_errors", "Of them: the disk failed.";
    FileContentShed => "file_store.content_shed", "Pieces of files past what contents may hold in memory.";
    YaraShed => "file_store.yara_shed", "Files that YARA did not look at as the queue was full.";
    YaraUnfinished => "file_store.yara_unfinished", "Files that YARA did not look at to their end.";
    ScanWorkerLost => "file_store.scan_worker_lost", "Files whose scan worker ended over them, was killed, or could not be reached.";
    Findings => "dlp.findings", "Findings of sensitive data.";
    ContentShed => "dlp.content_shed", "Files that were not searched for sensitive data as the queue was full.";
    ContentUnfinished => "dlp.content_unfinished", "Files that were not searched to their end.";
    ContentUnread => "dlp.content_unread", "Files of which parts could not be read.";
    EvidenceFiles => "evidence.files", "Captures of alerts that were begun.";
    EvidenceShed => "evidence.shed", "Captures past what may be written at once.";
    Panics => "worker.panics", "Packets over which the code panicked; each is lost and its flow forgotten.";
}

/// Counters of the processes that start scan workers, in the order of [`HelperCounts`], and what they count.
pub const HELPER_COUNTERS: [(&str, &str); 2] = [
    ("file_store.scan_helpers_restarted", "Keepers of scan workers that were started in the place of lost ones."),
    (
        "file_store.scan_helpers_gone",
        "1 when both keepers of scan workers are gone: no file is scanned until the sensor starts again.",
    ),
];

const COUNTS: usize = COUNTER_NAMES.len();

/// A protocol, and whether datagrams carry it.
type AppKey = (AppProtocol, bool);

/// The name of a protocol in statistics: with its carrier when it has both.
fn statistics_name((protocol, is_udp): AppKey) -> String {
    let name = protocol.as_str();
    let carried_by_both = PARSERS.iter().any(|parser| parser.protocol == protocol && parser.transports.len() > 1);
    match (carried_by_both, is_udp) {
        (false, _) => name.to_owned(),
        (true, true) => format!("{name}_udp"),
        (true, false) => format!("{name}_tcp"),
    }
}

/// What a worker has seen, inspected and lost since its start.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    counters: [u64; COUNTS],
    decoder_events: BTreeMap<&'static str, u64>,
    stream_events: BTreeMap<&'static str, u64>,
    app_flows: BTreeMap<AppKey, u64>,
    app_transactions: BTreeMap<AppKey, u64>,
    inspected: u64,
    /// Packets that wait for what belongs to them.
    held: u64,
    losses: BTreeMap<LossCause, u64>,
    /// Packets that a policy for flows without an opening was applied to, by the policy's word.
    midstream: BTreeMap<&'static str, u64>,
    /// Largest packet in bytes.
    pub(crate) max_packet: u64,
    /// Flows alive.
    pub(crate) flows: u64,
    /// What flows hold, in percent of what they may, now and at most.
    pub(crate) pressure: u64,
    pub(crate) pressure_max: u64,
    /// Events made.
    pub(crate) events: u64,
}

impl Default for Account {
    fn default() -> Self {
        Self {
            counters: [0; COUNTS],
            decoder_events: BTreeMap::new(),
            stream_events: BTreeMap::new(),
            app_flows: BTreeMap::new(),
            app_transactions: BTreeMap::new(),
            inspected: 0,
            held: 0,
            losses: BTreeMap::new(),
            midstream: BTreeMap::new(),
            max_packet: 0,
            flows: 0,
            pressure: 0,
            pressure_max: 0,
            events: 0,
        }
    }
}

impl Account {
    pub(crate) fn add(&mut self, counter: Counter, count: u64) {
        self.counters[counter as usize] += count;
    }

    pub(crate) fn count(&mut self, counter: Counter) {
        self.add(counter, 1);
    }

    pub(crate) fn get(&self, counter: Counter) -> u64 {
        self.counters[counter as usize]
    }

    pub(crate) fn settle(&mut self, fate: Fate) {
        match fate {
            Fate::Inspected => self.inspected += 1,
            Fate::Held => {}
            Fate::Lost(cause) => self.lose(cause, 1),
        }
    }

    fn lose(&mut self, cause: LossCause, packets: u64) {
        if packets > 0 {
            *self.losses.entry(cause).or_default() += packets;
        }
    }

    /// Counts a packet whose fate is open.
    pub(crate) fn hold(&mut self) {
        self.held += 1;
    }

    /// Settles packets that were held. No more are settled than are held, whatever is asked for.
    pub(crate) fn release(&mut self, released: Released) {
        let packets = released.packets.min(self.held);
        self.held -= packets;
        let mut left = packets;
        let lost = [
            (LossCause::Gap, released.behind_gap),
            (LossCause::Parser, released.given_up),
            (LossCause::MemoryLimit, released.shed),
        ];
        for (cause, count) in lost {
            let count = count.min(left);
            left -= count;
            self.lose(cause, count);
        }
        self.inspected += left;
    }

    pub(crate) fn exception(&mut self, policy: ExceptionPolicy) {
        if policy != ExceptionPolicy::Ignore {
            *self.midstream.entry(policy.as_str()).or_default() += 1;
        }
    }

    pub(crate) fn decoder_event(&mut self, name: &'static str) {
        *self.decoder_events.entry(name).or_default() += 1;
    }

    pub(crate) fn stream_event(&mut self, name: &'static str) {
        *self.stream_events.entry(name).or_default() += 1;
    }

    pub(crate) fn app_flow(&mut self, protocol: AppProtocol, is_udp: bool) {
        *self.app_flows.entry((protocol, is_udp)).or_default() += 1;
    }

    pub(crate) fn app_transactions(&mut self, protocol: AppProtocol, is_udp: bool, count: u64) {
        *self.app_transactions.entry((protocol, is_udp)).or_default() += count;
    }

    /// Adds the account of another worker.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.counters.iter_mut().zip(other.counters).for_each(|(sum, count)| *sum += count);
        merge_counts(&mut self.decoder_events, &other.decoder_events);
        merge_counts(&mut self.stream_events, &other.stream_events);
        merge_counts(&mut self.app_flows, &other.app_flows);
        merge_counts(&mut self.app_transactions, &other.app_transactions);
        merge_counts(&mut self.losses, &other.losses);
        merge_counts(&mut self.midstream, &other.midstream);
        self.inspected += other.inspected;
        self.held += other.held;
        self.max_packet = self.max_packet.max(other.max_packet);
        self.flows += other.flows;
        self.pressure = self.pressure.max(other.pressure);
        self.pressure_max = self.pressure_max.max(other.pressure_max);
        self.events += other.events;
    }

    /// Packets the workers were given.
    pub(crate) fn packets(&self) -> u64 {
        self.get(Counter::DecoderPackets)
    }

    /// The visibility record, with `ring_drops` packets that never reached a worker. Packets that are held count as
    /// inspected until it is known that they were not. Every cause is named, those that cost nothing too.
    pub(crate) fn visibility(&self, time: Timestamp, ring_drops: u64, context: &VisibilityContext<'_>) -> Visibility {
        let lost = |cause| self.losses.get(&cause).copied().unwrap_or(0);
        let ring = |cause| if cause == LossCause::Ring { ring_drops } else { 0 };
        Visibility {
            time,
            observer: context.observer.to_owned(),
            interface: context.interface.to_owned(),
            packets_seen: self.packets() + ring_drops,
            packets_inspected: self.inspected + self.held,
            losses: LossCause::ALL.into_iter().map(|cause| (cause, lost(cause) + ring(cause))).collect(),
            bytes_seen: self.get(Counter::DecoderBytes),
            bytes_missing: self.get(Counter::TcpGapBytes),
            rules_version: context.rules_version.to_owned(),
            rules_loaded: context.rules_loaded,
            rules_failed: context.rules_failed,
            events_emitted: self.events,
            events_shed: context.events_shed,
        }
    }

    /// The object `stats` of EVE.
    pub(crate) fn statistics(&self, uptime_seconds: i64, rules: RuleCounts, zeros: bool) -> Map<String, Value> {
        let mut stats = Map::new();
        stats.insert("uptime".to_owned(), uptime_seconds.into());
        for (name, value) in COUNTER_NAMES.iter().zip(self.counters).filter(|entry| zeros || entry.1 > 0) {
            place(&mut stats, name, value.into());
        }
        place(&mut stats, "decoder.max_pkt_size", self.max_packet.into());
        let packets = self.packets().max(1);
        place(&mut stats, "decoder.avg_pkt_size", (self.get(Counter::DecoderBytes) / packets).into());
        place(&mut stats, "flow.active", self.flows.into());
        place(&mut stats, "memcap.pressure", self.pressure.into());
        place(&mut stats, "memcap.pressure_max", self.pressure_max.into());
        for (name, count) in &self.decoder_events {
            let short = name.strip_prefix("decoder.").unwrap_or(name);
            place(&mut stats, &format!("decoder.event.{short}"), (*count).into());
        }
        for (name, count) in &self.stream_events {
            place(&mut stats, &name.replacen("stream.", "stream.event.", 1), (*count).into());
        }
        for (policy, count) in &self.midstream {
            place(&mut stats, &format!("exception_policy.tcp.midstream.{policy}"), (*count).into());
        }
        for parser in PARSERS {
            for transport in parser.transports {
                let key = (parser.protocol, *transport == TransportKind::Udp);
                let name = statistics_name(key);
                let count = |counts: &BTreeMap<AppKey, u64>| Value::from(counts.get(&key).copied().unwrap_or(0));
                place(&mut stats, &format!("app_layer.flow.{name}"), count(&self.app_flows));
                place(&mut stats, &format!("app_layer.tx.{name}"), count(&self.app_transactions));
            }
        }
        let engine = serde_json::json!({"id": 0, "rules_loaded": rules.loaded, "rules_failed": rules.failed, "rules_skipped": rules.skipped});
        place(&mut stats, "detect.engines", Value::Array(vec![engine]));
        stats
    }
}

/// Adds what rates, xbits and hostbits hold to the object `stats` of EVE.
pub(crate) fn add_tracking(stats: &mut Map<String, Value>, tracking: TrackingStatistics) {
    place(stats, "detect.thresholds.entries", tracking.threshold_entries.into());
    place(stats, "detect.thresholds.bits", tracking.bit_entries.into());
    place(stats, "detect.thresholds.shed", tracking.shed.into());
    place(stats, "detect.thresholds.bitmap_memuse", tracking.port_set_bytes.into());
    place(stats, "detect.thresholds.bitmap_alloc_fail", tracking.port_sets_refused.into());
}

/// Adds what became of the processes that start scan workers to the object `stats` of EVE.
pub(crate) fn add_helpers(stats: &mut Map<String, Value>, helpers: HelperCounts, zeros: bool) {
    let counts = [helpers.restarted, helpers.gone];
    for ((name, _), count) in HELPER_COUNTERS.iter().zip(counts).filter(|entry| zeros || entry.1 > 0) {
        place(stats, name, count.into());
    }
}

/// What became of the rules that were handed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RuleCounts {
    pub(crate) loaded: u32,
    pub(crate) failed: u32,
    /// For other versions, by their own word.
    pub(crate) skipped: u32,
}

/// What a visibility record says beside the counts.
pub(crate) struct VisibilityContext<'a> {
    pub(crate) observer: &'a str,
    pub(crate) interface: &'a str,
    pub(crate) rules_version: &'a str,
    pub(crate) rules_loaded: u32,
    pub(crate) rules_failed: u32,
    pub(crate) events_shed: u64,
}

fn merge_counts<K: Ord + Copy>(sum: &mut BTreeMap<K, u64>, other: &BTreeMap<K, u64>) {
    for (key, count) in other {
        *sum.entry(*key).or_default() += count;
    }
}

/// Puts a value at a dotted path.
fn place(object: &mut Map<String, Value>, path: &str, value: Value) {
    match path.split_once('.') {
        None => {
            object.insert(path.to_owned(), value);
        }
        Some((head, rest)) => {
            if let Value::Object(inner) = object.entry(head).or_insert_with(|| Value::Object(Map::new())) {
                place(inner, rest, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_account_balances_whatever_happens() {
        let mut account = Account::default();
        for fate in [Fate::Inspected, Fate::Lost(LossCause::Checksum), Fate::Lost(LossCause::Truncated)] {
            account.count(Counter::DecoderPackets);
            account.settle(fate);
        }
        let context = VisibilityContext {
            observer: "o",
            interface: "i",
            rules_version: "",
            rules_loaded: 0,
            rules_failed: 0,
            events_shed: 0,
        };
        let record = account.visibility(Timestamp::EPOCH, 5, &context);
        assert_eq!(record.packets_seen, 8);
        assert!(record.balances());
        assert_eq!(record.losses.len(), LossCause::ALL.len(), "every cause is named");
    }

    #[test]
    fn packets_that_are_held_end_once() {
        let mut account = Account::default();
        for _ in 0..10 {
            account.count(Counter::DecoderPackets);
            account.hold();
            account.settle(Fate::Held);
        }
        let context = VisibilityContext {
            observer: "o",
            interface: "i",
            rules_version: "",
            rules_loaded: 0,
            rules_failed: 0,
            events_shed: 0,
        };
        account.release(Released { packets: 4, behind_gap: 2, given_up: 1, shed: 0 });
        let record = account.visibility(Timestamp::EPOCH, 0, &context);
        assert_eq!((record.packets_inspected, record.lost(LossCause::Gap), record.lost(LossCause::Parser)), (7, 2, 1));
        assert!(record.balances());
        account.release(Released { packets: 90, behind_gap: 80, ..Released::default() });
        let record = account.visibility(Timestamp::EPOCH, 0, &context);
        assert_eq!((record.packets_inspected, record.lost(LossCause::Gap)), (1, 8));
        assert!(record.balances());
    }

    #[test]
    fn counters_are_nested_by_their_dots() {
        let mut account = Account::default();
        account.decoder_event("decoder.ipv4.trunc_pkt");
        let stats = Value::Object(account.statistics(1, RuleCounts { loaded: 2, failed: 0, skipped: 0 }, true));
        assert_eq!(stats["decoder"]["event"]["ipv4"]["trunc_pkt"], 1);
        assert_eq!(stats["detect"]["engines"][0]["rules_loaded"], 2);
    }
}
