//! Where and how a number is read from a buffer; shared by `byte_test`, `byte_jump`, `byte_extract`, `byte_math`.

use crate::rule::Operand;

/// Where and how a number is read from a buffer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ByteSource {
    pub(crate) count: Operand,
    pub(crate) offset: Operand,
    pub(crate) relative: bool,
    pub(crate) little: bool,
    /// Digits of this base instead of bytes.
    pub(crate) digits: Option<u32>,
    pub(crate) bitmask: u64,
}

/// A number read from a buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Read {
    /// The value under the bitmask.
    pub(crate) value: u64,
    /// Where reading ended.
    pub(crate) end: usize,
}

/// Most bytes of a binary number.
const BINARY_BYTES: usize = 8;
/// Most digits of a number in text (22 octal digits make 64 bits).
const TEXT_DIGITS: usize = 23;

impl ByteSource {
    pub(crate) const fn new(count: Operand, offset: Operand) -> Self {
        Self { count, offset, relative: false, little: false, digits: None, bitmask: u64::MAX }
    }

    /// Takes an option that all of these keywords have; whether it was one.
    pub(crate) fn option(&mut self, option: &str) -> Result<bool, String> {
        match option {
            "relative" => self.relative = true,
            "little" => self.little = true,
            "big" => self.little = false,
            // DCE/RPC says in its header which way numbers are written; nearly all of it is little-endian.
            "dce" => self.little = true,
            "string" => self.digits = self.digits.or(Some(10)),
            "hex" => self.digits = Some(16),
            "dec" => self.digits = Some(10),
            "oct" => self.digits = Some(8),
            _ => match option.strip_prefix("bitmask") {
                Some(mask) => self.bitmask = crate::number::number(mask)?,
                None => return Ok(false),
            },
        }
        Ok(true)
    }

    /// Whether the byte count makes sense for how the number is written. No bytes at all read as 0, which rules use
    /// to move by `post_offset` alone.
    pub(crate) fn check(&self) -> Result<(), String> {
        let Some(count) = self.count.literal() else { return Ok(()) };
        let most = if self.digits.is_some() { TEXT_DIGITS } else { BINARY_BYTES };
        let fits = usize::try_from(count).is_ok_and(|count| count <= most);
        if fits { Ok(()) } else { Err(format!("{count} bytes can not be read as a number; at most {most}")) }
    }

    /// Reads the number; none when it is not there.
    pub(crate) fn read(&self, buffer: &[u8], cursor: usize, variables: &[i64]) -> Option<Read> {
        let base = if self.relative { i64::try_from(cursor).ok()? } else { 0 };
        let start = usize::try_from(base.checked_add(self.offset.value(variables))?).ok()?;
        let count = usize::try_from(self.count.value(variables)).ok()?;
        let rest = buffer.get(start..)?;
        let (value, used) = match self.digits {
            Some(base) => text_number(rest, count, base)?,
            None => (binary_number(rest.get(..count)?, self.little)?, count),
        };
        Some(Read { value: masked(value, self.bitmask), end: start + used })
    }
}

/// The value under the mask, moved right by the mask's trailing zeros.
fn masked(value: u64, mask: u64) -> u64 {
    if mask == 0 { 0 } else { (value & mask) >> mask.trailing_zeros() }
}

fn binary_number(bytes: &[u8], little: bool) -> Option<u64> {
    if bytes.len() > BINARY_BYTES {
        return None;
    }
    let add = |value: u64, byte: &u8| value << 8 | u64::from(*byte);
    Some(if little { bytes.iter().rev().fold(0, add) } else { bytes.iter().fold(0, add) })
}

/// Leading blanks, then digits; a count of 0 takes as many as there are.
fn text_number(rest: &[u8], count: usize, base: u32) -> Option<(u64, usize)> {
    let field = if count == 0 { &rest[..rest.len().min(TEXT_DIGITS)] } else { rest.get(..count)? };
    let blanks = field.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    let digits = field[blanks..].strip_prefix(b"0x").filter(|_| base == 16).unwrap_or(&field[blanks..]);
    let length = digits.iter().take_while(|byte| char::from(**byte).is_digit(base)).count();
    let text = std::str::from_utf8(&digits[..length]).ok()?;
    let value = u64::from_str_radix(text, base).ok()?;
    Some((value, if count == 0 { field.len() - digits.len() + length } else { count }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(count: i64, offset: i64) -> ByteSource {
        ByteSource::new(Operand::Literal(count), Operand::Literal(offset))
    }

    #[test]
    fn bytes_and_digits_are_read_from_where_the_rule_says() {
        let little = ByteSource { little: true, relative: true, ..source(2, -2) };
        assert_eq!(little.read(&[1, 2, 3, 4], 3, &[]), Some(Read { value: 0x0302, end: 3 }));
        assert_eq!(source(4, 0).read(&[0, 0, 1, 0], 0, &[]), Some(Read { value: 256, end: 4 }));
        let text = ByteSource { digits: Some(10), ..source(5, 1) };
        assert_eq!(text.read(b"x 12,4", 0, &[]), Some(Read { value: 12, end: 6 }));
        let masked = ByteSource { bitmask: 0xf0, ..source(1, 0) };
        assert_eq!(masked.read(&[0xab], 0, &[]), Some(Read { value: 0xa, end: 1 }));
    }

    #[test]
    fn outside_the_buffer_there_is_no_number() {
        assert_eq!(source(4, 1).read(&[0; 4], 0, &[]), None);
        assert_eq!(source(4, -1).read(&[0; 4], 0, &[]), None);
        assert_eq!(source(i64::MAX, i64::MAX).read(&[0; 4], 0, &[]), None);
        assert!(source(9, 0).check().is_err());
    }
}
