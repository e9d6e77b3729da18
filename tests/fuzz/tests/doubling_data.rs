//! Work grows with the input and not faster, for every detector of sensitive data, the screening of words and the readers of
//! documents, on input made to hurt.
#![allow(clippy::expect_used)] // a test that can not go on has failed

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use fengsui_dlp_engine::classify::IDENTIFIERS;
use fengsui_dlp_engine::lexicon::Lexicon;
use fengsui_dlp_engine::{Engine, EngineSettings, Rules};
use fengsui_dlp_gateway::{extract, format_of, formats};
use fengsui_fuzz::MADE_FORMATS;
use fengsui_fuzz::growth::{self, Case};

/// Detectors are many and look at windows of at most two thousand bytes, so that half is enough.
const SMALLER: usize = 2;

static WHOLE: LazyLock<Engine> =
    LazyLock::new(|| Engine::new(EngineSettings::default(), &Rules::default()).expect("embedded rules are sound"));

static STRUCTURED: LazyLock<Engine> = LazyLock::new(|| {
    let settings = EngineSettings { names: false, addresses: false, ..EngineSettings::default() };
    Engine::new(settings, &Rules::default()).expect("embedded rules are sound")
});

/// Texts that go on and on: what each detector begins with, and never ends.
const TEXTS: [&str; 34] = [
    "1",
    "1 ",
    "1-",
    "12 34-",
    "62",
    "110105",
    "19491231",
    "1234567890123456789 ",
    "a",
    "a1",
    "A1",
    "甘",
    "甘A",
    "·",
    "@",
    "a@",
    "a@a.",
    "+1",
    "(0",
    "://",
    "http://a.",
    "password=",
    "1.1.",
    "a:",
    "::1",
    "P<",
    "字第",
    "民初1",
    "省市县区",
    "甘肃省兰州市城关区",
    "马",
    "马文忠、",
    "阿·",
    "姓名：",
];

/// Names of files with what their content begins with, and what is repeated.
const DOCUMENTS: [(&str, &str, &str); 32] = [
    ("a.txt", "", "a"),
    ("a.csv", "a,b\n", "1,2\n"),
    ("a.csv", "a,b\n", "\""),
    ("a.csv", "", ","),
    ("a.json", "", "["),
    ("a.json", "[", "{\"a\":1},"),
    ("a.json", "\"", "\\u"),
    ("a.jsonl", "", "{\"a\":1}\n"),
    ("a.xml", "", "<a>"),
    ("a.xml", "<a ", "b='c' "),
    ("a.html", "<html>", "<"),
    ("a.html", "<html>", "<p>a"),
    ("a.html", "<html><!--", "-"),
    ("a.html", "<html>", "&"),
    ("a.eml", "From: a\r\n", "a: b\r\n"),
    ("a.eml", "From: a\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n", "--x\r\n\r\n"),
    ("a.eml", "From: a\r\nSubject: ", "=?utf-8?B?YQ==?= "),
    ("a.mbox", "", "From a\r\nFrom: a\r\n\r\n"),
    ("a.sql", "INSERT INTO a VALUES ", "(1,'b'),"),
    ("a.sql", "INSERT INTO a VALUES ('", "''"),
    ("a.sql", "", "CREATE TABLE a (b int);\n"),
    ("a.pdf", "%PDF-1.4\n", "1 0 obj<</A 1>>endobj\n"),
    ("a.pdf", "%PDF-1.4\n", "<<"),
    ("a.zip", "PK\u{3}\u{4}", "PK\u{3}\u{4}\0\0"),
    ("a.zip", "PK\u{3}\u{4}", "PK\u{1}\u{2}\0\0"),
    ("a.gz", "\u{1f}", "\0"),
    ("a.rtf", "{\\rtf1 ", "a\\par "),
    ("a.rtf", "{\\rtf1 ", "{\\b a}"),
    ("a.rtf", "{\\rtf1 ", "{"),
    ("a.rtf", "{\\rtf1 ", "\\'c2"),
    ("a.rtf", "{\\rtf1 ", "\\u39532 ?"),
    ("a.sqlite", "SQLite format 3\0\u{10}\0\u{1}\u{1}\0", "\u{d}\0"),
];

/// How a text begins, and what follows again and again up to so many characters.
fn again(start: &str, unit: &str, size: usize) -> String {
    start.chars().chain(unit.chars().cycle()).take(size).collect()
}

fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for identifier in IDENTIFIERS.iter().copied().flatten() {
        let examples: String =
            identifier.valid.iter().chain(identifier.invalid).flat_map(|text| [*text, " "]).collect();
        let work = move |size: usize| drop(STRUCTURED.scan_text(&again("", &examples, size / SMALLER)));
        cases.push(Case::new(format!("{} ({})", identifier.name, identifier.label), work));
    }
    for text in TEXTS {
        let work = move |size: usize| drop(WHOLE.scan_text(&again("", text, size / SMALLER)));
        cases.push(Case::new(format!("text of {text}"), work));
    }
    let lexicon = Arc::new(Lexicon::new(&BTreeMap::new()).expect("embedded lexicons are sound"));
    for text in ["网", "网 ", "网络赌", "wang", "*"] {
        let lexicon = Arc::clone(&lexicon);
        let work = move |size: usize| drop(lexicon.screen(&again("", text, size / SMALLER)));
        cases.push(Case::new(format!("lexicon: {text}"), work));
    }
    for (name, start, unit) in DOCUMENTS {
        let work = move |size: usize| drop(extract(again(start, unit, size).as_bytes(), name));
        cases.push(Case::new(format!("{name}: {start:?}, {unit:?}"), work));
    }
    cases
}

#[test]
fn every_format_of_documents_is_measured() {
    let written =
        DOCUMENTS.iter().filter_map(|(name, start, unit)| format_of(again(start, unit, 4_096).as_bytes(), name));
    let measured: BTreeSet<&str> = written.chain(MADE_FORMATS).collect();
    let missing: Vec<&str> = formats().filter(|format| !measured.contains(format)).collect();
    assert!(missing.is_empty(), "add what the work on these is measured with: {missing:?}");
}

#[test]
fn work_on_data_grows_with_the_input_and_not_faster() {
    growth::check("work_on_data_grows_with_the_input_and_not_faster", &cases());
}
