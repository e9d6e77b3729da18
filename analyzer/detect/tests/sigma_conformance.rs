//! The Sigma specification 2.1.0, item by item: what each modifier, condition and kind of document means.

#![allow(clippy::expect_used, clippy::panic, reason = "a test's helpers fail the test")]

use fengsui_detect::{Detection, DetectionBuilder};
use fengsui_schema::{Event, RawRecord};
use serde_json::{Value, json};

fn event(record: &Value) -> Event {
    let received = "2026-11-22T12:00:01Z".parse().expect("time");
    let payload = record.to_string().into();
    let record = RawRecord { source: "json".into(), instance: "s".into(), received, payload };
    fengsui_normalize::normalize(&record, 0).expect("record")
}

fn load(texts: &[&str]) -> (Detection, Vec<String>) {
    let mut builder = DetectionBuilder::new();
    texts.iter().enumerate().for_each(|(index, text)| builder.add_sigma(&format!("{index}.yml"), text));
    let (detection, report) = builder.finish();
    (detection, report.failures.into_iter().map(|failure| failure.reason).collect())
}

fn titles(detection: &Detection, record: &Value) -> Vec<String> {
    detection.sigma(&event(record)).into_iter().map(|found| found.title).collect()
}

/// A rule of a detection section, indented by two.
fn rule(detection: &str) -> String {
    format!("title: t\nlogsource:\n  product: any\ndetection:\n{detection}\n")
}

/// Whether a detection section matches a record.
#[track_caller]
fn matches(detection: &str, record: Value) -> bool {
    let (loaded, failures) = load(&[&rule(detection)]);
    assert_eq!(failures, Vec::<String>::new(), "{detection}");
    !titles(&loaded, &record).is_empty()
}

/// Whether one field item matches a record.
#[track_caller]
fn item(item: &str, record: Value) -> bool {
    matches(&format!("  selection:\n    {item}\n  condition: selection"), record)
}

#[track_caller]
fn refused(text: &str) -> String {
    let (loaded, failures) = load(&[text]);
    assert_eq!(loaded.report().sigma_rules, 0, "loaded");
    failures.first().cloned().expect("has a reason")
}

#[test]
fn strings_ignore_case_and_know_wildcards_and_escapes() {
    assert!(item("a: Hello", json!({"a": "hELLO"})));
    assert!(!item("a: Hello", json!({"a": "hello "})));
    assert!(item("a: 'h?l*o'", json!({"a": "hello"})));
    assert!(item(r"a: 'x\*y'", json!({"a": "x*y"})));
    assert!(!item(r"a: 'x\*y'", json!({"a": "xzy"})));
    assert!(item(r"a: 'x\?y'", json!({"a": "x?y"})));
    assert!(item(r"a: '\\*\share'", json!({"a": r"\host\share"})));
    assert!(item(r"a: 'C:\Windows\\*'", json!({"a": r"C:\Windows\System32"})));
    assert!(item("a: ''", json!({"a": ""})));
    assert!(item("a: 中文*", json!({"a": "中文名"})));
}

#[test]
fn numbers_and_their_texts_are_alike() {
    assert!(item("a: 4688", json!({"a": 4688})));
    assert!(item("a: 4688", json!({"a": "4688"})));
    assert!(item("a: '4688'", json!({"a": 4688})));
    assert!(!item("a: 4688", json!({"a": 46880})));
    assert!(item("a: true", json!({"a": true})));
    assert!(item("a: true", json!({"a": "true"})));
}

#[test]
fn null_is_a_field_without_value() {
    assert!(item("a: null", json!({"a": null, "b": 1})));
    assert!(item("a: null", json!({"b": 1})));
    assert!(!item("a: null", json!({"a": "x"})));
}

#[test]
fn lists_are_alternatives_and_maps_are_conjunctions() {
    assert!(item("a:\n      - x\n      - y", json!({"a": "y"})));
    let both = "  selection:\n    a: x\n    b: y\n  condition: selection";
    assert!(matches(both, json!({"a": "x", "b": "y"})));
    assert!(!matches(both, json!({"a": "x", "b": "z"})));
    let either = "  selection:\n    - a: x\n    - b: y\n  condition: selection";
    assert!(matches(either, json!({"b": "y"})));
    assert!(!matches(either, json!({"b": "z"})));
    assert!(item("a: x", json!({"a": ["q", "x"]})));
}

