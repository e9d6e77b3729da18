//! Keyword `tag`: packets after a match that are recorded.

use std::net::IpAddr;

use fengsui_schema::Timestamp;
use fengsui_signatures::{Tag, TagMetric};

use super::Worker;
use crate::eve::{PacketInfo, packet_record};
use crate::flow::Flow;
use crate::limits::TAGGED_HOSTS;

/// What is still to be recorded of a flow or a host.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tagged {
    tag: Tag,
    since: Timestamp,
    /// Packets or bytes so far.
    taken: u32,
    /// Number of the packet that set it, which is not recorded itself.
    set_by: u64,
}

impl Tagged {
    fn new(tag: Tag, info: &PacketInfo<'_>) -> Self {
        Self { tag, since: info.time, taken: 0, set_by: info.number }
    }

    /// Whether this packet is to be recorded; none when no more are.
    fn take(&mut self, info: &PacketInfo<'_>) -> Option<bool> {
        if self.set_by == info.number {
            return Some(false);
        }
        let within = match self.tag.metric {
            TagMetric::Seconds => info.time.as_seconds() - self.since.as_seconds() <= i64::from(self.tag.count),
            TagMetric::Packets | TagMetric::Bytes => self.taken < self.tag.count,
        };
        if !within {
            return None;
        }
        self.taken = self.taken.saturating_add(match self.tag.metric {
            TagMetric::Bytes => u32::try_from(info.length).unwrap_or(u32::MAX),
            TagMetric::Packets | TagMetric::Seconds => 1,
        });
        Some(true)
    }
}

impl Worker {
    /// Begins to record what follows.
    pub(super) fn tag(&mut self, info: &PacketInfo<'_>, flow: &mut Flow, tag: Tag) {
        if !tag.host {
            flow.tagged.get_or_insert(Tagged::new(tag, info));
            return;
        }
        let Some(sides) = info.sides else { return };
        let host = if tag.destination { sides.1.0 } else { sides.0.0 };
        if self.tagged_hosts.len() < TAGGED_HOSTS {
            self.tagged_hosts.entry(host).or_insert(Tagged::new(tag, info));
        }
    }

    /// Records the packet when its flow or one of its hosts asks for it.
    pub(super) fn tell_tagged(&mut self, info: &PacketInfo<'_>, flow: &mut Flow) {
        let mut wanted = take(&mut flow.tagged, info);
        if let (false, Some((source, destination))) = (self.tagged_hosts.is_empty(), info.sides) {
            wanted |= self.take_host(source.0, info);
            wanted |= self.take_host(destination.0, info);
        }
        if wanted && self.writes("alert") {
            let record = packet_record(info, flow, self.number_to_tell(info.number));
            self.emit("packet", &record);
        }
    }

    fn take_host(&mut self, host: IpAddr, info: &PacketInfo<'_>) -> bool {
        let Some(tagged) = self.tagged_hosts.get_mut(&host) else { return false };
        let mut kept = Some(*tagged);
        let wanted = take(&mut kept, info);
        match kept {
            Some(kept) => *tagged = kept,
            None => {
                self.tagged_hosts.remove(&host);
            }
        }
        wanted
    }
}

fn take(tagged: &mut Option<Tagged>, info: &PacketInfo<'_>) -> bool {
    let Some(inner) = tagged else { return false };
    let wanted = inner.take(info);
    if wanted.is_none() {
        *tagged = None;
    }
    wanted.unwrap_or(false)
}
