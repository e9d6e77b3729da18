//! Reassembly of TCP streams.
#![allow(clippy::type_complexity, clippy::too_many_arguments, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use fengsui_protocols::*;
use proptest::prelude::*;
use support::{Connection, at_once};

#[test]
fn both_directions_come_in_order_and_end() {
    let mut connection = Connection::open(at_once(), 100, 900);
    assert_eq!(connection.session.state(), TcpState::Established);
    connection.client_data(0, b"GET /");
    connection.send(Direction::ToClient, flags::ACK, 901, 106, b"answer");
    connection.send(Direction::ToServer, flags::ACK | flags::FIN, 106, 907, b"");
    connection.send(Direction::ToClient, flags::ACK | flags::FIN, 907, 107, b"");
    connection.send(Direction::ToServer, flags::ACK, 107, 908, b"");
    assert_eq!(connection.collected.to_server, b"GET /");
    assert_eq!(connection.collected.to_client, b"answer");
    assert_eq!(connection.collected.ends, [Direction::ToServer, Direction::ToClient]);
    assert_eq!(connection.session.state(), TcpState::Closed);
    assert_eq!(connection.collected.events, Vec::<&str>::new());
}

#[test]
fn sequence_numbers_wrap() {
    let mut connection = Connection::open(at_once(), u32::MAX - 3, 5);
    connection.client_data(4, b"efgh");
    connection.client_data(0, b"abcd");
    assert_eq!(connection.collected.to_server, b"abcdefgh");
}

#[test]
fn missing_bytes_are_told_once_they_were_acknowledged() {
    let mut connection = Connection::open(at_once(), 0, 0);
    connection.client_data(0, b"abc");
    connection.client_data(6, b"ghi");
    assert_eq!(connection.collected.to_server, b"abc");
    connection.send(Direction::ToClient, flags::ACK, 1, 10, b"");
    assert_eq!(connection.collected.gaps, [(Direction::ToServer, 3, 3)]);
    assert_eq!(connection.collected.to_server, b"abcghi");
    assert_eq!(connection.session.statistics(Direction::ToServer).gap_bytes, 3);
}

#[test]
fn what_an_acknowledgement_sets_free_is_handed_out_at_once_by_portions() {
    let mut connection = Connection::open(StreamSettings::default(), 0, 0);
    let (lengths, portion) = ([3, 4, 16 << 10, 5, 6], 7 + (16 << 10));
    let mut sent = 0;
    for length in lengths {
        connection.client_data(sent, &vec![b'a'; length]);
        sent += length;
    }
    assert!(connection.collected.calls.is_empty(), "nothing was acknowledged");
    let acknowledge = |connection: &mut Connection, offset: usize| {
        connection.send(Direction::ToClient, flags::ACK, 1, 1 + u32::try_from(offset).unwrap(), b"")
    };
    acknowledge(&mut connection, sent - 2);
    assert_eq!(connection.collected.calls, [(portion, 3), (5 + 4, 2)]);
    acknowledge(&mut connection, sent);
    assert_eq!(connection.collected.calls[2..], [(2, 1)]);
    assert_eq!(connection.collected.to_server.len(), sent);
}

#[test]
fn at_the_end_of_a_flow_both_sides_are_heard_out_before_either_ends() {
    let mut connection = Connection::open(StreamSettings::default(), 0, 0);
    connection.client_data(0, b"hello");
    connection.send(Direction::ToClient, flags::PSH, 1, 1, b"never acknowledged");
    connection.finish();
    assert_eq!(
        (&*connection.collected.to_server, &*connection.collected.to_client),
        (&b"hello"[..], &b"never acknowledged"[..])
    );
    assert_eq!(connection.collected.ends, [Direction::ToServer, Direction::ToClient]);
    assert_eq!(connection.collected.bytes_at_ends, [23, 23]);
}

#[test]
fn a_retransmission_with_other_data_is_an_event() {
    let mut connection = Connection::open(at_once(), 0, 0);
    connection.client_data(0, b"harmless");
    connection.client_data(0, b"harmful!");
    assert_eq!(connection.collected.to_server, b"harmless");
    assert!(connection.collected.events.contains(&"stream.reassembly_overlap_different_data"));
}

#[test]
fn policies_decide_which_overlap_wins() {
    for (policy, expected) in [(OverlapPolicy::First, b"xBBBcc"), (OverlapPolicy::Last, b"xCCCcc")] {
        let mut connection = Connection::open(StreamSettings { policy, ..at_once() }, 0, 0);
        connection.client_data(1, b"BBB");
        connection.client_data(1, if policy == OverlapPolicy::Last { b"CCCcc" } else { b"bbbcc" });
        connection.client_data(0, b"x");
        assert_eq!(connection.collected.to_server, expected, "{policy:?}");
    }
}

