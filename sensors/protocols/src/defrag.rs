//! Puts IP datagrams together from their fragments.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;

use fengsui_schema::Timestamp;
use serde::Deserialize;

use crate::decode::{Decoded, Fragment, Ip, Vlans, checksum};
use crate::limits::{DEFRAGMENTED_BYTES, FRAGMENTS_PER_DATAGRAM};
use crate::pieces::Pieces;
use crate::stream::OverlapPolicy;

const IPV6_HEADER: usize = 40;
const FRAGMENT_HEADER: usize = 8;

/// How fragments are put together.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DefragSettings {
    /// Which data wins when overlapping fragments differ, unless the caller names another policy for the receiver.
    pub policy: OverlapPolicy,
    /// Seconds after its first fragment at which an incomplete datagram is given up.
    pub timeout_seconds: u32,
    /// Incomplete datagrams held at once; the oldest is given up for a new one.
    pub max_datagrams: usize,
    /// Bytes of fragments held at once; the oldest datagram is given up for new ones.
    pub max_bytes: usize,
}

impl Default for DefragSettings {
    fn default() -> Self {
        Self { policy: OverlapPolicy::Bsd, timeout_seconds: 60, max_datagrams: 65_536, max_bytes: 32 << 20 }
    }
}

/// What came of a fragment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DefragOutcome {
    /// The whole datagram from its IP header on, when this fragment completed it; hand it to [`crate::decode_ip`].
    pub datagram: Option<Vec<u8>>,
    /// Anomalies (`decoder.ipv4.frag_overlap`).
    pub events: Vec<&'static str>,
    /// Whether it waits for others of its datagram.
    pub kept: bool,
    /// Whether it was left out as too many of its datagram came.
    pub shed: bool,
    /// Fragments that have waited for this one, when it completed the datagram.
    pub completed: u64,
}

/// What was put together and what was given up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DefragStatistics {
    /// Fragments seen.
    pub fragments: u64,
    /// Datagrams completed.
    pub completed: u64,
    /// Datagrams given up after the time-out.
    pub timed_out: u64,
    /// Datagrams given up for the limits on number and bytes.
    pub evicted: u64,
    /// Fragments left out: past the largest datagram, or too many of one.
    pub ignored: u64,
    /// Overlaps with different data.
    pub conflicts: u64,
    /// Fragments of the datagrams that timed out.
    pub fragments_timed_out: u64,
    /// Fragments of the datagrams given up for the limits.
    pub fragments_evicted: u64,
}

/// Incomplete datagrams.
#[derive(Debug)]
pub struct Defragmenter {
    settings: DefragSettings,
    datagrams: HashMap<Key, Datagram>,
    /// Keys by arrival, to time out the oldest first; a serial tells a reused key from the first use.
    order: VecDeque<(Timestamp, u64, Key)>,
    serial: u64,
    bytes: usize,
    statistics: DefragStatistics,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    source: IpAddr,
    destination: IpAddr,
    id: u32,
    /// IPv4 only: the identification counts per protocol.
    protocol: u8,
    vlans: Vlans,
    depth: u8,
}

#[derive(Debug, Default)]
struct Datagram {
    serial: u64,
    pieces: Pieces,
    arrivals: usize,
    /// Header of the first fragment, ready but for its length.
    header: Option<Vec<u8>>,
    /// Length of the payload, once the last fragment was seen.
    length: Option<u64>,
}

/// Event names of an IP version.
struct Names {
    overlap: &'static str,
    too_large: &'static str,
    ignored: &'static str,
}

const V4: Names = Names {
    overlap: "decoder.ipv4.frag_overlap",
    too_large: "decoder.ipv4.frag_pkt_too_large",
    ignored: "decoder.ipv4.frag_ignored",
};
const V6: Names = Names {
    overlap: "decoder.ipv6.frag_overlap",
    too_large: "decoder.ipv6.frag_pkt_too_large",
    ignored: "decoder.ipv6.frag_ignored",
};

impl Defragmenter {
    /// An empty one.
    #[must_use]
    pub fn new(settings: DefragSettings) -> Self {
        Self {
            settings,
            datagrams: HashMap::new(),
            order: VecDeque::new(),
            serial: 0,
            bytes: 0,
            statistics: DefragStatistics::default(),
        }
    }

