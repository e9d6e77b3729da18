//! Threads with a bounded queue of files that have ended.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::thread::JoinHandle;

use crate::limits::{SCAN_BATCH_BYTES, SCAN_BATCH_FILES, SCAN_QUEUE_FILES};
use crate::{FileReport, FileTask, FilesError, Scanner, Work};

struct Queued {
    task: FileTask,
    reply: SyncSender<FileReport>,
}

/// An answer under way.
#[derive(Debug)]
pub struct Ticket(Receiver<FileReport>);

/// A bounded pool of threads that look at files, each with a scanner. Ends its threads when dropped.
pub struct FilePool {
    queue: Option<SyncSender<Queued>>,
    threads: Vec<JoinHandle<()>>,
}

impl FilePool {
    /// Starts a thread for each scanner; [`SCAN_QUEUE_FILES`] may wait.
    ///
    /// # Errors
    /// When a thread cannot be started.
    pub fn start(scanners: Vec<Box<dyn Scanner>>) -> Result<Self, FilesError> {
        Self::with_room(SCAN_QUEUE_FILES, scanners)
    }

    fn with_room(room: usize, scanners: Vec<Box<dyn Scanner>>) -> Result<Self, FilesError> {
        let (queue, tasks) = sync_channel(room);
        let tasks = Arc::new(Mutex::new(tasks));
        let threads = scanners
            .into_iter()
            .enumerate()
            .map(|(number, scanner)| {
                let tasks = Arc::clone(&tasks);
                std::thread::Builder::new()
                    .name(format!("files-{number}"))
                    .spawn(move || answer_all(scanner, &tasks))
                    .map_err(FilesError::Thread)
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { queue: Some(queue), threads })
    }

    /// Hands a file in. `None` when the queue is full: the file is shed.
    #[must_use]
    pub fn offer(&self, task: FileTask) -> Option<Ticket> {
        let (reply, answer) = sync_channel(1);
        self.queue.as_ref()?.try_send(Queued { task, reply }).ok()?;
        Some(Ticket(answer))
    }

    /// Hands a file in and waits for room in the queue: for capture files, where nothing may be shed.
    #[must_use]
    pub fn submit(&self, task: FileTask) -> Option<Ticket> {
        let (reply, answer) = sync_channel(1);
        self.queue.as_ref()?.send(Queued { task, reply }).ok()?;
        Some(Ticket(answer))
    }
}

impl Drop for FilePool {
    fn drop(&mut self) {
        self.queue = None;
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a thread that works on files ended by a panic");
            }
        }
    }
}

impl Ticket {
    /// The answer, when there is one yet; none will ever come when the work on it panicked or its thread is gone.
    pub fn try_take(&self) -> Poll<Option<FileReport>> {
        match self.0.try_recv() {
            Ok(answer) => Poll::Ready(Some(answer)),
            Err(TryRecvError::Empty) => Poll::Pending,
            Err(TryRecvError::Disconnected) => Poll::Ready(None),
        }
    }

    /// Waits for the answer.
    #[must_use]
    pub fn wait(&self) -> Option<FileReport> {
        self.0.recv().ok()
    }
}

/// What waits for the scanners of a pool, as one of them sees it.
struct Share<'a> {
    tasks: &'a Mutex<Receiver<Queued>>,
    /// Who waits for the reports of what was handed out, oldest first.
    replies: VecDeque<Vec<SyncSender<FileReport>>>,
}

