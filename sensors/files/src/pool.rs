//! Threads with a bounded queue of work on files that have ended.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::thread::JoinHandle;

use crate::limits::{YARA_QUEUE_FILES, YARA_THREADS};
use crate::{FilesError, ScanOutcome, Scanner};

/// What a thread of a pool makes of a job.
pub type Work<J, A> = Box<dyn FnMut(J) -> A + Send>;

struct Task<J, A> {
    job: J,
    reply: SyncSender<A>,
}

/// An answer under way.
#[derive(Debug)]
pub struct Ticket<A>(Receiver<A>);

/// A bounded pool of threads, each of which answers one job after another. Ends its threads when dropped.
pub struct Pool<J, A> {
    queue: Option<SyncSender<Task<J, A>>>,
    threads: Vec<JoinHandle<()>>,
}

/// A pool that scans files with YARA. The bytes are shared with whoever handed them in.
pub type YaraPool = Pool<Arc<Vec<u8>>, Scanned>;

/// What a scan thread says of a file.
#[derive(Debug)]
pub struct Scanned {
    /// How the scan ended.
    pub outcome: ScanOutcome,
    /// How many helper processes had to be started again since the answer before.
    pub restarts: u64,
}

impl<J: Send + 'static, A: Send + 'static> Pool<J, A> {
    /// Starts a thread for each work; so many jobs may wait.
    ///
    /// # Errors
    /// When a thread cannot be started.
    pub fn start(name: &str, room: usize, works: impl IntoIterator<Item = Work<J, A>>) -> Result<Self, FilesError> {
        let (queue, tasks) = sync_channel(room);
        let tasks = Arc::new(Mutex::new(tasks));
        let threads = works
            .into_iter()
            .enumerate()
            .map(|(number, work)| {
                let tasks = Arc::clone(&tasks);
                std::thread::Builder::new()
                    .name(format!("{name}-{number}"))
                    .spawn(move || answer_all(work, &tasks))
                    .map_err(FilesError::Thread)
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { queue: Some(queue), threads })
    }

    /// Hands a job in. `None` when the queue is full: the job is shed.
    #[must_use]
    pub fn offer(&self, job: J) -> Option<Ticket<A>> {
        let (reply, answer) = sync_channel(1);
        self.queue.as_ref()?.try_send(Task { job, reply }).ok()?;
        Some(Ticket(answer))
    }

    /// Hands a job in and waits for room in the queue: for capture files, where nothing may be shed.
    #[must_use]
    pub fn submit(&self, job: J) -> Option<Ticket<A>> {
        let (reply, answer) = sync_channel(1);
        self.queue.as_ref()?.send(Task { job, reply }).ok()?;
        Some(Ticket(answer))
    }
}

impl YaraPool {
    /// Starts a thread for each scanner, at most [`YARA_THREADS`].
    ///
    /// # Errors
    /// When a thread cannot be started.
    pub fn of_scanners(scanners: Vec<Box<dyn Scanner>>) -> Result<Self, FilesError> {
        let works = scanners.into_iter().take(YARA_THREADS);
        let works = works.map(|mut scanner| {
            let work =
                move |bytes: Arc<Vec<u8>>| Scanned { outcome: scanner.scan(&bytes), restarts: scanner.take_restarts() };
            Box::new(work) as Work<_, _>
        });
        Self::start("yara", YARA_QUEUE_FILES, works)
    }
}

impl<J, A> Drop for Pool<J, A> {
    fn drop(&mut self) {
        self.queue = None;
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a thread that works on files ended by a panic");
            }
        }
    }
}

impl<A> Ticket<A> {
    /// The answer, when there is one yet; none will ever come when the work on it panicked or its thread is gone.
    pub fn try_take(&self) -> Poll<Option<A>> {
        match self.0.try_recv() {
            Ok(answer) => Poll::Ready(Some(answer)),
            Err(TryRecvError::Empty) => Poll::Pending,
            Err(TryRecvError::Disconnected) => Poll::Ready(None),
        }
    }

    /// Waits for the answer.
    #[must_use]
    pub fn wait(&self) -> Option<A> {
        self.0.recv().ok()
    }
}

/// A job whose work panics costs that job: nobody answers it, and the thread goes on.
fn answer_all<J, A>(mut work: Work<J, A>, tasks: &Mutex<Receiver<Task<J, A>>>) {
    loop {
        let next = tasks.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Task { job, reply }) = next else { return };
        if let Ok(answer) = catch_unwind(AssertUnwindSafe(|| work(job))) {
            // Nobody may be waiting any more, which is no fault of the work.
            let _ = reply.send(answer);
        }
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
        let pool = YaraPool::of_scanners(vec![Box::new(Arc::clone(&rules)), Box::new(rules)]).expect("starts");
        let tickets: Vec<_> = (0..20)
            .map(|number| {
                let text = if number % 2 == 0 { "a needle" } else { "nothing" };
                pool.submit(Arc::new(text.as_bytes().to_vec())).expect("is taken")
            })
            .collect();
        let found: Vec<_> =
            tickets.iter().map(|ticket| ticket.wait().expect("answers").outcome.matches().len()).collect();
        assert_eq!(found, [1, 0].repeat(10));
    }

    #[test]
    fn a_panic_costs_one_job_and_a_full_queue_sheds() {
        let (hold, held) = sync_channel::<()>(0);
        let work = move |number: u32| {
            assert_ne!(number, 1, "is the one that breaks");
            held.recv().expect("is let go");
            number
        };
        let pool = Pool::start("test", 2, [Box::new(work) as Work<u32, u32>]).expect("starts");
        let broken = pool.submit(1).expect("is taken");
        assert_eq!(broken.wait(), None);
        let first = pool.submit(2).expect("is taken");
        let waiting = [pool.submit(3), pool.submit(4)].map(|ticket| ticket.expect("is taken"));
        assert!(pool.offer(5).is_none());
        assert_eq!(first.try_take(), Poll::Pending);
        for (ticket, number) in [&first, &waiting[0], &waiting[1]].into_iter().zip(2..) {
            hold.send(()).expect("is awaited");
            assert_eq!(ticket.wait(), Some(number));
        }
        drop(hold);
    }
}
