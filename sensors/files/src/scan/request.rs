//! What is asked about files and what is answered: closed types, the same in this process and over a pipe.

use std::borrow::Cow;
use std::sync::Arc;

use fengsui_dlp_engine::{ContentHint, ContentReport};
use serde::{Deserialize, Serialize};

use crate::{ScanOutcome, Unscanned};

/// A file and what is asked about it.
#[derive(Debug, Clone)]
pub struct FileTask {
    /// Its bytes, shared with whoever handed them in.
    pub bytes: Arc<Vec<u8>>,
    /// Whether YARA scans it.
    pub yara: bool,
    /// What is known of its content, when sensitive data is looked for in it.
    pub content: Option<ContentHint>,
}

/// What came of a file: an answer to each question that was asked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileReport {
    /// What YARA found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub yara: Option<ScanOutcome>,
    /// What is sensitive in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<ContentOutcome>,
}

/// How the search for sensitive data ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContentOutcome {
    /// The content was looked at; the report says which parts of it could not be read.
    Read(ContentReport),
    /// It was not looked at to its end.
    Unfinished(Unscanned),
}

impl ContentOutcome {
    /// Why the content was not looked at to its end, when it was not.
    #[must_use]
    pub const fn unfinished(&self) -> Option<&Unscanned> {
        if let Self::Unfinished(reason) = self { Some(reason) } else { None }
    }
}

/// The questions about one file, with the part of it that is handed over.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) yara: bool,
    pub(super) content: Option<&'a ContentHint>,
}

impl<'a> Asked<'a> {
    pub(super) fn of(task: &'a FileTask) -> Self {
        Self { bytes: &task.bytes, yara: task.yara, content: task.content.as_ref() }
    }

    /// Each question alone; nothing when there is but one.
    pub(super) fn apart(self) -> Option<[Self; 2]> {
        (self.yara && self.content.is_some()).then_some([Self { yara: false, ..self }, Self { content: None, ..self }])
    }

    /// The report when nobody can answer.
    pub(super) fn unanswered(self, reason: &Unscanned) -> FileReport {
        FileReport {
            yara: self.yara.then(|| ScanOutcome::Unscanned(reason.clone())),
            content: self.content.map(|_| ContentOutcome::Unfinished(reason.clone())),
        }
    }

    /// Whether a report answers what was asked and nothing else.
    pub(super) fn is_answered_by(self, report: &FileReport) -> bool {
        report.yara.is_some() == self.yara && report.content.is_some() == self.content.is_some()
    }
}

/// How a file is announced in a request; the bytes of all files follow their heads.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileHead<'a> {
    length: usize,
    yara: bool,
    content: Option<Cow<'a, ContentHint>>,
}

/// What a request begins with: the length of the heads, and the heads. The bytes of each file follow.
pub(super) fn heads_of(files: &[Asked<'_>]) -> serde_json::Result<Vec<u8>> {
    let heads: Vec<FileHead<'_>> = files
        .iter()
        .map(|file| FileHead { length: file.bytes.len(), yara: file.yara, content: file.content.map(Cow::Borrowed) })
        .collect();
    let heads = serde_json::to_vec(&heads)?;
    let mut start = u32::try_from(heads.len()).unwrap_or(u32::MAX).to_le_bytes().to_vec();
    start.extend(heads);
    Ok(start)
}

/// Reads the heads of a request; the rest of it is the files.
pub(super) fn unpacked(content: &[u8]) -> Option<Vec<(FileHead<'static>, &[u8])>> {
    let (length, rest) = content.split_first_chunk::<4>()?;
    let (heads, mut rest) = rest.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)?;
    let heads: Vec<FileHead<'static>> = serde_json::from_slice(heads).ok()?;
    let mut files = Vec::with_capacity(heads.len());
    for head in heads {
        let (bytes, after) = rest.split_at_checked(head.length)?;
        files.push((head, bytes));
        rest = after;
    }
    rest.is_empty().then_some(files)
}

impl FileHead<'_> {
    /// The questions about the file, whose bytes these are.
    pub(super) fn asked<'a>(&'a self, bytes: &'a [u8]) -> Asked<'a> {
        Asked { bytes, yara: self.yara, content: self.content.as_deref() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_come_back_as_they_were_and_cut_requests_are_refused() {
        let hint = ContentHint { name: Some("名单.csv".to_owned()), ..ContentHint::default() };
        let files = [
            Asked { bytes: b"first", yara: true, content: None },
            Asked { bytes: b"", yara: false, content: Some(&hint) },
            Asked { bytes: b"third", yara: true, content: Some(&hint) },
        ];
        let mut request = heads_of(&files).expect("is packed");
        files.iter().for_each(|file| request.extend_from_slice(file.bytes));
        let back = unpacked(&request).expect("is unpacked");
        assert_eq!(back.len(), files.len());
        for ((head, bytes), file) in back.iter().zip(files) {
            let asked = head.asked(bytes);
            assert_eq!((asked.bytes, asked.yara, asked.content), (file.bytes, file.yara, file.content));
        }
        for cut in 0..request.len() {
            assert!(unpacked(&request[..cut]).is_none(), "cut at {cut}");
        }
        request.push(0);
        assert!(unpacked(&request).is_none(), "something is left over");
    }
}
