//! The meaning of a query by brute force, and the proof that the index gives the same answers.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv6Addr};
use std::ops::{Bound, RangeBounds};

use fengsui_schema::{
    Event, EventId, EventKind, FIELD_CATALOGUE, FieldType, Fields, SourceReference, Timestamp, UnitCode,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::document::{Catalogued, Searchable, Typed, as_ipv6};
use crate::other::{Kind, kind};
use crate::query::parse;
use crate::query::resolve::{OtherValue, Query, Test, resolve};
use crate::tokenizer::{keyword, words};
use crate::{SearchRequest, Selection, Store, StoreSettings};

/// 2026-03-01T00:00:00Z.
const START: i64 = 1_772_323_200;

fn holds(query: &Query, event: &Event, found: &Searchable<'_>) -> bool {
    match query {
        Query::All => true,
        Query::And(queries) => queries.iter().all(|query| holds(query, event, found)),
        Query::Or(queries) => queries.iter().any(|query| holds(query, event, found)),
        Query::Not(inner) => !holds(inner, event, found),
        Query::Test(test) => passes(test, event, found),
    }
}

fn passes(test: &Test, event: &Event, found: &Searchable<'_>) -> bool {
    let any = |index: &usize, test: &dyn Fn(&Typed, &str) -> bool| {
        found.catalogue.iter().any(|known| known.field == *index && test(&known.value, found.text(known.text)))
    };
    let keywords = |index: &usize, test: &dyn Fn(&str) -> bool| {
        any(index, &|value, text| *value == Typed::Keyword && test(&keyword(text)))
    };
    let texts =
        |index: &usize, test: &dyn Fn(&str) -> bool| any(index, &|value, text| *value == Typed::Text && test(text));
    match test {
        Test::Nothing => false,
        Test::Id(id) => event.id == *id,
        Test::Time(low, high) => inside(&event.time.as_nanos(), low, high),
        Test::Keyword(index, value) => keywords(index, &|text| text == value),
        Test::KeywordPattern(index, pattern) => keywords(index, &|text| matches_glob(pattern, text)),
        Test::KeywordRange(index, low, high) => keywords(index, &|text| inside(&text.to_owned(), low, high)),
        Test::Identifier(index, value) => any(index, &|known, text| *known == Typed::Identifier && text == value),
        Test::Words(index, sequence) => texts(index, &|text| holds_words(text, sequence)),
        Test::WordPattern(index, pattern) => texts(index, &|text| holds_word_of(text, pattern)),
        Test::Anywhere(sequence, value) => {
            leaves(event).iter().any(|text| holds_words(text, sequence))
                || found.catalogue.iter().any(|known| is_whole(found, known, value))
        }
        Test::PatternAnywhere(pattern) => {
            leaves(event).iter().any(|text| holds_word_of(text, pattern))
                || found.catalogue.iter().any(|known| {
                    known.value == Typed::Keyword && matches_glob(pattern, &keyword(found.text(known.text)))
                })
        }
        Test::Integer(index, low, high) => {
            any(index, &|value, _| matches!(value, Typed::Integer(number) if inside(number, low, high)))
        }
        Test::Address(index, low, high) => {
            any(index, &|value, _| matches!(value, Typed::Address(address) if inside::<Ipv6Addr>(address, low, high)))
        }
        Test::Exists(index) => any(index, &|_, _| true),
        Test::Other(name, test) => {
            found.other.iter().filter(|named| found.text(named.name) == *name).any(|named| match named.alias {
                Some(field) => test.of_field(field).is_some_and(|test| passes(&test, event, found)),
                None => passes_other(&test.value, found.text(named.text)),
            })
        }
        Test::OtherExists(name) => {
            found.other.iter().any(|named| found.text(named.name) == *name) || event.fields.get(name).is_some()
        }
    }
}

fn passes_other(test: &OtherValue, text: &str) -> bool {
    let (number, time) = match kind(text) {
        Kind::Text => (None, None),
        Kind::Number(number) | Kind::Spelled(number) => (Some(number), None),
        Kind::Time(micros) => (None, Some(micros)),
    };
    let is_text = time.is_none() && !matches!(kind(text), Kind::Number(_));
    match test {
        OtherValue::Equal(value) => {
            keyword(value) == keyword(text) && time.is_none()
                || time.is_some_and(|time| kind(value) == Kind::Time(time))
        }
        OtherValue::Pattern(pattern) => time.is_none() && matches_glob(pattern, &keyword(text)),
        OtherValue::Number(low, high) => number.is_some_and(|number| inside(&number, low, high)),
        OtherValue::Time(low, high) => time.is_some_and(|time| inside(&time, low, high)),
        OtherValue::Range(low, high) => is_text && inside(&keyword(text), low, high),
    }
}

fn holds_words(text: &str, sequence: &[String]) -> bool {
    words(text).windows(sequence.len()).any(|window| window == sequence)
}

fn holds_word_of(text: &str, pattern: &str) -> bool {
    words(text).iter().any(|word| matches_glob(pattern, word))
}

/// Whether a field that is looked into as a whole has a value.
fn is_whole(found: &Searchable<'_>, known: &Catalogued<'_>, value: &str) -> bool {
    let text = found.text(known.text);
    match known.value {
        Typed::Keyword => keyword(text) == keyword(value),
        Typed::Identifier => text == value,
        Typed::Address(address) => value.parse().map(as_ipv6) == Ok(address),
        Typed::Text | Typed::Integer(_) => false,
    }
}

/// Every text of an event but times, addresses and identifiers.
fn leaves(event: &Event) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    let mut open: Vec<&Value> = event.fields.iter().map(|(_, value)| value).chain([&event.original]).collect();
    while let Some(value) = open.pop() {
        match value {
            Value::String(text) => all.push(text.clone()),
            Value::Array(list) => open.extend(list),
            Value::Object(object) => open.extend(object.values()),
            _ => {}
        }
    }
    let whole = |name: &str, value: &Value| {
        let of_name = FIELD_CATALOGUE.iter().find(|definition| definition.name == name);
        let is_whole =
            of_name.is_some_and(|definition| matches!(definition.kind, FieldType::Address | FieldType::Identifier));
        let values: Vec<String> = match value {
            Value::Array(list) => list.iter().filter_map(|value| value.as_str().map(str::to_owned)).collect(),
            value => value.as_str().map(str::to_owned).into_iter().collect(),
        };
        values
            .into_iter()
            .filter(move |text| is_whole && (text.parse::<IpAddr>().is_ok() || definition_is_identifier(name)))
            .collect::<Vec<_>>()
    };
    let not_words: HashSet<String> = event.fields.iter().flat_map(|(name, value)| whole(name, value)).collect();
    all.retain(|text| !not_words.contains(text) && !matches!(kind(text), Kind::Time(_)));
    all
}

