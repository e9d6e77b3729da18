//! Lines as the most lenient of HTTP implementations cut them.

use crate::limits::LINE_BYTES;

/// How a line ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// LF alone.
    Lf,
    /// CR LF.
    CrLf,
    /// Several CR, then LF.
    CrsLf,
    /// CR without LF.
    Cr,
}

/// A line without its ending.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) text: Vec<u8>,
    pub(super) ending: Ending,
    carriage_returns: usize,
}

impl Line {
    /// What the end of the connection left without an ending.
    pub(super) const fn unended(text: Vec<u8>) -> Self {
        Self { text, ending: Ending::Cr, carriage_returns: 0 }
    }

    /// The line byte by byte as it came.
    pub(super) fn raw(&self) -> Vec<u8> {
        let mut raw = self.text.clone();
        raw.extend(std::iter::repeat_n(b'\r', self.carriage_returns));
        if self.ending != Ending::Cr {
            raw.push(b'\n');
        }
        raw
    }
}

/// Collects the bytes of a line over any number of pieces.
#[derive(Debug, Default)]
pub(super) struct LineReader {
    text: Vec<u8>,
    /// CRs at the end that may belong to the line's ending.
    carriage_returns: usize,
}

impl LineReader {
    /// Takes bytes off the input up to the end of a line. `None` when the input ran out first.
    pub(super) fn read(&mut self, input: &mut &[u8]) -> Option<Line> {
        while let Some((first, rest)) = input.split_first() {
            match (*first, self.carriage_returns) {
                (b'\n', 0) => {
                    *input = rest;
                    return Some(self.take(Ending::Lf));
                }
                (b'\n', count) => {
                    *input = rest;
                    return Some(self.take(if count == 1 { Ending::CrLf } else { Ending::CrsLf }));
                }
                (b'\r', count) => {
                    self.carriage_returns = count + 1;
                    *input = rest;
                }
                (_, 0) => self.collect(input),
                // A CR without LF: what follows is the next line.
                _ => return Some(self.take(Ending::Cr)),
            }
        }
        None
    }

    /// As [`Self::read`], but stops when the line has come to so many bytes, so that whoever judges a line by its start
    /// does so at the same byte however the stream is cut. Behind them the rest of the line is read at once.
    pub(super) fn read_within(&mut self, input: &mut &[u8], bytes: usize) -> Option<Line> {
        let room = match bytes.saturating_sub(self.text.len()) {
            0 => input.len(),
            room => room.min(input.len()),
        };
        let mut window = &input[..room];
        let line = self.read(&mut window);
        *input = &input[room - window.len()..];
        line
    }

    fn collect(&mut self, input: &mut &[u8]) {
        let length = memchr::memchr2(b'\r', b'\n', input).unwrap_or(input.len());
        let (text, rest) = input.split_at(length);
        let room = LINE_BYTES.saturating_sub(self.text.len());
        self.text.extend_from_slice(&text[..text.len().min(room)]);
        *input = rest;
    }

    fn take(&mut self, ending: Ending) -> Line {
        let carriage_returns = std::mem::take(&mut self.carriage_returns);
        Line { text: std::mem::take(&mut self.text), ending, carriage_returns }
    }

    /// The bytes of the line so far.
    pub(super) fn peek(&self) -> &[u8] {
        &self.text
    }

    /// Whether nothing of a line has been read.
    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty() && self.carriage_returns == 0
    }

    /// The bytes of the line so far; forgets them.
    pub(super) fn take_rest(&mut self) -> Vec<u8> {
        let mut text = std::mem::take(&mut self.text);
        text.extend(std::iter::repeat_n(b'\r', std::mem::take(&mut self.carriage_returns)));
        text
    }
}

impl Ending {
    pub(super) fn bytes(self) -> &'static [u8] {
        match self {
            Self::Lf => b"\n",
            Self::CrLf => b"\r\n",
            Self::CrsLf => b"\r\r\n",
            Self::Cr => b"\r",
        }
    }
}
