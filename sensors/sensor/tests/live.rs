//! A running sensor: rules are replaced under load without a packet being lost.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use fengsui_capture::{CaptureError, CaptureStatistics, LinkType, Packet, PacketSource};
use fengsui_schema::{Clock, LossCause, Timestamp};
use fengsui_sensor::{
    EveEvent, EventSink, LiveRules, LoadedRules, Sensor, SensorError, SensorParts, SensorSettings, open_sources,
};
use fengsui_signatures::{RuleData, RuleSource, Variables, load};

const PACKETS: u32 = 30_000;

struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::EPOCH.plus_seconds(1_000)
    }
}

/// Datagrams with a mark, each of a flow of its own.
struct Datagrams {
    sent: u32,
    packet: Vec<u8>,
    progress: Arc<AtomicU64>,
}

impl PacketSource for Datagrams {
    fn next(&mut self) -> Result<Option<Packet<'_>>, CaptureError> {
        if self.sent == PACKETS {
            return Ok(None);
        }
        self.sent += 1;
        self.progress.store(self.sent.into(), Ordering::Release);
        let source = Ipv4Addr::from(0x0a00_0000 + self.sent);
        self.packet = vec![0x45, 0, 0, 32, 0, 1, 0, 0, 64, 17, 0, 0];
        self.packet.extend(source.octets());
        self.packet.extend([192, 0, 2, 1, 0x9c, 0x40, 0x27, 0x0f, 0, 12, 0, 0]);
        self.packet.extend(b"mark");
        let time = Timestamp::EPOCH.plus_seconds(1_000);
        Ok(Some(Packet { time, data: &self.packet, original_length: 32, link: LinkType::RAW, vlan: None }))
    }

    fn statistics(&mut self) -> CaptureStatistics {
        CaptureStatistics::default()
    }

    fn is_live(&self) -> bool {
        true
    }
}

/// Counts alerts by signature.
#[derive(Clone, Default)]
struct Counts(Arc<[AtomicU64; 2]>);

impl EventSink for Counts {
    fn write(&mut self, events: Vec<EveEvent>) -> Result<u64, SensorError> {
        for record in events.iter().map(EveEvent::record).filter(|record| record["event_type"] == "alert") {
            let sid = record["alert"]["signature_id"].as_u64().unwrap();
            self.0[usize::try_from(sid - 1).unwrap()].fetch_add(1, Ordering::Relaxed);
        }
        Ok(0)
    }

    fn flush(&mut self) -> Result<(), SensorError> {
        Ok(())
    }
}

fn rules(sid: u32) -> LoadedRules {
    let text = format!("alert udp any any -> any any (msg:\"m\"; content:\"mark\"; sid:{sid};)");
    let sources = [RuleSource { file: "test", text: text.as_bytes() }];
    let (set, report) = load(&sources, &Variables::default(), &RuleData::default());
    LoadedRules { set, report }
}

#[test]
fn rules_are_replaced_without_losing_a_packet() {
    let (live, counts, progress) = (LiveRules::new(rules(1)), Counts::default(), Arc::new(AtomicU64::new(0)));
    let source = Datagrams { sent: 0, packet: Vec::new(), progress: Arc::clone(&progress) };
    let mut settings = SensorSettings::default();
    settings.decode.verify_checksums = false;
    settings.eve.only = Some(vec!["alert".to_owned()]);
    let parts = SensorParts::new(live.clone());
    let sources: Vec<Box<dyn PacketSource>> = vec![Box::new(source)];
    let sensor = Sensor::start(settings, parts, sources, Box::new(counts.clone()), Arc::new(Still)).expect("starts");
    let mut swaps = 0;
    while progress.load(Ordering::Acquire) < PACKETS.into() {
        live.replace(rules(1 + swaps % 2));
        swaps += 1;
        assert!(sensor.statistics().visibility.balances());
    }
    let end = sensor.stop().expect("stops");
    let found: Vec<u64> = counts.0.iter().map(|count| count.load(Ordering::Relaxed)).collect();
    assert_eq!(end.visibility.packets_seen, u64::from(PACKETS));
    assert_eq!(end.visibility.packets_inspected, u64::from(PACKETS));
    assert_eq!(found[0] + found[1], u64::from(PACKETS), "{found:?} after {swaps} swaps");
    assert!(swaps > 3 && found[1] > 0, "{found:?} after {swaps} swaps");
}

/// A client and a server of SSH on the loopback interface, the client of which says after its banner what is no packet.
fn talk_nonsense(listener: &TcpListener) {
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (mut server, _) = listener.accept().unwrap();
    server.write_all(b"SSH-2.0-server\r\n").unwrap();
    client.read_exact(&mut [0; 16]).unwrap();
    for text in [&b"SSH-2.0-client\r\n"[..], &[0xff; 32], b"more"] {
        client.write_all(text).unwrap();
        server.read_exact(&mut vec![0; text.len()]).unwrap();
    }
}

/// Skipped, with the reason printed, where the privilege to capture is missing.
#[test]
fn real_connections_are_accounted_for_packet_by_packet() {
    let mut settings = SensorSettings { interface: Some("lo".to_owned()), ..SensorSettings::default() };
    settings.decode.verify_checksums = false;
    let sources = match open_sources(&settings, Arc::new(Still)) {
        Ok(sources) => sources,
        Err(error) => return eprintln!("skipped: {error}"),
    };
    let parts = SensorParts::new(LiveRules::new(LoadedRules::default()));
    let sink = Box::new(Vec::<EveEvent>::new());
    let sensor = Sensor::start(settings, parts, sources, sink, Arc::new(Still)).expect("starts");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    // Others use the interface too, so that the packets of these connections are the least that is lost.
    while sensor.statistics().visibility.lost(LossCause::Parser) < 10 {
        talk_nonsense(&listener);
        assert!(sensor.statistics().visibility.balances());
    }
    let end = sensor.stop().expect("stops").visibility;
    assert!(end.balances() && end.packets_inspected > 0, "{end:?}");
}
