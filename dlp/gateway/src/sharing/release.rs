//! A masked and marked copy of a table for one recipient, entered in the ledger.

use fengsui_crypto::{Sm3, sm3, sm3_of_parts};
use fengsui_dlp_engine::mask::MaskKey;
use fengsui_dlp_engine::policy::{Access, Policy};
use fengsui_dlp_engine::watermark::ReleaseMark;
use fengsui_dlp_engine::{Engine, EngineSettings, Rules};
use fengsui_schema::Timestamp;
use std::path::{Path, PathBuf};

use super::canary::{Canaries, is_telling, mixed};
use super::index::{ColumnRole, Index, IndexColumn};
use super::marking::{Marker, digest, neutral_digests, roles};
use super::preview::policy_text;
use crate::command::mask::{key, refuse_same};
use crate::database::{Address, create, open};
use crate::job::{BATCH_ROWS, ColumnPlan, Masker, Means, plan};
use crate::ledger::{Entry, Ledger};
use crate::table::{Batch, Head, OutField, Sink, Source};
use crate::{GatewayError, limits};

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
    /// The original: a file, or the address of a table of a database.
    pub input: PathBuf,
    /// Where the copy goes: a file, or the address of a table of a database.
    pub output: PathBuf,
    /// Replace a copy that exists there.
    pub replace: bool,
    /// The time of the release.
    pub time: Timestamp,
    /// Settings of the engine.
    pub engine: EngineSettings,
}

/// What an original becomes for a recipient, before it is written: shared by releases and by traces with the original.
pub(super) struct Copying<'c> {
    pub(super) engine: &'c Engine,
    pub(super) policy: &'c Policy,
    pub(super) access: &'c Access,
    pub(super) mask_key: &'c MaskKey,
    pub(super) mark: &'c ReleaseMark,
    pub(super) mark_key: &'c MaskKey,
}

/// What the copy of one table is made of.
pub(super) struct Copied {
    /// Name of the sheet or table.
    name: String,
    pub(super) index: Index,
    rows_sm3: [u8; 32],
    pub(super) rows: u64,
    canaries: u64,
    canary_digests: Vec<(u32, u64)>,
}

/// The entries of a release, one for each table of the original that has rows: a workbook has several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// The first.
    pub first: Entry,
    /// Those of further sheets.
    pub others: Vec<Entry>,
}

impl Release {
    /// All entries in order.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        std::iter::once(&self.first).chain(&self.others)
    }
}

/// Masks, marks, writes and records.
///
/// # Errors
/// When something can't be read or written, the ledger is broken, or no table of the copy has a cell that can carry a
/// mark. A copy that can't be recorded is removed.
pub fn release(request: &ReleaseRequest) -> Result<Release, GatewayError> {
    if request.recipient.trim().is_empty() {
        return Err(GatewayError::Usage("the recipient has no name; a copy can't be traced to nobody".to_owned()));
    }
    let (input, output) = (Address::of_path(&request.input)?, Address::of_path(&request.output)?);
    refuse_same(&input, &output)?;
    let (file, text) = policy_text(&request.policy)?;
    let policy = Policy::parse(&file, &text)?;
    let engine = Engine::new(request.engine.clone(), &Rules::default())?;
    let mut source = open(&input)?;
    let mut ledger = Ledger::open(&request.ledger)?;
    let mut sink = create(&output, request.replace)?;
    let access = Access { role: request.role.clone(), purpose: request.purpose.clone() };
    let (mask_key, mark_key) = (key(&ledger.mask_key())?, key(&ledger.mark_key())?);
    let mark = ReleaseMark::new(&mark_key);
    let copying = Copying {
        engine: &engine,
        policy: &policy,
        access: &access,
        mask_key: &mask_key,
        mark: &mark,
        mark_key: &mark_key,
    };
    let tables = copying.copy_all(&request.recipient, source.as_mut(), sink.as_mut())?;
    let policy_sm3 = hex::encode(sm3(text.as_bytes()));
    ledger.keep_policy(&policy_sm3, &text)?;
    let known = Known { request, policy: &policy, policy_sm3: &policy_sm3, source: shown_source(&input) };
    let mut entries = known.entries(&tables)?;
    sink.finish()?;
    let recorded = record(&mut ledger, &mut entries, &tables, &output);
    if recorded.is_err()
        && let Address::File(path) = &output
    {
        // Nobody could say whose copy it is.
        let _ = std::fs::remove_file(path);
    }
    let mut entries = recorded?.into_iter();
    let nothing = || GatewayError::Usage("the input has no rows; there is nothing to release".to_owned());
    Ok(Release { first: entries.next().ok_or_else(nothing)?, others: entries.collect() })
}

/// What the entries of a release have in common.
struct Known<'k> {
    request: &'k ReleaseRequest,
    policy: &'k Policy,
    policy_sm3: &'k str,
    source: String,
}

