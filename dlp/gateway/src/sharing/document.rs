//! Weak marks of documents: characters that show nothing in .txt, .md and .docx, and in .docx also revision numbers.
//! They are a hint where to look, never proof: see [`fengsui_dlp_engine::watermark::mark_text`].

use std::io::{Cursor, Read, Write};
use std::path::{Path, PathBuf};

use fengsui_crypto::sm3;
use fengsui_dlp_engine::watermark::{ReleaseMark, mark_text, read_text_marks, text_mark};
use fengsui_dlp_engine::{ContentHint, decode};
use fengsui_schema::Timestamp;
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use crate::command::mask::key;
use crate::ledger::{Entry, Ledger};
use crate::table::write_whole;
use crate::{GatewayError, limits};

/// A document that is marked for a recipient.
#[derive(Debug, Clone, Default)]
pub struct DocumentRequest {
    /// Who gets the copy.
    pub recipient: String,
    /// Folder of the ledger.
    pub ledger: PathBuf,
    /// The document: .txt, .md or .docx.
    pub input: PathBuf,
    /// Where the copy goes.
    pub output: PathBuf,
    /// The time of the release.
    pub time: Timestamp,
}

/// The policy of entries of documents: nothing is masked in them.
const POLICY: &str = "document-mark";

/// Paragraphs from one mark to the next.
const EVERY: usize = 3;

/// Marks a document and records it. Nothing in it is masked.
///
/// # Errors
/// When it can't be read or written, or is of another form.
pub fn mark_document(request: &DocumentRequest) -> Result<Entry, GatewayError> {
    if request.recipient.trim().is_empty() {
        return Err(GatewayError::Usage("the recipient has no name; a copy can't be traced to nobody".to_owned()));
    }
    if request.output.exists() {
        return Err(GatewayError::format(&request.output, "exists; name another file"));
    }
    let bytes = std::fs::read(&request.input).map_err(|error| GatewayError::io(&request.input, error))?;
    let mut ledger = Ledger::open(&request.ledger)?;
    let tag = ReleaseMark::new(&key(&ledger.mark_key())?).tag(&request.recipient);
    let marked = match extension(&request.input).as_str() {
        "txt" | "md" => mark_text(&text_of(&request.input, &bytes)?, tag, EVERY).into_bytes(),
        "docx" => mark_docx(&request.input, &bytes, tag)?,
        _ => {
            return Err(GatewayError::format(
                &request.input,
                "can't be marked; documents are .txt, .md and .docx, tables go through release",
            ));
        }
    };
    write_whole(&request.output, &marked)?;
    let entry = Entry {
        time: request.time,
        recipient: request.recipient.clone(),
        dataset: hex::encode(sm3(&bytes)),
        source: request.input.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        policy: POLICY.to_owned(),
        copy_sm3: hex::encode(sm3(&marked)),
        ..Entry::default()
    };
    let recorded = ledger.append(entry).cloned();
    if recorded.is_err() {
        // Nobody could say whose copy it is.
        let _ = std::fs::remove_file(&request.output);
    }
    recorded
}

/// The recipients that the weak marks of a document point to, and how many marks do.
///
/// # Errors
/// When the document or the ledger can't be read.
pub fn document_hints(ledger: &Ledger, path: &Path) -> Result<Vec<(String, usize)>, GatewayError> {
    let bytes = std::fs::read(path).map_err(|error| GatewayError::io(path, error))?;
    let tags = match extension(path).as_str() {
        "docx" => docx_marks(path, &bytes)?,
        _ => read_text_marks(&text_of(path, &bytes)?),
    };
    let mark = ReleaseMark::new(&key(&ledger.mark_key())?);
    let mut names: Vec<&String> = ledger.entries().iter().map(|entry| &entry.recipient).collect();
    names.sort();
    names.dedup();
    let hits = |name: &String| tags.iter().filter(|tag| **tag == mark.tag(name)).count();
    let mut hints: Vec<(String, usize)> = names.into_iter().map(|name| (name.clone(), hits(name))).collect();
    hints.retain(|(_, hits)| *hits > 0);
    hints.sort_by_key(|(_, hits)| std::cmp::Reverse(*hits));
    Ok(hints)
}

/// Whether a file is a document rather than a table.
#[must_use]
pub fn is_document(path: &Path) -> bool {
    matches!(extension(path).as_str(), "txt" | "md" | "docx")
}

fn extension(path: &Path) -> String {
    path.extension().unwrap_or_default().to_string_lossy().to_lowercase()
}

fn text_of(path: &Path, bytes: &[u8]) -> Result<String, GatewayError> {
    let text = decode(bytes, &ContentHint::default());
    text.map(std::borrow::Cow::into_owned)
        .ok_or_else(|| GatewayError::format(path, "its character encoding is not recognised; save it as UTF-8"))
}