fn definition_is_identifier(name: &str) -> bool {
    FIELD_CATALOGUE.iter().any(|definition| definition.name == name && definition.kind == FieldType::Identifier)
}

fn inside<T: PartialOrd>(value: &T, low: &Bound<T>, high: &Bound<T>) -> bool {
    (low.as_ref(), high.as_ref()).contains(value)
}

fn matches_glob(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let mut reached = vec![false; text.len() + 1];
    reached[0] = true;
    for part in pattern {
        let mut next = vec![false; text.len() + 1];
        for place in 0..=text.len() {
            let step = place > 0 && reached[place - 1] && (part == '?' || part == text[place - 1]);
            let star = part == '*' && (reached[place] || place > 0 && next[place - 1]);
            next[place] = star || part != '*' && step;
        }
        reached = next;
    }
    reached[text.len()]
}

fn event(number: u64, parts: &EventParts) -> Event {
    let mut fields = Fields::new();
    fields.set_some("user.name", parts.user);
    fields.set_some("message", parts.message);
    fields.set_some("source.ip", parts.address);
    fields.set_some("destination.port", parts.port);
    fields.set("organization.id", parts.unit);
    fields.set("dns.resolved_ip", json!(["10.1.0.1", parts.address]));
    fields.set_some("flow.id", parts.port.map(|port| (port + 123_456).to_string()));
    fields.set_some("network.community_id", parts.user.map(community));
    fields.set_some("source.bytes", parts.port.map(|port| port * 1_000));
    fields.set("odd.size", parts.length.clone());
    fields.set("odd.begin", parts.begin);
    let begin = if parts.port == Some(2) { "2026-03-02T08:00:00.000000+0000" } else { parts.begin };
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    bytes[8..].copy_from_slice(&number.to_be_bytes());
    Event {
        id: EventId::from_bytes(bytes),
        time: Timestamp::from_parts(START + parts.second, 0),
        received: Timestamp::from_parts(START, 0),
        kind: EventKind::Event,
        source: SourceReference { source: "test".into(), instance: "a".into(), sequence: number },
        fields,
        original: json!({
            "http": {"length": parts.length, "tags": [parts.user, "x-1"], "host": parts.user, "text": parts.message},
            "note": parts.note, "flow": parts.port.map(|port| port + 123_456), "up": parts.port.map(|port| port * 1_000),
            "begin": begin, "peer": parts.address, "odd.size": parts.other_length,
        }),
    }
}

