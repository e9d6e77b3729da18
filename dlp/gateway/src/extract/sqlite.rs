//! SQLite databases, read from their pages (https://www.sqlite.org/fileformat2.html): every row of every table, cell by cell.
//!
//! The library that the console links can't be used here: it takes files only and trusts them.

use std::collections::HashSet;

use super::{Job, within};

/// Most rows of one database that are read.
const ROWS: usize = 5_000_000;
/// Deepest tree of pages; a database of the largest size has fewer levels.
const LEVELS: usize = 40;

pub(super) fn matches(bytes: &[u8], _name: &str) -> bool {
    bytes.starts_with(b"SQLite format 3\0")
}

pub(super) fn read(job: &mut Job, bytes: &[u8], _name: &str, inside: &str) {
    let Some(database) = Database::new(bytes) else { return job.unreadable(inside, "SQLite数据库头部损坏") };
    let mut schema = Vec::new();
    let mut walk = Walk { rows: 0, seen: HashSet::new(), broken: false };
    database.table(1, 0, &mut walk, &mut |row| schema.push(row));
    let mut broken = walk.broken;
    for row in schema {
        let [Value::Text(kind), Value::Text(name), _, root, definition, ..] = row.as_slice() else {
            broken = true;
            continue;
        };
        // An index repeats what its table has; a virtual table has no page of its own.
        if kind != "table" || name.starts_with("sqlite_") || *root == Value::Integer(0) {
            continue;
        }
        let (Value::Integer(root), Value::Text(definition)) = (root, definition) else {
            broken = true;
            continue;
        };
        let Ok(root) = u32::try_from(*root) else {
            broken = true;
            continue;
        };
        if job.late() {
            return job.unreadable(inside, super::Refusal::limit("超过单个文件的处理时限"));
        }
        let without_key = definition.to_ascii_uppercase().contains("WITHOUT ROWID");
        let columns = if without_key { Vec::new() } else { columns(definition) };
        let mut number = 0;
        let place = within(inside, &format!("表{name}"));
        let mut walk = Walk { rows: walk.rows, seen: HashSet::new(), broken: false };
        database.table(root, 0, &mut walk, &mut |row| {
            number += 1;
            cells(job, &place, &columns, number, row);
        });
        broken |= walk.broken;
        if walk.rows >= ROWS {
            return job.unreadable(&place, super::Refusal::limit(format!("数据库超过{ROWS}行，其余未检查")));
        }
    }
    if broken {
        job.unreadable(inside, "数据库有损坏的页，部分行无法读取");
    }
}