    /// Counts so far.
    #[must_use]
    pub fn statistics(&self) -> DefragStatistics {
        self.statistics
    }

    /// Bytes of fragments held.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        self.bytes
    }

    /// Adds a fragment (a packet with [`Ip::fragment`]); `policy` is that of the receiving host, when it is known.
    pub fn add(&mut self, time: Timestamp, decoded: &Decoded<'_>, policy: Option<OverlapPolicy>) -> DefragOutcome {
        let mut outcome = DefragOutcome::default();
        let Some((ip, fragment)) = decoded.ip.as_ref().and_then(|ip| Some((ip, ip.fragment?))) else { return outcome };
        if decoded.invalid {
            return outcome;
        }
        self.statistics.fragments += 1;
        self.expire(time);
        let names = if ip.version == 4 { V4 } else { V6 };
        let key = key_of(decoded, ip, &fragment);
        let data = fragment_data(ip, &fragment);
        if fragment.offset + data.len() > DEFRAGMENTED_BYTES {
            self.statistics.ignored += 1;
            outcome.events.push(names.too_large);
            return outcome;
        }
        self.admit(time, key);
        let policy = policy.unwrap_or(self.settings.policy);
        self.insert(&key, ip, &fragment, &data, policy, &names, &mut outcome);
        outcome.completed = self.fragments_of(&key);
        outcome.datagram = self.complete(&key, ip.version);
        outcome.kept &= outcome.datagram.is_none();
        outcome.completed = if outcome.datagram.is_some() { outcome.completed.saturating_sub(1) } else { 0 };
        self.shed();
        outcome
    }

    /// Gives up datagrams older than the time-out.
    pub fn expire(&mut self, now: Timestamp) {
        let limit = now.plus_seconds(-i64::from(self.settings.timeout_seconds));
        while self.order.front().is_some_and(|(begun, ..)| *begun < limit) {
            if let Some(fragments) = self.forget_oldest() {
                self.statistics.timed_out += 1;
                self.statistics.fragments_timed_out += fragments;
            }
        }
    }

    /// Gives up everything, as after the time-out.
    pub fn finish(&mut self) {
        while !self.order.is_empty() {
            if let Some(fragments) = self.forget_oldest() {
                self.statistics.timed_out += 1;
                self.statistics.fragments_timed_out += fragments;
            }
        }
    }

    fn fragments_of(&self, key: &Key) -> u64 {
        self.datagrams.get(key).map_or(0, |datagram| datagram.arrivals as u64)
    }

    fn admit(&mut self, time: Timestamp, key: Key) {
        if self.datagrams.contains_key(&key) {
            return;
        }
        self.serial += 1;
        self.datagrams.insert(key, Datagram { serial: self.serial, ..Datagram::default() });
        self.order.push_back((time, self.serial, key));
    }

    #[allow(clippy::too_many_arguments)]
    fn insert(
        &mut self,
        key: &Key,
        ip: &Ip<'_>,
        fragment: &Fragment,
        data: &[u8],
        policy: OverlapPolicy,
        names: &Names,
        outcome: &mut DefragOutcome,
    ) {
        let Some(datagram) = self.datagrams.get_mut(key) else { return };
        if datagram.arrivals >= FRAGMENTS_PER_DATAGRAM {
            self.statistics.ignored += 1;
            outcome.events.push(names.ignored);
            outcome.shed = true;
            return;
        }
        datagram.arrivals += 1;
        outcome.kept = true;
        let before = datagram.pieces.bytes();
        let overlap = datagram.pieces.insert(fragment.offset as u64, data, policy);
        self.bytes = self.bytes + datagram.pieces.bytes() - before;
        if overlap.any {
            outcome.events.push(names.overlap);
            self.statistics.conflicts += u64::from(overlap.different);
        }
        if fragment.offset == 0 && datagram.header.is_none() {
            datagram.header = Some(first_header(ip, fragment));
        }
        if !fragment.more {
            datagram.length.get_or_insert((fragment.offset + data.len()) as u64);
        }
    }

    /// Puts the datagram together when no byte is missing.
    fn complete(&mut self, key: &Key, version: u8) -> Option<Vec<u8>> {
        let datagram = self.datagrams.get(key)?;
        let whole = datagram.length? <= datagram.pieces.last_end()?
            && datagram.pieces.bytes() as u64 == datagram.pieces.last_end()?
            && datagram.header.is_some();
        if !whole {
            return None;
        }
        let mut datagram = self.datagrams.remove(key)?;
        self.bytes -= datagram.pieces.bytes();
        self.statistics.completed += 1;
        let length = usize::try_from(datagram.length?).ok()?;
        let mut bytes = datagram.header.take()?;
        let header = bytes.len();
        while let Some((_, piece)) = datagram.pieces.pop_first(u64::MAX) {
            bytes.extend_from_slice(&piece);
        }
        bytes.truncate(header + length);
        finish_header(&mut bytes, version);
        Some(bytes)
    }

    fn shed(&mut self) {
        while self.datagrams.len() > self.settings.max_datagrams || self.bytes > self.settings.max_bytes {
            if self.order.is_empty() {
                return;
            }
            if let Some(fragments) = self.forget_oldest() {
                self.statistics.evicted += 1;
                self.statistics.fragments_evicted += fragments;
            }
        }
        // Completed datagrams leave their entry behind; do not let those pile up.
        if self.order.len() > self.datagrams.len() * 2 + 64 {
            let datagrams = &self.datagrams;
            self.order.retain(|(_, serial, key)| datagrams.get(key).is_some_and(|held| held.serial == *serial));
        }
    }

    /// Takes the oldest entry off; the fragments of its datagram when that was still incomplete.
    fn forget_oldest(&mut self) -> Option<u64> {
        let (_, serial, key) = self.order.pop_front()?;
        if self.datagrams.get(&key).is_none_or(|datagram| datagram.serial != serial) {
            return None;
        }
        let datagram = self.datagrams.remove(&key)?;
        self.bytes -= datagram.pieces.bytes();
        Some(datagram.arrivals as u64)
    }
}

