//! What a sensor says of itself: packets of captures in which known ones cannot be inspected.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::net::Ipv4Addr;
use std::sync::Arc;

use fengsui_capture::{FileSource, PacketSource};
use fengsui_schema::{Clock, LossCause, Timestamp, Visibility};
use fengsui_sensor::{EveEvent, LiveRules, LoadedRules, Sensor, SensorParts, SensorSettings, read_capture};
use proptest::prelude::*;
use serde_json::{Map, Value};
use wire::{Memory, ip, tcp};

mod wire;

const SYN: u8 = 2;
const ACK: u8 = 16;
const PUSH: u8 = 24;
const SSH_CLIENT: &[u8] = b"SSH-2.0-client\r\n";
const SSH_SERVER: &[u8] = b"SSH-2.0-server\r\n";
const REQUEST: &[u8] = b"GET /page HTTP/1.1\r\nHost: h\r\n\r\n";

/// Bytes of a packet, and how many there were before the capture cut it.
type Captured = (Vec<u8>, usize);

/// Both sides of a connection: what each would send next.
struct Talk {
    client: (Ipv4Addr, u16),
    server: (Ipv4Addr, u16),
    sequences: [u32; 2],
}

impl Talk {
    fn new(host: u8, port: u16) -> Self {
        let client = (Ipv4Addr::new(10, 0, 0, host), 40_000);
        Self { client, server: (Ipv4Addr::new(10, 1, 0, host), port), sequences: [1_001, 5_001] }
    }

    /// A packet of one side: 0 the client, 1 the server.
    fn send(&mut self, side: usize, flags: u8, data: &[u8]) -> Captured {
        let (from, to) = if side == 0 { (self.client, self.server) } else { (self.server, self.client) };
        let begins = u32::from(flags & SYN != 0);
        let acknowledgement = if flags & ACK == 0 { 0 } else { self.sequences[1 - side] };
        let segment = tcp((from.1, to.1), self.sequences[side].wrapping_sub(begins), acknowledgement, flags, data);
        self.sequences[side] = self.sequences[side].wrapping_add(u32::try_from(data.len()).unwrap());
        let packet = ip(from.0, to.0, (1, 0), &segment);
        let length = packet.len();
        (packet, length)
    }

    fn handshake(&mut self) -> Vec<Captured> {
        vec![self.send(0, SYN, b""), self.send(1, SYN | ACK, b""), self.send(0, ACK, b"")]
    }

    /// What one side says, piece by piece, and that the other one has it.
    fn say(&mut self, side: usize, pieces: &[&[u8]]) -> Vec<Captured> {
        pieces.iter().flat_map(|piece| [self.send(side, PUSH, piece), self.send(1 - side, ACK, b"")]).collect()
    }
}