impl Work for Share<'_> {
    /// Files that wait go to a scanner together as long as they are small: what a way through pipes costs is shared.
    fn next(&mut self, wait: bool) -> Option<Vec<FileTask>> {
        let (tasks, first) = if wait {
            let tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
            let first = tasks.recv().ok()?;
            (tasks, first)
        } else {
            // Whoever waits for work already comes first.
            let tasks = self.tasks.try_lock().ok()?;
            let first = tasks.try_recv().ok()?;
            (tasks, first)
        };
        let mut bytes = first.task.bytes.len();
        let (mut files, mut replies) = (vec![first.task], vec![first.reply]);
        while files.len() < SCAN_BATCH_FILES && bytes < SCAN_BATCH_BYTES {
            let Ok(Queued { task, reply }) = tasks.try_recv() else { break };
            bytes += task.bytes.len();
            files.push(task);
            replies.push(reply);
        }
        self.replies.push_back(replies);
        Some(files)
    }

    fn answer(&mut self, reports: Vec<FileReport>) {
        for (report, reply) in reports.into_iter().zip(self.replies.pop_front().unwrap_or_default()) {
            // Nobody may be waiting any more, which is no fault of the scanner.
            let _ = reply.send(report);
        }
    }
}

/// Files whose scanner panics are answered by nobody, and the thread goes on.
fn answer_all(mut scanner: Box<dyn Scanner>, tasks: &Mutex<Receiver<Queued>>) {
    let mut share = Share { tasks, replies: VecDeque::new() };
    while catch_unwind(AssertUnwindSafe(|| scanner.serve(&mut share))).is_err() {
        share.replies.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{LiveScanRules, ScanOutcome, ScanRules, scanners_in_process};

    fn task(text: &str) -> FileTask {
        FileTask { bytes: Arc::new(text.as_bytes().to_vec()), yara: true, content: None }
    }

    #[test]
    fn every_file_gets_its_own_answer() {
        let rule = "rule a { strings: $x = \"needle\" condition: $x }";
        let rules = ScanRules { yara: vec![("t".to_owned(), rule.to_owned())], content: None };
        let live = LiveScanRules::new(rules).expect("is sent");
        let none = Arc::new(|_: &crate::ContentRules| Err("is not asked for".to_owned()));
        let pool = FilePool::start(scanners_in_process(&live, 2, none).expect("compiles")).expect("starts");
        let tickets: Vec<_> = (0..100)
            .map(|number| pool.submit(task(if number % 2 == 0 { "a needle" } else { "nothing" })).expect("is taken"))
            .collect();
        let found: Vec<_> = tickets
            .iter()
            .map(|ticket| ticket.wait().expect("answers").yara.expect("was asked").matches().len())
            .collect();
        assert_eq!(found, [1, 0].repeat(50));
    }

    /// Breaks over one text and waits over others.
    struct Held(Receiver<()>);

    impl Scanner for Held {
        fn scan(&mut self, files: &[FileTask]) -> Vec<FileReport> {
            assert!(!files.iter().any(|file| file.bytes.as_slice() == b"broken"), "is the one that breaks");
            self.0.recv().expect("is let go");
            let report = FileReport { yara: Some(ScanOutcome::Complete(Vec::new())), content: None };
            files.iter().map(|_| report.clone()).collect()
        }
    }

    #[test]
    fn a_panic_costs_one_batch_and_a_full_queue_sheds() {
        let (hold, held) = sync_channel::<()>(0);
        let pool = FilePool::with_room(2, vec![Box::new(Held(held))]).expect("starts");
        assert!(pool.submit(task("broken")).expect("is taken").wait().is_none());
        let first = pool.submit(task("first")).expect("is taken");
        // The first one is out of the queue when another two fit.
        let waiting = [pool.submit(task("a")), pool.submit(task("b"))].map(|ticket| ticket.expect("is taken"));
        let shed = (0..3).filter(|_| pool.offer(task("c")).is_none()).count();
        assert!(shed >= 1, "a queue with room for two took six");
        assert!(matches!(first.try_take(), Poll::Pending));
        let letting = std::thread::spawn(move || while hold.send(()).is_ok() {});
        for ticket in [&first, &waiting[0], &waiting[1]] {
            assert!(ticket.wait().expect("is answered").yara.is_some());
        }
        drop(pool);
        letting.join().expect("ends with the scanner");
    }
}
