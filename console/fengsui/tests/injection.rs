//! Hostile texts through what the command line prints: names of files, rules, settings, data. None reaches a terminal as
//! more than text, and none forges a line.

#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(missing_docs, reason = "nobody links against tests")]

use std::path::Path;

use fengsui_harness::{Finished, run};

const PROGRAM: &str = env!("CARGO_BIN_EXE_fengsui");
/// What a forged line would begin with.
const FORGED: &str = "FORGED";

/// Control, direction and invisible characters.
fn acts_on_a_terminal(c: char) -> bool {
    let hidden = matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}');
    c.is_control() || hidden
}

fn payloads() -> Vec<String> {
    let texts: Vec<serde_json::Value> =
        serde_json::from_str(include_str!("../../../tests/injection/payloads.json")).expect("is JSON");
    let mut texts: Vec<String> = texts.iter().map(|one| one["text"].as_str().expect("text").to_owned()).collect();
    texts.extend(["\r\n", "\n", "\u{85}", "\u{2028}"].map(|end| format!("a{end}{FORGED}: all is well")));
    texts
}

fn fengsui(folder: &Path, arguments: &[&str]) -> Finished {
    run(Path::new(PROGRAM), arguments, folder).expect("runs")
}

fn check(done: &Finished, what: &str) {
    for text in [&done.out, &done.err] {
        let acts = text.chars().find(|c| !matches!(c, '\n' | '\t') && acts_on_a_terminal(*c));
        assert_eq!(acts, None, "{what}: {text:?}");
        assert!(text.lines().all(|line| !line.starts_with(FORGED)), "{what}: {text:?}");
    }
}

/// A name of a file, as far as a file can have it.
fn file_name(payload: &str, ending: &str) -> String {
    let name: String = payload.chars().filter(|c| !matches!(c, '/' | '\0')).take(40).collect();
    format!("x{name}.{ending}")
}

#[test]
fn nothing_that_the_command_line_prints_acts() {
    let folder = tempfile::tempdir().expect("folder");
    let base = folder.path();
    let (rules, data) = (base.join("rules"), base.join("data"));
    std::fs::create_dir_all(&rules).expect("folder");
    std::fs::create_dir_all(&data).expect("folder");
    for (number, payload) in payloads().iter().enumerate() {
        let broken = format!("alert http any any -> any any (msg:\"{payload}\"; nothing:{payload}; sid:{number};)\n");
        std::fs::write(rules.join(file_name(payload, "rules")), broken).expect("writes");
        std::fs::write(rules.join(file_name(payload, "yml")), format!("title: \"{payload}\"\nlogsource: {payload}\n"))
            .expect("writes");
        let record = format!("姓名,备注\n张三,{payload}\n李四,13800138000 {payload} 110101199003078515\n");
        std::fs::write(data.join(file_name(payload, "csv")), record).expect("writes");
    }
    let yara = format!("rule a {{ strings: $a = \"{}\" condition: b }}", "\u{1b}[31m\u{202e}");
    std::fs::write(rules.join("a.yar"), yara).expect("writes");
    let done = fengsui(base, &["rules", "check", "--most", "0", "rules"]);
    check(&done, "rules check");
    assert!(done.out.lines().count() > 100, "{}", done.out);
    for format in ["table", "json"] {
        let done = fengsui(base, &["dlp", "scan", "--format", format, "data"]);
        check(&done, "dlp scan");
        assert!(done.out.lines().count() > 100, "{} {}", done.out, done.err);
    }
}

#[test]
fn nothing_that_an_error_repeats_acts() {
    let folder = tempfile::tempdir().expect("folder");
    let base = folder.path();
    // Every word of these comes to an error message; the program is started for each.
    for payload in payloads().iter().filter(|text| text.chars().any(acts_on_a_terminal)) {
        let payload = payload.replace('\0', "");
        for arguments in [
            vec!["-C", payload.as_str(), "doctor"],
            vec!["node", "fetch", "--kind", "rules", &payload],
            vec!["node", "revoke", &payload, "--reason", &payload],
            vec!["bundle", "verify", "--signer", &payload, &payload],
            vec!["audit", "verify", "--data", &payload],
            vec!["sensor", "-r", &payload],
        ] {
            let done = fengsui(base, &arguments);
            assert_ne!(done.code, 0, "{arguments:?}");
            check(&done, &format!("{arguments:?}"));
        }
        std::fs::write(
            base.join("wrong.toml"),
            format!("[console]\nunit = \"{}\"\n{payload}\n", payload.escape_default()),
        )
        .expect("writes");
        check(&fengsui(base, &["-C", "wrong.toml", "doctor"]), "settings");
    }
}
