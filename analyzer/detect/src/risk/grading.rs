//! Rules-as-data that propose the grade of an incident and cite why.

use std::collections::BTreeSet;

use fengsui_schema::{BusinessDomain, IncidentGrade, Severity};
use serde::Deserialize;

/// The rules that count when no others are given.
const BUILT_IN: &str = include_str!("../../../../rules/triage/grading.toml");

/// What the rules look at.
pub(crate) struct GradingFacts {
    pub(crate) risk: u32,
    pub(crate) severity: Severity,
    pub(crate) tactics: BTreeSet<String>,
    pub(crate) domain: BusinessDomain,
    /// Distinct targets.
    pub(crate) hosts: usize,
}

/// Rules that propose the grade of an incident, the first that holds first.
#[derive(Debug, Clone)]
pub(crate) struct GradingRules(Vec<GradingRule>);

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct GradingFile {
    rule: Vec<GradingRule>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct GradingRule {
    grade: IncidentGrade,
    #[serde(default)]
    minimum_risk: u32,
    minimum_severity: Option<Severity>,
    #[serde(default)]
    minimum_hosts: usize,
    #[serde(default)]
    tactics_any: Vec<String>,
    #[serde(default)]
    domains_any: Vec<BusinessDomain>,
    basis: String,
}

impl Default for GradingRules {
    fn default() -> Self {
        Self::parse(BUILT_IN).unwrap_or(Self(Vec::new()))
    }
}

impl GradingRules {
    /// Reads rules from TOML.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let file: GradingFile = toml::from_str(text).map_err(|error| error.to_string())?;
        Ok(Self(file.rule))
    }

    /// The grade and why.
    pub(crate) fn propose(&self, facts: &GradingFacts) -> (IncidentGrade, String) {
        let rule = self.0.iter().find(|rule| rule.holds(facts));
        rule.map_or((IncidentGrade::General, String::new()), |rule| (rule.grade, rule.basis.clone()))
    }
}

impl GradingRule {
    fn holds(&self, facts: &GradingFacts) -> bool {
        facts.risk >= self.minimum_risk
            && self.minimum_severity.is_none_or(|severity| facts.severity >= severity)
            && facts.hosts >= self.minimum_hosts
            && (self.tactics_any.is_empty() || self.tactics_any.iter().any(|tactic| facts.tactics.contains(tactic)))
            && (self.domains_any.is_empty() || self.domains_any.contains(&facts.domain))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_rules_cite_the_standard() {
        let rules = GradingRules::default();
        let facts = |risk, severity, tactic: &str, hosts| GradingFacts {
            risk,
            severity,
            tactics: BTreeSet::from([tactic.to_owned()]),
            domain: BusinessDomain::Data,
            hosts,
        };
        assert_eq!(rules.propose(&facts(100, Severity::Medium, "discovery", 1)).0, IncidentGrade::General);
        assert_eq!(rules.propose(&facts(800, Severity::High, "exfiltration", 1)).0, IncidentGrade::Larger);
        let (grade, basis) = rules.propose(&facts(950, Severity::Critical, "impact", 9));
        assert_eq!(grade, IncidentGrade::Major);
        assert!(basis.contains("第四条") && basis.contains("分级指南"));
        assert!(GradingRules::parse("[[rule]]\ngrade = \"x\"").is_err());
    }
}
