//! `fengsui reference`: writes docs/reference from the registries, so that the pages can't say what the program does not do.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use fengsui_protocols::Buffer;
use fengsui_schema::FIELD_CATALOGUE;

use crate::settings;

/// Name and text of every page.
fn pages() -> Vec<(&'static str, String)> {
    vec![
        ("settings.toml", settings::example()),
        ("fields.md", fields()),
        ("sources.md", sources()),
        ("behaviour-detectors.md", detectors()),
        ("data-types.md", data_types()),
        ("masking-functions.md", masks()),
        ("application-parsers.md", parsers()),
        ("rule-buffers.md", buffers()),
        ("rule-keywords.md", keywords()),
        ("rule-classes.md", classes()),
        ("statistics.md", statistics()),
    ]
}

/// Writes every page.
pub(super) fn run(folder: &Path) -> anyhow::Result<ExitCode> {
    std::fs::create_dir_all(folder).with_context(|| format!("{} can't be made", folder.display()))?;
    for (name, text) in pages() {
        let path = folder.join(name);
        std::fs::write(&path, text).with_context(|| format!("{} can't be written", path.display()))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// A page of one table. Made by `fengsui reference`, as its second line says.
fn table(title: &str, head: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let rule = "|---".repeat(head.len());
    let mut text = format!(
        "# {title}\n\nMade by `fengsui reference`; a test keeps it fresh.\n\n| {} |\n{rule}|\n",
        head.join(" | ")
    );
    for row in rows {
        let cells: Vec<String> = row.iter().map(|cell| cell.replace('|', "\\|")).collect();
        text.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    text
}

fn fields() -> String {
    let rows = FIELD_CATALOGUE.iter().map(|field| {
        vec![format!("`{}`", field.name), format!("{:?}", field.kind).to_lowercase(), field.meaning.to_owned()]
    });
    table("Fields of an event", &["field", "type", "meaning"], rows)
}

fn sources() -> String {
    let rows = fengsui_normalize::SOURCES
        .iter()
        .map(|source| vec![format!("`{}`", source.name), source.aliases.join(", "), source.meaning.to_owned()]);
    table("Sources of events", &["source", "also called", "what it is"], rows)
}

fn detectors() -> String {
    let rows = fengsui_detect::DETECTORS
        .iter()
        .map(|detector| vec![format!("`behaviour:{}`", detector.name), detector.meaning.to_owned()]);
    table("Behaviour detectors", &["rule id", "what it finds"], rows)
}

fn data_types() -> String {
    let rows = fengsui_dlp_engine::Engine::data_types()
        .into_iter()
        .map(|(name, label)| vec![format!("`{name}`"), label.to_owned()]);
    table("Types of sensitive data", &["type", "名称"], rows)
}

fn masks() -> String {
    let yes = |value: bool| if value { "yes" } else { "no" }.to_owned();
    let rows = fengsui_dlp_engine::mask::MASKS.iter().map(|mask| {
        vec![
            format!("`{}`", mask.name),
            mask.label.to_owned(),
            yes(mask.deterministic),
            yes(mask.reversible),
            yes(mask.same_length),
        ]
    });
    table(
        "Masking functions",
        &["function", "名称", "same input, same output", "undone with the key", "keeps the length"],
        rows,
    )
}

fn parsers() -> String {
    let rows = fengsui_protocols::PARSERS.iter().map(|parser| {
        let transports: Vec<String> = parser.transports.iter().map(|kind| format!("{kind:?}").to_lowercase()).collect();
        let ports: Vec<String> = parser.ports.iter().map(ToString::to_string).collect();
        vec![format!("`{}`", parser.protocol), transports.join(", "), ports.join(", ")]
    });
    table("Application parsers", &["protocol", "carried by", "usual ports"], rows)
}

fn statistics() -> String {
    let counters = fengsui_sensor::COUNTERS.iter().chain(&fengsui_sensor::HELPER_COUNTERS);
    let rows = counters.map(|(name, meaning)| vec![format!("`{name}`"), (*meaning).to_owned()]);
    table("Counters of a sensor's `stats` record, since its start", &["counter", "what it counts"], rows)
}

fn buffers() -> String {
    let rows = Buffer::ALL.iter().map(|spec| {
        let direction = match (spec.to_server, spec.to_client) {
            (true, true) => "both",
            (true, false) => "to server",
            _ => "to client",
        };
        let protocol = spec.protocol.map_or("any", fengsui_protocols::AppProtocol::as_str);
        let multiple = if spec.multiple { "several" } else { "one" };
        vec![format!("`{}`", spec.keyword), protocol.to_owned(), direction.to_owned(), multiple.to_owned()]
    });
    table("Sticky buffers of the rule language", &["keyword", "protocol", "direction", "values of a transaction"], rows)
}

fn keywords() -> String {
    let rows = fengsui_signatures::keyword_families().into_iter().map(|(about, names)| {
        let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        vec![about.to_owned(), names.join(", ")]
    });
    table("Keywords of the rule language, beside the sticky buffers", &["what they are about", "keywords"], rows)
}

fn classes() -> String {
    let rows = fengsui_signatures::CLASSIFICATIONS
        .iter()
        .map(|class| vec![format!("`{}`", class.name), class.text.to_owned(), class.priority.to_string()]);
    table("Rule classes", &["classtype", "text", "priority"], rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pages_in_the_repository_are_fresh() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference");
        for (name, text) in pages() {
            let kept = std::fs::read_to_string(folder.join(name)).unwrap_or_default();
            assert!(
                kept == text,
                "docs/reference/{name} is stale: run `cargo run -p fengsui -- reference --output docs/reference`"
            );
        }
    }
}
