//! A file whose bytes stand in its transaction has none of its own. When the transaction no longer has them, the file
//! takes them back: what is told, kept and found must be that of the whole file.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};

use connection::Connection;
use fengsui_sensor::{EveEvent, LiveRules, LoadedRules, SensorParts, SensorSettings, read_capture};
use fengsui_signatures::{RuleData, RuleSource, Variables, load};
use serde_json::{Map, Value};
use wire::Memory;

#[path = "wire/connection.rs"]
mod connection;
mod wire;

const RULES: &str = r#"
alert http any any -> any any (msg:"start"; file.data; content:"MARK-AT-THE-START"; sid:1;)
alert http any any -> any any (msg:"across"; file.data; content:"MARK-ACROSS-THE-LIMIT"; sid:2;)
alert http any any -> any any (msg:"end"; file.data; content:"MARK-AT-THE-END"; sid:3;)
"#;

impl Connection {
    /// As [`Self::say`], without the piece of this number.
    fn say_without(&mut self, side: usize, text: &[u8], missing: usize) {
        for (number, piece) in text.chunks(connection::SEGMENT).enumerate() {
            self.send(side, 24, piece);
            if number == missing {
                self.packets.pop();
            }
            self.send(1 - side, 16, b"");
        }
    }
}

/// Bytes that repeat nowhere, with marks at the start, across a place and at the end.
fn body(length: usize, limit: usize) -> Vec<u8> {
    let mut bytes: Vec<u8> = (0_u32..).flat_map(|number| format!("{number:07} ").into_bytes()).take(length).collect();
    for (at, mark) in
        [(16, "MARK-AT-THE-START"), (limit - 9, "MARK-ACROSS-THE-LIMIT"), (length - 40, "MARK-AT-THE-END")]
    {
        bytes[at..at + mark.len()].copy_from_slice(mark.as_bytes());
    }
    bytes
}

fn read(connection: Connection, folder: &Path) -> Vec<Map<String, Value>> {
    let (set, report) =
        load(&[RuleSource { file: "test", text: RULES.as_bytes() }], &Variables::default(), &RuleData::default());
    assert!(report.failures.is_empty(), "{:?}", report.failures);
    let mut settings = SensorSettings::default();
    settings.decode.verify_checksums = false;
    settings.file_store.directory = Some(folder.to_owned());
    settings.file_store.all = true;
    let parts = SensorParts::new(LiveRules::new(LoadedRules { set, report }));
    let mut events: Vec<EveEvent> = Vec::new();
    let mut source = Memory { packets: connection.packets, next: 0 };
    read_capture(settings, parts, &mut source, "test", &mut events).expect("is read");
    events.iter().map(EveEvent::record).collect()
}

fn sids(records: &[Map<String, Value>]) -> Vec<u64> {
    let alerts = records.iter().filter(|record| record["event_type"] == "alert");
    let mut sids: Vec<u64> = alerts.map(|record| record["alert"]["signature_id"].as_u64().unwrap()).collect();
    sids.sort_unstable();
    // In another answer a rule may fire again on what is still held of the file.
    sids.dedup();
    sids
}

/// Contents of the files that were kept.
fn kept(folder: &Path) -> Vec<Vec<u8>> {
    let children = |path: &Path| -> Vec<PathBuf> {
        std::fs::read_dir(path).expect("is a folder").map(|entry| entry.expect("is readable").path()).collect()
    };
    let files = children(folder).iter().flat_map(|path| children(path)).collect::<Vec<_>>();
    files.iter().map(|path| std::fs::read(path).expect("is readable")).collect()
}

#[test]
fn a_file_that_outgrows_the_body_of_its_transaction_stays_whole() {
    let limit = SensorSettings::default().app.http.response_body_limit;
    let bytes = body(3 * limit, limit);
    let mut connection = Connection::open();
    connection.exchange(&format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", bytes.len()), &bytes);
    let folder = tempfile::tempdir().expect("is made");
    let records = read(connection, folder.path());
    assert_eq!(sids(&records), [1, 2, 3]);
    assert!(kept(folder.path()) == [bytes], "another file was kept");
}

#[test]
fn a_file_of_two_answers_outlives_the_transaction_of_the_first() {
    let (bytes, middle) = (body(20_000, 12_000), 12_000);
    let mut connection = Connection::open();
    for range in [0..middle, middle..bytes.len()] {
        let head = format!(
            "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes {}-{}/{}\r\nContent-Length: {}\r\n\r\n",
            range.start,
            range.end - 1,
            bytes.len(),
            range.len()
        );
        connection.exchange(&head, &bytes[range]);
    }
    let folder = tempfile::tempdir().expect("is made");
    let records = read(connection, folder.path());
    assert_eq!(sids(&records), [1, 2, 3]);
    assert!(kept(folder.path()) == [bytes], "another file was kept");
}

#[test]
fn a_file_with_a_gap_keeps_what_came_before_it() {
    let bytes = body(20_000, 9_000);
    let mut connection = Connection::open();
    connection.say(0, b"GET /file.bin HTTP/1.1\r\nHost: h\r\n\r\n");
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", bytes.len());
    connection.say_without(1, &[head.as_bytes(), &bytes].concat(), 10);
    let folder = tempfile::tempdir().expect("is made");
    let records = read(connection, folder.path());
    assert_eq!(sids(&records), [1, 2, 3]);
    let file = records.iter().find(|record| record["event_type"] == "fileinfo").expect("is told");
    assert_eq!((&file["fileinfo"]["gaps"], &file["fileinfo"]["size"]), (&true.into(), &bytes.len().into()));
}
