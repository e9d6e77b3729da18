//! Every overlap of three pieces, of streams and of datagrams, against the table of policies; and streams that are cut,
//! shuffled and repeated. The method is that of "PYROLYSE" (arXiv 2025): what is put together is compared with what a
//! receiver of that kind would hold, byte by byte.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use fengsui_protocols::*;
use fengsui_schema::Timestamp;
use proptest::prelude::*;
use support::Connection;

const POLICIES: [OverlapPolicy; 7] = [
    OverlapPolicy::Bsd,
    OverlapPolicy::BsdRight,
    OverlapPolicy::Linux,
    OverlapPolicy::Windows,
    OverlapPolicy::Solaris,
    OverlapPolicy::First,
    OverlapPolicy::Last,
];
/// Units the pieces lie in.
const UNITS: usize = 5;

/// Start and end of a piece.
type Piece = (usize, usize);

/// A receiver that keeps, for each unit, who sent it; whether pieces shared units.
fn receive(pieces: &[Piece], policy: OverlapPolicy) -> ([Option<usize>; UNITS], bool) {
    let mut held: [Option<usize>; UNITS] = [None; UNITS];
    let mut shared = false;
    for (number, &(start, end)) in pieces.iter().enumerate() {
        for owner in &mut held[start..end] {
            let wins = match *owner {
                None => true,
                Some(old) => {
                    shared = true;
                    let old = pieces[old];
                    policy.new_wins((start as u64, end as u64), (old.0 as u64, old.1 as u64))
                }
            };
            if wins {
                *owner = Some(number);
            }
        }
    }
    (held, shared)
}

fn every_three(mut check: impl FnMut(&[Piece; 3])) {
    let pieces: Vec<Piece> = (0..UNITS).flat_map(|start| (start + 1..=UNITS).map(move |end| (start, end))).collect();
    for one in &pieces {
        for two in &pieces {
            for three in &pieces {
                check(&[*one, *two, *three]);
            }
        }
    }
}

fn letter(number: usize) -> u8 {
    b'a' + u8::try_from(number).unwrap()
}

#[test]
fn streams_hold_what_a_receiver_of_their_policy_holds() {
    for policy in POLICIES {
        every_three(|pieces| {
            let settings = StreamSettings { policy, ..StreamSettings::default() };
            let mut connection = Connection::open(settings, 1000, 9000);
            for (number, (start, end)) in pieces.iter().enumerate() {
                connection.client_data(*start, &vec![letter(number); end - start]);
            }
            let (held, shared) = receive(pieces, policy);
            let last = held.iter().rposition(Option::is_some).unwrap();
            let acknowledged = 1001 + u32::try_from(last + 1).unwrap();
            connection.send(Direction::ToClient, flags::ACK, 9001, acknowledged, b"");
            let expected: Vec<u8> = held.iter().flatten().map(|number| letter(*number)).collect();
            assert_eq!(connection.collected.to_server, expected, "{policy:?} {pieces:?}");
            let told = connection.collected.events.contains(&"stream.reassembly_overlap_different_data");
            assert_eq!(told, shared, "{policy:?} {pieces:?}");
        });
    }
}

