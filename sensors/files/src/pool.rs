//! Scan threads with a bounded queue.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use crate::limits::{YARA_QUEUE_FILES, YARA_THREADS};
use crate::{FilesError, ScanOutcome, YaraRules};

struct Job {
    bytes: Vec<u8>,
    reply: SyncSender<ScanOutcome>,
}

/// What a pool has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PoolStatistics {
    /// Files scanned, in full or in part.
    pub scanned: u64,
    /// Files shed because the queue was full.
    pub shed: u64,
    /// Scans that took too long.
    pub timed_out: u64,
    /// Scans that the engine gave up.
    pub failed: u64,
}

#[derive(Default)]
struct Counters {
    scanned: AtomicU64,
    shed: AtomicU64,
    timed_out: AtomicU64,
    failed: AtomicU64,
}

/// A scan under way.
#[derive(Debug)]
pub struct ScanTicket(Receiver<ScanOutcome>);

/// A bounded pool of threads that scan completed files. Ends its threads when dropped.
pub struct YaraPool {
    queue: Option<SyncSender<Job>>,
    threads: Vec<JoinHandle<()>>,
    counters: Arc<Counters>,
}

impl YaraPool {
    /// Starts so many threads (1 to [`YARA_THREADS`]).
    ///
    /// # Errors
    /// When a thread cannot be started.
    pub fn start(rules: Arc<YaraRules>, threads: usize) -> Result<Self, FilesError> {
        let (queue, jobs) = sync_channel(YARA_QUEUE_FILES);
        let (jobs, counters) = (Arc::new(Mutex::new(jobs)), Arc::new(Counters::default()));
        let threads = (0..threads.clamp(1, YARA_THREADS))
            .map(|number| {
                let (rules, jobs, counters) = (Arc::clone(&rules), Arc::clone(&jobs), Arc::clone(&counters));
                std::thread::Builder::new()
                    .name(format!("yara-{number}"))
                    .spawn(move || work(&rules, &jobs, &counters))
                    .map_err(FilesError::Thread)
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { queue: Some(queue), threads, counters })
    }

    /// Hands a file in. `None` when the queue is full: the file is shed and counted.
    #[must_use]
    pub fn offer(&self, bytes: Vec<u8>) -> Option<ScanTicket> {
        let (reply, answer) = sync_channel(1);
        match self.queue.as_ref()?.try_send(Job { bytes, reply }) {
            Ok(()) => Some(ScanTicket(answer)),
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                self.counters.shed.fetch_add(1, Ordering::Relaxed);
                None
            }
        }
    }

    /// Hands a file in and waits for room in the queue: for capture files, where nothing may be shed.
    #[must_use]
    pub fn submit(&self, bytes: Vec<u8>) -> Option<ScanTicket> {
        let (reply, answer) = sync_channel(1);
        self.queue.as_ref()?.send(Job { bytes, reply }).ok()?;
        Some(ScanTicket(answer))
    }

    /// What the pool has done so far.
    #[must_use]
    pub fn statistics(&self) -> PoolStatistics {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        PoolStatistics {
            scanned: read(&self.counters.scanned),
            shed: read(&self.counters.shed),
            timed_out: read(&self.counters.timed_out),
            failed: read(&self.counters.failed),
        }
    }
}

impl Drop for YaraPool {
    fn drop(&mut self) {
        self.queue = None;
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a YARA scan thread ended by a panic");
            }
        }
    }
}

impl ScanTicket {
    /// The outcome, when there is one yet.
    ///
    /// # Errors
    /// [`ScanOutcome::Failed`] when the thread is gone.
    #[must_use]
    pub fn try_take(&self) -> Option<ScanOutcome> {
        match self.0.try_recv() {
            Ok(outcome) => Some(outcome),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => Some(gone()),
        }
    }

    /// Waits for the outcome; the time limit of a scan bounds the wait.
    #[must_use]
    pub fn wait(self) -> ScanOutcome {
        self.0.recv().unwrap_or_else(|_| gone())
    }
}

fn gone() -> ScanOutcome {
    ScanOutcome::Failed("the scan thread is gone".to_owned())
}

fn work(rules: &YaraRules, jobs: &Mutex<Receiver<Job>>, counters: &Counters) {
    loop {
        let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = next else { return };
        let outcome = rules.scan(&job.bytes);
        let counter = match outcome {
            ScanOutcome::Complete(_) | ScanOutcome::Partial(_) => &counters.scanned,
            ScanOutcome::TimedOut => &counters.timed_out,
            ScanOutcome::Failed(_) => &counters.failed,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        // Nobody may be waiting any more, which is no fault of the scan.
        let _ = job.reply.send(outcome);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_gets_its_own_answer() {
        let rules = YaraRules::compile([("t", "rule a { strings: $x = \"needle\" condition: $x }")]).expect("compiles");
        let pool = YaraPool::start(Arc::new(rules), 2).expect("starts");
        let tickets: Vec<_> = (0..20)
            .map(|number| {
                let text = if number % 2 == 0 { "a needle" } else { "nothing" };
                pool.submit(text.as_bytes().to_vec()).expect("is taken")
            })
            .collect();
        let found: Vec<_> = tickets.into_iter().map(|ticket| ticket.wait().matches().len()).collect();
        assert_eq!(found, [1, 0].repeat(10));
        assert_eq!(pool.statistics(), PoolStatistics { scanned: 20, ..PoolStatistics::default() });
    }
}