fn key_of(decoded: &Decoded<'_>, ip: &Ip<'_>, fragment: &Fragment) -> Key {
    Key {
        source: ip.source,
        destination: ip.destination,
        id: fragment.id,
        protocol: if ip.version == 4 { ip.protocol } else { 0 },
        vlans: decoded.vlans,
        depth: decoded.depth,
    }
}

/// What a fragment carries. For IPv6 that is everything after the fragment header, further extension headers included.
fn fragment_data<'a>(ip: &Ip<'a>, fragment: &Fragment) -> std::borrow::Cow<'a, [u8]> {
    let after = (fragment.header_at + FRAGMENT_HEADER).saturating_sub(IPV6_HEADER);
    match ip.options.get(after..) {
        Some(headers) if ip.version == 6 && !headers.is_empty() => [headers, ip.payload].concat().into(),
        _ => ip.payload.into(),
    }
}

/// The header of the whole datagram: fragment fields cleared, the IPv6 fragment header taken out.
fn first_header(ip: &Ip<'_>, fragment: &Fragment) -> Vec<u8> {
    let mut header = ip.header.to_vec();
    if ip.version == 4 {
        header[6..8].fill(0);
        return header;
    }
    let before = fragment.header_at.saturating_sub(IPV6_HEADER);
    let next = ip.options.get(before).copied().unwrap_or(0);
    header.extend_from_slice(ip.options.get(..before).unwrap_or(&[]));
    if let Some(named) = header.get_mut(fragment.next_header_at) {
        *named = next;
    }
    header
}

/// Writes the length of the whole datagram, and the checksum that goes with it.
fn finish_header(bytes: &mut [u8], version: u8) {
    let (at, length) = if version == 4 { (2, bytes.len()) } else { (4, bytes.len().saturating_sub(IPV6_HEADER)) };
    // Headers may carry a full payload past 65,535; the length field then holds what it can.
    let length = u16::try_from(length).unwrap_or(u16::MAX);
    if let Some(field) = bytes.get_mut(at..at + 2) {
        field.copy_from_slice(&length.to_be_bytes());
    }
    let header = bytes.first().map_or(0, |first| usize::from(first & 0xf) * 4);
    if let (4, Some(header)) = (version, bytes.get_mut(..header.max(20))) {
        header[10..12].fill(0);
        let checksum = checksum::of(header);
        header[10..12].copy_from_slice(&checksum.to_be_bytes());
    }
}
