//! The masking preview: what a policy would do to a sample. Nothing of the sample is kept or logged.

use std::collections::{BTreeMap, HashMap};

use fengsui_dlp_engine::Engine;
use fengsui_dlp_engine::cells::CellKind;
use fengsui_dlp_engine::mask::{ColumnMasker, MASKS, MaskKey};
use fengsui_dlp_engine::policy::{Access, Policy, Step, TextMasker};
use serde_json::Value;

use crate::error::{ApiError, ApiResult};
use crate::limits::{PREVIEW_COLUMNS, PREVIEW_ROWS, PREVIEW_TEXT_BYTES};
use crate::wire::{MaskingFunction, MaskingPreview, MaskingPreviewRequest, Record, UsedFunction};

/// Name in Chinese of a data type; the stable name itself when it is not a known one.
pub(crate) fn type_name(data_type: &str) -> String {
    let known = Engine::data_types().into_iter().find(|(name, _)| *name == data_type);
    known.map_or_else(|| data_type.to_owned(), |(_, label)| label.to_owned())
}

/// The functions a policy may name.
pub(crate) fn functions() -> Vec<MaskingFunction> {
    MASKS.iter().map(|mask| MaskingFunction { name: mask.name.to_owned(), label: mask.label.to_owned() }).collect()
}

/// Stands for the type of a column that the policy names without one.
const WHOLE_COLUMN: &str = "column";

/// A policy at work on records or a text, with everything prepared for each column, and what it used.
struct Work<'a> {
    engine: &'a Engine,
    policy: &'a Policy,
    access: &'a Access,
    key: &'a MaskKey,
    columns: HashMap<&'a str, Column<'a>>,
    used: BTreeMap<(Option<String>, String, String), i64>,
}

/// What a policy does to a column.
struct Column<'a> {
    /// For one that the policy names: the type it gives it, and the function for all of its values.
    whole: Option<(&'static str, &'a str, ColumnMasker<'a>)>,
    /// For any other: the function for what is found in a value.
    parts: TextMasker<'a>,
}

impl<'a> Work<'a> {
    fn new(engine: &'a Engine, policy: &'a Policy, (access, key): (&'a Access, &'a MaskKey)) -> Self {
        Self { engine, policy, access, key, columns: HashMap::new(), used: BTreeMap::new() }
    }

