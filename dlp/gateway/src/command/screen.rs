//! `fengsui dlp screen`: words of a lexicon in files and folders, or in lines as they come in.

use std::io::{BufRead, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use fengsui_dlp_engine::lexicon::{Hit, Lexicon};
use serde_json::json;

use super::scan::local;
use super::{Format, printable, progress};
use crate::extract::{Cause, Extracted, Piece, Unreadable, extract};
use crate::scan::{files_of, read_file};
use crate::{GatewayError, ReloadingLexicon, limits, load_lexicon};

/// What is screened.
#[derive(Debug, Clone, Default)]
pub struct ScreenOptions {
    /// Files or folders, or only `-` for the lines of the standard input.
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
    if options.targets == ["-"] {
        return lines(options, RELOAD, &mut std::io::stdin().lock(), out);
    }
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

/// How often the lexicon's folder is looked at while lines come in.
const RELOAD: Duration = Duration::from_secs(1);

/// Screens lines as long as they come, by the lexicon as it is then: a service pipes its texts through.
fn lines(
    options: &ScreenOptions,
    reload: Duration,
    input: &mut impl BufRead,
    out: &mut dyn Write,
) -> Result<u8, GatewayError> {
    let own = options.lexicon.as_deref().map(|folder| ReloadingLexicon::open(folder, reload)).transpose()?;
    let embedded = Arc::new(Lexicon::new(&std::collections::BTreeMap::new())?);
    let (mut found, mut line, mut number) = (false, Vec::new(), 0_u64);
    while input.by_ref().take(limits::SCREENED_LINE_BYTES).read_until(b'\n', &mut line)? > 0 {
        let lexicon = own.as_ref().map_or_else(|| Arc::clone(&embedded), ReloadingLexicon::current);
        let place = number.to_string();
        for hit in lexicon.screen(&String::from_utf8_lossy(&line)) {
            found = true;
            write(options.format, "-", &place, &hit, out)?;
        }
        // Who waits for an answer gets it.
        out.flush()?;
        number += u64::from(line.ends_with(b"\n"));
        line.clear();
    }
    Ok(u8::from(found))
}

/// What can't be read at all has one part that can't.
fn extracted(path: &Path, name: &str) -> Extracted {
    match read_file(path) {
        Ok(bytes) => extract(&bytes, name),
        Err(reason) => Extracted {
            unreadable: vec![Unreadable { inside: String::new(), reason, cause: Cause::Closed }],
            ..Extracted::default()
        },
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

#[cfg(test)]
mod tests {
    use super::*;

    /// An input that changes the lexicon before its second line.
    struct Changing<'f>(&'f Path, usize);

    impl std::io::Read for Changing<'_> {
        fn read(&mut self, room: &mut [u8]) -> std::io::Result<usize> {
            self.1 += 1;
            let (word, line) = match self.1 {
                1 => ("甲乙丙丁", "说甲乙丙丁\n"),
                2 => ("戊己庚辛壬", "说甲乙丙丁和戊己庚辛壬\n"),
                _ => return Ok(0),
            };
            let text = format!("category = 'own'\ntitle = '自定'\nwords = ['{word}']\n");
            std::fs::write(self.0.join("own.toml"), text)?;
            room[..line.len()].copy_from_slice(line.as_bytes());
            Ok(line.len())
        }
    }

    #[test]
    fn lines_are_screened_by_the_lexicon_as_it_is_then() {
        let folder = tempfile::tempdir().expect("makes a folder");
        let options = ScreenOptions {
            targets: vec!["-".to_owned()],
            lexicon: Some(folder.path().to_owned()),
            format: Format::JsonLines,
        };
        let mut input = std::io::BufReader::new(Changing(folder.path(), 0));
        let mut out = Vec::new();
        let status = lines(&options, Duration::ZERO, &mut input, &mut out).expect("screens");
        let said = String::from_utf8(out).expect("is text");
        let hits: Vec<serde_json::Value> =
            said.lines().map(|line| serde_json::from_str(line).expect("is JSON")).collect();
        let words: Vec<_> = hits.iter().map(|hit| (hit["place"].as_str(), hit["word"].as_str())).collect();
        assert_eq!((status, words), (1, vec![(Some("0"), Some("甲乙丙丁")), (Some("1"), Some("戊己庚辛壬"))]));
    }
}
