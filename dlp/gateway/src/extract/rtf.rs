//! Rich text (RTF 1.9.1), which word processors also save under the names of their binary documents.

use std::collections::HashMap;

use encoding_rs::{BIG5, Encoding, GB18030, UTF_8, WINDOWS_1252};

use super::{Job, Refusal, within};

pub(super) fn matches(bytes: &[u8], _name: &str) -> bool {
    bytes.starts_with(b"{\\rtf")
}

pub(super) fn read(job: &mut Job, bytes: &[u8], _name: &str, inside: &str) {
    let mut document = Rtf::default();
    let whole = document.parse(bytes);
    if !whole {
        job.unreadable(inside, "RTF文档不完整，只读出一部分");
    }
    if document.text.trim().is_empty() && document.pictures {
        job.unreadable(inside, Refusal::no_text("文档只有图像（可能是扫描件），不含文字"));
    }
    job.text(inside, document.text);
    for (index, object) in document.objects.iter().enumerate() {
        let place = within(inside, &format!("对象{}", index + 1));
        match inner_document(object) {
            Some(document) => super::read(job, document, "", &place),
            None => job.unreadable(&place, "嵌入的对象无法识别"),
        }
    }
}

/// The document in the data of an object, by what it begins with.
fn inner_document(object: &[u8]) -> Option<&[u8]> {
    const BEGINS: [&[u8]; 4] = [b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"PK\x03\x04", b"%PDF-", b"{\\rtf"];
    let starts = |at: &usize| BEGINS.iter().any(|begin| object[*at..].starts_with(begin));
    (0..object.len()).find(starts).map(|at| &object[at..])
}

/// What holds within a pair of braces.
#[derive(Clone, Copy, Default)]
struct Group {
    kind: Kind,
    font: i32,
    /// Characters for older readers that follow one in Unicode; one unless the group says more.
    stand_ins: Option<usize>,
}

/// What the text of a group is.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Kind {
    #[default]
    Text,
    Fonts,
    Object,
    /// Styles, colours, pictures: nothing to read.
    Looks,
}

#[derive(Default)]
struct Rtf {
    text: String,
    /// Bytes of the encoding that holds, not yet decoded, and UTF-16 units.
    bytes: Vec<u8>,
    units: Vec<u16>,
    code_page: Option<&'static Encoding>,
    fonts: HashMap<i32, &'static Encoding>,
    /// Stand-ins yet to be passed over.
    passed: usize,
    objects: Vec<Vec<u8>>,
    /// The digit of an object's byte that waits for its other one.
    digit: Option<u8>,
    pictures: bool,
}

/// A control word or sign.
enum Control<'b> {
    Word(&'b [u8], Option<i32>),
    Byte(u8),
    Sign(u8),
}

impl Rtf {
    /// Reads a document; whether all its groups are closed.
    fn parse(&mut self, bytes: &[u8]) -> bool {
        let mut groups: Vec<Group> = Vec::new();
        let mut group = Group::default();
        let mut rest = bytes;
        let mut closed = false;
        while let Some((first, tail)) = rest.split_first() {
            rest = tail;
            match first {
                b'{' => groups.push(group),
                b'}' => {
                    self.flush(group);
                    closed = groups.len() <= 1;
                    group = groups.pop().unwrap_or_default();
                }
                b'\\' => {
                    let (control, after) = control(tail);
                    rest = after;
                    if let Control::Word(b"bin", Some(length)) = control {
                        rest = after.get(usize::try_from(length).unwrap_or(0)..).unwrap_or_default();
                    } else {
                        self.control(control, &mut group);
                    }
                }
                b'\r' | b'\n' => {}
                byte => self.byte(*byte, group),
            }
        }
        self.flush(group);
        closed && groups.is_empty()
    }

    fn control(&mut self, control: Control<'_>, group: &mut Group) {
        match control {
            Control::Byte(byte) => self.byte(byte, *group),
            Control::Sign(b'\\' | b'{' | b'}') if self.pass() => {}
            Control::Sign(sign @ (b'\\' | b'{' | b'}')) => self.byte(sign, *group),
            Control::Sign(b'~') => self.byte(b' ', *group),
            Control::Sign(b'_') => self.byte(b'-', *group),
            Control::Sign(b'\r' | b'\n') => self.separator('\n', *group),
            Control::Sign(_) => {}
            Control::Word(word, number) => self.word(word, number, group),
        }
    }

