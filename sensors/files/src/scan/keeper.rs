//! The process that starts workers, watches their time and starts them again.

use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::frame::{self, Kind};
use super::{Answer, pause};
use crate::limits::{SCAN_ANSWER_BYTES, SCAN_FAREWELL, SCAN_LOAD_TIMEOUT, SCAN_REQUEST_BYTES, SCAN_TIMEOUT};
use crate::{FilesError, Unscanned};

/// Passes requests on to a worker that `command` starts, until the other side ends. When somebody else killed a worker, the
/// next one is given the request once more; one that died over it or takes too long is not trusted with it again. Workers
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
        frame::write(output, Kind::Answer, &[&answer]).map_err(FilesError::Pipe)?;
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
    child: Child,
    /// Its standard input and output.
    stream: UnixStream,
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

    fn scan(&mut self, files: &[u8]) -> Vec<u8> {
        let first = self.try_scan(files);
        let result = if first == Err(Unscanned::Killed) { self.try_scan(files) } else { first };
        result.unwrap_or_else(|reason| encoded(&Answer::Lost(reason)))
    }

    fn try_scan(&mut self, files: &[u8]) -> Result<Vec<u8>, Unscanned> {
        let mut worker = match self.worker.take() {
            Some(worker) => worker,
            None => self.start()?.0,
        };
        match worker.ask(Kind::Files, files, SCAN_TIMEOUT) {
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
        let (stream, end) = UnixStream::pair()?;
        let input = Stdio::from(OwnedFd::from(end.try_clone()?));
        let child = command.stdin(input).stdout(Stdio::from(OwnedFd::from(end))).spawn();
        // What is left of the command would keep the other end open when the worker is gone.
        command.stdin(Stdio::null()).stdout(Stdio::null());
        Ok(Self { child: child?, stream })
    }

    /// Sends a request and waits for the answer, both within a time.
    fn ask(&mut self, kind: Kind, content: &[u8], within: Duration) -> Result<Vec<u8>, Unscanned> {
        let mut timed = Timed { stream: &self.stream, end: Instant::now() + within };
        let written = frame::write(&mut timed, kind, &[content]);
        match written.and_then(|()| frame::read(&mut timed, SCAN_ANSWER_BYTES)) {
            Ok(Some((Kind::Answer, answer))) => Ok(answer),
            Err(error) if error.kind() == ErrorKind::TimedOut => Err(Unscanned::TimedOut),
            _ => Err(self.cause()),
        }
    }

    /// Why the worker does not speak any more, by the signal that ended it.
    fn cause(&mut self) -> Unscanned {
        let end = Instant::now() + SCAN_FAREWELL;
        while Instant::now() < end {
            match self.child.try_wait() {
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
}

/// A stream that fails as timed out from a moment on, however slowly the other side goes on.
struct Timed<'a> {
    stream: &'a UnixStream,
    end: Instant,
}

impl Timed<'_> {
    fn left(&self) -> io::Result<Option<Duration>> {
        let left = self.end.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(ErrorKind::TimedOut.into()) } else { Ok(Some(left)) }
    }
}

/// A socket that waited for as long as it may says that it would block.
fn timed_out(error: io::Error) -> io::Error {
    if error.kind() == ErrorKind::WouldBlock { ErrorKind::TimedOut.into() } else { error }
}

impl Read for Timed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(self.left()?)?;
        self.stream.read(buffer).map_err(timed_out)
    }
}

impl Write for Timed<'_> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.stream.set_write_timeout(self.left()?)?;
        self.stream.write(buffer).map_err(timed_out)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Numbers of signals, the same on every Linux.
const SIGKILL: i32 = 9;
const SIGTERM: i32 = 15;
const SIGXCPU: i32 = 24;

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn encoded(answer: &Answer) -> Vec<u8> {
    serde_json::to_vec(answer).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the keeper answers about a file when its workers are this program.
    fn answer_of(program: &str) -> Unscanned {
        let (mut input, mut output) = (Vec::new(), Vec::new());
        frame::write(&mut input, Kind::Files, &[b"content"]).expect("is written");
        keep(&mut input.as_slice(), &mut output, || Command::new(program)).expect("keeps on");
        let (_, answer) = frame::read(&mut output.as_slice(), SCAN_ANSWER_BYTES).expect("reads").expect("an answer");
        match serde_json::from_slice(&answer).expect("JSON") {
            Answer::Lost(reason) => reason,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn workers_that_die_or_speak_nonsense_are_an_answer() {
        assert_eq!(answer_of("false"), Unscanned::Crashed);
        // It gives back the frame it was given, which is no answer.
        assert_eq!(answer_of("cat"), Unscanned::Crashed);
        let missing = answer_of("/no/such/program");
        assert!(matches!(missing, Unscanned::Failed(_)), "{missing:?}");
    }

    #[test]
    fn a_worker_that_says_nothing_is_given_up_in_time() {
        let mut worker = Worker::start(Command::new("sleep").arg("60")).expect("starts");
        let begun = Instant::now();
        // More than the socket holds, so that writing has to wait as well.
        let answer = worker.ask(Kind::Files, &vec![0; 8 << 20], Duration::from_millis(200));
        assert_eq!(answer, Err(Unscanned::TimedOut));
        assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    }
}
