//! The part of HTTP/1.1 that senders of events speak (RFC 9110, RFC 9112): one request head out of bytes.

use crate::limits;

/// A request's head.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Head {
    pub(super) method: String,
    /// Path without the query.
    pub(super) path: String,
    /// Name and value of the query's parts, decoded.
    pub(super) query: Vec<(String, String)>,
    /// Token of `Authorization: Bearer` or `Splunk`, or of `X-Api-Key`.
    pub(super) token: Option<String>,
    /// The signed header of a sensor's parcel.
    pub(super) parcel: Option<String>,
    pub(super) body: Body,
    /// Whether the connection stays open after the answer.
    pub(super) keep_alive: bool,
    /// Whether the sender waits for a word before it sends the body.
    pub(super) expects_continue: bool,
    pub(super) encoded: bool,
}

/// How long a body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Body {
    #[default]
    None,
    Bytes(usize),
    Chunked,
}

/// The head at the beginning of some bytes and its length; `None` when more bytes are needed.
///
/// # Errors
/// With the status line's reason when the bytes are no request.
pub(super) fn head(bytes: &[u8]) -> Result<Option<(Head, usize)>, &'static str> {
    let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
        return if bytes.len() > limits::HTTP_HEAD_BYTES { Err("request head is too long") } else { Ok(None) };
    };
    if end > limits::HTTP_HEAD_BYTES {
        return Err("request head is too long");
    }
    let text = std::str::from_utf8(&bytes[..end]).map_err(|_| "request head is no text")?;
    let mut lines = text.split("\r\n");
    let mut words = lines.next().unwrap_or_default().split(' ');
    let (Some(method), Some(target), Some(version)) = (words.next(), words.next(), words.next()) else {
        return Err("request line is not whole");
    };
    if !matches!(version, "HTTP/1.1" | "HTTP/1.0") {
        return Err("only HTTP/1.1 is spoken here");
    }
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut head = Head {
        method: method.to_owned(),
        path: path.to_owned(),
        query: query.split('&').filter(|part| !part.is_empty()).map(pair).collect(),
        keep_alive: version == "HTTP/1.1",
        ..Head::default()
    };
    let mut lengths = 0;
    for line in lines {
        let (name, value) = line.split_once(':').ok_or("header line has no colon")?;
        if name.ends_with([' ', '\t']) || line.starts_with([' ', '\t']) {
            return Err("header line is folded");
        }
        field(&mut head, &name.to_ascii_lowercase(), value.trim(), &mut lengths)?;
    }
    Ok(Some((head, end + 4)))
}

fn field(head: &mut Head, name: &str, value: &str, lengths: &mut usize) -> Result<(), &'static str> {
    match name {
        "content-length" => {
            *lengths += 1;
            let digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
            // Two lengths, or a length beside chunks, are how requests are smuggled.
            if *lengths > 1 || head.body == Body::Chunked || !digits {
                return Err("content-length is not one number");
            }
            head.body = Body::Bytes(value.parse().map_err(|_| "content-length is too large")?);
        }
        "transfer-encoding" if value.eq_ignore_ascii_case("chunked") && *lengths == 0 => head.body = Body::Chunked,
        "transfer-encoding" => return Err("transfer-encoding is not chunked alone"),
        "content-encoding" => head.encoded = !value.eq_ignore_ascii_case("identity"),
        "authorization" => {
            let token = ["Bearer ", "bearer ", "Splunk "].iter().find_map(|scheme| value.strip_prefix(scheme));
            head.token = token.map(|token| token.trim().to_owned()).or_else(|| head.token.take());
        }
        "x-fengsui-parcel" => head.parcel = Some(value.to_owned()),
        "x-api-key" => head.token = Some(value.to_owned()),
        "connection" if value.eq_ignore_ascii_case("close") => head.keep_alive = false,
        "connection" if value.eq_ignore_ascii_case("keep-alive") => head.keep_alive = true,
        "expect" => head.expects_continue = value.eq_ignore_ascii_case("100-continue"),
        _ => {}
    }
    Ok(())
}

fn pair(part: &str) -> (String, String) {
    let (name, value) = part.split_once('=').unwrap_or((part, ""));
    (decoded(name), decoded(value))
}

