//! The masking preview: what masking would do to a sample. Nothing of the sample is kept or logged.

use std::collections::BTreeMap;

use fengsui_dlp_engine::Engine;
use fengsui_dlp_engine::classify::masked_sample;
use serde_json::{Map, Value};

use crate::error::{ApiError, ApiResult};
use crate::limits::{PREVIEW_COLUMNS, PREVIEW_ROWS, PREVIEW_TEXT_BYTES};
use crate::wire::{MaskingPolicyView, MaskingPreview, MaskingPreviewRequest, UsedFunction};

/// Name in Chinese of a data type; the stable name itself when it is not a known one.
pub(crate) fn type_name(data_type: &str) -> String {
    let known = Engine::data_types().into_iter().find(|(name, _)| *name == data_type);
    known.map_or_else(|| data_type.to_owned(), |(_, label)| label.to_owned())
}

/// Values masked, by column and type.
#[derive(Default)]
struct Used(BTreeMap<(Option<String>, String), i64>);

impl Used {
    fn note(&mut self, column: Option<&str>, data_type: &str) {
        *self.0.entry((column.map(str::to_owned), data_type.to_owned())).or_default() += 1;
    }

    fn functions(self) -> Vec<UsedFunction> {
        let function = |((column, data_type), count): ((Option<String>, String), i64)| UsedFunction {
            column,
            data_type_zh: type_name(&data_type),
            data_type,
            function: "partial".to_owned(),
            count,
        };
        self.0.into_iter().map(function).collect()
    }
}

/// What masking would do.
pub(crate) fn preview(engine: &Engine, asked: MaskingPreviewRequest) -> ApiResult<MaskingPreview> {
    let mut used = Used::default();
    let (before, after) = match (asked.text, asked.rows) {
        (Some(text), None) => {
            if text.len() > PREVIEW_TEXT_BYTES {
                return Err(ApiError::invalid("text", "样例文本不能超过64 KiB", "is longer than 64 KiB"));
            }
            let masked = mask(engine, &text, None, &mut used);
            (Value::String(text), Value::String(masked))
        }
        (None, Some(rows)) => {
            if rows.len() > PREVIEW_ROWS || rows.iter().any(|row| row.len() > PREVIEW_COLUMNS) {
                return Err(ApiError::invalid("rows", "样例最多200行100列", "has more than 200 rows of 100 columns"));
            }
            let masked = rows.iter().map(|row| Value::Object(mask_row(engine, row, &mut used))).collect();
            (Value::Array(rows.into_iter().map(Value::Object).collect()), Value::Array(masked))
        }
        _ => return Err(ApiError::invalid("rows", "请提供文本或表格样例之一", "give either text or rows")),
    };
    Ok(MaskingPreview { before, after, functions: used.functions() })
}

fn mask_row(engine: &Engine, row: &Map<String, Value>, used: &mut Used) -> Map<String, Value> {
    let masked = |column: &String, value: &Value, used: &mut Used| match value {
        Value::String(text) => Value::String(mask(engine, text, Some(column), used)),
        Value::Number(number) => {
            let text = number.to_string();
            let result = mask(engine, &text, Some(column), used);
            if result == text { value.clone() } else { Value::String(result) }
        }
        other => other.clone(),
    };
    row.iter().map(|(column, value)| (column.clone(), masked(column, value, used))).collect()
}

/// A text with every sensitive value masked.
fn mask(engine: &Engine, text: &str, column: Option<&str>, used: &mut Used) -> String {
    let mut matches = match column {
        Some(header) => engine.scan_value(text, header),
        None => engine.scan_text(text),
    };
    matches.sort_by_key(|found| found.start);
    let (mut masked, mut rest) = (String::with_capacity(text.len()), 0);
    for found in matches {
        let (Some(gap), Some(value)) = (text.get(rest..found.start), text.get(found.start..found.end)) else {
            continue;
        };
        masked.push_str(gap);
        masked.push_str(&masked_sample(found.data_type, value));
        used.note(column, found.data_type);
        rest = found.end;
    }
    masked.push_str(text.get(rest..).unwrap_or_default());
    masked
}

/// The policies that are there.
pub(crate) fn policies() -> Vec<MaskingPolicyView> {
    let types: Vec<Value> = Engine::data_types()
        .into_iter()
        .map(|(name, label)| serde_json::json!({"data_type": name, "name_zh": label, "function": "partial"}))
        .collect();
    vec![MaskingPolicyView {
        name: "default".to_owned(),
        title_zh: "默认脱敏策略：保留首尾，遮蔽中间".to_owned(),
        body: serde_json::json!({ "rules": types }),
    }]
}
