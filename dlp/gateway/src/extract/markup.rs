//! XML and HTML: the text between tags, and attribute values.

use fengsui_dlp_engine::decode;

use super::{Job, hint};

pub(super) fn matches(bytes: &[u8], name: &str) -> bool {
    let start = bytes.iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or(0);
    let head = bytes[start..].get(..64.min(bytes.len() - start)).unwrap_or_default().to_ascii_lowercase();
    let named = [".xml", ".html", ".htm", ".xhtml", ".svg"].iter().any(|extension| name.ends_with(extension));
    named || head.starts_with(b"<?xml") || head.starts_with(b"<!doctype") || head.starts_with(b"<html")
}

pub(super) fn read(job: &mut Job, bytes: &[u8], name: &str, inside: &str) {
    match decode(bytes, &hint(name)) {
        Some(text) => job.text(inside, text_of(&text)),
        None => job.unreadable(inside, "XML/HTML编码无法识别"),
    }
}

/// Text of markup. Lenient, because pages on the web are rarely well-formed: tags become line breaks or nothing,
/// scripts and styles stay, since they carry data too.
pub(super) fn text_of(markup: &str) -> String {
    let mut text = String::with_capacity(markup.len());
    let mut rest = markup;
    while let Some(open) = rest.find('<') {
        text.push_str(&entities(&rest[..open]));
        let Some(close) = rest[open..].find('>') else {
            rest = &rest[open..];
            break;
        };
        let tag = &rest[open + 1..open + close];
        attributes(tag, &mut text);
        if breaks_line(tag) {
            text.push('\n');
        }
        rest = &rest[open + close + 1..];
    }
    text.push_str(&entities(rest));
    text
}

/// Inline elements of HTML and runs of text do not end a line; everything else does.
fn breaks_line(tag: &str) -> bool {
    const INLINE: &[&str] = &["b", "i", "u", "em", "strong", "span", "font", "a", "small", "sub", "sup", "mark"];
    let name = tag.trim_start_matches('/').split([' ', '\n', '\t', '/']).next().unwrap_or_default();
    !INLINE.contains(&name.to_ascii_lowercase().as_str())
}

/// Values in quotes inside a tag, each on a line with its name.
fn attributes(tag: &str, text: &mut String) {
    let mut rest = tag;
    while let Some(equals) = rest.find('=') {
        let name = rest[..equals].rsplit([' ', '\n', '\t']).next().unwrap_or_default();
        let after = rest[equals + 1..].trim_start();
        let Some(quote) = after.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
            rest = after;
            continue;
        };
        let Some(end) = after[1..].find(quote) else { break };
        let value = entities(&after[1..=end]);
        if matches!(name, "value" | "content" | "title" | "alt" | "href" | "placeholder")
            || name.starts_with("data-")
            || !value.is_ascii()
        {
            text.push_str(&format!("\n{name}={value}\n"));
        }
        rest = &after[end + 2..];
    }
}

/// Longest entity with its signs, in bytes.
const ENTITY_BYTES: usize = 11;

/// Resolves the five predefined entities and numbers.
fn entities(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        // No entity is longer, so that the text is not searched for the end of what is none.
        let end = rest.bytes().take(ENTITY_BYTES).position(|byte| byte == b';');
        let resolved = end.and_then(|end| Some((entity(&rest[1..end])?, end)));
        let (c, used) = resolved.map_or(('&', 1), |(c, end)| (c, end + 1));
        out.push(c);
        rest = &rest[used..];
    }
    out.push_str(rest);
    out
}

fn entity(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some(' '),
        "middot" => Some('·'),
        _ => {
            let digits = name.strip_prefix('#')?;
            let code = match digits.strip_prefix(['x', 'X']) {
                Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16).ok()?,
                None => digits.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_pages() {
        assert_eq!(
            text_of("<p>电话<b>138</b>0013&#56;000</p><input value='x'>").replace('\n', " ").trim(),
            "电话13800138000  value=x"
        );
        assert_eq!(text_of("a < b"), "a < b");
    }
}