/// A capture file of raw IP packets, a hundred of them in a second.
fn pcap(packets: &[Captured]) -> tempfile::NamedTempFile {
    let mut bytes = Vec::new();
    for word in [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 65_535, 101] {
        bytes.extend(word.to_le_bytes());
    }
    for (number, (data, length)) in packets.iter().enumerate() {
        let (second, micros) = (1_000 + number / 100, number % 100 * 10_000);
        for word in [second, micros, data.len(), *length] {
            bytes.extend(u32::try_from(word).unwrap().to_le_bytes());
        }
        bytes.extend(data);
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    file
}

fn plain() -> SensorSettings {
    let mut settings = SensorSettings { visibility_seconds: 1, ..SensorSettings::default() };
    settings.decode.verify_checksums = false;
    settings
}

/// What the sensor says at the end, and all of its records.
fn account(settings: SensorSettings, packets: &[Captured]) -> (Visibility, Vec<Map<String, Value>>) {
    let file = pcap(packets);
    let mut source = FileSource::open(file.path()).expect("is a capture");
    let parts = SensorParts::new(LiveRules::new(LoadedRules::default()));
    let mut events: Vec<EveEvent> = Vec::new();
    let summary = read_capture(settings, parts, &mut source, "test", &mut events).expect("is read");
    assert_eq!(summary.visibility.packets_seen, packets.len() as u64);
    (summary.visibility, events.iter().map(EveEvent::record).collect())
}

/// Losses that cost something, with any number of workers.
fn losses(settings: &SensorSettings, packets: &[Captured]) -> Vec<(LossCause, u64)> {
    let of = |workers| {
        let (seen, _) = account(SensorSettings { workers, ..settings.clone() }, packets);
        assert!(seen.balances(), "{seen:?}");
        seen.losses.into_iter().filter(|(_, count)| *count > 0).collect::<Vec<_>>()
    };
    let one = of(1);
    assert_eq!((&one, &one), (&of(2), &of(4)));
    one
}

fn response(length: usize) -> String {
    format!("HTTP/1.1 200 OK\r\nServer: s\r\nContent-Length: {length}\r\n\r\n")
}

#[test]
fn a_body_goes_on_behind_a_gap_and_a_head_does_not() {
    let body = [b'b'; 1_000];
    let mut talk = Talk::new(1, 80);
    let mut packets = talk.handshake();
    packets.extend(talk.say(0, &[REQUEST]));
    let head = response(4_000);
    let mut answer = talk.say(1, &[head.as_bytes(), &body, &body, &body, &body]);
    answer.remove(4);
    packets.extend(answer);
    assert_eq!(losses(&plain(), &packets), [], "the length of the body says where it ends");

    let mut talk = Talk::new(1, 80);
    let mut packets = talk.handshake();
    packets.extend(talk.say(0, &[REQUEST]));
    let mut answer = talk.say(1, &[head.as_bytes(), &body, &body, &body, &[&body[2..], b"\r\n"].concat()]);
    answer.remove(0);
    packets.extend(answer);
    // The next answer is found again.
    packets.extend(talk.say(0, &[REQUEST]));
    packets.extend(talk.say(1, &[response(1_000).as_bytes(), &body]));
    let (seen, _) = account(plain(), &packets);
    assert_eq!(seen.bytes_missing, head.len() as u64);
    assert_eq!(losses(&plain(), &packets), [(LossCause::Gap, 4)]);
}

#[test]
fn packets_that_wait_behind_a_gap_are_lost_with_it() {
    let mut talk = Talk::new(1, 22);
    let mut packets = talk.handshake();
    packets.extend(talk.say(0, &[SSH_CLIENT]));
    let mut flight: Vec<Captured> =
        [SSH_SERVER, b"lost", b"one", b"two", b"three"].iter().map(|data| talk.send(1, PUSH, data)).collect();
    flight.remove(1);
    packets.extend(flight);
    // The acknowledgement of all of it tells that the second one is gone for good.
    packets.push(talk.send(0, ACK, b""));
    assert_eq!(losses(&plain(), &packets), [(LossCause::Gap, 3)]);
    packets.pop();
    assert_eq!(losses(&plain(), &packets), [(LossCause::Gap, 3)], "the end of the flow tells it too");
}

#[test]
fn what_a_parser_gave_up_at_is_lost_from_there_on() {
    let mut talk = Talk::new(1, 22);
    let mut packets = talk.handshake();
    packets.extend(talk.say(1, &[SSH_SERVER]));
    packets.extend(talk.say(0, &[SSH_CLIENT, &[0xff; 40], b"more", b"and more"]));
    packets.extend(talk.say(1, &[b"\0\0", b"\0\x0c\x0a\x14", &[0; 11]]));
    assert_eq!(losses(&plain(), &packets), [(LossCause::Parser, 3)]);
}

#[test]
fn a_handshake_of_tlcp_behind_a_gap_is_lost_and_what_is_encrypted_is_not() {
    let mut talk = Talk::new(1, 443);
    let mut packets = talk.handshake();
    let hello = [&[0x16, 1, 1, 2, 0, 1, 0, 1, 0xfc, 1, 1][..], &[7; 40]].concat();
    packets.extend(talk.say(0, &[&hello]));
    let mut rest = talk.say(0, &[&[7; 100], &[7; 100], &[7; 100], &[7; 100]]);
    rest.remove(0);
    packets.extend(rest);
    packets.extend(talk.say(1, &[&[0x17, 1, 1, 0, 4, 1, 2, 3, 4]]));
    packets.extend(talk.say(0, &[&[0x17, 1, 1, 0, 4, 1, 2, 3, 4]]));
    assert_eq!(losses(&plain(), &packets), [(LossCause::Gap, 3)]);
    let (_, records) = account(plain(), &packets);
    let stats = records.iter().rfind(|record| record["event_type"] == "stats").expect("is written");
    assert_eq!(stats["stats"]["app_layer"]["payload"]["tlcp_unread"], 3);
}

#[test]
fn a_protocol_that_no_parser_knows_is_no_loss_and_is_counted() {
    let mut talk = Talk::new(1, 7_777);
    let mut packets = talk.handshake();
    packets.extend(talk.say(0, &[b"\x01\x02\x03 what", b"is", b"this"]));
    packets.extend(talk.say(1, &[b"\x05\x06\x07 nobody", b"knows"]));
    let (_, records) = account(plain(), &packets);
    assert_eq!(losses(&plain(), &packets), []);
    let stats = records.iter().rfind(|record| record["event_type"] == "stats").expect("is written");
    let payload = &stats["stats"]["app_layer"]["payload"];
    assert_eq!(payload["pkts"], 5, "{payload}");
    assert!(payload["unknown"].as_u64().is_some_and(|unknown| (2..=5).contains(&unknown)), "{payload}");
}

#[test]
fn a_connection_of_which_one_side_is_seen_is_lost_unless_it_is_to_be_followed() {
    let mut talk = Talk::new(1, 80);
    let mut client: Vec<Captured> = talk.handshake();
    client.remove(1);
    client.extend((0..5).map(|_| talk.send(0, PUSH, REQUEST)));
    assert_eq!(losses(&plain(), &client), [(LossCause::OneSided, 5)]);
    let mut follows = plain();
    follows.stream.async_oneside = true;
    assert_eq!(losses(&follows, &client), []);

    let mut talk = Talk::new(1, 80);
    let mut server: Vec<Captured> = talk.handshake().drain(1..2).collect();
    server.extend((0..4).map(|_| talk.send(1, PUSH, b"HTTP/1.1 204 No Content\r\n\r\n")));
    server.push(talk.send(1, ACK, b""));
    assert_eq!(losses(&plain(), &server), [(LossCause::OneSided, 4)]);
    assert_eq!(losses(&follows, &server), []);
    let (_, records) = account(plain(), &client);
    let stats = records.iter().rfind(|record| record["event_type"] == "stats").expect("is written");
    assert_eq!(stats["stats"]["flow"]["one_sided"]["tcp"], 1);
}

#[test]
fn a_connection_met_in_the_middle_is_behind_a_gap_unless_it_is_taken_up() {
    let mut talk = Talk::new(1, 80);
    let mut packets = vec![talk.send(1, ACK, b"")];
    packets.extend(talk.say(0, &[REQUEST]));
    packets.extend(talk.say(1, &[response(4).as_bytes(), b"body"]));
    assert_eq!(losses(&plain(), &packets), [(LossCause::Gap, 3)]);
    let mut follows = plain();
    follows.stream.midstream = true;
    assert_eq!(losses(&follows, &packets), []);
}

#[test]
fn what_lies_too_far_ahead_is_behind_a_gap() {
    let mut talk = Talk::new(1, 80);
    let mut packets = talk.handshake();
    packets.extend(talk.say(0, &[REQUEST]));
    // The capture missed three million bytes and all their acknowledgements.
    talk.sequences[1] += 3_000_000;
    packets.extend((0..6).map(|_| talk.send(1, PUSH, &[b'x'; 500])));
    assert_eq!(losses(&plain(), &packets), [(LossCause::Gap, 6)]);
}

#[test]
fn fragments_without_the_rest_of_their_datagram_are_lost() {
    let (from, to) = (Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(10, 1, 0, 1));
    let fragment = |id: u16, place: u16| {
        let more = if place < 2 { 0x2000 } else { 0 };
        let mut packet = ip(from, to, (id, more | (place * 8)), &[0; 64]);
        packet[9] = 17;
        let length = packet.len();
        (packet, length)
    };
    let whole: Vec<Captured> = (0..3).map(|place| fragment(1, place)).collect();
    assert_eq!(losses(&plain(), &whole), []);
    let both = [whole, vec![fragment(2, 0), fragment(2, 2)]].concat();
    assert_eq!(losses(&plain(), &both), [(LossCause::Gap, 2)]);
    let mut settings = plain();
    settings.defrag.max_datagrams = 0;
    let (seen, _) = account(settings, &both);
    assert!(seen.balances() && seen.lost(LossCause::MemoryLimit) > 0, "{seen:?}");
}

#[test]
fn the_error_of_a_router_goes_to_the_flow_it_is_about() {
    let mut packets = Vec::new();
    for host in 1..=9 {
        let mut talk = Talk::new(host, 80);
        packets.extend(talk.handshake());
        let (request, _) = talk.send(0, PUSH, REQUEST);
        let error = [&[3, 1, 0, 0, 0, 0, 0, 0][..], &request[..28]].concat();
        let mut error = ip(Ipv4Addr::new(192, 0, 2, 1), talk.client.0, (1, 0), &error);
        error[9] = 1;
        let lengths = (request.len(), error.len());
        packets.extend([(request, lengths.0), (error, lengths.1)]);
    }
    for workers in [1, 2, 4] {
        let (_, records) = account(SensorSettings { workers, ..plain() }, &packets);
        let flows = records.iter().filter(|record| record["event_type"] == "flow").count();
        assert_eq!(flows, 9, "{workers} workers");
    }
}

#[test]
fn the_first_reason_counts_and_counts_once() {
    let mut talk = Talk::new(1, 22);
    let mut packets = talk.handshake();
    packets.extend(talk.say(1, &[SSH_SERVER]));
    packets.extend(talk.say(0, &[SSH_CLIENT, &[0xff; 40], b"more", b"and more"]));
    // Cut by the capture: all of the datagram is there, the trailer of its frame is not.
    let last = packets.len() - 2;
    packets[last].1 += 4;
    assert_eq!(losses(&plain(), &packets), [(LossCause::Truncated, 1), (LossCause::Parser, 2)]);
    let mut settings = plain();
    settings.decode.verify_checksums = true;
    let (seen, _) = account(settings, &packets);
    assert_eq!(seen.lost(LossCause::Truncated), 1);
    assert_eq!(seen.lost(LossCause::Checksum), packets.len() as u64 - 1, "none of them has one");
    assert!(seen.balances());
}

#[test]
fn a_record_names_every_cause_the_rules_and_one_percentage() {
    let mut talk = Talk::new(1, 80);
    let mut packets = talk.handshake();
    packets.remove(1);
    packets.extend((0..6).map(|_| talk.send(0, PUSH, REQUEST)));
    let (_, records) = account(plain(), &packets);
    let record = records.iter().rfind(|record| record["event_type"] == "visibility").expect("is written");
    let seen = &record["visibility"];
    let named: Vec<&str> = seen["losses"].as_array().unwrap().iter().filter_map(|loss| loss[0].as_str()).collect();
    assert_eq!(named, ["ring", "truncated", "checksum", "memory_limit", "gap", "parser", "one_sided"]);
    assert_eq!(seen["inspected_percent"], 25.0);
    assert_eq!((&seen["rules_failed"], seen["rules_version"].is_string()), (&Value::from(0), true));
    assert_eq!(seen["interface"], "test");
}

struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::EPOCH.plus_seconds(1_000)
    }
}

