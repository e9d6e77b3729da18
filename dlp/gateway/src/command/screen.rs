//! `fengsui dlp screen`: words of a lexicon in files and folders.

use std::io::Write;
use std::path::{Path, PathBuf};

use fengsui_dlp_engine::lexicon::{Hit, Lexicon};
use serde_json::json;

use super::scan::local;
use super::{Format, printable, progress};
use crate::extract::{Extracted, Piece, Unreadable, extract};
use crate::scan::{files_of, read_file};
use crate::{GatewayError, load_lexicon};

/// What is screened.
#[derive(Debug, Clone, Default)]
pub struct ScreenOptions {
    /// Files or folders.
    pub targets: Vec<String>,
    /// Folder of lexicon files that add to or replace the embedded ones.
    pub lexicon: Option<PathBuf>,
    /// How hits are written.
    pub format: Format,
}

/// Screens and reports. Returns 0 when everything was read and nothing hit, else 1.
///
/// # Errors
/// When a target does not exist or the lexicon can't be read.
pub fn run(options: &ScreenOptions, out: &mut dyn Write) -> Result<u8, GatewayError> {
    let files = options.lexicon.as_deref().map(load_lexicon).transpose()?.unwrap_or_default();
    let lexicon = Lexicon::new(&files)?;
    let mut paths = Vec::new();
    for target in &options.targets {
        paths.extend(files_of(&local(target)?)?);
    }
    let bar = progress(paths.len(), "筛查");
    let mut found = false;
    for path in &paths {
        let name = path.to_string_lossy();
        let extracted = extracted(path, &name);
        for part in &extracted.unreadable {
            found = true;
            unreadable(options.format, &name, part, out)?;
        }
        for piece in extracted.pieces {
            let (Piece::Text { inside, text } | Piece::Cell { inside, value: text, .. }) = &piece;
            for hit in lexicon.screen(text) {
                found = true;
                write(options.format, &name, inside, &hit, out)?;
            }
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(u8::from(found))
}

/// What can't be read at all has one part that can't.
fn extracted(path: &Path, name: &str) -> Extracted {
    match read_file(path) {
        Ok(bytes) => extract(&bytes, name),
        Err(reason) => {
            Extracted { unreadable: vec![Unreadable { inside: String::new(), reason }], ..Extracted::default() }
        }
    }
}

/// What was not screened is told, so that nobody takes it for clean.
fn unreadable(format: Format, file: &str, part: &Unreadable, out: &mut dyn Write) -> Result<(), GatewayError> {
    match format {
        Format::Table => {
            writeln!(out, "{} {} 无法检查：{}", printable(file), printable(&part.inside), printable(&part.reason))?
        }
        Format::Json | Format::JsonLines => {
            let line = json!({"file": file, "place": part.inside, "category": "unreadable", "reason": part.reason});
            writeln!(out, "{line}")?;
        }
    }
    Ok(())
}

fn write(format: Format, file: &str, inside: &str, hit: &Hit, out: &mut dyn Write) -> Result<(), GatewayError> {
    match format {
        Format::Table => writeln!(
            out,
            "{} {} 字节{}-{} {} “{}”{}",
            printable(file),
            printable(inside),
            hit.start,
            hit.end,
            hit.title,
            hit.word,
            if hit.variant { "（变体）" } else { "" }
        )?,
        Format::Json | Format::JsonLines => {
            let line = json!({"file": file, "place": inside, "category": hit.category, "word": hit.word, "start": hit.start, "end": hit.end, "variant": hit.variant});
            writeln!(out, "{line}")?;
        }
    }
    Ok(())
}