    fn word(&mut self, word: &[u8], number: Option<i32>, group: &mut Group) {
        match (word, number) {
            (b"par" | b"line" | b"row" | b"sect" | b"page", _) => self.separator('\n', *group),
            (b"tab" | b"cell" | b"nestcell", _) => self.separator('\t', *group),
            (b"u", Some(number)) if group.kind == Kind::Text => {
                self.flush_bytes(*group);
                // Units past 32767 are written as negative numbers.
                self.units.push((number & 0xffff) as u16);
                self.passed = group.stand_ins.unwrap_or(1);
            }
            (b"uc", Some(number)) => group.stand_ins = usize::try_from(number).ok(),
            (b"ansicpg", Some(page)) => self.code_page = code_page(page),
            (b"f", Some(font)) => {
                self.flush(*group);
                group.font = font;
            }
            (b"fcharset", Some(charset)) => {
                let encoding = charset_encoding(charset);
                self.fonts.extend(encoding.map(|encoding| (group.font, encoding)));
            }
            (b"fonttbl", _) => group.kind = Kind::Fonts,
            (b"objdata", _) => {
                group.kind = Kind::Object;
                self.digit = None;
                self.objects.push(Vec::new());
            }
            (b"pict", _) => {
                self.pictures = true;
                group.kind = Kind::Looks;
            }
            _ if is_looks(word) => group.kind = Kind::Looks,
            _ => {}
        }
    }

    /// Whether what comes is a stand-in for the character in Unicode before it.
    fn pass(&mut self) -> bool {
        let passed = self.passed > 0;
        self.passed = self.passed.saturating_sub(1);
        passed
    }

    fn byte(&mut self, byte: u8, group: Group) {
        match group.kind {
            Kind::Text if self.pass() => {}
            Kind::Text => {
                self.flush_units();
                self.bytes.push(byte);
            }
            Kind::Object => self.object_digit(byte),
            Kind::Fonts | Kind::Looks => {}
        }
    }

    fn object_digit(&mut self, byte: u8) {
        let Some(digit) = char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok()) else { return };
        match (self.digit.take(), self.objects.last_mut()) {
            (Some(high), Some(object)) => object.push(high << 4 | digit),
            _ => self.digit = Some(digit),
        }
    }

    fn separator(&mut self, separator: char, group: Group) {
        if group.kind == Kind::Text {
            self.flush(group);
            self.text.push(separator);
        }
    }

    fn flush(&mut self, group: Group) {
        self.flush_bytes(group);
        self.flush_units();
    }

    fn flush_bytes(&mut self, group: Group) {
        if !self.bytes.is_empty() {
            let encoding = self.fonts.get(&group.font).copied().or(self.code_page).unwrap_or(WINDOWS_1252);
            self.text.push_str(&encoding.decode_without_bom_handling(&self.bytes).0);
            self.bytes.clear();
        }
    }

    fn flush_units(&mut self) {
        if !self.units.is_empty() {
            self.text.push_str(&String::from_utf16_lossy(&self.units));
            self.units.clear();
        }
    }
}

/// What stands behind a backslash, and what follows it.
fn control(text: &[u8]) -> (Control<'_>, &[u8]) {
    let letters = text.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    if letters == 0 {
        return match text {
            [b'\'', high, low, rest @ ..] => {
                let digit = |byte: &u8| char::from(*byte).to_digit(16).unwrap_or(0);
                (Control::Byte(u8::try_from(digit(high) * 16 + digit(low)).unwrap_or(0)), rest)
            }
            [sign, rest @ ..] => (Control::Sign(*sign), rest),
            [] => (Control::Sign(0), text),
        };
    }
    let (word, rest) = text.split_at(letters);
    let sign = usize::from(rest.first() == Some(&b'-'));
    let digits = rest[sign..].iter().take_while(|byte| byte.is_ascii_digit()).take(10).count();
    let (number, rest) = if digits == 0 { (&rest[..0], rest) } else { rest.split_at(sign + digits) };
    let number = std::str::from_utf8(number).ok().and_then(|number| number.parse().ok());
    (Control::Word(word, number), rest.strip_prefix(b" ").unwrap_or(rest))
}

