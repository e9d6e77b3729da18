//! Loads rule files and prints what loaded, what did not and why, and what it cost.
#![allow(clippy::print_stdout)] // printing is what this program is for

use std::collections::BTreeMap;
use std::fs;

use fengsui_signatures::{RuleData, RuleSource, Variables, load};

fn main() -> std::io::Result<()> {
    let names: Vec<String> = std::env::args().skip(1).collect();
    let contents = names.iter().map(fs::read).collect::<Result<Vec<_>, _>>()?;
    let sources: Vec<_> = names.iter().zip(&contents).map(|(file, text)| RuleSource { file, text }).collect();
    let before = cpu_seconds();
    let (rules, report) = load(&sources, &Variables::default(), &RuleData::default());
    let cost = cpu_seconds() - before;
    let mut keywords: BTreeMap<&str, usize> = BTreeMap::new();
    for failure in &report.failures {
        println!("{}:{}: sid {:?}: {}", failure.file, failure.line, failure.sid, failure.reason);
        *keywords.entry(failure.keyword.as_deref().unwrap_or("(header)")).or_default() += 1;
    }
    println!("loaded {} of {}, failing by keyword: {keywords:?}", report.loaded, report.loaded + report.failures.len());
    println!("{cost:.2} s CPU, {} resident, version {}", resident(), rules.version());
    Ok(())
}

/// CPU time of this process; 0 where the kernel does not tell.
fn cpu_seconds() -> f64 {
    let text = fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|nanos| nanos.parse::<f64>().ok()).unwrap_or(0.0) / 1e9
}

fn resident() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS"));
    line.map(|line| line.replace("VmRSS:", "").trim().to_owned()).unwrap_or_default()
}
