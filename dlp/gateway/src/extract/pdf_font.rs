//! From the codes of a PDF font to characters: ToUnicode maps, then predefined encodings, then Latin.

use std::collections::HashMap;

use encoding_rs::{BIG5, Encoding, GB18030, UTF_8, UTF_16BE};
use lopdf::{Dictionary, Document, Object};

use crate::limits::PDF_STREAM_BYTES;

/// Most entries of one ToUnicode map.
const MAP_ENTRIES: usize = 200_000;

/// How the codes of a font become text.
pub(super) enum Font {
    /// A ToUnicode map (ISO 32000-1 section 9.10.3).
    Mapped(CodeMap),
    /// A predefined encoding of Chinese fonts (ISO 32000-1 table 118).
    Encoded(&'static Encoding),
    /// Numbers of the characters of Adobe-GB1.
    Gb1,
    /// A simple font: one byte a character, Windows Latin 1.
    Latin,
    /// A simple font that names some characters itself; `None` for names that say nothing.
    Named(HashMap<u8, Option<char>>),
    /// Glyph numbers of which nobody says what they mean.
    Unknown,
}

/// What some codes show.
#[derive(Default)]
pub(super) struct Shown {
    pub(super) text: String,
    pub(super) codes: usize,
    /// Codes without a meaning.
    pub(super) lost: usize,
}

impl Shown {
    fn add(&mut self, c: Option<char>) {
        self.codes += 1;
        self.lost += usize::from(c.is_none());
        self.text.push(c.unwrap_or(char::REPLACEMENT_CHARACTER));
    }
}

impl Font {
    pub(super) fn new(document: &Document, font: &Dictionary) -> Self {
        if let Some(map) = to_unicode(document, font) {
            return Self::Mapped(map);
        }
        let composite = font.get(b"Subtype").and_then(Object::as_name).is_ok_and(|name| name == b"Type0");
        let encoding = font.get_deref(b"Encoding", document).ok();
        match encoding.and_then(|object| object.as_name().ok()) {
            Some(name) if composite => match predefined(name) {
                Some(encoding) => Self::Encoded(encoding),
                None if name.starts_with(b"Identity") && is_gb1(document, font) => Self::Gb1,
                None => Self::Unknown,
            },
            _ if composite => Self::Unknown,
            _ => encoding.and_then(|encoding| differences(document, encoding)).map_or(Self::Latin, Self::Named),
        }
    }

