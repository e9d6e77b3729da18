//! Tables in running text: lines with as many fields as one above that calls a field a person's name.

use super::super::column::said;

/// What parts fields, the surest first; a space does so only where no other does.
const SEPARATORS: [char; 5] = ['\t', '|', '｜', ',', ' '];
/// Longest line that can be a header, in bytes, and the words of which it has one.
const HEADER_BYTES: usize = 240;
const HEADER_WORDS: [&str; 7] = ["姓名", "名字", "联系人", "户名", "人员", "name", "xm"];
/// Longest field of a header, in characters.
const FIELD_CHARACTERS: usize = 12;

/// The table that lines belong to, and where in the last line names of persons stand.
#[derive(Debug, Default)]
pub(super) struct Table {
    separator: Option<char>,
    /// Whether each column is one of persons.
    persons: Vec<bool>,
    names: Vec<(usize, usize)>,
}

impl Table {
    /// Reads the next line, which begins at an offset.
    pub(super) fn line(&mut self, start: usize, line: &str) {
        self.names.clear();
        if let Some(separator) = self.separator {
            let fields = fields(line, separator);
            if fields.len() == self.persons.len() {
                let columns = fields.into_iter().zip(&self.persons).filter(|(_, person)| **person);
                self.names.extend(columns.map(|((from, to), _)| (start + from, start + to)));
                return;
            }
        }
        self.separator = None;
        let named = line.len() <= HEADER_BYTES && HEADER_WORDS.iter().any(|word| line.contains(word));
        let header =
            SEPARATORS.into_iter().filter(|_| named).find_map(|separator| Some((separator, header(line, separator)?)));
        if let Some((separator, persons)) = header {
            (self.separator, self.persons) = (Some(separator), persons);
        }
    }

    /// Whether what stands in a column of persons is all of its field; nothing elsewhere.
    pub(super) fn names_at(&self, text: &str, start: usize, end: usize) -> Option<bool> {
        let (from, to) = self.names.iter().find(|(from, to)| *from <= start && end <= *to)?;
        Some(text.get(*from..*to).is_some_and(|field| text.get(start..end) == Some(field.trim())))
    }
}

/// The columns of a line that is a header; `None` if it is none, or none of persons.
fn header(line: &str, separator: char) -> Option<Vec<bool>> {
    let texts: Vec<&str> = fields(line, separator).into_iter().filter_map(|(from, to)| line.get(from..to)).collect();
    let short = texts.len() >= 2 && texts.iter().all(|text| text.chars().count() <= FIELD_CHARACTERS);
    let persons: Vec<bool> = texts.iter().map(|text| short && said(text.trim()).person).collect();
    persons.contains(&true).then_some(persons)
}

/// Where the fields of a line begin and end.
fn fields(line: &str, separator: char) -> Vec<(usize, usize)> {
    let offset = |part: &str| part.as_ptr() as usize - line.as_ptr() as usize;
    let place = |part: &str| (offset(part), offset(part) + part.len());
    match separator {
        ' ' => line.split_whitespace().map(place).collect(),
        other => line.split(other).map(place).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<&str> {
        let mut table = Table::default();
        let mut found = Vec::new();
        let mut start = 0;
        for line in text.split('\n') {
            table.line(start, line);
            found.extend(table.names.iter().map(|(from, to)| text[*from..*to].trim()));
            start += line.len() + 1;
        }
        found
    }

    #[test]
    fn columns_of_persons_are_known_by_their_header() {
        assert_eq!(names("姓名|性别\n成龙|男\n花蕊|女\n说明：略"), ["成龙", "花蕊"]);
        assert_eq!(names("序号 家长姓名 电话\n1 车丽 139\n2  付豪 138\n其他 说明"), ["车丽", "付豪"]);
        assert_eq!(names("| 姓名 | 科室 |\n|---|---|\n| 向阳 | 内科 |"), ["---", "向阳"]);
        assert_eq!(names("name,phone\n常乐,1\n"), ["常乐"]);
        assert!(names("商品 名称\n黄金 万两").is_empty() && names("姓名和电话\n没有").is_empty());
    }
}
