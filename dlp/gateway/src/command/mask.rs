//! `fengsui dlp mask`: a masked copy of a table by a policy.

use std::io::Write;
use std::path::{Path, PathBuf};

use fengsui_dlp_engine::mask::{MaskKey, shuffle};
use fengsui_dlp_engine::policy::{Access, Policy};
use fengsui_dlp_engine::{Engine, EngineSettings, Rules};

use super::{printable, progress};
use crate::GatewayError;
use crate::sharing::policy;
use crate::table::Table;

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
    /// Table to mask.
    pub input: PathBuf,
    /// Where the copy goes; not written in a preview.
    pub output: PathBuf,
    /// Show so many rows before and after instead of writing anything.
    pub preview: Option<usize>,
    /// Settings of the engine.
    pub engine: EngineSettings,
}

/// Masks the table and reports what was done to each column. Returns 0.
///
/// # Errors
/// When the policy, the key or the table can't be used, or the copy can't be written.
pub fn run(options: &MaskOptions, out: &mut dyn Write) -> Result<u8, GatewayError> {
    let engine = Engine::new(options.engine.clone(), &Rules::default())?;
    let policy = policy(&options.policy)?;
    let key = key(&options.key)?;
    let access = Access { role: options.role.clone(), purpose: options.purpose.clone() };
    let mut table = Table::read(&options.input)?;
    if let Some(rows) = options.preview {
        table.rows.truncate(rows);
    }
    let before = table.clone();
    let columns = mask_table(&engine, &policy, &access, &key, &mut table)?;
    for (name, data_type, function) in &columns {
        writeln!(out, "{}\t{}\t{function}", printable(name), data_type.unwrap_or("-"))?;
    }
    match options.preview {
        Some(_) => preview(&before, &table, out)?,
        None => table.write(&options.output)?,
    }
    Ok(0)
}

fn preview(before: &Table, after: &Table, out: &mut dyn Write) -> Result<(), GatewayError> {
    for (plain, masked) in before.rows.iter().zip(&after.rows) {
        writeln!(out, "- {}\n+ {}", printable(&plain.join(" | ")), printable(&masked.join(" | ")))?;
    }
    Ok(())
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

/// A column's name, its type and what was done to it.
pub type MaskedColumn = (String, Option<&'static str>, &'static str);

/// Masks a table in place, column by column; values inside free text are masked where they stand.
///
/// # Errors
/// Never for a parsed policy.
pub fn mask_table(
    engine: &Engine,
    policy: &Policy,
    access: &Access,
    key: &MaskKey,
    table: &mut Table,
) -> Result<Vec<MaskedColumn>, GatewayError> {
    let bar = progress(table.columns.len(), "脱敏");
    let mut done = Vec::new();
    for index in 0..table.columns.len() {
        let name = table.columns[index].clone();
        let profile = engine.profile_column(&name, &table.column(index));
        let function = match profile.data_type {
            Some(data_type) => mask_column(engine, policy, access, key, (table, index, data_type))?,
            None => mask_free_text(engine, policy, access, key, (table, index))?,
        };
        done.push((name, profile.data_type, function));
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(done)
}

fn mask_column(
    engine: &Engine,
    policy: &Policy,
    access: &Access,
    key: &MaskKey,
    (table, index, data_type): (&mut Table, usize, &'static str),
) -> Result<&'static str, GatewayError> {
    let name = table.columns[index].clone();
    let step = policy.step(access, data_type, engine.grade_of_type(data_type).1, &name)?;
    if step.mask.name == "shuffle" {
        let mut values: Vec<String> = table.rows.iter_mut().map(|row| std::mem::take(&mut row[index])).collect();
        shuffle(&mut values, key, name.as_bytes());
        table.rows.iter_mut().zip(values).for_each(|(row, value)| row[index] = value);
        return Ok(step.mask.name);
    }
    for row in &mut table.rows {
        row[index] = step.masked(row[index].trim(), Some(data_type), key);
    }
    Ok(step.mask.name)
}

fn mask_free_text(
    engine: &Engine,
    policy: &Policy,
    access: &Access,
    key: &MaskKey,
    (table, index): (&mut Table, usize),
) -> Result<&'static str, GatewayError> {
    let name = table.columns[index].clone();
    let mut changed = false;
    for row in &mut table.rows {
        let masked = policy.mask_text(engine, access, key, &row[index], &name)?;
        changed |= masked != row[index];
        row[index] = masked;
    }
    Ok(if changed { "in text" } else { "keep" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_masked_and_joins_survive() {
        let folder = tempfile::tempdir().expect("makes a folder");
        let path = |name: &str| folder.path().join(name);
        let rows = "姓名,身份证号,手机,备注\n马文忠,11010519491231002X,13800138000,请回电13900139000\n王秀英,440524188001010014,13700137000,无\n马文忠,11010519491231002X,13800138000,无\n";
        std::fs::write(path("in.csv"), rows).expect("writes");
        let options = MaskOptions {
            policy: "share-standard".to_owned(),
            key: path("key"),
            input: path("in.csv"),
            output: path("out.csv"),
            ..MaskOptions::default()
        };
        run(&options, &mut Vec::new()).expect("masks");
        let table = Table::read(&path("out.csv")).expect("reads");
        let text = std::fs::read_to_string(path("out.csv")).expect("reads");
        for plain in ["马文忠", "11010519491231002X", "13800138000", "13900139000", "王秀英"] {
            assert!(!text.contains(plain), "{plain} in {text}");
        }
        assert_eq!(table.rows[0][1], table.rows[2][1]);
        assert_ne!(table.rows[0][1], table.rows[1][1]);
    }
}
