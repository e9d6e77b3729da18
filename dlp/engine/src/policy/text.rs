//! Masks sensitive values inside running text and leaves the rest.

use std::collections::HashMap;

use super::{Access, Policy};
use crate::cells::{CellKind, Cells};
use crate::mask::{ColumnMasker, FALLBACK, MaskKey};
use crate::{Engine, limits};

/// A policy with everything prepared for the texts of one column.
#[derive(Debug)]
pub struct TextMasker<'p> {
    engine: &'p Engine,
    policy: &'p Policy,
    access: &'p Access,
    key: &'p MaskKey,
    recipient: Option<&'p str>,
    column: &'p str,
    maskers: HashMap<&'static str, ColumnMasker<'p>>,
    remembered: HashMap<String, String>,
    changed: u64,
}

impl<'p> TextMasker<'p> {
    /// Prepares a policy for a column; the name of the column is a hint for what its texts hold.
    #[must_use]
    pub fn new(
        engine: &'p Engine,
        (policy, access, key): (&'p Policy, &'p Access, &'p MaskKey),
        recipient: Option<&'p str>,
        column: &'p str,
    ) -> Self {
        let (maskers, remembered) = (HashMap::new(), HashMap::new());
        Self { engine, policy, access, key, recipient, column, maskers, remembered, changed: 0 }
    }

    /// Cells so far that held something sensitive.
    #[must_use]
    pub const fn changed(&self) -> u64 {
        self.changed
    }

    /// Masks a column.
    pub fn mask_cells(&mut self, plain: &Cells, masked: &mut Cells) {
        for (text, kind) in plain.iter() {
            let nothing = matches!(kind, CellKind::Missing | CellKind::Boolean) || text.is_empty();
            if nothing {
                masked.push(text, kind);
            } else if kind == CellKind::Json {
                masked.push(&self.json(text), kind);
            } else {
                masked.push_with(|out| {
                    let before = out.len();
                    self.mask(text, out);
                    crate::mask::kind_after(kind, out.get(before..).unwrap_or_default())
                });
            }
        }
    }

    /// Appends the text with its sensitive values masked.
    pub fn mask(&mut self, text: &str, out: &mut String) {
        if is_plain_number(text) {
            return out.push_str(text);
        }
        if let Some(known) = self.remembered.get(text) {
            self.changed += u64::from(known != text);
            out.push_str(known);
            return;
        }
        let before = out.len();
        self.masked(text, self.column, out);
        let masked = out.get(before..).unwrap_or_default();
        self.changed += u64::from(masked != text);
        if self.remembered.len() < limits::REMEMBERED_CELLS {
            self.remembered.insert(text.to_owned(), masked.to_owned());
        }
    }

    fn masked(&mut self, text: &str, header: &str, out: &mut String) {
        let mut end = 0;
        for found in self.engine.scan_value(text, header) {
            if found.start < end {
                continue;
            }
            out.push_str(text.get(end..found.start).unwrap_or_default());
            self.value(found.data_type, text.get(found.start..found.end).unwrap_or_default(), out);
            end = found.end;
        }
        out.push_str(text.get(end..).unwrap_or_default());
    }

    fn value(&mut self, data_type: &'static str, value: &str, out: &mut String) {
        if !self.maskers.contains_key(data_type) {
            let grade = self.engine.grade_of_type(data_type).1;
            if let Ok(step) = self.policy.step(self.access, data_type, grade, self.column) {
                self.maskers.insert(data_type, ColumnMasker::new(step, Some(data_type), self.key, self.recipient));
            }
        }
        match self.maskers.get_mut(data_type) {
            Some(masker) => {
                masker.mask(value, CellKind::Text, out);
            }
            None => out.push_str(FALLBACK),
        }
    }

    fn json(&mut self, text: &str) -> String {
        let Ok(mut parsed) = serde_json::from_str(text) else { return FALLBACK.to_owned() };
        let before: serde_json::Value = parsed;
        parsed = before.clone();
        self.leaves(&mut parsed, self.column, limits::JSON_DEPTH);
        self.changed += u64::from(parsed != before);
        parsed.to_string()
    }

    /// Masks texts and numbers; the key of an object is the hint for its values.
    fn leaves(&mut self, value: &mut serde_json::Value, key: &str, depth: usize) {
        use serde_json::Value;
        match value {
            Value::Array(items) if depth > 0 => items.iter_mut().for_each(|item| self.leaves(item, key, depth - 1)),
            Value::Object(fields) if depth > 0 => {
                fields.iter_mut().for_each(|(key, field)| self.leaves(field, key, depth - 1));
            }
            Value::Null | Value::Bool(_) => {}
            leaf => {
                let text = leaf.as_str().map_or_else(|| leaf.to_string(), str::to_owned);
                let mut masked = String::new();
                self.masked(&text, key, &mut masked);
                if masked != text {
                    *leaf = Value::String(masked);
                }
            }
        }
    }
}

/// Digits of numbers in which no identifier hides; one decimal point may be among them.
const PLAIN_DIGITS: usize = 6;
const PLAIN_DECIMALS: usize = 12;

/// Whether a text is a small number: numbering, counts and amounts are most of what such columns hold.
fn is_plain_number(text: &str) -> bool {
    let points = text.bytes().filter(|byte| *byte == b'.').count();
    let most = if points == 1 { PLAIN_DECIMALS } else { PLAIN_DIGITS };
    points <= 1 && text.len() <= most && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{EngineSettings, Rules};

    #[test]
    fn text_is_masked_in_place() {
        let engine = Engine::new(EngineSettings::default(), &Rules::default()).expect("embedded rules are sound");
        let text = "id='p'\ntitle='t'\nversion='1'\n[[rule]]\ntypes=['cn_mobile']\nmask='partial'";
        let policy = Policy::parse("p", text).expect("is sound");
        let (key, access) = (MaskKey::new([1; 32]), Access::default());
        let mut masker = TextMasker::new(&engine, (&policy, &access, &key), None, "");
        let (mut plain, mut masked) = (Cells::new(), Cells::new());
        plain.push("电话13800138000，邮箱a@example.com。", CellKind::Text);
        plain.push(r#"["电话13800138000",1]"#, CellKind::Json);
        masker.mask_cells(&plain, &mut masked);
        assert_eq!(masked.get(0).0, "电话138******00，邮箱***。");
        assert_eq!(masked.get(1), (r#"["电话138******00",1]"#, CellKind::Json));
        assert_eq!(masker.changed(), 2);
    }
}