/// The parts of a container, each with its name.
fn parts(path: &Path, bytes: &[u8]) -> Result<Vec<(String, Vec<u8>)>, GatewayError> {
    let broken = |reason: String| GatewayError::format(path, format!("is no readable document: {reason}"));
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| broken(error.to_string()))?;
    let mut parts = Vec::new();
    let mut left = limits::UNPACKED_BYTES;
    for index in 0..archive.len().min(limits::MEMBERS) {
        let part = archive.by_index(index).map_err(|error| broken(error.to_string()))?;
        let name = part.name().map_err(|error| broken(error.to_string()))?.into_owned();
        let mut content = Vec::new();
        part.take(left).read_to_end(&mut content).map_err(|error| broken(error.to_string()))?;
        left = left.saturating_sub(content.len() as u64);
        if left == 0 {
            return Err(broken(format!("it unpacks to more than {} bytes", limits::UNPACKED_BYTES)));
        }
        parts.push((name, content));
    }
    Ok(parts)
}

fn mark_docx(path: &Path, bytes: &[u8], tag: u64) -> Result<Vec<u8>, GatewayError> {
    let broken = |error: String| GatewayError::format(path, error);
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, mut content) in parts(path, bytes)? {
        if name == "word/document.xml" {
            content = marked_runs(&String::from_utf8_lossy(&content), tag).into_bytes();
        } else if name == "word/settings.xml" {
            content = with_revisions(&String::from_utf8_lossy(&content), tag).into_bytes();
        }
        writer.start_file(name, SimpleFileOptions::default()).map_err(|error| broken(error.to_string()))?;
        writer.write_all(&content).map_err(|error| broken(error.to_string()))?;
    }
    writer.finish().map(Cursor::into_inner).map_err(|error| broken(error.to_string()))
}

/// The mark at the end of every third run of text.
fn marked_runs(xml: &str, tag: u64) -> String {
    let mark = text_mark(tag);
    let mut out = String::with_capacity(xml.len() * 2);
    for (index, piece) in xml.split("</w:t>").enumerate() {
        if index > 0 {
            if (index - 1).is_multiple_of(EVERY) {
                out.push_str(&mark);
            }
            out.push_str("</w:t>");
        }
        out.push_str(piece);
    }
    out
}

/// Two revision numbers that are the halves of the mark; Word keeps them when it saves.
fn with_revisions(xml: &str, tag: u64) -> String {
    let numbers = format!("<w:rsid w:val=\"{:08X}\"/><w:rsid w:val=\"{:08X}\"/>", tag >> 32, tag & 0xffff_ffff);
    match xml.find("</w:rsids>") {
        Some(place) => format!("{}{numbers}{}", &xml[..place], &xml[place..]),
        None => xml.to_owned(),
    }
}

fn docx_marks(path: &Path, bytes: &[u8]) -> Result<Vec<u64>, GatewayError> {
    let mut tags = Vec::new();
    for (name, content) in parts(path, bytes)? {
        let text = String::from_utf8_lossy(&content);
        match name.as_str() {
            "word/document.xml" => tags.extend(read_text_marks(&text)),
            "word/settings.xml" => tags.extend(revision_pairs(&text)),
            _ => {}
        }
    }
    Ok(tags)
}

/// Neighbouring revision numbers as marks.
fn revision_pairs(xml: &str) -> Vec<u64> {
    let number = |piece: &str| piece.get(..8).and_then(|digits| u64::from_str_radix(digits, 16).ok());
    let numbers: Vec<u64> = xml.split("<w:rsid w:val=\"").skip(1).filter_map(number).collect();
    numbers.windows(2).map(|pair| (pair[0] << 32) | pair[1]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn docx() -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        let parts = [
            ("[Content_Types].xml", "<Types/>"),
            ("word/document.xml", "<w:p><w:r><w:t>第一段</w:t></w:r></w:p><w:p><w:r><w:t>第二段</w:t></w:r></w:p>"),
            ("word/settings.xml", "<w:settings><w:rsids><w:rsid w:val=\"00112233\"/></w:rsids></w:settings>"),
        ];
        for (name, text) in parts {
            writer.start_file(name, SimpleFileOptions::default()).expect("starts");
            writer.write_all(text.as_bytes()).expect("writes");
        }
        writer.finish().expect("finishes").into_inner()
    }

    #[test]
    fn weak_marks_point_to_the_recipient_of_a_document() {
        let folder = tempfile::tempdir().expect("makes a folder");
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("in.txt"), "通知\n\n各单位：\n请按时报送。\n").expect("writes");
        std::fs::write(path("in.docx"), docx()).expect("writes");
        for form in ["txt", "docx"] {
            for recipient in ["甲", "乙"] {
                let request = DocumentRequest {
                    recipient: recipient.to_owned(),
                    ledger: path("ledger"),
                    input: path(&format!("in.{form}")),
                    output: path(&format!("{recipient}.{form}")),
                    time: Timestamp::from_nanos(0),
                };
                mark_document(&request).expect("marks");
            }
            let ledger = Ledger::open(&path("ledger")).expect("opens");
            let hints = document_hints(&ledger, &path(&format!("乙.{form}"))).expect("reads");
            assert!(hints.len() == 1 && hints[0].0 == "乙" && hints[0].1 >= 1, "{hints:?}");
            assert!(document_hints(&ledger, &path(&format!("in.{form}"))).expect("reads").is_empty());
        }
        assert!(
            mark_document(&DocumentRequest {
                recipient: "甲".to_owned(),
                ledger: path("ledger"),
                input: path("in.pdf"),
                ..DocumentRequest::default()
            })
            .is_err()
        );
    }
}
