//! Transfer encodings (RFC 2045, 6), as lenient readers undo them.

/// Undoes the transfer encoding of one part, line by line.
#[derive(Debug, Default)]
pub(super) enum Decoder {
    /// 7bit, 8bit, binary, and whatever is not known.
    #[default]
    Plain,
    Base64 {
        bits: u32,
        count: u8,
        padded: bool,
    },
    QuotedPrintable {
        /// The line before ended in a soft line break.
        soft: bool,
    },
}

impl Decoder {
    pub(super) fn of(value: &[u8]) -> Self {
        let value = value.trim_ascii();
        if value.eq_ignore_ascii_case(b"base64") {
            Self::Base64 { bits: 0, count: 0, padded: false }
        } else if value.eq_ignore_ascii_case(b"quoted-printable") {
            Self::QuotedPrintable { soft: false }
        } else {
            Self::Plain
        }
    }

    /// The event of content that is not what the encoding says.
    pub(super) const fn event(&self) -> &'static str {
        match self {
            Self::QuotedPrintable { .. } => "smtp.mime_invalid_qp",
            _ => "smtp.mime_invalid_base64",
        }
    }

    /// The end of a line that another follows.
    pub(super) fn line_end(&mut self, output: &mut Vec<u8>) {
        match self {
            Self::Plain | Self::QuotedPrintable { soft: false } => output.extend_from_slice(b"\r\n"),
            _ => {}
        }
    }

    /// A line without its end; false when it is not what the encoding says.
    pub(super) fn line(&mut self, line: &[u8], output: &mut Vec<u8>) -> bool {
        match self {
            Self::Plain => {
                output.extend_from_slice(line);
                true
            }
            Self::Base64 { bits, count, padded } => base64(line, (bits, count, padded), output),
            Self::QuotedPrintable { soft } => quoted(line, soft, output),
        }
    }

    /// What is held at the end; false when a group is not complete.
    pub(super) fn finish(self) -> (Vec<u8>, bool) {
        match self {
            Self::Base64 { bits, count: 2, .. } => (vec![low_byte(bits >> 4)], true),
            Self::Base64 { bits, count: 3, .. } => (vec![low_byte(bits >> 10), low_byte(bits >> 2)], true),
            Self::Base64 { count: 1, .. } => (Vec::new(), false),
            _ => (Vec::new(), true),
        }
    }
}

fn low_byte(bits: u32) -> u8 {
    bits.to_le_bytes()[0]
}

/// Six bits that a byte of Base64 stands for; this bit is set in what stands for none.
const NO_VALUE: u8 = 0x80;
/// What every byte stands for.
const VALUES: [u8; 256] = {
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut values, mut value) = ([NO_VALUE; 256], 0);
    while value < letters.len() {
        values[letters[value] as usize] = value as u8;
        value += 1;
    }
    values
};

/// The bytes of a group of four, and whether it holds what stands for none.
fn base64_group(group: [u8; 4]) -> ([u8; 3], bool) {
    let [a, b, c, d] = group.map(|byte| VALUES[usize::from(byte)]);
    let bits = u32::from(a) << 18 | u32::from(b) << 12 | u32::from(c) << 6 | u32::from(d);
    let [_, first, second, third] = bits.to_be_bytes();
    ([first, second, third], (a | b | c | d) & NO_VALUE != 0)
}

/// Decodes whole groups from the start of a line, as far as they hold nothing else; what is left. Several are written at
/// once.
fn base64_groups<'l>(line: &'l [u8], output: &mut Vec<u8>) -> &'l [u8] {
    const GROUPS: usize = 4;
    output.reserve(line.len() / 4 * 3);
    let mut rest = line;
    while let Some((several, behind)) = rest.split_first_chunk::<{ 4 * GROUPS }>() {
        let (mut bytes, mut is_broken) = ([0; 3 * GROUPS], false);
        for (place, group) in bytes.as_chunks_mut::<3>().0.iter_mut().zip(several.as_chunks::<4>().0) {
            let (decoded, broken) = base64_group(*group);
            (*place, is_broken) = (decoded, is_broken | broken);
        }
        if is_broken {
            break;
        }
        output.extend_from_slice(&bytes);
        rest = behind;
    }
    while let Some((group, behind)) = rest.split_first_chunk::<4>() {
        let (decoded, is_broken) = base64_group(*group);
        if is_broken {
            break;
        }
        output.extend_from_slice(&decoded);
        rest = behind;
    }
    rest
}

fn base64(line: &[u8], (bits, count, padded): (&mut u32, &mut u8, &mut bool), output: &mut Vec<u8>) -> bool {
    let mut valid = true;
    let rest = if *count == 0 && !*padded { base64_groups(line, output) } else { line };
    for byte in rest {
        let value = match (VALUES[usize::from(*byte)], *byte) {
            (_, b'=') => {
                *padded = true;
                continue;
            }
            (_, b' ' | b'\t') => continue,
            (NO_VALUE.., _) => {
                valid = false;
                continue;
            }
            (value, _) => value,
        };
        // Content after padding: a second text was appended to the first.
        if std::mem::take(padded) {
            match *count {
                2 => output.push(low_byte(*bits >> 4)),
                3 => output.extend_from_slice(&[low_byte(*bits >> 10), low_byte(*bits >> 2)]),
                _ => {}
            }
            (*bits, *count) = (0, 0);
        }
        *bits = *bits << 6 | u32::from(value);
        *count += 1;
        if *count == 4 {
            output.extend_from_slice(&bits.to_be_bytes()[1..]);
            (*bits, *count) = (0, 0);
        }
    }
    valid
}

fn quoted(line: &[u8], soft: &mut bool, output: &mut Vec<u8>) -> bool {
    let line = line.trim_ascii_end();
    let mut valid = true;
    let mut rest = line;
    *soft = false;
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        match (*first, tail) {
            (b'=', []) => *soft = true,
            (b'=', [high, low, ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                let digit = |byte: u8| char::from(byte).to_digit(16).unwrap_or(0);
                output.push(low_byte(digit(*high) << 4 | digit(*low)));
                rest = &tail[2..];
            }
            (byte, _) => {
                valid &= byte != b'=';
                output.push(byte);
            }
        }
    }
    valid
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_undone() {
        let mut output = Vec::new();
        let mut decoder = Decoder::of(b"base64");
        assert!(decoder.line(b"aGVsbG8g", &mut output) && decoder.line(b"d29ybGQ=", &mut output));
        output.extend(decoder.finish().0);
        assert_eq!(output, b"hello world");
        for (line, decoded, is_valid) in [
            (&b"aGVsbG8gd29ybGQh"[..], &b"hello world!"[..], true),
            (b"aGVs bG8g\td29ybGQh", b"hello world!", true),
            (b"aGVsb*G8gd29ybGQh", b"hello world!", false),
            (b"aGk=aGk=aGVsbG8h", b"hihihello!", true),
        ] {
            for cut in 0..=line.len() {
                let mut decoder = Decoder::of(b"base64");
                output.clear();
                let valid = [&line[..cut], &line[cut..]].map(|piece| decoder.line(piece, &mut output));
                output.extend(decoder.finish().0);
                assert_eq!((&output[..], valid != [true, true]), (decoded, !is_valid), "{cut}");
            }
        }
        output.clear();
        let mut decoder = Decoder::of(b"quoted-printable");
        assert!(decoder.line(b"a=3Db=", &mut output));
        decoder.line_end(&mut output);
        assert!(decoder.line(b"c", &mut output));
        assert!(!decoder.line(b"=zz", &mut output));
        assert_eq!(output, b"a=bc=zz");
    }
}
