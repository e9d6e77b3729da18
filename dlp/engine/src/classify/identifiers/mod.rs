//! The identifiers the engine knows. A new one is a file with a list, and a line in [`IDENTIFIERS`].

mod bank;
mod device;
mod foreign;
mod network;
mod organisation;
mod personal;
mod phone;
mod property;
mod resident;
mod secret;
mod service;
mod social;
mod travel;
mod vehicle;

pub(super) use personal::{ETHNICITIES, is_condition};
pub(super) use vehicle::PROVINCES;

use super::tokens::{Document, Shape, Token};

/// Every identifier by family.
pub static IDENTIFIERS: &[&[Identifier]] = &[
    resident::ALL,
    travel::ALL,
    phone::ALL,
    foreign::ALL,
    organisation::ALL,
    bank::ALL,
    vehicle::ALL,
    device::ALL,
    network::ALL,
    social::ALL,
    service::ALL,
    property::ALL,
    personal::ALL,
    secret::ALL,
];

/// One kind of value: how it is written, what announces it, and examples that prove it.
#[derive(Debug)]
pub struct Identifier {
    /// Stable name of the type. Several identifiers may share one: the forms of a number.
    pub name: &'static str,
    /// Name in Chinese.
    pub label: &'static str,
    pub(crate) detect: Detect,
    /// Words that announce such a value, in text, column headers and keys (also initials of Pinyin).
    pub positive: &'static [&'static str],
    /// Words that announce something else that looks alike.
    pub negative: &'static [&'static str],
    /// Texts in which the type is found. Synthetic values only.
    pub valid: &'static [&'static str],
    /// Texts in which it is not.
    pub invalid: &'static [&'static str],
}

/// How an identifier is found.
#[derive(Debug)]
pub(crate) enum Detect {
    /// In a run of letters and digits.
    Run(Runs),
    /// The same, but every value counts only beside a word that announces it, so that others need not be checked.
    Announced(Runs),
    /// Around a literal; the function gets the literal's place.
    Anchor { literals: &'static [&'static str], find: fn(Document<'_>, usize, usize) -> Option<Found> },
}

/// Runs of letters and digits of so many characters that pass a check.
#[derive(Debug)]
pub(crate) struct Runs {
    pub(crate) shortest: usize,
    pub(crate) longest: usize,
    pub(crate) shapes: &'static [Shape],
    /// Bytes of which one follows the run; [`ANY`] if it does not matter.
    pub(crate) next: &'static [u8],
    /// Bytes of which one begins the run in upper case; [`ANY`] if it does not matter.
    pub(crate) first: &'static [u8],
    /// Bytes of which one stands before the run; [`ANY`] if it does not matter.
    pub(crate) previous: &'static [u8],
    /// Whether the run may be one of several joined over spaces and dashes.
    pub(crate) joined: bool,
    pub(crate) check: fn(&Token<'_>) -> Option<Found>,
}

/// What runs are unless an identifier says more: beside anything, and perhaps in parts.
const RUNS: Runs =
    Runs { shortest: 1, longest: 0, shapes: &[], next: ANY, first: ANY, previous: ANY, joined: true, check: |_| None };

impl Runs {
    /// Whether a run before this byte, or at the end of a text, can be one of these.
    pub(crate) fn precedes(&self, next: Option<u8>) -> bool {
        self.next.is_empty() || next.is_some_and(|next| self.next.contains(&next))
    }

    /// Whether a run after this byte, or at the start of a text, can be one of these.
    pub(crate) fn follows(&self, previous: Option<u8>) -> bool {
        self.previous.is_empty() || previous.is_some_and(|previous| self.previous.contains(&previous))
    }

    /// Whether a run that begins with this byte can be one of these.
    pub(crate) fn begins(&self, first: u8) -> bool {
        self.first.is_empty() || self.first.contains(&first)
    }
}

impl Detect {
    /// What tells what a run is.
    pub(crate) fn check(&self) -> fn(&Token<'_>) -> Option<Found> {
        match self {
            Self::Run(run) | Self::Announced(run) => run.check,
            Self::Anchor { .. } => |_| None,
        }
    }
}

/// A candidate with the confidence its own structure gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// Hundredths.
    pub(crate) confidence: u8,
    /// What was checked.
    pub(crate) why: &'static str,
    /// Whether it counts only beside a word that announces it.
    pub(crate) needs_context: bool,
}

impl Found {
    /// A candidate that is the whole run.
    const fn run(token: &Token<'_>, confidence: u8, why: &'static str) -> Self {
        Self { start: token.start, end: token.end, confidence, why, needs_context: false }
    }

