//! Request addresses: splitting, percent decoding, path normalisation.

use crate::app::HttpSettings;

/// The parts of a request address.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Uri<'a> {
    /// Host and port of an absolute address.
    pub(super) authority: Option<&'a [u8]>,
    pub(super) path: &'a [u8],
    /// Without the question mark.
    pub(super) query: Option<&'a [u8]>,
}

/// Splits an address; never fails.
pub(super) fn split(raw: &[u8]) -> Uri<'_> {
    let (authority, rest) = match memchr::memmem::find(raw, b"://") {
        Some(at) if !raw.starts_with(b"/") && raw[..at].iter().all(u8::is_ascii_alphanumeric) => {
            let after = &raw[at + 3..];
            let end = after.iter().position(|byte| matches!(byte, b'/' | b'?' | b'#')).unwrap_or(after.len());
            (Some(&after[..end]), &after[end..])
        }
        _ => (None, raw),
    };
    match memchr::memchr(b'?', rest) {
        Some(at) => Uri { authority, path: &rest[..at], query: Some(&rest[at + 1..]) },
        None => Uri { authority, path: rest, query: None },
    }
}

/// Host in lower case and port of an authority or a Host header.
pub(in crate::app) fn split_authority(authority: &[u8]) -> (Vec<u8>, Option<&[u8]>) {
    let after_user = memchr::memrchr(b'@', authority).map_or(authority, |at| &authority[at + 1..]);
    let bracket = memchr::memrchr(b']', after_user).map_or(0, |at| at + 1);
    let colon = memchr::memchr(b':', &after_user[bracket..]).map(|at| at + bracket);
    let (host, port) = match colon {
        Some(at) => (&after_user[..at], Some(&after_user[at + 1..])),
        None => (after_user, None),
    };
    (host.strip_suffix(b".").unwrap_or(host).to_ascii_lowercase(), port)
}

/// The address as `http.uri` holds it: percent encoding undone, path tidied up.
pub(in crate::app) fn normalize(raw: &[u8], settings: &HttpSettings) -> Vec<u8> {
    let uri = split(raw);
    let mut path = decode(uri.path, false);
    if settings.double_decode_path {
        path = decode(&path, false);
    }
    let mut normal = tidy(&path);
    if let Some(query) = uri.query {
        let mut query = decode(query, settings.plus_to_space);
        if settings.double_decode_query {
            query = decode(&query, settings.plus_to_space);
        }
        normal.push(b'?');
        normal.extend_from_slice(&query);
    }
    normal
}

/// Undoes `%HH` and `%uHHHH` (to its lower byte when that is the code point, as servers that know the form do).
pub(super) fn decode(text: &[u8], plus_to_space: bool) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, tail)) = rest.split_first() {
        let (byte, length) = match (*first, tail) {
            (b'%', [b'u' | b'U', a, b, c, d, ..]) => match wide(*a, *b, *c, *d) {
                Some(byte) => (byte, 6),
                None => (b'%', 1),
            },
            (b'%', [high, low, ..]) => match (nibble(*high), nibble(*low)) {
                (Some(high), Some(low)) => (high << 4 | low, 3),
                _ => (b'%', 1),
            },
            (b'+', _) if plus_to_space => (b' ', 1),
            (byte, _) => (byte, 1),
        };
        decoded.push(byte);
        rest = &rest[length..];
    }
    decoded
}

fn nibble(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// Full-width forms map to ASCII (best fit); other code points to their lower byte.
fn wide(a: u8, b: u8, c: u8, d: u8) -> Option<u8> {
    let (high, low) = (nibble(a)? << 4 | nibble(b)?, nibble(c)? << 4 | nibble(d)?);
    Some(if high == 0xff { low.wrapping_add(0x20) & 0x7f } else { low })
}

/// Backslashes become slashes, runs of slashes one, `.` and `..` segments are resolved.
fn tidy(path: &[u8]) -> Vec<u8> {
    let slashed = path.iter().map(|byte| if *byte == b'\\' { b'/' } else { *byte }).collect::<Vec<_>>();
    let is_absolute = slashed.first() == Some(&b'/');
    let mut segments: Vec<&[u8]> = Vec::new();
    let mut trailing = false;
    for segment in slashed.split(|byte| *byte == b'/') {
        trailing = matches!(segment, b"" | b"." | b"..");
        match segment {
            b"" | b"." => {}
            b".." => {
                segments.pop();
            }
            segment => segments.push(segment),
        }
    }
    let mut tidied = if is_absolute { vec![b'/'] } else { Vec::new() };
    tidied.extend_from_slice(&segments.join(&b'/'));
    if trailing && !segments.is_empty() {
        tidied.push(b'/');
    }
    tidied
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_normalised() {
        let cases: [(&str, &str); 9] = [
            ("/a/b?x=1", "/a/b?x=1"),
            ("//a///b/", "/a/b/"),
            ("/a/../b/./c", "/b/c"),
            ("/../../etc/passwd", "/etc/passwd"),
            ("/%2e%2e/%61", "/a"),
            ("/a\\b", "/a/b"),
            ("http://h:80/p%20q?r=%41", "/p q?r=A"),
            ("/%u0041%uff21", "/AA"),
            ("/%zz%", "/%zz%"),
        ];
        for (raw, expected) in cases {
            let normal = normalize(raw.as_bytes(), &HttpSettings::default());
            assert_eq!(String::from_utf8_lossy(&normal), expected, "{raw}");
        }
    }

    #[test]
    fn authorities_are_split() {
        assert_eq!(split_authority(b"WWW.Example.com:8080"), (b"www.example.com".to_vec(), Some(&b"8080"[..])));
        assert_eq!(split_authority(b"[::1]"), (b"[::1]".to_vec(), None));
    }
}
