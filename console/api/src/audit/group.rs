//! Entries that come without a change of their own are written together: who comes while a transaction is under way
//! waits for the next one, so that a flood of refusals costs one sync for thousands of them. Everybody is answered
//! after the commit, and with the error when there was none.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::oneshot;

use super::{Pending, write};
use crate::db::Db;
use crate::error::{ApiError, ApiResult};
use crate::limits::{AUDIT_GROUP, AUDIT_WAITING};

/// The entries that wait, shared by all who bring some.
#[derive(Debug, Clone, Default)]
pub(crate) struct Group(Arc<Mutex<Queue>>);

#[derive(Debug, Default)]
struct Queue {
    waiting: Vec<Waiting>,
    /// Whether a task is writing; there is one at a time.
    writing: bool,
    #[cfg(test)]
    transactions: u64,
}

#[derive(Debug)]
struct Waiting {
    entry: Pending,
    done: oneshot::Sender<Result<(), Arc<sqlx::Error>>>,
}

impl Group {
    /// Writes an entry; returns when it is on disk.
    pub(crate) async fn append(&self, db: &Db, entry: Pending) -> ApiResult<()> {
        let (done, answer) = oneshot::channel();
        let must_write = {
            let mut queue = self.0.lock();
            if queue.waiting.len() >= AUDIT_WAITING {
                return Err(ApiError::internal(&"the audit log can't keep up; the act was refused"));
            }
            queue.waiting.push(Waiting { entry, done });
            !std::mem::replace(&mut queue.writing, true)
        };
        if must_write {
            // A task of its own: whoever brought the first entry may go away, those who came after it must not.
            let (turn, db) = (Turn { group: self.clone(), over: false }, db.clone());
            tokio::spawn(turn.write_all(db));
        }
        match answer.await {
            Ok(written) => written.map_err(|error| ApiError::internal(&error)),
            Err(_) => Err(ApiError::internal(&"the writer of the audit log ended early")),
        }
    }

    /// Transactions so far.
    #[cfg(test)]
    fn transactions(&self) -> u64 {
        self.0.lock().transactions
    }

    /// The next entries to write; none ends the turn.
    fn take(&self) -> Vec<Waiting> {
        let mut queue = self.0.lock();
        let count = queue.waiting.len().min(AUDIT_GROUP);
        queue.writing = count > 0;
        #[cfg(test)]
        {
            queue.transactions += u64::from(count > 0);
        }
        let rest = queue.waiting.split_off(count);
        std::mem::replace(&mut queue.waiting, rest)
    }
}

/// The right to write. However it ends, somebody else can take it: those who wait then are refused, not forgotten.
struct Turn {
    group: Group,
    over: bool,
}

impl Turn {
    async fn write_all(mut self, db: Db) {
        loop {
            let group = self.group.take();
            if group.is_empty() {
                self.over = true;
                return;
            }
            let (entries, waiting): (Vec<_>, Vec<_>) = group.into_iter().map(|one| (one.entry, one.done)).unzip();
            let written = commit(&db, entries).await.map_err(Arc::new);
            for done in waiting {
                // Who no longer waits has an entry all the same.
                let _ = done.send(written.clone());
            }
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if !self.over {
            let mut queue = self.group.0.lock();
            queue.writing = false;
            queue.waiting.clear();
        }
    }
}

async fn commit(db: &Db, entries: Vec<Pending>) -> Result<(), sqlx::Error> {
    let mut tx = db.begin().await?;
    write(&mut tx, entries).await?;
    tx.commit().await
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};

    use super::*;
    use crate::audit::{Actor, Anchors, Entry, Outcome, verify};

    struct Log {
        folder: tempfile::TempDir,
        db: Db,
        group: Group,
    }

    impl Log {
        async fn open() -> Self {
            let folder = tempfile::tempdir().expect("makes a folder");
            let db = Db::open(&folder.path().join("console.db").to_string_lossy(), 2).await.expect("opens");
            Self { folder, db, group: Group::default() }
        }

        /// A connection of somebody else.
        async fn aside(&self) -> SqlitePool {
            let options = SqliteConnectOptions::new().filename(self.folder.path().join("console.db"));
            SqlitePool::connect_with(options).await.expect("opens")
        }

        fn bring(&self, object: String) -> tokio::task::JoinHandle<ApiResult<()>> {
            let (group, db) = (self.group.clone(), self.db.clone());
            tokio::spawn(async move { group.append(&db, entry(&object)).await })
        }

