//! `fengsui dlp register`: digests the values of a column, so that scans recognise them without holding them.

use std::io::Write;
use std::path::PathBuf;

use fengsui_crypto::{HmacKey, random_bytes};
use fengsui_dlp_engine::known::ExactSet;

use crate::GatewayError;
use crate::table::Table;

/// What is registered.
#[derive(Debug, Clone, Default)]
pub struct RegisterOptions {
    /// Table that holds the values.
    pub table: PathBuf,
    /// Its column.
    pub column: String,
    /// What the values are called in reports.
    pub name: String,
    /// File with the key; made when it does not exist.
    pub key: PathBuf,
    /// The set to write.
    pub output: PathBuf,
}

/// Writes the set. Returns 0.
///
/// # Errors
/// When the table has no such column, or a file can't be read or written.
pub fn run(options: &RegisterOptions, out: &mut dyn Write) -> Result<u8, GatewayError> {
    let table = Table::read(&options.table)?;
    let Some(index) = table.columns.iter().position(|column| *column == options.column) else {
        let known = table.columns.join(", ");
        return Err(GatewayError::format(&options.table, format!("has no column of that name; it has {known}")));
    };
    let key = HmacKey::new(&key(&options.key)?);
    let set = ExactSet::build(&options.name, &key, table.column(index).into_iter());
    crate::table::write_whole(&options.output, set.write().as_bytes())?;
    writeln!(out, "已登记{}个值：{}", set.len(), super::printable(&options.output.to_string_lossy()))?;
    Ok(0)
}

/// The key of a file, which is made for its owner alone when it does not exist.
fn key(path: &std::path::Path) -> Result<Vec<u8>, GatewayError> {
    match std::fs::read(path) {
        Ok(key) if key.len() >= 16 => Ok(key),
        Ok(_) => Err(GatewayError::format(path, "is too short for a key; remove it to have one made")),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            use std::os::unix::fs::OpenOptionsExt;
            let key = random_bytes::<32>()?;
            let mut file = std::fs::OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(path)
                .map_err(|error| GatewayError::io(path, error))?;
            file.write_all(&key).and_then(|()| file.sync_all()).map_err(|error| GatewayError::io(path, error))?;
            Ok(key.to_vec())
        }
        Err(error) => Err(GatewayError::io(path, error)),
    }
}