    /// A candidate that is the whole run and counts only beside a word that announces it.
    const fn in_context(token: &Token<'_>, confidence: u8, why: &'static str) -> Self {
        Self { start: token.start, end: token.end, confidence, why, needs_context: true }
    }
}

/// Whatever follows or begins a run.
const ANY: &[u8] = b"";
/// Letters as runs are compared.
const CAPITALS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ";

const DIGITS: &[Shape] = &[Shape::Digits];
const MIXED: &[Shape] = &[Shape::Mixed];
const DIGITS_OR_MIXED: &[Shape] = &[Shape::Digits, Shape::Mixed];

/// The last bytes of characters of several bytes, and some signs: what stands before runs that go on from Chinese.
const fn after_wide<const ALL: usize>(signs: &[u8]) -> [u8; ALL] {
    let mut bytes = [0x80; ALL];
    let mut at = 0;
    while at < ALL {
        bytes[at] = if at < 64 { 0x80 + at as u8 } else { signs[at - 64] };
        at += 1;
    }
    bytes
}

/// Whether all bytes are digits.
fn all_digits(bytes: &[u8]) -> bool {
    bytes.iter().all(u8::is_ascii_digit)
}

/// The value after a label: skips separators, takes characters until one ends the value.
fn value_after(document: Document<'_>, from: usize, longest: usize) -> Option<(usize, &str)> {
    let rest = document.text.get(from..)?;
    let trimmed = rest.trim_start_matches(['：', ':', ' ', '=', '"', '\'', '\t', '为', '是']);
    let start = from + rest.len() - trimmed.len();
    let ends = |c: char| c.is_whitespace() || c.is_control() || "，。；、,;|\"'（）()<>&".contains(c);
    let mut end = 0;
    for (count, (at, c)) in trimmed.char_indices().enumerate() {
        if ends(c) || count == longest {
            break;
        }
        end = at + c.len_utf8();
    }
    (start > from && end > 0).then(|| (start, &trimmed[..end]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Engine, EngineSettings, Rules};
    use proptest::prelude::*;

    fn engine() -> &'static Engine {
        static ENGINE: std::sync::LazyLock<Engine> = std::sync::LazyLock::new(|| {
            let settings = EngineSettings { names: false, addresses: false, ..EngineSettings::default() };
            Engine::new(settings, &Rules::default()).expect("embedded rules are sound")
        });
        &ENGINE
    }

    #[test]
    fn every_example_of_every_identifier_holds() {
        let engine = engine();
        let finds = |name: &str, text: &str| engine.scan_text(text).iter().any(|found| found.data_type == name);
        let mut wrong = Vec::new();
        for identifier in IDENTIFIERS.iter().copied().flatten() {
            assert!(
                !identifier.valid.is_empty() && !identifier.invalid.is_empty(),
                "{} has no examples",
                identifier.label
            );
            let missed =
                identifier.valid.iter().filter(|text| !finds(identifier.name, text)).map(|text| ("missed", text));
            let extra =
                identifier.invalid.iter().filter(|text| finds(identifier.name, text)).map(|text| ("extra", text));
            wrong.extend(missed.chain(extra).map(|(what, text)| format!("{} {what}: {text}", identifier.label)));
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn there_are_sixty_types() {
        assert!(Engine::data_types().len() >= 60, "{}", Engine::data_types().len());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn scanning_never_panics_and_keeps_borders(text in "(\\PC|[0-9A-Za-z@:/.+=(){}<>\"' \n-]|[证号甘京字第电话密码出生年月日]){0,80}") {
            let engine = engine();
            for found in engine.scan_text(&text) {
                prop_assert!(text.get(found.start..found.end).is_some_and(|value| !value.is_empty()));
            }
        }
    }
}
