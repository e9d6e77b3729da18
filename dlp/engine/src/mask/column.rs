//! One function on the cells of one column.

use super::formats::{TOGETHER, Together};
use super::{MaskInput, MaskKey, MaskKeys, mask};
use crate::cells::{CellKind, Cells};
use crate::policy::Step;

/// What replaces a value that its function can't work on, so that no plain value passes.
pub const FALLBACK: &str = "***";

/// A function with everything prepared for one column.
#[derive(Debug)]
pub struct ColumnMasker<'p> {
    step: Step<'p>,
    data_type: Option<&'static str>,
    keys: MaskKeys,
    fallbacks: u64,
    plain: Option<Vec<(String, String)>>,
}

impl<'p> ColumnMasker<'p> {
    /// Prepares a function. Columns of the same type join across tables; `recipient` separates copies, so that a
    /// value tells whose copy it is from.
    #[must_use]
    pub fn new(step: Step<'p>, data_type: Option<&'static str>, key: &MaskKey, recipient: Option<&str>) -> Self {
        // The type is the tweak: equal values of one type join across tables, a phone number never joins a card.
        let mut tweak = data_type.unwrap_or("value").as_bytes().to_vec();
        if let Some(recipient) = recipient {
            tweak.push(0);
            tweak.extend_from_slice(recipient.as_bytes());
        }
        Self { step, data_type, keys: MaskKeys::new(key, &tweak), fallbacks: 0, plain: None }
    }

    /// Collects tokens with the values they stand for, for the vault.
    pub fn collect_tokens(&mut self) {
        if self.step.mask.name == "tokenise" {
            self.plain = Some(Vec::new());
        }
    }

    /// The tokens collected since the last call.
    pub fn take_tokens(&mut self) -> Vec<(String, String)> {
        self.plain.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// The function and its parameters.
    #[must_use]
    pub const fn step(&self) -> Step<'p> {
        self.step
    }

    /// Values so far that the function could not work on: they became tokens (where keys must stay unique) or stars.
    #[must_use]
    pub const fn fallbacks(&self) -> u64 {
        self.fallbacks
    }

    /// Masks a cell and says of what kind it then is.
    pub fn mask(&mut self, value: &str, kind: CellKind, out: &mut String) -> CellKind {
        let value = value.trim();
        if kind == CellKind::Missing || value.is_empty() {
            return kind;
        }
        if kind == CellKind::Json {
            return self.mask_json(value, out);
        }
        let before = out.len();
        self.masked(value, kind == CellKind::Number, out);
        let masked = out.get(before..).unwrap_or_default();
        if let Some(plain) = &mut self.plain {
            plain.push((masked.to_owned(), value.to_owned()));
        }
        kind_after(kind, masked)
    }

    fn masked(&mut self, value: &str, number: bool, out: &mut String) {
        let input = self.input(value, if number { CellKind::Number } else { CellKind::Text });
        if self.step.mask.apply(&input, out).is_ok() {
            return;
        }
        let token = mask("tokenise").ok().filter(|_| self.step.mask.injective);
        if token.is_none_or(|token| token.apply(&input, out).is_err()) {
            out.push_str(FALLBACK);
        }
        self.fallbacks += 1;
    }

    /// Masks every text and number inside an array or object.
    fn mask_json(&mut self, value: &str, out: &mut String) -> CellKind {
        let Ok(mut parsed) = serde_json::from_str::<serde_json::Value>(value) else {
            self.masked(value, false, out);
            return CellKind::Text;
        };
        self.mask_leaves(&mut parsed, crate::limits::JSON_DEPTH);
        out.push_str(&parsed.to_string());
        CellKind::Json
    }

    fn mask_leaves(&mut self, value: &mut serde_json::Value, depth: usize) {
        use serde_json::Value;
        match value {
            Value::Array(items) if depth > 0 => items.iter_mut().for_each(|item| self.mask_leaves(item, depth - 1)),
            Value::Object(fields) if depth > 0 => {
                fields.values_mut().for_each(|item| self.mask_leaves(item, depth - 1))
            }
            Value::Null | Value::Bool(_) => {}
            leaf => {
                let (text, kind) = match &*leaf {
                    Value::String(text) => (text.clone(), CellKind::Text),
                    other => (other.to_string(), CellKind::Number),
                };
                let mut masked = String::new();
                let kind = self.mask(&text, kind, &mut masked);
                *leaf = json_value(masked, kind);
            }
        }
    }

    /// The plain value of one that was encrypted; any value of the format has one.
    #[must_use]
    pub fn unmask(&self, masked: &str, kind: CellKind) -> Option<String> {
        super::unmask_ff1(&self.input(masked.trim(), kind)).ok()
    }

