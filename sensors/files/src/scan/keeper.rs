//! The process that starts workers, watches their time and starts them again.

use std::io::{self, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::frame::{self, Kind};
use super::{Answer, pause};
use crate::limits::{SCAN_ANSWER_BYTES, SCAN_FAREWELL, SCAN_LOAD_TIMEOUT, SCAN_REQUEST_BYTES, SCAN_TIMEOUT};
use crate::{FilesError, ScanOutcome, Unscanned};

/// Passes requests on to a worker that `command` starts, until the other side ends. When somebody else killed a worker, the
/// next one is given the file once more; one that died over a file or takes too long is not trusted with it again. Workers
/// that die in a row are started again ever later.
///
/// # Errors
/// When the pipes to the sensor break. What becomes of a worker is no error but an answer.
pub fn keep(
    input: &mut impl Read,
    output: &mut impl Write,
    command: impl FnMut() -> Command,
) -> Result<(), FilesError> {
    let mut keeper = Keeper { command, rules: Vec::new(), worker: None, failures: 0, failed: None };
    while let Some((kind, content)) = frame::read(input, SCAN_REQUEST_BYTES).map_err(FilesError::Pipe)? {
        let answer = match kind {
            Kind::Rules => keeper.load(content),
            _ => keeper.scan(&content),
        };
        frame::write(output, Kind::Answer, &answer).map_err(FilesError::Pipe)?;
    }
    Ok(())
}

struct Keeper<C> {
    command: C,
    /// The rules that every worker is given first.
    rules: Vec<u8>,
    worker: Option<Worker>,
    /// Workers that died since the last one that did its job.
    failures: u32,
    failed: Option<Instant>,
}

struct Worker {
    child: Mutex<Child>,
    input: ChildStdin,
    output: ChildStdout,
}

impl<C: FnMut() -> Command> Keeper<C> {
    fn load(&mut self, rules: Vec<u8>) -> Vec<u8> {
        self.rules = rules;
        self.worker = None;
        match self.start() {
            Ok((worker, answer)) => {
                self.worker = Some(worker);
                answer
            }
            Err(reason) => encoded(&Answer::Refused(format!("loading did not end: {}", reason.reason()))),
        }
    }

    fn scan(&mut self, file: &[u8]) -> Vec<u8> {
        let first = self.try_scan(file);
        let result = if first == Err(Unscanned::Killed) { self.try_scan(file) } else { first };
        result.unwrap_or_else(|reason| encoded(&Answer::Scanned(ScanOutcome::Unscanned(reason))))
    }

    fn try_scan(&mut self, file: &[u8]) -> Result<Vec<u8>, Unscanned> {
        let mut worker = match self.worker.take() {
            Some(worker) => worker,
            None => self.start()?.0,
        };
        match worker.ask(Kind::File, file, SCAN_TIMEOUT) {
            Ok(answer) => {
                self.failures = 0;
                self.worker = Some(worker);
                Ok(answer)
            }
            Err(reason) => {
                self.note_failure();
                Err(reason)
            }
        }
    }

    /// Starts a worker, not before its time, and has it load the rules.
    fn start(&mut self) -> Result<(Worker, Vec<u8>), Unscanned> {
        if let Some(failed) = self.failed {
            std::thread::sleep(pause(self.failures).saturating_sub(failed.elapsed()));
        }
        let started = Worker::start(&mut (self.command)()).map_err(|error| Unscanned::Failed(error.to_string()));
        let answered =
            started.and_then(|mut worker| Ok((worker.ask(Kind::Rules, &self.rules, SCAN_LOAD_TIMEOUT)?, worker)));
        match answered {
            Ok((answer, worker)) => Ok((worker, answer)),
            Err(reason) => {
                self.note_failure();
                Err(reason)
            }
        }
    }

    fn note_failure(&mut self) {
        self.failures = self.failures.saturating_add(1);
        self.failed = Some(Instant::now());
    }
}

impl Worker {
    fn start(command: &mut Command) -> io::Result<Self> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let pipes = child.stdin.take().zip(child.stdout.take());
        let (input, output) = pipes.ok_or_else(|| io::Error::other("the worker has no pipes"))?;
        Ok(Self { child: Mutex::new(child), input, output })
    }

    /// Sends a request and waits for the answer, both within a time: then the worker is killed, which ends the waiting.
    fn ask(&mut self, kind: Kind, content: &[u8], within: Duration) -> Result<Vec<u8>, Unscanned> {
        let (done, waits) = sync_channel::<()>(0);
        let (child, input, output) = (&self.child, &mut self.input, &mut self.output);
        std::thread::scope(|scope| {
            let watch = scope.spawn(move || {
                let late = waits.recv_timeout(within) == Err(RecvTimeoutError::Timeout);
                if late {
                    let _ = child.lock().unwrap_or_else(PoisonError::into_inner).kill();
                }
                late
            });
            let answer = frame::write(input, kind, content).and_then(|()| frame::read(output, SCAN_ANSWER_BYTES));
            drop(done);
            let late = watch.join().unwrap_or(false);
            match answer {
                Ok(Some((Kind::Answer, answer))) => Ok(answer),
                _ if late => Err(Unscanned::TimedOut),
                _ => Err(cause(child)),
            }
        })
    }
}

/// Numbers of signals, the same on every Linux.
const SIGKILL: i32 = 9;
const SIGTERM: i32 = 15;
const SIGXCPU: i32 = 24;

/// Why a worker does not speak any more, by the signal that ended it.
fn cause(child: &Mutex<Child>) -> Unscanned {
    let mut child = child.lock().unwrap_or_else(PoisonError::into_inner);
    let end = Instant::now() + SCAN_FAREWELL;
    while Instant::now() < end {
        match child.try_wait() {
            Ok(Some(status)) => {
                return match status.signal() {
                    Some(SIGXCPU) => Unscanned::TimedOut,
                    Some(SIGKILL | SIGTERM) => Unscanned::Killed,
                    _ => Unscanned::Crashed,
                };
            }
            Ok(None) => std::thread::sleep(Duration::from_millis(2)),
            Err(_) => break,
        }
    }
    Unscanned::Crashed
}

impl Drop for Worker {
    fn drop(&mut self) {
        let child = self.child.get_mut().unwrap_or_else(PoisonError::into_inner);
        let _ = child.kill();
        let _ = child.wait();
    }
}

fn encoded(answer: &Answer) -> Vec<u8> {
    serde_json::to_vec(answer).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the keeper answers about a file when its workers are this program.
    fn answer_of(program: &str) -> ScanOutcome {
        let (mut input, mut output) = (Vec::new(), Vec::new());
        frame::write(&mut input, Kind::File, b"content").expect("is written");
        keep(&mut input.as_slice(), &mut output, || Command::new(program)).expect("keeps on");
        let (_, answer) = frame::read(&mut output.as_slice(), SCAN_ANSWER_BYTES).expect("reads").expect("an answer");
        match serde_json::from_slice(&answer).expect("JSON") {
            Answer::Scanned(outcome) => outcome,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn workers_that_die_or_speak_nonsense_are_an_answer() {
        assert_eq!(answer_of("false"), ScanOutcome::Unscanned(Unscanned::Crashed));
        // It gives back the frame it was given, which is no answer.
        assert_eq!(answer_of("cat"), ScanOutcome::Unscanned(Unscanned::Crashed));
        let missing = answer_of("/no/such/program");
        assert!(matches!(missing, ScanOutcome::Unscanned(Unscanned::Failed(_))), "{missing:?}");
    }
}
