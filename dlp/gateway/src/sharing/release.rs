//! A masked and marked copy of a table for one recipient, entered in the ledger.

use std::path::PathBuf;

use fengsui_crypto::{sm3, sm3_of_parts};
use fengsui_dlp_engine::mask::MaskKey;
use fengsui_dlp_engine::policy::Access;
use fengsui_dlp_engine::watermark::{ReleaseMark, read_symbol, write_symbol};
use fengsui_dlp_engine::{Engine, EngineSettings, Rules};
use fengsui_schema::Timestamp;

use super::policy;
use crate::GatewayError;
use crate::command::mask::{key, mask_table};
use crate::ledger::{Entry, Ledger};
use crate::table::Table;

/// What is released to whom.
#[derive(Debug, Clone)]
pub struct ReleaseRequest {
    /// File of the policy, or the id of an embedded one.
    pub policy: String,
    /// Who gets the copy.
    pub recipient: String,
    /// Role of the recipient, for rules that name roles.
    pub role: String,
    /// Purpose of the use, for rules that name purposes.
    pub purpose: String,
    /// Folder of the ledger.
    pub ledger: PathBuf,
    /// The original.
    pub input: PathBuf,
    /// Where the copy goes.
    pub output: PathBuf,
    /// The time of the release.
    pub time: Timestamp,
    /// Settings of the engine.
    pub engine: EngineSettings,
}

/// Masks, marks, writes and records.
///
/// # Errors
/// When something can't be read or written, the ledger is broken, or the copy has no cell that can carry a mark.
pub fn release(request: &ReleaseRequest) -> Result<Entry, GatewayError> {
    let mut ledger = Ledger::open(&request.ledger)?;
    let original = std::fs::read(&request.input).map_err(|error| GatewayError::io(&request.input, error))?;
    let access = Access { role: request.role.clone(), purpose: request.purpose.clone() };
    let mut table = masked(&request.engine, &request.policy, &access, &key(&ledger.mask_key())?, &request.input)?;
    let (locators, carriers) = roles(&table);
    if locators.is_empty() || carriers.is_empty() {
        let reason = "no copy can be marked: the policy leaves no column that tells rows apart (ff1, tokenise, hash) or none with stars or addresses (partial)";
        return Err(GatewayError::format(&request.input, reason));
    }
    mark(&mut table, &ReleaseMark::new(key(&ledger.mark_key())?), &request.recipient, &locators, &carriers);
    table.write(&request.output)?;
    let copy = std::fs::read(&request.output).map_err(|error| GatewayError::io(&request.output, error))?;
    let policy_id = policy(&request.policy)?.id;
    let entry = ledger.append(Entry {
        sequence: 0,
        time: request.time,
        recipient: request.recipient.clone(),
        dataset: hex::encode(sm3_of_parts(&[&sm3(&original), policy_id.as_bytes()])),
        source: request.input.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        policy: policy_id,
        copy_sm3: hex::encode(sm3(&copy)),
        rows: table.rows.len() as u64,
        locators,
        carriers,
        previous: String::new(),
        digest: String::new(),
    })?;
    Ok(entry.clone())
}

/// The original as the policy masks it, before marks.
pub(super) fn masked(
    settings: &EngineSettings,
    policy_name: &str,
    access: &Access,
    key: &MaskKey,
    input: &std::path::Path,
) -> Result<Table, GatewayError> {
    let engine = Engine::new(settings.clone(), &Rules::default())?;
    let mut table = Table::read(input)?;
    mask_table(&engine, &policy(policy_name)?, access, key, &mut table)?;
    Ok(table)
}

/// Columns that tell rows apart, the most distinct first, and columns that can carry symbols.
fn roles(table: &Table) -> (Vec<String>, Vec<String>) {
    let mut locators: Vec<(usize, &String)> = Vec::new();
    let mut carriers = Vec::new();
    for (index, name) in table.columns.iter().enumerate() {
        let values = table.column(index);
        let filled = values.iter().filter(|value| !value.is_empty()).count();
        let carrying = values.iter().filter(|value| read_symbol(value).is_some()).count();
        let distinct = values.iter().copied().collect::<std::collections::HashSet<_>>().len();
        match () {
            () if carrying * 2 > filled && filled > 0 => carriers.push(name.clone()),
            () if distinct * 10 >= table.rows.len() * 9 => locators.push((distinct, name)),
            () => {}
        }
    }
    locators.sort_by_key(|(distinct, _)| std::cmp::Reverse(*distinct));
    (locators.into_iter().map(|(_, name)| name.clone()).collect(), carriers)
}

fn mark(table: &mut Table, mark: &ReleaseMark, recipient: &str, locators: &[String], carriers: &[String]) {
    let place = |name: &String| table.columns.iter().position(|known| known == name);
    let Some(locator) = locators.first().and_then(place) else { return };
    let carriers: Vec<(usize, &String)> = carriers.iter().filter_map(|name| place(name).map(|at| (at, name))).collect();
    for row in &mut table.rows {
        for (column, name) in &carriers {
            let symbol = mark.symbol(&locator_of(&row[locator], name), recipient);
            if let Some(marked) = write_symbol(&row[*column], symbol) {
                row[*column] = marked;
            }
        }
    }
}

/// What finds a cell again: the row's value in the locator column, and the name of the carrying column.
pub(super) fn locator_of(value: &str, carrier: &str) -> Vec<u8> {
    sm3_of_parts(&[value.as_bytes(), carrier.as_bytes()]).to_vec()
}
