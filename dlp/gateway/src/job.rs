//! A masking job: from a source through a policy into a sink, batch by batch.

use fengsui_dlp_engine::Engine;
use fengsui_dlp_engine::cells::Cells;
use fengsui_dlp_engine::mask::{ColumnMasker, FALLBACK, Keeps, MaskKey, shuffle};
use fengsui_dlp_engine::policy::{Access, Policy, Step, TextMasker};
use fengsui_schema::DataGrade;

use crate::table::{Batch, Field, FieldKind, Head, OutField, Sink, Source};
use crate::{GatewayError, limits};

/// Rows that are masked at a time.
pub const BATCH_ROWS: usize = 4096;

/// Everything a job is done with.
#[derive(Debug, Clone, Copy)]
pub struct Means<'m> {
    /// Finds types.
    pub engine: &'m Engine,
    /// Says what is done.
    pub policy: &'m Policy,
    /// Who gets the data and what for.
    pub access: &'m Access,
    /// The key of the masks.
    pub key: &'m MaskKey,
    /// Whose copy it is, when values shall tell.
    pub recipient: Option<&'m str>,
}

/// What is done to a column.
#[derive(Debug, Clone)]
pub struct ColumnPlan<'m> {
    /// The column.
    pub field: Field,
    /// Type of its values.
    pub data_type: Option<&'static str>,
    /// Grade of the type.
    pub grade: Option<DataGrade>,
    /// What is done.
    pub action: Action<'m>,
}

/// What is done to the values of a column.
#[derive(Debug, Clone, Copy)]
pub enum Action<'m> {
    /// Values found inside texts are masked where they stand.
    InText,
    /// Every value is masked.
    Mask(Step<'m>),
    /// Bytes that can't be looked into are left out.
    LeaveOut,
}

/// What a job did to one table.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct TableReport {
    /// Name of the sheet or table. Untrusted.
    pub name: String,
    /// Rows.
    pub rows: u64,
    /// What was done to each column.
    pub columns: Vec<ColumnReport>,
}

/// What a job did to one column.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ColumnReport {
    /// Name. Untrusted.
    pub name: String,
    /// Type of its values.
    pub data_type: Option<&'static str>,
    /// Grade of the type.
    pub grade: Option<DataGrade>,
    /// Name of the masking function; `in text`, `keep` or `left out`.
    pub function: &'static str,
    /// Cells that held something sensitive inside a text.
    pub changed: u64,
    /// Values the function could not work on; they became tokens or stars.
    pub fallbacks: u64,
}

/// The plan for a table from the beginning of it.
///
/// # Errors
/// Never for a parsed policy.
pub fn plan<'m>(means: &Means<'m>, head: &Head, sample: &Batch) -> Result<Vec<ColumnPlan<'m>>, GatewayError> {
    head.fields.iter().zip(&sample.columns).map(|(field, cells)| plan_column(means, field, cells)).collect()
}

fn plan_column<'m>(means: &Means<'m>, field: &Field, cells: &Cells) -> Result<ColumnPlan<'m>, GatewayError> {
    let plan = |data_type, grade, action| ColumnPlan { field: field.clone(), data_type, grade, action };
    if let Some(step) =
        means.policy.step_of_column(means.access, &field.name)?.filter(|_| field.kind != FieldKind::Binary)
    {
        return Ok(plan(means.policy.type_of_column(&field.name), None, Action::Mask(step)));
    }
    if field.kind == FieldKind::Binary {
        return Ok(plan(None, None, Action::LeaveOut));
    }
    let known = means.policy.type_of_column(&field.name);
    let data_type = known.or_else(|| {
        let values: Vec<&str> = cells.iter().map(|(text, _)| text).collect();
        means.engine.profile_column(&field.name, &values).data_type
    });
    let Some(data_type) = data_type else { return Ok(plan(None, None, Action::InText)) };
    let grade = means.engine.grade_of_type(data_type).1;
    let step = means.policy.step(means.access, data_type, grade, &field.name)?;
    Ok(plan(Some(data_type), Some(grade), Action::Mask(step)))
}

