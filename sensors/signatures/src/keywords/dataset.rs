//! `dataset` and `datarep`: whether a buffer is in a set, and changes of the set.

use std::sync::{Arc, PoisonError};

use fengsui_schema::shown;
use serde_json::Value;

use crate::datasets::{Dataset, DatasetKind, Format, JsonPath};
use crate::draft::Draft;
use crate::keywords::{Keyword, keyword, pair, parts};
use crate::number::Comparison;
use crate::rule::{Source, Test};

pub(crate) const KEYWORDS: &[Keyword] = &[keyword("dataset", parse), keyword("datarep", parse_reputation)];

/// Whether a buffer is in a set.
#[derive(Debug, Clone)]
pub(crate) struct DatasetTest {
    set: Arc<Dataset>,
    command: Command,
    /// Also names below a value of the set.
    suffixes: bool,
    /// Name the context of a found value gets in the alert.
    context_key: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Command {
    IsSet,
    IsNotSet,
    Set,
    Unset,
    Reputation(Comparison),
}

/// What looking in a set comes to.
pub(crate) struct Found {
    pub(crate) holds: bool,
    /// Name and content of the context of the value.
    pub(crate) context: Option<(String, Arc<Value>)>,
}

impl DatasetTest {
    /// Looks in the set; `changes` says whether commands that change it do so.
    pub(crate) fn look(&self, buffer: &[u8], changes: bool) -> Found {
        let plain = |holds| Found { holds, context: None };
        let find = || if self.suffixes { self.set.find_suffix(buffer) } else { self.set.find(buffer) };
        match self.command {
            Command::Set => plain(!changes || self.set.add(buffer)),
            Command::Unset => plain(!changes || self.set.remove(buffer)),
            Command::IsNotSet => plain(find().is_none()),
            Command::IsSet => {
                let found = find();
                let context = found.as_ref().and_then(|note| note.context.clone());
                Found { holds: found.is_some(), context: self.context_key.clone().zip(context) }
            }
            Command::Reputation(comparison) => {
                let reputation = find().and_then(|note| note.reputation);
                plain(reputation.is_some_and(|reputation| comparison.matches(reputation.into())))
            }
        }
    }
}

/// Names of the files that the value of the keyword reads.
pub(crate) fn files_of(value: &str) -> Vec<String> {
    let files = parts(value).map(pair).filter(|entry| matches!(entry.0, "load" | "state"));
    files.map(|entry| entry.1.to_owned()).collect()
}

#[derive(Default)]
struct Options<'v> {
    kind: Option<DatasetKind>,
    load: Option<&'v str>,
    save: Option<&'v str>,
    format: Format,
    list: Option<&'v str>,
    value: Option<&'v str>,
    context_key: Option<&'v str>,
    remove_value: bool,
    suffixes: bool,
}

impl<'v> Options<'v> {
    fn take(&mut self, option: &'v str) -> Result<(), String> {
        match pair(option) {
            ("type", word) => {
                let kind = DatasetKind::from_name(word);
                self.kind = Some(kind.ok_or_else(|| format!("{} is no type of it", shown(word)))?);
            }
            ("load", name) => self.load = Some(name),
            ("save", name) => self.save = Some(name),
            ("state", name) => (self.load, self.save) = (Some(name), Some(name)),
            ("format", "csv") => self.format = Format::Lines,
            ("format", "json") => self.format = Format::Json,
            ("format", "ndjson" | "jsonline") => self.format = Format::JsonLines,
            ("array_key", name) => self.list = Some(name),
            ("value_key", name) => self.value = Some(name),
            ("context_key" | "enrichment_key", name) => self.context_key = Some(name),
            ("remove_key", _) => self.remove_value = true,
            ("match", "subdomain") => self.suffixes = true,
            ("match", "exact") | ("memcap" | "hashsize", _) => {}
            _ => return Err(format!("option {} is not supported", shown(option))),
        }
        Ok(())
    }

    /// Opens the set and, when it is new, fills it from its file.
    fn open(&self, draft: &Draft<'_>, name: &str) -> Result<Arc<Dataset>, String> {
        let (set, new) = draft.data.datasets.open(name, self.kind)?;
        if let Some(save) = self.save {
            *set.save.lock().unwrap_or_else(PoisonError::into_inner) = Some(save.to_owned());
        }
        let Some(file) = self.load.filter(|_| new) else { return Ok(set) };
        let content = match (draft.data.files.get(file), self.save) {
            (Some(content), _) => content.as_slice(),
            // A state that was never written begins empty.
            (None, Some(save)) if save == file => &[],
            (None, _) => return Err(format!("the list {} was not given", shown(file))),
        };
        if self.format == Format::Lines {
            set.read_lines(content)?;
        } else {
            let value = self.value.ok_or("needs a value_key for JSON")?;
            set.read_json(content, self.format, JsonPath { list: self.list, value, remove_value: self.remove_value })?;
        }
        Ok(set)
    }
}

fn parse(draft: &mut Draft<'_>, value: &str) -> Result<(), String> {
    let mut fields = parts(value);
    let command = match fields.next().ok_or("needs a command")? {
        "isset" => Command::IsSet,
        "isnotset" => Command::IsNotSet,
        "set" => Command::Set,
        "unset" => Command::Unset,
        other => return Err(format!("{} is no command of it", shown(other))),
    };
    let name = fields.next().ok_or("needs a name")?;
    finish(draft, name, command, fields)
}

fn parse_reputation(draft: &mut Draft<'_>, value: &str) -> Result<(), String> {
    let mut fields = parts(value);
    let name = fields.next().ok_or("needs a name")?;
    let (operator, number) = (fields.next().ok_or("needs an operator")?, fields.next().ok_or("needs a value")?);
    let comparison = Comparison::parse(&format!("{}{number}", if operator == "=" { "" } else { operator }))?;
    finish(draft, name, Command::Reputation(comparison), fields)
}

fn finish<'v>(
    draft: &mut Draft<'_>,
    name: &str,
    command: Command,
    fields: impl Iterator<Item = &'v str>,
) -> Result<(), String> {
    let mut options = Options::default();
    for option in fields {
        options.take(option)?;
    }
    if draft.source() == Source::Payload {
        return Err("needs a sticky buffer before it".to_owned());
    }
    let set = options.open(draft, name)?;
    let context_key = options.context_key.map(str::to_owned);
    draft.push(Test::Dataset(DatasetTest { set, command, suffixes: options.suffixes, context_key }));
    Ok(())
}
