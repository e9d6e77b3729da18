//! `fengsui dlp mask`: a masked copy of a table by a policy, from file or database to file or database.

use std::io::Write;
use std::path::{Path, PathBuf};

use fengsui_dlp_engine::mask::MaskKey;
use fengsui_dlp_engine::policy::Access;
use fengsui_dlp_engine::{Engine, EngineSettings, Rules};
use fengsui_schema::{DataGrade, FindingSample};

use super::scan::grade_label;
use super::{printable, rows_progress};
use crate::GatewayError;
use crate::database::{Address, create, open};
use crate::job::{Means, TableReport, run as run_job};
use crate::sharing::{Preview, policy, preview_source};
use crate::table::{Nowhere, Sink};
use crate::vault::Vault;

/// What is masked and how.
#[derive(Debug, Clone, Default)]
pub struct MaskOptions {
    /// File of the policy, or the id of an embedded one.
    pub policy: String,
    /// Role of the recipient, for rules that name roles.
    pub role: String,
    /// Purpose of the use, for rules that name purposes.
    pub purpose: String,
    /// File with the 64 hexadecimal digits of the key; made when it does not exist.
    pub key: PathBuf,
    /// What to mask: a file, or a table of a database.
    pub input: String,
    /// Where the copy goes: a file, or a table of a database. Not written in a preview or dry run.
    pub output: String,
    /// Show so many rows before and after instead of writing anything.
    pub preview: Option<usize>,
    /// Do everything but write.
    pub dry_run: bool,
    /// Replace a file or table that exists.
    pub replace: bool,
    /// File that keeps the values behind tokens, sealed.
    pub vault: Option<PathBuf>,
    /// Settings of the engine.
    pub engine: EngineSettings,
}

/// Masks the table and reports what was done to each column. Returns 0.
///
/// # Errors
/// When the policy, the key or the table can't be used, or the copy can't be written; then there is no copy.
pub fn run(options: &MaskOptions, out: &mut dyn Write) -> Result<u8, GatewayError> {
    let engine = Engine::new(options.engine.clone(), &Rules::default())?;
    let policy = policy(&options.policy)?;
    let access = Access { role: options.role.clone(), purpose: options.purpose.clone() };
    let input = Address::parse(&options.input)?;
    let mut source = open(&input)?;
    let tried = options.dry_run || options.preview.is_some();
    if let Some(rows) = options.preview {
        let key = tried_key(&options.key)?;
        let preview = preview_source(&engine, (&policy, &access, &key), source.as_mut(), rows)?;
        return show(&preview, out).map(|()| 0);
    }
    let mut sink: Box<dyn Sink> = if options.dry_run {
        Box::new(Nowhere)
    } else {
        let output = Address::parse(&options.output)?;
        refuse_same(&input, &output)?;
        create(&output, options.replace)?
    };
    let key = if tried { tried_key(&options.key)? } else { key(&options.key)? };
    let vault = options.vault.as_deref().filter(|_| !tried);
    let mut vault = vault.map(|path| Vault::open(path, &key)).transpose()?;
    let keeps_tokens = vault.is_some();
    let means = Means { engine: &engine, policy: &policy, access: &access, key: &key, recipient: None };
    let bar = rows_progress("脱敏");
    let mut observe = |masker: &mut crate::job::Masker<'_>, rows: u64| {
        bar.set_position(rows);
        match &mut vault {
            Some(vault) => vault.keep(masker.take_tokens()),
            None => Ok(()),
        }
    };
    let (tables, left_out) = run_job(&means, source.as_mut(), sink.as_mut(), keeps_tokens, &mut observe)?;
    bar.finish_and_clear();
    report(&engine, &tables, left_out, options.dry_run, out)?;
    let columns = tables.iter().flat_map(|table| &table.columns).map(|column| column.name.as_str());
    let missing = policy.missing_columns(&columns.collect::<Vec<_>>());
    if !missing.is_empty() {
        writeln!(out, "注意：策略点名的列在表中不存在：{}；请核对列名", printable(&missing.join("、")))?;
    }
    Ok(0)
}

/// A file is not written over itself, by whatever name: the original would be gone.
///
/// # Errors
/// When both are the same file or table.
pub fn refuse_same(input: &Address, output: &Address) -> Result<(), GatewayError> {
    let same = match (input, output) {
        (Address::File(input), Address::File(output)) => {
            input == output || identity(input).is_some_and(|known| identity(output) == Some(known))
        }
        _ => input.to_string() == output.to_string(),
    };
    if same {
        return Err(GatewayError::Usage("input and output are the same; name another output".to_owned()));
    }
    Ok(())
}

/// Device and number of a file that exists.
fn identity(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(path).ok().map(|known| (known.dev(), known.ino()))
}

