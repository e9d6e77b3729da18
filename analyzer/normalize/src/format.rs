//! Recognises the format of a file or sender by its first lines.

use crate::limits;
use crate::sources::{SOURCES, SourceDefinition};

/// The source that most of the first lines resemble; the earlier in [`SOURCES`] when two are alike. `None` when no line
/// resembles any.
#[must_use]
pub fn recognize(sample: &[u8]) -> Option<&'static SourceDefinition> {
    let sample = sample.strip_prefix(b"\xef\xbb\xbf").unwrap_or(sample);
    let lines: Vec<&[u8]> = sample
        .split(|byte| *byte == b'\n')
        .map(<[u8]>::trim_ascii)
        .filter(|line| !line.is_empty())
        .take(limits::SAMPLE_LINES)
        .collect();
    // A table is told by its first line alone: its rows resemble anything.
    let first = lines.first()?;
    if first.starts_with(b"#") {
        return SOURCES.iter().find(|source| (source.resembles)(first));
    }
    let votes = |source: &SourceDefinition| lines.iter().filter(|line| (source.resembles)(line)).count();
    let best = SOURCES.iter().map(|source| (votes(source), source)).rev().max_by_key(|(votes, _)| *votes);
    best.filter(|(votes, _)| *votes > 0).map(|(_, source)| source)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_lines_tell() {
        for (sample, expected) in [
            (r#"{"timestamp":"2026-11-22T12:00:00Z","event_type":"dns"}"#, "fengsui_eve"),
            (r#"{"ts":1,"uid":"C","id.orig_h":"192.0.2.1"}"#, "zeek_json"),
            ("#separator \\x09\n#path\tconn\n", "zeek_tsv"),
            (r#"{"EventID":1}"#, "json"),
            (r#"{"@timestamp":"2026-11-22T12:00:00Z","rule":{"name":"x"}}"#, "ecs_alert"),
            ("type=SYSCALL msg=audit(1.2:3): arch=1", "auditd"),
            ("CEF:0|a|b|c|d|e|1|src=192.0.2.1", "cef"),
            ("LEEF:1.0|a|b|c|d|src=192.0.2.1", "leef"),
            (r#"192.0.2.1 - - [22/Nov/2026:20:00:00 +0800] "GET / HTTP/1.1" 200 5"#, "web_access"),
            ("<13>Nov 22 12:00:00 host app: text", "syslog"),
            ("Nov 22 12:00:00 host app: text", "syslog"),
            ("2026-11-22T12:00:00Z host app: text", "syslog"),
            ("time,src_ip,dst_ip\n1,192.0.2.1,192.0.2.2", "csv"),
        ] {
            assert_eq!(recognize(sample.as_bytes()).map(|source| source.name), Some(expected), "{sample}");
        }
        assert!(recognize(b"  \n").is_none());
    }
}
