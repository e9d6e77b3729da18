//! Documents on the wire are taken apart by a confined worker: what it finds is what is found in process, and one that
//! takes the worker with it is told, costs its own answer only, and the next one is found.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking"
)]
#![allow(missing_docs, reason = "nobody links against tests")]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use connection::Connection;
use fengsui_capture::{FileSource, PacketSource};
use fengsui_dlp_engine::{ContentHint, Engine, EngineSettings};
use fengsui_files::{
    BuildClassifier, Classifier, ContentOutcome, ContentRules, FileTask, FilesError, LiveScanRules, ScanClient,
    ScanRules, Scanner, Unscanned, scanners_in_process,
};
use fengsui_harness::top;
use fengsui_sensor::{
    EveEvent, LiveRules, LoadedRules, SensorParts, SensorSettings, StartScanners, read_capture, scan_rules,
    start_scanning,
};
use serde_json::{Map, Value};
use wire::Memory;

#[path = "../../../sensors/sensor/tests/wire/connection.rs"]
mod connection;
#[path = "../../../sensors/sensor/tests/wire/mod.rs"]
mod wire;

const TEXT: &str = "姓名：马文忠，身份证号码620102198503120015，联系电话13800138000\n";

fn classifier() -> Arc<BuildClassifier> {
    Arc::new(|rules: &ContentRules| {
        let engine = Engine::new(rules.settings.clone(), &rules.rules).map_err(|error| error.to_string())?;
        let classify: Classifier = Box::new(move |bytes, hint| fengsui_dlp_gateway::classify(&engine, bytes, hint));
        Ok(classify)
    })
}

fn in_process(rules: &LiveScanRules, count: usize) -> Result<Vec<Box<dyn Scanner>>, FilesError> {
    scanners_in_process(rules, count, classifier())
}

fn keeper() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fengsui"));
    command.arg("scan-worker");
    command
}

fn in_workers(rules: &LiveScanRules, count: usize) -> Result<Vec<Box<dyn Scanner>>, FilesError> {
    let start = |number| Ok(Box::new(ScanClient::start(keeper, rules, number)?) as Box<dyn Scanner>);
    (0..count).map(start).collect()
}

/// Everything a sensor tells of some packets.
fn read(source: &mut dyn PacketSource, start: &StartScanners) -> Vec<Map<String, Value>> {
    let mut settings = SensorSettings { workers: 2, ..SensorSettings::default() };
    settings.decode.verify_checksums = false;
    let mut parts = SensorParts::new(LiveRules::new(LoadedRules::default()));
    let yara = [top().join("rules/yara")];
    let rules = scan_rules(&settings, &yara, Some(ContentRules::default())).expect("are readable");
    parts.scanning = start_scanning(&settings, rules, start).expect("starts");
    assert!(parts.scanning.is_some());
    let mut events: Vec<EveEvent> = Vec::new();
    read_capture(settings, parts, source, "test", &mut events).expect("is read");
    events.iter().map(EveEvent::record).collect()
}

fn captures() -> Vec<PathBuf> {
    let folder = std::fs::read_dir(top().join("tests/pcaps")).expect("is there");
    let files = folder.map(|entry| entry.expect("is readable").path());
    let mut captures: Vec<_> = files.filter(|path| path.extension().is_some_and(|kind| kind == "pcap")).collect();
    captures.sort();
    captures
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    writer.write_all(bytes).expect("packs");
    writer.finish().expect("ends")
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut writer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    writer.write_all(bytes).expect("packs");
    writer.finish().expect("ends")
}

fn spreadsheet() -> Vec<u8> {
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    for (row, cells) in [["姓名", "手机号"], ["马文忠", "13800138000"], ["李秀英", "13900139000"]].iter().enumerate()
    {
        for (column, cell) in cells.iter().enumerate() {
            sheet.write(row as u32, column as u16, *cell).expect("writes");
        }
    }
    book.save_to_buffer().expect("is saved")
}

/// Archives in archives, deeper than is followed.
fn nested() -> Vec<u8> {
    (0..12).fold(TEXT.as_bytes().to_vec(), |inner, _| gzip(&inner))
}

