//! What a rule says about itself.

use fengsui_schema::{RuleReference, Severity, Technique};

use crate::limits;
use crate::matched::{Silence, Tag};

/// What a rule asks for when it matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Stop looking; rules of this kind are applied before all others.
    Pass,
    /// Raise an alert and, inline, drop.
    Drop,
    /// Raise an alert and, inline, answer with a reset.
    Reject,
    /// Raise an alert.
    Alert,
}

impl Action {
    /// The word of the rule language.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Drop => "drop",
            Self::Reject => "reject",
            Self::Alert => "alert",
        }
    }
}

/// Which side of the packet that fired is under attack (keyword `target`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Target {
    /// The packet's source.
    Source,
    /// The packet's destination.
    Destination,
}

/// What a rule says about itself; shared by all its matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleInfo {
    /// Signature number.
    pub sid: u32,
    /// Generator number, 1 unless the rule says otherwise.
    pub gid: u32,
    /// Revision, 0 when the rule gives none.
    pub rev: u32,
    /// Title.
    pub msg: String,
    /// Short name of its class, such as `web-application-attack`; empty when the rule has none.
    pub classtype: String,
    /// Text of its class, such as `Web Application Attack`; what EVE calls `category`.
    pub category: String,
    /// 1 is the highest; from the keyword, else the class, else 3. What EVE calls `severity`.
    pub priority: u8,
    /// Key and value of each `metadata` entry, in order.
    pub metadata: Vec<(String, String)>,
    /// Scheme and value of each `reference`, in order: `("cve", "2021-44228")`.
    pub references: Vec<(String, String)>,
    /// Action of the rule.
    pub action: Action,
    /// Side under attack.
    pub target: Option<Target>,
    /// Asks to record what follows (keyword `tag`).
    pub tag: Option<Tag>,
    /// Asks to leave the rest of the flow alone (keyword `bypass`).
    pub bypass: bool,
    /// Asks to keep something from being logged (keyword `config`).
    pub silence: Option<Silence>,
    /// Asks to store the file it fired on (keyword `filestore`).
    pub filestore: bool,
    /// File the rule was read from, as the caller named it.
    pub file: String,
    /// Line in that file, from 1.
    pub line: usize,
    /// The rule's text in one line, at most 8 KiB.
    pub text: String,
}

impl RuleInfo {
    /// First metadata value of a key.
    #[must_use]
    pub fn metadata_value(&self, key: &str) -> Option<&str> {
        self.metadata.iter().find(|entry| entry.0 == key).map(|entry| entry.1.as_str())
    }

    /// Chinese title, from metadata `title_zh`.
    #[must_use]
    pub fn title_zh(&self) -> Option<&str> {
        self.metadata_value("title_zh").filter(|title| !title.is_empty())
    }

    /// ATT&CK techniques of metadata `mitre_technique_id`; the n-th takes the n-th `mitre_tactic`
    /// (or the last one there is), else the name in `mitre_tactic_name`, in ATT&CK's short form.
    #[must_use]
    pub fn techniques(&self) -> Vec<Technique> {
        let of = |key: &'static str| self.metadata.iter().filter(move |entry| entry.0 == key).map(|entry| &entry.1);
        let tactics: Vec<&String> = of("mitre_tactic").chain(of("mitre_tactic_name")).collect();
        of("mitre_technique_id")
            .enumerate()
            .map(|(index, id)| Technique {
                id: id.clone(),
                tactic: tactics.get(index).or(tactics.last()).map(|tactic| short_tactic(tactic)),
            })
            .collect()
    }

    /// Severity of an alert of this rule.
    #[must_use]
    pub fn severity(&self) -> Severity {
        Severity::from_rule_priority(self.priority)
    }

    /// Whom a `reject` rule answers, by EVE's words.
    #[must_use]
    pub fn reject_target(&self) -> &'static str {
        match self.text.split_whitespace().next() {
            Some("rejectdst") => "to_server",
            Some("rejectboth") => "both",
            _ => "to_client",
        }
    }

    /// The reference an alert carries: `suricata:<sid>`.
    #[must_use]
    pub fn reference(&self) -> RuleReference {
        RuleReference {
            id: format!("suricata:{}", self.sid),
            title: self.msg.clone(),
            title_zh: self.title_zh().map(str::to_owned),
            text: Some(self.text.clone()),
            revision: Some(self.rev),
            category: (!self.classtype.is_empty()).then(|| self.classtype.clone()),
            references: self.references.iter().map(|(scheme, value)| reference_address(scheme, value)).collect(),
        }
    }
}

fn short_tactic(name: &str) -> String {
    name.to_ascii_lowercase().replace(['_', ' '], "-")
}

/// A reference as an address where its scheme has a public one.
fn reference_address(scheme: &str, value: &str) -> String {
    match scheme {
        "url" if value.contains("://") => value.to_owned(),
        "url" => format!("https://{value}"),
        "cve" => format!("https://www.cve.org/CVERecord?id=CVE-{}", value.trim_start_matches("CVE-")),
        _ => format!("{scheme}:{value}"),
    }
}

/// A rule's text shortened to what an alert may carry.
pub(crate) fn shortened(text: &str) -> String {
    let mut end = text.len().min(limits::RULE_TEXT_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].to_owned()
}
