//! Work grows with the input and not faster, for every registered log source, on records made to hurt.
#![allow(clippy::expect_used)] // a test that can not go on has failed

use std::net::{IpAddr, Ipv4Addr};

use fengsui_fuzz::growth::{self, Case, repeated};
use fengsui_fuzz::{one_record, seeds};
use fengsui_normalize::{AlertLines, FlowDecoder, Framing, SOURCES, SourceDefinition};

/// What is put behind a sound record again and again, until it has its size.
const UNITS: [&str; 14] = ["a", " ", "\t", "\"", "\\", "=", "|", "[", "{", ",", " k=v", " k=\"v\"", "key=\\=", "<a>"];

/// What is put into a sound JSON object, before its end.
const MEMBERS: [&str; 4] = [r#","a":"b""#, r#","a":{"b":[1]}"#, r#","a":"\u0041\n""#, r#","a.b.c":1.5e3"#];

/// A sound record of a source, with a unit behind it or inside of it.
fn record(sound: &str, unit: &str, size: usize) -> Vec<u8> {
    match sound.strip_suffix('}') {
        Some(begun) if unit.starts_with(",\"") => {
            let members = repeated(unit.as_bytes(), size - size % unit.len());
            [begun.as_bytes(), &members, b"}"].concat()
        }
        _ => [sound.as_bytes(), &repeated(unit.as_bytes(), size)].concat(),
    }
}

/// What is put behind the further samples of a source: a product's own form within it is read by the same functions, apart from
/// how its fields are told apart.
const UNITS_OF_FURTHER: [&str; 4] = ["a", "\"", " k=\"v\"", ","];

fn cases_of(source: &'static SourceDefinition) -> Vec<Case> {
    let samples = seeds::records(source.name);
    assert!(!samples.is_empty(), "{} has a sample", source.name);
    let cases_of_sample = |(place, sound): (usize, String)| {
        let units: &[&'static str] = if place == 0 { &UNITS } else { &UNITS_OF_FURTHER };
        let members = MEMBERS.iter().take(if place == 0 { MEMBERS.len() } else { 1 });
        let units: Vec<&'static str> = units.iter().chain(members.filter(|_| sound.ends_with('}'))).copied().collect();
        units.into_iter().map(move |unit| {
            let sound = sound.clone();
            Case::new(format!("{} {place}: {unit}", source.name), move |size| {
                one_record(source, record(&sound, unit, size));
            })
        })
    };
    samples.into_iter().enumerate().flat_map(cases_of_sample).collect()
}

/// Lines of a file: rows behind their header, the recognition of its format, and the keys of ready-made alerts.
fn cases_of_lines() -> Vec<Case> {
    let tables = [
        ("csv", "a,b\n1,2\n"),
        ("zeek_tsv", "#path\tconn\n#fields\tts\tuid\n1\tC\n"),
        ("web_w3c", "#Fields: date time\n2026-11-22 x\n"),
        ("syslog", "<13>a\n"),
    ];
    let mut cases: Vec<Case> = Vec::new();
    for (name, unit) in tables {
        let source = fengsui_normalize::source(name).expect("is a source");
        cases.push(Case::new(format!("lines of {name}"), move |size| {
            let (mut framing, text) = (Framing::of(source), repeated(unit.as_bytes(), size));
            let records = text.split(|byte| *byte == b'\n').filter_map(|line| framing.record(line));
            std::hint::black_box(records.map(|record| record.len()).sum::<usize>());
        }));
    }
    for unit in UNITS.into_iter().chain(["{\"a\":1}\n", "#", "\n"]) {
        cases.push(Case::new(format!("recognition: {unit:?}"), move |size| {
            std::hint::black_box(fengsui_normalize::recognize(&repeated(unit.as_bytes(), size)));
        }));
    }
    let alert = seeds::records("ecs_alert").into_iter().next().expect("has a sample");
    for unit in UNITS.into_iter().chain(MEMBERS) {
        let alert = alert.clone();
        cases.push(Case::new(format!("key of an alert: {unit}"), move |size| {
            std::hint::black_box(AlertLines::default().read(&record(&alert, unit, size)).is_some());
        }));
    }
    cases
}

/// Sets of NetFlow version 9 in one datagram: templates, flows of a template, flows that wait for one.
const SETS: [(&str, &[u8]); 3] = [
    ("templates", &[0, 0, 0, 16, 1, 0, 0, 2, 0, 8, 0, 4, 0, 12, 0, 4]),
    ("flows", &[1, 0, 0, 12, 192, 0, 2, 1, 198, 51, 100, 2]),
    ("flows without template", &[1, 9, 0, 12, 192, 0, 2, 1, 198, 51, 100, 2]),
];

fn datagram(sets: &[u8]) -> Vec<u8> {
    [&[0, 9, 0xff, 0xff, 0, 0, 0, 9][..], &[0x6a; 4], &[0; 8], sets].concat()
}

#[test]
fn work_of_sources_grows_with_the_record_and_not_faster() {
    let mut cases: Vec<Case> = SOURCES.iter().flat_map(cases_of).chain(cases_of_lines()).collect();
    for (name, set) in SETS {
        cases.push(Case::new(format!("flow exporter: {name}"), move |size| {
            let (mut decoder, exporter) = (FlowDecoder::default(), IpAddr::V4(Ipv4Addr::LOCALHOST));
            let sets = [SETS[0].1, &repeated(set, size - size % set.len())].concat();
            decoder.datagram(exporter, &datagram(&sets)).expect("is read");
        }));
    }
    growth::check("work_of_sources_grows_with_the_record_and_not_faster", &cases);
}