#[test]
fn text_modifiers() {
    assert!(item("a|contains: ell", json!({"a": "HELLO"})));
    assert!(item("a|startswith: he", json!({"a": "HELLO"})));
    assert!(!item("a|startswith: el", json!({"a": "HELLO"})));
    assert!(item("a|endswith: lo", json!({"a": "HELLO"})));
    assert!(!item("a|endswith: ll", json!({"a": "HELLO"})));
    assert!(item("a|contains|all:\n      - h\n      - o", json!({"a": "hello"})));
    assert!(!item("a|contains|all:\n      - h\n      - x", json!({"a": "hello"})));
    assert!(item("a|cased: Hello", json!({"a": "Hello"})));
    assert!(!item("a|cased: Hello", json!({"a": "hello"})));
    assert!(!item("a|contains|cased: ELL", json!({"a": "hello"})));
    assert!(item("a|neq: x", json!({"a": "y"})));
    assert!(!item("a|neq: x", json!({"a": "X"})));
}

#[test]
fn exists_looks_at_the_field_alone() {
    assert!(item("a|exists: true", json!({"a": ""})));
    assert!(!item("a|exists: true", json!({"b": 1})));
    assert!(item("a|exists: false", json!({"b": 1})));
    assert!(item("a.b|exists: yes", json!({"a": {"b": 0}})));
}

#[test]
fn regular_expressions_and_their_flags() {
    assert!(item(r"a|re: '^h.l{2}o\d+$'", json!({"a": "hello42"})));
    assert!(!item("a|re: HELLO", json!({"a": "hello"})));
    assert!(item("a|re|i: HELLO", json!({"a": "hello"})));
    assert!(item("a|re|m: '^b$'", json!({"a": "a\nb\nc"})));
    assert!(!item("a|re: '^b$'", json!({"a": "a\nb\nc"})));
    assert!(item("a|re|s: 'a.b'", json!({"a": "a\nb"})));
    assert!(!item("a|re: 'a.b'", json!({"a": "a\nb"})));
    assert!(item("a|re|i|s: 'A.B'", json!({"a": "a\nb"})));
    assert!(item(r"a|re: 'a\*b\\c\.'", json!({"a": r"a*b\c."})));
}

#[test]
fn numeric_comparisons() {
    for (item_text, good, bad) in [("a|lt: 5", 4, 5), ("a|lte: 5", 5, 6), ("a|gt: 5", 6, 5), ("a|gte: 5", 5, 4)] {
        assert!(item(item_text, json!({"a": good})), "{item_text}");
        assert!(item(item_text, json!({"a": good.to_string()})), "{item_text} as text");
        assert!(!item(item_text, json!({"a": bad})), "{item_text}");
        assert!(!item(item_text, json!({"a": "x"})), "{item_text}");
    }
}

#[test]
fn parts_of_a_time() {
    let record = || json!({"a": "2026-11-22T23:05:09Z"});
    for (part, value) in [("minute", 5), ("hour", 23), ("day", 22), ("month", 11), ("year", 2026), ("week", 47)] {
        assert!(item(&format!("a|{part}: {value}"), record()), "{part}");
        assert!(!item(&format!("a|{part}: {}", value + 1), record()), "{part}");
    }
}

#[test]
fn networks_of_both_families() {
    assert!(item("a|cidr: 192.0.2.0/24", json!({"a": "192.0.2.77"})));
    assert!(!item("a|cidr: 192.0.2.0/24", json!({"a": "192.0.3.1"})));
    assert!(item("a|cidr:\n      - 10.0.0.0/8\n      - 'fe80::/10'", json!({"a": "fe80::1"})));
    assert!(item("a|cidr: '::1/128'", json!({"a": "::1"})));
    assert!(!item("a|cidr: 10.0.0.0/8", json!({"a": "not an address"})));
}

