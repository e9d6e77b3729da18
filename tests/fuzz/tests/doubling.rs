//! Work grows with the input and not faster: twice the bytes cost at most 2.3 times the instructions, for every registered
//! application parser and every family of rule keywords, on input made to hurt.
//!
//! Instructions are counted by callgrind, so that it does not matter what else the machine does. `FENGSUI_DOUBLING_BYTES`
//! sets the smaller size. Without valgrind the test says so and checks nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)] // a test that can not go on has failed

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use fengsui_fuzz::seeds::conversation;
use fengsui_protocols::app::ParserSpec;
use fengsui_protocols::{
    AppLayer, AppProtocol, AppSettings, Buffer, Direction, Expectation, PARSERS, Transaction, TransportKind,
};
use fengsui_schema::Timestamp;
use fengsui_signatures::{
    Completion, FlowState, PacketView, RuleData, RuleSet, RuleSource, Scratch, Tracking, Variables, load,
};

/// Instructions of twice the input, in hundredths of those of the input.
const LIMIT_PERCENT: u64 = 230;
/// The function whose calls are counted, by its full name: with a pattern callgrind counts and does not dump.
const FUNCTION: &str = "doubling::counted_by_callgrind";
/// Set for the run that is counted.
const COUNTED: &str = "FENGSUI_COUNTED";
/// A case that costs fewer instructions for each byte only passes its input by; there copying a line that waits shows.
const IDLE_INSTRUCTIONS_PER_BYTE: u64 = 16;

fn bytes() -> usize {
    std::env::var("FENGSUI_DOUBLING_BYTES").ok().and_then(|text| text.parse().ok()).unwrap_or(16 << 10)
}

/// Something that is done with an input of a size.
struct Case {
    name: String,
    work: Box<dyn Fn(usize)>,
}

/// Kinds of input for parsers, by name.
const KINDS: [&str; 7] = ["requests", "answers", "begun", "zeros", "ones", "letters", "lines"];

fn input(spec: &ParserSpec, kind: &str, size: usize) -> (Direction, Vec<u8>) {
    let said = conversation(spec.protocol);
    let of = |way: Direction| said.iter().find(|message| message.0 == way).or(said.first()).expect("has messages");
    let (request, answer) = (of(Direction::ToServer), of(Direction::ToClient));
    let repeated = |unit: &[u8]| unit.iter().copied().cycle().take(size).collect::<Vec<_>>();
    match kind {
        "requests" => (request.0, repeated(&request.1)),
        "answers" => (answer.0, repeated(&answer.1)),
        "begun" => {
            let start = &request.1[..request.1.len() / 2];
            (request.0, start.iter().copied().chain(std::iter::repeat(b'a')).take(size).collect())
        }
        "zeros" => (Direction::ToServer, vec![0; size]),
        "ones" => (Direction::ToServer, vec![0xff; size]),
        "letters" => (Direction::ToClient, vec![b'a'; size]),
        _ => (Direction::ToServer, repeated(b"a: b\r\n")),
    }
}

