//! Alert captures: the packets of a flow that raised an alert, those before it included.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::fs::File;
use std::io::BufWriter;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread::JoinHandle;

use fengsui_capture::{LinkType, Packet, PcapWriter};
use fengsui_schema::{Timestamp, shown};

use crate::SensorError;
use crate::limits::{EVIDENCE_FILES, EVIDENCE_OPEN_FILES, EVIDENCE_QUEUE};

/// A packet kept for an alert that may come.
pub(crate) struct KeptPacket {
    flow: u64,
    time: Timestamp,
    original_length: u32,
    link: LinkType,
    vlan: Option<u16>,
    data: Box<[u8]>,
}

impl KeptPacket {
    pub(crate) fn new(flow: u64, packet: &Packet<'_>) -> Self {
        Self {
            flow,
            time: packet.time,
            original_length: packet.original_length,
            link: packet.link,
            vlan: packet.vlan,
            data: packet.data.into(),
        }
    }

    fn as_packet(&self) -> Packet<'_> {
        Packet {
            time: self.time,
            data: &self.data,
            original_length: self.original_length,
            link: self.link,
            vlan: self.vlan,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.data.len()
    }
}

/// The latest packets of one worker.
pub(crate) struct PacketRing {
    limit: usize,
    held: usize,
    packets: VecDeque<KeptPacket>,
}

impl PacketRing {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, held: 0, packets: VecDeque::new() }
    }

    /// Keeps a packet; the oldest ones go.
    pub(crate) fn push(&mut self, packet: KeptPacket) {
        if packet.len() > self.limit {
            return;
        }
        self.held += packet.len();
        self.packets.push_back(packet);
        while self.held > self.limit {
            let Some(oldest) = self.packets.pop_front() else { break };
            self.held -= oldest.len();
        }
    }

    /// Takes the packets of a flow out, oldest first, up to so many bytes.
    pub(crate) fn take(&mut self, flow: u64, limit: usize) -> Vec<KeptPacket> {
        let (mut taken, mut bytes) = (Vec::new(), 0);
        let mut rest = VecDeque::with_capacity(self.packets.len());
        for packet in self.packets.drain(..) {
            if packet.flow == flow && bytes + packet.len() <= limit {
                bytes += packet.len();
                taken.push(packet);
            } else {
                rest.push_back(packet);
            }
        }
        self.packets = rest;
        self.held -= bytes;
        taken
    }
}

enum Order {
    Packets(u64, Vec<KeptPacket>),
    End(u64),
}

/// Hands packets to the thread that writes alert captures.
pub(crate) struct EvidenceWriter {
    queue: Option<SyncSender<Order>>,
    thread: Option<JoinHandle<()>>,
    counts: Arc<EvidenceCounts>,
    /// Whether to wait for the thread (capture files) rather than to shed (live).
    waits: bool,
}

#[derive(Default)]
struct EvidenceCounts {
    files: AtomicU64,
    failed: AtomicU64,
}

impl EvidenceWriter {
    /// Starts the thread; captures go below `directory/observer`.
    pub(crate) fn start(directory: PathBuf, observer: &str, waits: bool) -> Result<Self, SensorError> {
        let folder = directory.join(observer);
        std::fs::create_dir_all(&folder)
            .map_err(|source| SensorError::Write { path: shown(&folder.to_string_lossy()).to_string(), source })?;
        let (queue, orders) = sync_channel(EVIDENCE_QUEUE);
        let counts = Arc::new(EvidenceCounts::default());
        let in_thread = Arc::clone(&counts);
        let name = "evidence".to_owned();
        let thread = std::thread::Builder::new()
            .name(name.clone())
            .spawn(move || write_orders(&folder, &orders, &in_thread))
            .map_err(|source| SensorError::Thread { name, source })?;
        Ok(Self { queue: Some(queue), thread: Some(thread), counts, waits })
    }

    /// Appends packets to the capture of a flow; says whether they were taken.
    pub(crate) fn append(&self, flow: u64, packets: Vec<KeptPacket>) -> bool {
        self.send(Order::Packets(flow, packets))
    }

    /// Nothing more comes for a flow.
    pub(crate) fn end(&self, flow: u64) -> bool {
        self.send(Order::End(flow))
    }

    fn send(&self, order: Order) -> bool {
        let Some(queue) = &self.queue else { return false };
        if self.waits { queue.send(order).is_ok() } else { queue.try_send(order).is_ok() }
    }

    /// Captures and packets that could not be written since this was last asked.
    pub(crate) fn take_failed(&self) -> u64 {
        self.counts.failed.swap(0, Ordering::Relaxed)
    }
}

impl Drop for EvidenceWriter {
    fn drop(&mut self) {
        self.queue = None;
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread that writes alert captures ended by a panic");
        }
    }
}

type Open = HashMap<u64, PcapWriter<BufWriter<File>>>;

fn write_orders(folder: &std::path::Path, orders: &Receiver<Order>, counts: &EvidenceCounts) {
    let mut open: Open = HashMap::new();
    let mut held_back = BTreeSet::new();
    while let Some(order) = next_order(orders, &mut open, &mut held_back, counts) {
        match order {
            Order::Packets(flow, packets) => {
                if !open.contains_key(&flow) && !begin(folder, &mut open, flow, &packets, counts) {
                    counts.failed.fetch_add(1, Ordering::Relaxed);
                    continue;
                }
                write_packets(&mut open, flow, &packets, counts);
                held_back.insert(flow);
            }
            Order::End(flow) => close(open.remove(&flow), counts),
        }
    }
    for (_, writer) in open {
        close(Some(writer), counts);
    }
}

