//! The register of systems: level, filing, assessments.

use fengsui_schema::BusinessDomain;
use serde::{Deserialize, Serialize};

use super::UnitRef;
use super::alerts::DomainWord;

/// Where something that is due again and again stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DueState {
    /// The level asks for none.
    NotNeeded,
    /// It was never done.
    Never,
    /// It is done and not due soon.
    Good,
    /// It is due within 60 days.
    Soon,
    /// Its time is over.
    Overdue,
}

/// A system. Written by people: untrusted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SystemRow {
    /// Number in the database.
    pub id: String,
    /// The unit that runs it.
    pub unit: UnitRef,
    /// Name.
    pub name: String,
    /// Part of the digital government.
    #[schema(value_type = DomainWord)]
    pub domain: BusinessDomain,
    /// Level of the multi-level protection (GB/T 22240-2020), 1 to 4.
    pub level: i64,
    /// Who answers for it.
    pub owner: String,
    /// Number of its filing with the public security organ; empty without one.
    pub filing: String,
    /// When it was filed.
    #[schema(format = DateTime)]
    pub filed_at: Option<String>,
    /// Whether it has to be filed and is.
    pub filing_state: DueState,
    /// When it was assessed last (等级测评).
    #[schema(format = DateTime)]
    pub assessed_at: Option<String>,
    /// Until when it is assessed again.
    #[schema(format = DateTime)]
    pub assessment_due: Option<String>,
    /// Where that stands.
    pub assessment_state: DueState,
    /// When its cryptography was examined last (密评).
    #[schema(format = DateTime)]
    pub crypto_at: Option<String>,
    /// Until when it is examined again.
    #[schema(format = DateTime)]
    pub crypto_due: Option<String>,
    /// Where that stands.
    pub crypto_state: DueState,
    /// What else is to be known.
    pub note: String,
    /// Who wrote it last.
    pub updated_by: String,
    /// When.
    #[schema(format = DateTime)]
    pub updated_at: String,
}

/// A system as somebody writes it.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SystemBody {
    /// Code of the unit that runs it.
    pub unit: String,
    /// Name; at most 200 characters.
    pub name: String,
    /// Part of the digital government.
    #[schema(value_type = DomainWord)]
    pub domain: BusinessDomain,
    /// Level, 1 to 4.
    pub level: i64,
    /// Who answers for it; at most 200 characters.
    pub owner: String,
    /// Number of its filing.
    #[serde(default)]
    pub filing: String,
    /// When it was filed: not later than now.
    #[serde(default)]
    #[schema(format = DateTime)]
    pub filed_at: Option<String>,
    /// When it was assessed last: not later than now.
    #[serde(default)]
    #[schema(format = DateTime)]
    pub assessed_at: Option<String>,
    /// When its cryptography was examined last: not later than now.
    #[serde(default)]
    #[schema(format = DateTime)]
    pub crypto_at: Option<String>,
    /// What else is to be known.
    #[serde(default)]
    pub note: Option<String>,
}
