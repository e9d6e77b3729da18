//! Finds sensitive data in files and folders.

use std::path::{Path, PathBuf};

use fengsui_crypto::HmacKey;
use fengsui_dlp_engine::known::{ExactSet, Fingerprint};
use fengsui_dlp_engine::lexicon::{Hit, Lexicon};
use fengsui_dlp_engine::{Classification, Engine, Match, add_sample, masked_sample};
use fengsui_schema::{DataGrade, FindingSample};

use crate::extract::{Piece, extract_into};
use crate::{GatewayError, limits};

/// One sensitive value, or one part that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ScanFinding {
    /// The file.
    pub file: String,
    /// Page, sheet and cell, field, row and column, member; with the byte range in running text.
    pub place: String,
    /// Stable name of the type, or `unreadable`.
    #[serde(rename = "type")]
    pub data_type: String,
    /// Category by the grading template.
    pub category: String,
    /// Grade of the type.
    pub grade: Option<DataGrade>,
    /// Confidence in hundredths.
    pub confidence: u8,
    /// Masked value; empty for what could not be read.
    pub sample: String,
    /// Why.
    pub explanation: String,
}

/// What a scan of one file found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScanReport {
    /// Findings in the order of the file, at most [`limits::LISTED_FINDINGS`].
    pub findings: Vec<ScanFinding>,
    /// All values by type.
    pub samples: Vec<FindingSample>,
    /// Parts that could not be read.
    pub unreadable: usize,
    /// Bytes of the file.
    pub bytes: u64,
}

impl ScanReport {
    /// Grade of the whole file; `None` when nothing was found.
    #[must_use]
    pub fn classification(&self, engine: &Engine) -> Option<Classification> {
        engine.grade_samples(self.samples.clone())
    }
}

/// The regular files at or below a path, sorted. Symbolic links are not followed.
///
/// # Errors
/// When a folder can't be read.
pub fn files_of(path: &Path) -> Result<Vec<PathBuf>, GatewayError> {
    let mut files = Vec::new();
    let mut folders = vec![path.to_owned()];
    while let Some(next) = folders.pop() {
        let kind = std::fs::symlink_metadata(&next).map_err(|error| GatewayError::io(&next, error))?;
        if kind.is_dir() {
            let entries = std::fs::read_dir(&next).map_err(|error| GatewayError::io(&next, error))?;
            for entry in entries {
                folders.push(entry.map_err(|error| GatewayError::io(&next, error))?.path());
            }
        } else if kind.is_file() {
            files.push(next);
        }
    }
    files.sort();
    Ok(files)
}

/// Scans one file. A file that can't be read is a finding, not an error.
#[must_use]
pub fn scan_path(engine: &Engine, path: &Path) -> ScanReport {
    scan_path_with(engine, &KnownData::default(), path)
}

/// What is looked for besides sensitive values.
#[derive(Debug, Default)]
pub struct KnownData {
    /// Words of a lexicon.
    pub lexicon: Option<Lexicon>,
    /// Sets of exact values and the key they were digested with.
    pub exact: Option<(HmacKey, Vec<ExactSet>)>,
    /// Documents by name whose passages are recognised.
    pub documents: Vec<(String, Fingerprint)>,
}

/// Scans one file for sensitive data and for known data.
#[must_use]
pub fn scan_path_with(engine: &Engine, known: &KnownData, path: &Path) -> ScanReport {
    let name = path.to_string_lossy().into_owned();
    match read_file(path) {
        Ok(bytes) => scan_bytes_with(engine, known, &bytes, &name),
        Err(reason) => {
            let mut report = ScanReport::default();
            report.add_unreadable(&name, "", &reason);
            report
        }
    }
}

/// The bytes of a file, or why they can't be had.
pub(crate) fn read_file(path: &Path) -> Result<Vec<u8>, String> {
    let size = std::fs::metadata(path).map_err(|error| format!("文件无法读取：{error}"))?.len();
    if size > limits::FILE_BYTES {
        return Err(format!("文件超过{}MiB，请拆分后检查", limits::FILE_BYTES / 1024 / 1024));
    }
    std::fs::read(path).map_err(|error| format!("文件无法读取：{error}"))
}

/// Scans the bytes of a file or of an upload.
#[must_use]
pub fn scan_bytes(engine: &Engine, bytes: &[u8], name: &str) -> ScanReport {
    scan_bytes_with(engine, &KnownData::default(), bytes, name)
}

