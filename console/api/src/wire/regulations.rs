//! The policy library (制度库).

use serde::{Deserialize, Serialize};

use super::UnitRef;

/// What a policy is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RegulationCategory {
    /// Who is responsible for what (治理).
    Governance,
    /// What is done in an emergency (应急).
    Emergency,
    /// How systems are run (运维).
    Operations,
    /// How people learn (教育).
    Education,
    /// How it is inspected (督查).
    Supervision,
}

/// How binding and how detailed a policy is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RegulationKind {
    /// A policy (制度).
    Regime,
    /// Rules that carry one out (细则).
    Rule,
    /// An operating procedure (操作规程).
    Procedure,
}

/// How many units sign something, of those the caller reaches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RegulationCoverage {
    /// Units that have to sign.
    pub due: i64,
    /// Those that have.
    pub signed: i64,
    /// Those that have not, though the time for it is over.
    pub overdue: i64,
}

/// A policy as it is now.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RegulationRow {
    /// Number in the database.
    pub id: String,
    /// Number that people use.
    pub number: String,
    /// What it is about.
    pub category: RegulationCategory,
    /// How binding and how detailed it is.
    pub kind: RegulationKind,
    /// Title of the version in force.
    pub title: String,
    /// The version in force, from 1.
    pub version: i64,
    /// Unit that issued it.
    pub unit: UnitRef,
    /// Who published this version.
    pub published_by: String,
    /// When.
    #[schema(format = DateTime)]
    pub published_at: String,
    /// From when it holds.
    #[schema(format = DateTime)]
    pub effective_at: String,
    /// Until when it has to be signed.
    #[schema(format = DateTime)]
    pub sign_by: String,
    /// Since when it holds no longer.
    #[schema(format = DateTime)]
    pub withdrawn_at: Option<String>,
    /// Who has signed this version.
    pub coverage: RegulationCoverage,
    /// What the caller may do: `revise`, `withdraw`, `urge`, `sign`.
    pub allowed: Vec<String>,
}

/// A file that belongs to a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RegulationFile {
    /// Its name. Written by people: untrusted.
    pub name: String,
    /// Its size.
    pub bytes: i64,
}

/// What a version says.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RegulationText {
    /// The version, from 1.
    pub version: i64,
    /// Title.
    pub title: String,
    /// The text. Nothing in it is markup: it is shown as it stands.
    pub text: String,
    /// What is different from the version before.
    pub changes: String,
    /// Its file.
    pub file: Option<RegulationFile>,
}

/// A version in the history.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RegulationVersion {
    /// The version, from 1.
    pub version: i64,
    /// Title.
    pub title: String,
    /// What is different from the version before.
    pub changes: String,
    /// Who published it.
    pub published_by: String,
    /// When.
    #[schema(format = DateTime)]
    pub published_at: String,
    /// Who signed it.
    pub coverage: RegulationCoverage,
}

/// A unit that has to sign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RegulationUnit {
    /// The unit.
    pub unit: UnitRef,
    /// Who signed for it.
    pub signed_by: Option<String>,
    /// When.
    #[schema(format = DateTime)]
    pub signed_at: Option<String>,
    /// When it was last urged.
    #[schema(format = DateTime)]
    pub urged_at: Option<String>,
    /// Whether the time for it is over.
    pub overdue: bool,
}

/// A policy to read and to sign.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RegulationDetail {
    /// As in the list.
    pub row: RegulationRow,
    /// The version in force.
    pub text: RegulationText,
    /// Every version this node has, newest first.
    pub versions: Vec<RegulationVersion>,
    /// The units that sign the version in force, of those the caller may see.
    pub units: Vec<RegulationUnit>,
}

/// What a unit has signed of all policies in force.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RegulationUnitCoverage {
    /// The unit.
    pub unit: UnitRef,
    /// Of the policies it has to sign.
    pub coverage: RegulationCoverage,
}

/// Who has signed what, over all policies in force.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RegulationCoverageView {
    /// Of all units together.
    pub total: RegulationCoverage,
    /// Of each unit; those furthest behind first.
    pub units: Vec<RegulationUnitCoverage>,
}

/// A file to publish with a version.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRegulationFile {
    /// Its name.
    pub name: String,
    /// The content in base64; at most 512 KiB of PDF, text or picture.
    pub content_base64: String,
}

/// A version to publish.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRegulationVersion {
    /// Title; at most 200 characters.
    pub title: String,
    /// The text; at most 60,000 characters.
    pub text: String,
    /// What is different from the version before; at most 2,000 characters.
    pub changes: Option<String>,
    /// From when it holds.
    #[schema(format = DateTime)]
    pub effective_at: String,
    /// Until when it has to be signed; at most a year ahead.
    #[schema(format = DateTime)]
    pub sign_by: String,
    /// Codes of the units that have to sign, each for itself.
    pub units: Vec<String>,
    /// A file that belongs to it.
    pub file: Option<NewRegulationFile>,
}

/// A policy to publish.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRegulation {
    /// What it is about.
    pub category: RegulationCategory,
    /// How binding and how detailed it is.
    pub kind: RegulationKind,
    /// Its first version.
    pub content: NewRegulationVersion,
}

/// The signature of the caller's unit.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RegulationSigning {
    /// The version that was read.
    pub version: i64,
}

/// An end of a policy.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RegulationWithdrawal {
    /// Why.
    pub reason: String,
}

/// How many units were urged.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RegulationUrged {
    /// Units that had not signed.
    pub units: i64,
}

/// Which policies.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RegulationQuery {
    /// Only those that the caller's unit still has to sign.
    pub to_sign: Option<bool>,
}
