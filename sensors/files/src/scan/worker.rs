//! The process that compiles rules and scans files.

use std::io::{Read, Write};

use super::frame::{self, Kind};
use super::{Answer, RuleTexts};
use crate::limits::{SCAN_ANSWER_BYTES, SCAN_REQUEST_BYTES};
use crate::{FilesError, ScanOutcome, Unscanned, YaraRules};

/// What a worker is about to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Job {
    /// Compile rules.
    Load,
    /// Scan one file.
    Scan,
}

/// Answers requests until the other side ends. `before` is called before each job, to set how much of the processor it may
/// use.
///
/// # Errors
/// When the pipes break or what comes is no frame.
pub fn serve(input: &mut impl Read, output: &mut impl Write, mut before: impl FnMut(Job)) -> Result<(), FilesError> {
    let mut rules = None;
    while let Some((kind, content)) = frame::read(input, SCAN_REQUEST_BYTES).map_err(FilesError::Pipe)? {
        let answer = match kind {
            Kind::Rules => {
                before(Job::Load);
                rules = None;
                load(&content).map_or_else(
                    |error| Answer::Refused(error.to_string()),
                    |loaded| {
                        let count = loaded.len();
                        rules = Some(loaded);
                        Answer::Loaded(count)
                    },
                )
            }
            Kind::File => {
                before(Job::Scan);
                let none = || ScanOutcome::Unscanned(Unscanned::Failed("no rules are loaded".to_owned()));
                Answer::Scanned(rules.as_ref().map_or_else(none, |rules| rules.scan(&content)))
            }
            Kind::Answer => Answer::Refused("an answer is no request".to_owned()),
        };
        frame::write(output, Kind::Answer, &encoded(&answer)).map_err(FilesError::Pipe)?;
    }
    Ok(())
}

fn load(content: &[u8]) -> Result<YaraRules, FilesError> {
    let texts: RuleTexts = serde_json::from_slice(content).map_err(|error| FilesError::Frame(error.to_string()))?;
    YaraRules::compile(texts.iter().map(|(name, text)| (name.as_str(), text.as_str())))
}

/// An answer that is too long says so instead.
fn encoded(answer: &Answer) -> Vec<u8> {
    let bytes = serde_json::to_vec(answer).unwrap_or_default();
    if !bytes.is_empty() && bytes.len() <= SCAN_ANSWER_BYTES {
        return bytes;
    }
    let reason = format!("what was found takes {} bytes, more than {SCAN_ANSWER_BYTES}", bytes.len());
    serde_json::to_vec(&Answer::Scanned(ScanOutcome::Unscanned(Unscanned::Failed(reason)))).unwrap_or_default()
}