impl ColumnPlan<'_> {
    /// The column as it is written.
    #[must_use]
    pub fn out_field(&self) -> OutField {
        let kind = self.field.kind;
        let (keeps_type, keeps_unique) = match self.action {
            Action::InText => (kind != FieldKind::Text, kind != FieldKind::Text),
            Action::LeaveOut => (true, false),
            Action::Mask(step) => (keeps(step.mask.keeps, step.mask.same_length, kind), step.mask.injective),
        };
        OutField { field: self.field.clone(), keeps_type, keeps_unique }
    }

    /// The name of what is done, for reports.
    #[must_use]
    pub const fn function(&self) -> &'static str {
        match self.action {
            Action::InText => "in text",
            Action::LeaveOut => "left out",
            Action::Mask(step) => step.mask.name,
        }
    }
}

/// Whether the values of a column still are of its type.
fn keeps(keeps: Keeps, same_length: bool, kind: FieldKind) -> bool {
    match (keeps, kind) {
        (Keeps::Everything, _) | (_, FieldKind::Any | FieldKind::Json) => true,
        (Keeps::Numbers, FieldKind::Number) | (Keeps::Dates, FieldKind::Date) => true,
        (_, FieldKind::Text) => same_length,
        _ => false,
    }
}

/// Masks the columns of a table.
pub struct Masker<'m> {
    plans: Vec<ColumnPlan<'m>>,
    columns: Vec<ColumnWork<'m>>,
    key: &'m MaskKey,
    rows: u64,
}

