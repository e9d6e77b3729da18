//! What analysts bring: Sigma rules, indicators, suppressions.

use fengsui_detect::{DetectionBuilder, read_indicators};
use fengsui_schema::{RawRecord, Timestamp};

use crate::byte;

const EVENT: &str = r#"{"@timestamp":"2026-11-22T12:00:00Z","Image":"C:\\a.exe","CommandLine":"a.exe -b","source":{"ip":"192.0.2.1"},"EventID":4688}"#;

/// First byte: what it is (Sigma, indicators, suppressions); then the text of the file.
pub(crate) fn detection_rules(data: &[u8]) {
    let mut rest = data;
    let kind = byte(&mut rest) % 3;
    let text = String::from_utf8_lossy(rest);
    let mut builder = DetectionBuilder::new();
    match kind {
        0 => builder.add_sigma("input.yml", &text),
        1 => {
            for name in ["a.csv", "allow.csv", "a.json"] {
                let _ = read_indicators(name, &text);
                builder.add_indicators(name, &text);
            }
        }
        _ => builder.add_suppressions("input.toml", &text),
    }
    let (detection, report) = builder.finish();
    assert!(report.failures.iter().all(|failure| !failure.reason.is_empty()), "what does not load has a reason");
    let record = RawRecord {
        source: "json".to_owned(),
        instance: "sender".to_owned(),
        received: Timestamp::from_parts(1_795_348_800, 0),
        payload: EVENT.into(),
    };
    if let Ok(event) = fengsui_normalize::normalize(&record, 1) {
        let _ = detection.sigma(&event);
    }
}