    /// The characters of shown codes.
    pub(super) fn decode(&self, bytes: &[u8]) -> Shown {
        match self {
            Self::Mapped(map) => map.decode(bytes),
            Self::Encoded(encoding) => {
                let text = encoding.decode_without_bom_handling(bytes).0.into_owned();
                Shown { codes: text.chars().count(), lost: text.matches(char::REPLACEMENT_CHARACTER).count(), text }
            }
            Self::Gb1 => {
                let mut shown = Shown::default();
                bytes.chunks(2).for_each(|code| shown.add(gb1_character(number(code))));
                shown
            }
            Self::Latin => {
                let mut shown = Shown::default();
                latin(bytes).chars().for_each(|c| shown.add(Some(c).filter(|c| is_shown(*c))));
                shown
            }
            Self::Named(names) => {
                let mut shown = Shown::default();
                for (byte, c) in bytes.iter().zip(latin(bytes).chars()) {
                    shown.add(names.get(byte).copied().unwrap_or(Some(c).filter(|c| is_shown(*c))));
                }
                shown
            }
            Self::Unknown => Shown { codes: bytes.len(), lost: bytes.len(), text: String::new() },
        }
    }
}

fn latin(bytes: &[u8]) -> String {
    encoding_rs::WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned()
}

/// Whether a character of a simple font shows something: those of fonts of one's own numbering are controls.
fn is_shown(c: char) -> bool {
    !c.is_control() || matches!(c, '\t' | '\n' | '\r')
}

fn number(code: &[u8]) -> u32 {
    code.iter().fold(0, |number, byte| number << 8 | u32::from(*byte))
}

/// Whether a composite font counts its characters as Adobe-GB1 does.
fn is_gb1(document: &Document, font: &Dictionary) -> bool {
    let inner = font.get_deref(b"DescendantFonts", document).and_then(Object::as_array).ok();
    let inner =
        inner.and_then(|all| document.dereference(all.first()?).ok()).and_then(|(_, inner)| inner.as_dict().ok());
    let system = inner.and_then(|inner| document.get_dict_in_dict(inner, b"CIDSystemInfo").ok());
    let ordering = system.and_then(|system| system.get_deref(b"Ordering", document).and_then(Object::as_str).ok());
    ordering == Some(b"GB1".as_slice())
}

/// A character of Adobe-GB1 (Adobe technical note 5079) by its number: Latin letters in both widths, and the rows of GB/T 2312
/// that its first version takes over whole.
fn gb1_character(cid: u32) -> Option<char> {
    /// First number, last number, code of GB/T 2312 of the first.
    const ROWS: [(u32, u32, u32); 7] = [
        (96, 189, 0xa1a1),
        (262, 355, 0xa3a1),
        (356, 438, 0xa4a1),
        (439, 524, 0xa5a1),
        (940, 4605, 0xb0a1),
        (4606, 4694, 0xd7a1),
        (4695, 7702, 0xd8a1),
    ];
    const ROW: u32 = 94;
    match cid {
        1..=95 => return char::from_u32(0x1f + cid),
        814..=908 => return char::from_u32(0x20 + cid - 814),
        _ => {}
    }
    let (first, _, code) = ROWS.into_iter().find(|(first, last, _)| (*first..=*last).contains(&cid))?;
    let (row, place) = ((cid - first) / ROW, (cid - first) % ROW);
    let code = u16::try_from(code + (row << 8) + place).ok()?;
    let text = GB18030.decode_without_bom_handling(&code.to_be_bytes()).0.into_owned();
    text.chars().next().filter(|c| *c != char::REPLACEMENT_CHARACTER)
}

/// The characters that an encoding names otherwise than Latin (ISO 32000-1 section 9.6.6).
fn differences(document: &Document, encoding: &Object) -> Option<HashMap<u8, Option<char>>> {
    let listed = encoding.as_dict().ok()?.get_deref(b"Differences", document).and_then(Object::as_array).ok()?;
    let mut names = HashMap::new();
    let mut code = 0_u8;
    for entry in listed {
        match entry {
            Object::Integer(next) => code = u8::try_from(*next).unwrap_or(code),
            Object::Name(name) => {
                names.insert(code, glyph(name));
                code = code.wrapping_add(1);
            }
            _ => {}
        }
    }
    Some(names)
}

/// A character by the name of its glyph (Adobe Glyph List for New Fonts); what data is written with.
fn glyph(name: &[u8]) -> Option<char> {
    const NAMES: [(&str, char); 44] = [
        ("space", ' '),
        ("exclam", '!'),
        ("quotedbl", '"'),
        ("numbersign", '#'),
        ("dollar", '$'),
        ("percent", '%'),
        ("ampersand", '&'),
        ("quotesingle", '\''),
        ("parenleft", '('),
        ("parenright", ')'),
        ("asterisk", '*'),
        ("plus", '+'),
        ("comma", ','),
        ("hyphen", '-'),
        ("minus", '-'),
        ("period", '.'),
        ("slash", '/'),
        ("zero", '0'),
        ("one", '1'),
        ("two", '2'),
        ("three", '3'),
        ("four", '4'),
        ("five", '5'),
        ("six", '6'),
        ("seven", '7'),
        ("eight", '8'),
        ("nine", '9'),
        ("colon", ':'),
        ("semicolon", ';'),
        ("less", '<'),
        ("equal", '='),
        ("greater", '>'),
        ("question", '?'),
        ("at", '@'),
        ("bracketleft", '['),
        ("backslash", '\\'),
        ("bracketright", ']'),
        ("underscore", '_'),
        ("bar", '|'),
        ("asciitilde", '~'),
        ("periodcentered", '·'),
        ("endash", '-'),
        ("emdash", '—'),
        ("bullet", '•'),
    ];
    let name = std::str::from_utf8(name).ok()?;
    let base = name.split('.').next().filter(|base| !base.is_empty())?;
    let hexadecimal = |digits: &str| {
        let fits = (4..=6).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        fits.then(|| u32::from_str_radix(digits, 16).ok()).flatten().and_then(char::from_u32)
    };
    let letter = || base.chars().next().filter(|c| base.len() == 1 && c.is_ascii_alphabetic());
    let known = || NAMES.iter().find(|(known, _)| *known == base).map(|(_, c)| *c);
    let coded = || base.strip_prefix("uni").or_else(|| base.strip_prefix('u')).and_then(hexadecimal);
    // Letters of other languages count as read: data is not lost with them.
    let other = || (base.len() > 3 && base.bytes().all(|byte| byte.is_ascii_alphabetic())).then_some('\u{b7}');
    letter().or_else(known).or_else(coded).or_else(other)
}

fn predefined(name: &[u8]) -> Option<&'static Encoding> {
    let name = std::str::from_utf8(name).ok()?;
    let family = name.trim_end_matches("-H").trim_end_matches("-V");
    match family {
        "GBK-EUC" | "GBKp-EUC" | "GBK2K" | "GB-EUC" | "GBpc-EUC" | "GBT-EUC" => Some(GB18030),
        "UniGB-UCS2" | "UniGB-UTF16" | "UniCNS-UCS2" | "UniCNS-UTF16" | "UniJIS-UCS2" | "UniJIS-UTF16" => {
            Some(UTF_16BE)
        }
        "UniGB-UTF8" | "UniCNS-UTF8" => Some(UTF_8),
        "B5pc" | "ETen-B5" | "ETenms-B5" | "HKscs-B5" => Some(BIG5),
        _ => None,
    }
}

