//! `fengsui dlp screen`: words of a lexicon in files and folders.

use std::io::Write;
use std::path::PathBuf;

use fengsui_dlp_engine::lexicon::{Hit, Lexicon};
use serde_json::json;

use super::scan::local;
use super::{Format, printable, progress};
use crate::extract::{Piece, extract};
use crate::scan::files_of;
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

/// Screens and reports. Returns 0 without hits, 1 with hits.
///
/// # Errors
/// When a target or the lexicon can't be read.
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
        let bytes = std::fs::read(path).map_err(|error| GatewayError::io(path, error))?;
        let name = path.to_string_lossy();
        for piece in extract(&bytes, &name).pieces {
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