        async fn checked(&self) -> i64 {
            let verdict = verify(&mut self.db.clone(), &Anchors::default()).await.expect("reads");
            assert_eq!(verdict.first_bad, None);
            verdict.checked
        }
    }

    fn entry(object: &str) -> Pending {
        let actor = Actor::new("person", &"620000".parse().expect("is a unit"), "192.0.2.1");
        let entry = Entry { action: "alert.act.close", object, outcome: Outcome::Denied, detail: "" };
        Pending::new(&actor, 1_700_000_000_000, entry)
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn many_share_few_transactions_and_every_entry_is_there_once() {
        let log = Log::open().await;
        let bringing: Vec<_> = (0..5_000).map(|number| log.bring(format!("alert/{number}"))).collect();
        for one in bringing {
            one.await.expect("ends").expect("is written");
        }
        assert_eq!(log.checked().await, 5_000);
        let rows: (i64, i64) = sqlx::query_as("SELECT COUNT(DISTINCT object), COUNT(*) FROM audit")
            .fetch_one(&log.aside().await)
            .await
            .expect("reads");
        assert_eq!(rows, (5_000, 5_000));
        assert!(log.group.transactions() < 2_500, "{} transactions", log.group.transactions());
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn nobody_is_answered_before_the_commit() {
        let log = Log::open().await;
        let aside = log.aside().await;
        let holding = aside.begin_with("BEGIN IMMEDIATE").await.expect("holds the database");
        let mut bringing = log.bring("alert/1".to_owned());
        let early = tokio::time::timeout(Duration::from_millis(300), &mut bringing).await;
        assert!(early.is_err(), "answered while nothing could be written");
        holding.rollback().await.expect("lets go");
        bringing.await.expect("ends").expect("is written");
        assert_eq!(log.checked().await, 1);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn who_has_no_entry_is_refused_and_the_next_ones_are_not() {
        let log = Log::open().await;
        let aside = log.aside().await;
        let broken = "CREATE TRIGGER broken BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'the disk is full'); END";
        sqlx::query(broken).execute(&aside).await.expect("breaks");
        let bringing: Vec<_> = (0..50).map(|number| log.bring(format!("alert/{number}"))).collect();
        for one in bringing {
            assert!(one.await.expect("ends").is_err(), "an act without an entry was let through");
        }
        sqlx::query("DROP TRIGGER broken").execute(&aside).await.expect("repairs");
        log.bring("alert/50".to_owned()).await.expect("ends").expect("is written");
        assert_eq!(log.checked().await, 1);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn beyond_the_limit_acts_are_refused_at_once() {
        let log = Log::open().await;
        let aside = log.aside().await;
        let holding = aside.begin_with("BEGIN IMMEDIATE").await.expect("holds the database");
        let first = log.bring("alert/first".to_owned());
        while log.group.transactions() == 0 {
            tokio::task::yield_now().await;
        }
        let (done, _kept) = (0..AUDIT_WAITING).map(|_| oneshot::channel()).unzip::<_, _, Vec<_>, Vec<_>>();
        let waiting = done.into_iter().map(|done| Waiting { entry: entry("alert/many"), done });
        log.group.0.lock().waiting.extend(waiting);
        assert!(log.bring("alert/beyond".to_owned()).await.expect("ends").is_err(), "the queue has no end");
        log.group.0.lock().waiting.clear();
        holding.rollback().await.expect("lets go");
        first.await.expect("ends").expect("is written");
    }

    #[tokio::test]
    async fn a_change_links_many_entries_as_one_by_one() {
        let (together, alone) = (Log::open().await, Log::open().await);
        let entries: Vec<_> = (0..600).map(|number| entry(&format!("alert/{number}"))).collect();
        commit(&together.db, entries.clone()).await.expect("writes");
        for entry in entries {
            commit(&alone.db, vec![entry]).await.expect("writes");
        }
        assert_eq!((together.checked().await, alone.checked().await), (600, 600));
        let mut hashes = Vec::new();
        for log in [&together, &alone] {
            let head: (i64, String) = sqlx::query_as("SELECT sequence, hash FROM audit_head")
                .fetch_one(&log.aside().await)
                .await
                .expect("reads");
            hashes.push(head);
        }
        assert_eq!(hashes[0], hashes[1]);
    }
}