#[derive(Debug, Clone)]
struct EventParts {
    second: i64,
    user: Option<&'static str>,
    message: Option<&'static str>,
    address: Option<&'static str>,
    port: Option<i64>,
    unit: &'static str,
    length: Value,
    other_length: Value,
    note: &'static str,
    begin: &'static str,
}

const USERS: &[&str] = &["root", "Root", "alice", "al", "马得福", "a.b"];
const TEXTS: &[&str] =
    &["检测到SQL注入攻击", "GET /a.php?id=1 UNION SELECT", "union of select", "攻击", "login failed for root", ""];
const ADDRESSES: &[&str] = &["10.0.0.1", "10.1.0.1", "192.168.1.9", "fe80::1", "2001:db8::1"];
const NOTES: &[&str] =
    &["ok", "OK then", "10.0.0.1", "5", "攻", "007", "2026-03-02T08:00:00Z", "2026-03-01 08:00:00.5"];
const BEGINS: &[&str] = &["2026-03-01T08:00:00.000000+0000", "2026-03-02T08:00:00Z", "never"];

fn parts() -> impl Strategy<Value = EventParts> {
    let length = || {
        prop_oneof![
            (-5_i64..15).prop_map(Value::from),
            (1_000_i64..1_003).prop_map(Value::from),
            Just(json!(2.5)),
            Just(json!("7")),
            Just(json!("7.0")),
            Just(json!("many")),
            Just(Value::Null)
        ]
    };
    let some = |values| proptest::option::of(proptest::sample::select(values));
    (
        0_i64..3 * 86_400,
        some(USERS),
        some(TEXTS),
        some(ADDRESSES),
        proptest::option::of(0_i64..6),
        proptest::sample::select(&["620000", "620100", "620123-01", "nonsense"][..]),
        (length(), length()),
        proptest::sample::select(NOTES),
        proptest::sample::select(BEGINS),
    )
        .prop_map(|(second, user, message, address, port, unit, (length, other_length), note, begin)| EventParts {
            second,
            user,
            message,
            address,
            port,
            unit,
            length,
            other_length,
            note,
            begin,
        })
}

/// A community id for one account, another identifier for others.
fn community(user: &str) -> String {
    if user == "al" { COMMUNITY.to_owned() } else { format!("id-{user}") }
}

const COMMUNITY: &str = "1:hO+sN4H+MG5MY/8hIrXPqc4ZQz4=";

/// Conditions that no event or every event of [`parts`] meets.
const CONSTANT: &[&str] = &["event.kind:event", "http.tags:x-?", "no.such:1", "no.such:*", "---"];