fn report(
    engine: &Engine,
    tables: &[TableReport],
    left_out: u64,
    dry_run: bool,
    out: &mut dyn Write,
) -> Result<(), GatewayError> {
    for table in tables {
        for column in &table.columns {
            let mut notes = String::new();
            if column.changed > 0 {
                notes.push_str(&format!("\t文本中有敏感数据的单元格{}个", column.changed));
            }
            if column.fallbacks > 0 {
                notes.push_str(&format!("\t不适用该方法而改用令牌或星号的值{}个", column.fallbacks));
            }
            if let Some(grade) = column.grade {
                let derived = engine.derived_grade(grade, column.function).0;
                notes.push_str(&format!("\t{}→{}", grade_label(grade), grade_label(derived)));
            }
            let name = printable(&column.name);
            writeln!(out, "{name}\t{}\t{}{notes}", column.data_type.unwrap_or("-"), column.function)?;
        }
        let what = if dry_run { "试运行，未写出" } else { "已脱敏" };
        let name = if table.name.is_empty() { String::new() } else { format!("{}：", printable(&table.name)) };
        writeln!(out, "{name}{what}{}行", table.rows)?;
        if let Some((grade, basis)) = derived(engine, table) {
            writeln!(out, "{name}脱敏后整表级别{}：{}", grade_label(grade), printable(&basis))?;
        }
    }
    if left_out > 0 {
        writeln!(out, "有{left_out}个值不再符合列的类型，已写为空值；要保留请让策略对这些列使用保持类型的方法")?;
    }
    Ok(())
}

/// The grade of a masked table: that of its highest column, or what the columns that were kept plain are together.
fn derived(engine: &Engine, table: &TableReport) -> Option<(DataGrade, String)> {
    let columns = table.columns.iter().filter_map(|column| {
        let original = column.grade?;
        let (grade, reason) = engine.derived_grade(original, column.function);
        let from = grade_label(original);
        Some((grade, format!("{}由{from}数据经{}派生，{reason}", column.name, column.function)))
    });
    let highest = columns.max_by_key(|(grade, _)| *grade);
    let plain = table.columns.iter().filter(|column| column.function == "keep");
    let samples = plain.filter_map(|column| {
        Some(FindingSample {
            data_type: column.data_type?.to_owned(),
            count: table.rows,
            confidence: 90,
            masked: Vec::new(),
            explanation: String::new(),
        })
    });
    let together = engine.grade_samples(samples.collect()).map(|known| (known.grade, known.grade_basis));
    highest.into_iter().chain(together).max_by_key(|(grade, _)| *grade)
}

fn show(preview: &Preview, out: &mut dyn Write) -> Result<(), GatewayError> {
    for column in &preview.columns {
        writeln!(
            out,
            "{}\t{}\t{}",
            printable(&column.name),
            column.data_type.as_deref().unwrap_or("-"),
            column.function
        )?;
    }
    for row in &preview.rows {
        writeln!(out, "- {}\n+ {}", printable(&row.before.join(" | ")), printable(&row.after.join(" | ")))?;
    }
    Ok(())
}

/// The key for a trial, which leaves nothing behind: the one in the file, or one that nobody keeps.
fn tried_key(path: &Path) -> Result<MaskKey, GatewayError> {
    if path.exists() { key(path) } else { Ok(MaskKey::new(fengsui_crypto::random_bytes::<32>()?)) }
}

/// The key in a file, which is made with a random key, readable by its owner only, when it does not exist.
///
/// # Errors
/// When the file can't be read or made or does not hold 64 hexadecimal digits.
pub fn key(path: &Path) -> Result<MaskKey, GatewayError> {
    if !path.exists() {
        write_private(path, &hex::encode(fengsui_crypto::random_bytes::<32>()?))?;
    }
    let text = std::fs::read_to_string(path).map_err(|error| GatewayError::io(path, error))?;
    let mut bytes = [0; 32];
    hex::decode_to_slice(text.trim(), &mut bytes).map_err(|_| {
        GatewayError::format(path, "holds no key of 64 hexadecimal digits; remove it and a new one is made")
    })?;
    Ok(MaskKey::new(bytes))
}

#[cfg(unix)]
fn write_private(path: &Path, text: &str) -> Result<(), GatewayError> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = std::fs::OpenOptions::new();
    let file = options.write(true).create_new(true).mode(0o600).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes())).map_err(|error| GatewayError::io(path, error))
}

#[cfg(not(unix))]
fn write_private(path: &Path, text: &str) -> Result<(), GatewayError> {
    std::fs::write(path, text).map_err(|error| GatewayError::io(path, error))
}

#[cfg(test)]
mod tests;
