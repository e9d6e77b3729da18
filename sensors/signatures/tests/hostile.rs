//! No rule text and no payload makes the engine panic; hostile payloads end within their bounds.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test that can not go on has failed

use std::net::SocketAddr;
use std::sync::Arc;

use fengsui_protocols::Direction;
use fengsui_signatures::{FlowState, PacketView, RuleData, RuleSet, RuleSource, Scratch, Tracking, Variables, load};
use proptest::prelude::*;

fn load_text(text: &[u8]) -> (RuleSet, fengsui_signatures::LoadReport) {
    load(&[RuleSource { file: "test", text }], &Variables::default(), &RuleData::default())
}

fn inspect(rules: &RuleSet, payload: &[u8]) -> (usize, u64) {
    let (client, server): (SocketAddr, SocketAddr) = ("10.0.0.1:1000".parse().unwrap(), "10.0.0.2:80".parse().unwrap());
    let mut scratch = Scratch::new(Arc::new(Tracking::default()));
    let mut flow = FlowState::default();
    let mut view = PacketView::new(client, server, 17, payload);
    view.direction = Some(Direction::ToServer);
    let matches = rules.inspect_packet(&mut scratch, &view, Some(&mut flow), None).len();
    (matches, scratch.limited())
}

/// Pieces that rule texts are made of, right and wrong.
fn option() -> impl Strategy<Value = String> {
    let keywords = prop::sample::select(vec![
        "content",
        "pcre",
        "depth",
        "offset",
        "distance",
        "within",
        "byte_test",
        "byte_jump",
        "byte_extract",
        "byte_math",
        "base64_decode",
        "base64_data",
        "isdataat",
        "bsize",
        "nocase",
        "endswith",
        "startswith",
        "fast_pattern",
        "http_uri",
        "http.uri",
        "file_data",
        "to_md5",
        "xor",
        "subslice",
        "flowbits",
        "flowint",
        "threshold",
        "dsize",
        "flags",
        "urilen",
        "absent",
        "dataset",
        "tag",
        "metadata",
        "requires",
        "stream_size",
    ]);
    let values = prop_oneof![
        Just(String::new()),
        prop::sample::select(vec![
            "\"abc\"",
            "!\"|00|\"",
            "\"a|41 42|\"",
            "1",
            "-5",
            "99999999999",
            "!1,relative",
            "4,>,5,0,relative,little",
            "1,0,x,relative",
            "1,0,relative,multiplier 9223372036854775807",
            "x",
            "bytes 1,offset 0,oper /,rvalue 0,result x",
            "\"/a(b|c)*\\1/Ri\"",
            "\"/[/\"",
            "\"/(?=a{1,9}/s\"",
            "set,a",
            "isset,a|b",
            "type limit,track by_src,count 1,seconds 1",
            "<>",
            "5<>1",
            "\"",
            "|",
            "offset -9,relative",
            "relative",
            "\"ff\"",
            "-20,-3",
            "0,9999",
        ])
        .prop_map(str::to_owned),
        ".{0,12}",
    ];
    (keywords, values).prop_map(
        |(keyword, value)| if value.is_empty() { format!("{keyword};") } else { format!("{keyword}:{value};") },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_text_is_a_rule_or_a_failure(text in prop::collection::vec(any::<u8>(), 0..200)) {
        let (rules, report) = load_text(&text);
        prop_assert_eq!(rules.len(), report.loaded);
    }

    #[test]
    fn any_options_load_or_fail_and_never_panic_on_a_payload(
        options in prop::collection::vec(option(), 0..8),
        payload in prop::collection::vec(any::<u8>(), 0..120),
    ) {
        let text = format!("alert udp any any -> any any (msg:\"m\"; {} sid:1;)", options.join(" "));
        let (rules, report) = load_text(text.as_bytes());
        prop_assert_eq!(rules.len() + report.failures.len() + report.skipped.len(), 1, "{}", text);
        inspect(&rules, &payload);
    }
}

#[test]
fn backtracking_over_a_hostile_payload_is_cut_and_counted() {
    let chain: String = (0..12).map(|_| "content:\"a\"; distance:0; ").collect();
    let text = format!("alert udp any any -> any any (msg:\"m\"; {chain} content:\"b\"; distance:0; sid:1;)");
    let (rules, report) = load_text(text.as_bytes());
    assert_eq!(report.failures, []);
    let (matches, limited) = inspect(&rules, &[b'a'; 60_000]);
    assert_eq!((matches, limited), (0, 0), "without the b nothing is even tried");
    let payload = [vec![b'b'], vec![b'a'; 60_000]].concat();
    let (matches, limited) = inspect(&rules, &payload);
    assert_eq!((matches, limited), (0, 1));
}

#[test]
fn a_rule_that_can_not_be_kept_whole_fails_with_its_reason() {
    for (rule, reason) in [
        ("alert tcp any any -> any any (content:\"a\"; lua:x.lua; sid:1;)", "lua runs scripts"),
        ("alert tcp any any -> any any (content:\"a\"; geoip:src,CN; sid:1;)", "geoip needs a location database"),
        ("alert tcp any any -> any any (content:\"a\"; nonsense:1; sid:1;)", "nonsense is not a keyword"),
        ("alert tcp $NOBODY any -> any any (content:\"a\"; sid:1;)", "address group \"$NOBODY\" is not defined"),
        ("alert foo any any -> any any (content:\"a\"; sid:1;)", "protocol \"foo\""),
        ("alert tcp any any -> any any (content:\"a\";)", "the rule has no sid"),
        ("alert tcp any any -> any any (pcre:\"/(a/\"; sid:1;)", "pcre the regular expression is not understood"),
        (
            "alert http any any -> any any (http.uri; content:\"a\"; http.stat_code; content:\"2\"; sid:1;)",
            "write the arrow =>",
        ),
    ] {
        let (rules, report) = load_text(rule.as_bytes());
        assert!(rules.is_empty());
        assert!(
            report.failures[0].reason.starts_with(reason) || report.failures[0].reason.contains(reason),
            "{report:?}"
        );
    }
}

#[test]
fn of_two_rules_with_one_sid_the_newer_stays() {
    let text = b"alert tcp any any -> any any (msg:\"new\"; content:\"a\"; sid:1; rev:2;)\nalert tcp any any -> any any (msg:\"old\"; content:\"a\"; sid:1; rev:1;)";
    let (rules, report) = load_text(text);
    assert_eq!(rules.rules().map(|info| info.msg.as_str()).collect::<Vec<_>>(), ["new"]);
    assert_eq!((report.loaded, report.failures[0].line), (1, 2));
}
