//! `fengsui dlp classify`: type, category, grade and evidence of every column of the tables in a folder.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use fengsui_dlp_engine::{Engine, EngineSettings};
use fengsui_schema::{DataGrade, FindingSample};

use super::scan::grade_label;
use super::{printable, progress};
use crate::database::{self, Address};
use crate::scan::files_of;
use crate::table::{Table, write_whole};
use crate::{GatewayError, load_rules};

/// What is classified.
#[derive(Debug, Clone, Default)]
pub struct ClassifyOptions {
    /// File or folder with tables, or address of a database.
    pub target: String,
    /// Report: `.json` or `.xlsx`.
    pub output: PathBuf,
    /// Folder of rule files that override the embedded ones.
    pub rules: Option<PathBuf>,
    /// Settings of the engine, with the grading template.
    pub engine: EngineSettings,
}

/// One column of a report.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct ClassifiedColumn {
    /// The table's file.
    pub table: String,
    /// The column.
    pub column: String,
    /// Type of its values, if known.
    pub data_type: Option<&'static str>,
    /// Category by the template.
    pub category: String,
    /// Grade by the template; the lowest for columns without sensitive values.
    pub grade: DataGrade,
    /// What the template's own standard calls the grade, if it has names of its own.
    pub local_grade: Option<String>,
    /// Grade of the table after combination and quantity.
    pub table_grade: DataGrade,
    /// What the table's grade is based on.
    pub basis: String,
    /// Grade of all tables of the report together: who gets them all can join them.
    pub total_grade: DataGrade,
    /// What that is based on.
    pub total_basis: String,
    /// Rows of the table, or of the sample of it.
    pub rows: u64,
    /// Evidence: share of the sampled values with its confidence interval, and what is in free text.
    pub evidence: String,
}

