//! YARA rules and what they find in a file.

use std::time::Duration;

use fengsui_schema::shown;
use serde::{Deserialize, Serialize};
use yara_x::{Compiler, MetaValue, Rule, Rules, ScanError, Scanner, SourceCode};

use crate::FilesError;
use crate::limits::{YARA_PATTERN_MATCHES, YARA_RULES_PER_FILE, YARA_SCAN_BYTES, YARA_SOURCE_BYTES, YARA_TIMEOUT};

/// Compiled YARA rules. Immutable; share them in an `Arc`.
#[derive(Debug)]
pub struct YaraRules {
    rules: Rules,
    count: usize,
}

/// A rule that fits a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct YaraMatch {
    /// Identifier of the rule.
    pub rule: String,
    /// File the rule came from.
    pub namespace: String,
    /// Tags of the rule.
    pub tags: Vec<String>,
    /// Texts of the rule's `meta` section.
    pub metadata: Vec<(String, String)>,
    /// First match of each pattern: its identifier, offset and bytes (at most 64).
    pub patterns: Vec<(String, usize, Vec<u8>)>,
}

/// How a scan ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScanOutcome {
    /// The file was scanned in full.
    Complete(Vec<YaraMatch>),
    /// The file was larger than [`YARA_SCAN_BYTES`]; only its start was scanned.
    Partial(Vec<YaraMatch>),
    /// The file was not scanned to its end.
    Unscanned(Unscanned),
}

/// Why a file was not scanned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unscanned {
    /// It took longer than [`YARA_TIMEOUT`], or than the worker's keeper waits.
    TimedOut,
    /// The worker died over it: it ran into its limit of memory, or crashed.
    Crashed,
    /// Somebody killed the worker, twice.
    Killed,
    /// The worker can't be reached any more.
    Gone,
    /// The engine gave up, with its reason.
    Failed(String),
}

impl Unscanned {
    /// The reason in words.
    #[must_use]
    pub fn reason(&self) -> String {
        match self {
            Self::TimedOut => "timed out".to_owned(),
            Self::Crashed => "scan worker died".to_owned(),
            Self::Killed => "scan worker was killed".to_owned(),
            Self::Gone => "scan worker is gone".to_owned(),
            Self::Failed(reason) => shown(reason).to_string(),
        }
    }
}

impl YaraRules {
    /// Compiles rule files given as name and text. Each file is a namespace of its own. Includes are off, and
    /// patterns or loops that would be slow are errors.
    ///
    /// # Errors
    /// At the first file that is too large or does not compile.
    pub fn compile<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, FilesError> {
        let mut compiler = Compiler::new();
        compiler.enable_includes(false).error_on_slow_pattern(true).error_on_slow_loop(true);
        for (name, text) in files {
            check_size(name, text)?;
            compiler.new_namespace(name);
            compiler.add_source(SourceCode::from(text).with_origin(name)).map_err(|error| FilesError::YaraRule {
                file: shown(name).to_string(),
                reason: one_line(&error.to_string()),
            })?;
        }
        let rules = compiler.build();
        let count = rules.iter().count();
        Ok(Self { rules, count })
    }

    /// How many rules there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Rules that fit these bytes, in the order they were compiled.
    #[must_use]
    pub fn scan(&self, bytes: &[u8]) -> ScanOutcome {
        self.scan_within(bytes, YARA_TIMEOUT)
    }

    fn scan_within(&self, bytes: &[u8], timeout: Duration) -> ScanOutcome {
        let part = &bytes[..bytes.len().min(YARA_SCAN_BYTES)];
        let mut scanner = Scanner::new(&self.rules);
        scanner.set_timeout(timeout).max_matches_per_pattern(YARA_PATTERN_MATCHES);
        match scanner.scan(part) {
            Ok(results) => {
                let matches = results.matching_rules().take(YARA_RULES_PER_FILE).map(|rule| match_of(&rule)).collect();
                if part.len() < bytes.len() { ScanOutcome::Partial(matches) } else { ScanOutcome::Complete(matches) }
            }
            Err(ScanError::Timeout) => ScanOutcome::Unscanned(Unscanned::TimedOut),
            Err(error) => ScanOutcome::Unscanned(Unscanned::Failed(one_line(&error.to_string()))),
        }
    }
}

impl ScanOutcome {
    /// The rules that fit; none when the scan did not end.
    #[must_use]
    pub fn matches(&self) -> &[YaraMatch] {
        match self {
            Self::Complete(matches) | Self::Partial(matches) => matches,
            Self::Unscanned(_) => &[],
        }
    }

    /// Why the file was not scanned to its end, when it was not.
    #[must_use]
    pub const fn unscanned(&self) -> Option<&Unscanned> {
        if let Self::Unscanned(reason) = self { Some(reason) } else { None }
    }
}

fn check_size(name: &str, text: &str) -> Result<(), FilesError> {
    if text.len() <= YARA_SOURCE_BYTES {
        return Ok(());
    }
    Err(FilesError::YaraSize { file: shown(name).to_string(), bytes: text.len(), limit: YARA_SOURCE_BYTES })
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(400).collect()
}

fn match_of(rule: &Rule<'_, '_>) -> YaraMatch {
    YaraMatch {
        rule: rule.identifier().to_owned(),
        namespace: rule.namespace().to_owned(),
        tags: rule.tags().map(|tag| tag.identifier().to_owned()).collect(),
        metadata: rule.metadata().map(|(name, value)| (name.to_owned(), text_of(&value))).collect(),
        patterns: rule
            .patterns()
            .filter_map(|pattern| {
                let first = pattern.matches().next()?;
                let data = first.data();
                Some((pattern.identifier().to_owned(), first.range().start, data[..data.len().min(64)].to_vec()))
            })
            .collect(),
    }
}

fn text_of(value: &MetaValue<'_>) -> String {
    match value {
        MetaValue::Integer(number) => number.to_string(),
        MetaValue::Float(number) => number.to_string(),
        MetaValue::Bool(truth) => truth.to_string(),
        MetaValue::String(text) => (*text).to_owned(),
        MetaValue::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: &str = r#"rule marker : test { meta: title_zh = "标记" strings: $a = "needle" condition: $a }"#;

    #[test]
    fn a_match_says_what_and_where() {
        let rules = YaraRules::compile([("own.yar", RULE)]).expect("compiles");
        assert_eq!(rules.len(), 1);
        let outcome = rules.scan(b"hay needle hay");
        let [found] = outcome.matches() else { panic!("one match, not {outcome:?}") };
        assert_eq!((found.rule.as_str(), found.namespace.as_str()), ("marker", "own.yar"));
        assert_eq!(found.tags, ["test"]);
        assert_eq!(found.metadata, [("title_zh".to_owned(), "标记".to_owned())]);
        assert_eq!(found.patterns, [("$a".to_owned(), 4, b"needle".to_vec())]);
        assert_eq!(rules.scan(b"hay"), ScanOutcome::Complete(Vec::new()));
    }

    #[test]
    fn includes_and_broken_rules_are_refused_with_their_file() {
        for text in [
            "include \"other.yar\"",
            "rule broken {",
            "rule slow { condition: for all i in (0..filesize) : (uint8(i) == 0) }",
        ] {
            let error = YaraRules::compile([("bad.yar", text)]).expect_err(text);
            assert!(error.to_string().contains("bad.yar"), "{error}");
        }
    }
}
