//! Values of placeholders out of a Sigma processing pipeline: the `vars` of the file. Its transformations are not
//! needed, as events are addressed by Sigma's own names.

use yaml_serde::Value;

use super::repair::Placeholders;

/// The values that a pipeline file gives to placeholders; `None` for any other file.
pub(super) fn placeholders(text: &str) -> Option<Placeholders> {
    if !text.lines().any(|line| line.starts_with("vars:")) {
        return None;
    }
    let document: Value = yaml_serde::from_str(text).ok()?;
    let values = document.get("vars")?.as_mapping()?;
    let texts = |value: &Value| match value {
        Value::Sequence(list) => list.iter().filter_map(word).collect(),
        value => word(value).into_iter().collect(),
    };
    Some(values.iter().filter_map(|(name, value)| Some((name.as_str()?.to_owned(), texts(value)))).collect())
}

fn word(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pipelines_have_values() {
        let pipeline = "name: site\npriority: 10\nvars:\n  admins: [root, 7]\n  zone: inside\n";
        let values = placeholders(pipeline).expect("is a pipeline");
        assert_eq!(values["admins"], ["root", "7"]);
        assert_eq!(values["zone"], ["inside"]);
        assert!(placeholders("title: t\ndetection:\n  vars: x\n").is_none());
    }
}