fn cells(job: &mut Job, place: &str, columns: &[String], number: usize, row: Vec<Value>) {
    for (index, value) in row.into_iter().enumerate() {
        let column = columns.get(index).map_or("", String::as_str);
        let text = match value {
            Value::Text(text) => text,
            Value::Integer(number) => number.to_string(),
            Value::Real(number) => number.to_string(),
            Value::Blob(bytes) if bytes.len() >= 8 => {
                super::read(job, &bytes, "", &within(place, &format!("第{number}行{column}")));
                continue;
            }
            Value::Blob(_) | Value::Null => continue,
        };
        job.cell(within(place, &format!("第{number}行{column}")), column, text);
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Value {
    Null,
    Integer(i64),
    Real(f64),
    Text(String),
    Blob(Vec<u8>),
}

struct Database<'b> {
    bytes: &'b [u8],
    page: usize,
    usable: usize,
    encoding: &'static encoding_rs::Encoding,
}

struct Walk {
    rows: usize,
    seen: HashSet<u32>,
    broken: bool,
}

impl<'b> Database<'b> {
    fn new(bytes: &'b [u8]) -> Option<Self> {
        let page = match u16::from_be_bytes(bytes.get(16..18)?.try_into().ok()?) {
            1 => 65_536,
            size => usize::from(size),
        };
        let usable = page.checked_sub(usize::from(*bytes.get(20)?))?;
        let encoding = match bytes.get(59)? {
            2 => encoding_rs::UTF_16LE,
            3 => encoding_rs::UTF_16BE,
            _ => encoding_rs::UTF_8,
        };
        (page.is_power_of_two() && page >= 512 && usable >= 480).then_some(Self { bytes, page, usable, encoding })
    }

    fn page(&self, number: u32) -> Option<&'b [u8]> {
        let start = usize::try_from(number.checked_sub(1)?).ok()?.checked_mul(self.page)?;
        self.bytes.get(start..start.checked_add(self.page)?)
    }

    /// Visits the rows below a page, whichever kind of tree it belongs to.
    fn table(&self, number: u32, level: usize, walk: &mut Walk, visit: &mut impl FnMut(Vec<Value>)) {
        let page = self.page(number).filter(|_| level < LEVELS && walk.seen.insert(number));
        let Some(page) = page else {
            walk.broken = true;
            return;
        };
        let head = if number == 1 { 100 } else { 0 };
        let kind = page[head];
        let interior = matches!(kind, 2 | 5);
        if !matches!(kind, 2 | 5 | 10 | 13) {
            walk.broken = true;
            return;
        }
        let count = usize::from(u16::from_be_bytes([page[head + 3], page[head + 4]]));
        for index in 0..count {
            let pointer = head + if interior { 12 } else { 8 } + index * 2;
            let Some(cell) = page.get(pointer..pointer + 2).map(|at| usize::from(u16::from_be_bytes([at[0], at[1]])))
            else {
                walk.broken = true;
                return;
            };
            if walk.rows >= ROWS {
                return;
            }
            self.cell(page, cell, kind, level, walk, visit);
        }
        if interior && let Some(last) = be32(page, head + 8) {
            self.table(last, level + 1, walk, visit);
        }
    }

    #[allow(clippy::too_many_arguments, reason = "the state of one walk over a tree")]
    fn cell(
        &self,
        page: &[u8],
        at: usize,
        kind: u8,
        level: usize,
        walk: &mut Walk,
        visit: &mut impl FnMut(Vec<Value>),
    ) {
        let mut at = at;
        if matches!(kind, 2 | 5) {
            let Some(child) = be32(page, at) else { return walk.broken = true };
            self.table(child, level + 1, walk, visit);
            at += 4;
        }
        if kind == 5 {
            return;
        }
        let row = self.payload(page, at, kind).and_then(|payload| self.record(&payload));
        match row {
            Some(row) => {
                walk.rows += 1;
                visit(row);
            }
            None => walk.broken = true,
        }
    }

    /// The bytes of a record, joined from its overflow pages.
    fn payload(&self, page: &[u8], at: usize, kind: u8) -> Option<Vec<u8>> {
        let (length, mut at) = varint(page, at)?;
        let length = usize::try_from(length).ok().filter(|length| *length <= self.bytes.len())?;
        if kind == 13 {
            at = varint(page, at)?.1;
        }
        let most = if kind == 13 { self.usable - 35 } else { (self.usable - 12) * 64 / 255 - 23 };
        let local = if length <= most {
            length
        } else {
            let least = (self.usable - 12) * 32 / 255 - 23;
            let fitting = least + (length - least) % (self.usable - 4);
            if fitting <= most { fitting } else { least }
        };
        let mut payload = page.get(at..at.checked_add(local)?)?.to_vec();
        let mut next = if local < length { be32(page, at + local)? } else { 0 };
        while payload.len() < length {
            let overflow = self.page(next)?;
            let part = (length - payload.len()).min(self.usable - 4);
            payload.extend_from_slice(overflow.get(4..4 + part)?);
            next = be32(overflow, 0)?;
        }
        Some(payload)
    }

    fn record(&self, payload: &[u8]) -> Option<Vec<Value>> {
        let (head, mut at) = varint(payload, 0)?;
        let mut body = usize::try_from(head).ok()?;
        let end = body;
        let mut values = Vec::new();
        while at < end {
            let (kind, next) = varint(payload, at)?;
            at = next;
            let (value, length) = self.value(kind, payload.get(body..)?)?;
            values.push(value);
            body += length;
        }
        Some(values)
    }

    /// A value by its serial type, and how many bytes it takes.
    fn value(&self, kind: u64, data: &[u8]) -> Option<(Value, usize)> {
        let integer = |length: usize| {
            let bytes = data.get(..length)?;
            let sign = if bytes.first()? & 0x80 != 0 { -1 } else { 0 };
            Some((Value::Integer(bytes.iter().fold(sign, |value: i64, byte| value << 8 | i64::from(*byte))), length))
        };
        match kind {
            0 => Some((Value::Null, 0)),
            1..=4 => integer(usize::try_from(kind).ok()?),
            5 => integer(6),
            6 => integer(8),
            7 => Some((Value::Real(f64::from_be_bytes(data.get(..8)?.try_into().ok()?)), 8)),
            8 | 9 => Some((Value::Integer(i64::from(kind == 9)), 0)),
            10 | 11 => None,
            _ => {
                let length = usize::try_from((kind - 12) / 2).ok()?;
                let bytes = data.get(..length)?;
                let value = match kind % 2 {
                    0 => Value::Blob(bytes.to_vec()),
                    _ => Value::Text(self.encoding.decode_without_bom_handling(bytes).0.into_owned()),
                };
                Some((value, length))
            }
        }
    }
}

fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

/// A number of up to nine bytes, seven bits each, and where it ends.
fn varint(bytes: &[u8], at: usize) -> Option<(u64, usize)> {
    let mut value = 0_u64;
    for index in 0..9 {
        let byte = *bytes.get(at.checked_add(index)?)?;
        if index == 8 {
            return Some((value << 8 | u64::from(byte), at + 9));
        }
        value = value << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some((value, at + index + 1));
        }
    }
    None
}

/// Names of the columns of a `CREATE TABLE`.
pub(super) fn columns(definition: &str) -> Vec<String> {
    let Some((_, body)) = definition.split_once('(') else { return Vec::new() };
    let mut parts = vec![String::new()];
    let mut depth = 0;
    for c in body.chars() {
        match c {
            '(' => depth += 1,
            ')' if depth == 0 => break,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(part) = parts.last_mut() {
            part.push(c);
        }
    }
    let name = |part: &String| {
        let part = part.trim();
        let quote = part.chars().next().filter(|c| matches!(c, '"' | '`' | '[' | '\''));
        let (name, quoted) = match quote {
            Some(open) => {
                let close = if open == '[' { ']' } else { open };
                (part[1..].split(close).next().unwrap_or_default(), true)
            }
            None => (part.split([' ', '\n', '\t', '\r']).next().unwrap_or_default(), false),
        };
        let constraint = ["PRIMARY", "UNIQUE", "CHECK", "FOREIGN", "CONSTRAINT", "KEY", "INDEX", "FULLTEXT"]
            .iter()
            .any(|word| name.eq_ignore_ascii_case(word));
        (!name.is_empty() && (quoted || !constraint)).then(|| name.to_owned())
    };
    parts.iter().filter_map(name).collect()
}

#[cfg(test)]
pub(super) fn sample() -> Vec<u8> {
    include_bytes!("../../tests/fixtures/people.sqlite").to_vec()
}

#[cfg(test)]
mod tests {
    use super::super::{Piece, extract};
    use super::*;

    #[test]
    fn rows_of_a_database_made_by_sqlite() {
        let pieces = extract(&sample(), "people.sqlite").pieces;
        let cell = |header: &str, wanted: &str| {
            pieces.iter().any(
                |piece| matches!(piece, Piece::Cell { header: known, value, .. } if known == header && value == wanted),
            )
        };
        assert!(cell("xm", "马文忠1") && cell("sjh", "13800000299"), "{} pieces", pieces.len());
        assert_eq!(
            pieces.iter().filter(|piece| matches!(piece, Piece::Cell { header, .. } if header == "xm")).count(),
            300
        );
        assert!(pieces.iter().any(|piece| matches!(piece, Piece::Cell { value, .. } if value.len() > 9000)));
    }

    #[test]
    fn columns_of_definitions() {
        assert_eq!(columns("CREATE TABLE t(\"a b\" TEXT, c DECIMAL(1,2), PRIMARY KEY(c), [d])"), ["a b", "c", "d"]);
    }
}
