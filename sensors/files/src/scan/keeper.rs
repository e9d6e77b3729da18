//! The process that starts workers, watches their time and starts them again.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use super::frame::{self, Kind};
use super::{Answer, pause};
use crate::limits::{
    SCAN_ANSWER_BYTES, SCAN_FAREWELL, SCAN_IN_FLIGHT, SCAN_LOAD_TIMEOUT, SCAN_REQUEST_BYTES, SCAN_TIMEOUT,
};
use crate::{FilesError, Unscanned};

/// Passes requests on to a worker that `command` starts, until the other side ends; the next one goes to the worker while it
/// works on the one before. When somebody else killed a worker, the next one is given the request once more; one that died
/// over it or takes too long is not trusted with it again. Workers that die in a row are started again ever later.
///
/// # Errors
/// When the pipes to the sensor break. What becomes of a worker is no error but an answer.
pub fn keep(
    mut input: impl Read + Send,
    output: &mut impl Write,
    command: impl FnMut() -> Command,
) -> Result<(), FilesError> {
    // The sensor has no more requests under way than it may, and a worker answers each once.
    let (tell, events) = sync_channel(2 * SCAN_IN_FLIGHT + 2);
    let told = tell.clone();
    std::thread::scope(move |scope| {
        let reading =
            move || frame::read_all(&mut input, SCAN_REQUEST_BYTES, |next| tell.send(Event::Asked(next)).is_ok());
        let reader = std::thread::Builder::new().name("requests".to_owned());
        reader.spawn_scoped(scope, reading).map_err(FilesError::Thread)?;
        let (rules, waiting) = (Vec::new(), VecDeque::new());
        Keeper { command, told, rules, worker: None, started: 0, waiting, deadline: None, failures: 0, failed: None }
            .serve(events, output)
    })
}

/// What a keeper waits for.
enum Event {
    /// A frame of the sensor's.
    Asked(frame::Next),
    /// A frame of a worker's, by its number.
    Answered(u64, frame::Next),
}

/// Files that the sensor wants to know of.
struct Request {
    content: Vec<u8>,
    /// Whether the worker has it.
    sent: bool,
    /// Whether somebody killed a worker that had it.
    again: bool,
}