#[test]
fn one_field_against_another() {
    assert!(item("a|fieldref: b", json!({"a": "X", "b": "x"})));
    assert!(!item("a|fieldref: b", json!({"a": "X", "b": "y"})));
    assert!(!item("a|fieldref: b", json!({"a": "X"})));
    assert!(item("a|fieldref|endswith: b", json!({"a": "C:\\tool.exe", "b": "tool.exe"})));
}

#[test]
fn encodings() {
    assert!(item("a|base64|contains: foobar", json!({"a": "x Zm9vYmFy y"})));
    assert!(item("a|utf16le|base64offset|contains: whoami", json!({"a": "dwBoAG8AYQBtAGkA"})));
    assert!(item("a|utf16|base64|contains: A", json!({"a": "//5BAA=="})));
    assert!(item("a|utf16be|base64|contains: A", json!({"a": "AEE="})));
}

#[test]
fn keywords_look_at_every_value() {
    let any = "  keywords:\n    - evil\n    - 'b?d'\n  condition: keywords";
    assert!(matches(any, json!({"a": {"b": "is EVIL here"}})));
    assert!(matches(any, json!({"x": "bad"})));
    assert!(!matches(any, json!({"a": "good"})));
    let all = "  keywords:\n    '|all':\n      - one\n      - two\n  condition: keywords";
    assert!(matches(all, json!({"a": "has one", "b": "two"})));
    assert!(matches(all, json!({"a": "one two"})));
    assert!(!matches(all, json!({"a": "one"})));
}

#[test]
fn conditions() {
    let parts = "  sel_a:\n    a: 1\n  sel_b:\n    b: 1\n  filter_x:\n    x: 1\n  _hidden:\n    h: 1\n";
    for (condition, record, expected) in [
        ("sel_a and not filter_x", json!({"a": 1}), true),
        ("sel_a and not filter_x", json!({"a": 1, "x": 1}), false),
        ("1 of sel_*", json!({"b": 1}), true),
        ("all of sel_*", json!({"b": 1}), false),
        ("all of sel_*", json!({"a": 1, "b": 1}), true),
        ("1 of them", json!({"x": 1}), true),
        ("1 of them", json!({"h": 1}), false),
        ("all of them", json!({"a": 1, "b": 1, "x": 1}), true),
        ("any of sel*", json!({"a": 1}), true),
        ("sel_a or sel_b and filter_x", json!({"a": 1}), true),
        ("(sel_a or sel_b) and filter_x", json!({"a": 1}), false),
        ("(1 of sel_*) and not 1 of filter_*", json!({"a": 1}), true),
        ("not sel_a and sel_b", json!({"b": 1}), true),
    ] {
        let shown = record.to_string();
        assert_eq!(matches(&format!("{parts}  condition: {condition}"), record), expected, "{condition} on {shown}");
    }
    let several = format!("{parts}  condition:\n    - sel_a\n    - sel_b");
    assert!(matches(&several, json!({"b": 1})));
}

#[test]
fn nested_maps_of_a_record_are_addressed_by_dots() {
    assert!(item("a.b.c: x", json!({"a": {"b": {"c": "x"}}})));
    assert!(item("a.b: x", json!({"a.b": "x"})));
    assert!(item("userIdentity.type: Root", json!({"userIdentity": {"type": "Root"}})));
}

#[test]
fn several_documents_and_collection_actions() {
    let text = "title: one\nlogsource: {product: any}\ndetection:\n  s: {a: 1}\n  condition: s\n---\ntitle: two\nlogsource: {product: any}\ndetection:\n  s: {a: 2}\n  condition: s\n";
    let (loaded, failures) = load(&[text]);
    assert_eq!(failures, Vec::<String>::new());
    assert_eq!(titles(&loaded, &json!({"a": 2})), ["two"]);
    let global = "action: global\nlogsource: {product: any}\nlevel: high\n---\ntitle: one\ndetection:\n  s: {a: 1}\n  condition: s\n---\ntitle: two\ndetection:\n  s: {a: 2}\n  condition: s\n";
    let (loaded, failures) = load(&[global]);
    assert_eq!(failures, Vec::<String>::new());
    assert_eq!(loaded.sigma(&event(&json!({"a": 1})))[0].level.as_deref(), Some("high"));
}

