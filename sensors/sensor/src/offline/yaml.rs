//! suricata.yaml and `--set`, as one tree of values.

use std::path::Path;

use fengsui_schema::shown;
use yaml_serde::{Mapping, Value};

use crate::SensorError;
use crate::limits::{YAML_BYTES, YAML_DEPTH, YAML_INCLUDES};
use crate::rules::read_file;

/// The values of a suricata.yaml with `--set` applied. Paths have dots between names and places in lists.
#[derive(Debug, Clone, Default)]
pub(super) struct Yaml(Value);

impl Yaml {
    /// Reads a file and those it includes.
    pub(super) fn read(path: &Path) -> Result<Self, SensorError> {
        Ok(Self(read_tree(path, 0)?))
    }

    /// Sets a value; names that are not there are added.
    pub(super) fn set(&mut self, path: &str, value: &str) {
        let parts: Vec<&str> = path.split('.').take(YAML_DEPTH).collect();
        let value = yaml_serde::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
        place(&mut self.0, &parts, value);
    }

    pub(super) fn get(&self, path: &str) -> Option<&Value> {
        find(&self.0, path)
    }

    /// A scalar as text.
    pub(super) fn text(&self, path: &str) -> Option<String> {
        text_of(self.get(path)?)
    }

    pub(super) fn flag(&self, path: &str) -> Option<bool> {
        flag_of(&self.text(path)?)
    }

    /// A number with an optional unit: `1mb`, `64kb`, `100`.
    pub(super) fn size(&self, path: &str) -> Option<u64> {
        size_of(&self.text(path)?)
    }

    /// Names and values below a path.
    pub(super) fn entries(&self, path: &str) -> Vec<(String, &Value)> {
        let Some(Value::Mapping(map)) = self.get(path) else { return Vec::new() };
        map.iter().filter_map(|(name, value)| Some((text_of(name)?, value))).collect()
    }

    /// Values of a list.
    pub(super) fn list(&self, path: &str) -> &[Value] {
        match self.get(path) {
            Some(Value::Sequence(list)) => list,
            _ => &[],
        }
    }
}

/// A value below another.
pub(super) fn find<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(value, |inner, part| match inner {
        Value::Mapping(map) => map.get(part),
        Value::Sequence(list) => list.get(part.parse::<usize>().ok()?),
        _ => None,
    })
}

pub(super) fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(if *flag { "yes" } else { "no" }.to_owned()),
        _ => None,
    }
}

pub(super) fn flag_of(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "yes" | "true" | "on" | "1" | "enabled" => Some(true),
        "no" | "false" | "off" | "0" | "disabled" => Some(false),
        _ => None,
    }
}

pub(super) fn size_of(text: &str) -> Option<u64> {
    let text = text.trim().to_ascii_lowercase();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == ' ');
    let unit: u64 = match text[digits.len()..].trim() {
        "" | "b" => 1,
        "kb" | "k" | "kib" => 1 << 10,
        "mb" | "m" | "mib" => 1 << 20,
        "gb" | "g" | "gib" => 1 << 30,
        _ => return None,
    };
    digits.trim().parse::<u64>().ok()?.checked_mul(unit)
}

fn read_tree(path: &Path, depth: usize) -> Result<Value, SensorError> {
    let bytes = read_file("settings file", path, YAML_BYTES)?;
    let failed = |reason: String| SensorError::Yaml { path: shown(&path.to_string_lossy()).to_string(), reason };
    let text = String::from_utf8_lossy(&bytes);
    // The directive of YAML 1.1 says nothing the parser would need.
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let text = text.strip_prefix("%YAML 1.1").unwrap_or(text);
    let mut tree: Value = yaml_serde::from_str(text).map_err(|error| failed(error.to_string()))?;
    if depth < YAML_INCLUDES {
        include(&mut tree, path, depth)?;
    }
    Ok(tree)
}

/// `include: file` and lists of files: their values win over those before.
fn include(tree: &mut Value, path: &Path, depth: usize) -> Result<(), SensorError> {
    let Value::Mapping(map) = tree else { return Ok(()) };
    let names: Vec<String> = match map.get("include") {
        Some(Value::Sequence(list)) => list.iter().filter_map(text_of).collect(),
        Some(value) => text_of(value).into_iter().collect(),
        None => return Ok(()),
    };
    let folder = path.parent().unwrap_or(Path::new("."));
    for name in names {
        let included = folder.join(&name);
        if included.exists() {
            merge(tree, read_tree(&included, depth + 1)?);
        }
    }
    Ok(())
}

fn merge(tree: &mut Value, other: Value) {
    match (tree, other) {
        (Value::Mapping(map), Value::Mapping(other)) => {
            for (name, value) in other {
                match map.get_mut(&name) {
                    Some(inner) => merge(inner, value),
                    None => {
                        map.insert(name, value);
                    }
                }
            }
        }
        (tree, other) => *tree = other,
    }
}

fn place(tree: &mut Value, path: &[&str], value: Value) {
    let Some((first, rest)) = path.split_first() else {
        *tree = value;
        return;
    };
    if let (Value::Sequence(list), Ok(index)) = (&mut *tree, first.parse::<usize>()) {
        if let Some(inner) = list.get_mut(index) {
            place(inner, rest, value);
        }
        return;
    }
    if !tree.is_mapping() {
        *tree = Value::Mapping(Mapping::new());
    }
    if let Value::Mapping(map) = tree {
        let inner = map.entry(Value::String((*first).to_owned())).or_insert(Value::Null);
        place(inner, rest, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn set_wins_and_sizes_have_units() {
        let mut yaml = Yaml(yaml_serde::from_str("stream: {reassembly: {depth: 1mb}}\nlist: [a, b]").expect("is yaml"));
        assert_eq!(yaml.size("stream.reassembly.depth"), Some(1 << 20));
        yaml.set("stream.reassembly.depth", "0");
        yaml.set("new.key", "yes");
        assert_eq!(yaml.size("stream.reassembly.depth"), Some(0));
        assert_eq!(yaml.flag("new.key"), Some(true));
        assert_eq!(yaml.text("list.1").as_deref(), Some("b"));
    }
}
