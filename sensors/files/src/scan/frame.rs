//! One message on a pipe: its length in bytes (little endian, 32 bits), a byte for its kind, and its content.

use std::io::{self, BufWriter, Read, Write};

/// What reading a frame gives: nothing where the other side has ended between two.
pub(super) type Next = io::Result<Option<(Kind, Vec<u8>)>>;

/// What a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Rules to load: [`super::ScanRules`] in JSON.
    Rules,
    /// Files and what is asked about them ([`super::request`]).
    Files,
    /// An [`super::Answer`] in JSON.
    Answer,
}

impl Kind {
    const fn code(self) -> u8 {
        match self {
            Self::Rules => 1,
            Self::Files => 2,
            Self::Answer => 3,
        }
    }

    fn of(code: u8) -> io::Result<Self> {
        [Self::Rules, Self::Files, Self::Answer]
            .into_iter()
            .find(|kind| kind.code() == code)
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, format!("no frame has the kind {code}")))
    }
}

/// Bytes that are written at once: the other side is woken up once for a small frame.
const AT_ONCE_BYTES: usize = 64 << 10;
/// Bytes that are set aside for a frame because its head promises them.
const PROMISED_BYTES: usize = 1 << 20;

/// Writes a frame whose content comes in parts.
pub(super) fn write(output: &mut impl Write, kind: Kind, parts: &[&[u8]]) -> io::Result<()> {
    let length = u32::try_from(parts.iter().map(|part| part.len()).sum::<usize>())
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "a frame holds at most 4 GiB"))?;
    let mut output = BufWriter::with_capacity(AT_ONCE_BYTES, output);
    output.write_all(&length.to_le_bytes())?;
    output.write_all(&[kind.code()])?;
    parts.iter().try_for_each(|part| output.write_all(part))?;
    output.flush()
}

/// Reads a frame of at most `limit` bytes; `None` where the other side has ended between two frames. Memory grows with
/// what comes, not with what the head promises.
pub(super) fn read(input: &mut impl Read, limit: usize) -> Next {
    let mut head = [0; 5];
    let mut filled = 0;
    while filled < head.len() {
        match input.read(&mut head[filled..]) {
            Ok(0) if filled == 0 => return Ok(None),
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    let [a, b, c, d, code] = head;
    let (length, kind) = (u64::from(u32::from_le_bytes([a, b, c, d])), Kind::of(code)?);
    if length > limit as u64 {
        return Err(io::Error::new(io::ErrorKind::InvalidData, format!("a frame of {length} bytes is over {limit}")));
    }
    let mut content = Vec::with_capacity(usize::try_from(length).unwrap_or(0).min(PROMISED_BYTES));
    input.by_ref().take(length).read_to_end(&mut content)?;
    if (content.len() as u64) < length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(Some((kind, content)))
}

/// Reads frames until there are no more, or nobody takes them: so one can be read while the one before is worked on.
pub(super) fn read_all(input: &mut impl Read, limit: usize, mut take: impl FnMut(Next) -> bool) {
    loop {
        let next = read(input, limit);
        let goes_on = matches!(next, Ok(Some(_)));
        if !take(next) || !goes_on {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_back_as_they_were() {
        let mut bytes = Vec::new();
        write(&mut bytes, Kind::Files, &[b"con", b"tent"]).expect("is written");
        write(&mut bytes, Kind::Answer, &[]).expect("is written");
        let mut input = bytes.as_slice();
        assert_eq!(read(&mut input, 7).expect("reads"), Some((Kind::Files, b"content".to_vec())));
        assert_eq!(read(&mut input, 7).expect("reads"), Some((Kind::Answer, Vec::new())));
        assert_eq!(read(&mut input, 7).expect("reads"), None);
    }

    #[test]
    fn cut_long_and_strange_frames_are_refused() {
        let mut bytes = Vec::new();
        write(&mut bytes, Kind::Files, &[b"con", b"tent"]).expect("is written");
        for cut in 1..bytes.len() {
            assert!(read(&mut &bytes[..cut], 7).is_err(), "cut at {cut}");
        }
        assert!(read(&mut bytes.as_slice(), 6).is_err(), "longer than the limit");
        bytes[4] = 9;
        assert!(read(&mut bytes.as_slice(), 7).is_err(), "no such kind");
    }
}
