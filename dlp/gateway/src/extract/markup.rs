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

/// Text of markup. Lenient, because pages on the web are rarely well-formed: tags become line breaks or nothing; scripts,
/// styles, comments and attributes stay, since they carry data too.
pub(super) fn text_of(markup: &str) -> String {
    let mut text = String::with_capacity(markup.len());
    let mut rest = markup;
    while let Some(open) = rest.find('<') {
        text.push_str(&entities(&rest[..open]));
        rest = &rest[open..];
        if let Some((inside, after)) = section(rest) {
            text.push_str(inside);
            rest = after;
            continue;
        }
        let Some(close) = rest.find('>') else { break };
        let tag = &rest[1..close];
        attributes(tag, &mut text);
        if breaks_line(tag) {
            text.push('\n');
        }
        rest = &rest[close + 1..];
        if let Some(end) = raw_end(tag, rest) {
            text.push_str(&rest[..end]);
            rest = &rest[end..];
        }
    }
    text.push_str(&entities(rest));
    text
}

/// What stands in a comment or a section of character data at the start of a text, and what follows it.
fn section(text: &str) -> Option<(&str, &str)> {
    const SECTIONS: [(&str, &str); 2] = [("<!--", "-->"), ("<![CDATA[", "]]>")];
    let (open, close) = SECTIONS.into_iter().find(|(open, _)| text.starts_with(open))?;
    let inside = &text[open.len()..];
    Some(inside.split_once(close).unwrap_or((inside, "")))
}

/// Where a script or style ends, in which `<` begins no tag; `None` behind other tags.
fn raw_end(tag: &str, rest: &str) -> Option<usize> {
    let name = tag_name(tag);
    let raw = ["script", "style"].iter().any(|known| name.eq_ignore_ascii_case(known));
    let open = raw && !tag.starts_with('/') && !tag.ends_with('/');
    let ends = |at: &usize| {
        let after = &rest.as_bytes()[at + 2..];
        after.get(..name.len()).is_some_and(|known| known.eq_ignore_ascii_case(name.as_bytes()))
    };
    open.then(|| rest.match_indices("</").map(|(at, _)| at).find(ends).unwrap_or(rest.len()))
}

fn tag_name(tag: &str) -> &str {
    tag.trim_start_matches('/').split([' ', '\n', '\t', '\r', '/']).next().unwrap_or_default()
}

/// Inline elements of HTML and runs of text do not end a line; everything else does.
fn breaks_line(tag: &str) -> bool {
    const INLINE: &[&str] = &["b", "i", "u", "em", "strong", "span", "font", "a", "small", "sub", "sup", "mark"];
    !INLINE.iter().any(|known| tag_name(tag).eq_ignore_ascii_case(known))
}

/// Values inside a tag, each on a line with its name; those that say only how something looks are left out.
fn attributes(tag: &str, text: &mut String) {
    let mut rest = tag;
    while let Some(equals) = rest.find('=') {
        let name = rest[..equals].trim_end().rsplit([' ', '\n', '\t', '\r', '"', '\'']).next().unwrap_or_default();
        let after = rest[equals + 1..].trim_start();
        let (value, tail) = attribute_value(after);
        if !is_looks(name) && !value.is_empty() {
            text.push_str(&format!("\n{name}={}\n", entities(value)));
        }
        rest = tail;
    }
}

/// A value in quotes or up to the next space, and what follows it.
fn attribute_value(text: &str) -> (&str, &str) {
    match text.chars().next().filter(|c| matches!(c, '"' | '\'')) {
        // A quote that is not closed: the tag was cut at a bracket inside of it.
        Some(quote) => text[1..].split_once(quote).unwrap_or((&text[1..], "")),
        None => text.split_at(text.find([' ', '\n', '\t', '\r']).unwrap_or(text.len())),
    }
}

fn is_looks(name: &str) -> bool {
    const LOOKS: &[&str] = &["class", "style", "d", "points", "transform", "viewbox"];
    LOOKS.iter().any(|known| name.eq_ignore_ascii_case(known)) || name.starts_with("xmlns")
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

    #[test]
    fn data_beside_the_text_is_read() {
        for markup in [
            "<r><![CDATA[电话13800138000 <b>]]></r>",
            "<p>a<!-- 电话13800138000 --></p>",
            "<person phone=\"13800138000\"/>",
            "<person a='1' phone = '13800138000' b='2'/>",
            "<td id=13800138000>",
            "<script>if (a<b) { phone = '13800138000' }</script>",
            "<SCRIPT>var a = '<p', b = '13800138000'</SCRIPT><p>",
            "<a title='x>13800138000'>",
            "<p>a<!-- 13800138000",
            "<![CDATA[13800138000",
            "<script>13800138000",
            "<p 13800138000",
        ] {
            assert!(text_of(markup).contains("13800138000"), "{markup}: {}", text_of(markup));
        }
        assert_eq!(text_of("<p class='a' style=\"b\" xmlns:w='c'>d").trim(), "d");
        assert_eq!(text_of("<script/>a<b>c</b>").trim(), "ac");
    }
}