/// A PDF with a page of so many operators that a worker has no room for them.
fn eater() -> Vec<u8> {
    let content = zlib(&b"q\n".repeat(30 << 20));
    let stream = format!("<< /Filter /FlateDecode /Length {} >>\nstream\n", content.len());
    let objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Resources << >> /Contents 4 0 R >>".to_vec(),
        [stream.as_bytes(), &content, b"\nendstream"].concat(),
    ];
    let mut bytes = b"%PDF-1.5\n".to_vec();
    let mut table = "xref\n0 5\n0000000000 65535 f \n".to_owned();
    for (number, object) in (1..).zip(objects) {
        table += &format!("{:010} 00000 n \n", bytes.len());
        bytes.extend([format!("{number} 0 obj\n").as_bytes(), &object, b"\nendobj\n"].concat());
    }
    let place = bytes.len();
    let end = format!("{table}trailer\n<< /Size 5 /Root 1 0 R >>\nstartxref\n{place}\n%%EOF\n");
    bytes.extend(end.as_bytes());
    bytes
}

fn answers(bodies: &[Vec<u8>]) -> Memory {
    let mut connection = Connection::open();
    for body in bodies {
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        connection.exchange(&head, body);
    }
    Memory { packets: connection.packets, next: 0 }
}

fn of_type(records: &[Map<String, Value>], name: &str) -> Vec<Map<String, Value>> {
    records.iter().filter(|record| record["event_type"] == name).cloned().collect()
}

/// How many of a counter's kind the last account tells.
fn counted(records: &[Map<String, Value>], name: &str) -> u64 {
    let last = records.iter().rfind(|record| record["event_type"] == "stats").expect("statistics are told");
    last["stats"]["dlp"][name].as_u64().unwrap_or(0)
}

#[test]
fn a_worker_finds_what_is_found_in_process() {
    let (mut findings, mut files) = (0, 0);
    let open = |path: &Path| FileSource::open(path).expect("is a capture");
    for path in captures() {
        let here = read(&mut open(&path), &in_process);
        let there = read(&mut open(&path), &in_workers);
        let differs = here.iter().zip(&there).find(|(one, other)| one != other);
        assert!(differs.is_none() && here.len() == there.len(), "{}: {differs:?}", path.display());
        (findings, files) = (findings + of_type(&here, "dlp").len(), files + of_type(&here, "fileinfo").len());
    }
    println!("{findings} findings in {files} files of {} captures", captures().len());
    assert!(findings > 0);

    let cut = gzip(TEXT.repeat(100).as_bytes());
    let bodies = [
        TEXT.as_bytes().to_vec(),
        spreadsheet(),
        gzip(TEXT.as_bytes()),
        nested(),
        gzip(&vec![0; 80 << 20]),
        cut[..cut.len() / 2].to_vec(),
    ];
    let (here, there) = (read(&mut answers(&bodies), &in_process), read(&mut answers(&bodies), &in_workers));
    assert_eq!(here, there);
    assert_eq!(of_type(&here, "dlp").len(), 3, "text, spreadsheet and archive hold what is looked for");
    let told: Vec<_> = of_type(&here, "anomaly").into_iter().map(|record| record["anomaly"].clone()).collect();
    let events: Vec<_> = told.iter().filter_map(|anomaly| anomaly["event"].as_str()).collect();
    assert_eq!(events, ["file.past_limit", "file.past_limit", "file.unread"], "{told:?}");
    assert_eq!((counted(&here, "content_unread"), counted(&here, "content_unfinished")), (3, 0));
}

