//! Batches that name no key this node knows. Anybody can send them at no cost, so they cost nothing here either: no
//! transaction and no row each, and one entry of the audit log a minute that tells how many there were.

use fengsui_relay::tier::{Batch, Refusal};
use parking_lot::Mutex;

use super::inbox::RELAY;
use crate::audit::{Actor, Entry, Outcome};
use crate::error::ApiResult;
use crate::state::{AppState, Change};

/// Time between two entries, in milliseconds.
const TELL_EVERY: i64 = 60_000;

/// What was refused since the last entry.
#[derive(Debug, Default)]
pub(crate) struct Strangers(Mutex<Untold>);

#[derive(Debug, Default)]
struct Untold {
    /// When an entry was written last, in milliseconds since the epoch.
    told: Option<i64>,
    since: u64,
}

impl Strangers {
    /// Counts one; how many others there were since the last entry, when it is time for one.
    fn is_due(&self, now: i64) -> Option<u64> {
        let mut untold = self.0.lock();
        if untold.told.is_some_and(|told| (0..TELL_EVERY).contains(&now.saturating_sub(told))) {
            untold.since = untold.since.saturating_add(1);
            return None;
        }
        untold.told = Some(now);
        Some(std::mem::take(&mut untold.since))
    }
}

/// Counts a refusal and, once a minute, writes an entry to the audit log.
pub(super) async fn refuse(state: &AppState, batch: &Batch) -> ApiResult<()> {
    let (tier, header) = (&state.shared().tier, &batch.header);
    let Some(since) = tier.strangers.is_due(state.now()) else { return Ok(()) };
    let more = if since > 0 { format!("; {since} more of anybody since the last entry") } else { String::new() };
    let detail = format!("a batch in {} says it is of {}{more}", header.lane, header.src);
    let action = format!("relay.refuse.{}", Refusal::UnknownKey);
    let entry = Entry { action: &action, object: "push", outcome: Outcome::Denied, detail: &detail };
    Change::entry_alone(state, &Actor::new("node/unknown", &tier.unit, RELAY), entry).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_a_minute_is_told_with_the_number_of_the_others() {
        let strangers = Strangers::default();
        assert_eq!(strangers.is_due(1_000), Some(0));
        assert!((0..500).all(|late| strangers.is_due(1_000 + late).is_none()));
        assert_eq!(strangers.is_due(1_000 + TELL_EVERY), Some(500));
        // A clock that went back does not keep them untold.
        assert_eq!(strangers.is_due(5), Some(0));
    }
}
