//! The sensor's side of a keeper.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use super::frame::{self, Kind};
use super::request::{Asked, FileReport, FileTask, heads_of};
use super::rules::Encoded;
use super::{Answer, LiveScanRules, Scanner, Work, pause};
use crate::limits::{SCAN_ANSWER_BYTES, SCAN_FILES_BYTES, SCAN_IN_FLIGHT};
use crate::{FilesError, Unscanned};

/// Both ways to a keeper, and its process where this one started it.
pub struct KeeperLink {
    /// Both ends of the pipes; `None` only while they are closed at the end.
    pipes: Option<(Box<dyn Read + Send>, Box<dyn Write + Send>)>,
    process: Option<Child>,
}

/// Where keepers come from: the first one, and another one for each that is lost.
pub trait Keepers: Send {
    /// A way to a keeper that has nothing loaded.
    ///
    /// # Errors
    /// When none can be started.
    fn next(&mut self) -> Result<KeeperLink, FilesError>;
}

/// Starts a process of this command for each.
impl<C: FnMut() -> Command + Send> Keepers for C {
    fn next(&mut self) -> Result<KeeperLink, FilesError> {
        let mut child = self().stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().map_err(FilesError::Worker)?;
        let pipes = child.stdout.take().zip(child.stdin.take());
        let (output, input) = pipes.ok_or_else(|| FilesError::Worker(std::io::Error::other("it has no pipes")))?;
        Ok(KeeperLink { pipes: Some((Box::new(output), Box::new(input))), process: Some(child) })
    }
}

/// Has files looked at by another process. A keeper that is lost is replaced, ever later while they are lost in a row, and
/// the files are given to the next one once more. New rules are loaded before the next file.
pub struct ScanClient {
    keepers: Box<dyn Keepers>,
    link: Option<KeeperLink>,
    live: LiveScanRules,
    number: usize,
    /// The rules in force when they were last looked at.
    seen: Arc<Encoded>,
    /// The rules that every keeper is given first: those in force, or the ones before when they were refused.
    rules: Arc<Encoded>,
    /// The last ones that a keeper took, when those are others.
    before: Option<Arc<Encoded>>,
    yara_rules: usize,
    /// Requests that the keeper has not answered yet.
    under_way: usize,
    /// Keepers lost since the last one that answered.
    failures: u32,
    failed: Option<Instant>,
}

impl ScanClient {
    /// Takes a keeper and has it load the rules in force. `number` is this client's among those of the same rules.
    ///
    /// # Errors
    /// When no keeper can be started or the rules are refused.
    pub fn start(keepers: impl Keepers + 'static, live: &LiveScanRules, number: usize) -> Result<Self, FilesError> {
        let seen = live.current();
        let mut client = Self {
            keepers: Box::new(keepers),
            link: None,
            live: live.clone(),
            number,
            rules: Arc::clone(&seen),
            seen,
            before: None,
            yara_rules: 0,
            under_way: 0,
            failures: 0,
            failed: None,
        };
        client.connect()?;
        Ok(client)
    }

    /// YARA rules that are loaded.
    #[must_use]
    pub const fn yara_rules(&self) -> usize {
        self.yara_rules
    }

    /// Takes a keeper. Rules that are refused give way to the ones before.
    fn connect(&mut self) -> Result<(), FilesError> {
        loop {
            let mut link = self.keepers.next()?;
            match link.ask(Kind::Rules, &[&self.rules.json])? {
                Answer::Loaded { version, yara } if version == self.rules.version => {
                    self.yara_rules = yara;
                    self.before = None;
                    self.live.note_serving(self.number, &version);
                    self.link = Some(link);
                    return Ok(());
                }
                Answer::Refused(reason) => match self.before.take() {
                    Some(before) => {
                        tracing::error!(reason, "new rules for files are refused; the ones before stay in force");
                        self.rules = before;
                    }
                    None => return Err(FilesError::Refused(reason)),
                },
                _ => return Err(FilesError::Frame("the answer to rules is about something else".to_owned())),
            }
        }
    }

    /// Whether other rules are in force than when they were last looked at.
    fn has_other_rules(&self) -> bool {
        self.live.current().version != self.seen.version
    }

    /// Leaves a keeper that has loaded other rules than those in force, and one whose answers nobody waited for.
    fn prepare(&mut self) {
        let current = self.live.current();
        if current.version != self.seen.version {
            self.seen = Arc::clone(&current);
            self.before = Some(std::mem::replace(&mut self.rules, current));
            self.leave();
        }
        if self.under_way > 0 {
            self.leave();
        }
    }