fn to_unicode(document: &Document, font: &Dictionary) -> Option<CodeMap> {
    let stream = font.get_deref(b"ToUnicode", document).and_then(Object::as_stream).ok()?;
    let bytes = stream.get_plain_content_with_limit(PDF_STREAM_BYTES).ok()?;
    let map = CodeMap::parse(&String::from_utf8_lossy(&bytes));
    (!map.characters.is_empty()).then_some(map)
}

/// Codes of one or two bytes and what they stand for.
#[derive(Default)]
pub(super) struct CodeMap {
    characters: HashMap<u32, String>,
    /// Whether codes have two bytes.
    wide: bool,
}

impl CodeMap {
    /// Reads the sections `bfchar` and `bfrange` of a CMap; everything else is of no use here.
    fn parse(text: &str) -> Self {
        let mut map = Self::default();
        let mut rest = text;
        while let Some(at) = rest.find("beginbf") {
            let section = &rest[at..];
            let end = section.find("endbf").unwrap_or(section.len());
            match section.strip_prefix("beginbfchar") {
                Some(_) => map.characters_of(&section[..end]),
                None => map.ranges_of(&section[..end]),
            }
            rest = &section[end..];
            rest = rest.strip_prefix("endbf").unwrap_or("");
        }
        map
    }

    fn characters_of(&mut self, section: &str) {
        let strings: Vec<&str> = hexadecimals(section).collect();
        for pair in strings.chunks_exact(2) {
            self.wide |= pair[0].len() > 2;
            if let Some(code) = code(pair[0]) {
                self.insert(code, characters(pair[1], 0));
            }
        }
    }

    fn ranges_of(&mut self, section: &str) {
        for line in section.split(['\n', '\r']) {
            let strings: Vec<&str> = hexadecimals(line).collect();
            let [first, last, rest @ ..] = strings.as_slice() else { continue };
            let (Some(low), Some(high)) = (code(first), code(last)) else { continue };
            self.wide |= first.len() > 2;
            for (index, code) in (low..=high).take(65_536).enumerate() {
                let listed = line.contains('[').then(|| rest.get(index)).flatten();
                let offset = u32::try_from(index).unwrap_or(0);
                let text = listed
                    .map(|text| characters(text, 0))
                    .or_else(|| rest.first().map(|text| characters(text, offset)));
                self.insert(code, text.unwrap_or_default());
            }
        }
    }

    fn insert(&mut self, code: u32, text: String) {
        if self.characters.len() < MAP_ENTRIES {
            self.characters.insert(code, text);
        }
    }

    fn decode(&self, bytes: &[u8]) -> Shown {
        let width = if self.wide { 2 } else { 1 };
        let mut shown = Shown::default();
        for chunk in bytes.chunks(width) {
            let code = number(chunk);
            shown.codes += 1;
            match self.characters.get(&code) {
                Some(text) => shown.text.push_str(text),
                // Spaces are often left out.
                None if matches!(code, 0 | 3 | 32) => shown.text.push(' '),
                None => {
                    shown.lost += 1;
                    shown.text.push(char::REPLACEMENT_CHARACTER);
                }
            }
        }
        shown
    }
}

/// The strings in angle brackets.
fn hexadecimals(text: &str) -> impl Iterator<Item = &str> {
    text.split('<').skip(1).filter_map(|part| part.split_once('>').map(|(digits, _)| digits.trim()))
}

fn code(digits: &str) -> Option<u32> {
    (digits.len() <= 4).then(|| u32::from_str_radix(digits, 16).ok())?
}

/// UTF-16 in hexadecimal digits, its last unit raised by an offset.
fn characters(digits: &str, offset: u32) -> String {
    let unit = |at: usize| digits.get(at..at + 4).and_then(|unit| u16::from_str_radix(unit, 16).ok());
    let mut units: Vec<u16> = (0..digits.len() / 4).filter_map(|index| unit(index * 4)).collect();
    if let Some(last) = units.last_mut() {
        *last = last.wrapping_add(u16::try_from(offset).unwrap_or(0));
    }
    String::from_utf16_lossy(&units)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_of_both_forms_are_read() {
        let text = "1 beginbfchar\n<0003> <4E2D>\nendbfchar\n2 beginbfrange\n<0010> <0012> <0031>\n<0020> <0021> [<59D3> <540D>]\nendbfrange";
        let map = CodeMap::parse(text);
        assert_eq!(map.decode(&[0, 3, 0, 0x11, 0, 0x20, 0, 0x21]).text, "中2姓名");
    }
}
