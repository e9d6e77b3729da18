//! Header blocks.

use super::lines::{Ending, Line};
use crate::app::text::{is_blank, trim};
use crate::limits::{HTTP_HEADER_BYTES, HTTP_HEADERS};

/// The header lines of one message.
#[derive(Debug, Default)]
pub(super) struct Headers {
    list: Vec<Header>,
    /// The lines as they came, endings included.
    pub(super) raw: Vec<u8>,
    /// The line that the next one may continue.
    open: Option<Vec<u8>>,
    previous: Option<Ending>,
    pub(super) missing_colon: bool,
    pub(super) folded: bool,
    /// There are more than are kept.
    pub(super) too_many: bool,
    /// It was told that a line is too long.
    pub(super) length_told: bool,
}

/// One header.
#[derive(Debug, Clone)]
pub(super) struct Header {
    pub(super) name: Vec<u8>,
    pub(super) value: Vec<u8>,
}

impl Headers {
    /// Takes a line; says whether it ended the block.
    pub(super) fn take(&mut self, line: &Line) -> bool {
        self.keep_raw(line);
        let previous = self.previous.replace(line.ending);
        if ends_block(line, previous) {
            self.close();
            return true;
        }
        let continues = line.text.first().is_some_and(|byte| matches!(byte, b' ' | b'\t'));
        match &mut self.open {
            Some(open) if continues => {
                open.push(b' ');
                open.extend_from_slice(trim(&line.text));
                self.folded = true;
            }
            _ if trim(&line.text).is_empty() => {}
            _ => {
                self.close();
                self.open = Some(line.text.clone());
            }
        }
        false
    }

    fn keep_raw(&mut self, line: &Line) {
        if self.raw.len() + line.text.len() <= HTTP_HEADER_BYTES {
            self.raw.extend_from_slice(&line.text);
            self.raw.extend_from_slice(line.ending.bytes());
        }
    }

    /// Ends the line that was open for continuation.
    pub(super) fn close(&mut self) {
        let Some(line) = self.open.take() else { return };
        if self.list.len() >= HTTP_HEADERS {
            self.too_many = true;
            return;
        }
        let colon = memchr::memchr(b':', &line);
        self.missing_colon |= colon.is_none();
        let (name, value) = line.split_at(colon.unwrap_or(line.len()));
        let value = value.get(1..).unwrap_or(&[]);
        let name = name.iter().copied().filter(|byte| !byte.is_ascii_control()).collect::<Vec<_>>();
        self.list.push(Header { name: trim(&name).to_vec(), value: trim(value).to_vec() });
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Header> {
        self.list.iter()
    }

    /// Every value of a header, in order.
    pub(super) fn all<'a>(&'a self, name: &'static str) -> impl Iterator<Item = &'a [u8]> {
        self.list
            .iter()
            .filter(move |header| header.name.eq_ignore_ascii_case(name.as_bytes()))
            .map(|header| header.value.as_slice())
    }

    /// The first value of a header.
    pub(super) fn get(&self, name: &'static str) -> Option<&[u8]> {
        self.all(name).next()
    }

    /// All values of a header, joined by commas.
    pub(super) fn joined(&self, name: &'static str) -> Option<Vec<u8>> {
        let values = self.all(name).collect::<Vec<_>>();
        if values.is_empty() { None } else { Some(values.join(&b", "[..])) }
    }
}

/// An empty line ends the block. After a bare LF a line of blanks does so too, as servers have been seen to accept; a
/// line of several CR only does so after a bare LF.
fn ends_block(line: &Line, previous: Option<Ending>) -> bool {
    let after_bare_lf = previous == Some(Ending::Lf);
    match line.ending {
        Ending::Cr => false,
        Ending::CrLf => line.text.is_empty(),
        Ending::CrsLf => line.text.is_empty() && after_bare_lf,
        Ending::Lf => line.text.is_empty() || (after_bare_lf && line.text.iter().all(|byte| is_blank(*byte))),
    }
}
