//! Scan threads with a bounded queue.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use crate::limits::{YARA_QUEUE_FILES, YARA_THREADS};
use crate::{FilesError, ScanOutcome, Scanner, Unscanned};

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
    /// Files whose scan did not come to its end.
    pub unscanned: u64,
}

#[derive(Default)]
struct Counters {
    scanned: AtomicU64,
    shed: AtomicU64,
    unscanned: AtomicU64,
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
    /// Starts a thread for each scanner, at most [`YARA_THREADS`].
    ///
    /// # Errors
    /// When a thread cannot be started.
    pub fn start(scanners: Vec<Box<dyn Scanner>>) -> Result<Self, FilesError> {
        let (queue, jobs) = sync_channel(YARA_QUEUE_FILES);
        let (jobs, counters) = (Arc::new(Mutex::new(jobs)), Arc::new(Counters::default()));
        let threads = scanners
            .into_iter()
            .take(YARA_THREADS)
            .enumerate()
            .map(|(number, scanner)| {
                let (jobs, counters) = (Arc::clone(&jobs), Arc::clone(&counters));
                std::thread::Builder::new()
                    .name(format!("yara-{number}"))
                    .spawn(move || work(scanner, &jobs, &counters))
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
            unscanned: read(&self.counters.unscanned),
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
    /// [`Unscanned::Gone`] when the thread is.
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
    ScanOutcome::Unscanned(Unscanned::Gone)
}

fn work(mut scanner: Box<dyn Scanner>, jobs: &Mutex<Receiver<Job>>, counters: &Counters) {
    loop {
        let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = next else { return };
        let outcome = scanner.scan(&job.bytes);
        let counter = match outcome {
            ScanOutcome::Complete(_) | ScanOutcome::Partial(_) => &counters.scanned,
            ScanOutcome::Unscanned(_) => &counters.unscanned,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        // Nobody may be waiting any more, which is no fault of the scan.
        let _ = job.reply.send(outcome);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::YaraRules;

    #[test]
    fn every_file_gets_its_own_answer() {
        let rules = YaraRules::compile([("t", "rule a { strings: $x = \"needle\" condition: $x }")]).expect("compiles");
        let rules = Arc::new(rules);
        let pool = YaraPool::start(vec![Box::new(Arc::clone(&rules)), Box::new(rules)]).expect("starts");
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