fn code_page(page: i32) -> Option<&'static Encoding> {
    Some(match page {
        936 | 54936 => GB18030,
        950 => BIG5,
        65001 => UTF_8,
        _ => return None,
    })
}

fn charset_encoding(charset: i32) -> Option<&'static Encoding> {
    Some(match charset {
        134 => GB18030,
        136 => BIG5,
        _ => return None,
    })
}

/// Groups without text of the document.
fn is_looks(word: &[u8]) -> bool {
    const LOOKS: [&[u8]; 17] = [
        b"colortbl",
        b"stylesheet",
        b"listtable",
        b"listoverridetable",
        b"rsidtbl",
        b"themedata",
        b"colorschememapping",
        b"latentstyles",
        b"datastore",
        b"xmlnstbl",
        b"generator",
        b"panose",
        b"mmathPr",
        b"pgdsctbl",
        b"wgrffmtfilter",
        b"blipuid",
        b"falt",
    ];
    LOOKS.contains(&word)
}

#[cfg(test)]
pub(super) fn sample() -> Vec<u8> {
    let text: String =
        encoding_rs::GB18030.encode("联系人：马文忠").0.iter().map(|byte| format!("\\'{byte:02x}")).collect();
    format!("{{\\rtf1\\ansi\\ansicpg936{{\\fonttbl{{\\f0\\fcharset134 SimSun;}}}}{{\\*\\generator x;}}\\f0 {text}\\par phone 13800138000\\par}}")
        .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::super::extract;
    use super::*;

    fn text(rtf: &[u8]) -> String {
        let mut document = Rtf::default();
        document.parse(rtf);
        document.text
    }

    #[test]
    fn text_of_every_encoding_is_read() {
        assert_eq!(text(&sample()), "联系人：马文忠\nphone 13800138000\n");
        assert_eq!(text(br"{\rtf1\ansi\uc1\u30005?\u-29731?{\uc2\u21495 ??}\uc0\u65306 138}"), "电话号：138");
        assert_eq!(text(br"{\rtf1\ansi\ansicpg1252{\fonttbl{\f1\fcharset134 a;}}{\f1\'b5\'e7}\'e9}"), "电é");
        assert_eq!(
            text("{\\rtf1\\ansicpg936 \u{6c}\\{1\\}\\~2{\\pict 0123}{\\colortbl;\\red1;}\\bin3 abc4}".as_bytes()),
            "l{1} 24"
        );
    }

    #[test]
    fn a_document_under_any_name_is_read_and_one_that_breaks_off_is_told() {
        for name in ["a.rtf", "a.doc", "a.wps", "a"] {
            let read = extract(&sample(), name);
            assert!(format!("{:?}", read.pieces).contains("马文忠") && read.unreadable.is_empty(), "{name}: {read:?}");
        }
        let whole = sample();
        let read = extract(&whole[..whole.len() - 5], "a.rtf");
        assert!(format!("{:?}", read.pieces).contains("马文忠") && read.unreadable.len() == 1, "{read:?}");
    }

    #[test]
    fn objects_are_taken_apart() {
        let inner: String = super::super::archive::samples::zip().iter().map(|byte| format!("{byte:02x}")).collect();
        for (data, told) in [(format!("01050000 {inner}"), 0), ("0105".to_owned(), 1)] {
            let rtf = format!("{{\\rtf1 a{{\\object{{\\*\\objdata {data}}}}}}}");
            let read = extract(rtf.as_bytes(), "a.rtf");
            assert_eq!(read.unreadable.len(), told, "{read:?}");
            assert!(told > 0 || format!("{:?}", read.pieces).contains("13800138000"), "{read:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn never_panics(rest in "[\\\\{}'a-z0-9 u\\-*?]{0,80}") {
            let _ = text(format!("{{\\rtf1{rest}").as_bytes());
        }
    }
}