impl Known<'_> {
    /// An entry for each table, and their indexes beside the ledger.
    fn entries(&self, tables: &[Copied]) -> Result<Vec<Entry>, GatewayError> {
        let access = Access { role: self.request.role.clone(), purpose: self.request.purpose.clone() };
        let entry = |copied: &Copied| {
            let dataset = dataset_id(copied, self.policy_sm3, &access);
            if !Index::exists(&self.request.ledger, &dataset) {
                copied.index.save(&self.request.ledger, &dataset)?;
            }
            let sheet = if tables.len() > 1 { format!("#{}", copied.name) } else { String::new() };
            Ok(Entry {
                time: self.request.time,
                recipient: self.request.recipient.clone(),
                role: self.request.role.clone(),
                purpose: self.request.purpose.clone(),
                dataset,
                source: format!("{}{sheet}", self.source),
                policy: self.policy.id.clone(),
                policy_sm3: self.policy_sm3.to_owned(),
                rows: copied.rows,
                canaries: copied.canaries,
                carriers: copied.index.named(|role| matches!(role, ColumnRole::Carrier(_))),
                keyed: copied.index.named(|role| matches!(role, ColumnRole::Keyed { .. })),
                ..Entry::default()
            })
        };
        tables.iter().map(entry).collect()
    }
}

/// Enters a copy that is at its place.
fn record(
    ledger: &mut Ledger,
    entries: &mut [Entry],
    tables: &[Copied],
    output: &Address,
) -> Result<Vec<Entry>, GatewayError> {
    let copy_sm3 = copy_digest(output)?;
    let mut recorded = Vec::new();
    for (entry, copied) in entries.iter_mut().zip(tables) {
        copy_sm3.clone_into(&mut entry.copy_sm3);
        let sequence = ledger.entries().len() as u64 + 1;
        save_canaries(ledger.folder(), sequence, &copied.canary_digests)?;
        recorded.push(ledger.append(std::mem::take(entry))?.clone());
    }
    Ok(recorded)
}

/// Copies of one dataset have the same rows, policy and access.
fn dataset_id(copied: &Copied, policy_sm3: &str, access: &Access) -> String {
    let parts = [&copied.rows_sm3[..], policy_sm3.as_bytes(), access.role.as_bytes(), access.purpose.as_bytes()];
    hex::encode(sm3_of_parts(&parts))
}

fn shown_source(input: &Address) -> String {
    match input {
        Address::File(path) => path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        Address::Database(address) => format!("{}/{}", address.database, address.table.as_deref().unwrap_or_default()),
    }
}

fn copy_digest(output: &Address) -> Result<String, GatewayError> {
    let Address::File(path) = output else { return Ok(String::new()) };
    let failed = |error| GatewayError::io(path, error);
    let mut file = std::fs::File::open(path).map_err(failed)?;
    let (mut digest, mut room) = (Sm3::new(), vec![0; 1 << 16]);
    loop {
        let length = std::io::Read::read(&mut file, &mut room).map_err(failed)?;
        if length == 0 {
            return Ok(hex::encode(digest.finish()));
        }
        digest.update(&room[..length]);
    }
}

fn canary_path(ledger: &Path, sequence: u64) -> PathBuf {
    ledger.join("canaries").join(format!("{sequence}.json"))
}

fn save_canaries(ledger: &Path, sequence: u64, digests: &[(u32, u64)]) -> Result<(), GatewayError> {
    if digests.is_empty() {
        return Ok(());
    }
    let path = canary_path(ledger, sequence);
    let text = serde_json::to_vec(digests).map_err(std::io::Error::from)?;
    let written = std::fs::create_dir_all(ledger.join("canaries")).and_then(|()| std::fs::write(&path, text));
    written.map_err(|error| GatewayError::io(&path, error))
}

/// Column and digest of the made-up values of a copy.
pub(super) fn load_canaries(ledger: &Path, entry: &Entry) -> Result<Vec<(u32, u64)>, GatewayError> {
    let path = canary_path(ledger, entry.sequence);
    if entry.canaries == 0 || !path.exists() {
        return Ok(Vec::new());
    }
    let text = std::fs::read(&path).map_err(|error| GatewayError::io(&path, error))?;
    serde_json::from_slice(&text).map_err(|error| GatewayError::format(&path, error.to_string()))
}

