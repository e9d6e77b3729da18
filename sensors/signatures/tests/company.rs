//! What applies to a flow is looked up by classes of addresses and ports, which all rules of a set have a part in: a rule
//! must fire in the company of others exactly where it fires alone.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test that can not go on has failed

use std::net::SocketAddr;
use std::sync::Arc;

use fengsui_protocols::Direction;
use fengsui_signatures::{FlowState, PacketView, RuleData, RuleSet, RuleSource, Scratch, Tracking, Variables, load};

const HEADERS: &[&str] = &[
    "any any -> any any",
    "$HOME_NET any -> $EXTERNAL_NET any",
    "$EXTERNAL_NET any -> $HOME_NET any",
    "[10.1.0.0/16,!10.1.2.3] any -> any 53",
    "any 53 -> 10.1.2.3 1024:",
    "any !53 -> any [53,5353]",
    "[2001:db8::/32] any -> any any",
    "any any <> 192.0.2.7 53",
];
const OPTIONS: &[&str] =
    &["content:\"mark\"; ", "content:\"mark\"; flow:to_server; ", "content:\"a\"; ", "", "content:\"none such\"; "];
const ADDRESSES: &[&str] = &["10.1.2.3", "10.1.9.9", "192.0.2.7", "198.51.100.1", "2001:db8::5", "2001:dba::5"];
const PORTS: &[u16] = &[53, 80, 5353, 40_000];

fn loaded(rules: &[String]) -> RuleSet {
    let text = rules.join("\n");
    let (set, report) =
        load(&[RuleSource { file: "test", text: text.as_bytes() }], &Variables::default(), &RuleData::default());
    assert!(report.failures.is_empty(), "{:?}", report.failures);
    set
}

/// Numbers of the rules that fire on a datagram that is the first of its flow and direction.
fn fired(set: &RuleSet, scratch: &mut Scratch, (from, to, direction): (SocketAddr, SocketAddr, Direction)) -> Vec<u32> {
    let mut view = PacketView::new(from, to, 17, b"a payload with a mark in it");
    view.direction = Some(direction);
    let found = set.inspect_packet(scratch, &view, Some(&mut FlowState::default()), None);
    let mut numbers: Vec<u32> = found.iter().map(|found| found.rule.sid).collect();
    numbers.sort_unstable();
    numbers
}

#[test]
fn a_rule_fires_in_company_where_it_fires_alone() {
    let bodies = HEADERS.iter().flat_map(|header| OPTIONS.iter().map(move |options| (header, options)));
    let rules: Vec<String> = (1..)
        .zip(bodies)
        .map(|(sid, (header, options))| format!("alert udp {header} (msg:\"m\"; {options}sid:{sid};)"))
        .collect();
    let scratch = || Scratch::new(Arc::new(Tracking::default()));
    let (all, mut scratch_of_all) = (loaded(&rules), scratch());
    let mut alone: Vec<(RuleSet, Scratch)> =
        rules.iter().map(|rule| (loaded(std::slice::from_ref(rule)), scratch())).collect();
    let addresses: Vec<std::net::IpAddr> = ADDRESSES.iter().map(|text| text.parse().unwrap()).collect();
    let ends: Vec<SocketAddr> =
        addresses.iter().flat_map(|address| PORTS.iter().map(|port| (*address, *port).into())).collect();
    let mut total = 0;
    for (from, to) in ends.iter().flat_map(|from| ends.iter().map(move |to| (*from, *to))) {
        for direction in [Direction::ToServer, Direction::ToClient] {
            let datagram = (from, to, direction);
            let together = fired(&all, &mut scratch_of_all, datagram);
            let apart: Vec<u32> = alone.iter_mut().flat_map(|(set, scratch)| fired(set, scratch, datagram)).collect();
            assert_eq!(together, apart, "{from} -> {to} {direction:?}");
            total += together.len();
        }
    }
    assert!(total > 1_000, "{total}");
}
