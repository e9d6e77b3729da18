//! Prints what the protocols crate makes of a capture file: `inspect FILE.pcap`.
//!
//! Flows are told apart by addresses and ports only; the real flow table is the sensor's.
#![allow(clippy::print_stdout)]

use std::collections::HashMap;
use std::net::IpAddr;

use fengsui_capture::{FileSource, PacketSource as _};
use fengsui_protocols::*;
use fengsui_schema::Timestamp;

type Key = (IpAddr, IpAddr, u16, u16);

struct Flow {
    tcp: TcpSession,
    app: AppLayer,
    first: Key,
}

struct Sink<'a> {
    app: &'a mut AppLayer,
    settings: &'a AppSettings,
    time: Timestamp,
    events: &'a mut Vec<AppEvent>,
}

impl StreamSink for Sink<'_> {
    fn data(&mut self, direction: Direction, _: u64, bytes: &[u8], _: u32) {
        self.app.data(self.settings, self.time, direction, bytes, self.events);
    }

    fn gap(&mut self, direction: Direction, _: u64, length: u64) {
        println!("gap {direction:?} {length}");
        self.app.gap(self.settings, self.time, direction, length, self.events);
    }

    fn end(&mut self, direction: Direction) {
        self.app.end(self.settings, self.time, direction, self.events);
    }

    fn event(&mut self, name: &'static str) {
        println!("event {name}");
    }
}

struct Worker {
    decode: DecodeSettings,
    stream: StreamSettings,
    app: AppSettings,
    flows: HashMap<Key, Flow>,
    defragmenter: Defragmenter,
}

impl Worker {
    fn packet(&mut self, time: Timestamp, decoded: &Decoded<'_>) {
        for event in &decoded.events {
            println!("event {event}");
        }
        if let Some(tunnel) = decoded.tunnel {
            let inner = tunnel.decode(&self.decode);
            self.packet(time, &inner);
        }
        if decoded.ip.is_some_and(|ip| ip.fragment.is_some()) {
            let outcome = self.defragmenter.add(time, decoded, None);
            outcome.events.iter().for_each(|event| println!("event {event}"));
            if let Some(datagram) = outcome.datagram {
                let settings = self.decode.clone();
                self.packet(time, &decode_ip(&datagram, &settings));
            }
            return;
        }
        let (Some(ip), Some(ports)) = (decoded.ip, decoded.ports()) else { return };
        self.transport(time, decoded, (ip.source, ip.destination, ports.0, ports.1));
    }

    fn transport(&mut self, time: Timestamp, decoded: &Decoded<'_>, key: Key) {
        let reverse = (key.1, key.0, key.3, key.2);
        let canonical = key.min(reverse);
        let kind = if decoded.tcp().is_some() { TransportKind::Tcp } else { TransportKind::Udp };
        let flow = self.flows.entry(canonical).or_insert_with(|| Flow {
            tcp: TcpSession::new(),
            app: AppLayer::new(kind, key.2, key.3),
            first: key,
        });
        let direction = if flow.first == key { Direction::ToServer } else { Direction::ToClient };
        let mut events = Vec::new();
        match &decoded.transport {
            Transport::Tcp(tcp) => {
                let mut sink = Sink { app: &mut flow.app, settings: &self.app, time, events: &mut events };
                let segment = Segment { time, direction, tcp, payload: decoded.payload };
                flow.tcp.segment(&self.stream, &segment, &mut sink);
            }
            Transport::Udp(_) => flow.app.data(&self.app, time, direction, decoded.payload, &mut events),
            _ => {}
        }
        report(flow, events);
    }

    fn finish(&mut self) {
        for flow in self.flows.values_mut() {
            let mut events = Vec::new();
            let settings = &self.app;
            let mut sink = Sink { app: &mut flow.app, settings, time: Timestamp::EPOCH, events: &mut events };
            flow.tcp.finish(&self.stream, &mut sink);
            report(flow, events);
            for transaction in flow.app.transactions().iter() {
                print(transaction, "open");
            }
        }
    }
}

fn report(flow: &mut Flow, events: Vec<AppEvent>) {
    for event in events {
        match event {
            AppEvent::Anomaly { name, .. } => println!("event {name}"),
            AppEvent::Frame(frame) => println!("frame {} of {} bytes", frame.kind.name, frame.length),
            AppEvent::Expect(expected) => println!("expects {} on port {}", expected.protocol, expected.port),
            AppEvent::File(chunk) => println!(
                "file {} {:?} {} bytes, end {}, truncated {}: {}",
                chunk.file,
                chunk.name.map(|name| String::from_utf8_lossy(&name).into_owned()),
                chunk.data.len(),
                chunk.end,
                chunk.truncated,
                String::from_utf8_lossy(&chunk.data)
                    .escape_debug()
                    .collect::<String>()
                    .chars()
                    .take(80)
                    .collect::<String>(),
            ),
            AppEvent::Progress { transaction, .. } => {
                if let Some(found) = flow.app.transaction(transaction).filter(|found| found.is_complete()) {
                    print(found, "complete");
                    flow.app.release(transaction);
                }
            }
        }
    }
}

fn print(transaction: &Transaction, state: &str) {
    let eve = serde_json::to_string(&transaction.eve).unwrap_or_default();
    let more = serde_json::to_string(&transaction.eve_more).unwrap_or_default();
    println!("{} {} {state}: {eve} {more} {:?}", transaction.protocol, transaction.id, transaction.events);
}

fn main() -> anyhow::Result<()> {
    let verify = std::env::args().nth(2).is_none();
    let mut worker = Worker {
        decode: DecodeSettings { verify_checksums: verify, ..DecodeSettings::default() },
        stream: StreamSettings { midstream: true, ..StreamSettings::default() },
        app: AppSettings::default(),
        flows: HashMap::new(),
        defragmenter: Defragmenter::new(DefragSettings::default()),
    };
    let path = std::env::args().nth(1).unwrap_or_default();
    let mut source = FileSource::open(path.as_ref())?;
    while let Some(packet) = source.next()? {
        let settings = worker.decode.clone();
        let decoded = decode(packet.data, LinkLayer::from_number(packet.link.number()), &settings);
        worker.packet(packet.time, &decoded);
    }
    worker.finish();
    Ok(())
}