const BASE: &str = "title: base\nid: 5d8fd9da-6916-45ef-8d4d-3fa9d19d1a64\nname: base_rule\nlogsource: {category: process_creation, product: windows}\ndetection:\n  selection:\n    Image|endswith: '\\a.exe'\n  condition: 1 of selection*\n";

fn filter(rules: &str, logsource: &str) -> String {
    format!(
        "title: f\nlogsource: {logsource}\nfilter:\n  rules: {rules}\n  selection:\n    User|startswith: 'adm_'\n  selection_b:\n    Image|contains|windash: ' /x'\n  condition: not 1 of selection*\n"
    )
}

#[test]
fn filters_add_their_condition_to_the_rules_they_name() {
    let hit =
        json!({"EventID": 1, "Channel": "Microsoft-Windows-Sysmon/Operational", "Image": "C:\\a.exe", "User": "joe"});
    let filtered = json!({"EventID": 1, "Channel": "Microsoft-Windows-Sysmon/Operational", "Image": "C:\\a.exe", "User": "ADM_joe"});
    for target in ["any", "5d8fd9da-6916-45ef-8d4d-3fa9d19d1a64", "[base_rule]", "[base]"] {
        let (loaded, failures) = load(&[BASE, &filter(target, "{category: process_creation, product: windows}")]);
        assert_eq!(failures, Vec::<String>::new(), "{target}");
        assert_eq!(titles(&loaded, &hit), ["base"], "{target}");
        assert_eq!(titles(&loaded, &filtered), Vec::<String>::new(), "{target}");
    }
    let (loaded, _) = load(&[BASE, &filter("any", "{product: linux}")]);
    assert_eq!(titles(&loaded, &filtered), ["base"]);
    let (_, failures) = load(&[BASE, &filter("[nothing]", "{product: windows}")]);
    assert!(failures[0].contains("names no rule"), "{failures:?}");
}

#[test]
fn placeholders_take_the_values_of_a_pipeline_file() {
    let text = rule("  s:\n    User|expand: '%admins%'\n  condition: s");
    let (loaded, failures) = load(&[&text, "name: site\npriority: 1\nvars:\n  admins: [root, 'op_*']\n"]);
    assert_eq!(failures, Vec::<String>::new());
    assert_eq!(titles(&loaded, &json!({"User": "op_9"})), ["t"]);
    assert_eq!(titles(&loaded, &json!({"User": "guest"})), Vec::<String>::new());
}

#[test]
fn correlation_rules_of_every_type_load() {
    for (kind, condition) in [
        ("event_count", "gte: 10"),
        ("value_count", "field: User\n    gte: 5"),
        ("temporal", "gte: 1"),
        ("temporal_ordered", "gte: 1"),
        ("value_sum", "field: bytes\n    gt: 5"),
        ("value_avg", "field: bytes\n    gt: 5"),
        ("value_percentile", "field: bytes\n    gt: 5\n    percentile: 95"),
        ("value_median", "field: bytes\n    gt: 5"),
    ] {
        let correlation = format!(
            "title: c\ncorrelation:\n  type: {kind}\n  rules: [base_rule]\n  group-by: [User]\n  timespan: 5m\n  condition:\n    {condition}\n"
        );
        let (loaded, failures) = load(&[BASE, &correlation]);
        assert_eq!(failures, Vec::<String>::new(), "{kind}");
        assert_eq!(loaded.report().sigma_correlations, 1, "{kind}");
    }
}

