//! The thread that works out rounds of incidents, one at a time: a round takes time with every group of alerts that is open,
//! which no event should wait for.

use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use fengsui_detect::{IncidentRound, RoundResult};

/// How long records are waited for while a round is out.
const GLANCE: Duration = Duration::from_millis(5);

/// A round that is out.
struct Out {
    begun: Instant,
    /// The record after which it was begun.
    sequence: u64,
}

/// A round that came back.
pub(crate) struct Back {
    pub(crate) result: RoundResult,
    /// The record after which it was begun.
    pub(crate) sequence: u64,
    /// How long it took.
    pub(crate) cost: Duration,
}

/// The thread, and the round it is working on.
pub(crate) struct Rounds {
    to: Option<Sender<IncidentRound>>,
    from: Receiver<RoundResult>,
    thread: Option<JoinHandle<()>>,
    out: Option<Out>,
}

impl Rounds {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(crate) fn start() -> std::io::Result<Self> {
        let (to, rounds) = channel::<IncidentRound>();
        let (results, from) = channel();
        let work = move || rounds.iter().map(IncidentRound::run).try_for_each(|result| results.send(result));
        let thread = std::thread::Builder::new().name("incidents".into()).spawn(move || drop(work()))?;
        Ok(Self { to: Some(to), from, thread: Some(thread), out: None })
    }

    /// How long records may be waited for.
    pub(crate) fn patience(&self, otherwise: Duration) -> Duration {
        if self.out.is_some() { GLANCE } else { otherwise }
    }

    /// Whether a round is out.
    pub(crate) fn is_out(&self) -> bool {
        self.out.is_some()
    }

    /// Gives the thread a round that was begun after a record.
    pub(crate) fn send(&mut self, round: IncidentRound, sequence: u64) {
        if self.to.as_ref().is_some_and(|to| to.send(round).is_ok()) {
            self.out = Some(Out { begun: Instant::now(), sequence });
        } else {
            drop(self.join());
        }
    }

    /// The round that is out, if it is back.
    pub(crate) fn back(&mut self) -> Option<Back> {
        match self.from.try_recv() {
            Ok(result) => self.take(result),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => self.join(),
        }
    }

    /// Waits for the round that is out; `None` when none is.
    pub(crate) fn wait(&mut self) -> Option<Back> {
        self.out.as_ref()?;
        match self.from.recv() {
            Ok(result) => self.take(result),
            Err(_) => self.join(),
        }
    }

    fn take(&mut self, result: RoundResult) -> Option<Back> {
        let Out { begun, sequence } = self.out.take()?;
        Some(Back { result, sequence, cost: begun.elapsed() })
    }

    /// The thread ended by itself: what ended it ends its owner.
    fn join(&mut self) -> Option<Back> {
        self.to = None;
        match self.thread.take().map(JoinHandle::join) {
            Some(Err(panic)) => std::panic::resume_unwind(panic),
            _ => None,
        }
    }
}