/// Undoes percent encoding and plus signs; what is no code stays.
pub(super) fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let (mut out, mut index) = (Vec::with_capacity(bytes.len()), 0);
    while index < bytes.len() {
        let code = (bytes[index] == b'%')
            .then(|| text.get(index + 1..index + 3).and_then(|digits| u8::from_str_radix(digits, 16).ok()))
            .flatten();
        match code {
            Some(byte) => {
                out.push(byte);
                index += 3;
            }
            None => {
                out.push(if bytes[index] == b'+' { b' ' } else { bytes[index] });
                index += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Takes a chunked body apart as its bytes come.
#[derive(Debug, Default)]
pub(super) struct Chunks {
    pending: Vec<u8>,
    /// Bytes of the present chunk that are still to come, with the two of its end.
    left: Option<usize>,
    pub(super) body: Vec<u8>,
    pub(super) done: bool,
}

impl Chunks {
    /// Takes bytes; what stands behind the end of the body comes back when it is done.
    ///
    /// # Errors
    /// When the chunks are malformed, or the body is longer than its limit.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<Vec<u8>, &'static str> {
        self.pending.extend_from_slice(bytes);
        let mut start = 0;
        while !self.done {
            match self.left {
                Some(left) => {
                    let here = left.min(self.pending.len() - start);
                    // The last two bytes of a chunk are its line end.
                    let data = here.min(left.saturating_sub(2));
                    self.body.extend_from_slice(&self.pending[start..start + data]);
                    start += here;
                    self.left = (here < left).then(|| left - here);
                    if self.left.is_some() {
                        break;
                    }
                }
                None => {
                    let rest = &self.pending[start..];
                    let Some(end) = rest.windows(2).position(|window| window == b"\r\n") else {
                        if rest.len() > 1_024 {
                            return Err("chunk size is too long");
                        }
                        break;
                    };
                    let size = std::str::from_utf8(&rest[..end]).map_err(|_| "chunk size is no number")?;
                    let size = size.split(';').next().unwrap_or_default().trim();
                    let size = usize::from_str_radix(size, 16).map_err(|_| "chunk size is no number")?;
                    if size > limits::HTTP_BODY_BYTES || self.body.len() + size > limits::HTTP_BODY_BYTES {
                        return Err("body is too long");
                    }
                    if size == 0 {
                        // Trailers are read to their empty line and not used.
                        let Some(trailer) = rest[end..].windows(4).position(|window| window == b"\r\n\r\n") else {
                            if rest.len() > limits::HTTP_HEAD_BYTES {
                                return Err("trailers are too long");
                            }
                            break;
                        };
                        start += end + trailer + 4;
                        self.done = true;
                    } else {
                        start += end + 2;
                        self.left = Some(size + 2);
                    }
                }
            }
        }
        let rest = self.pending.split_off(start);
        self.pending.clear();
        if self.done {
            return Ok(rest);
        }
        self.pending = rest;
        Ok(Vec::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_with_what_matters() {
        let text = b"POST /ingest/syslog?instance=fw%201&x HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer t0k\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhello";
        let (head, length) = head(text).expect("is a request").expect("is whole");
        assert_eq!((head.path.as_str(), head.body, &text[length..]), ("/ingest/syslog", Body::Bytes(5), &b"hello"[..]));
        assert_eq!(head.query[0], ("instance".to_owned(), "fw 1".to_owned()));
        assert_eq!(head.token.as_deref(), Some("t0k"));
        assert!(head.keep_alive && head.expects_continue);
    }

    #[test]
    fn what_is_cut_waits_and_what_is_wrong_is_refused() {
        assert_eq!(head(b"POST / HTTP/1.1\r\nHost:"), Ok(None));
        for text in [
            &b"nonsense\r\n\r\n"[..],
            b"GET / HTTP/2\r\n\r\n",
            b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            b"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n",
            b"POST / HTTP/1.1\r\nContent-Length : 1\r\n\r\n",
            b"POST / HTTP/1.1\r\nContent-Length: +1\r\n\r\n",
            b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        ] {
            assert!(head(text).is_err(), "{}", String::from_utf8_lossy(text));
        }
        assert!(head(&vec![b'a'; limits::HTTP_HEAD_BYTES + 1]).is_err());
    }

    #[test]
    fn chunks_in_any_pieces() {
        let text = b"4\r\nWiki\r\n5;x=y\r\npedia\r\n0\r\nA: b\r\n\r\nnext";
        for size in 1..text.len() {
            let (mut chunks, mut rest) = (Chunks::default(), Vec::new());
            for piece in text.chunks(size) {
                if chunks.done {
                    rest.extend_from_slice(piece);
                } else {
                    rest.extend(chunks.push(piece).expect("is chunked"));
                }
            }
            assert_eq!(
                (chunks.body.as_slice(), rest.as_slice()),
                (&b"Wikipedia"[..], &b"next"[..]),
                "pieces of {size}"
            );
        }
        assert!(Chunks::default().push(b"zz\r\n").is_err());
        assert!(Chunks::default().push(b"ffffffffffffffff\r\n").is_err());
        let none = b"0\r\n\r\n";
        let mut chunks = Chunks::default();
        assert!(chunks.push(none).expect("is chunked").is_empty() && chunks.done);
    }
}