#[test]
fn each_export_of_windows_events_is_addressed_by_sigmas_names() {
    let text = "title: t\nlogsource: {category: process_creation, product: windows}\ndetection:\n  s:\n    Image|endswith: '\\whoami.exe'\n    EventID: 1\n    Provider_Name: Microsoft-Windows-Sysmon\n    Computer: pc1\n  condition: s\n";
    let (loaded, _) = load(&[text]);
    let data = json!({"Image": "C:\\Windows\\whoami.exe", "CommandLine": "whoami"});
    let channel = "Microsoft-Windows-Sysmon/Operational";
    let provider = "Microsoft-Windows-Sysmon";
    for record in [
        json!({"EventID": 1, "Channel": channel, "Provider_Name": provider, "Computer": "pc1", "Image": "C:\\Windows\\whoami.exe"}),
        json!({"winlog": {"event_id": 1, "channel": channel, "provider_name": provider, "computer_name": "pc1", "event_data": data}}),
        json!({"Event": {"System": {"EventID": {"#text": 1}, "Channel": channel, "Provider": {"#attributes": {"Name": provider}}, "Computer": "pc1"}, "EventData": data}}),
        json!({"EventTime": "2026-11-22 12:00:00", "Hostname": "pc1", "EventID": 1, "SourceName": provider, "Channel": channel, "Image": "C:\\Windows\\whoami.exe"}),
    ] {
        assert_eq!(titles(&loaded, &record), ["t"], "{record} {:?}", event(&record).fields);
    }
}

#[test]
fn hostile_rules_are_refused_with_a_reason() {
    let brackets = rule(&format!("  s: {{a: 1}}\n  condition: {}s{}", "(".repeat(5_000), ")".repeat(5_000)));
    assert!(refused(&brackets).contains("brackets"), "{}", refused(&brackets));
    let negations = rule(&format!("  s: {{a: 1}}\n  condition: {}s", "not ".repeat(10_000)));
    assert!(refused(&negations).contains("bytes") || refused(&negations).contains("negations"));
    let mut laughs = String::from("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
    for level in 1..12 {
        let part = format!("*a{}", level - 1);
        laughs.push_str(&format!("a{level}: &a{level} [{}]\n", vec![part; 10].join(",")));
    }
    assert!(
        refused(&format!(
            "{laughs}title: t\nlogsource: {{product: x}}\ndetection:\n  s: {{a: *a11}}\n  condition: s\n"
        ))
        .contains("YAML")
    );
    let deep = format!(
        "title: t\nlogsource: {{product: x}}\ndetection:\n  s: {}{}\n  condition: s\n",
        "[".repeat(5_000),
        "]".repeat(5_000)
    );
    assert!(refused(&deep).contains("YAML"));
    let large = rule("  s:\n    a|re: '((a{1,1000}){1,1000}){1,1000}'\n  condition: s");
    assert!(refused(&large).contains("regular expression"));
    let broken = rule("  s:\n    a|re: '(unclosed'\n  condition: s");
    assert!(refused(&broken).contains("regular expression"));
    let look_around = rule("  s:\n    a|re: '(?!x)y'\n  condition: s");
    assert!(refused(&look_around).contains("look-around"));
    let long = rule(&format!("  s:\n    a: '{}'\n  condition: s", "x".repeat(100_000)));
    assert!(refused(&long).contains("bytes"));
    let wild = rule(&format!("  s:\n    a:\n{}  condition: s", "      - 'x*y'\n".repeat(3_000)));
    assert!(refused(&wild).contains("patterns"));
    assert!(refused("title: t\n").contains("detection"));
    assert!(refused(": : :").contains("YAML") || !refused("- x").is_empty());
    assert!(refused(&rule("  s: {a: 1}\n  condition: s and other")).contains("other"));
    assert!(refused(&rule("  s:\n    a|unheard_of: 1\n  condition: s")).contains("unheard_of"));
}

#[test]
fn a_rule_with_many_dashes_loads_quickly() {
    let value = " -a /b -c -d -e -f -g -h -i -j -k -l";
    let text = rule(&format!("  s:\n    a|contains|windash: '{value}'\n  condition: s"));
    let (loaded, failures) = load(&[&text]);
    assert_eq!(failures, Vec::<String>::new());
    assert_eq!(titles(&loaded, &json!({"a": format!("x{}", value.replace(" -", " /"))})), ["t"]);
}