#[test]
fn blind_resets_and_far_packets_are_left_out() {
    let mut connection = Connection::open(at_once(), 0, 0);
    connection.client_data(0, b"abc");
    connection.send(Direction::ToClient, flags::ACK, 1, 4, b"");
    assert!(!connection.send(Direction::ToServer, flags::RST, 1, 0, b""));
    assert!(!connection.client_data(10_000_000, b"far"));
    assert_eq!(connection.session.state(), TcpState::Established);
    assert!(connection.send(Direction::ToServer, flags::RST, 4, 0, b""));
    assert_eq!(connection.session.state(), TcpState::Closed);
    assert_eq!(connection.collected.ends.len(), 2);
}

#[test]
fn urgent_bytes_are_out_of_band() {
    let mut connection = Connection::open(at_once(), 0, 0);
    connection.send_urgent(Direction::ToServer, flags::ACK | flags::URG, 1, 1, 3, b"ab!cd");
    assert_eq!(connection.collected.to_server, b"abcd");
    let inline = StreamSettings { urgent: UrgentPolicy::Inline, ..at_once() };
    let mut connection = Connection::open(inline, 0, 0);
    connection.send_urgent(Direction::ToServer, flags::ACK | flags::URG, 1, 1, 3, b"ab!cd");
    assert_eq!(connection.collected.to_server, b"ab!cd");
}

#[test]
fn midstream_and_one_sided_connections_need_their_settings() {
    let mut strict = Connection::open(at_once(), 0, 0);
    strict.session = TcpSession::new();
    assert!(!strict.client_data(50, b"joined late"));
    let settings = StreamSettings { midstream: true, ..at_once() };
    let mut lenient = Connection::open(settings, 0, 0);
    lenient.session = TcpSession::new();
    assert!(lenient.client_data(50, b"joined late"));
    assert_eq!(lenient.collected.to_server, b"joined late");
}

#[test]
fn depth_and_out_of_order_limits_hold() {
    let settings = StreamSettings { depth_bytes: 10, out_of_order_bytes: 100, ..at_once() };
    let mut connection = Connection::open(settings, 0, 0);
    connection.client_data(0, &[b'a'; 30]);
    connection.client_data(30, &[b'b'; 30]);
    assert_eq!(connection.collected.to_server.len(), 10);
    assert_eq!(connection.session.statistics(Direction::ToServer).beyond_depth_bytes, 50);
    let settings = StreamSettings { out_of_order_bytes: 100, ..at_once() };
    let mut connection = Connection::open(settings, 0, 0);
    for index in 0..20 {
        connection.client_data(10 + index * 10, &[b'c'; 10]);
    }
    assert_eq!(connection.collected.gaps, [(Direction::ToServer, 0, 10)]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_cutting_order_and_repetition_delivers_the_stream(
        stream in prop::collection::vec(any::<u8>(), 1..400),
        cuts in prop::collection::vec((any::<prop::sample::Index>(), 1_usize..60), 0..60),
        sequence in any::<u32>(),
        policy in prop::sample::select(vec![
            OverlapPolicy::Bsd, OverlapPolicy::BsdRight, OverlapPolicy::Linux, OverlapPolicy::Windows,
            OverlapPolicy::Solaris, OverlapPolicy::First, OverlapPolicy::Last,
        ]),
        seed in any::<u64>(),
    ) {
        // Random pieces, then pieces that cover the whole, in an order the seed decides.
        let mut pieces = cuts.iter().map(|(index, length)| {
            let start = index.index(stream.len());
            (start, (start + length).min(stream.len()))
        }).collect::<Vec<_>>();
        let mut cover = (0..stream.len()).step_by(37).map(|start| (start, (start + 37).min(stream.len()))).collect::<Vec<_>>();
        let turn = usize::try_from(seed % cover.len() as u64).unwrap();
        cover.rotate_left(turn);
        if seed & 1 == 0 { cover.reverse(); }
        pieces.extend(cover);
        let mut connection = Connection::open(StreamSettings { policy, ..at_once() }, sequence, seed as u32);
        for (start, end) in pieces {
            connection.client_data(start, &stream[start..end]);
        }
        prop_assert_eq!(&connection.collected.to_server, &stream);
        prop_assert!(!connection.collected.events.contains(&"stream.reassembly_overlap_different_data"));
        prop_assert!(connection.collected.gaps.is_empty());
    }

    #[test]
    fn random_packets_never_break_a_session(
        packets in prop::collection::vec((any::<bool>(), any::<u8>(), 0_u32..64, 0_u32..64, 0_usize..40), 0..80),
        lenient in any::<bool>(),
    ) {
        let settings = StreamSettings { midstream: lenient, async_oneside: lenient, ..at_once() };
        let mut connection = Connection::open(settings, 0, 0);
        if lenient { connection.session = TcpSession::new(); }
        for (to_server, flag_bits, sequence, acknowledgement, length) in packets {
            let direction = if to_server { Direction::ToServer } else { Direction::ToClient };
            connection.send_urgent(direction, flag_bits, sequence, acknowledgement, 2, &[b'x'; 40][..length]);
        }
        connection.finish();
        let (server, client) = (Direction::ToServer, Direction::ToClient);
        let ends = |wanted: Direction| connection.collected.ends.iter().filter(|end| **end == wanted).count();
        prop_assert!(ends(server) >= 1 && ends(client) >= 1);
    }
}
