//! Placeholders of statements that take many values.

use std::borrow::Cow;

/// Rows of placeholders for a statement that takes many rows: `($1, $2), ($3, $4)`.
pub(crate) fn tuples(rows: usize, columns: usize) -> String {
    let row = |row: usize| format!("({})", placeholders(row * columns + 1, columns));
    (0..rows).map(row).collect::<Vec<_>>().join(", ")
}

/// So many placeholders from a number on: `$4, $5, $6`.
pub(crate) fn placeholders(from: usize, count: usize) -> String {
    (from..from + count).map(|number| format!("${number}")).collect::<Vec<_>>().join(", ")
}

/// Values from which on the numbers of placeholders cost more than to take them out.
const MANY_VALUES: usize = 64;

/// A statement for SQLite with `?` in place of `$1`, `$2` … where those are in the order of the values, each once.
///
/// For SQLite a numbered placeholder is one with a name, and every value that is bound searches the list of names from
/// its start: a statement of thousands of values costs their square. Other statements stay what they are.
pub(super) fn unnumbered(sql: &str, values: usize) -> Cow<'_, str> {
    if values < MANY_VALUES {
        return Cow::Borrowed(sql);
    }
    let mut parts = sql.split('$');
    let mut text = String::with_capacity(sql.len());
    text.push_str(parts.next().unwrap_or_default());
    let mut number = 0;
    for part in parts {
        number += 1;
        let rest = part.trim_start_matches(|letter: char| letter.is_ascii_digit());
        if part[..part.len() - rest.len()].parse() != Ok(number) {
            return Cow::Borrowed(sql);
        }
        text.push('?');
        text.push_str(rest);
    }
    if number == values { Cow::Owned(text) } else { Cow::Borrowed(sql) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_go_only_where_they_say_nothing() {
        let many = format!("INSERT INTO t VALUES {}", tuples(40, 2));
        let row = "(?, ?)";
        assert_eq!(unnumbered(&many, 80), format!("INSERT INTO t VALUES {}", [row; 40].join(", ")));
        let few = "SELECT a FROM t WHERE b = $1";
        assert_eq!(unnumbered(few, 1), few);
        // One value in two places, another order, a dollar in a text, a value that is not used.
        let list = placeholders(1, 80);
        for kept in [
            format!("UPDATE t SET a = $1 WHERE b IN ({list})"),
            format!("UPDATE t SET a = $80 WHERE b IN ({})", placeholders(1, 79)),
            format!("UPDATE t SET a = '$' WHERE b IN ({list})"),
            format!("UPDATE t SET a = 1 WHERE b IN ({})", placeholders(1, 79)),
        ] {
            assert_eq!(unnumbered(&kept, 80), kept);
        }
    }
}
