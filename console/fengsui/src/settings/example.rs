//! The example settings file, made from the types: every key with its meaning and its default.

use std::fmt::Write;

use schemars::Schema;
use serde_json::{Map, Value};

use super::Settings;

/// The example settings file. Every key is commented out, so that the file changes nothing until it is edited.
pub(crate) fn example() -> String {
    let root = schemars::schema_for!(Settings);
    let mut text = String::from(
        "# Settings of fengsui. Every key stands here with its meaning and its default; remove the # to change it.\n\
         # Relative paths are below data.directory unless a key says otherwise. An unknown key is an error.\n",
    );
    let definitions = root.get("$defs").and_then(Value::as_object).cloned().unwrap_or_default();
    write_table(&mut text, "", &root, &definitions);
    text
}

/// Writes the plain keys of a table, then its tables.
fn write_table(text: &mut String, name: &str, schema: &Schema, definitions: &Map<String, Value>) {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return };
    let (tables, keys): (Vec<_>, Vec<_>) =
        properties.iter().partition(|(_, property)| table_of(property, definitions).is_some());
    for (key, property) in keys {
        write_key(text, key, property, definitions);
    }
    for (key, property) in tables {
        let path = if name.is_empty() { key.clone() } else { format!("{name}.{key}") };
        let Some(table) = table_of(property, definitions) else { continue };
        text.push('\n');
        write_comment(text, description(property).or_else(|| description(table)));
        let _ = writeln!(text, "[{path}]");
        if let Ok(schema) = Schema::try_from(table.clone()) {
            write_table(text, &path, &schema, definitions);
        }
    }
}

/// The definition of a property that is a table of its own (an object with named properties).
fn table_of<'a>(property: &'a Value, definitions: &'a Map<String, Value>) -> Option<&'a Value> {
    let target = resolve(property, definitions);
    target.get("properties").is_some().then_some(target)
}

fn resolve<'a>(property: &'a Value, definitions: &'a Map<String, Value>) -> &'a Value {
    let reference = property.get("$ref").and_then(Value::as_str).and_then(|path| path.strip_prefix("#/$defs/"));
    reference.and_then(|name| definitions.get(name)).unwrap_or(property)
}

fn description(schema: &Value) -> Option<&str> {
    schema.get("description").and_then(Value::as_str)
}

fn write_comment(text: &mut String, comment: Option<&str>) {
    for line in comment.unwrap_or_default().lines() {
        let _ = writeln!(text, "# {}", line.trim());
    }
}

fn write_key(text: &mut String, key: &str, property: &Value, definitions: &Map<String, Value>) {
    write_comment(text, description(property).or_else(|| description(resolve(property, definitions))));
    match property.get("default").filter(|value| !value.is_null()) {
        Some(value) => {
            let _ = writeln!(text, "# {key} = {}", inline(value));
        }
        None => {
            let _ = writeln!(text, "# {key} =");
        }
    }
}

/// A JSON value as TOML writes it on one line.
fn inline(value: &Value) -> String {
    match value {
        Value::Array(items) => format!("[{}]", items.iter().map(inline).collect::<Vec<_>>().join(", ")),
        Value::Object(entries) => {
            let pairs = entries.iter().filter(|(_, value)| !value.is_null());
            let pairs: Vec<String> = pairs.map(|(key, value)| format!("{key} = {}", inline(value))).collect();
            if pairs.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", pairs.join(", ")) }
        }
        Value::String(text) => toml::Value::String(text.clone()).to_string(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_explained() {
        let text = example();
        let mut explained = false;
        for line in text.lines() {
            let is_key = line.split_once(" =").is_some_and(|(key, _)| key.strip_prefix("# ").is_some_and(is_name));
            assert!(!is_key || explained, "{line} has no explanation above it");
            explained = line.starts_with("# ") && !is_key;
        }
    }

    fn is_name(text: &str) -> bool {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
    }

    #[test]
    fn the_example_with_its_keys_switched_on_is_read_as_the_defaults() {
        let switched: String = example()
            .lines()
            .map(|line| {
                match line.strip_prefix("# ").and_then(|rest| rest.split_once(" = ").map(|(key, _)| (key, rest))) {
                    Some((key, rest)) if is_name(key) => format!("{rest}\n"),
                    _ => format!("{line}\n"),
                }
            })
            .collect();
        let read = toml::from_str::<Settings>(&switched);
        assert!(read.is_ok(), "{}\n{switched}", read.err().map(|error| error.to_string()).unwrap_or_default());
    }
}
