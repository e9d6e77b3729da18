//! Dumps of databases: `INSERT INTO … VALUES` and `COPY … FROM stdin`, cell by cell; everything else as text.

use std::collections::HashMap;

use fengsui_dlp_engine::decode;

use super::{Job, hint, sqlite, within};

pub(super) fn matches(_bytes: &[u8], name: &str) -> bool {
    name.ends_with(".sql") || name.ends_with(".dump")
}

pub(super) fn read(job: &mut Job, bytes: &[u8], name: &str, inside: &str) {
    let Some(text) = decode(bytes, &hint(name)) else {
        return job.unreadable(inside, "SQL转储的编码无法识别");
    };
    let mut dump = Dump { job, inside, tables: HashMap::new(), other: String::new() };
    let mut rest = text.as_ref();
    while !rest.is_empty() {
        let trimmed = rest.trim_start();
        rest = match () {
            () if starts(trimmed, "COPY ") && trimmed.lines().next().is_some_and(|line| line.ends_with("stdin;")) => {
                dump.copy(trimmed)
            }
            () => dump.statement(trimmed),
        };
    }
    let other = std::mem::take(&mut dump.other);
    job.text(inside, other);
}

fn starts(text: &str, word: &str) -> bool {
    text.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word))
}

struct Dump<'j, 's, 't> {
    job: &'j mut Job<'s>,
    inside: &'t str,
    /// Columns of the tables that were made, and rows met so far.
    tables: HashMap<String, (Vec<String>, usize)>,
    /// Statements without values of rows.
    other: String,
}

impl<'t> Dump<'_, '_, 't> {
    /// Reads one statement and gives back what follows it.
    fn statement(&mut self, text: &'t str) -> &'t str {
        let end = statement_end(text);
        let (statement, rest) = text.split_at(end);
        if starts(statement, "INSERT INTO ") || starts(statement, "REPLACE INTO ") {
            self.insert(statement);
        } else {
            if starts(statement, "CREATE TABLE ") {
                let name = table_name(&statement["CREATE TABLE ".len()..]);
                self.tables.insert(name, (sqlite::columns(statement), 0));
            }
            self.other.push_str(statement);
            self.other.push('\n');
        }
        rest
    }

    fn insert(&mut self, statement: &str) {
        let Some(at) = values_keyword(statement) else { return self.other.push_str(statement) };
        let (head, tail) = statement.split_at(at);
        let into = head.find(['I', 'i']).and_then(|_| head.to_ascii_uppercase().find("INTO ")).map_or(0, |at| at + 5);
        let name = table_name(&head[into..]);
        let listed = head[into..].contains('(').then(|| sqlite::columns(&head[into..]));
        let mut rest = &tail["VALUES".len()..];
        while let Some(open) = rest.find('(') {
            let (values, length) = tuple(&rest[open + 1..]);
            self.row(&name, listed.as_deref(), values);
            rest = rest.get(open + 1 + length..).unwrap_or_default();
        }
    }

    fn row(&mut self, table: &str, listed: Option<&[String]>, values: Vec<String>) {
        let known = self.tables.entry(table.to_owned()).or_default();
        known.1 += 1;
        let columns = listed.unwrap_or(&known.0).to_vec();
        for (index, value) in values.into_iter().enumerate() {
            let column = columns.get(index).map_or("", String::as_str);
            let place = within(self.inside, &format!("表{table}第{}行{column}", self.tables[table].1));
            self.job.cell(place, column, value);
        }
    }

    /// `COPY table (columns) FROM stdin;` and its lines up to `\.`.
    fn copy(&mut self, text: &'t str) -> &'t str {
        let (head, mut rest) = text.split_once('\n').unwrap_or((text, ""));
        let name = table_name(&head["COPY ".len()..]);
        let listed = sqlite::columns(head);
        while let Some((line, tail)) = rest.split_once('\n') {
            rest = tail;
            if line.trim_end() == "\\." {
                break;
            }
            let values = line.trim_end_matches('\r').split('\t').map(|value| match value {
                "\\N" => String::new(),
                value => value.replace("\\t", "\t").replace("\\n", "\n").replace("\\\\", "\\"),
            });
            self.row(&name, Some(&listed), values.collect());
        }
        if rest.contains('\n') { rest } else { "" }
    }
}

/// The first word, without quotes and `IF NOT EXISTS`.
fn table_name(text: &str) -> String {
    let text = text.trim_start();
    let text = if starts(text, "IF NOT EXISTS ") { &text["IF NOT EXISTS ".len()..] } else { text };
    let end = text.find([' ', '(', '\n', ';']).unwrap_or(text.len());
    text[..end].chars().filter(|c| !matches!(c, '`' | '"' | '[' | ']')).collect()
}

/// Where a statement ends: after the next semicolon outside of quotes, or after a line comment.
fn statement_end(text: &str) -> usize {
    if text.starts_with("--") || text.starts_with('#') {
        return text.find('\n').map_or(text.len(), |at| at + 1);
    }
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b';' => return at + 1,
            quote @ (b'\'' | b'"' | b'`') => at = quoted_end(bytes, at + 1, quote),
            _ => at += 1,
        }
    }
    bytes.len()
}

