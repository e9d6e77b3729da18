//! `byte_math`: calculates with a number of a buffer and keeps the result for later steps.

use crate::draft::Draft;
use crate::keywords::byte_source::ByteSource;
use crate::keywords::{Keyword, keyword, pair, parts};
use crate::rule::{Operand, Test};

pub(crate) const KEYWORDS: &[Keyword] = &[keyword("byte_math", parse)];

/// Calculates with a number of a buffer and keeps the result.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ByteMath {
    pub(crate) source: ByteSource,
    pub(crate) variable: usize,
    operator: Arithmetic,
    value: Operand,
}

/// What is calculated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    ShiftLeft,
    ShiftRight,
}

impl ByteMath {
    pub(crate) fn uses_variables(&self) -> bool {
        self.value.is_variable() || self.source.offset.is_variable() || self.source.count.is_variable()
    }

    /// The result and where reading ended; none when the number is not there or the divisor is 0.
    pub(crate) fn calculate(&self, buffer: &[u8], cursor: usize, variables: &[i64]) -> Option<(i64, usize)> {
        let read = self.source.read(buffer, cursor, variables)?;
        let (left, right) = (read.value, self.value.value(variables).cast_unsigned());
        let result = match self.operator {
            Arithmetic::Add => left.wrapping_add(right),
            Arithmetic::Subtract => left.wrapping_sub(right),
            Arithmetic::Multiply => left.wrapping_mul(right),
            Arithmetic::Divide => left.checked_div(right)?,
            Arithmetic::ShiftLeft => left.checked_shl(u32::try_from(right).ok()?).unwrap_or(0),
            Arithmetic::ShiftRight => left.checked_shr(u32::try_from(right).ok()?).unwrap_or(0),
        };
        Some((result.cast_signed(), read.end))
    }
}

fn parse(draft: &mut Draft<'_>, value: &str) -> Result<(), String> {
    let (mut count, mut offset, mut operator, mut right, mut result) = (None, None, None, None, None);
    let mut source = ByteSource::new(Operand::Literal(0), Operand::Literal(0));
    for option in parts(value) {
        match pair(option) {
            ("bytes", number) => count = Some(draft.operand(number)?),
            ("offset", number) => offset = Some(draft.operand(number)?),
            ("oper", sign) => operator = Some(arithmetic(sign)?),
            ("rvalue", number) => right = Some(draft.operand(number)?),
            ("result", name) => result = Some(name),
            ("endian", order) if source.option(order)? => {}
            ("string", base) if !base.is_empty() && source.option(base)? => {}
            _ if source.option(option)? => {}
            _ => return Err(format!("{} is no option of it", fengsui_schema::shown(option))),
        }
    }
    let incomplete = "needs bytes, offset, oper, rvalue and result";
    (source.count, source.offset) = (count.ok_or(incomplete)?, offset.ok_or(incomplete)?);
    source.check()?;
    let (operator, value) = (operator.ok_or(incomplete)?, right.ok_or(incomplete)?);
    let variable = draft.define(result.ok_or(incomplete)?)?;
    draft.push(Test::ByteMath(ByteMath { source, variable, operator, value }));
    Ok(())
}

fn arithmetic(sign: &str) -> Result<Arithmetic, String> {
    Ok(match sign {
        "+" => Arithmetic::Add,
        "-" => Arithmetic::Subtract,
        "*" => Arithmetic::Multiply,
        "/" => Arithmetic::Divide,
        "<<" => Arithmetic::ShiftLeft,
        ">>" => Arithmetic::ShiftRight,
        _ => return Err(format!("{} is no operator of it", fengsui_schema::shown(sign))),
    })
}
