//! A rule that only looks at what does not grow is settled: when a body has grown and nothing else has happened, it is
//! not looked at again. An inspection that is cut short by a limit is counted, which tells that there was one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test that can not go on has failed

use std::sync::Arc;

use fengsui_protocols::{AppProtocol, Buffer, Direction, Transaction};
use fengsui_schema::Timestamp;
use fengsui_signatures::{
    Completion, FlowState, PacketView, RuleData, RuleSet, RuleSource, Scratch, Tracking, Variables, load,
};

/// Patterns that a search in a row of `a` tries in more ways than the limit lets it.
const COSTLY: &str = r#"content:"start"; fast_pattern; content:"a"; distance:0; content:"a"; distance:0; content:"a"; distance:0; content:"!"; distance:0;"#;

fn loaded(options: &str) -> RuleSet {
    let rule = format!("alert http any any -> any any (msg:\"m\"; {options} sid:1;)");
    let (set, report) =
        load(&[RuleSource { file: "test", text: rule.as_bytes() }], &Variables::default(), &RuleData::default());
    assert!(report.failures.is_empty(), "{:?}", report.failures);
    set
}

/// A flow with one transaction that grows.
struct Exchange {
    rules: RuleSet,
    scratch: Scratch,
    flow: FlowState,
    transaction: Transaction,
}

impl Exchange {
    fn new(options: &str) -> Self {
        let mut transaction = Transaction::new(0, AppProtocol::Http, Timestamp::EPOCH);
        let costly = format!("start{}", "a".repeat(64));
        transaction.buffers.set(Direction::ToServer, Buffer::HttpUri, costly.as_bytes());
        transaction.buffers.append(Direction::ToServer, Buffer::HttpRequestBody, costly.as_bytes());
        // As in front of a network, so that every byte of a body is news.
        let scratch = Scratch::new(Arc::new(Tracking::default())).at_once(true);
        Self { rules: loaded(options), scratch, flow: FlowState::default(), transaction }
    }

    /// Shows the transaction; how many rules fired, and how many inspections were cut short by that.
    fn fire(&mut self, completion: Completion) -> (usize, u64) {
        let before = self.scratch.limited();
        let mut view = PacketView::new("10.0.0.1:40000".parse().unwrap(), "10.0.0.2:80".parse().unwrap(), 6, b"bytes");
        view.established = true;
        let shown = (&self.transaction, completion);
        let fired =
            self.rules.inspect_transaction(&mut self.scratch, &view, &mut self.flow, Direction::ToServer, shown);
        (fired.len(), self.scratch.limited() - before)
    }

    /// How many inspections were cut short.
    fn show(&mut self, completion: Completion) -> u64 {
        self.fire(completion).1
    }

    /// How many rules fire when a body has got these bytes.
    fn with(&mut self, bytes: &[u8]) -> usize {
        self.transaction.buffers.append(Direction::ToServer, Buffer::HttpRequestBody, bytes);
        self.fire(Completion::default()).0
    }

    fn grow(&mut self) -> u64 {
        self.transaction.buffers.append(Direction::ToServer, Buffer::HttpRequestBody, b"more");
        self.show(Completion::default())
    }
}

#[test]
fn a_settled_rule_is_skipped_when_a_body_has_grown() {
    let mut exchange = Exchange::new(&format!("http.uri; {COSTLY}"));
    assert_eq!(exchange.show(Completion::default()), 1);
    assert_eq!((exchange.grow(), exchange.grow()), (0, 0));
}

#[test]
fn a_settled_rule_is_looked_at_when_anything_else_happens() {
    let mut exchange = Exchange::new(&format!("http.uri; {COSTLY}"));
    assert_eq!(exchange.show(Completion::default()), 1);
    exchange.transaction.buffers.set(Direction::ToServer, Buffer::HttpMethod, &b"GET"[..]);
    assert_eq!(exchange.grow(), 1, "another buffer was filled");
    assert_eq!(exchange.show(Completion { direction: true, transaction: false }), 1, "the request is complete");
}

#[test]
fn a_rule_about_a_body_or_the_flow_is_never_settled() {
    for options in [
        format!("http.request_body; {COSTLY}"),
        format!("http.uri; {COSTLY} http.request_body; content:\"none such\";"),
        format!("flow:established; http.uri; {COSTLY} flowbits:isnotset,bit; http.request_body; content:!\"zz\";"),
        format!("http.uri; {COSTLY} xbits:isnotset,bit,track ip_src;"),
    ] {
        let mut exchange = Exchange::new(&options);
        assert!(exchange.show(Completion::default()) > 0, "{options}");
        assert!(exchange.grow() > 0, "{options}");
    }
}

#[test]
fn a_body_is_looked_at_when_it_has_doubled_or_ended_and_at_once_in_front_of_a_network() {
    let body = || {
        let mut exchange = Exchange::new("http.request_body; content:\"needle\";");
        assert_eq!(exchange.fire(Completion::default()).0, 0);
        exchange
    };
    assert_eq!(body().with(b"needle"), 1);
    let patient = || Exchange { scratch: Scratch::new(Arc::new(Tracking::default())), ..body() };
    let mut exchange = patient();
    assert_eq!(exchange.with(b"needle"), 0, "six bytes after seventy");
    assert_eq!(exchange.fire(Completion { direction: true, transaction: false }).0, 1, "the request is complete");
    let mut exchange = patient();
    assert_eq!(exchange.with(b"needle"), 0);
    assert_eq!(exchange.with(&[b'.'; 70]), 1, "as much has come as was seen");
    let mut exchange = patient();
    assert_eq!(exchange.with(b"needle"), 0);
    exchange.transaction.buffers.set(Direction::ToServer, Buffer::HttpMethod, &b"GET"[..]);
    assert_eq!(exchange.with(b"."), 0, "the body was not looked at, whatever else happened");
    assert_eq!(exchange.with(&vec![b'.'; 16 << 10]), 1, "sixteen KiB are enough in any case");
}
