//! Placeholders of statements, and how SQLite takes them soonest.
//!
//! Parameters with names (`$1`, and `?1` too) are looked up in a list from its beginning, once when the statement is read and once when
//! each value is bound: a statement of 500 rows spent more time on that than on its work. Plain `?` have no names.

use super::Value;

/// Rows of placeholders for a statement that takes many rows: `($1, $2), ($3, $4)`.
pub(crate) fn tuples(rows: usize, columns: usize) -> String {
    let row = |row: usize| format!("({})", placeholders(row * columns + 1, columns));
    (0..rows).map(row).collect::<Vec<_>>().join(", ")
}

/// So many placeholders from a number on: `$4, $5, $6`.
pub(crate) fn placeholders(from: usize, count: usize) -> String {
    (from..from + count).map(|number| format!("${number}")).collect::<Vec<_>>().join(", ")
}

/// The statement with a plain `?` for every `$1`, and a value for each of them in order.
pub(super) fn plain(sql: &str, args: Vec<Value>) -> (String, Vec<Value>) {
    let (text, numbers) = split(sql);
    let is_in_order = numbers.iter().copied().eq(1..=args.len());
    if is_in_order {
        return (text, args);
    }
    let value = |number: &usize| args.get(number.wrapping_sub(1)).cloned().unwrap_or(Value::Int(None));
    let values = numbers.iter().map(value).collect();
    (text, values)
}

/// The text without numbers, and the number of each placeholder. What stands between quotes is left alone.
fn split(sql: &str) -> (String, Vec<usize>) {
    let (mut text, mut numbers) = (String::with_capacity(sql.len()), Vec::new());
    let mut rest = sql;
    let mut is_quoted = false;
    while let Some(at) = rest.find(['$', '\'']) {
        let (before, found) = rest.split_at(at);
        text.push_str(before);
        let after = &found[1..];
        let digits = after.bytes().take_while(u8::is_ascii_digit).count();
        match after[..digits].parse() {
            Ok(number) if found.starts_with('$') && !is_quoted => {
                text.push('?');
                numbers.push(number);
                rest = &after[digits..];
            }
            _ => {
                is_quoted ^= found.starts_with('\'');
                text.push_str(&found[..1]);
                rest = after;
            }
        }
    }
    text.push_str(rest);
    (text, numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ints(values: &[Value]) -> Vec<i64> {
        values.iter().map(|value| if let Value::Int(Some(number)) = value { *number } else { -1 }).collect()
    }

    #[test]
    fn values_follow_their_placeholders() {
        let args = || vec![Value::from(10), Value::from(20), Value::from(30)];
        let (sql, values) = plain("a = $1 AND (b < $2 OR c IN ($3))", args());
        assert_eq!((sql.as_str(), ints(&values)), ("a = ? AND (b < ? OR c IN (?))", vec![10, 20, 30]));
        let (sql, values) = plain("a = $2 AND b = $1 AND c = $2", args());
        assert_eq!((sql.as_str(), ints(&values)), ("a = ? AND b = ? AND c = ?", vec![20, 10, 20]));
        let (sql, values) = plain("SELECT '$1', 'it''s $2', \"x\", $12, $", vec![Value::from(1)]);
        assert_eq!((sql.as_str(), ints(&values)), ("SELECT '$1', 'it''s $2', \"x\", ?, $", vec![-1]));
    }
}
