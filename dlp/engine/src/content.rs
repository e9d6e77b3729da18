//! What is known about bytes before they are read, and how they become text.

use encoding_rs::{BIG5, Encoding, GB18030, UTF_8, UTF_16BE, UTF_16LE};

/// What the caller knows about content. Everything is optional and untrusted.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ContentHint {
    /// File name or path, for its extension.
    pub name: Option<String>,
    /// Media type such as `text/html; charset=gbk`.
    pub media_type: Option<String>,
    /// Label of the character encoding, if declared apart from the media type.
    pub charset: Option<String>,
    /// Header of the column or key of the field the content is the value of.
    pub field: Option<String>,
}

impl ContentHint {
    /// The declared encoding, if it is one we know.
    fn encoding(&self) -> Option<&'static Encoding> {
        let from_type = self.media_type.as_deref().and_then(charset_parameter);
        let label = self.charset.as_deref().or(from_type)?;
        Encoding::for_label(label.trim_matches(['"', '\'', ' ']).as_bytes())
    }
}

fn charset_parameter(media_type: &str) -> Option<&str> {
    let (_, parameters) = media_type.split_once(';')?;
    parameters.split(';').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then(|| value.trim())
    })
}

/// Bytes as text: byte order mark, then valid UTF-8, then the declared encoding, then the likeliest of UTF-16,
/// GB18030 and Big5. `None` when the bytes are no text in any of these.
#[must_use]
pub fn decode<'a>(bytes: &'a [u8], hint: &ContentHint) -> Option<std::borrow::Cow<'a, str>> {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return Some(encoding.decode_without_bom_handling(&bytes[mark..]).0);
    }
    if let Some(text) = valid_utf8(bytes) {
        return is_text(text).then_some(std::borrow::Cow::Borrowed(text));
    }
    let declared = hint.encoding().filter(|encoding| *encoding != UTF_8);
    let candidates = declared.into_iter().chain(utf16(bytes)).chain([GB18030, BIG5]);
    candidates.filter_map(|encoding| decoded(bytes, encoding)).max_by_key(|(_, score)| *score).map(|(text, _)| text)
}

/// UTF-8, of which the last character may be cut by the end of a packet or a piece.
fn valid_utf8(bytes: &[u8]) -> Option<&str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Some(text),
        Err(error) if error.error_len().is_none() && error.valid_up_to() > 0 => {
            std::str::from_utf8(&bytes[..error.valid_up_to()]).ok()
        }
        Err(_) => None,
    }
}

/// NUL and other controls do not occur in text; a few are let pass.
fn is_text(text: &str) -> bool {
    let head = &text.as_bytes()[..text.len().min(4096)];
    let controls = head.iter().filter(|byte| matches!(byte, 0..=8 | 14..=26 | 28..=31)).count();
    controls * 100 <= head.len()
}

/// UTF-16 without a mark shows in zero bytes at every other place of its ASCII part.
fn utf16(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = &bytes[..bytes.len().min(4096)];
    let zeros = |offset: usize| head.iter().skip(offset).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd) = (zeros(0), zeros(1));
    match () {
        () if odd * 20 > head.len() && even * 4 < odd => Some(UTF_16LE),
        () if even * 20 > head.len() && odd * 4 < even => Some(UTF_16BE),
        () => None,
    }
}

/// Decodes the whole and scores how much it looks like Chinese or Latin text; `None` when it does not.
fn decoded<'a>(bytes: &'a [u8], encoding: &'static Encoding) -> Option<(std::borrow::Cow<'a, str>, i64)> {
    let sample = &bytes[..bytes.len().min(16 * 1024)];
    let score = plausibility(&encoding.decode_without_bom_handling(sample).0);
    (score > 0).then(|| (encoding.decode_without_bom_handling(bytes).0, score))
}

/// Common characters count for a text, replacements, controls and private use against it.
fn plausibility(text: &str) -> i64 {
    text.chars().map(weight).sum()
}

fn weight(c: char) -> i64 {
    match c {
        '\u{fffd}' => -30,
        '\u{e000}'..='\u{f8ff}' => -10,
        '\t' | '\n' | '\r' | ' '..='~' => 1,
        _ if c.is_control() => -20,
        '的' | '是' | '在' | '人' | '市' | '省' | '县' | '号' | '电' | '话' | '姓' | '名' | '身' | '份' | '证'
        | '日' | '年' | '月' | '地' | '址' | '國' | '證' | '號' => 8,
        '\u{3000}'..='\u{303f}' | '\u{ff00}'..='\u{ff5e}' => 2,
        '\u{4e00}'..='\u{9fff}' => 2,
        _ => -2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SENTENCE: &str = "姓名：马文忠，身份证号码在表中，联系电话13800138000，地址是甘肃省兰州市城关区。";

    fn text_of(bytes: &[u8]) -> String {
        decode(bytes, &ContentHint::default()).map(std::borrow::Cow::into_owned).unwrap_or_default()
    }

    #[test]
    fn finds_the_encoding_without_being_told() {
        assert_eq!(text_of(SENTENCE.as_bytes()), SENTENCE);
        assert_eq!(text_of(&GB18030.encode(SENTENCE).0), SENTENCE);
        let little: Vec<u8> = SENTENCE.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(text_of(&[&[0xff, 0xfe], little.as_slice()].concat()), SENTENCE);
        let ascii_heavy: Vec<u8> = "phone=13800138000 name=马".encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(text_of(&ascii_heavy), "phone=13800138000 name=马");
    }

    #[test]
    fn traditional_text_in_big5_is_read() {
        let text = "姓名：陳美玲，身分證號碼與聯絡電話，住址在臺北市中正區。";
        assert_eq!(text_of(&BIG5.encode(text).0), text);
    }

    #[test]
    fn binary_data_is_no_text() {
        let noise: Vec<u8> = (0..4000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        assert!(decode(&noise, &ContentHint::default()).is_none());
    }

    proptest::proptest! {
        #[test]
        fn decoding_never_panics(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300)) {
            let _ = decode(&bytes, &ContentHint::default());
        }
    }
}
