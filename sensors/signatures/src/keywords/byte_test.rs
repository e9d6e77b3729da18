//! `byte_test`: compares a number in a buffer.

use crate::draft::Draft;
use crate::keywords::byte_source::ByteSource;
use crate::keywords::{Keyword, keyword, parts};
use crate::rule::{Operand, Test};

pub(crate) const KEYWORDS: &[Keyword] = &[keyword("byte_test", parse)];

/// Compares a number in a buffer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ByteTest {
    pub(crate) source: ByteSource,
    pub(crate) operator: Operator,
    pub(crate) negated: bool,
    pub(crate) value: Operand,
}

/// How numbers are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Less,
    Greater,
    Equal,
    AtMost,
    AtLeast,
    And,
    Xor,
}

impl Operator {
    fn parse(text: &str) -> Result<Self, String> {
        Ok(match text {
            "<" => Self::Less,
            ">" => Self::Greater,
            "=" | "==" => Self::Equal,
            "<=" => Self::AtMost,
            ">=" => Self::AtLeast,
            "&" => Self::And,
            "^" => Self::Xor,
            _ => return Err(format!("{} is no operator of it", fengsui_schema::shown(text))),
        })
    }
}

impl ByteTest {
    pub(crate) fn uses_variables(&self) -> bool {
        self.value.is_variable() || self.source.offset.is_variable() || self.source.count.is_variable()
    }

    /// A number that is not there fails the test, negated or not.
    pub(crate) fn holds(&self, buffer: &[u8], cursor: usize, variables: &[i64]) -> bool {
        let Some(read) = self.source.read(buffer, cursor, variables) else { return false };
        let value = self.value.value(variables).cast_unsigned();
        let holds = match self.operator {
            Operator::Less => read.value < value,
            Operator::Greater => read.value > value,
            Operator::Equal => read.value == value,
            Operator::AtMost => read.value <= value,
            Operator::AtLeast => read.value >= value,
            Operator::And => read.value & value != 0,
            Operator::Xor => read.value ^ value != 0,
        };
        holds != self.negated
    }
}

fn parse(draft: &mut Draft<'_>, value: &str) -> Result<(), String> {
    let fields: Vec<&str> = parts(value).collect();
    let [count, operator, number, offset, options @ ..] = fields.as_slice() else {
        return Err("needs bytes, operator, value and offset".to_owned());
    };
    let (negated, operator) = operator.strip_prefix('!').map_or((false, *operator), |rest| (true, rest.trim()));
    // `!5` without an operator means not equal.
    let operator = if operator.is_empty() { Operator::Equal } else { Operator::parse(operator)? };
    let mut source = ByteSource::new(draft.operand(count)?, draft.operand(offset)?);
    for option in options {
        if !source.option(option)? {
            return Err(format!("{} is no option of it", fengsui_schema::shown(option)));
        }
    }
    source.check()?;
    let value = draft.operand(number)?;
    draft.push(Test::ByteTest(ByteTest { source, operator, negated, value }));
    Ok(())
}
