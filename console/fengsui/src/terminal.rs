//! The one way to a terminal. What the program prints may hold text of strangers: names of files, rule messages, reasons
//! of other nodes. Characters that a terminal would act on come out as `\uXXXX`, which JSON reads as the same text; a
//! line stays one line, whatever is in it.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use anyhow::Context;
use fengsui_schema::shown;

/// Prints one line of text. Line breaks in it are escaped too, so that nothing forges a second one.
pub(crate) fn say(out: &mut impl Write, text: impl Display) -> io::Result<()> {
    let mut line = neutral(&text.to_string(), false);
    line.push('\n');
    out.write_all(line.as_bytes())
}

/// Says something on standard error: one line.
pub(crate) fn tell(text: impl Display) {
    // Nobody is left to be told when standard error is closed.
    let _ = say(&mut io::stderr().lock(), format_args!("fengsui: {text}"));
}

/// Says on standard error what failed and why: the chain of causes. A cause may have several lines, such as a piece of a
/// settings file; those after its first are indented, so that none looks like a message of its own.
pub(crate) fn tell_failure(error: &anyhow::Error) {
    let mut err = io::stderr().lock();
    for (number, cause) in error.chain().enumerate() {
        let cause = cause.to_string();
        let mut lines = cause.lines();
        let head = if number == 0 { "fengsui: " } else { "  because " };
        let _ = say(&mut err, format_args!("{head}{}", lines.next().unwrap_or_default()));
        for line in lines {
            let _ = say(&mut err, format_args!("    {line}"));
        }
    }
}

/// Prints a value as one line of JSON.
pub(crate) fn say_json(out: &mut impl Write, value: &impl serde::Serialize) -> anyhow::Result<()> {
    let text = serde_json::to_string(value)?;
    say(out, text).context("the output can't be written")
}

/// A line on standard error that says how far something is, while a person waits at a terminal; nothing elsewhere.
pub(crate) struct Passing {
    is_seen: bool,
    shown: Option<Instant>,
}

/// Between two states of a passing line.
const PASSING: Duration = Duration::from_millis(100);

impl Passing {
    /// Nothing yet.
    pub(crate) fn new() -> Self {
        Self { is_seen: io::stderr().is_terminal(), shown: None }
    }

    /// Shows a state in place of the one before, unless that is a moment ago.
    pub(crate) fn show(&mut self, text: impl Display) {
        if self.is_seen && self.shown.is_none_or(|shown| shown.elapsed() >= PASSING) {
            self.shown = Some(Instant::now());
            let _ = write!(io::stderr().lock(), "\r\x1b[K{}", neutral(&text.to_string(), false));
        }
    }

    /// Takes the line away.
    pub(crate) fn clear(&mut self) {
        if self.shown.take().is_some() {
            let _ = write!(io::stderr().lock(), "\r\x1b[K");
        }
    }
}

/// Whether a character would do something instead of being shown: what [`shown`] escapes.
fn acts_on_a_terminal(character: char) -> bool {
    let mut bytes = [0; 4];
    // Letters, digits and spaces are most of every text.
    !character.is_alphanumeric()
        && character != ' '
        && shown(character.encode_utf8(&mut bytes)).to_string().starts_with("\"\\u{")
}

