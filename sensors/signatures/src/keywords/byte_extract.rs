//! `byte_extract`: keeps a number of a buffer for later steps.

use crate::draft::Draft;
use crate::keywords::byte_source::ByteSource;
use crate::keywords::{Keyword, keyword, pair, parts};
use crate::rule::Test;

pub(crate) const KEYWORDS: &[Keyword] = &[keyword("byte_extract", parse)];

/// Keeps a number of a buffer for later steps.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ByteExtract {
    pub(crate) source: ByteSource,
    pub(crate) variable: usize,
    multiplier: i64,
    align: i64,
}

impl ByteExtract {
    /// The value and where reading ended.
    pub(crate) fn extract(&self, buffer: &[u8], cursor: usize, variables: &[i64]) -> Option<(i64, usize)> {
        let read = self.source.read(buffer, cursor, variables)?;
        let value = read.value.cast_signed().wrapping_mul(self.multiplier);
        let rest = value.rem_euclid(self.align);
        let aligned = if rest == 0 { value } else { value.wrapping_add(self.align - rest) };
        Some((aligned, read.end))
    }
}

fn parse(draft: &mut Draft<'_>, value: &str) -> Result<(), String> {
    let fields: Vec<&str> = parts(value).collect();
    let [count, offset, name, options @ ..] = fields.as_slice() else {
        return Err("needs bytes, offset and a name".to_owned());
    };
    let mut source = ByteSource::new(draft.operand(count)?, draft.operand(offset)?);
    let (mut multiplier, mut align) = (1, 1);
    for option in options {
        match pair(option) {
            ("multiplier", number) => multiplier = crate::number::signed(number)?,
            ("align", "2") => align = 2,
            ("align", "4") => align = 4,
            _ if source.option(option)? => {}
            _ => return Err(format!("{} is no option of it", fengsui_schema::shown(option))),
        }
    }
    source.check()?;
    let variable = draft.define(name)?;
    draft.push(Test::ByteExtract(ByteExtract { source, variable, multiplier, align }));
    Ok(())
}