/// The next order, or none when nobody gives any more. Before the thread waits for one it writes out what captures hold
/// back: a flow may live for hours, and its capture is asked for as soon as its alert is seen.
fn next_order(
    orders: &Receiver<Order>,
    open: &mut Open,
    held_back: &mut BTreeSet<u64>,
    counts: &EvidenceCounts,
) -> Option<Order> {
    match orders.try_recv() {
        Ok(order) => return Some(order),
        Err(TryRecvError::Disconnected) => return None,
        Err(TryRecvError::Empty) => {}
    }
    for flow in std::mem::take(held_back) {
        let flushed = open.get_mut(&flow).map(PcapWriter::flush);
        if let Some(Err(error)) = flushed {
            tracing::warn!(%error, "an alert capture is incomplete");
            counts.failed.fetch_add(1, Ordering::Relaxed);
            open.remove(&flow);
        }
    }
    orders.recv().ok()
}

fn begin(
    folder: &std::path::Path,
    open: &mut Open,
    flow: u64,
    packets: &[KeptPacket],
    counts: &EvidenceCounts,
) -> bool {
    let full = open.len() >= EVIDENCE_OPEN_FILES || counts.files.load(Ordering::Relaxed) >= EVIDENCE_FILES;
    let Some(first) = packets.first().filter(|_| !full) else { return false };
    match PcapWriter::create(&folder.join(format!("{flow}.pcap")), first.link) {
        Ok(writer) => {
            counts.files.fetch_add(1, Ordering::Relaxed);
            open.insert(flow, writer);
            true
        }
        Err(error) => {
            // The same capture played twice gives the same flow: its packets are there already.
            tracing::debug!(%error, "no alert capture");
            false
        }
    }
}

fn write_packets(open: &mut Open, flow: u64, packets: &[KeptPacket], counts: &EvidenceCounts) {
    let Some(writer) = open.get_mut(&flow) else { return };
    if let Some(error) = packets.iter().find_map(|packet| writer.write(&packet.as_packet()).err()) {
        tracing::warn!(%error, "an alert capture is incomplete");
        counts.failed.fetch_add(1, Ordering::Relaxed);
        open.remove(&flow);
    }
}

fn close(writer: Option<PcapWriter<BufWriter<File>>>, counts: &EvidenceCounts) {
    if let Some(Err(error)) = writer.map(PcapWriter::finish) {
        tracing::warn!(%error, "an alert capture is incomplete");
        counts.failed.fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(flow: u64, bytes: usize) -> KeptPacket {
        let data = vec![0; bytes];
        let packet =
            Packet { time: Timestamp::EPOCH, data: &data, original_length: 0, link: LinkType::ETHERNET, vlan: None };
        KeptPacket::new(flow, &packet)
    }

    #[test]
    fn the_ring_keeps_the_latest_and_gives_one_flow_out() {
        let mut ring = PacketRing::new(100);
        for (flow, bytes) in [(1, 40), (2, 40), (1, 20), (2, 20)] {
            ring.push(packet(flow, bytes));
        }
        let taken: Vec<usize> = ring.take(2, 1000).iter().map(KeptPacket::len).collect();
        assert_eq!(taken, [40, 20]);
        assert_eq!(ring.take(1, 1000).len(), 1);
        assert_eq!(ring.held, 0);
    }

    fn lengths(path: &std::path::Path) -> Vec<usize> {
        let Ok(mut source) = fengsui_capture::FileSource::open(path) else { return Vec::new() };
        let mut lengths = Vec::new();
        while let Ok(Some(packet)) = fengsui_capture::PacketSource::next(&mut source) {
            lengths.push(packet.data.len());
        }
        lengths
    }

    #[test]
    fn a_capture_can_be_read_while_its_flow_lives() {
        let folder = tempfile::tempdir().expect("is made");
        let writer = EvidenceWriter::start(folder.path().to_owned(), "here", true).expect("starts");
        let path = folder.path().join("here/7.pcap");
        let holds = |expected: &[usize]| {
            let end = std::time::Instant::now() + std::time::Duration::from_secs(30);
            while lengths(&path) != expected {
                assert!(std::time::Instant::now() < end, "it holds {:?}, not {expected:?}", lengths(&path));
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
        };
        assert!(writer.append(7, vec![packet(7, 60)]));
        holds(&[60]);
        assert!(writer.append(7, vec![packet(7, 61), packet(7, 62)]));
        holds(&[60, 61, 62]);
    }

    #[test]
    fn captures_hold_what_came_before_and_after() {
        let folder = tempfile::tempdir().expect("is made");
        let writer = EvidenceWriter::start(folder.path().to_owned(), "here", true).expect("starts");
        assert!(writer.append(7, vec![packet(7, 60), packet(7, 61)]));
        assert!(writer.append(7, vec![packet(7, 62)]));
        assert!(writer.end(7));
        drop(writer);
        assert_eq!(lengths(&folder.path().join("here/7.pcap")), [60, 61, 62]);
    }
}
