//! Rules as text to a rule set and a report.

use std::collections::{BTreeMap, HashMap};

use sha2::Digest as _;

use crate::compile::{Compiled, RuleError, compile, sid_of};
use crate::ranges::Groups;
use crate::syntax::{RuleText, rules_of};
use crate::{LoadFailure, LoadReport, LoadWarning, RuleSet, Variables};

/// A file of rules, read by the caller.
#[derive(Debug, Clone, Copy)]
pub struct RuleSource<'a> {
    /// Name the report repeats.
    pub file: &'a str,
    /// Content. Bytes that are no UTF-8 fail only the rule they are in.
    pub text: &'a [u8],
}

/// Data files that rules name (datasets, hash lists), by the name the rules write; read by the caller.
#[derive(Debug, Clone, Default)]
pub struct RuleData(pub BTreeMap<String, Vec<u8>>);

/// Loads rules. Never fails as a whole: what did not load is in the report.
///
/// Of several rules with the same gid and sid the one with the highest revision is kept, the last of equals.
#[must_use]
pub fn load(sources: &[RuleSource<'_>], variables: &Variables, data: &RuleData) -> (RuleSet, LoadReport) {
    let mut loading = Loading { groups: Groups::new(variables), data, kept: Vec::new(), report: LoadReport::default() };
    for source in sources {
        for text in rules_of(source.text) {
            loading.add(source.file, &text);
        }
    }
    loading.finish(variables)
}

struct Loading<'l> {
    groups: Groups<'l>,
    data: &'l RuleData,
    kept: Vec<Compiled>,
    report: LoadReport,
}

impl Loading<'_> {
    fn add(&mut self, file: &str, text: &RuleText) {
        let Some(rule) = &text.text else {
            let reason = format!("the rule is no UTF-8 text or longer than {} bytes", crate::limits::RULE_BYTES);
            self.fail((file, text.line), None, &RuleError::Form(reason));
            return;
        };
        match compile(rule, (file, text.line), &mut self.groups, self.data) {
            Ok(compiled) => self.keep(compiled),
            Err(error) => self.fail((file, text.line), sid_of(rule), &error),
        }
    }

    fn fail(&mut self, (file, line): (&str, usize), sid: Option<u32>, error: &RuleError) {
        let keyword = error.keyword().map(str::to_owned);
        self.report.failures.push(LoadFailure { file: file.to_owned(), line, sid, keyword, reason: error.to_string() });
    }

    fn keep(&mut self, mut compiled: Compiled) {
        let info = &compiled.rule.info;
        for text in std::mem::take(&mut compiled.warnings) {
            self.report.warnings.push(LoadWarning { file: info.file.clone(), line: info.line, sid: info.sid, text });
        }
        self.kept.push(compiled);
    }

    fn finish(mut self, variables: &Variables) -> (RuleSet, LoadReport) {
        let mut rules = self.without_duplicates();
        rules.sort_by_key(|compiled| (compiled.rank, compiled.rule.info.priority));
        self.report.loaded = rules.len();
        self.report.version = version(&rules, variables);
        (RuleSet::build(rules, self.report.version.clone()), self.report)
    }

    fn without_duplicates(&mut self) -> Vec<Compiled> {
        let mut last: HashMap<u64, (u32, usize)> = HashMap::new();
        for (index, compiled) in self.kept.iter().enumerate() {
            let best = last.entry(compiled.rule.key).or_insert((0, index));
            if compiled.rule.info.rev >= best.0 {
                *best = (compiled.rule.info.rev, index);
            }
        }
        let mut kept = Vec::with_capacity(last.len());
        for (index, compiled) in std::mem::take(&mut self.kept).into_iter().enumerate() {
            let info = &compiled.rule.info;
            if last.get(&compiled.rule.key).is_some_and(|best| best.1 == index) {
                kept.push(compiled);
            } else {
                let reason = format!("sid {} stands again with the same or a higher rev", info.sid);
                self.fail((&info.file.clone(), info.line), Some(info.sid), &RuleError::Form(reason));
            }
        }
        kept
    }
}

/// SHA-256 over the rules in their order and the groups.
fn version(rules: &[Compiled], variables: &Variables) -> String {
    let mut digest = sha2::Sha256::new();
    for compiled in rules {
        digest.update(compiled.rule.info.text.as_bytes());
        digest.update(b"\n");
    }
    for (name, value) in variables.address_groups.iter().chain(&variables.port_groups) {
        digest.update(format!("{name}={value}\n").as_bytes());
    }
    hex::encode(digest.finalize())
}
