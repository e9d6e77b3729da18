//! The risk that a row of a table is found to be a person's: k-anonymity (L. Sweeney, 2002) and l-diversity
//! (A. Machanavajjhala et al., 2006), and the level of GB/T 42460-2023 that follows.

use std::collections::{HashMap, HashSet};

use fengsui_crypto::sm3_of_parts;

use crate::limits;

/// What the risk is measured over.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RiskSettings {
    /// Columns that others may know of a person, such as age, sex and district.
    pub quasi_identifiers: Vec<String>,
    /// Columns whose values must not be learnt of a person.
    pub sensitive: Vec<String>,
    /// Rows that must look alike at least.
    pub k: u64,
    /// Different sensitive values that rows which look alike must have at least.
    pub l: u64,
}

impl Default for RiskSettings {
    fn default() -> Self {
        Self { quasi_identifiers: Vec::new(), sensitive: Vec::new(), k: 5, l: 2 }
    }
}

/// The risk of a table.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Risk {
    /// Rows measured.
    pub rows: u64,
    /// Groups of rows that look alike in the quasi-identifiers.
    pub classes: u64,
    /// Rows of the smallest group: the table is k-anonymous for this k.
    pub k: u64,
    /// Rows that look like no other.
    pub unique_rows: u64,
    /// Rows in groups smaller than the k that is asked for.
    pub rows_below_k: u64,
    /// Probability that the most exposed row is attributed rightly, 1 / k.
    pub highest_risk: f64,
    /// Probability that a row is attributed rightly on average.
    pub average_risk: f64,
    /// For each sensitive column the fewest different values within a group.
    pub l: Vec<(String, u64)>,
    /// Level of GB/T 42460-2023: 1 with direct identifiers, 2 with too high a risk, 3 below the threshold.
    pub level: u8,
    /// Whether the k and l asked for are reached.
    pub acceptable: bool,
}

/// Collects the groups of a table row by row.
#[derive(Debug)]
pub struct RiskMeter {
    sensitive: Vec<String>,
    groups: HashMap<[u8; 16], Group>,
    rows: u64,
}

#[derive(Debug, Default)]
struct Group {
    rows: u64,
    values: Vec<HashSet<u64>>,
}

impl RiskMeter {
    /// A meter for a table with these sensitive columns.
    #[must_use]
    pub fn new(sensitive: Vec<String>) -> Self {
        Self { sensitive, groups: HashMap::new(), rows: 0 }
    }

    /// Counts a row: its quasi-identifiers and its sensitive values, each in the order of the columns.
    ///
    /// # Errors
    /// When there are more groups than [`limits::RISK_GROUPS`]: such a table is about as good as unprotected.
    pub fn add(&mut self, quasi: &[&str], sensitive: &[&str]) -> Result<(), crate::EngineError> {
        let parts: Vec<&[u8]> = quasi.iter().map(|value| value.trim().as_bytes()).collect();
        let mut key = [0; 16];
        key.copy_from_slice(&sm3_of_parts(&parts)[..16]);
        self.rows += 1;
        let full = self.groups.len() >= limits::RISK_GROUPS;
        if full && !self.groups.contains_key(&key) {
            let reason = format!(
                "more than {} groups of rows that look alike; choose fewer or coarser quasi-identifiers",
                limits::RISK_GROUPS
            );
            return Err(crate::EngineError::Risk(reason));
        }
        let group = self.groups.entry(key).or_default();
        group.rows += 1;
        group.values.resize_with(sensitive.len(), HashSet::new);
        for (values, value) in group.values.iter_mut().zip(sensitive) {
            // More different values than this change no report.
            if values.len() < limits::RISK_VALUES {
                let digest = sm3_of_parts(&[value.trim().as_bytes()]);
                values.insert(digest[..8].iter().fold(0, |number, byte| (number << 8) | u64::from(*byte)));
            }
        }
        Ok(())
    }

    /// The risk of the rows so far. `identified` says that a column names persons directly.
    #[must_use]
    pub fn risk(&self, k: u64, l: u64, identified: bool) -> Risk {
        let smallest = self.groups.values().map(|group| group.rows).min().unwrap_or(0);
        let rows_in = |fits: &dyn Fn(u64) -> bool| {
            self.groups.values().map(|group| group.rows).filter(|rows| fits(*rows)).sum::<u64>()
        };
        let fewest = |index: usize| {
            let counts = self.groups.values().filter_map(|group| group.values.get(index)).map(HashSet::len);
            counts.min().unwrap_or(0) as u64
        };
        let diversity: Vec<_> =
            self.sensitive.iter().cloned().enumerate().map(|(index, name)| (name, fewest(index))).collect();
        let acceptable = smallest >= k && diversity.iter().all(|(_, fewest)| *fewest >= l);
        Risk {
            rows: self.rows,
            classes: self.groups.len() as u64,
            k: smallest,
            unique_rows: rows_in(&|rows| rows == 1),
            rows_below_k: rows_in(&|rows| rows < k),
            highest_risk: if smallest == 0 { 0.0 } else { 1.0 / smallest as f64 },
            average_risk: self.groups.len() as f64 / self.rows.max(1) as f64,
            l: diversity,
            level: match () {
                () if identified => 1,
                () if !acceptable => 2,
                () => 3,
            },
            acceptable: acceptable && !identified,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_counted() {
        let mut meter = RiskMeter::new(vec!["病种".to_owned()]);
        let rows = [
            ("30-39", "男", "流感"),
            ("30-39", "男", "流感"),
            ("30-39", "女", "流感"),
            ("30-39", "女", "哮喘"),
            ("40-49", "女", "哮喘"),
        ];
        for (age, sex, disease) in rows {
            meter.add(&[age, sex], &[disease]).expect("has room");
        }
        let risk = meter.risk(2, 2, false);
        assert_eq!((risk.rows, risk.classes, risk.k, risk.unique_rows, risk.rows_below_k), (5, 3, 1, 1, 1));
        assert_eq!(risk.l, [("病种".to_owned(), 1)]);
        assert!(
            !risk.acceptable
                && risk.level == 2
                && meter.risk(1, 1, true).level == 1
                && meter.risk(1, 1, false).acceptable
        );
    }
}
