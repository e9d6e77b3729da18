//! Measures Sigma detection on one core: some thousand made rules over made Windows events of about 2 KB, with full
//! routing by log source. Prints figures and judges nothing.
//!
//!   cargo run --release -p fengsui-detect --example sigma_bench [RULES] [EVENTS]

#![allow(clippy::expect_used, clippy::print_stdout, reason = "a measurement, not a part of the program")]

use std::fmt::Write;
use std::time::{Duration, Instant};

use fengsui_detect::DetectionBuilder;
use fengsui_schema::{Event, RawRecord};

/// A small generator of numbers, so that every run is the same.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("fits") % end
    }

    fn pick<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.below(words.len())]
    }
}

/// Shares of the log sources follow those of public rules: half of them about processes on Windows.
const SOURCES: &[(&str, &[&str], usize)] = &[
    ("category: process_creation, product: windows", &["Image", "CommandLine", "ParentImage", "OriginalFileName"], 46),
    ("category: registry_set, product: windows", &["TargetObject", "Details", "Image"], 8),
    ("category: file_event, product: windows", &["TargetFilename", "Image"], 8),
    ("category: ps_script, product: windows", &["ScriptBlockText"], 6),
    ("category: image_load, product: windows", &["ImageLoaded", "Image"], 4),
    ("category: network_connection, product: windows", &["DestinationHostname", "Image"], 3),
    ("product: windows, service: security", &["SubjectUserName", "ObjectName", "ServiceName"], 8),
    ("product: windows, service: system", &["ServiceName", "ImagePath"], 4),
    ("category: process_creation, product: linux", &["Image", "CommandLine"], 5),
    ("product: linux, service: auditd", &["a0", "a1", "exe"], 3),
    ("category: webserver", &["cs-uri-query", "cs-user-agent"], 3),
    ("product: aws, service: cloudtrail", &["eventName", "eventSource"], 2),
];

const WORDS: &[&str] = &[
    "power", "shell", "cmd", "rundll", "reg", "svr", "wmic", "net", "user", "add", "query", "service", "task", "sched",
    "create", "delete", "shadow", "copy", "admin", "temp", "public", "down", "load", "string", "invoke", "web",
    "request", "encode", "decode", "bits", "cert", "util", "mshta", "script", "hidden", "bypass", "policy", "export",
    "import", "dump", "lsass", "memory", "process", "token", "pipe", "remote", "thread", "inject", "config", "backup",
];

fn word(random: &mut Random) -> String {
    let (one, other) = (random.pick(WORDS), random.pick(WORDS));
    format!("{one}{other}{}", random.below(40))
}

fn item(random: &mut Random, field: &str) -> String {
    let count = 1 + random.below(5);
    let modifier =
        ["contains", "endswith", "contains|all", "startswith", "contains", "endswith", "re", "contains|windash"];
    let modifier = modifier[random.below(modifier.len())];
    let mut text = format!("    {field}|{modifier}:\n");
    for _ in 0..count.max(2) {
        let value = word(random);
        let value = match modifier {
            "endswith" => format!("\\{value}.exe"),
            "re" => format!("{value}[a-z]{{2,8}}\\d+"),
            "contains|windash" => format!(" -{value}"),
            _ => value,
        };
        writeln!(text, "      - '{value}'").expect("writes");
    }
    text
}

fn rule(random: &mut Random, number: usize) -> String {
    let total: usize = SOURCES.iter().map(|(.., share)| share).sum();
    let mut place = random.below(total);
    let (source, fields, _) = SOURCES
        .iter()
        .find(|(.., share)| {
            let here = place < *share;
            place = place.saturating_sub(*share);
            here
        })
        .expect("shares cover");
    let mut text = format!(
        "title: rule {number}\nid: 00000000-0000-4000-8000-{number:012}\nlogsource: {{{source}}}\nlevel: medium\ndetection:\n  selection_a:\n"
    );
    text.push_str(&item(random, fields[0]));
    if fields.len() > 1 && random.below(3) > 0 {
        text.push_str("  selection_b:\n");
        let field = fields[1 + random.below(fields.len() - 1)];
        text.push_str(&item(random, field));
    }
    if random.below(3) == 0 {
        let last = fields[fields.len() - 1];
        text.push_str("  filter_main:\n");
        text.push_str(&item(random, last));
        text.push_str("  condition: all of selection_* and not 1 of filter_*\n");
    } else {
        text.push_str("  condition: all of selection_*\n");
    }
    text
}

