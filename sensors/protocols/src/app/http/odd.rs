//! What is odd about the head of a message, by the names of app-layer events.

use super::fields::{RequestLine, StatusLine};
use super::headers::Headers;
use super::ranges::Range;
use super::uri::{split, split_authority};
use crate::app::text::{contains_ignore_case, is_blank, trim};

/// Events of a request line as it came.
pub(super) fn of_request_line(raw: &[u8], line: &RequestLine) -> Vec<&'static str> {
    let mut events = Vec::new();
    if raw.first().is_some_and(|byte| is_blank(*byte)) {
        events.push("http.request_line_leading_whitespace");
    }
    if line.protocol.is_empty() {
        events.push("http.request_line_missing_protocol");
    }
    let text = trim(raw);
    let behind_method = text.get(line.method.len()..).unwrap_or_default();
    let mut delimiter = behind_method.iter().take_while(|byte| is_blank(**byte));
    if delimiter.any(|byte| *byte != b' ') {
        events.push("http.method_delim_non_compliant");
    }
    // Behind the address only a blank may stand.
    let address = trim(behind_method);
    let ends = address.len().saturating_sub(line.protocol.len());
    if address[..ends].iter().any(|byte| *byte != b' ' && is_blank(*byte)) {
        events.push("http.uri_delim_non_compliant");
    }
    events
}

/// Events of the head of a request.
pub(super) fn of_request(line: &RequestLine, headers: &Headers) -> Vec<&'static str> {
    let mut events = Vec::new();
    let hosts = headers.all("Host").collect::<Vec<_>>();
    if hosts.is_empty() && line.protocol.eq_ignore_ascii_case(b"HTTP/1.1") {
        events.push("http.missing_host_header");
    }
    if hosts.iter().any(|host| !is_valid_host(host)) {
        events.push("http.request_header_host_invalid");
    }
    let authority = if line.method == b"CONNECT" { Some(&line.uri[..]) } else { split(&line.uri).authority };
    if authority.is_some_and(|authority| !is_valid_host(&split_authority(authority).0)) {
        events.push("http.request_uri_host_invalid");
    }
    let differs = |authority: &[u8]| {
        let (name, port) = split_authority(authority);
        hosts
            .first()
            .map(|host| split_authority(host))
            .is_some_and(|host| host.0 != name || host.1.zip(port).is_some_and(|(one, other)| one != other))
    };
    if hosts.len() > 1 || authority.is_some_and(differs) {
        events.push("http.host_header_ambiguous");
    }
    if headers.too_many {
        events.push("http.request_too_many_headers");
    }
    events
}

/// Events of the head of a response.
pub(super) fn of_response(line: &StatusLine, headers: &Headers) -> Vec<&'static str> {
    let mut events = Vec::new();
    let is_known = |version: &[u8]| matches!(version, b"0.9" | b"1.0" | b"1.1");
    let version = line.protocol.get(5..).unwrap_or_default();
    if !is_known(version) {
        events.push("http.response_invalid_protocol");
    }
    if line.number().is_none() {
        events.push("http.response_invalid_status");
    }
    if let Some(encoding) = headers.joined("Transfer-Encoding").filter(|value| contains_ignore_case(value, b"chunked"))
    {
        if !encoding.eq_ignore_ascii_case(b"chunked") {
            events.push("http.response_abnormal_transfer_encoding");
        }
        if version != b"1.1" {
            events.push("http.response_chunked_old_proto");
        }
    }
    if headers.joined("Content-Encoding").is_some_and(|value| is_abnormal_encoding(&value)) {
        events.push("http.abnormal_ce_header");
    }
    if line.number() == Some(206) && headers.get("Content-Range").is_some_and(|value| Range::parse(value).is_none()) {
        events.push("http.range_invalid");
    }
    if headers.too_many {
        events.push("http.response_too_many_headers");
    }
    events
}

/// Whether a content encoding is named by more than its name.
fn is_abnormal_encoding(value: &[u8]) -> bool {
    value.split(|byte| *byte == b',').map(trim).any(|token| {
        let is_odd = |name: &[u8]| {
            let plain = token.strip_prefix(b"x-").or_else(|| token.strip_prefix(b"X-")).unwrap_or(token);
            contains_ignore_case(token, name) && !plain.eq_ignore_ascii_case(name)
        };
        is_odd(b"gzip") || is_odd(b"deflate")
    })
}

fn is_valid_host(host: &[u8]) -> bool {
    let allowed =
        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':' | b'[' | b']' | b'%');
    !host.is_empty() && host.iter().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::super::lines::LineReader;
    use super::*;

    fn headers(text: &[u8]) -> Headers {
        let (mut reader, mut headers, mut rest) = (LineReader::default(), Headers::default(), text);
        while let Some(line) = reader.read(&mut rest) {
            if headers.take(&line) {
                break;
            }
        }
        headers
    }

    #[test]
    fn request_lines_are_judged_by_their_delimiters() {
        for (raw, events) in [
            (&b"GET /a HTTP/1.1"[..], &[][..]),
            (b"GET   /a  HTTP/1.1", &[]),
            (b"GET\t/a HTTP/1.1", &["http.method_delim_non_compliant"]),
            (b"GET /a\tHTTP/1.1", &["http.uri_delim_non_compliant"]),
            (b" GET /a", &["http.request_line_leading_whitespace", "http.request_line_missing_protocol"]),
        ] {
            assert_eq!(of_request_line(raw, &RequestLine::parse(raw)), events, "{}", raw.escape_ascii());
        }
    }

    #[test]
    fn hosts_of_address_and_header_have_to_agree() {
        for (line, head, events) in [
            (&b"GET http://a.example/ HTTP/1.1"[..], &b"Host: A.example:80\r\n\r\n"[..], &[][..]),
            (b"GET http://a.example/ HTTP/1.1", b"Host: b.example\r\n\r\n", &["http.host_header_ambiguous"]),
            (b"CONNECT a:443 HTTP/1.1", b"Host: a:444\r\n\r\n", &["http.host_header_ambiguous"]),
            (b"GET http://a{/ HTTP/1.0", b"\r\n", &["http.request_uri_host_invalid"]),
            (b"GET / HTTP/1.1", b"\r\n", &["http.missing_host_header"]),
        ] {
            assert_eq!(of_request(&RequestLine::parse(line), &headers(head)), events, "{}", line.escape_ascii());
        }
    }

    #[test]
    fn responses_are_judged_by_version_and_encodings() {
        for (line, head, events) in [
            (&b"HTTP/1.1 200 OK"[..], &b"Transfer-Encoding: chunked\r\nContent-Encoding: x-gzip\r\n\r\n"[..], &[][..]),
            (b"HTTP/1.0 200 OK", b"Transfer-Encoding: chunked\r\n\r\n", &["http.response_chunked_old_proto"]),
            (b"HTTP/1.1 200 OK", b"Transfer-Encoding: xchunked\r\n\r\n", &["http.response_abnormal_transfer_encoding"]),
            (b"HTTP/1.7 200 OK", b"\r\n", &["http.response_invalid_protocol"]),
            (b"HTTP/1.1 2000 OK", b"\r\n", &["http.response_invalid_status"]),
            (b"HTTP/1.1 200 OK", b"Content-Encoding: gzip2\r\n\r\n", &["http.abnormal_ce_header"]),
            (b"HTTP/1.1 206 Part", b"Content-Range: bytes 9-1/3\r\n\r\n", &["http.range_invalid"]),
        ] {
            assert_eq!(of_response(&StatusLine::parse(line), &headers(head)), events, "{}", line.escape_ascii());
        }
    }
}
