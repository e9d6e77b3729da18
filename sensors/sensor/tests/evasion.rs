//! A marker in traffic that is cut, shuffled and fragmented is found however that is done.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::net::Ipv4Addr;

use fengsui_sensor::{EveEvent, LiveRules, LoadedRules, SensorParts, SensorSettings, read_capture};
use fengsui_signatures::{RuleData, RuleSource, Variables, load};

use wire::{Memory, ip, tcp};

mod wire;

const CLIENT: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
const SERVER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);
const REQUEST: &[u8] = b"GET /a?q=MARKER-of-the-test HTTP/1.1\r\nHost: h\r\nUser-Agent: MARKER-agent\r\n\r\n";
const RULES: &str = r#"
alert tcp any any -> any any (msg:"stream"; flow:established,to_server; content:"MARKER-of-the-test"; sid:1;)
alert http any any -> any any (msg:"buffer"; http.uri; content:"MARKER-of-the-test"; sid:2;)
alert http any any -> any any (msg:"agent"; http.user_agent; content:"MARKER-agent"; startswith; endswith; sid:3;)
"#;

fn from_client(sequence: u32, flags: u8, data: &[u8]) -> Vec<u8> {
    ip(CLIENT, SERVER, (1, 0), &tcp((40_000, 80), sequence, 5001, flags, data))
}

fn from_server(sequence: u32, acknowledgement: u32, flags: u8, data: &[u8]) -> Vec<u8> {
    ip(SERVER, CLIENT, (1, 0), &tcp((80, 40_000), sequence, acknowledgement, flags, data))
}

/// A connection whose request comes in these pieces (offset and bytes), acknowledged as a whole.
fn connection(pieces: &[(usize, &[u8])]) -> Vec<Vec<u8>> {
    let mut packets = vec![from_client(1000, 2, b""), from_server(5000, 1001, 18, b""), from_client(1001, 16, b"")];
    for (offset, data) in pieces {
        packets.push(from_client(1001 + u32::try_from(*offset).unwrap(), 24, data));
    }
    let all = 1001 + u32::try_from(REQUEST.len()).unwrap();
    packets.push(from_server(5001, all, 24, b"HTTP/1.1 204 No Content\r\n\r\n"));
    packets.push(from_client(all, 16, b""));
    packets
}

fn alerts(packets: Vec<Vec<u8>>) -> Vec<u64> {
    let (set, report) =
        load(&[RuleSource { file: "test", text: RULES.as_bytes() }], &Variables::default(), &RuleData::default());
    let mut settings = SensorSettings::default();
    settings.decode.verify_checksums = false;
    let parts = SensorParts::new(LiveRules::new(LoadedRules { set, report }));
    let mut events: Vec<EveEvent> = Vec::new();
    read_capture(settings, parts, &mut Memory { packets, next: 0 }, "test", &mut events).expect("is read");
    let alerts = events.iter().map(EveEvent::record).filter(|record| record["event_type"] == "alert");
    let mut sids: Vec<u64> = alerts.map(|record| record["alert"]["signature_id"].as_u64().unwrap()).collect();
    sids.sort_unstable();
    sids
}

/// Pieces of these sizes in turn.
fn cut(sizes: &[usize]) -> Vec<(usize, &'static [u8])> {
    let (mut pieces, mut at) = (Vec::new(), 0);
    for size in sizes.iter().cycle() {
        if at >= REQUEST.len() {
            return pieces;
        }
        let end = (at + size).min(REQUEST.len());
        pieces.push((at, &REQUEST[at..end]));
        at = end;
    }
    pieces
}

#[test]
fn a_marker_is_found_in_every_split_in_two() {
    for at in 1..REQUEST.len() {
        let pieces = [(0, &REQUEST[..at]), (at, &REQUEST[at..])];
        assert_eq!(alerts(connection(&pieces)), [1, 2, 3], "split at {at}");
        let turned = [pieces[1], pieces[0]];
        assert_eq!(alerts(connection(&turned)), [1, 2, 3], "turned at {at}");
    }
}

#[test]
fn a_marker_is_found_in_single_bytes_and_in_any_order_of_them() {
    let pieces = cut(&[1]);
    assert_eq!(alerts(connection(&pieces)), [1, 2, 3]);
    for window in [2, 3, 7, 16, 64] {
        let mut shuffled = pieces.clone();
        shuffled.chunks_mut(window).for_each(<[_]>::reverse);
        assert_eq!(alerts(connection(&shuffled)), [1, 2, 3], "windows of {window} turned");
    }
}

#[test]
fn a_marker_is_found_in_fragments_of_every_size() {
    let whole = tcp((40_000, 80), 1001, 5001, 24, REQUEST);
    for size in (8..=whole.len().next_multiple_of(8)).step_by(8) {
        for turned in [false, true] {
            let mut packets = connection(&[]);
            let count = whole.chunks(size).count();
            let mut fragments: Vec<Vec<u8>> = whole
                .chunks(size)
                .enumerate()
                .map(|(number, data)| {
                    let more = if number + 1 < count { 0x2000 } else { 0 };
                    ip(CLIENT, SERVER, (9, more | u16::try_from(number * size / 8).unwrap()), data)
                })
                .collect();
            if turned {
                fragments.reverse();
            }
            packets.splice(3..3, fragments);
            assert_eq!(alerts(packets), [1, 2, 3], "fragments of {size}, turned {turned}");
        }
    }
}

#[test]
fn a_decoy_that_the_receiver_does_not_keep_hides_nothing() {
    // The first byte of the marker is sent twice: once as it is, once as a decoy; the policy keeps the first.
    let at = REQUEST.iter().position(|byte| *byte == b'M').unwrap();
    let mut pieces = cut(&[8]);
    let place = pieces.iter().position(|piece| piece.0 > at).unwrap();
    pieces.insert(place, (at, b"X"));
    assert_eq!(alerts(connection(&pieces)), [1, 2, 3]);
}
