//! The sensor's side of a keeper.

use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};

use super::frame::{self, Kind};
use super::{Answer, Scanner};
use crate::limits::{SCAN_ANSWER_BYTES, YARA_SCAN_BYTES};
use crate::{FilesError, ScanOutcome, Unscanned};

/// Names and texts of rule files.
pub type RuleTexts = Vec<(String, String)>;

/// Has files scanned by another process.
pub struct ScanClient {
    /// Both ends of the pipes; `None` once they broke.
    pipes: Option<(Box<dyn Read + Send>, Box<dyn Write + Send>)>,
    keeper: Option<Child>,
    rules: usize,
}

impl ScanClient {
    /// Starts a keeper and has it load rules.
    ///
    /// # Errors
    /// When the keeper can't be started or the rules are refused.
    pub fn start(command: &mut Command, rules: &RuleTexts) -> Result<Self, FilesError> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().map_err(FilesError::Worker)?;
        let pipes = child.stdout.take().zip(child.stdin.take());
        let (output, input) = pipes.ok_or_else(|| FilesError::Worker(std::io::Error::other("it has no pipes")))?;
        let mut client = Self::over(Box::new(output), Box::new(input), rules)?;
        client.keeper = Some(child);
        Ok(client)
    }

    /// Has the keeper at the other end load rules.
    ///
    /// # Errors
    /// When the pipe breaks or the rules are refused.
    pub fn over(
        input: Box<dyn Read + Send>,
        output: Box<dyn Write + Send>,
        rules: &RuleTexts,
    ) -> Result<Self, FilesError> {
        let mut client = Self { pipes: Some((input, output)), keeper: None, rules: 0 };
        let content = serde_json::to_vec(rules).map_err(|error| FilesError::Frame(error.to_string()))?;
        match client.ask(Kind::Rules, &content)? {
            Answer::Loaded(count) => client.rules = count,
            Answer::Refused(reason) => return Err(FilesError::Refused(reason)),
            Answer::Scanned(_) => return Err(FilesError::Frame("the answer to rules is about a file".to_owned())),
        }
        Ok(client)
    }

    /// Rules that are loaded.
    #[must_use]
    pub const fn rules(&self) -> usize {
        self.rules
    }

    fn ask(&mut self, kind: Kind, content: &[u8]) -> Result<Answer, FilesError> {
        let gone = || FilesError::Pipe(std::io::ErrorKind::BrokenPipe.into());
        let (input, output) = self.pipes.as_mut().ok_or_else(gone)?;
        frame::write(output, kind, content).map_err(FilesError::Pipe)?;
        let (kind, answer) = frame::read(input, SCAN_ANSWER_BYTES).map_err(FilesError::Pipe)?.ok_or_else(gone)?;
        if kind != Kind::Answer {
            return Err(FilesError::Frame("what came back is no answer".to_owned()));
        }
        serde_json::from_slice(&answer).map_err(|error| FilesError::Frame(error.to_string()))
    }
}

impl Scanner for ScanClient {
    fn scan(&mut self, bytes: &[u8]) -> ScanOutcome {
        // What YARA would not look at needs no way through two pipes.
        let part = &bytes[..bytes.len().min(YARA_SCAN_BYTES)];
        match self.ask(Kind::File, part) {
            Ok(Answer::Scanned(ScanOutcome::Complete(matches))) if part.len() < bytes.len() => {
                ScanOutcome::Partial(matches)
            }
            Ok(Answer::Scanned(outcome)) => outcome,
            Ok(Answer::Loaded(_) | Answer::Refused(_)) => {
                ScanOutcome::Unscanned(Unscanned::Failed("the answer is not about the file".to_owned()))
            }
            Err(FilesError::Pipe(error)) => {
                if self.pipes.take().is_some() {
                    tracing::error!(%error, "the scan worker's keeper is gone; files are not scanned until a restart");
                }
                ScanOutcome::Unscanned(Unscanned::Gone)
            }
            Err(error) => ScanOutcome::Unscanned(Unscanned::Failed(error.to_string())),
        }
    }
}

impl Drop for ScanClient {
    fn drop(&mut self) {
        // The keeper ends when its input does.
        self.pipes = None;
        if let Some(mut keeper) = self.keeper.take() {
            let _ = keeper.wait();
        }
    }
}
