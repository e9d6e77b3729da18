//! Documents in any format, and what is found in their texts.

use std::sync::LazyLock;

use fengsui_dlp_engine::{Engine, EngineSettings, Rules};
use fengsui_dlp_gateway::{Piece, extract};

use crate::byte;

/// Names whose endings help to recognise a format.
const NAMES: [&str; 16] = [
    "a", "a.txt", "a.csv", "a.json", "a.jsonl", "a.xml", "a.html", "a.eml", "a.mbox", "a.sql", "a.ofd", "a.pdf",
    "a.doc", "a.xls", "a.ppt", "a.wps",
];

/// Formats whose documents are packed, so that measurements make whole files of them (`tests/doubling_files.rs`); all others
/// are measured on text that goes on and on (`tests/doubling_data.rs`).
pub const MADE_FORMATS: [&str; 11] =
    ["spreadsheet", "office", "legacy", "zip", "gzip", "bzip2", "zstd", "xz", "7z", "parquet", "tar"];

/// First byte: the name of the file.
pub(crate) fn document(data: &[u8]) {
    let mut rest = data;
    let name = NAMES[usize::from(byte(&mut rest)) % NAMES.len()];
    let extracted = extract(rest, name);
    for piece in &extracted.pieces {
        let (Piece::Text { text, .. } | Piece::Cell { value: text, .. }) = piece;
        assert!(!text.trim().is_empty(), "a piece holds something");
    }
    assert!(extracted.unreadable.iter().all(|part| !part.reason.is_empty()), "what is not read has a reason");
}

static ENGINE: LazyLock<Option<Engine>> =
    LazyLock::new(|| Engine::new(EngineSettings::default(), &Rules::default()).ok());

/// A text: what is found lies within it, on whole characters.
pub(crate) fn sensitive_text(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let engine = ENGINE.as_ref();
    assert!(engine.is_some(), "the engine is made without rules");
    for found in engine.map(|engine| engine.scan_text(&text)).unwrap_or_default() {
        assert!(
            text.get(found.start..found.end).is_some_and(|text| !text.is_empty()),
            "{found:?} is a part of the text"
        );
        assert!(found.confidence <= 100, "{found:?}");
    }
}