    /// Masks a column.
    pub fn mask_cells(&mut self, plain: &Cells, masked: &mut Cells) {
        if self.step.mask.name != "ff1" {
            for (value, kind) in plain.iter() {
                masked.push_with(|out| self.mask(value, kind, out));
            }
            return;
        }
        let mut together = Together::default();
        for first in (0..plain.len()).step_by(TOGETHER) {
            let cells: Vec<_> = (first..plain.len().min(first + TOGETHER)).map(|index| plain.get(index)).collect();
            self.encrypt_together(&cells, &mut together, masked);
        }
    }

    /// Encrypts some cells side by side; those that are not what their type expects are masked one by one.
    fn encrypt_together(&mut self, cells: &[(&str, CellKind)], together: &mut Together, masked: &mut Cells) {
        let mut done: [Option<String>; TOGETHER] = Default::default();
        let inputs: Vec<MaskInput<'_>> = cells.iter().map(|(value, kind)| self.input(value.trim(), *kind)).collect();
        together.encrypt(&inputs, |place, write| {
            let mut text = String::new();
            write(&mut text);
            done[place] = Some(text);
        });
        drop(inputs);
        for ((value, kind), done) in cells.iter().zip(done) {
            match done.filter(|_| !matches!(kind, CellKind::Missing | CellKind::Json)) {
                Some(text) => masked.push(&text, kind_after(*kind, &text)),
                None => masked.push_with(|out| self.mask(value, *kind, out)),
            }
        }
    }

    fn input<'i>(&'i self, value: &'i str, kind: CellKind) -> MaskInput<'i> {
        MaskInput {
            value,
            data_type: self.data_type,
            number: kind == CellKind::Number,
            keys: &self.keys,
            parameters: self.step.parameters,
        }
    }
}

/// The JSON value of a cell.
#[must_use]
pub fn json_value(text: String, kind: CellKind) -> serde_json::Value {
    use serde_json::Value;
    let parsed = match kind {
        CellKind::Missing => Some(Value::Null),
        CellKind::Number | CellKind::Boolean | CellKind::Json => serde_json::from_str(&text).ok(),
        CellKind::Text | CellKind::Date => None,
    };
    parsed.unwrap_or(Value::String(text))
}

/// A masked number or date that still is one stays one; everything else is text.
pub(crate) fn kind_after(kind: CellKind, masked: &str) -> CellKind {
    let stays = match kind {
        CellKind::Number => is_number(masked),
        CellKind::Boolean => masked == "true" || masked == "false",
        CellKind::Date => super::date_shift::is_date(masked),
        CellKind::Missing | CellKind::Text | CellKind::Json => true,
    };
    if stays { kind } else { CellKind::Text }
}

/// A decimal number as JSON writes it.
fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text).as_bytes();
    let leading_zero = digits.len() > 1 && digits[0] == b'0' && digits[1].is_ascii_digit();
    let plain = digits.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-'));
    digits.first().is_some_and(u8::is_ascii_digit) && !leading_zero && plain && text.parse::<f64>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mask::MaskParameters;

    fn masked(name: &str, value: &str, kind: CellKind) -> (String, CellKind) {
        let parameters = MaskParameters::default();
        let step = Step { mask: mask(name).expect("exists"), parameters: &parameters };
        let mut out = String::new();
        let kind = ColumnMasker::new(step, None, &MaskKey::new([1; 32]), None).mask(value, kind, &mut out);
        (out, kind)
    }

    #[test]
    fn kinds_are_kept_where_the_value_allows() {
        assert_eq!(masked("ff1", "1234567", CellKind::Number).1, CellKind::Number);
        assert_eq!(masked("redact", "1234567", CellKind::Number), ("***".to_owned(), CellKind::Text));
        assert_eq!(masked("date_shift", "2026-01-02 03:04:05", CellKind::Date).1, CellKind::Date);
        assert_eq!(masked("redact", "", CellKind::Missing), (String::new(), CellKind::Missing));
        let (text, kind) = masked("redact", r#"{"a":["x",5],"b":null}"#, CellKind::Json);
        assert_eq!((text.as_str(), kind), (r#"{"a":["***","***"],"b":null}"#, CellKind::Json));
    }

    #[test]
    fn keys_that_are_too_short_to_encrypt_stay_unique() {
        let all: std::collections::HashSet<String> =
            (0..500).map(|number| masked("ff1", &number.to_string(), CellKind::Text).0).collect();
        assert_eq!(all.len(), 500);
    }
}
