//! Masking functions. A new one is a file and a line in [`MASKS`]; its declared properties are tested for it.

mod column;
mod date_shift;
mod fake;
mod ff1;
mod formats;
mod generalise;
mod hash;
mod keys;
mod noise;
mod partial;
mod redact;
mod shuffle;
mod tokenise;

use crate::EngineError;

pub(crate) use column::kind_after;
pub use column::{ColumnMasker, FALLBACK, json_value};
pub(crate) use date_shift::moved;
pub use date_shift::{day_number, day_text};
pub use formats::{domain_of, unmask as unmask_ff1};
pub use keys::{MaskKey, MaskKeys};
pub use shuffle::shuffle;

/// Every masking function.
pub static MASKS: &[Mask] = &[
    redact::MASK,
    partial::MASK,
    hash::MASK,
    tokenise::MASK,
    formats::MASK,
    date_shift::MASK,
    generalise::MASK,
    noise::MASK,
    shuffle::MASK,
    fake::MASK,
    Mask {
        name: "keep",
        label: "不处理",
        deterministic: true,
        reversible: true,
        injective: true,
        same_length: true,
        keeps: Keeps::Everything,
        apply: |input, out| {
            out.push_str(input.value);
            Ok(())
        },
    },
];

/// One masking function and what it promises.
#[derive(Debug)]
pub struct Mask {
    /// Stable name in policies.
    pub name: &'static str,
    /// Name in Chinese.
    pub label: &'static str,
    /// The same value, key and tweak give the same result, so that joins survive.
    pub deterministic: bool,
    /// Who has the key can undo it.
    pub reversible: bool,
    /// Different values give different results, so that keys stay unique and no rows join that did not.
    pub injective: bool,
    /// The result has as many characters as the value.
    pub same_length: bool,
    /// Which columns keep their type; others become text.
    pub keeps: Keeps,
    apply: Apply,
}

/// Appends the masked value, or says why the function can't work on the value; then what was appended does not count.
pub(crate) type Apply = fn(&MaskInput<'_>, &mut String) -> Result<(), &'static str>;

/// Which columns of numbers and dates keep their type under a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeps {
    /// All: the values are values of the column, or missing.
    Everything,
    /// Columns of numbers.
    Numbers,
    /// Columns of dates.
    Dates,
    /// None.
    Nothing,
}

/// What a function works on.
#[derive(Debug, Clone, Copy)]
pub struct MaskInput<'a> {
    /// The plain value.
    pub value: &'a str,
    /// Its type, if known; decides which parts carry meaning and which check digits must hold.
    pub data_type: Option<&'a str>,
    /// Whether the value is a number that must stay one, without a leading zero.
    pub number: bool,
    /// The key of the policy, prepared for the domain of the column.
    pub keys: &'a MaskKeys,
    /// Parameters of the function.
    pub parameters: &'a MaskParameters,
}

/// Which region codes masked identity numbers get.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RegionOfMasked {
    /// Codes that no place has, so that nobody takes a masked number for a person's.
    #[default]
    Unassigned,
    /// The region of the plain number, for statistics by region.
    Keep,
}

/// Parameters of masking functions; each function reads its own.
#[derive(Debug, Clone, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MaskParameters {
    /// partial: characters kept at the beginning; by type when absent.
    pub keep_head: Option<usize>,
    /// partial: characters kept at the end; by type when absent.
    pub keep_tail: Option<usize>,
    /// redact: the text that replaces the value.
    pub replacement: String,
    /// hash, tokenise: characters of the result, 16 to 64 (tokens at most 33).
    pub length: usize,
    /// `date_shift`: most days a date moves in either direction.
    pub days: u32,
    /// generalise: width of the ranges of numbers.
    pub width: u32,
    /// noise: most change as a share of the number.
    pub ratio: f64,
    /// ff1: region of masked identity numbers.
    pub region: RegionOfMasked,
}

impl Default for MaskParameters {
    fn default() -> Self {
        Self {
            keep_head: None,
            keep_tail: None,
            replacement: "***".to_owned(),
            length: 32,
            days: 180,
            width: 10,
            ratio: 0.1,
            region: RegionOfMasked::Unassigned,
        }
    }
}

/// The function of a name.
///
/// # Errors
/// When there is none.
pub fn mask(name: &str) -> Result<&'static Mask, EngineError> {
    MASKS.iter().find(|mask| mask.name == name).ok_or_else(|| EngineError::Unknown {
        kind: "masking function",
        name: fengsui_schema::shown(name).to_string(),
        known: MASKS.iter().map(|mask| mask.name).collect::<Vec<_>>().join(", "),
    })
}

impl Mask {
    /// Appends the masked value to `out`. An empty value stays empty.
    ///
    /// # Errors
    /// When the value is outside what the function can work on, for example too short for encryption; nothing is
    /// appended then.
    pub fn apply(&self, input: &MaskInput<'_>, out: &mut String) -> Result<(), EngineError> {
        if input.value.is_empty() {
            return Ok(());
        }
        let before = out.len();
        (self.apply)(input, out).map_err(|reason| {
            out.truncate(before);
            EngineError::Mask { mask: self.name, reason: reason.to_owned() }
        })
    }
}

#[cfg(test)]
mod tests;
