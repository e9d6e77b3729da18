//! Playbooks (处置剧本): what to do about an alert, as data (`rules/playbooks/playbooks.toml`).

use std::sync::LazyLock;

use serde::Deserialize;

/// What to do about alerts of some kind.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Playbook {
    /// Identifies it.
    pub(crate) name: String,
    /// Title in Chinese.
    pub(crate) title_zh: String,
    /// Title in English.
    pub(crate) title_en: String,
    techniques: Vec<String>,
    rules: Vec<String>,
    /// In the order of doing them.
    pub(crate) step: Vec<Step>,
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Step {
    /// Identifies it within its playbook.
    pub(crate) id: String,
    /// Text in Chinese.
    pub(crate) zh: String,
    /// Text in English.
    pub(crate) en: String,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    playbook: Vec<Playbook>,
}

const TEXT: &str = include_str!("../../../rules/playbooks/playbooks.toml");

// A file that does not parse gives no advice; a test reads it, so that it can't be shipped.
static ALL: LazyLock<Vec<Playbook>> = LazyLock::new(|| toml::from_str::<File>(TEXT).unwrap_or_default().playbook);

/// The playbook for an alert: the first that names one of its techniques, else the first whose rules fit.
pub(crate) fn playbook_for(rule: &str, techniques: &[String]) -> Option<&'static Playbook> {
    let names = |wanted: &str, found: &str| {
        found == wanted || found.strip_prefix(wanted).is_some_and(|rest| rest.starts_with('.'))
    };
    let by_technique =
        |one: &&Playbook| one.techniques.iter().any(|wanted| techniques.iter().any(|found| names(wanted, found)));
    let by_rule = |one: &&Playbook| one.rules.iter().any(|start| rule.starts_with(start.as_str()));
    ALL.iter().find(by_technique).or_else(|| ALL.iter().find(by_rule))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_file_parses_and_names_are_used_once() {
        let file: File = toml::from_str(TEXT).expect("playbooks.toml parses");
        let names: BTreeSet<&str> = file.playbook.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names.len(), file.playbook.len());
        for one in &file.playbook {
            let steps: BTreeSet<&str> = one.step.iter().map(|step| step.id.as_str()).collect();
            assert_eq!((steps.len(), steps.is_empty()), (one.step.len(), false), "{}", one.name);
        }
    }

    #[test]
    fn every_alert_has_a_playbook() {
        let of = |rule: &str, techniques: &[&str]| {
            let techniques: Vec<String> = techniques.iter().map(|id| (*id).to_owned()).collect();
            playbook_for(rule, &techniques).map(|one| one.name.as_str())
        };
        assert_eq!(of("suricata:9000001", &["T1190"]), Some("web-intrusion"));
        assert_eq!(of("sigma:x", &["T1505.003"]), Some("webshell"));
        assert_eq!(of("indicator:1", &["T9999"]), Some("command-and-control"));
        assert_eq!(of("sigma:x", &["T15"]), Some("general"), "a beginning of a number is another technique");
        assert_eq!(of("", &[]), Some("general"));
    }
}
