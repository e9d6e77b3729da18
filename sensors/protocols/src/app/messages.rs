//! Cuts a stream into messages by the length each announces.

use super::registry::{Input, Reading};
use crate::limits::{LINE_BYTES, MESSAGE_BYTES};

/// What the first bytes of a message say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// More bytes are needed to tell.
    More,
    /// The message is so many bytes long, at least one.
    Message(usize),
    /// These bytes are no message: the direction is given up.
    Lost,
}

/// The bytes of one direction that wait for the rest of their message.
#[derive(Debug, Default)]
pub(crate) struct Messages {
    held: Vec<u8>,
    /// Bytes of `held` that were handed out.
    start: usize,
    /// Bytes that are passed by before the next message.
    skip: u64,
    lost: bool,
    /// Whether a gap is what the direction was given up for.
    behind_gap: bool,
    /// What ended the line that was handed out last.
    ending: &'static [u8],
}

impl Messages {
    /// Takes the next bytes.
    pub(crate) fn push(&mut self, data: &[u8]) {
        if self.lost {
            return;
        }
        let skipped = usize::try_from(self.skip).unwrap_or(usize::MAX).min(data.len());
        self.skip -= skipped as u64;
        if self.start > 0 {
            self.held.drain(..self.start);
            self.start = 0;
        }
        self.held.extend_from_slice(&data[skipped..]);
    }

    /// Takes what comes next of the direction.
    pub(crate) fn take(&mut self, input: Input<'_>) {
        match input {
            Input::Data(data) => self.push(data),
            Input::Gap(length) => _ = self.gap(length),
            Input::End => {}
        }
    }

    /// The next whole message. One longer than [`MESSAGE_BYTES`] is cut there and its rest passed by.
    pub(crate) fn next(&mut self, cut: impl Fn(&[u8]) -> Cut) -> Option<Vec<u8>> {
        if self.lost {
            return None;
        }
        let waiting = self.waiting();
        let length = match cut(waiting) {
            Cut::Message(length) if length > 0 => length,
            Cut::More if waiting.len() <= MESSAGE_BYTES => return None,
            _ => {
                self.lose();
                return None;
            }
        };
        let kept = length.min(MESSAGE_BYTES);
        let message = waiting.get(..kept)?.to_vec();
        self.pass(length);
        Some(message)
    }

    /// The next line without its end. A line of [`LINE_BYTES`] and more is handed out in pieces; the flag says that
    /// this one goes on.
    pub(crate) fn next_line(&mut self) -> Option<(Vec<u8>, bool)> {
        let waiting = self.waiting();
        match memchr::memchr(b'\n', waiting) {
            Some(end) if end < LINE_BYTES => {
                let stripped = waiting[..end].strip_suffix(b"\r");
                let line = stripped.unwrap_or(&waiting[..end]).to_vec();
                self.ending = if stripped.is_some() { b"\r\n" } else { b"\n" };
                self.start += end + 1;
                Some((line, false))
            }
            None if waiting.len() < LINE_BYTES => None,
            _ => {
                let line = waiting[..LINE_BYTES].to_vec();
                self.start += LINE_BYTES;
                Some((line, true))
            }
        }
    }

    /// A line that was just handed out, with its end.
    pub(crate) fn with_ending(&self, line: &[u8]) -> Vec<u8> {
        [line, self.ending].concat()
    }

    /// Bytes that were not handed out.
    pub(crate) fn waiting(&self) -> &[u8] {
        self.held.get(self.start..).unwrap_or_default()
    }

    /// Passes by so many bytes, those that are still to come too.
    pub(crate) fn pass(&mut self, length: usize) {
        let here = length.min(self.held.len() - self.start);
        self.start += here;
        self.skip += (length - here) as u64;
    }

    /// Takes a gap; false when it is not known what follows it.
    pub(crate) fn gap(&mut self, length: u64) -> bool {
        if self.waiting().is_empty() && self.skip >= length {
            self.skip -= length;
            return true;
        }
        self.behind_gap |= !self.lost;
        self.lose();
        false
    }

    /// Gives the direction up.
    pub(crate) fn lose(&mut self) {
        self.lost = true;
        self.held = Vec::new();
        self.start = 0;
    }

    pub(crate) const fn is_lost(&self) -> bool {
        self.lost
    }

    /// Whether the direction is still read.
    pub(crate) const fn reading(&self) -> Reading {
        match (self.lost, self.behind_gap) {
            (false, _) => Reading::On,
            (true, true) => Reading::BehindGap,
            (true, false) => Reading::GivenUp,
        }
    }

    /// Starts anew after a gap.
    pub(crate) fn restart(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_come_out_however_they_are_cut() {
        let stream = [3, b'a', b'b', 1, 4, b'c', b'd', b'e'];
        for size in 1..=stream.len() {
            let (mut messages, mut found) = (Messages::default(), Vec::new());
            for piece in stream.chunks(size) {
                messages.push(piece);
                while let Some(message) =
                    messages.next(|bytes| bytes.first().map_or(Cut::More, |length| Cut::Message(usize::from(*length))))
                {
                    found.push(message);
                }
            }
            assert_eq!(found, [&stream[..3], &stream[3..4], &stream[4..]], "pieces of {size}");
        }
    }

    #[test]
    fn gaps_inside_what_is_passed_by_do_no_harm() {
        let mut messages = Messages::default();
        messages.push(&[1]);
        messages.pass(10);
        assert!(messages.gap(5));
        messages.push(&[0; 5]);
        assert_eq!(messages.waiting(), &[0]);
        assert_eq!(messages.reading(), Reading::On);
        assert!(!messages.gap(1));
        assert!(messages.is_lost());
        assert_eq!(messages.reading(), Reading::BehindGap);
    }

    #[test]
    fn what_a_direction_was_given_up_for_first_counts() {
        let mut messages = Messages::default();
        messages.push(b"x");
        assert!(messages.next(|_| Cut::Lost).is_none());
        messages.gap(1);
        assert_eq!(messages.reading(), Reading::GivenUp);
    }
}
