//! Alerts that belong together, with the reason why.

use serde::{Deserialize, Serialize};

use crate::{AlertId, BusinessDomain, FoldId, IncidentId, Timestamp, UnitCode};

/// Grade of an incident: 特别重大, 重大, 较大 or 一般 (Ⅰ to Ⅳ, GB/T 20986-2023). Proposed by a rule, confirmed by a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum IncidentGrade {
    /// 一般 (Ⅳ).
    General,
    /// 较大 (Ⅲ).
    Larger,
    /// 重大 (Ⅱ).
    Major,
    /// 特别重大 (Ⅰ).
    ExtraordinarilyMajor,
}

/// What kind of thing an entity is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EntityKind {
    /// An IP address.
    Address,
    /// A host name.
    Host,
    /// An account.
    User,
    /// A domain name.
    Domain,
    /// An address on the web.
    Url,
    /// A file, by hash or name.
    File,
    /// A data asset.
    DataAsset,
}

/// Somebody or something an alert or incident is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Entity {
    /// What kind of thing.
    pub kind: EntityKind,
    /// Its name: an address, a host name, ... Untrusted.
    pub value: String,
    /// `source`, `target`, `related`.
    pub role: String,
    /// Name of the asset when it is one of ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asset: Option<String>,
}

/// An ATT&CK technique.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Technique {
    /// `T1190`, `T1071.001`.
    pub id: String,
    /// Tactic it was used for, as ATT&CK's short name: `initial-access`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tactic: Option<String>,
}

/// One line of why alerts belong together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExplanationLine {
    /// In Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
}

/// One alert of an incident and why it is in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentMember {
    /// The alert.
    pub alert: AlertId,
    /// When it happened.
    pub time: Timestamp,
    /// Its share of the risk, in thousandths.
    pub risk: u32,
}

/// Why an incident that was told is none any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IncidentEnd {
    /// Later alerts showed that it is part of this incident, which has its members now.
    TakenInBy(IncidentId),
    /// Later alerts showed that what it was made of is ordinary here.
    Withdrawn,
}

/// Alerts that belong together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Incident {
    /// Digest of the alert that opened it.
    pub id: IncidentId,
    /// Counts up with every change.
    pub revision: u32,
    /// Title in Chinese.
    pub title_zh: String,
    /// Title in English.
    pub title_en: String,
    /// Risk in thousandths; the list is ordered by it.
    pub risk: u32,
    /// Proposed grade.
    pub proposed_grade: IncidentGrade,
    /// Rule and article the proposal cites.
    pub grade_basis: String,
    /// First alert.
    pub start: Timestamp,
    /// Last alert.
    pub end: Timestamp,
    /// Who and what it is about, most important first.
    pub entities: Vec<Entity>,
    /// ATT&CK techniques in kill-chain order.
    pub techniques: Vec<Technique>,
    /// Why these alerts belong together.
    pub explanation: Vec<ExplanationLine>,
    /// The alerts that weigh most, in order of time, up to a limit.
    pub members: Vec<IncidentMember>,
    /// What its alerts are folded into: an alert belongs to the incident that names its fold. The earliest, up to a limit.
    #[serde(default)]
    pub folds: Vec<FoldId>,
    /// How many alerts it has, named or not.
    #[serde(default)]
    pub alerts: u64,
    /// Unit it belongs to.
    pub unit: UnitCode,
    /// Part of the digital government it touches.
    pub domain: BusinessDomain,
    /// Why it is none any more; then it has no members and no risk. What ended so may come again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<IncidentEnd>,
}