/// A fragment of version 4 or 6: `units` of eight bytes from unit `start` on.
fn fragment(version: u8, start: usize, units: usize, more: bool, content: u8) -> Vec<u8> {
    let data = vec![content; units * 8];
    let offset = u16::try_from(start).unwrap();
    let mut packet = Vec::new();
    if version == 4 {
        let length = u16::try_from(20 + data.len()).unwrap();
        packet.extend([0x45, 0]);
        packet.extend(length.to_be_bytes());
        packet.extend([0, 7]);
        packet.extend((offset | if more { 0x2000 } else { 0 }).to_be_bytes());
        packet.extend([64, 253, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
    } else {
        packet.extend([0x60, 0, 0, 0]);
        packet.extend(u16::try_from(8 + data.len()).unwrap().to_be_bytes());
        packet.extend([44, 64]);
        packet.extend([0xfd; 16]);
        packet.extend([0xfc; 16]);
        packet.extend([253, 0]);
        packet.extend((offset << 3 | u16::from(more)).to_be_bytes());
        packet.extend([0, 0, 0, 7]);
    }
    packet.extend(data);
    packet
}

fn fragments_hold_what_a_receiver_holds(version: u8) {
    let decoding = DecodeSettings { verify_checksums: false, ..DecodeSettings::default() };
    for policy in POLICIES {
        every_three(|pieces| {
            let mut defragmenter = Defragmenter::new(DefragSettings { policy, ..DefragSettings::default() });
            let (mut overlapped, mut datagram) = (false, None);
            let tail = (UNITS, UNITS + 1);
            for (number, (start, end)) in pieces.iter().chain([&tail]).enumerate() {
                let packet = fragment(version, *start, end - start, *start < UNITS, letter(number));
                let decoded = decode(&packet, LinkLayer::Raw, &decoding);
                let outcome = defragmenter.add(Timestamp::EPOCH, &decoded, None);
                overlapped |= outcome.events.iter().any(|event| event.ends_with("frag_overlap"));
                datagram = datagram.or(outcome.datagram);
            }
            let (held, shared) = receive(pieces, policy);
            let whole = held.iter().all(Option::is_some);
            assert_eq!(datagram.is_some(), whole, "{policy:?} {pieces:?}");
            assert_eq!(overlapped, shared, "{policy:?} {pieces:?}");
            let Some(datagram) = datagram else { return };
            let body = &datagram[if version == 4 { 20 } else { 40 }..];
            let expected = held.iter().flatten().copied().chain([3]);
            let expected: Vec<u8> = expected.flat_map(|number| [letter(number); 8]).collect();
            assert_eq!(body, expected, "{policy:?} {pieces:?}");
        });
    }
}

#[test]
fn fragments_of_version_4_hold_what_a_receiver_of_their_policy_holds() {
    fragments_hold_what_a_receiver_holds(4);
}

#[test]
fn fragments_of_version_6_hold_what_a_receiver_of_their_policy_holds() {
    fragments_hold_what_a_receiver_holds(6);
}

#[test]
fn nothing_is_handed_out_before_it_is_acknowledged() {
    let mut connection = Connection::open(StreamSettings::default(), 0, 0);
    connection.client_data(0, b"abcdef");
    assert_eq!(connection.collected.to_server, b"");
    connection.send(Direction::ToClient, flags::ACK, 1, 4, b"");
    assert_eq!(connection.collected.to_server, b"abc");
    connection.finish();
    assert_eq!(connection.collected.to_server, b"abcdef");
}

#[test]
fn who_resets_has_not_read_what_it_did_not_acknowledge() {
    let mut connection = Connection::open(StreamSettings::default(), 0, 0);
    connection.client_data(0, b"abcdef");
    connection.send(Direction::ToClient, flags::ACK | flags::RST, 1, 4, b"");
    connection.finish();
    assert_eq!(connection.collected.to_server, b"abc");
    // What the side that resets has sent itself may have been read.
    let mut connection = Connection::open(StreamSettings::default(), 0, 0);
    connection.client_data(0, b"abcdef");
    connection.send(Direction::ToServer, flags::RST, 7, 0, b"");
    connection.finish();
    assert_eq!(connection.collected.to_server, b"abcdef");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn streams_do_not_depend_on_how_they_are_cut_shuffled_and_repeated(
        content in prop::collection::vec(any::<u8>(), 1..400),
        cuts in prop::collection::vec(1_usize..40, 1..40),
        shuffle in any::<u64>(),
        repeats in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
        inline in any::<bool>(),
        policy in prop::sample::select(POLICIES.to_vec()),
    ) {
        let (mut pieces, mut at) = (Vec::new(), 0);
        for size in cuts.iter().cycle() {
            if at >= content.len() {
                break;
            }
            let end = (at + size).min(content.len());
            pieces.push((at, end));
            at = end;
        }
        for index in repeats {
            pieces.push(pieces[index.index(pieces.len())]);
        }
        // A window of 64 in which pieces change places.
        let mut state = shuffle | 1;
        for window in pieces.chunks_mut(64) {
            for last in (1..window.len()).rev() {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                window.swap(last, usize::try_from(state >> 33).unwrap() % (last + 1));
            }
        }
        let mut connection = Connection::open(StreamSettings { inline, policy, ..StreamSettings::default() }, 77, 5);
        for (start, end) in pieces {
            connection.client_data(start, &content[start..end]);
        }
        let all = 78_u32 + u32::try_from(content.len()).unwrap();
        connection.send(Direction::ToClient, flags::ACK, 6, all, b"");
        prop_assert_eq!(&connection.collected.to_server, &content);
        prop_assert!(connection.collected.gaps.is_empty());
        prop_assert!(!connection.collected.events.contains(&"stream.reassembly_overlap_different_data"));
    }
}