#[test]
fn a_running_sensor_balances_at_every_moment() {
    let mishaps =
        [Mishap::None, Mishap::Dropped, Mishap::None, Mishap::Late, Mishap::None, Mishap::Twice, Mishap::None];
    let packets: Vec<Vec<u8>> = after(&mishaps).into_iter().map(|(packet, _)| packet).collect();
    let count = packets.len() as u64 * 20;
    let source = || {
        let packets = std::iter::repeat_n(packets.clone(), 10).flatten().collect();
        Box::new(Memory { packets, next: 0 }) as Box<dyn PacketSource>
    };
    let parts = SensorParts::new(LiveRules::new(LoadedRules::default()));
    let (sources, sink) = (vec![source(), source()], Box::new(Vec::<EveEvent>::new()));
    let sensor = Sensor::start(plain(), parts, sources, sink, Arc::new(Still)).expect("starts");
    loop {
        let now = sensor.statistics();
        assert!(now.visibility.balances(), "{:?}", now.visibility);
        if now.ended {
            break;
        }
    }
    let end = sensor.stop().expect("stops").visibility;
    assert!(end.balances(), "{end:?}");
    assert_eq!(end.packets_seen, count);
    assert!(end.lost(LossCause::Gap) > 0 && end.lost(LossCause::Parser) > 0, "{end:?}");
}

