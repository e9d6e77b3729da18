//! From the codes of a PDF font to characters: ToUnicode maps, then predefined encodings, then Latin.

use std::collections::HashMap;

use encoding_rs::{BIG5, Encoding, GB18030, UTF_16BE};
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
    /// A simple font: one byte a character, Windows Latin 1.
    Latin,
    /// Glyph numbers of which nobody says what they mean.
    Unknown,
}

impl Font {
    pub(super) fn new(document: &Document, font: &Dictionary) -> Self {
        if let Some(map) = to_unicode(document, font) {
            return Self::Mapped(map);
        }
        let composite = font.get(b"Subtype").and_then(Object::as_name).is_ok_and(|name| name == b"Type0");
        let encoding = font.get(b"Encoding").ok().map(|object| resolved(document, object));
        match encoding.and_then(|object| object.as_name().ok()) {
            Some(name) if composite => predefined(name).map_or(Self::Unknown, Self::Encoded),
            _ if composite => Self::Unknown,
            _ => Self::Latin,
        }
    }

    /// The characters of shown codes; `None` when the font does not tell.
    pub(super) fn decode(&self, bytes: &[u8]) -> Option<String> {
        match self {
            Self::Mapped(map) => Some(map.decode(bytes)),
            Self::Encoded(encoding) => Some(encoding.decode_without_bom_handling(bytes).0.into_owned()),
            Self::Latin => Some(Self::latin(bytes)),
            Self::Unknown => None,
        }
    }

    pub(super) fn latin(bytes: &[u8]) -> String {
        encoding_rs::WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned()
    }
}

fn predefined(name: &[u8]) -> Option<&'static Encoding> {
    let name = std::str::from_utf8(name).ok()?;
    let family = name.trim_end_matches("-H").trim_end_matches("-V");
    match family {
        "GBK-EUC" | "GBKp-EUC" | "GBK2K" | "GB-EUC" | "GBpc-EUC" | "GBT-EUC" => Some(GB18030),
        "UniGB-UCS2" | "UniGB-UTF16" | "UniCNS-UCS2" | "UniCNS-UTF16" | "UniJIS-UCS2" | "UniJIS-UTF16" => {
            Some(UTF_16BE)
        }
        "B5pc" | "ETen-B5" | "ETenms-B5" | "HKscs-B5" => Some(BIG5),
        _ => None,
    }
}

fn resolved<'a>(document: &'a Document, object: &'a Object) -> &'a Object {
    document.dereference(object).map_or(object, |(_, object)| object)
}

fn to_unicode(document: &Document, font: &Dictionary) -> Option<CodeMap> {
    let stream = resolved(document, font.get(b"ToUnicode").ok()?).as_stream().ok()?;
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

    fn decode(&self, bytes: &[u8]) -> String {
        let width = if self.wide { 2 } else { 1 };
        let mut text = String::new();
        for chunk in bytes.chunks(width) {
            let code = chunk.iter().fold(0_u32, |code, byte| code << 8 | u32::from(*byte));
            text.push_str(self.characters.get(&code).map_or("\u{fffd}", String::as_str));
        }
        text
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
        assert_eq!(map.decode(&[0, 3, 0, 0x11, 0, 0x20, 0, 0x21]), "中2姓名");
    }
}
