//! Senders that fall silent: whoever sent regularly and no longer does is worth an alert, as attackers stop logs first.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::time::Duration;

use fengsui_relay::Class;
use fengsui_schema::{RawRecord, Timestamp};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use super::Intake;
use super::file::replace;
use crate::limits;

/// How often senders are looked at, and the table saved, at most.
const INTERVAL: Duration = Duration::from_secs(30);

/// Messages from which a sender counts as one that sends regularly.
const REGULAR: u64 = 20;

/// When each sender was heard last. Kept across restarts.
pub(super) struct Senders {
    after_s: u32,
    path: PathBuf,
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    senders: HashMap<(String, String), Sender>,
    /// By the time they were heard last as of the last look, so that the oldest is given up first.
    order: BTreeSet<(Timestamp, (String, String))>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Sender {
    last: Timestamp,
    messages: u64,
    /// Whether its silence was told already.
    told: bool,
}

/// A sender that is silent.
struct Silent {
    source: String,
    instance: String,
    since: Timestamp,
}

impl Senders {
    /// Takes up the saved table. 0 seconds: nobody is watched.
    pub(super) fn open(state_directory: &Path, after_s: u32) -> Self {
        let path = state_directory.join("senders.json");
        let saved: Vec<(String, String, Sender)> =
            std::fs::read(&path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
        let mut table = Table::default();
        for (source, instance, sender) in saved.into_iter().take(limits::WATCHED_SENDERS) {
            let key = (source, instance);
            table.order.insert((sender.last, key.clone()));
            table.senders.insert(key, sender);
        }
        Self { after_s, path, table: Mutex::new(table) }
    }

    /// A message of a sender came.
    pub(super) fn heard(&self, source: &str, instance: &str, now: Timestamp) {
        if self.after_s == 0 {
            return;
        }
        let mut table = self.table.lock();
        let key = (source.to_owned(), instance.to_owned());
        if let Some(sender) = table.senders.get_mut(&key) {
            (sender.last, sender.told) = (now, false);
            sender.messages = sender.messages.saturating_add(1);
            return;
        }
        if table.senders.len() >= limits::WATCHED_SENDERS
            && let Some((_, oldest)) = table.order.pop_first()
        {
            table.senders.remove(&oldest);
        }
        table.order.insert((now, key.clone()));
        table.senders.insert(key, Sender { last: now, messages: 1, told: false });
    }

    /// The senders that are silent and were not told before.
    fn silent(&self, now: Timestamp) -> Vec<Silent> {
        let mut table = self.table.lock();
        let mut found = Vec::new();
        let after = i64::from(self.after_s).saturating_mul(1_000_000_000);
        for ((source, instance), sender) in &mut table.senders {
            let silent = now.as_nanos().saturating_sub(sender.last.as_nanos()) > after;
            if silent && !sender.told && sender.messages >= REGULAR {
                sender.told = true;
                found.push(Silent { source: source.clone(), instance: instance.clone(), since: sender.last });
            }
        }
        table.order = table.senders.iter().map(|(key, sender)| (sender.last, key.clone())).collect();
        found
    }

    fn save(&self) {
        let rows: Vec<(String, String, Sender)> = {
            let table = self.table.lock();
            let row = |(key, sender): (&(String, String), &Sender)| (key.0.clone(), key.1.clone(), sender.clone());
            table.senders.iter().map(row).collect()
        };
        if let Err(error) = replace(&self.path, &serde_json::to_vec(&rows).unwrap_or_default()) {
            tracing::warn!(%error, "the table of senders was not saved");
        }
    }
}

/// Looks for silent senders until asked to stop.
pub(super) async fn watch(intake: Intake) {
    if intake.senders.after_s == 0 {
        return;
    }
    let interval = INTERVAL.min(Duration::from_secs(u64::from(intake.senders.after_s).div_ceil(4)));
    loop {
        let stopped = tokio::time::timeout(interval, intake.stop.cancelled()).await.is_ok();
        let now = intake.clock.now();
        let records: Vec<Vec<u8>> =
            intake.senders.silent(now).iter().map(|silent| record(silent, now, intake.senders.after_s)).collect();
        intake.senders.save();
        if stopped {
            return;
        }
        if !records.is_empty() {
            intake.counters.silent_senders.add(records.len());
            intake.append(Class::Alert, records).await;
        }
    }
}

/// The alert as a record of its own, so that it is as durable as any other.
fn record(silent: &Silent, now: Timestamp, after_s: u32) -> Vec<u8> {
    let alert = serde_json::json!({
        "@timestamp": now.to_string(),
        "rule.id": "receiver:silent_source",
        "rule.name": "日志源静默 log source fell silent",
        "event.severity": 3,
        "event.reason": format!("no message of {} from {} since {}, more than {after_s} s", silent.source, silent.instance, silent.since),
        "threat.technique.id": "T1562",
        "host.name": silent.instance,
        "observer.type": "collector",
    });
    let payload = alert.to_string().into_bytes();
    RawRecord { source: "ecs_alert".to_owned(), instance: "receiver".to_owned(), received: now, payload }.encode()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_parts(1_795_348_800 + seconds, 0)
    }

    #[test]
    fn who_sent_regularly_and_stopped_is_told_once_across_restarts() {
        let folder = tempfile::tempdir().expect("folder");
        let senders = Senders::open(folder.path(), 60);
        (0..20).for_each(|second| senders.heard("syslog", "192.0.2.1", at(second)));
        senders.heard("syslog", "192.0.2.2", at(0));
        assert!(senders.silent(at(79)).is_empty());
        senders.save();
        let senders = Senders::open(folder.path(), 60);
        let found = senders.silent(at(80));
        assert_eq!(found.iter().map(|silent| silent.instance.as_str()).collect::<Vec<_>>(), ["192.0.2.1"]);
        assert!(senders.silent(at(200)).is_empty());
        senders.heard("syslog", "192.0.2.1", at(300));
        assert_eq!(senders.silent(at(400)).len(), 1);
    }

    #[test]
    fn the_table_is_bounded() {
        let folder = tempfile::tempdir().expect("folder");
        let senders = Senders::open(folder.path(), 60);
        for number in 0..i64::try_from(limits::WATCHED_SENDERS).expect("fits") + 5 {
            senders.heard("syslog", &number.to_string(), at(number));
        }
        assert_eq!(senders.table.lock().senders.len(), limits::WATCHED_SENDERS);
    }
}
