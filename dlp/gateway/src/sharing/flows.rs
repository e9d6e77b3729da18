//! The ledger as flows: which data went to whom, how often and how much.

use fengsui_schema::Timestamp;

use crate::ledger::Entry;

/// All releases of one dataset to one recipient.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Flow {
    /// Name of the original file or table. Untrusted.
    pub source: String,
    /// The dataset: copies of one dataset are traced together.
    pub dataset: String,
    /// Who got it. Untrusted.
    pub recipient: String,
    /// Id of the policy of the last release.
    pub policy: String,
    /// How many copies.
    pub copies: u64,
    /// Rows of the largest copy.
    pub rows: u64,
    /// First release.
    pub first: Timestamp,
    /// Last release.
    pub last: Timestamp,
}

/// Sums entries up by dataset and recipient, the latest flow first.
#[must_use]
pub fn flows(entries: &[Entry]) -> Vec<Flow> {
    let mut places = std::collections::HashMap::new();
    let mut all: Vec<Flow> = Vec::new();
    for entry in entries {
        let at = *places.entry((&entry.dataset, &entry.recipient)).or_insert_with(|| {
            all.push(Flow {
                source: entry.source.clone(),
                dataset: entry.dataset.clone(),
                recipient: entry.recipient.clone(),
                policy: String::new(),
                copies: 0,
                rows: 0,
                first: entry.time,
                last: entry.time,
            });
            all.len() - 1
        });
        let flow = &mut all[at];
        flow.policy.clone_from(&entry.policy);
        flow.copies += 1;
        flow.rows = flow.rows.max(entry.rows);
        flow.first = flow.first.min(entry.time);
        flow.last = flow.last.max(entry.time);
    }
    all.sort_by_key(|flow| std::cmp::Reverse(flow.last));
    all
}
