//! Finds sensitive data in files and folders.

use std::path::{Path, PathBuf};

use fengsui_dlp_engine::{Classification, Engine, Match, add_sample, masked_sample};
use fengsui_schema::{DataGrade, FindingSample};

use crate::extract::{Extracted, Piece, extract};
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
    let name = path.to_string_lossy().into_owned();
    match read_file(path) {
        Ok(bytes) => scan_bytes(engine, &bytes, &name),
        Err(reason) => {
            let mut report = ScanReport::default();
            report.add_unreadable(&name, "", &reason);
            report
        }
    }
}

fn read_file(path: &Path) -> Result<Vec<u8>, String> {
    let size = std::fs::metadata(path).map_err(|error| format!("文件无法读取：{error}"))?.len();
    if size > limits::FILE_BYTES {
        return Err(format!("文件超过{}MiB，请拆分后检查", limits::FILE_BYTES / 1024 / 1024));
    }
    std::fs::read(path).map_err(|error| format!("文件无法读取：{error}"))
}

/// Scans the bytes of a file or of an upload.
#[must_use]
pub fn scan_bytes(engine: &Engine, bytes: &[u8], name: &str) -> ScanReport {
    let mut report = ScanReport { bytes: bytes.len() as u64, ..ScanReport::default() };
    let Extracted { pieces, unreadable } = extract(bytes, name);
    for piece in &pieces {
        match piece {
            Piece::Text { inside, text } => {
                for found in engine.scan_text(text) {
                    report.add(engine, name, &byte_range(inside, &found), text, &found);
                }
            }
            Piece::Cell { inside, header, value } => {
                for found in engine.scan_value(value, header) {
                    report.add(engine, name, inside, value, &found);
                }
            }
        }
    }
    for part in unreadable {
        report.add_unreadable(name, &part.inside, &part.reason);
    }
    report
}

fn byte_range(inside: &str, found: &Match) -> String {
    let range = format!("字节{}-{}", found.start, found.end);
    if inside.is_empty() { range } else { format!("{inside} {range}") }
}

impl ScanReport {
    fn add(&mut self, engine: &Engine, file: &str, place: &str, text: &str, found: &Match) {
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
            explanation: found.explanation.clone(),
        });
    }

    fn add_unreadable(&mut self, file: &str, place: &str, reason: &str) {
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
