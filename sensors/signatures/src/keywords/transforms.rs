//! Transformations of sticky buffers.

use fengsui_schema::shown;

use crate::draft::Draft;
use crate::keywords::{Keyword, keyword, pair, parts, without_value};
use crate::limits;
use crate::number::number;
use crate::syntax::quoted;
use crate::transform::{Base64Mode, Transform, Wrapper};

macro_rules! plain {
    ($name:literal, $transform:ident) => {
        keyword($name, |draft, value| {
            without_value(value)?;
            draft.transform(Transform::$transform)
        })
    };
}

pub(crate) const KEYWORDS: &[Keyword] = &[
    plain!("to_md5", Md5),
    plain!("to_sha1", Sha1),
    plain!("to_sha256", Sha256),
    plain!("to_lowercase", Lowercase),
    plain!("to_uppercase", Uppercase),
    plain!("strip_whitespace", StripWhitespace),
    plain!("compress_whitespace", CompressWhitespace),
    plain!("strip_pseudo_headers", StripPseudoHeaders),
    plain!("url_decode", UrlDecode),
    plain!("dotprefix", DotPrefix),
    plain!("header_lowercase", HeaderLowercase),
    keyword("domain", |draft, value| {
        without_value(value)?;
        draft.transform(Transform::Domain { top_level: false })
    }),
    keyword("tld", |draft, value| {
        without_value(value)?;
        draft.transform(Transform::Domain { top_level: true })
    }),
    keyword("xor", xor),
    keyword("pcrexform", |draft, value| {
        let pattern = quoted(value)?.inner;
        let regex = regex::bytes::RegexBuilder::new(&crate::pcre_syntax::rewrite(pattern, "")?.pattern)
            .unicode(false)
            .size_limit(crate::limits::REGEX_BYTES)
            .build()
            .map_err(|_| format!("{} is no regular expression", shown(pattern)))?;
        draft.transform(Transform::Pcre(std::sync::Arc::new(regex)))
    }),
    keyword("from_base64", from_base64),
    keyword("gunzip", |draft, value| inflate(draft, Wrapper::Gzip, value)),
    keyword("zlib_deflate", |draft, value| inflate(draft, Wrapper::Zlib, value)),
    keyword("subslice", subslice),
];

/// `"key in hexadecimal"`, or `offset N,extract LENGTH AT` for a key that is in the buffer.
fn xor(draft: &mut Draft<'_>, value: &str) -> Result<(), String> {
    if value.contains("extract") {
        return xor_within(draft, value);
    }
    let digits = quoted(value)?.inner;
    let key = hex::decode(digits).map_err(|_| format!("{} is no key in hexadecimal", shown(digits)))?;
    if key.is_empty() || key.len() > 255 {
        return Err("the key must have 1 to 255 bytes".to_owned());
    }
    draft.transform(Transform::Xor(key))
}

fn xor_within(draft: &mut Draft<'_>, value: &str) -> Result<(), String> {
    let (mut offset, mut key) = (0, None);
    let number = |text: &str| {
        let value = text.trim().parse::<usize>().ok().filter(|value| *value <= 65_535);
        value.ok_or_else(|| format!("{} is no number up to 65535", shown(text)))
    };
    for option in parts(value) {
        match pair(option) {
            ("offset", text) => offset = number(text)?,
            ("extract", text) => {
                let (length, at) =
                    text.split_once(char::is_whitespace).ok_or("extract needs a length and an offset")?;
                key = Some((number(at)?, number(length)?)).filter(|key| key.1 > 0);
            }
            _ => return Err(format!("{} is no option of it", shown(option))),
        }
    }
    let key = key.ok_or("extract needs a length above 0")?;
    draft.transform(Transform::XorWithin { key, offset })
}

fn from_base64(draft: &mut Draft<'_>, value: &str) -> Result<(), String> {
    let (mut offset, mut bytes, mut mode) = (0, usize::MAX, Base64Mode::Lenient);
    let count = |text: &str| text.parse::<usize>().map_err(|_| format!("{} is no number", shown(text)));
    for option in parts(value) {
        match pair(option) {
            ("offset", number) => offset = count(number)?,
            ("bytes", number) => bytes = count(number)?,
            ("mode", "strict") => mode = Base64Mode::Strict,
            ("mode", "rfc4648") => mode = Base64Mode::Rfc4648,
            ("mode", "rfc2045") => mode = Base64Mode::Lenient,
            _ => return Err(format!("{} is no option of it", shown(option))),
        }
    }
    draft.transform(Transform::FromBase64 { offset, bytes, mode })
}

/// `max-size=N`: most bytes that are unpacked.
fn inflate(draft: &mut Draft<'_>, wrapper: Wrapper, value: &str) -> Result<(), String> {
    let mut bytes = limits::INFLATED_BYTES_USUAL;
    for option in parts(value) {
        let text = option.split_once('=').filter(|(name, _)| name.trim() == "max-size").map(|(_, text)| text);
        let size = number(text.ok_or_else(|| format!("{} is not max-size=N", shown(option)))?)?;
        let size = usize::try_from(size).ok().filter(|size| (1..=limits::INFLATED_BYTES).contains(size));
        bytes = size.ok_or_else(|| format!("max-size must be from 1 to {} bytes", limits::INFLATED_BYTES))?;
    }
    draft.transform(Transform::Inflate { wrapper, bytes })
}

fn subslice(draft: &mut Draft<'_>, value: &str) -> Result<(), String> {
    let mut numbers = parts(value).filter(|part| *part != "truncate").map(crate::number::signed);
    let offset = numbers.next().ok_or("needs an offset")??;
    let length = numbers.next().transpose()?;
    let truncate = parts(value).any(|part| part == "truncate");
    draft.transform(Transform::Subslice { offset, length, truncate })
}
