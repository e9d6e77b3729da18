//! The reader of a capture file: batches for workers, and ticks of packet time.

use std::sync::mpsc::{Receiver, SyncSender};

use fengsui_capture::{CaptureError, LinkType, Packet, PacketSource};
use fengsui_protocols::{DecodeSettings, LinkLayer, decode};
use fengsui_schema::Timestamp;

use crate::flow::FlowKey;
use crate::limits::{BATCH_PACKETS, BATCHES_PER_ANSWER};

/// Packets and ticks for one worker, in order. Every worker gets every batch, empty or not.
#[derive(Default)]
pub(super) struct Batch {
    bytes: Vec<u8>,
    items: Vec<Item>,
    /// Number and time of the last packet of the file up to this batch, when workers are to answer.
    pub(super) until: Option<(u64, Timestamp)>,
}

enum Item {
    Packet {
        number: u64,
        time: Timestamp,
        original_length: u32,
        link: LinkType,
        vlan: Option<u16>,
        end: usize,
    },
    /// Packet time has reached another second.
    Tick {
        number: u64,
        time: Timestamp,
    },
}

/// What a worker finds in a batch.
pub(super) enum Step<'a> {
    Packet(Packet<'a>, u64),
    Tick(Timestamp, u64),
}

impl Batch {
    fn push(&mut self, packet: &Packet<'_>, number: u64) {
        self.bytes.extend_from_slice(packet.data);
        self.items.push(Item::Packet {
            number,
            time: packet.time,
            original_length: packet.original_length,
            link: packet.link,
            vlan: packet.vlan,
            end: self.bytes.len(),
        });
    }

    /// Empties it; it keeps its room for the next packets.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.items.clear();
        self.until = None;
    }

    /// Packets and ticks in order.
    pub(super) fn steps(&self) -> impl Iterator<Item = Step<'_>> {
        let mut start = 0;
        self.items.iter().map(move |item| match *item {
            Item::Packet { number, time, original_length, link, vlan, end } => {
                let data = &self.bytes[start..end];
                start = end;
                Step::Packet(Packet { time, data, original_length, link, vlan }, number)
            }
            Item::Tick { number, time } => Step::Tick(time, number),
        })
    }
}

/// Reads all packets and hands them to the workers; both ways between two addresses go to the same one. Batches come
/// back through `spent` and are filled again.
///
/// # Errors
/// When the source delivers no more; all packets before that were handed over.
pub(super) fn read(
    source: &mut dyn PacketSource,
    queues: &[SyncSender<Batch>],
    spent: Receiver<Batch>,
) -> Result<(), CaptureError> {
    let batches = queues.iter().map(|_| Batch::default()).collect();
    let mut reader = Reader { batches, spent, clock: Clock::default() };
    loop {
        match source.next() {
            Ok(Some(packet)) => reader.take(&packet),
            Ok(None) => break,
            Err(error) => {
                let _ = reader.send(queues, true);
                return Err(error);
            }
        }
        let full = reader.clock.number.is_multiple_of(BATCH_PACKETS as u64);
        if full && !reader.send(queues, reader.clock.asks()) {
            return Ok(());
        }
    }
    reader.send(queues, true);
    Ok(())
}

/// Counts the packets of a file and follows their time.
pub(super) struct Clock {
    number: u64,
    second: i64,
    time: Timestamp,
}

impl Default for Clock {
    fn default() -> Self {
        Self { number: 0, second: i64::MIN, time: Timestamp::EPOCH }
    }
}

impl Clock {
    /// Number and time of the last packet.
    pub(super) const fn now(&self) -> (u64, Timestamp) {
        (self.number, self.time)
    }

    /// Whether workers are to answer behind the last packet.
    pub(super) const fn asks(&self) -> bool {
        self.number.is_multiple_of((BATCH_PACKETS * BATCHES_PER_ANSWER) as u64)
    }

    /// Takes the next packet; whether its time has reached another second.
    pub(super) fn take(&mut self, packet: &Packet<'_>) -> bool {
        self.number += 1;
        self.time = self.time.max(packet.time);
        let ticks = self.time.as_seconds() > self.second;
        self.second = self.second.max(self.time.as_seconds());
        ticks
    }
}

struct Reader {
    batches: Vec<Batch>,
    spent: Receiver<Batch>,
    clock: Clock,
}

impl Reader {
    fn take(&mut self, packet: &Packet<'_>) {
        let ticks = self.clock.take(packet);
        let (number, time) = self.clock.now();
        if ticks {
            self.batches.iter_mut().for_each(|batch| batch.items.push(Item::Tick { number, time }));
        }
        let worker = steer(packet, self.batches.len());
        self.batches[worker].push(packet, number);
    }

    /// Hands the batches over, and with `asks` wants an answer; false when the workers are gone.
    fn send(&mut self, queues: &[SyncSender<Batch>], asks: bool) -> bool {
        let until = asks.then_some(self.clock.now());
        self.batches.iter_mut().zip(queues).all(|(batch, queue)| {
            let next = self.spent.try_recv().unwrap_or_default();
            let filled = std::mem::replace(batch, next);
            queue.send(Batch { until, ..filled }).is_ok()
        })
    }
}

/// The worker of a packet, by its pair of addresses: fragments and side connections stay together. An error goes to the
/// flow that it quotes, whoever sends it.
fn steer(packet: &Packet<'_>, workers: usize) -> usize {
    let settings = DecodeSettings { verify_checksums: false, ..DecodeSettings::default() };
    let decoded = decode(packet.data, LinkLayer::from_number(packet.link.number()), &settings);
    let Some(ip) = &decoded.ip else { return 0 };
    let ends = FlowKey::of(&decoded, 0, false).map(|(_, source, destination)| (source.0, destination.0));
    let (source, destination) = ends.unwrap_or((ip.source, ip.destination));
    let fold = |address: std::net::IpAddr| match address {
        std::net::IpAddr::V4(address) => u64::from(address.to_bits()),
        std::net::IpAddr::V6(address) => {
            let bits = address.to_bits().to_le_bytes();
            let (low, high) = bits.split_at(8);
            let number = |half: &[u8]| half.iter().fold(0_u64, |sum, byte| (sum << 8) | u64::from(*byte));
            number(low) ^ number(high)
        }
    };
    // The sum is the same both ways.
    let mixed = fold(source).wrapping_add(fold(destination)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    usize::try_from((mixed >> 32) % (workers as u64)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_gives_back_what_it_was_given() {
        let mut batch = Batch::default();
        for (number, data) in [(1, &b"abc"[..]), (2, b""), (3, b"de")] {
            let packet = Packet { time: Timestamp::EPOCH, data, original_length: 3, link: LinkType::RAW, vlan: None };
            batch.push(&packet, number);
        }
        let found: Vec<(Vec<u8>, u64)> = batch
            .steps()
            .filter_map(|step| match step {
                Step::Packet(packet, number) => Some((packet.data.to_vec(), number)),
                Step::Tick(..) => None,
            })
            .collect();
        assert_eq!(found, [(b"abc".to_vec(), 1), (Vec::new(), 2), (b"de".to_vec(), 3)]);
    }
}