impl Copying<'_> {
    /// Masks and marks all tables of a source that have columns. Those without rows are written and left out of the
    /// answer.
    ///
    /// # Errors
    /// When something can't be read or written, or no table has anything that can carry a mark.
    pub(super) fn copy_all(
        &self,
        recipient: &str,
        source: &mut dyn Source,
        sink: &mut dyn Sink,
    ) -> Result<Vec<Copied>, GatewayError> {
        let mut tables = Vec::new();
        while let Some(head) = source.next_table()? {
            if !head.fields.is_empty() {
                tables.push(self.copy(recipient, head, source, sink)?);
            }
        }
        tables.retain(|copied| copied.rows > 0);
        if tables.is_empty() {
            return Err(GatewayError::Usage("the input has no rows; there is nothing to release".to_owned()));
        }
        check_markable(&tables, self.policy)?;
        Ok(tables)
    }

    /// Masks and marks all rows of one table of a source for a recipient.
    fn copy(
        &self,
        recipient: &str,
        head: Head,
        source: &mut dyn Source,
        sink: &mut dyn Sink,
    ) -> Result<Copied, GatewayError> {
        let first = source.next_batch(limits::SAMPLED_ROWS)?.unwrap_or_else(|| Batch::new(head.fields.len()));
        let keyed = self.policy.marks.recipient_keys.then_some(recipient);
        let means = Means {
            engine: self.engine,
            policy: self.policy,
            access: self.access,
            key: self.mask_key,
            recipient: keyed,
        };
        let names: Vec<String> = head.fields.iter().map(|field| field.name.clone()).collect();
        let plans = plan(&means, &head, &first)?;
        let columns = self.roles(&means, &plans, &names, &first);
        let mut masker = Masker::new(&means, plans.clone(), &names);
        if masker.shuffles() {
            return Err(GatewayError::Usage(
                "a copy with shuffled columns can't be marked row by row; use fake or noise in the policy".to_owned(),
            ));
        }
        sink.begin(&head.name, &plans.iter().map(ColumnPlan::out_field).collect::<Vec<OutField>>())?;
        let mut marker = Marker::new(self.mark, recipient, columns);
        let mut canaries = Canaries::new(self.policy.marks.canaries, self.mark_key, recipient);
        let mut copied = Copied {
            name: head.name,
            index: Index::default(),
            rows_sm3: [0; 32],
            rows: 0,
            canaries: 0,
            canary_digests: Vec::new(),
        };
        let mut rows_digest = Sm3::new();
        let mut next = Some(first);
        while let Some(plain) = next {
            let locators = marker.locate(&plain);
            locators.iter().for_each(|locator| rows_digest.update(locator));
            copied.rows += plain.rows() as u64;
            let digests = marker.keyed_digests(&plain);
            let made =
                self.made_up(&mut canaries, &plans, &plain, (&mut marker, &mut masker), &mut copied.canary_digests);
            let marked = marker.mark(masker.mask(plain), &locators, Some(digests));
            sink.write(&if made.rows() > 0 { mixed(&marked, &made, self.mark_key, copied.rows) } else { marked })?;
            next = source.next_batch(BATCH_ROWS)?;
        }
        (copied.rows_sm3, copied.canaries, copied.index) = (rows_digest.finish(), canaries.made(), marker.index);
        Ok(copied)
    }

    /// Made-up rows as the recipient gets them; their telling digests are collected.
    fn made_up(
        &self,
        canaries: &mut Canaries<'_>,
        plans: &[ColumnPlan<'_>],
        plain: &Batch,
        (marker, masker): (&mut Marker<'_>, &mut Masker<'_>),
        digests: &mut Vec<(u32, u64)>,
    ) -> Batch {
        let made = canaries.rows(plans, plain);
        if made.rows() == 0 {
            return made;
        }
        let locators = marker.locate(&made);
        let keyed = marker.keyed_digests(&made);
        let masked = masker.mask(made);
        for (position, _) in plans.iter().enumerate().filter(|(_, plan)| is_telling(plan)) {
            let own = keyed.get(position).cloned().flatten();
            let column = &marker.index.columns[position];
            let own = own.unwrap_or_else(|| neutral_digests(self.mark, column, &masked.columns[position]));
            digests.extend(own.into_iter().filter(|digest| *digest != 0).map(|digest| (position as u32, digest)));
        }
        marker.mark(masked, &locators, None)
    }

    fn roles(&self, means: &Means<'_>, plans: &[ColumnPlan<'_>], names: &[String], first: &Batch) -> Vec<IndexColumn> {
        let means = Means { recipient: None, ..*means };
        let mut head = Batch::new(first.columns.len());
        for (cells, column) in first.columns.iter().zip(&mut head.columns) {
            let step = cells.len().div_ceil(ROLE_SAMPLE).max(1);
            cells.iter().step_by(step).for_each(|(text, kind)| column.push(text, kind));
        }
        let masked = Masker::new(&means, plans.to_vec(), names).mask(head);
        roles(plans, &self.policy.marks, &masked)
    }
}

/// Rows by which the carriers of a table are chosen.
const ROLE_SAMPLE: usize = 1000;

fn check_markable(tables: &[Copied], policy: &Policy) -> Result<(), GatewayError> {
    let mut columns = tables.iter().flat_map(|copied| &copied.index.columns);
    let marked = columns.any(|column| matches!(column.role, ColumnRole::Carrier(_) | ColumnRole::Keyed { .. }));
    if marked || policy.marks.canaries > 0.0 {
        return Ok(());
    }
    Err(GatewayError::Usage(
        "no copy can be marked: the policy leaves no column that is encrypted (ff1), partly masked (partial), an address or a text, names no tolerance and no canaries".to_owned(),
    ))
}

/// The digest by which a plain or neutral value of a column is found.
pub(super) fn value_digest(mark: &ReleaseMark, column: &IndexColumn, value: &str) -> u64 {
    match column.role {
        ColumnRole::Carrier(carrier) => digest(mark, &column.name, &carrier.neutral(value)),
        _ => digest(mark, &column.name, value),
    }
}
