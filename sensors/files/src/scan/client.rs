//! The sensor's side of a keeper.

use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use super::frame::{self, Kind};
use super::{Answer, Scanner, pause};
use crate::limits::{SCAN_ANSWER_BYTES, YARA_SCAN_BYTES};
use crate::{FilesError, ScanOutcome, Unscanned};

/// Names and texts of rule files.
pub type RuleTexts = Vec<(String, String)>;

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

    /// How many processes were started in the place of lost ones since this was asked last; 0 where nobody counts.
    fn take_restarts(&mut self) -> u64 {
        0
    }
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

/// Has files scanned by another process. A keeper that is lost is replaced, ever later while they are lost in a row, and
/// the file is given to the next one once more.
pub struct ScanClient {
    keepers: Box<dyn Keepers>,
    link: Option<KeeperLink>,
    /// The rules that every keeper is given first.
    texts: Vec<u8>,
    rules: usize,
    /// Keepers lost since the last one that answered.
    failures: u32,
    failed: Option<Instant>,
}

impl ScanClient {
    /// Takes a keeper and has it load rules.
    ///
    /// # Errors
    /// When no keeper can be started or the rules are refused.
    pub fn start(keepers: impl Keepers + 'static, rules: &RuleTexts) -> Result<Self, FilesError> {
        let texts = serde_json::to_vec(rules).map_err(|error| FilesError::Frame(error.to_string()))?;
        let keepers = Box::new(keepers);
        let mut client = Self { keepers, link: None, texts, rules: 0, failures: 0, failed: None };
        client.connect()?;
        Ok(client)
    }

    /// Rules that are loaded.
    #[must_use]
    pub const fn rules(&self) -> usize {
        self.rules
    }

    fn connect(&mut self) -> Result<(), FilesError> {
        let mut link = self.keepers.next()?;
        match link.ask(Kind::Rules, &self.texts)? {
            Answer::Loaded(count) => self.rules = count,
            Answer::Refused(reason) => return Err(FilesError::Refused(reason)),
            Answer::Scanned(_) => return Err(FilesError::Frame("the answer to rules is about a file".to_owned())),
        }
        self.link = Some(link);
        Ok(())
    }

    /// Starts another keeper, not before its time.
    fn reconnect(&mut self) -> Result<&mut KeeperLink, FilesError> {
        if let Some(failed) = self.failed {
            std::thread::sleep(pause(self.failures).saturating_sub(failed.elapsed()));
        }
        if let Err(error) = self.connect() {
            self.note_failure();
            return Err(error);
        }
        tracing::warn!(lost = self.failures, "a scan worker's keeper was lost; another one scans on");
        self.link.as_mut().ok_or_else(gone)
    }

    fn try_scan(&mut self, file: &[u8]) -> Result<ScanOutcome, FilesError> {
        let link = match &mut self.link {
            Some(link) => link,
            None => self.reconnect()?,
        };
        match link.ask(Kind::File, file) {
            Ok(Answer::Scanned(outcome)) => {
                self.failures = 0;
                Ok(outcome)
            }
            Ok(Answer::Loaded(_) | Answer::Refused(_)) => {
                Err(FilesError::Frame("the answer is not about the file".to_owned()))
            }
            Err(error) => {
                self.link = None;
                self.note_failure();
                Err(error)
            }
        }
    }

    fn note_failure(&mut self) {
        self.failures = self.failures.saturating_add(1);
        self.failed = Some(Instant::now());
    }
}

fn gone() -> FilesError {
    FilesError::Pipe(std::io::ErrorKind::BrokenPipe.into())
}

impl KeeperLink {
    /// A way to a keeper that somebody else started.
    pub fn over(input: Box<dyn Read + Send>, output: Box<dyn Write + Send>) -> Self {
        Self { pipes: Some((input, output)), process: None }
    }

    fn ask(&mut self, kind: Kind, content: &[u8]) -> Result<Answer, FilesError> {
        let (input, output) = self.pipes.as_mut().ok_or_else(gone)?;
        frame::write(output, kind, content).map_err(FilesError::Pipe)?;
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

impl Scanner for ScanClient {
    fn scan(&mut self, bytes: &[u8]) -> ScanOutcome {
        // What YARA would not look at needs no way through two pipes.
        let part = &bytes[..bytes.len().min(YARA_SCAN_BYTES)];
        let first = self.try_scan(part);
        let result = if matches!(first, Err(FilesError::Pipe(_))) { self.try_scan(part) } else { first };
        match result {
            Ok(ScanOutcome::Complete(matches)) if part.len() < bytes.len() => ScanOutcome::Partial(matches),
            Ok(outcome) => outcome,
            Err(error @ (FilesError::Pipe(_) | FilesError::Worker(_))) => {
                tracing::error!(%error, "no keeper of a scan worker can be reached; the file is not scanned");
                ScanOutcome::Unscanned(Unscanned::Gone)
            }
            Err(error) => ScanOutcome::Unscanned(Unscanned::Failed(error.to_string())),
        }
    }

    fn take_restarts(&mut self) -> u64 {
        self.keepers.take_restarts()
    }
}
