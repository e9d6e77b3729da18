//! `byte_jump`: moves the cursor by a number in a buffer.

use crate::draft::Draft;
use crate::keywords::byte_source::ByteSource;
use crate::keywords::{Keyword, keyword, parts};
use crate::rule::Test;

pub(crate) const KEYWORDS: &[Keyword] = &[keyword("byte_jump", parse)];

/// Moves the cursor by a number in a buffer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ByteJump {
    pub(crate) source: ByteSource,
    multiplier: i64,
    align: bool,
    from: From,
    post_offset: i64,
}

/// Where a jump starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum From {
    Number,
    Beginning,
    End,
}

impl ByteJump {
    /// Where the cursor lands; none when the number is not there or the jump leaves the buffer.
    pub(crate) fn target(&self, buffer: &[u8], cursor: usize, variables: &[i64]) -> Option<usize> {
        let read = self.source.read(buffer, cursor, variables)?;
        let mut jump = i64::try_from(read.value).ok()?.checked_mul(self.multiplier)?;
        if self.align {
            jump = jump.checked_add(3)? & !3;
        }
        let start = match self.from {
            From::Number => read.end,
            From::Beginning => 0,
            From::End => buffer.len(),
        };
        let target = i64::try_from(start).ok()?.checked_add(jump)?.checked_add(self.post_offset)?;
        usize::try_from(target).ok().filter(|target| *target <= buffer.len())
    }
}

fn parse(draft: &mut Draft<'_>, value: &str) -> Result<(), String> {
    let fields: Vec<&str> = parts(value).collect();
    let [count, offset, options @ ..] = fields.as_slice() else {
        return Err("needs bytes and offset".to_owned());
    };
    let source = ByteSource::new(draft.operand(count)?, draft.operand(offset)?);
    let mut jump = ByteJump { source, multiplier: 1, align: false, from: From::Number, post_offset: 0 };
    for option in options {
        match crate::keywords::pair(option) {
            ("align", "") => jump.align = true,
            ("from_beginning", "") => jump.from = From::Beginning,
            ("from_end", "") => jump.from = From::End,
            ("multiplier", number) => jump.multiplier = crate::number::signed(number)?,
            ("post_offset", number) => jump.post_offset = crate::number::signed(number)?,
            _ if jump.source.option(option)? => {}
            _ => return Err(format!("{} is no option of it", fengsui_schema::shown(option))),
        }
    }
    jump.source.check()?;
    draft.push(Test::ByteJump(jump));
    Ok(())
}
