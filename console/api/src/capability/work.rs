//! Classification and screening of what applications send.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use fengsui_dlp_engine::lexicon::Lexicon;
use fengsui_dlp_engine::{Engine, Match, Places, add_sample, masked_sample};
use fengsui_schema::FindingSample;
use serde_json::Value;

use crate::error::{ApiError, ApiResult};
use crate::limits::{CAPABILITY_COLUMNS, CAPABILITY_FINDINGS, CAPABILITY_ITEMS, CAPABILITY_TEXT_BYTES};
use crate::masking::type_name;
use crate::wire::{ClassifyAnswer, ClassifyFinding, ClassifyRequest, Record, ScreenAnswer, ScreenHit, ScreenRequest};

/// The lexicons that come with the product.
static LEXICON: LazyLock<Result<Lexicon, String>> =
    LazyLock::new(|| Lexicon::new(&BTreeMap::new()).map_err(|error| error.to_string()));

fn check_size(field: &str, items: usize, bytes: usize) -> ApiResult<()> {
    if items == 0 || items > CAPABILITY_ITEMS || bytes > CAPABILITY_TEXT_BYTES {
        let zh = format!("须为1至{CAPABILITY_ITEMS}条，合计不超过512 KiB");
        let en = format!("is not 1 to {CAPABILITY_ITEMS} items of at most 512 KiB in all");
        return Err(ApiError::invalid(field, zh, &en));
    }
    Ok(())
}

fn check_texts(texts: &[String]) -> ApiResult<()> {
    check_size("texts", texts.len(), texts.iter().map(String::len).sum())
}

/// Records within their bounds. What is nested is refused: nobody could say which column it belongs to.
pub(crate) fn checked_records(records: &[Record]) -> ApiResult<()> {
    let text = |value: &Value| value.as_str().map_or(8, str::len);
    let bytes = records.iter().flat_map(|row| row.iter().map(|(column, value)| column.len() + text(value))).sum();
    check_size("records", records.len(), bytes)?;
    let nested = |value: &Value| value.is_array() || value.is_object();
    if records.iter().any(|row| row.len() > CAPABILITY_COLUMNS || row.values().any(nested)) {
        let zh = format!("每条记录最多{CAPABILITY_COLUMNS}列，值须为文本、数字、布尔或空");
        let en = format!(
            "has a record of more than {CAPABILITY_COLUMNS} columns, or a value that is no text, number, boolean or null"
        );
        return Err(ApiError::invalid("records", zh, &en));
    }
    Ok(())
}

/// What was found so far.
#[derive(Default)]
struct Found {
    findings: Vec<ClassifyFinding>,
    left_off: usize,
    samples: Vec<FindingSample>,
}

impl Found {
    fn add(&mut self, engine: &Engine, (index, column): (usize, Option<&str>), text: &str, matches: &[Match]) {
        let mut places = Places::new(text);
        for found in matches {
            let value = text.get(found.start..found.end).unwrap_or_default();
            add_sample(&mut self.samples, found, value);
            if self.findings.len() >= CAPABILITY_FINDINGS {
                self.left_off += 1;
                continue;
            }
            let (start, end) = places.of(found.start, found.end);
            let (category, grade) = engine.grade_of_type(found.data_type);
            self.findings.push(ClassifyFinding {
                index,
                column: column.map(str::to_owned),
                data_type: found.data_type.to_owned(),
                data_type_zh: type_name(found.data_type),
                category: category.to_owned(),
                grade,
                start,
                end,
                confidence: found.confidence,
                masked: masked_sample(found.data_type, value),
            });
        }
    }
}

/// Sensitive values of texts or records.
pub(crate) fn classify(engine: &Engine, asked: ClassifyRequest) -> ApiResult<ClassifyAnswer> {
    let mut found = Found::default();
    match (asked.texts, asked.records) {
        (Some(texts), None) => {
            check_texts(&texts)?;
            for (index, text) in texts.iter().enumerate() {
                found.add(engine, (index, None), text, &engine.scan_text(text));
            }
        }
        (None, Some(records)) => {
            checked_records(&records)?;
            for (index, (column, value)) in
                records.iter().enumerate().flat_map(|(index, row)| row.iter().map(move |cell| (index, cell)))
            {
                let text = match value {
                    Value::String(text) => text.clone(),
                    Value::Number(number) => number.to_string(),
                    _ => continue,
                };
                found.add(engine, (index, Some(column)), &text, &engine.scan_value(&text, column));
            }
        }
        _ => return Err(ApiError::invalid("texts", "请提供 texts 或 records 之一", "give either texts or records")),
    }
    let whole = engine.grade_samples(found.samples);
    Ok(ClassifyAnswer {
        findings: found.findings,
        left_off: found.left_off,
        grade: whole.as_ref().map(|whole| whole.grade),
        grade_basis: whole.map(|whole| whole.grade_basis),
    })
}

/// Words of the lexicons in texts.
pub(crate) fn screen(asked: &ScreenRequest) -> ApiResult<ScreenAnswer> {
    check_texts(&asked.texts)?;
    let lexicon = LEXICON.as_ref().map_err(|error| ApiError::internal(error))?;
    let mut answer = ScreenAnswer { hits: Vec::new(), left_off: 0 };
    for (index, text) in asked.texts.iter().enumerate() {
        let mut places = Places::new(text);
        for hit in lexicon.screen(text) {
            if answer.hits.len() >= CAPABILITY_FINDINGS {
                answer.left_off += 1;
                continue;
            }
            let (start, end) = places.of(hit.start, hit.end);
            let (category, category_zh, word, variant) = (hit.category, hit.title, hit.word, hit.variant);
            answer.hits.push(ScreenHit { index, category, category_zh, word, start, end, variant });
        }
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_hold() {
        let row = |value: Value| -> Record { [("a".to_owned(), value)].into_iter().collect() };
        assert!(checked_records(&[row(Value::Null), row(7.into())]).is_ok());
        assert!(checked_records(&[]).is_err() && checked_records(&[row(vec![1].into())]).is_err());
        assert!(checked_records(&[row("x".repeat(CAPABILITY_TEXT_BYTES).into())]).is_err());
        assert!(check_texts(&vec![String::new(); CAPABILITY_ITEMS + 1]).is_err());
    }
}