/// A text in which nothing acts on a terminal; `lines` keeps its line breaks.
fn neutral(text: &str, lines: bool) -> String {
    let mut out = String::with_capacity(text.len() + 1);
    for character in text.chars() {
        match character {
            '\n' if lines => out.push('\n'),
            '\t' => out.push('\t'),
            // All of them are in the first plane, where one group of four digits is the character.
            c if acts_on_a_terminal(c) => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out
}

/// What is written through it reaches the terminal without anything that acts on it; line breaks are kept. For reports of
/// several lines that another crate writes.
pub(crate) struct Neutral<W> {
    inner: W,
    /// The beginning of a character whose rest has not come.
    begun: Vec<u8>,
}

impl<W: Write> Neutral<W> {
    /// Around a writer.
    pub(crate) const fn new(inner: W) -> Self {
        Self { inner, begun: Vec::new() }
    }
}

impl<W: Write> Write for Neutral<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.begun.extend_from_slice(bytes);
        let mut text = String::new();
        let mut rest = self.begun.as_slice();
        loop {
            match std::str::from_utf8(rest) {
                Ok(whole) => {
                    text.push_str(whole);
                    rest = &[];
                    break;
                }
                Err(error) => {
                    let (whole, after) = rest.split_at(error.valid_up_to());
                    text.push_str(&String::from_utf8_lossy(whole));
                    let Some(wrong) = error.error_len() else {
                        rest = after;
                        break;
                    };
                    text.push(char::REPLACEMENT_CHARACTER);
                    rest = after.get(wrong..).unwrap_or_default();
                }
            }
        }
        let rest = rest.to_vec();
        self.inner.write_all(neutral(&text, true).as_bytes())?;
        self.begun = rest;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// The writer of the log: what is written at once is one event, and becomes one line.
pub(crate) struct LogLine<W>(pub(crate) W);

impl<W: Write> Write for LogLine<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        say(&mut self.0, text.strip_suffix('\n').unwrap_or(&text))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// The texts of `tests/injection`.
    fn payloads() -> Vec<String> {
        let texts: Vec<serde_json::Value> =
            serde_json::from_str(include_str!("../../../tests/injection/payloads.json")).expect("is JSON");
        texts.iter().map(|entry| entry["text"].as_str().expect("is text").to_owned()).collect()
    }

    fn check(out: &[u8], lines: usize, payload: &str) {
        let text = std::str::from_utf8(out).expect("is UTF-8");
        assert_eq!(text.matches('\n').count(), lines, "{payload:?} became {text:?}");
        let acts = text.chars().find(|c| !matches!(c, '\n' | '\t') && acts_on_a_terminal(*c));
        assert_eq!(acts, None, "{payload:?} became {text:?}");
    }

    #[test]
    fn every_payload_is_one_line_that_does_nothing() {
        for payload in payloads() {
            let mut out = Vec::new();
            say(&mut out, &payload).expect("writes");
            check(&out, 1, &payload);
            out.clear();
            say_json(&mut out, &serde_json::json!({"text": payload})).expect("writes");
            check(&out, 1, &payload);
            let read: serde_json::Value = serde_json::from_slice(&out).expect("is JSON");
            assert_eq!(read["text"], payload.as_str(), "the text is another one for a program that reads it");
        }
    }

    #[test]
    fn reports_keep_their_lines_and_nothing_else_that_acts() {
        for payload in payloads() {
            let (mut out, bytes) = (Vec::new(), format!("{payload}|\u{9b}31m|末\n"));
            let mut neutral = Neutral::new(&mut out);
            // However the bytes are cut.
            bytes.as_bytes().chunks(3).for_each(|piece| neutral.write_all(piece).expect("writes"));
            check(&out, bytes.matches('\n').count(), &payload);
            assert!(String::from_utf8_lossy(&out).ends_with("末\n"));
        }
        let mut out = Vec::new();
        Neutral::new(&mut out).write_all(b"a\xff\xfeb\x1b[2J").expect("writes");
        assert_eq!(String::from_utf8_lossy(&out), "a\u{fffd}\u{fffd}b\\u001b[2J");
    }

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("holds").extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn every_event_of_the_log_is_one_line() {
        for json in [false, true] {
            let kept = Kept::default();
            let writer = kept.clone();
            let log = tracing_subscriber::fmt().with_ansi(false).with_writer(move || LogLine(writer.clone()));
            let count = payloads().len();
            let write = || {
                for payload in payloads() {
                    tracing::error!(path = %payload, object = payload, "{payload}");
                }
            };
            if json {
                tracing::subscriber::with_default(log.json().finish(), write);
            } else {
                tracing::subscriber::with_default(log.finish(), write);
            }
            let out = kept.0.lock().expect("holds").clone();
            check(&out, count, "the log");
        }
    }
}