const CONDITIONS: &[&str] = &[
    "user.name:root",
    "user:AL*",
    "user.name:?l",
    "user.name:[a TO b]",
    "user.name:马*",
    "user.name:*",
    "message:*",
    "message:攻击",
    "message:\"sql 注入\"",
    "message:sel*",
    "message:攻",
    "source.ip:10.0.0.0/8",
    "source.ip:fe80::1",
    "src_ip:[10.0.0.2 TO 192.168.0.0]",
    "source.ip:*",
    "dns.resolved_ip:10.0.0.1",
    "destination.port:3",
    "dest_port>=2",
    "destination.port:{1 TO 4}",
    "destination.port<1",
    "event.kind:event",
    "http.length:7",
    "http.length>2",
    "http.length:[-3 TO 2.5]",
    "http.length:*",
    "http.tags:x-?",
    "http.tags:ROOT",
    "http.length:1*",
    "http.length:1001",
    "http.length:[1 TO many]",
    "odd.size>=1000",
    "odd.size:7",
    "odd.size:7.0",
    "http.host:root",
    "http.host:?l",
    "http.host:*",
    "http.text:攻击",
    "http.text:\"union select\"",
    "http.text:sel*",
    "flow:123458",
    "flow.id:123458",
    "flow.id:*",
    "network.community_id:\"1:hO+sN4H+MG5MY/8hIrXPqc4ZQz4=\"",
    "\"1:hO+sN4H+MG5MY/8hIrXPqc4ZQz4=\"",
    "network.community_id:id-a.b",
    "123458",
    "up:2000",
    "up>1000",
    "source.bytes:2000",
    "source.bytes>1000",
    "begin:2026-03-02T08:00:00Z",
    "begin:\"2026-03-01T08:00:00.000000+0000\"",
    "begin:[2026-03-02 TO 2026-03-03]",
    "begin:n*",
    "odd.begin<2026-03-02",
    "peer:10.0.0.0/8",
    "peer:10.0.0.1",
    "fe80::1",
    "note:007",
    "note:0*",
    "note:2026-03-01T08:00:00.500Z",
    "note:[o TO p]",
    "note:\"ok then\"",
    "no.such:1",
    "no.such:*",
    "organization.id:620100",
    "@timestamp:[2026-03-02 TO 2026-03-02T12:00:00Z}",
    "time<2026-03-02",
    "union",
    "\"union select\"",
    "\"10.0.0.1\"",
    "攻击",
    "攻",
    "s?l*",
    "---",
];

fn query() -> impl Strategy<Value = String> {
    let condition = proptest::sample::select(CONDITIONS).prop_map(str::to_owned);
    condition.prop_recursive(3, 8, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} AND {b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} OR {b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a} {b}")),
            inner.prop_map(|a| format!("NOT ({a})")),
        ]
    })
}

struct Both {
    store: Store,
    events: Vec<Event>,
    _folder: tempfile::TempDir,
}

impl Both {
    fn new(parts: &[EventParts]) -> Self {
        let folder = tempfile::tempdir().expect("folder");
        let settings =
            StoreSettings { directory: folder.path().to_owned(), writer_memory_mb: 15, ..Default::default() };
        let store = Store::open(settings).expect("opens");
        let events: Vec<Event> = (0..).zip(parts).map(|(number, parts)| event(number, parts)).collect();
        for (index, event) in events.iter().enumerate() {
            store.add(event, index as u64).expect("adds");
            if index % 37 == 36 {
                store.commit().expect("commits");
                // As after a crash: some events come again.
                let again = events.iter().enumerate().skip(index - 5).take(5);
                again.for_each(|(earlier, event)| store.add(event, earlier as u64).expect("adds"));
            }
        }
        store.commit().expect("commits");
        Self { store, events, _folder: folder }
    }

