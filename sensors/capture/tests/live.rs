//! Live capture on the loopback interface. Skipped, with the reason printed, where the privilege is missing.
#![allow(
    clippy::type_complexity,
    clippy::too_many_arguments,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr
)]

use std::net::UdpSocket;
use std::sync::Arc;

use fengsui_capture::*;
use fengsui_schema::{Clock, Timestamp};

const MARK: &[u8] = b"fengsui live capture test";

struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::from_parts(1, 0)
    }
}

/// Sends marked datagrams until the source has delivered one; a bounded number of polls.
fn finds_a_marked_datagram(source: &mut dyn PacketSource) -> bool {
    let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    for _ in 0..500 {
        sender.send_to(MARK, receiver.local_addr().unwrap()).unwrap();
        while let Some(packet) = source.next().unwrap() {
            if packet.data.ends_with(MARK) {
                assert_eq!(packet.link, LinkType::ETHERNET);
                return true;
            }
        }
    }
    false
}

fn opened<S>(result: Result<S, CaptureError>) -> Option<S> {
    match result {
        Ok(source) => Some(source),
        Err(error @ (CaptureError::NotPermitted { .. } | CaptureError::NoInterface { .. })) => {
            eprintln!("skipped: {error}");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn the_ring_delivers_packets_once_and_counts_them() {
    let settings =
        RingSettings { block_bytes: 1 << 16, blocks: 8, block_timeout_ms: 5, poll_ms: 20, ..RingSettings::default() };
    let Some(mut source) = opened(RingSource::open("lo", &settings)) else { return };
    assert!(source.is_live());
    assert!(finds_a_marked_datagram(&mut source));
    let statistics = source.statistics();
    assert!(statistics.received >= 1 && statistics.bytes > 0);
}

#[test]
fn two_rings_share_a_fanout_group() {
    let settings = RingSettings {
        block_bytes: 1 << 16,
        blocks: 4,
        block_timeout_ms: 5,
        poll_ms: 1,
        fanout_group: Some(u16::try_from(std::process::id() & 0xffff).unwrap()),
        ..RingSettings::default()
    };
    let Some(first) = opened(RingSource::open("lo", &settings)) else { return };
    let second = RingSource::open("lo", &settings).unwrap();
    drop((first, second));
}

#[test]
fn the_portable_source_delivers_packets() {
    let Some(mut source) = opened(PnetSource::open("lo", Arc::new(Still))) else { return };
    assert!(finds_a_marked_datagram(&mut source));
}

#[test]
fn wrong_names_and_sizes_are_explained() {
    let error = RingSource::open("no-such-if", &RingSettings::default()).err().unwrap();
    assert!(error.to_string().contains("no-such-if"), "{error}");
    let error = RingSource::open("lo", &RingSettings { blocks: 0, ..RingSettings::default() }).err().unwrap();
    assert!(matches!(error, CaptureError::Setting { key: "blocks", .. }), "{error}");
    assert!(interfaces().iter().all(|interface| !interface.name.is_empty()));
}