/// Classifies and writes the report. Returns 0 when everything was read and nothing sensitive was found, 1 otherwise.
///
/// # Errors
/// When the report is of no known form, the target can't be listed or the report can't be written.
pub fn run(options: &ClassifyOptions, out: &mut dyn Write) -> Result<u8, GatewayError> {
    let rules = options.rules.as_deref().map(load_rules).transpose()?.unwrap_or_default();
    let engine = Engine::new(options.engine.clone(), &rules)?;
    check_report(&options.output)?;
    let (mut columns, mut unreadable) = (Vec::new(), 0);
    let files = match Address::parse(&options.target)? {
        Address::File(path) => files_of(&path)?,
        Address::Database(address) => {
            for table in database::tables(&address)? {
                let sample = database::sample_table(&address, &table)?;
                columns.extend(classify_table(&engine, &database::shown(&address, &table), &sample));
            }
            Vec::new()
        }
    };
    let bar = progress(files.len(), "分类分级");
    for file in &files {
        match Table::read_all(file) {
            Ok(tables) => columns.extend(tables.iter().flat_map(|(sheet, table)| {
                classify_table(&engine, &table_name(&file.to_string_lossy(), sheet), table)
            })),
            Err(error) => {
                unreadable += 1;
                writeln!(out, "无法读取：{}", printable(&error.to_string()))?;
            }
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    aggregate(&engine, &mut columns);
    write_report(&columns, &options.output)?;
    if let Some(column) = columns.first() {
        let (grade, basis) = (grade_label(column.total_grade), printable(&column.total_basis));
        writeln!(out, "全部表汇总级别{grade}：{basis}")?;
    }
    for column in &columns {
        writeln!(
            out,
            "{}\t{}\t{}\t{}",
            printable(&column.table),
            printable(&column.column),
            column.data_type.unwrap_or("-"),
            grade_label(column.grade)
        )?;
    }
    Ok(u8::from(unreadable > 0 || columns.iter().any(|column| column.data_type.is_some())))
}

/// A sheet is named behind its workbook.
fn table_name(file: &str, sheet: &str) -> String {
    if sheet.is_empty() { file.to_owned() } else { format!("{file}#{sheet}") }
}

fn check_report(path: &Path) -> Result<(), GatewayError> {
    let known = path.extension().is_some_and(|extension| extension == "xlsx" || extension == "json");
    if known {
        return Ok(());
    }
    Err(GatewayError::format(path, "is no report; use .json or .xlsx"))
}

/// Grades all tables as one: types of several tables come together, and their rows add up.
fn aggregate(engine: &Engine, columns: &mut [ClassifiedColumn]) {
    let mut samples: BTreeMap<&'static str, FindingSample> = BTreeMap::new();
    for (data_type, rows) in columns.iter().filter_map(|column| Some((column.data_type?, column.rows))) {
        samples.entry(data_type).or_insert_with(|| sample(data_type, 0)).count += rows;
    }
    let Some(whole) = engine.grade_samples(samples.into_values().collect()) else { return };
    let highest =
        columns.iter().max_by_key(|column| column.table_grade).map(|column| (column.table_grade, column.basis.clone()));
    let (grade, basis) = highest.filter(|(grade, _)| *grade >= whole.grade).unwrap_or((whole.grade, whole.grade_basis));
    for column in columns {
        column.total_grade = grade;
        column.total_basis.clone_from(&basis);
    }
}

fn sample(data_type: &'static str, count: u64) -> FindingSample {
    FindingSample {
        data_type: data_type.to_owned(),
        count,
        confidence: 90,
        masked: Vec::new(),
        explanation: String::new(),
    }
}

/// The columns of one table.
#[must_use]
pub fn classify_table(engine: &Engine, name: &str, table: &Table) -> Vec<ClassifiedColumn> {
    let profiles: Vec<_> = (0..table.columns.len())
        .map(|index| engine.profile_column(&table.columns[index], &table.column(index)))
        .collect();
    let sample = |data_type: &'static str| sample(data_type, table.rows.len() as u64);
    let samples = profiles
        .iter()
        .flat_map(|profile| profile.data_type.into_iter().chain(profile.inside.iter().copied()))
        .map(sample)
        .collect();
    let whole = engine.grade_samples(samples);
    let (table_grade, basis) =
        whole.map_or((DataGrade::Level1, String::new()), |known| (known.grade, known.grade_basis));
    let column = |(column, profile): (&String, &fengsui_dlp_engine::ColumnProfile)| {
        let known = profile.data_type.or_else(|| profile.inside.first().copied());
        let (category, grade) =
            known.map_or(("非敏感", DataGrade::Level1), |data_type| engine.grade_of_type(data_type));
        let inside = if profile.inside.is_empty() {
            String::new()
        } else {
            format!("；文本中含{}", profile.inside.join("、"))
        };
        ClassifiedColumn {
            table: name.to_owned(),
            column: column.clone(),
            data_type: profile.data_type,
            category: category.to_owned(),
            grade,
            local_grade: engine.local_grade(grade).map(str::to_owned),
            table_grade,
            basis: basis.clone(),
            total_grade: table_grade,
            total_basis: basis.clone(),
            rows: table.rows.len() as u64,
            evidence: format!(
                "{}抽样{}个值，符合{:.0}%（95%置信下限{:.0}%）{inside}",
                if profile.named { "列名相符；" } else { "" },
                profile.sampled,
                profile.share * 100.0,
                profile.at_least * 100.0
            ),
        }
    };
    table.columns.iter().zip(&profiles).map(column).collect()
}

fn write_report(columns: &[ClassifiedColumn], path: &Path) -> Result<(), GatewayError> {
    if path.extension().is_some_and(|extension| extension == "xlsx") {
        let header = ["表", "列", "类型", "类别", "级别", "本地级别", "表级别", "依据", "汇总级别", "汇总依据", "证据"];
        let row = |column: &ClassifiedColumn| {
            vec![
                column.table.clone(),
                column.column.clone(),
                column.data_type.unwrap_or("-").to_owned(),
                column.category.clone(),
                grade_label(column.grade).to_owned(),
                column.local_grade.clone().unwrap_or_default(),
                grade_label(column.table_grade).to_owned(),
                column.basis.clone(),
                grade_label(column.total_grade).to_owned(),
                column.total_basis.clone(),
                column.evidence.clone(),
            ]
        };
        let table = Table { columns: header.map(str::to_owned).to_vec(), rows: columns.iter().map(row).collect() };
        return table.write(path);
    }
    let text = serde_json::to_string_pretty(columns).map_err(std::io::Error::from)?;
    write_whole(path, text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_typed_and_graded() {
        let folder = tempfile::tempdir().expect("makes a folder");
        let data = folder.path().join("data");
        std::fs::create_dir(&data).expect("makes a folder");
        std::fs::write(
            data.join("a.csv"),
            "xm,sfzh,说明\n马文忠,11010519491231002X,无\n王秀英,440524188001010014,无\n",
        )
        .expect("writes");
        for name in ["report.json", "report.xlsx"] {
            let options = ClassifyOptions {
                target: data.to_string_lossy().into_owned(),
                output: folder.path().join(name),
                ..ClassifyOptions::default()
            };
            let mut out = Vec::new();
            assert_eq!(run(&options, &mut out).expect("classifies"), 1);
            let text = String::from_utf8(out).expect("is text");
            assert!(text.contains("sfzh\tcn_resident_id") && text.contains("xm\tperson_name"), "{text}");
            assert!(options.output.exists());
        }
    }
}