    fn leave(&mut self) {
        self.link = None;
        self.under_way = 0;
    }

    /// Starts another keeper, not before its time.
    fn reconnect(&mut self) -> Result<(), FilesError> {
        if let Some(failed) = self.failed {
            std::thread::sleep(pause(self.failures).saturating_sub(failed.elapsed()));
        }
        if let Err(error) = self.connect() {
            self.note_failure();
            return Err(error);
        }
        if self.failures > 0 {
            tracing::warn!(lost = self.failures, "a scan worker's keeper was lost; another one scans on");
        }
        Ok(())
    }

    fn try_ask(&mut self, files: &[Asked<'_>]) -> Result<Vec<FileReport>, Unanswered> {
        self.send(files)?;
        self.receive(files)
    }

    fn send(&mut self, files: &[Asked<'_>]) -> Result<(), Unanswered> {
        if self.link.is_none() {
            self.reconnect()?;
        }
        let length: usize = files.iter().map(|file| file.bytes.len()).sum();
        if length > SCAN_FILES_BYTES {
            let reason = format!("{length} bytes are more than the {SCAN_FILES_BYTES} of a request");
            return Err(Unanswered::Lost(Unscanned::Failed(reason)));
        }
        let heads = heads_of(files).map_err(|error| FilesError::Frame(error.to_string()))?;
        let parts: Vec<&[u8]> = std::iter::once(heads.as_slice()).chain(files.iter().map(|file| file.bytes)).collect();
        let sent = self.link.as_mut().map_or_else(|| Err(gone()), |link| link.send(Kind::Files, &parts));
        match sent {
            Ok(()) => self.under_way += 1,
            Err(_) => self.lose(),
        }
        Ok(sent?)
    }

    /// The answer to the oldest request under way, which was about these files.
    fn receive(&mut self, files: &[Asked<'_>]) -> Result<Vec<FileReport>, Unanswered> {
        let link = self.link.as_mut().ok_or_else(gone)?;
        match link.receive() {
            Ok(Answer::Inspected(reports)) if answers(files, &reports) => {
                self.answered();
                Ok(reports)
            }
            Ok(Answer::Lost(reason)) => {
                self.answered();
                Err(Unanswered::Lost(reason))
            }
            // What comes after it may be about other files as well.
            other => {
                self.lose();
                let error =
                    other.err().unwrap_or_else(|| FilesError::Frame("the answer is not about the files".to_owned()));
                Err(error.into())
            }
        }
    }

    /// What came of each file. When the worker does not survive them, each is asked about alone, and then each question: so a
    /// file costs its own answers at most.
    fn ask(&mut self, files: &[Asked<'_>]) -> Vec<FileReport> {
        let first = self.try_ask(files);
        self.settled(files, first)
    }

    /// As [`Self::ask`], when they were asked about once.
    fn settled(&mut self, files: &[Asked<'_>], first: Result<Vec<FileReport>, Unanswered>) -> Vec<FileReport> {
        let result =
            if matches!(first, Err(Unanswered::Broken(FilesError::Pipe(_)))) { self.try_ask(files) } else { first };
        let reason = match result {
            Ok(reports) => return reports,
            Err(Unanswered::Lost(reason)) => match *files {
                [file] => match file.apart() {
                    Some([content, yara]) => {
                        let (content, yara) = (self.ask_one(content).content, self.ask_one(yara).yara);
                        return vec![FileReport { yara, content }];
                    }
                    None => reason,
                },
                _ => return files.iter().map(|file| self.ask_one(*file)).collect(),
            },
            Err(Unanswered::Broken(error @ (FilesError::Pipe(_) | FilesError::Worker(_)))) => {
                tracing::error!(%error, "no keeper of a scan worker can be reached; files are not scanned");
                Unscanned::Gone
            }
            Err(Unanswered::Broken(error)) => Unscanned::Failed(error.to_string()),
        };
        files.iter().map(|file| file.unanswered(&reason)).collect()
    }

    fn ask_one(&mut self, file: Asked<'_>) -> FileReport {
        self.ask(&[file]).pop().unwrap_or_default()
    }

    /// Answers the oldest files under way, and all others with them when there is no whole answer: files are asked about
    /// again only when no answer to others is on its way.
    fn land(&mut self, flying: &mut VecDeque<Flight>, work: &mut dyn Work) {
        let mut results = VecDeque::new();
        for flight in flying.iter_mut() {
            let result = flight.failed.take().map_or_else(|| self.receive(&asked(&flight.files)), Err);
            let whole = result.is_ok();
            results.push_back(result);
            if whole && results.len() == 1 {
                break;
            }
        }
        for result in results {
            let Some(Flight { files, .. }) = flying.pop_front() else { return };
            let reports = self.settled(&asked(&files), result);
            // Who waits for an answer may want the content back as well.
            drop(files);
            work.answer(reports);
        }
    }

    fn answered(&mut self) {
        self.under_way = self.under_way.saturating_sub(1);
        self.failures = 0;
    }

    /// A keeper does not answer, or not as it should.
    fn lose(&mut self) {
        self.leave();
        self.note_failure();
    }

    fn note_failure(&mut self) {
        self.failures = self.failures.saturating_add(1);
        self.failed = Some(Instant::now());
    }
}

/// Files under way.
struct Flight {
    files: Vec<FileTask>,
    /// Why they are not: they could not be sent.
    failed: Option<Unanswered>,
}

/// Why there is no report.
enum Unanswered {
    /// The keeper told that its worker did not answer.
    Lost(Unscanned),
    /// The keeper did not answer, or not as it should.
    Broken(FilesError),
}

impl From<FilesError> for Unanswered {
    fn from(error: FilesError) -> Self {
        Self::Broken(error)
    }
}

fn answers(files: &[Asked<'_>], reports: &[FileReport]) -> bool {
    files.len() == reports.len() && files.iter().zip(reports).all(|(file, report)| file.is_answered_by(report))
}

fn gone() -> FilesError {
    FilesError::Pipe(std::io::ErrorKind::BrokenPipe.into())
}

impl KeeperLink {
    /// A way to a keeper that somebody else started.
    pub fn over(input: Box<dyn Read + Send>, output: Box<dyn Write + Send>) -> Self {
        Self { pipes: Some((input, output)), process: None }
    }

    fn ask(&mut self, kind: Kind, parts: &[&[u8]]) -> Result<Answer, FilesError> {
        self.send(kind, parts)?;
        self.receive()
    }

    fn send(&mut self, kind: Kind, parts: &[&[u8]]) -> Result<(), FilesError> {
        let (_, output) = self.pipes.as_mut().ok_or_else(gone)?;
        frame::write(output, kind, parts).map_err(FilesError::Pipe)
    }

    fn receive(&mut self) -> Result<Answer, FilesError> {
        let (input, _) = self.pipes.as_mut().ok_or_else(gone)?;
        let (kind, answer) = frame::read(input, SCAN_ANSWER_BYTES).map_err(FilesError::Pipe)?.ok_or_else(gone)?;
        if kind != Kind::Answer {
            return Err(FilesError::Frame("what came back is no answer".to_owned()));
        }
        serde_json::from_slice(&answer).map_err(|error| FilesError::Frame(error.to_string()))
    }
}

impl Drop for KeeperLink {
    fn drop(&mut self) {
        // The keeper ends when its input does.
        self.pipes = None;
        if let Some(mut process) = self.process.take() {
            let _ = process.wait();
        }
    }
}

fn asked(files: &[FileTask]) -> Vec<Asked<'_>> {
    files.iter().map(Asked::of).collect()
}

impl Scanner for ScanClient {
    fn scan(&mut self, files: &[FileTask]) -> Vec<FileReport> {
        self.prepare();
        self.ask(&asked(files))
    }

    /// The next files are on their way while a worker works on those before.
    fn serve(&mut self, work: &mut dyn Work) {
        let mut flying: VecDeque<Flight> = VecDeque::new();
        loop {
            let first = flying.is_empty();
            // Other rules are loaded when nothing is under way.
            let more = first || flying.len() < SCAN_IN_FLIGHT && !self.has_other_rules();
            if let Some(files) = if more { work.next(first) } else { None } {
                if first {
                    self.prepare();
                }
                // What could not be sent is settled when it is its turn.
                let failed = self.send(&asked(&files)).err();
                let sent = failed.is_none();
                flying.push_back(Flight { files, failed });
                if sent {
                    continue;
                }
            } else if first {
                return;
            }
            self.land(&mut flying, work);
        }
    }
}