/// The place after the closing quote; doubled quotes and backslashes do not close.
fn quoted_end(bytes: &[u8], mut at: usize, quote: u8) -> usize {
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            byte if byte == quote && bytes.get(at + 1) == Some(&quote) => at += 2,
            byte if byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// The keyword outside of the list of columns.
fn values_keyword(statement: &str) -> Option<usize> {
    let bytes = statement.as_bytes();
    let mut at = 0;
    while at + 6 <= bytes.len() {
        match bytes[at] {
            quote @ (b'\'' | b'"' | b'`') => at = quoted_end(bytes, at + 1, quote),
            b'V' | b'v' if bytes[at..at + 6].eq_ignore_ascii_case(b"VALUES") => return Some(at),
            _ => at += 1,
        }
    }
    None
}

/// The values up to the closing bracket, and the bytes they take.
fn tuple(text: &str) -> (Vec<String>, usize) {
    let bytes = text.as_bytes();
    let mut values = Vec::new();
    let mut value = String::new();
    let mut at = 0;
    let mut from = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'\'' => {
                let end = quoted_end(bytes, at + 1, b'\'').min(bytes.len());
                let inner = text.get(at + 1..end.saturating_sub(1).max(at + 1)).unwrap_or_default();
                value = inner.replace("''", "'").replace("\\'", "'").replace("\\n", "\n").replace("\\\\", "\\");
                at = end;
                from = end;
            }
            byte @ (b',' | b')') => {
                value.push_str(text.get(from..at).unwrap_or_default().trim());
                let finished = std::mem::take(&mut value);
                values.push(if finished == "NULL" { String::new() } else { finished });
                at += 1;
                from = at;
                if byte == b')' {
                    return (values, at);
                }
            }
            _ => at += 1,
        }
    }
    (values, bytes.len())
}

#[cfg(test)]
pub(super) fn sample() -> Vec<u8> {
    "-- dump\nCREATE TABLE `people` (`id` int, `xm` varchar(20), sjh varchar(11), PRIMARY KEY (`id`));\nINSERT INTO `people` VALUES (1,'马''文忠','13800138000'),(2,'王;秀英',NULL);\nCOPY public.cards (xm, yhkh) FROM stdin;\n李建国\t6222020000000000007\n\\.\nSELECT 1;\n".as_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::super::{Piece, extract};

    #[test]
    fn rows_of_statements_have_their_columns() {
        let pieces = extract(&super::sample(), "a.sql").pieces;
        for (column, wanted) in
            [("xm", "马'文忠"), ("sjh", "13800138000"), ("xm", "王;秀英"), ("yhkh", "6222020000000000007")]
        {
            let found = pieces
                .iter()
                .any(|piece| matches!(piece, Piece::Cell { header, value, .. } if header == column && value == wanted));
            assert!(found, "{column} {wanted} in {pieces:?}");
        }
    }
}