fn scan_bytes_with(engine: &Engine, known: &KnownData, bytes: &[u8], name: &str) -> ScanReport {
    let mut report = ScanReport { bytes: bytes.len() as u64, ..ScanReport::default() };
    let mut whole = String::new();
    let unreadable = extract_into(bytes, name, &mut |piece| {
        let (inside, text, header) = match &piece {
            Piece::Text { inside, text } => (inside, text, None),
            Piece::Cell { inside, header, value } => (inside, value, Some(header.as_str())),
        };
        engine.each_match(text, header, |found| {
            let running = header.is_none();
            let place = if running { byte_range(inside, found.start, found.end) } else { inside.clone() };
            report.add(engine, name, &place, text, &found);
        });
        report.add_known(known, name, inside, text);
        if !known.documents.is_empty() && whole.len() + text.len() <= limits::FINGERPRINTED_BYTES {
            whole.push_str(text);
        }
    });
    for part in unreadable {
        report.add_unreadable(name, &part.inside, &part.reason);
    }
    report.add_documents(known, name, &whole);
    report
}

fn byte_range(inside: &str, start: usize, end: usize) -> String {
    let range = format!("字节{start}-{end}");
    if inside.is_empty() { range } else { format!("{inside} {range}") }
}

impl ScanReport {
    pub(crate) fn add(&mut self, engine: &Engine, file: &str, place: &str, text: &str, found: &Match) {
        let value = text.get(found.start..found.end).unwrap_or_default();
        add_sample(&mut self.samples, found, value);
        if self.findings.len() >= limits::LISTED_FINDINGS {
            return;
        }
        let (category, grade) = engine.grade_of_type(found.data_type);
        self.findings.push(ScanFinding {
            file: file.to_owned(),
            place: place.to_owned(),
            data_type: found.data_type.to_owned(),
            category: category.to_owned(),
            grade: Some(grade),
            confidence: found.confidence,
            sample: masked_sample(found.data_type, value),
            explanation: found.why.to_string(),
        });
    }

    /// Words of the lexicon and exact values in one piece.
    fn add_known(&mut self, known: &KnownData, file: &str, inside: &str, text: &str) {
        for hit in known.lexicon.iter().flat_map(|lexicon| lexicon.screen(text)) {
            self.add_word(file, &byte_range(inside, hit.start, hit.end), &hit);
        }
        let Some((key, sets)) = &known.exact else { return };
        for set in sets {
            for range in set.find(key, text) {
                let place = byte_range(inside, range.start, range.end);
                let sample = masked_sample("exact_value", text.get(range).unwrap_or_default());
                let why = format!("与登记数据“{}”中的值一致（HMAC-SM3）", set.name);
                self.push_other(file, place, "exact_value", &set.name, 99, sample, why);
            }
        }
    }

    /// Known documents of which the file holds a good part.
    fn add_documents(&mut self, known: &KnownData, file: &str, text: &str) {
        if known.documents.is_empty() {
            return;
        }
        let own = Fingerprint::of(text);
        for (name, fingerprint) in &known.documents {
            let overlap = fingerprint.overlap(&own);
            if overlap.shared >= 3 && overlap.of_known >= limits::DOCUMENT_SHARE {
                let percent = (overlap.of_known * 100.0).min(100.0);
                let why = format!("含登记文档“{name}”约{percent:.0}%的内容（文档指纹）");
                let confidence = if overlap.of_known >= 0.5 { 95 } else { 80 };
                self.push_other(file, String::new(), "known_document", "登记文档", confidence, name.clone(), why);
            }
        }
    }

    fn add_word(&mut self, file: &str, place: &str, hit: &Hit) {
        let spelling = if hit.variant { "，写法有变化" } else { "" };
        let why = format!("词库“{}”中的词{spelling}", hit.title);
        let confidence = if hit.variant { 80 } else { 95 };
        self.push_other(file, place.to_owned(), "lexicon_word", &hit.title, confidence, hit.word.clone(), why);
    }

    #[allow(clippy::too_many_arguments, reason = "the fields of a finding in their order")]
    fn push_other(
        &mut self,
        file: &str,
        place: String,
        data_type: &str,
        category: &str,
        confidence: u8,
        sample: String,
        explanation: String,
    ) {
        if self.findings.len() >= limits::LISTED_FINDINGS {
            return;
        }
        self.findings.push(ScanFinding {
            file: file.to_owned(),
            place,
            data_type: data_type.to_owned(),
            category: category.to_owned(),
            grade: None,
            confidence,
            sample,
            explanation,
        });
    }

    pub(crate) fn add_unreadable(&mut self, file: &str, place: &str, reason: &str) {
        self.unreadable += 1;
        self.findings.push(ScanFinding {
            file: file.to_owned(),
            place: place.to_owned(),
            data_type: "unreadable".to_owned(),
            category: String::new(),
            grade: None,
            confidence: 100,
            sample: String::new(),
            explanation: reason.to_owned(),
        });
    }
}