/// Conversations that have hurt parsers of their protocol before: how they begin, and what is repeated.
const SPECIAL: [(AppProtocol, &str, &[u8], &[u8]); 9] = [
    (AppProtocol::Tls, "records of one byte", b"\x16\x03\x03\0\x04\x01\x03\xff\xff", b"\x16\x03\x03\0\x01a"),
    (AppProtocol::Http, "chunks of one byte", b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n"),
    (AppProtocol::Http, "header fields", b"GET / HTTP/1.1\r\n", b"a: b\r\n"),
    (AppProtocol::Http, "folded field", b"GET / HTTP/1.1\r\na: b\r\n", b" c\r\n"),
    (AppProtocol::Http, "pipelined requests", b"", b"GET / HTTP/1.1\r\n\r\n"),
    (
        AppProtocol::Http,
        "parts of a form",
        b"POST / HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: 9999999\r\n\r\n",
        b"--x\r\n\r\n\r\n",
    ),
    (
        AppProtocol::Smtp,
        "parts of a mail",
        b"EHLO a\r\nMAIL FROM:<a>\r\nRCPT TO:<b>\r\nDATA\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n",
        b"--x\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n",
    ),
    (AppProtocol::Sip, "header that never ends", b"INVITE sip:a SIP/2.0\r\n", b"a: b\r\n"),
    (AppProtocol::Ftp, "reply that never ends", b"USER a\r\n", b"220-a\r\n"),
];

fn special(start: &[u8], unit: &[u8], size: usize) -> Vec<u8> {
    start.iter().chain(unit.iter().cycle()).copied().take(size).collect()
}

fn parse(spec: &ParserSpec, (direction, data): &(Direction, Vec<u8>)) {
    let settings = AppSettings::default();
    let (transport, port) = (spec.transports[0], spec.ports.first().copied().unwrap_or(1));
    let expected = Expectation { protocol: spec.protocol, port, from_server: false, notice: ("", Vec::new()) };
    let mut layer = AppLayer::announced(transport, 40_000, port, expected);
    let mut events = Vec::new();
    let piece = if transport == TransportKind::Tcp { 1_460 } else { 64 << 10 };
    for piece in data.chunks(piece) {
        layer.data(&settings, Timestamp::EPOCH, *direction, piece, &mut events);
        events.clear();
    }
}

/// Rules, one for each family of keywords, with the text their payload is made of.
const RULES: [(&str, &str, &str); 12] = [
    ("content", "content:\"aab\";", "a"),
    ("content chain", "content:\"a\"; content:\"a\"; distance:0; within:9; content:\"b\"; distance:1; within:4;", "a"),
    ("content without case", "content:\"ABAC\"; nocase;", "abab"),
    ("content negated", "content:\"a\"; content:!\"ac\"; within:2;", "ac"),
    ("pcre", "pcre:\"/(a+)+b/\";", "a"),
    ("pcre relative", "content:\"a\"; pcre:\"/a*b/R\";", "a"),
    ("pcre with references", "pcre:\"/(a+)\\\\1b/\";", "a"),
    ("byte_test", "content:\"a\"; byte_test:2,>,65000,0,relative;", "a"),
    ("byte_jump", "content:\"|00|\"; byte_jump:1,0,relative; content:\"b\"; within:1;", "\u{0}"),
    ("byte_extract", "content:\"a\"; byte_extract:1,0,x,relative; content:\"b\"; distance:x;", "a"),
    ("base64", "content:\"a\"; base64_decode:offset 0,relative; base64_data; content:\"zzzz\";", "aGVsbG8="),
    ("isdataat", "content:\"a\"; isdataat:!9,relative;", "a"),
];

fn rule_set(protocol: &str, options: &str) -> RuleSet {
    let text = format!("alert {protocol} any any -> any any (msg:\"m\"; {options} sid:1;)");
    let source = RuleSource { file: "test", text: text.as_bytes() };
    let (rules, report) = load(&[source], &Variables::default(), &RuleData::default());
    assert_eq!(rules.len(), 1, "{options}: {:?}", report.failures);
    rules
}

/// Rules about a buffer of a transaction.
const BUFFER_RULES: [(&str, &str); 4] = [
    ("digest", "http.uri; to_sha256; content:\"|00 01 02 03|\";"),
    ("white space", "http.uri; compress_whitespace; content:\"zzzz\";"),
    ("url decoding", "http.uri; url_decode; content:\"zzzz\";"),
    ("size", "http.uri; bsize:>9; content:\"zzzz\";"),
];

fn match_buffer(rules: &RuleSet, value: Vec<u8>) {
    let side = |last, port| SocketAddr::from((Ipv4Addr::new(192, 0, 2, last), port));
    let view = PacketView::new(side(1, 40_000), side(2, 80), 6, b"");
    let mut transaction = Transaction::new(0, AppProtocol::Http, Timestamp::EPOCH);
    transaction.buffers.set(Direction::ToServer, Buffer::HttpUri, value);
    let mut scratch = Scratch::new(Arc::new(Tracking::default()));
    let seen = (&transaction, Completion { direction: true, transaction: true });
    rules.inspect_transaction(&mut scratch, &view, &mut FlowState::default(), Direction::ToServer, seen);
}

fn match_rule(rules: &RuleSet, payload: &[u8]) {
    let side = |last, port| SocketAddr::from((Ipv4Addr::new(192, 0, 2, last), port));
    let mut view = PacketView::new(side(1, 40_000), side(2, 53), 17, payload);
    view.direction = Some(Direction::ToServer);
    let mut scratch = Scratch::new(Arc::new(Tracking::default()));
    rules.inspect_packet(&mut scratch, &view, Some(&mut FlowState::default()), None);
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for spec in PARSERS {
        for kind in KINDS {
            let name = format!("{}: {kind}", spec.protocol);
            cases.push(Case { name, work: Box::new(move |size| parse(spec, &input(spec, kind, size))) });
        }
    }
    for (protocol, name, start, unit) in SPECIAL {
        let spec = PARSERS.iter().find(|spec| spec.protocol == protocol).expect("is registered");
        let work = move |size| parse(spec, &(Direction::ToServer, special(start, unit, size)));
        cases.push(Case { name: format!("{protocol}: {name}"), work: Box::new(work) });
    }
    for (name, options, unit) in RULES {
        let rules = rule_set("udp", options);
        let work = move |size: usize| {
            let payload: Vec<u8> = unit.bytes().cycle().take(size).collect();
            match_rule(&rules, &payload);
        };
        cases.push(Case { name: format!("rule: {name}"), work: Box::new(work) });
    }
    for (name, options) in BUFFER_RULES {
        let rules = rule_set("http", options);
        let work = move |size: usize| match_buffer(&rules, b"a %41 ".iter().copied().cycle().take(size).collect());
        cases.push(Case { name: format!("rule: {name}"), work: Box::new(work) });
    }
    cases
}

/// What callgrind counts: the name is known to it.
#[inline(never)]
fn counted_by_callgrind(case: &Case, size: usize) {
    (case.work)(std::hint::black_box(size));
}

/// Runs every case in both sizes, to be counted.
fn run_the_cases() {
    for case in cases() {
        // What is made once (tables, compiled expressions) is made before.
        (case.work)(64);
        counted_by_callgrind(&case, bytes());
        counted_by_callgrind(&case, 2 * bytes());
    }
}

#[test]
fn work_grows_with_the_input_and_not_faster() {
    if std::env::var_os(COUNTED).is_some() {
        return run_the_cases();
    }
    let folder = tempfile::tempdir().unwrap();
    let Some(counts) = instructions(folder.path()) else {
        eprintln!("valgrind is not installed (tests/harness/install.sh test): the growth of work is not checked");
        return;
    };
    let cases = cases();
    assert_eq!(counts.len(), 2 * cases.len(), "callgrind counts every case twice");
    let mut problems = Vec::new();
    for (case, counts) in cases.iter().zip(counts.chunks_exact(2)) {
        eprintln!("{:40} {:>12} {:>12}", case.name, counts[0], counts[1]);
        if counts[1] > IDLE_INSTRUCTIONS_PER_BYTE * 2 * bytes() as u64 && counts[1] * 100 > counts[0] * LIMIT_PERCENT {
            problems.push(format!("{}: {} instructions, then {}", case.name, counts[0], counts[1]));
        }
    }
    assert!(problems.is_empty(), "work grows faster than the input:\n{}", problems.join("\n"));
}

/// Instructions of each counted call, in turn; none without valgrind.
fn instructions(folder: &Path) -> Option<Vec<u64>> {
    let output = Command::new("valgrind")
        .arg("--tool=callgrind")
        .arg(format!("--toggle-collect={FUNCTION}"))
        .arg(format!("--dump-after={FUNCTION}"))
        .arg(format!("--callgrind-out-file={}", folder.join("out").display()))
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "work_grows_with_the_input_and_not_faster", "--test-threads=1"])
        .env(COUNTED, "1")
        .output()
        .ok()?;
    let said = [&output.stdout[..], &output.stderr].concat();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&said));
    let mut dumps = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let number = path.extension().and_then(|number| number.to_string_lossy().parse::<u64>().ok());
        let Some(number) = number else { continue };
        let text = std::fs::read_to_string(&path).unwrap();
        let total = text.lines().find_map(|line| line.strip_prefix("totals: ")).unwrap_or("0");
        dumps.push((number, total.trim().parse::<u64>().unwrap()));
    }
    dumps.sort_unstable();
    // The last dump is that of the end of the program, which has counted nothing.
    Some(dumps.into_iter().map(|dump| dump.1).filter(|total| *total > 0).collect())
}