/// What becomes of a packet on its way to the sensor.
#[derive(Debug, Clone, Copy)]
enum Mishap {
    None,
    Dropped,
    Twice,
    Late,
    Cut,
}

fn mishap() -> impl Strategy<Value = Mishap> {
    prop_oneof![
        12 => Just(Mishap::None),
        2 => Just(Mishap::Dropped),
        1 => Just(Mishap::Twice),
        2 => Just(Mishap::Late),
        1 => Just(Mishap::Cut),
    ]
}

/// Connections of several hosts and protocols, packet by packet in turn.
fn traffic() -> Vec<Captured> {
    let body = [b'b'; 600];
    let mut talks: Vec<std::vec::IntoIter<Captured>> = (1..=9)
        .map(|host| {
            let mut talk = Talk::new(host, [80, 22, 7_777][usize::from(host % 3)]);
            let mut packets = talk.handshake();
            match host % 3 {
                0 => {
                    for _ in 0..3 {
                        packets.extend(talk.say(0, &[REQUEST]));
                        packets.extend(talk.say(1, &[response(1_200).as_bytes(), &body, &body]));
                    }
                }
                1 => {
                    packets.extend(talk.say(1, &[SSH_SERVER]));
                    packets.extend(talk.say(0, &[SSH_CLIENT, &[0xff; 9], b"a", b"b", b"c"]));
                    packets.extend(talk.say(1, &[&[0, 0, 0, 12, 10, 20], &[0; 10], b"d", b"e"]));
                }
                _ => packets.extend(talk.say(usize::from(host > 4), &[b"\x01\x02", b"\x03\x04", b"\x05", b"\x06"])),
            }
            packets.into_iter()
        })
        .collect();
    let mut all = Vec::new();
    loop {
        let before = all.len();
        all.extend(talks.iter_mut().filter_map(Iterator::next));
        if all.len() == before {
            return all;
        }
    }
}

