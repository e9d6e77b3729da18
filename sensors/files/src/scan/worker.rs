//! The process that loads rules and looks at files.

use std::io::{Read, Write};
use std::sync::mpsc::{Receiver, sync_channel};

use super::frame::{self, Kind};
use super::inspector::{BuildClassifier, Inspector};
use super::request::{FileReport, unpacked};
use super::rules::version_of;
use super::{Answer, ScanRules};
use crate::limits::{SCAN_ANSWER_BYTES, SCAN_REQUEST_BYTES};
use crate::{FilesError, Unscanned};

/// What a worker is about to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Job {
    /// Load rules.
    Load,
    /// Scan one file with YARA.
    Yara,
    /// Take one file apart and look for sensitive data in it.
    Content,
}

/// Answers requests until the other side ends; the next one is read while one is worked on. `before` is called before each
/// job, to set how much of the processor it may use.
///
/// # Errors
/// When the pipes break, what comes is no frame, or there is no thread to read with.
pub fn serve(
    mut input: impl Read + Send,
    output: &mut impl Write,
    build: &BuildClassifier,
    before: impl FnMut(Job),
) -> Result<(), FilesError> {
    let (read, requests) = sync_channel(1);
    std::thread::scope(move |scope| {
        let reading = move || frame::read_all(&mut input, SCAN_REQUEST_BYTES, |next| read.send(next).is_ok());
        let reader = std::thread::Builder::new().name("requests".to_owned());
        reader.spawn_scoped(scope, reading).map_err(FilesError::Thread)?;
        answer_all(requests, output, build, before)
    })
}

fn answer_all(
    requests: Receiver<frame::Next>,
    output: &mut impl Write,
    build: &BuildClassifier,
    mut before: impl FnMut(Job),
) -> Result<(), FilesError> {
    let mut inspector = None;
    while let Ok(next) = requests.recv() {
        let Some((kind, content)) = next.map_err(FilesError::Pipe)? else { return Ok(()) };
        let answer = match kind {
            Kind::Rules => {
                before(Job::Load);
                // The ones before make room first.
                inspector = None;
                match load(&content, build) {
                    Ok(loaded) => {
                        let yara = loaded.yara_rules();
                        inspector = Some(loaded);
                        Answer::Loaded { version: version_of(&content), yara }
                    }
                    Err(error) => Answer::Refused(error.to_string()),
                }
            }
            Kind::Files => inspect(inspector.as_ref(), &content, &mut before),
            Kind::Answer => Answer::Refused("an answer is no request".to_owned()),
        };
        frame::write(output, Kind::Answer, &[&encoded(&answer)]).map_err(FilesError::Pipe)?;
    }
    Ok(())
}

fn load(content: &[u8], build: &BuildClassifier) -> Result<Inspector, FilesError> {
    let rules: ScanRules = serde_json::from_slice(content).map_err(|error| FilesError::Frame(error.to_string()))?;
    Inspector::load(&rules, build)
}

fn inspect(inspector: Option<&Inspector>, content: &[u8], before: &mut dyn FnMut(Job)) -> Answer {
    let lost = |reason: &str| Answer::Lost(Unscanned::Failed(reason.to_owned()));
    let Some(inspector) = inspector else { return lost("no rules are loaded") };
    let Some(files) = unpacked(content) else { return lost("the request is malformed") };
    let reports: Vec<FileReport> =
        files.iter().map(|(head, bytes)| inspector.inspect(head.asked(bytes), before)).collect();
    Answer::Inspected(reports)
}

/// An answer that is too long says so instead.
fn encoded(answer: &Answer) -> Vec<u8> {
    let bytes = serde_json::to_vec(answer).unwrap_or_default();
    if !bytes.is_empty() && bytes.len() <= SCAN_ANSWER_BYTES {
        return bytes;
    }
    let reason = format!("what was found takes {} bytes, more than {SCAN_ANSWER_BYTES}", bytes.len());
    serde_json::to_vec(&Answer::Lost(Unscanned::Failed(reason))).unwrap_or_default()
}