    fn column(&mut self, name: &'a str) -> ApiResult<&mut Column<'a>> {
        if !self.columns.contains_key(name) {
            let whole = self.step_of(name)?.map(|(step, data_type)| {
                let masker = ColumnMasker::new(step, data_type, self.key, None);
                (data_type.unwrap_or(WHOLE_COLUMN), step.mask.label, masker)
            });
            let parts = TextMasker::new(self.engine, (self.policy, self.access, self.key), None, name);
            self.columns.insert(name, Column { whole, parts });
        }
        self.columns.get_mut(name).ok_or_else(|| ApiError::internal(&"the column was just prepared"))
    }

    /// What a policy says of a column whatever its values look like: the function, and the type it gives it.
    fn step_of(&self, column: &str) -> ApiResult<Option<(Step<'a>, Option<&'static str>)>> {
        let failed = |error| ApiError::internal(&error);
        let policy = self.policy;
        let Some(data_type) = policy.type_of_column(column) else {
            let step = policy.step_of_column(self.access, column).map_err(failed)?;
            return Ok(step.map(|step| (step, None)));
        };
        let grade = self.engine.grade_of_type(data_type).1;
        let step = policy.step(self.access, data_type, grade, column).map_err(failed)?;
        Ok(Some((step, Some(data_type))))
    }

    /// A record as it may leave: columns that the policy names are masked as a whole, in others what is found in them.
    fn record(&mut self, record: &'a Record) -> ApiResult<Record> {
        record.iter().map(|(column, value)| Ok((column.clone(), self.cell(value, column)?))).collect()
    }

    fn cell(&mut self, value: &Value, column: &'a str) -> ApiResult<Value> {
        let Some((data_type, function, masker)) = &mut self.column(column)?.whole else {
            return self.parts(value, column);
        };
        let text = match value {
            Value::Null => return Ok(Value::Null),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let mut masked = String::new();
        masker.mask(&text, CellKind::Text, &mut masked);
        let used = (Some(column.to_owned()), (*data_type).to_owned(), (*function).to_owned());
        *self.used.entry(used).or_default() += 1;
        Ok(Value::String(masked))
    }

    fn parts(&mut self, value: &Value, column: &'a str) -> ApiResult<Value> {
        Ok(match value {
            Value::String(text) => Value::String(self.text(text, column)?),
            Value::Number(number) => {
                let text = number.to_string();
                let masked = self.text(&text, column)?;
                if masked == text { value.clone() } else { Value::String(masked) }
            }
            other => other.clone(),
        })
    }

    fn text(&mut self, text: &str, column: &'a str) -> ApiResult<String> {
        let mut masked = String::with_capacity(text.len());
        self.column(column)?.parts.mask(text, &mut masked);
        for found in self.engine.scan_value(text, column) {
            let grade = self.engine.grade_of_type(found.data_type).1;
            let step = self.policy.step(self.access, found.data_type, grade, column);
            let step = step.map_err(|error| ApiError::internal(&error))?;
            let place = (!column.is_empty()).then(|| column.to_owned());
            *self.used.entry((place, found.data_type.to_owned(), step.mask.label.to_owned())).or_default() += 1;
        }
        Ok(masked)
    }

    fn functions(self) -> Vec<UsedFunction> {
        let function = |((column, data_type, function), count): ((Option<String>, String, String), i64)| UsedFunction {
            column,
            data_type_zh: if data_type == WHOLE_COLUMN { "整列".to_owned() } else { type_name(&data_type) },
            data_type,
            function,
            count,
        };
        self.used.into_iter().map(function).collect()
    }
}

/// What a policy would do.
pub(crate) fn preview(
    engine: &Engine,
    policy: &Policy,
    key: [u8; 32],
    asked: &MaskingPreviewRequest,
) -> ApiResult<MaskingPreview> {
    let access =
        Access { role: asked.role.clone().unwrap_or_default(), purpose: asked.purpose.clone().unwrap_or_default() };
    let key = MaskKey::new(key);
    let mut work = Work::new(engine, policy, (&access, &key));
    let (before, after) = match (&asked.text, &asked.rows) {
        (Some(text), None) => {
            if text.len() > PREVIEW_TEXT_BYTES {
                return Err(ApiError::invalid("text", "样例文本不能超过64 KiB", "is longer than 64 KiB"));
            }
            let masked = work.text(text, "")?;
            (Value::String(text.clone()), Value::String(masked))
        }
        (None, Some(rows)) => {
            if rows.len() > PREVIEW_ROWS || rows.iter().any(|row| row.len() > PREVIEW_COLUMNS) {
                return Err(ApiError::invalid("rows", "样例最多200行100列", "has more than 200 rows of 100 columns"));
            }
            let masked = rows.iter().map(|row| work.record(row).map(Value::Object)).collect::<ApiResult<Vec<_>>>()?;
            (Value::Array(rows.iter().cloned().map(Value::Object).collect()), Value::Array(masked))
        }
        _ => return Err(ApiError::invalid("rows", "请提供文本或表格样例之一", "give either text or rows")),
    };
    Ok(MaskingPreview { before, after, functions: work.functions() })
}

/// Records as they may leave by a policy, for a recipient of no role and purpose: a caller could claim any.
pub(crate) fn released(
    engine: &Engine,
    policy: &Policy,
    key: [u8; 32],
    records: &[Record],
) -> ApiResult<(Vec<Record>, Vec<UsedFunction>)> {
    let (access, key) = (Access::default(), MaskKey::new(key));
    let mut work = Work::new(engine, policy, (&access, &key));
    let released = records.iter().map(|record| work.record(record)).collect::<ApiResult<Vec<_>>>()?;
    Ok((released, work.functions()))
}
