//! What a policy would do to a table: the plan per column, and some rows before and after.

use std::path::Path;

use fengsui_dlp_engine::Engine;
use fengsui_dlp_engine::mask::{MASKS, MaskKey};
use fengsui_dlp_engine::policy::{Access, EMBEDDED_POLICIES, Policy};
use fengsui_schema::DataGrade;

use crate::job::{ColumnPlan, Masker, Means, plan};
use crate::table::{Batch, Source, open_bytes};
use crate::{GatewayError, limits};

/// A policy that can be chosen.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct PolicySummary {
    /// Id, as in `--policy`.
    pub id: String,
    /// Title in Chinese.
    pub title: String,
    /// Version, a date.
    pub version: String,
}

/// What a policy does to a table.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Preview {
    /// One for each column, in order.
    pub columns: Vec<PreviewColumn>,
    /// Some rows. They hold plain values: show them to who may see the original only, and keep them nowhere.
    pub rows: Vec<PreviewRow>,
}

/// What happens to a column.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct PreviewColumn {
    /// Name of the column. Untrusted.
    pub name: String,
    /// Type of its values; `None` when it is of no known type.
    pub data_type: Option<String>,
    /// Category of the type by the grading template.
    pub category: Option<String>,
    /// Grade of the type.
    pub grade: Option<DataGrade>,
    /// Name of the masking function, `in text` when values inside free text are masked, `keep` when nothing is done.
    pub function: String,
    /// Name of the function in Chinese.
    pub label: String,
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct PreviewRow {
    /// Plain values. Untrusted.
    pub before: Vec<String>,
    /// Masked values. Untrusted.
    pub after: Vec<String>,
}

/// The policies that come with the product.
///
/// # Errors
/// Never: a test reads them all.
pub fn policies() -> Result<Vec<PolicySummary>, GatewayError> {
    let summary = |(file, text): &(&str, &str)| {
        let Policy { id, title, version, .. } = Policy::parse(file, text)?;
        Ok(PolicySummary { id, title, version })
    };
    EMBEDDED_POLICIES.iter().map(summary).collect()
}

/// A policy by the id of an embedded one or the path of its file.
///
/// # Errors
/// When there is none or it is malformed.
pub fn policy(name: &str) -> Result<Policy, GatewayError> {
    let (file, text) = policy_text(name)?;
    Ok(Policy::parse(&file, &text)?)
}

/// Name and text of a policy.
pub(crate) fn policy_text(name: &str) -> Result<(String, String), GatewayError> {
    let embedded = EMBEDDED_POLICIES.iter().find(|(file, _)| file.trim_end_matches(".toml") == name);
    if let Some((file, text)) = embedded {
        return Ok(((*file).to_owned(), (*text).to_owned()));
    }
    let path = Path::new(name);
    if !path.exists() {
        let known: Vec<&str> = EMBEDDED_POLICIES.iter().map(|(file, _)| file.trim_end_matches(".toml")).collect();
        let reason = format!("is neither a file nor a built-in policy; built in are {}", known.join(", "));
        return Err(GatewayError::format(path, reason));
    }
    let text = std::fs::read_to_string(path).map_err(|error| GatewayError::io(path, error))?;
    Ok((name.to_owned(), text))
}

/// What a policy would do to a table of so many `rows` at its beginning. `name` tells the form of the bytes by its extension.
///
/// # Errors
/// When the bytes are no table.
pub fn preview(
    engine: &Engine,
    (policy, access, key): (&Policy, &Access, &MaskKey),
    (name, bytes): (&str, Vec<u8>),
    rows: usize,
) -> Result<Preview, GatewayError> {
    let mut source = open_bytes(Path::new(name), bytes)?;
    preview_source(engine, (policy, access, key), source.as_mut(), rows)
}

/// What a policy would do to a table in a file or database.
///
/// # Errors
/// When it can't be read.
pub fn preview_source(
    engine: &Engine,
    (policy, access, key): (&Policy, &Access, &MaskKey),
    source: &mut dyn Source,
    rows: usize,
) -> Result<Preview, GatewayError> {
    let head = source.next_table()?.unwrap_or_default();
    let first = source.next_batch(limits::SAMPLED_ROWS)?.unwrap_or_else(|| Batch::new(head.fields.len()));
    let means = Means { engine, policy, access, key, recipient: None };
    let names: Vec<String> = head.fields.iter().map(|field| field.name.clone()).collect();
    let plans = plan(&means, &head, &first)?;
    let columns = plans.iter().map(|plan| column(engine, plan)).collect();
    let masked = Masker::new(&means, plans, &names).mask(first.clone());
    let row = |batch: &Batch, row: usize| batch.columns.iter().map(|column| column.get(row).0.to_owned()).collect();
    let pair = |index: usize| PreviewRow { before: row(&first, index), after: row(&masked, index) };
    Ok(Preview { columns, rows: (0..rows.min(first.rows())).map(pair).collect() })
}

fn column(engine: &Engine, plan: &ColumnPlan<'_>) -> PreviewColumn {
    let label = MASKS.iter().find(|mask| mask.name == plan.function()).map(|mask| mask.label);
    PreviewColumn {
        name: plan.field.name.clone(),
        data_type: plan.data_type.map(str::to_owned),
        category: plan.data_type.map(|data_type| engine.grade_of_type(data_type).0.to_owned()),
        grade: plan.grade,
        function: plan.function().to_owned(),
        label: label.unwrap_or(if plan.function() == "in text" { "文本内脱敏" } else { "不输出" }).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fengsui_dlp_engine::{EngineSettings, Rules};

    #[test]
    fn shows_the_plan_and_rows_before_and_after() {
        let engine = Engine::new(EngineSettings::default(), &Rules::default()).expect("embedded rules are sound");
        let policy = policy("share-standard").expect("is embedded");
        let bytes = "姓名,身份证号\n马文忠,11010519491231002X\n王秀英,440524188001010014\n".as_bytes().to_vec();
        let plan = (&policy, &Access::default(), &MaskKey::new([1; 32]));
        let preview = preview(&engine, plan, ("people.csv", bytes), 1).expect("previews");
        assert_eq!(preview.columns[1].data_type.as_deref(), Some("cn_resident_id"));
        assert_eq!((preview.columns[1].function.as_str(), preview.rows.len()), ("ff1", 1));
        assert_eq!(preview.rows[0].before[0], "马文忠");
        assert_ne!(preview.rows[0].after[0], "马文忠");
        assert!(policies().expect("are sound").iter().any(|known| known.id == "share-standard"));
    }
}