/// A Sysmon or security record as exporters write it, with the rendered message that makes up most of it.
fn record(random: &mut Random) -> String {
    let (image, parent) = (word(random), word(random));
    let command: String = (0..12).map(|_| word(random)).collect::<Vec<_>>().join(" -");
    let filler: String = (0..60).map(|_| word(random)).collect::<Vec<_>>().join(" ");
    let (channel, id) = match random.below(10) {
        0..=4 => ("Microsoft-Windows-Sysmon/Operational", 1),
        5 => ("Microsoft-Windows-Sysmon/Operational", 13),
        6 => ("Microsoft-Windows-Sysmon/Operational", 11),
        7 => ("Microsoft-Windows-Sysmon/Operational", 7),
        8 => ("Security", 4688),
        _ => ("Security", 4663),
    };
    serde_json::json!({
        "@timestamp": "2026-11-22T12:00:00.000Z", "EventID": id, "Channel": channel, "Provider_Name": "Microsoft-Windows-Sysmon",
        "Computer": "pc-0117.corp.example", "UtcTime": "2026-11-22 12:00:00.000", "ProcessGuid": "{f2d1b3a4-0000-0000-0000-000000000000}", "ProcessId": "4711",
        "Image": format!("C:\\Windows\\System32\\{image}.exe"), "CommandLine": format!("\"C:\\Windows\\System32\\{image}.exe\" {command}"),
        "ParentImage": format!("C:\\Program Files\\{parent}\\{parent}.exe"), "ParentCommandLine": format!("{parent} -k netsvcs"), "User": "CORP\\li.na",
        "IntegrityLevel": "High", "Hashes": "MD5=00112233445566778899AABBCCDDEEFF,SHA256=000102030405060708090A0B0C0D0E0F000102030405060708090A0B0C0D0E0F,IMPHASH=00112233445566778899AABBCCDDEEFF",
        "TargetFilename": format!("C:\\Users\\Public\\{image}.dat"), "TargetObject": format!("HKLM\\Software\\{parent}\\{image}"), "Details": "DWORD (0x00000001)",
        "ImageLoaded": format!("C:\\Windows\\System32\\{parent}.dll"), "OriginalFileName": format!("{image}.exe"), "CurrentDirectory": "C:\\Users\\li.na\\", "message": filler,
    })
    .to_string()
}

fn event(text: &str) -> Event {
    let received = "2026-11-22T12:00:01Z".parse().expect("time");
    let record = RawRecord { source: "json".into(), instance: "bench".into(), received, payload: text.into() };
    fengsui_normalize::normalize(&record, 0).expect("record")
}

/// Events a second of processor time, of the best of some rounds: what other processes do to the wall clock is not ours.
fn rate(count: usize, mut work: impl FnMut()) -> f64 {
    let best = (0..5)
        .map(|_| {
            let start = processor_time();
            work();
            processor_time().saturating_sub(start)
        })
        .min()
        .unwrap_or(Duration::MAX);
    f64::from(u32::try_from(count).expect("fits")) / best.as_secs_f64()
}

/// Processor time of this process, of which only this thread runs.
fn processor_time() -> Duration {
    let text = std::fs::read_to_string("/proc/self/schedstat").expect("is readable");
    Duration::from_nanos(text.split(' ').next().and_then(|number| number.parse().ok()).expect("begins with a number"))
}

fn main() {
    let number = |index: usize, default: usize| {
        std::env::args().nth(index).and_then(|text| text.parse().ok()).unwrap_or(default)
    };
    let (rules, events) = (number(1, 3_700), number(2, 20_000));
    let mut random = Random(7);
    let mut builder = DetectionBuilder::new();
    let start = Instant::now();
    (0..rules).for_each(|index| builder.add_sigma(&format!("{index}.yml"), &rule(&mut random, index)));
    let (detection, report) = builder.finish();
    println!(
        "rules    {} loaded, {} refused, {:.2} s",
        report.sigma_rules,
        report.failures.len(),
        start.elapsed().as_secs_f64()
    );
    if let Some(failure) = report.failures.first() {
        println!("first    {}: {}", failure.file, failure.reason);
    }
    let texts: Vec<String> = (0..events).map(|_| record(&mut random)).collect();
    let bytes: usize = texts.iter().map(String::len).sum();
    let parsed: Vec<Event> = texts.iter().map(|text| event(text)).collect();
    println!("events   {events} of {} bytes on average", bytes / events);
    let mut hits = 0;
    let detect = rate(events, || hits = parsed.iter().map(|event| detection.sigma(event).len()).sum());
    println!("detect   {detect:.0} events/s on one core, {hits} hits");
    let parse = rate(events, || texts.iter().for_each(|text| drop(event(text))));
    println!("parse    {parse:.0} events/s on one core");
    let both = rate(events, || texts.iter().for_each(|text| drop(detection.sigma(&event(text)))));
    println!("both     {both:.0} events/s on one core");
}