enum ColumnWork<'m> {
    Keep,
    LeaveOut,
    Shuffle,
    Mask(Box<ColumnMasker<'m>>),
    InText(Box<TextMasker<'m>>),
}

impl<'m> Masker<'m> {
    /// Prepares a plan. `names` are the names of the columns.
    #[must_use]
    pub fn new(means: &Means<'m>, plans: Vec<ColumnPlan<'m>>, names: &'m [String]) -> Self {
        let columns = plans.iter().zip(names).map(|(plan, name)| match plan.action {
            Action::LeaveOut => ColumnWork::LeaveOut,
            Action::Mask(step) if step.mask.name == "keep" => ColumnWork::Keep,
            Action::Mask(step) if step.mask.name == "shuffle" => ColumnWork::Shuffle,
            Action::Mask(step) => {
                // Only encryption is bound to the recipient: everything else stays the same in all copies.
                let recipient = means.recipient.filter(|_| step.mask.name == "ff1");
                ColumnWork::Mask(Box::new(ColumnMasker::new(step, plan.data_type, means.key, recipient)))
            }
            Action::InText => {
                let parts = (means.policy, means.access, means.key);
                ColumnWork::InText(Box::new(TextMasker::new(means.engine, parts, None, name)))
            }
        });
        let columns = columns.collect();
        Self { plans, columns, key: means.key, rows: 0 }
    }

    /// Whether a column is shuffled, so that all rows are needed at once.
    #[must_use]
    pub fn shuffles(&self) -> bool {
        self.columns.iter().any(|column| matches!(column, ColumnWork::Shuffle))
    }

    /// Collects tokens for the vault.
    pub fn collect_tokens(&mut self) {
        for column in &mut self.columns {
            if let ColumnWork::Mask(masker) = column {
                masker.collect_tokens();
            }
        }
    }

    /// The tokens collected since the last call.
    pub fn take_tokens(&mut self) -> Vec<(String, String)> {
        let tokens = self.columns.iter_mut().map(|column| match column {
            ColumnWork::Mask(masker) => masker.take_tokens(),
            _ => Vec::new(),
        });
        tokens.flatten().collect()
    }

    /// Masks some rows.
    pub fn mask(&mut self, plain: Batch) -> Batch {
        self.rows += plain.rows() as u64;
        let mut masked = Batch::new(0);
        for ((work, cells), plan) in self.columns.iter_mut().zip(plain.columns).zip(&self.plans) {
            let mut out = Cells::new();
            match work {
                ColumnWork::Keep => out = cells,
                ColumnWork::LeaveOut => (0..cells.len()).for_each(|_| out.push_missing()),
                ColumnWork::Shuffle => out = shuffled(&cells, self.key, &plan.field.name),
                ColumnWork::Mask(masker) => masker.mask_cells(&cells, &mut out),
                ColumnWork::InText(masker) => masker.mask_cells(&cells, &mut out),
            }
            masked.columns.push(out);
        }
        masked
    }

    /// What was done.
    #[must_use]
    pub fn report(&self, name: &str) -> TableReport {
        let column = |(plan, work): (&ColumnPlan<'_>, &ColumnWork<'_>)| {
            let (changed, fallbacks) = match work {
                ColumnWork::InText(masker) => (masker.changed(), 0),
                ColumnWork::Mask(masker) => (0, masker.fallbacks()),
                _ => (0, 0),
            };
            let function = if matches!(plan.action, Action::InText) && changed == 0 { "keep" } else { plan.function() };
            let (name, data_type, grade) = (plan.field.name.clone(), plan.data_type, plan.grade);
            ColumnReport { name, data_type, grade, function, changed, fallbacks }
        };
        let columns = self.plans.iter().zip(&self.columns).map(column).collect();
        TableReport { name: name.to_owned(), rows: self.rows, columns }
    }
}

/// In a column of few values a shuffle would leave too many where they were.
const FEWEST_SHUFFLED: usize = 5;

fn shuffled(cells: &Cells, key: &MaskKey, name: &str) -> Cells {
    if cells.len() >= FEWEST_SHUFFLED {
        return shuffle(cells, key, name.as_bytes());
    }
    let mut out = Cells::new();
    cells.iter().for_each(|_| out.push(FALLBACK, fengsui_dlp_engine::cells::CellKind::Text));
    out
}

/// What sees each batch on its way: `plain` and `masked` have the same rows.
pub type Observer<'o> = &'o mut dyn FnMut(&mut Masker<'_>, u64) -> Result<(), GatewayError>;

/// Runs a whole job. `observe` is called after each batch with the masker and the rows so far; with `tokens` the masker
/// collects the values behind tokens for it.
///
/// # Errors
/// When the source can't be read to its end or the sink can't be written; the sink then leaves nothing behind.
pub fn run(
    means: &Means<'_>,
    source: &mut dyn Source,
    sink: &mut dyn Sink,
    tokens: bool,
    observe: Observer<'_>,
) -> Result<(Vec<TableReport>, u64), GatewayError> {
    let mut reports = Vec::new();
    while let Some(head) = source.next_table()? {
        // New workbooks come with empty sheets; they are no tables.
        if !head.fields.is_empty() {
            reports.push(run_table(means, &head, (source, sink), tokens, observe)?);
        }
    }
    if reports.is_empty() {
        return Err(GatewayError::Usage("the input has no columns; nothing was written".to_owned()));
    }
    let left_out = sink.finish()?;
    Ok((reports, left_out))
}

fn run_table(
    means: &Means<'_>,
    head: &Head,
    (source, sink): (&mut dyn Source, &mut dyn Sink),
    tokens: bool,
    observe: Observer<'_>,
) -> Result<TableReport, GatewayError> {
    let first = source.next_batch(limits::SAMPLED_ROWS)?.unwrap_or_else(|| Batch::new(head.fields.len()));
    let names: Vec<String> = head.fields.iter().map(|field| field.name.clone()).collect();
    let plans = plan(means, head, &first)?;
    let out: Vec<OutField> = plans.iter().map(ColumnPlan::out_field).collect();
    let mut masker = Masker::new(means, plans, &names);
    if tokens {
        masker.collect_tokens();
    }
    sink.begin(&head.name, &out)?;
    let mut next = if masker.shuffles() { Some(gathered(first, source)?) } else { Some(first) };
    while let Some(batch) = next {
        sink.write(&masker.mask(batch))?;
        let rows = masker.rows;
        observe(&mut masker, rows)?;
        next = source.next_batch(BATCH_ROWS)?;
    }
    Ok(masker.report(&head.name))
}

/// All rows in one batch, for a column that is shuffled.
fn gathered(mut all: Batch, source: &mut dyn Source) -> Result<Batch, GatewayError> {
    while let Some(batch) = source.next_batch(BATCH_ROWS)? {
        for (column, more) in all.columns.iter_mut().zip(&batch.columns) {
            column.append(more);
        }
        if all.rows() > limits::SHUFFLED_ROWS {
            let reason = format!(
                "the policy shuffles a column, which is done for at most {} rows; use fake or noise",
                limits::SHUFFLED_ROWS
            );
            return Err(GatewayError::Usage(reason));
        }
    }
    Ok(all)
}
