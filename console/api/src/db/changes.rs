//! Which tables this program changed, so that what was read from them can be kept until then.
//!
//! A count goes up when a transaction that wrote into the table has been made to last. What was read after its counts
//! were taken is as good as a new read while they stand still. Another program may write into the same file (an operator
//! resets a password), so that nothing is kept for longer than [`FRESH`]; and nothing at all is kept of a server, which
//! several consoles may share.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// How long something is kept although nothing changed here.
pub(crate) const FRESH: Duration = Duration::from_secs(1);
/// Most things one memory keeps; all are dropped when there are more.
const KEPT: usize = 4_096;

/// Tables that something is kept of.
const WATCHED: [&str; 16] = [
    "session",
    "account",
    "account_role",
    "account_totp",
    "account_key",
    "alert",
    "alert_standing",
    "alert_group",
    "alert_hour",
    "incident",
    "task",
    "finding",
    "sensor",
    "clock",
    "warning",
    "warning_unit",
];

/// How often each watched table was changed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Changes(Arc<[AtomicU64; WATCHED.len()]>);

/// Watched tables as a set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Touched(u32);

impl Touched {
    /// Notes the table that a statement writes into.
    pub(super) fn note(&mut self, sql: &str) {
        let table = written_table(sql);
        if let Some(at) = WATCHED.iter().position(|watched| Some(*watched) == table) {
            self.0 |= 1 << at;
        }
    }
}

impl Changes {
    /// Counts a transaction that lasts.
    pub(super) fn add(&self, touched: Touched) {
        for (at, count) in self.0.iter().enumerate().filter(|(at, _)| touched.0 & (1 << at) != 0) {
            debug_assert!(at < WATCHED.len());
            count.fetch_add(1, Ordering::Release);
        }
    }

    /// The counts of some tables in one number; it never comes back to what it was.
    pub(super) fn of(&self, tables: &[&str]) -> u64 {
        let counted = WATCHED.iter().zip(self.0.iter()).filter(|(name, _)| tables.contains(name));
        counted.map(|(_, count)| count.load(Ordering::Acquire)).sum()
    }
}

/// The table that a statement writes into; none when it reads.
fn written_table(sql: &str) -> Option<&str> {
    let sql = sql.trim_start();
    let rest = ["INSERT INTO ", "UPDATE ", "DELETE FROM "].iter().find_map(|verb| sql.strip_prefix(verb))?;
    rest.split(|character: char| !character.is_ascii_alphanumeric() && character != '_').next()
}

/// Things that were read, each with the counts of its tables before it was read.
pub(crate) struct Memory<T>(Mutex<HashMap<String, Kept<T>>>);

struct Kept<T> {
    stamp: u64,
    read: Instant,
    value: T,
}

impl<T> Default for Memory<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone> Memory<T> {
    /// What is kept under a name, when nothing changed since it was read.
    pub(crate) fn get(&self, name: &str, stamp: Option<u64>) -> Option<T> {
        let stamp = stamp?;
        let all = self.0.lock();
        let kept = all.get(name)?;
        (kept.stamp == stamp && kept.read.elapsed() < FRESH).then(|| kept.value.clone())
    }

    /// Keeps something that was read after the counts were taken.
    pub(crate) fn keep(&self, name: &str, stamp: Option<u64>, value: &T) {
        let Some(stamp) = stamp else { return };
        let mut all = self.0.lock();
        if all.len() >= KEPT {
            all.clear();
        }
        all.insert(name.to_owned(), Kept { stamp, read: Instant::now(), value: value.clone() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_is_counted_and_a_read_is_not() {
        let changes = Changes::default();
        let mut touched = Touched::default();
        touched.note("SELECT * FROM account WHERE id = $1");
        touched.note("INSERT INTO account_old (id) VALUES ($1)");
        assert_eq!(touched, Touched::default());
        for sql in [
            "UPDATE account SET state = $1",
            "\n   DELETE FROM session WHERE id = $1",
            "INSERT INTO task(id) VALUES ($1)",
        ] {
            touched.note(sql);
        }
        changes.add(touched);
        assert_eq!((changes.of(&["account"]), changes.of(&["account", "session"])), (1, 2));
        assert_eq!((changes.of(&["task"]), changes.of(&["alert"])), (1, 0));
    }

    #[test]
    fn nothing_is_kept_over_a_change_or_without_counts() {
        let memory = Memory::default();
        memory.keep("a", Some(1), &"x");
        assert_eq!(
            (memory.get("a", Some(1)), memory.get("a", Some(2)), memory.get("a", None)),
            (Some("x"), None, None)
        );
        memory.keep("b", None, &"y");
        assert_eq!(memory.get("b", None), None);
    }
}
