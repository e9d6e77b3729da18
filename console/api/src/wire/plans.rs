//! Emergency plans (预案) as check lists, and their activations.

use serde::{Deserialize, Serialize};

use super::UnitRef;

/// A step of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanStep {
    /// Part of the plan it belongs to.
    pub phase: String,
    /// What is done.
    pub text: String,
    /// Who does it: a post or a group.
    pub who: String,
}

/// A plan to begin with, as it comes with the program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanTemplate {
    /// Title.
    pub title: String,
    /// What it is for.
    pub scenario: String,
    /// Steps in order.
    #[serde(alias = "step")]
    pub steps: Vec<PlanStep>,
}

/// A plan. Written by people: untrusted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PlanRow {
    /// Number in the database.
    pub id: String,
    /// Number that people use.
    pub number: String,
    /// Title.
    pub title: String,
    /// What it is for.
    pub scenario: String,
    /// The unit it belongs to; those below may activate it too.
    pub unit: UnitRef,
    /// Counts up with every revision.
    pub version: i64,
    /// Steps in order.
    pub steps: Vec<PlanStep>,
    /// When it was revised last.
    #[schema(format = DateTime)]
    pub updated_at: String,
    /// By whom.
    pub updated_by: String,
    /// When it was last activated in a drill by a unit within reach.
    #[schema(format = DateTime)]
    pub drilled_at: Option<String>,
    /// What the caller may do: `revise`, `activate`.
    pub allowed: Vec<String>,
}

/// Whether an activation is in earnest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ActivationKind {
    /// A drill.
    Drill,
    /// In earnest.
    Real,
}

/// Level of an emergency response; I is the highest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ResponseLevel {
    /// Extraordinarily major.
    I,
    /// Major.
    Ii,
    /// Larger.
    Iii,
    /// General.
    Iv,
}

/// A step of an activation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ActivationStep {
    /// From 0.
    pub index: i64,
    /// Part of the plan it belongs to.
    pub phase: String,
    /// What is done.
    pub text: String,
    /// Who does it.
    pub who: String,
    /// Who said that it is done.
    pub done_by: Option<String>,
    /// When.
    #[schema(format = DateTime)]
    pub done_at: Option<String>,
    /// What was found or done.
    pub note: String,
}

/// An activation of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ActivationRow {
    /// Number in the database.
    pub id: String,
    /// The plan.
    pub plan_id: String,
    /// Version of the plan.
    pub version: i64,
    /// Its title when it was activated.
    pub title: String,
    /// In earnest or not.
    pub kind: ActivationKind,
    /// Level of the response.
    pub level: ResponseLevel,
    /// Why.
    pub reason: String,
    /// The incident it is for.
    pub incident_id: Option<String>,
    /// Unit that activated it.
    pub unit: UnitRef,
    /// When.
    #[schema(format = DateTime)]
    pub started_at: String,
    /// By whom.
    pub started_by: String,
    /// When it ended.
    #[schema(format = DateTime)]
    pub ended_at: Option<String>,
    /// What it came to.
    pub summary: String,
    /// Steps in order.
    pub steps: Vec<ActivationStep>,
    /// Whether the caller may tick steps and end it.
    pub may_work: bool,
}

/// Plans, what was activated, and plans to begin with.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PlanList {
    /// Plans of the units within reach and above.
    pub items: Vec<PlanRow>,
    /// Activations of units within reach: running ones first, then the newest; at most 50.
    pub activations: Vec<ActivationRow>,
    /// Plans to begin with.
    pub templates: Vec<PlanTemplate>,
}

/// A plan as somebody writes it.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPlan {
    /// Title; at most 200 characters.
    pub title: String,
    /// What it is for; at most 200 characters.
    pub scenario: String,
    /// 1 to 60 steps.
    pub steps: Vec<PlanStep>,
}

/// Activates a plan.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewActivation {
    /// In earnest or not.
    pub kind: ActivationKind,
    /// Level of the response.
    pub level: ResponseLevel,
    /// Why.
    pub reason: String,
    /// The incident it is for, whose timeline tells of it.
    #[serde(default)]
    pub incident_id: Option<String>,
}

/// Ticks a step, or takes that back.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ActivationStepChange {
    /// Which step, from 0.
    pub step: i64,
    /// Whether it is done.
    pub done: bool,
    /// What was found or done.
    #[serde(default)]
    pub note: Option<String>,
}
