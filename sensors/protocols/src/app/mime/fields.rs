//! Values of header fields: folding, parameters, address lists; addresses of the web in text.

/// A value without its folds and without white space around it.
pub(super) fn unfold(value: &[u8]) -> Vec<u8> {
    value.iter().copied().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect::<Vec<u8>>().trim_ascii().to_vec()
}

/// The value of a parameter, put together when it is split or percent encoded (RFC 2231).
pub(crate) fn parameter(value: &[u8], name: &[u8]) -> Option<Vec<u8>> {
    let mut joined: Option<Vec<u8>> = None;
    for part in split_outside_quotes(value, b';').into_iter().skip(1) {
        let Some(equals) = memchr::memchr(b'=', part) else { continue };
        let (key, text) = (part[..equals].trim_ascii(), part[equals + 1..].trim_ascii());
        let text = unquoted(text);
        if key.eq_ignore_ascii_case(name) {
            return Some(text);
        }
        let Some((base, section)) = key.split_at_checked(name.len()) else { continue };
        if !base.eq_ignore_ascii_case(name) || section.first() != Some(&b'*') {
            continue;
        }
        let text = if section.last() == Some(&b'*') { percent_decoded(&text) } else { text };
        joined.get_or_insert_with(Vec::new).extend_from_slice(&text);
    }
    joined
}

fn unquoted(text: &[u8]) -> Vec<u8> {
    match text.strip_prefix(b"\"") {
        Some(quoted) => {
            let end = memchr::memchr(b'"', quoted).unwrap_or(quoted.len());
            quoted[..end].to_vec()
        }
        None => text.to_vec(),
    }
}

/// `charset'language'text` with percent encoding.
fn percent_decoded(text: &[u8]) -> Vec<u8> {
    let text = text.splitn(3, |byte| *byte == b'\'').last().unwrap_or(text);
    let mut decoded = Vec::new();
    let mut rest = text;
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        match (*first, tail) {
            (b'%', [a, b, ..]) if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => {
                let digit = |byte: u8| char::from(byte).to_digit(16).unwrap_or(0);
                decoded.push((digit(*a) << 4 | digit(*b)).to_le_bytes()[0]);
                rest = &tail[2..];
            }
            (byte, _) => decoded.push(byte),
        }
    }
    decoded
}

/// The addresses of a list; a comma in quotes or angle brackets separates nothing.
pub(crate) fn addresses(value: &[u8]) -> Vec<&[u8]> {
    split_outside_quotes(value, b',').into_iter().map(<[u8]>::trim_ascii).filter(|part| !part.is_empty()).collect()
}

fn split_outside_quotes(text: &[u8], separator: u8) -> Vec<&[u8]> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(move |byte| {
        let was_escaped = escaped;
        escaped = *byte == b'\\' && !was_escaped;
        quoted ^= *byte == b'"' && !was_escaped;
        *byte == separator && !quoted
    })
    .collect()
}

const SCHEMES: [&[u8]; 3] = [b"http://", b"https://", b"ftp://"];

/// Addresses of the web in a text, without their schemes.
pub(super) fn urls(text: &[u8]) -> Vec<&[u8]> {
    let mut found = Vec::new();
    let mut start = 0;
    while let Some(at) = memchr::memmem::find(&text[start..], b"://") {
        let at = start + at;
        let after = at + 3;
        let begins = |scheme: &&[u8]| {
            let length = scheme.len() - 3;
            at >= length && text[at - length..after].eq_ignore_ascii_case(scheme)
        };
        let length = text[after..].iter().take_while(|byte| is_url_byte(**byte)).count();
        if length > 0 && SCHEMES.iter().any(begins) {
            found.push(&text[after..after + length]);
        }
        start = after + length;
    }
    found
}

const fn is_url_byte(byte: u8) -> bool {
    byte > b' ' && byte < 0x7f && !matches!(byte, b'"' | b'<' | b'>' | b'\'')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_and_lists_are_read() {
        let value = b"attachment; filename*0=\"a;b\"; filename*1*=%E7%83%BD";
        assert_eq!(parameter(value, b"filename"), Some("a;b烽".as_bytes().to_vec()));
        assert_eq!(parameter(b"x; NAME = y", b"name"), Some(b"y".to_vec()));
        assert_eq!(addresses(b"\"a, b\" <c@d>, e@f"), [&b"\"a, b\" <c@d>"[..], b"e@f"]);
        assert_eq!(urls(b"<a href=\"HTTPS://x.example/y\"> ftp://z"), [&b"x.example/y"[..], b"z"]);
    }
}