fn after(mishaps: &[Mishap]) -> Vec<Captured> {
    let mut captured: Vec<Captured> = Vec::new();
    for (packet, mishap) in traffic().into_iter().zip(mishaps.iter().cycle()) {
        match mishap {
            Mishap::None => captured.push(packet),
            Mishap::Dropped => {}
            Mishap::Twice => captured.extend([packet.clone(), packet]),
            Mishap::Late => captured.insert(captured.len().saturating_sub(20), packet),
            Mishap::Cut => {
                let kept = packet.0.len() * 2 / 3;
                captured.push((packet.0[..kept].to_vec(), packet.1));
            }
        }
    }
    captured
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn the_account_balances_and_is_the_same_whatever_happens(
        mishaps in prop::collection::vec(mishap(), 1..200),
        follows in any::<[bool; 2]>(),
        repeats in 1_usize..40,
    ) {
        let mut settings = plain();
        (settings.stream.midstream, settings.stream.async_oneside) = (follows[0], follows[1]);
        // Enough packets that workers tell of themselves on the way, with flows that are alive.
        let packets: Vec<Captured> = std::iter::repeat_n(after(&mishaps), repeats).flatten().collect();
        let mut accounts = Vec::new();
        for workers in [1, 2, 4] {
            let (end, records) = account(SensorSettings { workers, ..settings.clone() }, &packets);
            let on_the_way: Vec<Visibility> = records
                .iter()
                .filter(|record| record["event_type"] == "visibility")
                .map(|record| serde_json::from_value(record["visibility"].clone()).unwrap())
                .collect();
            prop_assert!(on_the_way.iter().all(Visibility::balances), "{:?}", on_the_way);
            prop_assert!(end.balances(), "{:?}", end);
            accounts.push((on_the_way, end));
        }
        prop_assert_eq!(&accounts[0], &accounts[1]);
        prop_assert_eq!(&accounts[0], &accounts[2]);
    }
}
