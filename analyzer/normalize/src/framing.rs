//! Cuts the lines of a file into records that stand on their own: rows of tables carry their header.

use crate::limits;
use crate::sources::SourceDefinition;

/// Cuts the lines of one file into records.
#[derive(Debug, Clone, Default)]
pub struct Framing {
    table: Option<Table>,
    header: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Table {
    Csv,
    Zeek,
    W3c,
}

impl Framing {
    /// The framing of a source.
    #[must_use]
    pub fn of(source: &SourceDefinition) -> Self {
        let table = match source.name {
            "csv" => Some(Table::Csv),
            "zeek_tsv" => Some(Table::Zeek),
            "web_w3c" => Some(Table::W3c),
            _ => None,
        };
        Self { table, header: Vec::new() }
    }

    /// The record a line (without its end) makes; `None` for empty lines, headers and comments.
    pub fn record(&mut self, line: &[u8]) -> Option<Vec<u8>> {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.trim_ascii().is_empty() {
            return None;
        }
        match self.table {
            None => Some(line.to_vec()),
            Some(Table::Csv) if self.header.is_empty() => self.keep(line, true),
            Some(Table::Zeek) if line.starts_with(b"#") => self.zeek_header(line),
            Some(Table::W3c) if line.starts_with(b"#Fields:") => self.keep(line, true),
            Some(Table::W3c) if line.starts_with(b"#") => None,
            Some(_) => Some([&self.header, line].concat()),
        }
    }

    fn zeek_header(&mut self, line: &[u8]) -> Option<Vec<u8>> {
        if line.starts_with(b"#path\t") {
            return self.keep(line, true);
        }
        if line.starts_with(b"#fields\t") { self.keep(line, !self.header.starts_with(b"#path")) } else { None }
    }

    fn keep(&mut self, line: &[u8], first: bool) -> Option<Vec<u8>> {
        if first {
            self.header.clear();
        } else {
            let path = self.header.iter().position(|byte| *byte == b'\n').map_or(0, |end| end + 1);
            self.header.truncate(path);
        }
        self.header.extend_from_slice(&line[..line.len().min(limits::HEADER_BYTES)]);
        self.header.push(b'\n');
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::source;

    fn records(name: &str, lines: &[&str]) -> Vec<String> {
        let mut framing = Framing::of(source(name).expect("is a source"));
        lines
            .iter()
            .filter_map(|line| framing.record(line.as_bytes()))
            .map(|record| String::from_utf8_lossy(&record).into_owned())
            .collect()
    }

    #[test]
    fn rows_carry_their_header() {
        assert_eq!(records("csv", &["a,b", "", "1,2\r", "3,4"]), ["a,b\n1,2", "a,b\n3,4"]);
        let lines = [
            "#separator \\x09",
            "#path\tconn",
            "#fields\tts\tuid",
            "#types\ttime\tstring",
            "1\tC1",
            "#close\tx",
            "#path\tdns",
            "#fields\tts",
            "2",
        ];
        assert_eq!(records("zeek_tsv", &lines), ["#path\tconn\n#fields\tts\tuid\n1\tC1", "#path\tdns\n#fields\tts\n2"]);
        assert_eq!(records("syslog", &["x", ""]), ["x"]);
    }
}
