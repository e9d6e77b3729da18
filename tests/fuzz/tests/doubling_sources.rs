//! Work grows with the input and not faster, for every registered log source, on records made to hurt.
#![allow(clippy::expect_used)] // a test that can not go on has failed

use std::net::{IpAddr, Ipv4Addr};

use fengsui_fuzz::growth::{self, Case, repeated};
use fengsui_fuzz::{one_record, seeds};
use fengsui_normalize::{FlowDecoder, SOURCES, SourceDefinition};

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

fn cases_of(source: &'static SourceDefinition) -> Vec<Case> {
    let sound = seeds::records(source.name).into_iter().next().expect("has a sample");
    let units = UNITS.iter().chain(MEMBERS.iter().filter(|_| sound.ends_with('}')));
    let case = |unit: &&'static str| {
        let (sound, unit) = (sound.clone(), *unit);
        Case::new(format!("{}: {unit}", source.name), move |size| {
            one_record(source, record(&sound, unit, size));
        })
    };
    units.map(case).collect()
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
    let mut cases: Vec<Case> = SOURCES.iter().flat_map(cases_of).collect();
    for (name, set) in SETS {
        cases.push(Case::new(format!("flow exporter: {name}"), move |size| {
            let (mut decoder, exporter) = (FlowDecoder::default(), IpAddr::V4(Ipv4Addr::LOCALHOST));
            let sets = [SETS[0].1, &repeated(set, size - size % set.len())].concat();
            decoder.datagram(exporter, &datagram(&sets)).expect("is read");
        }));
    }
    growth::check("work_of_sources_grows_with_the_record_and_not_faster", &cases);
}
