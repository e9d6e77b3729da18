//! What rules need beside their text, from the files a suricata.yaml, the options and the rules themselves name.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use fengsui_signatures::{Action, DatasetKind, Reputations, RuleData, named_files};
use yaml_serde::Value;

use super::options::OfflineOptions;
use super::yaml::{Yaml, text_of};
use crate::SensorError;
use crate::limits::RULE_FILE_BYTES;
use crate::rules::{read_file, read_files};

/// Where files that are named without a full path are looked for.
pub(super) struct Places {
    /// Folder of the suricata.yaml, else the current one.
    settings: PathBuf,
    /// `--data-dir`, else the output folder.
    data: PathBuf,
    rules: Vec<PathBuf>,
}

impl Places {
    pub(super) fn new(options: &OfflineOptions, rules: &[PathBuf]) -> Self {
        let folder = |path: &Path| path.parent().map(Path::to_owned).unwrap_or_default();
        let data = options.data_directory.clone().unwrap_or_else(|| options.output_directory.clone());
        let rules = rules.iter().map(|path| if path.is_dir() { path.clone() } else { folder(path) }).collect();
        Self { settings: options.suricata_yaml.as_deref().map(folder).unwrap_or_default(), data, rules }
    }

    fn find(&self, name: &str) -> Option<PathBuf> {
        let folders = self.rules.iter().chain([&self.settings, &self.data]);
        let mut places = folders.map(|folder| folder.join(name)).chain([PathBuf::from(name)]);
        places.find(|path| path.is_file())
    }

    fn read(&self, what: &'static str, name: &str) -> Result<Option<Vec<u8>>, SensorError> {
        self.find(name).map(|path| read_file(what, &path, RULE_FILE_BYTES)).transpose()
    }

    /// Where a set is written that a rule saves under this name.
    pub(super) fn to_save(&self, name: &str) -> PathBuf {
        self.data.join(name)
    }
}

/// Reads all of it. Files that are not there are left out; rules that need them then say so.
pub(super) fn rule_data(yaml: &Yaml, places: &Places, rules: &[PathBuf]) -> Result<RuleData, SensorError> {
    let mut data = RuleData {
        action_order: yaml.list("action-order").iter().filter_map(text_of).filter_map(|word| action(&word)).collect(),
        ignore_unknown_requirements: yaml.flag("ignore-unknown-requirements").unwrap_or(false),
        ..RuleData::default()
    };
    if let Some(name) = yaml.text("threshold-file") {
        data.thresholds = places.read("threshold file", &name)?.unwrap_or_default();
    }
    if let Some(name) = yaml.text("classification-file") {
        data.classifications = places.read("classification file", &name)?.unwrap_or_default();
    }
    for (file, text) in read_files("rule file", rules, "rules")? {
        let _ = file;
        for name in named_files(&text) {
            if let Some(content) = places.read("list", &name)? {
                data.files.insert(name, content);
            }
        }
    }
    data.reputations = Arc::new(reputations(yaml, places)?);
    declared_sets(yaml, places, &data)?;
    Ok(data)
}

fn action(word: &str) -> Option<Action> {
    Some(match word {
        "pass" => Action::Pass,
        "drop" => Action::Drop,
        "reject" => Action::Reject,
        "alert" => Action::Alert,
        _ => return None,
    })
}

fn reputations(yaml: &Yaml, places: &Places) -> Result<Reputations, SensorError> {
    let Some(categories) = yaml.text("reputation-categories-file") else { return Ok(Reputations::default()) };
    let categories = places.read("reputation categories", &categories)?.unwrap_or_default();
    let base = yaml.text("default-reputation-path").map(PathBuf::from).unwrap_or_default();
    let mut lists = Vec::new();
    for name in yaml.texts("reputation-files") {
        let name = if Path::new(&name).is_absolute() { PathBuf::from(&name) } else { base.join(&name) };
        lists.extend(places.read("reputation list", &name.to_string_lossy())?);
    }
    let (all, broken) = Reputations::read(&categories, &lists);
    if broken > 0 {
        tracing::warn!(lines = broken, "lines of reputation files are not understood");
    }
    Ok(all)
}

/// Sets that the suricata.yaml declares: `datasets: {name: {type: …, load: …, state: …}}`.
fn declared_sets(yaml: &Yaml, places: &Places, data: &RuleData) -> Result<(), SensorError> {
    for (name, options) in yaml.entries("datasets") {
        let text = |key: &str| options.get(key).and_then(text_of);
        let Some(kind) = text("type").and_then(|word| DatasetKind::from_name(&word)) else { continue };
        let (state, load) = (text("state"), text("load"));
        let content = match state.clone().or(load) {
            Some(file) => places.read("list", &file)?.unwrap_or_default(),
            None => Vec::new(),
        };
        if let Err(reason) = data.datasets.declare(&name, kind, &content, state.or(text("save"))) {
            tracing::warn!(%name, %reason, "a data set is left out");
        }
    }
    Ok(())
}

impl Yaml {
    /// Texts of a list, or of names counted from 0 (as `--set list.0=…` makes them), or a single text.
    fn texts(&self, path: &str) -> Vec<String> {
        match self.get(path) {
            Some(Value::Sequence(list)) => list.iter().filter_map(text_of).collect(),
            Some(Value::Mapping(map)) => map.iter().filter_map(|(_, value)| text_of(value)).collect(),
            Some(value) => text_of(value).into_iter().collect(),
            None => Vec::new(),
        }
    }
}
