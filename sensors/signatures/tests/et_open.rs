//! The rules of Emerging Threats Open, when the caller has them beside the project.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test that can not go on has failed

use std::path::Path;

use fengsui_signatures::{RuleData, RuleSource, Variables, load};

#[test]
fn every_rule_loads() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/et-open-2025-08.rules");
    let Ok(text) = std::fs::read(path) else { return };
    let sources = [RuleSource { file: "et-open", text: &text }];
    let (rules, report) = load(&sources, &Variables::default(), &RuleData::default());
    assert_eq!(rules.len(), report.loaded);
    assert_eq!(report.failures, []);
}