#[test]
fn a_document_that_takes_its_worker_with_it_costs_its_own_answer_only() {
    let bodies = [TEXT.as_bytes().to_vec(), eater(), spreadsheet(), TEXT.as_bytes().to_vec()];
    let records = read(&mut answers(&bodies), &in_workers);
    assert_eq!(of_type(&records, "dlp").len(), 3, "the others are found");
    let told = of_type(&records, "anomaly");
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(
        (&told[0]["anomaly"]["event"], &told[0]["anomaly"]["scan"]),
        (&"file.unscanned".into(), &"content".into())
    );
    println!("{}", told[0]["anomaly"]);
    assert_eq!(told[0]["fileinfo"]["size"], bodies[1].len());
    assert_eq!((counted(&records, "content_unfinished"), counted(&records, "findings")), (1, 3));
}

fn scan(scanner: &mut dyn Scanner, text: &str) -> (bool, bool) {
    let task =
        FileTask { bytes: Arc::new(text.as_bytes().to_vec()), yara: true, content: Some(ContentHint::default()) };
    let report = scanner.scan(&[task]).pop().expect("a report");
    let Some(ContentOutcome::Read(content)) = report.content else { panic!("{report:?}") };
    (!report.yara.expect("was asked").matches().is_empty(), content.classification.is_some())
}

fn rules(needle: &str, disabled: &[&str]) -> ScanRules {
    let rule = format!("rule r {{ strings: $a = \"{needle}\" condition: $a }}");
    let disabled = disabled.iter().map(|&name| name.to_owned()).collect();
    let settings = EngineSettings { disabled, names: false, ..EngineSettings::default() };
    ScanRules {
        yara: vec![("r.yar".to_owned(), rule)],
        content: Some(ContentRules { settings, ..ContentRules::default() }),
    }
}

#[test]
fn new_rules_reach_workers_and_refused_ones_change_nothing() {
    let text = "one needle, 联系电话13800138000";
    for start in [in_process, in_workers] {
        let live = LiveScanRules::new(rules("needle", &[])).expect("are sent");
        let mut scanners = start(&live, 2).expect("start");
        let first = live.version();
        assert_eq!(live.serving().into_values().collect::<Vec<_>>(), [first.clone(), first.clone()]);
        assert!(scanners.iter_mut().all(|scanner| scan(scanner.as_mut(), text) == (true, true)));

        live.replace(rules("nothing", &["cn_mobile"])).expect("are sent");
        assert!(scanners.iter_mut().all(|scanner| scan(scanner.as_mut(), text) == (false, false)));
        let second = live.version();
        assert_ne!(first, second);
        assert_eq!(live.serving().into_values().collect::<Vec<_>>(), [second.clone(), second.clone()]);

        for broken in [rules("needle\" \"", &[]), rules("needle", &["no_such_type"])] {
            live.replace(broken).expect("are sent");
            assert!(scanners.iter_mut().all(|scanner| scan(scanner.as_mut(), text) == (false, false)));
            assert_ne!(live.version(), second);
            assert!(live.serving().values().all(|version| *version == second), "{:?}", live.serving());
        }

        live.replace(rules("needle", &[])).expect("are sent");
        assert!(scanners.iter_mut().all(|scanner| scan(scanner.as_mut(), text) == (true, true)));
        assert!(live.serving().values().all(|version| *version == first));
    }
}

#[test]
fn each_file_of_a_request_is_told_by_itself() {
    let live = LiveScanRules::new(rules("needle", &[])).expect("are sent");
    let mut scanner = ScanClient::start(keeper, &live, 0).expect("starts");
    let content =
        |bytes: Vec<u8>| FileTask { bytes: Arc::new(bytes), yara: true, content: Some(ContentHint::default()) };
    let text = || content(b"a needle, 13800138000 is the telephone".to_vec());
    let reports = scanner.scan(&[text(), content(eater()), text()]);
    assert_eq!(reports.len(), 3);
    assert_eq!(reports[0], reports[2]);
    assert!(!reports[0].yara.as_ref().expect("was asked").matches().is_empty());
    let lost = reports[1].content.as_ref().and_then(ContentOutcome::unfinished);
    assert!(matches!(lost, Some(Unscanned::Crashed | Unscanned::TimedOut)), "{:?}", reports[1]);
    // What else was asked about that file is answered.
    assert_eq!(reports[1].yara.as_ref().and_then(|outcome| outcome.unscanned()), None);
}
