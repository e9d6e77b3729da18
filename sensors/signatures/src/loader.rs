//! Rules as text to a rule set and a report.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use sha2::Digest as _;

use crate::compile::{Compiled, RuleError, compile, sid_of};
use crate::ranges::Groups;
use crate::syntax::{RuleText, rules_of};
use crate::{
    Action, Datasets, LoadFailure, LoadReport, LoadWarning, Reputations, RuleSet, Variables, threshold_config,
};

/// A file of rules, read by the caller.
#[derive(Debug, Clone, Copy)]
pub struct RuleSource<'a> {
    /// Name the report repeats.
    pub file: &'a str,
    /// Content. Bytes that are no UTF-8 fail only the rule they are in.
    pub text: &'a [u8],
}

/// What rules need beside their text; read by the caller.
#[derive(Debug, Clone, Default)]
pub struct RuleData {
    /// Files that rules name (datasets, hash lists), by the name the rules write; see [`named_files`].
    pub files: BTreeMap<String, Vec<u8>>,
    /// A threshold.config: rates and suppressions for rules.
    pub thresholds: Vec<u8>,
    /// A classification.config, whose classes win over the built-in ones.
    pub classifications: Vec<u8>,
    /// The sets that `dataset` and `datarep` look in; handed over again they outlive a reload.
    pub datasets: Arc<Datasets>,
    /// Addresses with a reputation (keyword `iprep`).
    pub reputations: Arc<Reputations>,
    /// Order in which actions are applied; empty for `pass`, `drop`, `reject`, `alert`.
    pub action_order: Vec<Action>,
    /// Whether a rule with a requirement that is not known is skipped rather than failed.
    pub ignore_unknown_requirements: bool,
}

/// Names of the files that rules of this text read.
#[must_use]
pub fn named_files(text: &[u8]) -> Vec<String> {
    let mut names = std::collections::BTreeSet::new();
    for rule in rules_of(text).iter().filter_map(|rule| rule.text.as_deref()) {
        let Ok(parts) = crate::syntax::split(rule) else { continue };
        for option in parts.options {
            let value = option.value.unwrap_or("");
            match option.keyword {
                "filemd5" | "filesha1" | "filesha256" => {
                    names.insert(value.trim_start_matches('!').trim().to_owned());
                }
                "dataset" | "datarep" => names.extend(crate::keywords::dataset::files_of(value)),
                _ => {}
            }
        }
    }
    names.into_iter().collect()
}

/// Loads rules. Never fails as a whole: what did not load is in the report.
///
/// Of several rules with the same gid and sid the one with the highest revision is kept, the last of equals.
#[must_use]
pub fn load(sources: &[RuleSource<'_>], variables: &Variables, data: &RuleData) -> (RuleSet, LoadReport) {
    let mut loading = Loading {
        groups: Groups::new(variables),
        data,
        classes: crate::classification::read(&data.classifications),
        kept: Vec::new(),
        report: LoadReport::default(),
    };
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
    /// Classes of a classification.config.
    classes: Vec<(String, String, u8)>,
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
        if let Some((reason, understood)) = self.unmet(rule) {
            if !understood && !self.data.ignore_unknown_requirements {
                self.fail(
                    (file, text.line),
                    sid_of(rule),
                    &RuleError::Option { keyword: "requires".to_owned(), reason },
                );
                return;
            }
            let (file, sid, keyword) = (file.to_owned(), sid_of(rule), Some("requires".to_owned()));
            self.report.skipped.push(LoadFailure { file, line: text.line, sid, keyword, reason });
            return;
        }
        match compile(rule, (file, text.line), &mut self.groups, (self.data, &self.classes)) {
            Ok(compiled) => self.keep(compiled),
            Err(error) => self.fail((file, text.line), sid_of(rule), &error),
        }
    }

    /// Why a rule is not meant for this sensor, by its own word, and whether that word is understood; asked before
    /// anything else of it is read.
    fn unmet(&self, rule: &str) -> Option<(String, bool)> {
        if !rule.contains("requires") {
            return None;
        }
        let parts = crate::syntax::split(rule).ok()?;
        crate::keywords::meta::unmet(&parts.options)
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
        let order = &self.data.action_order;
        let place = |action: Action| order.iter().position(|other| *other == action).unwrap_or(action as usize);
        rules.sort_by_key(|compiled| (place(compiled.rule.info.action), compiled.rank, compiled.rule.info.priority));
        let (entries, failures) = threshold_config::parse(&self.data.thresholds, &mut self.groups);
        self.report.failures.extend(failures);
        rules.iter_mut().for_each(|compiled| threshold_config::apply(&entries, &mut compiled.rule));
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
