//! How bad an alert is.

use serde::{Deserialize, Serialize};

/// Severity of an alert or finding, from the least to the worst. Not the grade of an incident, which is a
/// legal classification ([`crate::IncidentGrade`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing, nothing to do.
    Info,
    /// Look when there is time.
    Low,
    /// Look today.
    Medium,
    /// Look now.
    High,
    /// Act now.
    Critical,
}

impl Severity {
    /// Every severity, from the least to the worst.
    pub const ALL: [Self; 5] = [Self::Info, Self::Low, Self::Medium, Self::High, Self::Critical];

    /// 0 for info up to 4 for critical; what databases and indexes store.
    #[must_use]
    pub const fn as_number(self) -> u8 {
        self as u8
    }

    /// The severity of a stored number; numbers past 4 are critical.
    #[must_use]
    pub fn from_number(number: u8) -> Self {
        Self::ALL.get(usize::from(number)).copied().unwrap_or(Self::Critical)
    }

    /// The severity of a Suricata rule priority (1 is the highest).
    #[must_use]
    pub const fn from_rule_priority(priority: u8) -> Self {
        match priority {
            0 | 1 => Self::High,
            2 => Self::Medium,
            3 => Self::Low,
            _ => Self::Info,
        }
    }

    /// The standard word: `info`, `low`, `medium`, `high` or `critical`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// The severity of a standard word (Sigma's `informational` is `info`), in any case.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        let word = word.to_ascii_lowercase();
        if word == "informational" {
            return Some(Self::Info);
        }
        Self::ALL.into_iter().find(|severity| severity.as_str() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_words_agree() {
        for severity in Severity::ALL {
            assert_eq!(Severity::from_number(severity.as_number()), severity);
            assert_eq!(Severity::from_word(severity.as_str()), Some(severity));
        }
        assert_eq!(Severity::from_word("Informational"), Some(Severity::Info));
        assert_eq!(Severity::from_number(200), Severity::Critical);
    }
}