struct Keeper<C> {
    command: C,
    /// Where what workers say goes.
    told: SyncSender<Event>,
    /// The rules that every worker is given first.
    rules: Vec<u8>,
    worker: Option<Worker>,
    /// Workers that were started: the number of the last one.
    started: u64,
    /// What is not answered yet, oldest first: a worker answers in this order.
    waiting: VecDeque<Request>,
    /// When the oldest one has to be answered.
    deadline: Option<Instant>,
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
    fn serve(mut self, events: Receiver<Event>, output: &mut impl Write) -> Result<(), FilesError> {
        let mut ended = false;
        while !(ended && self.waiting.is_empty()) {
            match self.next(&events) {
                Ok(Event::Asked(next)) => match next.map_err(FilesError::Pipe)? {
                    Some((Kind::Rules, rules)) => answer(output, &self.load(rules))?,
                    Some((_, content)) => {
                        self.waiting.push_back(Request { content, sent: false, again: false });
                        self.send_all(output)?;
                    }
                    None => ended = true,
                },
                Ok(Event::Answered(number, next)) if number == self.started && self.worker.is_some() => {
                    self.answered(next, output)?;
                }
                // A word of a worker that was given up.
                Ok(Event::Answered(..)) => {}
                Err(RecvTimeoutError::Timeout) => self.lose(Unscanned::TimedOut, output)?,
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
        }
        Ok(())
    }

    fn next(&self, events: &Receiver<Event>) -> Result<Event, RecvTimeoutError> {
        match self.deadline {
            Some(deadline) => events.recv_timeout(deadline.saturating_duration_since(Instant::now())),
            None => events.recv().map_err(|_| RecvTimeoutError::Disconnected),
        }
    }

    fn load(&mut self, rules: Vec<u8>) -> Vec<u8> {
        if !self.waiting.is_empty() {
            return encoded(&Answer::Refused("files are under way by the rules before".to_owned()));
        }
        self.rules = rules;
        self.worker = None;
        self.start()
            .unwrap_or_else(|reason| encoded(&Answer::Refused(format!("loading did not end: {}", reason.reason()))))
    }

    /// Gives the worker what it does not have yet.
    fn send_all(&mut self, output: &mut impl Write) -> Result<(), FilesError> {
        while let Some(place) = self.waiting.iter().position(|request| !request.sent) {
            if let Err(reason) = self.send(place) {
                self.lose_oldest(reason, output)?;
            }
        }
        Ok(())
    }

    fn send(&mut self, place: usize) -> Result<(), Unscanned> {
        if self.worker.is_none() {
            self.start()?;
        }
        let Some((worker, request)) = self.worker.as_mut().zip(self.waiting.get_mut(place)) else { return Ok(()) };
        let deadline = *self.deadline.get_or_insert_with(|| Instant::now() + SCAN_TIMEOUT);
        let mut timed = Timed { stream: &worker.stream, end: deadline };
        match frame::write(&mut timed, Kind::Files, &[&request.content]) {
            Ok(()) => {
                request.sent = true;
                Ok(())
            }
            Err(error) if error.kind() == ErrorKind::TimedOut => Err(self.given_up(Unscanned::TimedOut)),
            Err(_) => {
                let cause = worker.cause();
                Err(self.given_up(cause))
            }
        }
    }

    /// A worker said something, or ended.
    fn answered(&mut self, next: frame::Next, output: &mut impl Write) -> Result<(), FilesError> {
        match (next, self.waiting.front()) {
            (Ok(Some((Kind::Answer, content))), Some(Request { sent: true, .. })) => {
                self.failures = 0;
                self.waiting.pop_front();
                self.deadline = (!self.waiting.is_empty()).then(|| Instant::now() + SCAN_TIMEOUT);
                answer(output, &content)
            }
            _ => {
                let cause = self.worker.as_mut().map_or(Unscanned::Crashed, Worker::cause);
                self.lose(cause, output)
            }
        }
    }

    /// Gives the worker up. Who waits is answered by the next one, but for the oldest, which is told why when it is not to
    /// be tried again.
    fn lose(&mut self, reason: Unscanned, output: &mut impl Write) -> Result<(), FilesError> {
        let reason = self.given_up(reason);
        self.lose_oldest(reason, output)?;
        self.send_all(output)
    }

    fn given_up(&mut self, reason: Unscanned) -> Unscanned {
        self.worker = None;
        self.note_failure();
        reason
    }

    fn lose_oldest(&mut self, reason: Unscanned, output: &mut impl Write) -> Result<(), FilesError> {
        self.deadline = None;
        self.waiting.iter_mut().for_each(|request| request.sent = false);
        match self.waiting.front_mut() {
            Some(oldest) if reason == Unscanned::Killed && !oldest.again => {
                oldest.again = true;
                Ok(())
            }
            Some(_) => {
                self.waiting.pop_front();
                answer(output, &encoded(&Answer::Lost(reason)))
            }
            None => Ok(()),
        }
    }

    /// Starts a worker, not before its time, and has it load the rules; its answer to them.
    fn start(&mut self) -> Result<Vec<u8>, Unscanned> {
        if let Some(failed) = self.failed {
            std::thread::sleep(pause(self.failures).saturating_sub(failed.elapsed()));
        }
        match self.start_one() {
            Ok((answer, worker)) => {
                self.worker = Some(worker);
                Ok(answer)
            }
            Err(reason) => {
                self.note_failure();
                Err(reason)
            }
        }
    }

    fn start_one(&mut self) -> Result<(Vec<u8>, Worker), Unscanned> {
        let failed = |error: io::Error| Unscanned::Failed(error.to_string());
        let mut worker = Worker::start(&mut (self.command)()).map_err(failed)?;
        let answer = worker.ask(Kind::Rules, &self.rules, SCAN_LOAD_TIMEOUT)?;
        self.started += 1;
        worker.listen(self.started, self.told.clone()).map_err(failed)?;
        Ok((answer, worker))
    }

    fn note_failure(&mut self) {
        self.failures = self.failures.saturating_add(1);
        self.failed = Some(Instant::now());
    }
}

fn answer(output: &mut impl Write, answer: &[u8]) -> Result<(), FilesError> {
    frame::write(output, Kind::Answer, &[answer]).map_err(FilesError::Pipe)
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

    /// Has what it says told from now on, until it ends.
    fn listen(&self, number: u64, told: SyncSender<Event>) -> io::Result<()> {
        let mut stream = self.stream.try_clone()?;
        stream.set_read_timeout(None)?;
        let tell = move |next| told.send(Event::Answered(number, next)).is_ok();
        let listener = std::thread::Builder::new().name("answers".to_owned());
        listener.spawn(move || frame::read_all(&mut stream, SCAN_ANSWER_BYTES, tell)).map(|_| ())
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
        // Whoever listens to it stops.
        let _ = self.stream.shutdown(std::net::Shutdown::Both);
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
        keep(input.as_slice(), &mut output, || Command::new(program)).expect("keeps on");
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
