//! Cuts a stream of bytes into messages: octet counting (RFC 6587) or one message a line.

use crate::limits;

/// Cuts a stream into messages.
#[derive(Debug, Default)]
pub(super) struct Frames {
    /// Whether messages may be counted (RFC 6587); else every line is one.
    counted: bool,
    pending: Vec<u8>,
    /// Bytes of the present line that are dropped until its end.
    overlong: bool,
    pub(super) dropped: usize,
}

/// What the pending bytes begin with.
enum Next {
    /// A message of these bytes, then where the rest begins.
    Message(usize, usize, usize),
    /// More bytes are needed.
    Wait,
}

impl Frames {
    /// Octet counting or one message a line, told by the first byte of each message.
    pub(super) fn of_syslog() -> Self {
        Self { counted: true, ..Self::default() }
    }

    /// Whether messages may be counted.
    pub(super) fn is_syslog(&self) -> bool {
        self.counted
    }

    /// One message a line.
    pub(super) fn of_lines() -> Self {
        Self::default()
    }

    /// Takes bytes; the messages they complete.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Vec<Vec<u8>> {
        self.pending.extend_from_slice(bytes);
        let (mut messages, mut start) = (Vec::new(), 0);
        while let Next::Message(from, to, rest) = self.next(start) {
            if std::mem::take(&mut self.overlong) {
                self.dropped += to - from;
            } else if to > from {
                messages.push(self.pending[from..to].to_vec());
            }
            start = rest;
        }
        self.pending.drain(..start);
        if self.pending.len() > limits::LINE_BYTES {
            self.cut(&mut messages);
        }
        messages
    }

    /// Hands out the beginning of a line that is too long and drops the rest of it.
    fn cut(&mut self, messages: &mut Vec<Vec<u8>>) {
        self.dropped += self.pending.len().saturating_sub(if self.overlong { 0 } else { limits::LINE_BYTES });
        self.pending.truncate(limits::LINE_BYTES);
        let line = std::mem::take(&mut self.pending);
        if !self.overlong {
            messages.push(line);
        }
        self.overlong = true;
    }

    fn next(&self, start: usize) -> Next {
        let pending = &self.pending[start..];
        if self.counted && !self.overlong && pending.first().is_some_and(|byte| (b'1'..=b'9').contains(byte)) {
            let digits = pending.iter().take_while(|byte| byte.is_ascii_digit()).count();
            let length = std::str::from_utf8(&pending[..digits]).ok().and_then(|digits| digits.parse::<usize>().ok());
            match (pending.get(digits), length) {
                (None, _) if digits <= 7 => return Next::Wait,
                (Some(b' '), Some(length)) if length <= limits::LINE_BYTES => {
                    let from = start + digits + 1;
                    return if self.pending.len() >= from + length {
                        Next::Message(from, from + length, from + length)
                    } else {
                        Next::Wait
                    };
                }
                _ => {}
            }
        }
        match pending.iter().position(|byte| *byte == b'\n') {
            Some(end) => Next::Message(start, start + end, start + end + 1),
            None => Next::Wait,
        }
    }

    /// What stands without an end when the sender closes.
    pub(super) fn finish(&mut self) -> Vec<Vec<u8>> {
        let line = std::mem::take(&mut self.pending);
        if line.is_empty() || self.overlong { Vec::new() } else { vec![line] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(chunks: &[&str]) -> Vec<String> {
        let mut frames = Frames::of_syslog();
        let mut messages: Vec<Vec<u8>> = chunks.iter().flat_map(|chunk| frames.push(chunk.as_bytes())).collect();
        messages.extend(frames.finish());
        messages.into_iter().map(|message| String::from_utf8_lossy(&message).into_owned()).collect()
    }

    #[test]
    fn counted_and_lines() {
        assert_eq!(cut(&["8 <13>a\nbc5 <13>d"]), ["<13>a\nbc", "<13>d"]);
        assert_eq!(cut(&["<13>a\n<13", ">b\n\n<13>c"]), ["<13>a", "<13>b", "<13>c"]);
        assert_eq!(cut(&["1", "0 <13>", "123456", "<13>x\n"]), ["<13>123456", "<13>x"]);
    }

    #[test]
    fn a_line_without_end_is_cut_once() {
        let mut frames = Frames::of_syslog();
        let part = vec![b'a'; limits::LINE_BYTES / 2 + 1];
        let mut messages: Vec<Vec<u8>> = (0..6).flat_map(|_| frames.push(&part)).collect();
        messages.extend(frames.push(b"\n<13>next\n"));
        assert_eq!(messages.iter().map(Vec::len).collect::<Vec<_>>(), [limits::LINE_BYTES, 8]);
        assert_eq!(frames.dropped, part.len() * 6 - limits::LINE_BYTES);
    }

    #[test]
    fn lines_may_begin_with_a_digit() {
        let mut frames = Frames::of_lines();
        assert_eq!(frames.push(b"12 ab\n3"), [b"12 ab".to_vec()]);
        assert_eq!(frames.finish(), [b"3".to_vec()]);
    }
}