    /// What brute force selects, in the order asked for.
    fn expected(&self, selection: &Selection, newest_first: bool) -> Vec<&Event> {
        let query = resolve(&parse(&selection.query).expect("parses")).expect("resolves");
        let in_time = |event: &Event| {
            selection.from.is_none_or(|from| event.time >= from) && selection.to.is_none_or(|to| event.time < to)
        };
        let in_units = |found: &Searchable<'_>| {
            selection
                .units
                .as_ref()
                .is_none_or(|units| units.iter().any(|unit| found.units.contains(&unit.to_string())))
        };
        let selects = |event: &&Event| {
            let found = Searchable::of(event);
            in_time(event) && in_units(&found) && holds(&query, event, &found)
        };
        let mut events: Vec<_> = self.events.iter().filter(selects).collect();
        events.sort_by_key(|event| (event.time, event.id));
        if newest_first {
            events.reverse();
        }
        events
    }

    fn check(&self, selection: &Selection, newest_first: bool, page: usize) -> Result<(), TestCaseError> {
        let expected = self.expected(selection, newest_first);
        let mut request = SearchRequest {
            query: selection.query.clone(),
            from: selection.from,
            to: selection.to,
            units: selection.units.clone(),
            limit: page,
            newest_first,
            ..SearchRequest::default()
        };
        let mut found = Vec::new();
        loop {
            let page = self.store.search(&request).expect("searches");
            prop_assert_eq!(page.total, expected.len() as u64, "{}", selection.query);
            found.extend(page.hits);
            request.cursor = page.cursor;
            if request.cursor.is_none() {
                break;
            }
        }
        prop_assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{}", selection.query);
        self.check_counts(selection)
    }

    fn check_counts(&self, selection: &Selection) -> Result<(), TestCaseError> {
        let expected = self.expected(selection, false);
        prop_assert_eq!(self.store.count(selection).expect("counts"), expected.len() as u64);
        let histogram = self.store.histogram(selection, 3_600_000).expect("histogram");
        for bucket in histogram.buckets {
            let end = bucket.start.plus_seconds(3600);
            let count = expected.iter().filter(|event| event.time >= bucket.start && event.time < end).count();
            prop_assert_eq!(bucket.count, count as u64);
        }
        let ports = expected.iter().filter_map(|event| event.fields.integer("destination.port"));
        let sum = self.store.numeric_statistics(selection, "destination.port").expect("adds up");
        prop_assert_eq!((sum.count, sum.sum), (ports.clone().count() as u64, ports.clone().map(i128::from).sum()));
        prop_assert_eq!((sum.min, sum.max), (ports.clone().min().unwrap_or(0), ports.max().unwrap_or(0)));
        for field in ["user.name", "source.ip", "destination.port"] {
            self.check_terms(selection, field, &expected)?;
        }
        Ok(())
    }

    fn check_terms(&self, selection: &Selection, field: &str, expected: &[&Event]) -> Result<(), TestCaseError> {
        let top = self.store.top_terms(selection, field, 2).expect("counts");
        let value = |event: &&Event| match event.fields.get(field) {
            Some(Value::String(text)) => Some(text.clone()),
            other => other.map(ToString::to_string),
        };
        let values: Vec<String> = expected.iter().filter_map(value).collect();
        for term in &top.terms {
            prop_assert_eq!(values.iter().filter(|value| **value == term.term).count() as u64, term.count);
        }
        let counted: u64 = top.terms.iter().map(|term| term.count).sum();
        prop_assert_eq!(counted + top.other, values.len() as u64);
        prop_assert!(top.terms.is_sorted_by_key(|term| std::cmp::Reverse(term.count)));
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, failure_persistence: None, max_shrink_iters: 50, ..ProptestConfig::default() })]

    #[test]
    fn the_index_answers_as_brute_force_does(
        parts in proptest::collection::vec(parts(), 1..120),
        queries in proptest::collection::vec((query(), any::<bool>(), 1_usize..40), 40),
        from in proptest::option::of(0_i64..3 * 86_400),
        length in 0_i64..2 * 86_400,
    ) {
        let both = Both::new(&parts);
        for (query, newest_first, page) in queries {
            let from = from.map(|from| Timestamp::from_parts(START + from, 0));
            let to = from.map(|from| from.plus_seconds(length));
            both.check(&Selection { query, from, to, units: None }, newest_first, page)?;
        }
        for query in CONDITIONS {
            let units = Some(vec!["620100".parse::<UnitCode>().expect("unit")]);
            let selection = Selection { query: (*query).to_owned(), units, ..Selection::default() };
            both.check(&selection, true, 100)?;
        }
    }
}

#[test]
fn every_condition_can_be_true_and_false() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let all: Vec<_> = (0..400).map(|_| parts().new_tree(&mut runner).expect("generates").current()).collect();
    let events: Vec<Event> = (0..).zip(&all).map(|(number, parts)| event(number, parts)).collect();
    for condition in CONDITIONS.iter().filter(|text| !CONSTANT.contains(text)) {
        let query = resolve(&parse(condition).expect("parses")).expect("resolves");
        let hits = events.iter().filter(|event| holds(&query, event, &Searchable::of(event))).count();
        assert!(hits > 0 && hits < events.len(), "{condition}: {hits}");
    }
}
