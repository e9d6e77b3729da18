//! Messages (RFC 5322) with MIME parts (RFC 2045 to 2047), pages saved as such (mht), and mbox files of them.

use fengsui_dlp_engine::{ContentHint, decode};

use super::{Job, Refusal, read as read_inner, within};
use crate::limits::{DEPTH, MEMBERS};

pub(super) fn matches(bytes: &[u8], name: &str) -> bool {
    [".eml", ".mbox", ".mht", ".mhtml"].iter().any(|end| name.ends_with(end))
        || bytes.starts_with(b"MIME-Version:")
        || bytes.starts_with(b"From ") && bytes.windows(6).take(4096).any(|window| window == b"\nFrom:")
}

pub(super) fn read(job: &mut Job, bytes: &[u8], name: &str, inside: &str) {
    if !name.ends_with(".mbox") && !bytes.starts_with(b"From ") {
        return entity(job, bytes, inside, "邮件");
    }
    let messages = messages(bytes);
    if messages.len() > MEMBERS {
        job.unreadable(inside, Refusal::limit(format!("邮件超过{MEMBERS}封，其余未检查")));
    }
    for (index, message) in messages.into_iter().take(MEMBERS).enumerate() {
        entity(job, message, inside, &format!("邮件{}", index + 1));
    }
}

/// An mbox file is messages that each begin with a line `From `.
fn messages(bytes: &[u8]) -> Vec<&[u8]> {
    let mut starts: Vec<usize> = vec![0];
    starts.extend(bytes.windows(6).enumerate().filter(|(_, window)| *window == b"\nFrom ").map(|(at, _)| at + 1));
    starts.push(bytes.len());
    starts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect()
}

/// One message or part: its header as text, its body by its type.
fn entity(job: &mut Job, bytes: &[u8], inside: &str, what: &str) {
    let place = within(inside, what);
    let (head, body) = split(bytes);
    let header = Header::parse(head);
    let whole = what.starts_with("邮件");
    if whole && !header.is_one() {
        // No message, whatever it is called.
        return text(job, bytes, "", &place);
    }
    if whole {
        job.text(&within(&place, "信头"), header.shown());
    }
    if let Some(boundary) = header.parameter("content-type", "boundary") {
        return parts(job, body, &boundary, &place);
    }
    let bytes = transfer_decoded(body, &header.value("content-transfer-encoding"));
    let file = header.parameter("content-disposition", "filename").or_else(|| header.parameter("content-type", "name"));
    let media_type = header.value("content-type");
    match file {
        Some(file) => {
            read_inner(job, &bytes, &encoded_words(&file), &within(&place, &format!("附件{}", encoded_words(&file))))
        }
        None if media_type.starts_with("message/") => nested(job, &bytes, &place),
        None if media_type.is_empty() || media_type.starts_with("text/") => text(job, &bytes, &media_type, &place),
        None => read_inner(job, &bytes, "", &place),
    }
}

fn nested(job: &mut Job, bytes: &[u8], place: &str) {
    read_inner(job, bytes, "message.eml", place);
}

fn text(job: &mut Job, bytes: &[u8], media_type: &str, place: &str) {
    let hint = ContentHint { media_type: Some(media_type.to_owned()), ..ContentHint::default() };
    match decode(bytes, &hint) {
        Some(text) if media_type.contains("html") => job.text(place, super::markup::text_of(&text)),
        Some(text) => job.text(place, text.into_owned()),
        None if bytes.is_empty() => {}
        None => job.unreadable(place, "邮件正文编码无法识别"),
    }
}

fn parts(job: &mut Job, body: &[u8], boundary: &str, place: &str) {
    let marker = format!("--{boundary}");
    let text = body;
    let mut starts: Vec<usize> = Vec::new();
    let mut from = 0;
    while let Some(at) = find(&text[from..], marker.as_bytes()) {
        starts.push(from + at);
        from += at + marker.len();
    }
    starts.push(text.len());
    if job.depth >= DEPTH * 2 {
        return job.unreadable(place, Refusal::limit("邮件嵌套过深"));
    }
    if starts.len() > MEMBERS {
        job.unreadable(place, Refusal::limit(format!("邮件部分超过{MEMBERS}个，其余未检查")));
    }
    let closed =
        starts.iter().any(|start| text[*start..].get(marker.len()..).is_some_and(|rest| rest.starts_with(b"--")));
    if !closed {
        job.unreadable(place, "邮件不完整，缺少结尾的分隔行");
    }
    job.depth += 1;
    for (index, pair) in starts.windows(2).take(MEMBERS).enumerate() {
        let part = text[pair[0]..pair[1]].get(marker.len()..).unwrap_or_default();
        if !part.starts_with(b"--") {
            entity(
                job,
                part.strip_prefix(b"\r\n").or_else(|| part.strip_prefix(b"\n")).unwrap_or(part),
                place,
                &format!("部分{}", index + 1),
            );
        }
    }
    job.depth -= 1;
}

fn find(text: &[u8], needle: &[u8]) -> Option<usize> {
    text.windows(needle.len()).position(|window| window == needle)
}

fn split(bytes: &[u8]) -> (&[u8], &[u8]) {
    // A part without a header begins with the empty line that ends it.
    if let Some(body) = bytes.strip_prefix(b"\r\n").or_else(|| bytes.strip_prefix(b"\n")) {
        return (&[], body);
    }
    let crlf = find(bytes, b"\r\n\r\n").map(|at| (at, 4));
    let lf = find(bytes, b"\n\n").map(|at| (at, 2));
    let (at, length) = crlf.into_iter().chain(lf).min().unwrap_or((bytes.len(), 0));
    (&bytes[..at], &bytes[at + length..])
}

/// Header fields, unfolded, with lower-case names.
struct Header(Vec<(String, String)>);

impl Header {
    fn parse(bytes: &[u8]) -> Self {
        let text = decode(bytes, &ContentHint::default()).map(std::borrow::Cow::into_owned).unwrap_or_default();
        let unfolded = text.replace("\r\n", "\n").replace("\n ", " ").replace("\n\t", " ");
        let field = |line: &str| {
            line.split_once(':').map(|(name, value)| (name.trim().to_lowercase(), value.trim().to_owned()))
        };
        Self(unfolded.lines().take(1000).filter_map(field).collect())
    }

    /// Whether it has a field that headers of messages have.
    fn is_one(&self) -> bool {
        let known = |name: &str| matches!(name, "from" | "to" | "subject" | "date" | "received" | "mime-version");
        self.0.iter().any(|(name, _)| known(name) || name.starts_with("content-"))
    }

    fn value(&self, name: &str) -> String {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.to_lowercase()).unwrap_or_default()
    }

    fn parameter(&self, name: &str, parameter: &str) -> Option<String> {
        let (_, value) = self.0.iter().find(|(known, _)| known == name)?;
        value.split(';').skip(1).find_map(|part| {
            let (key, value) = part.split_once('=')?;
            // Parts of a long value and its encoding (RFC 2231): filename*0*=utf-8''%E4…
            let (key, extended) = key.trim().split_once('*').map_or((key.trim(), false), |(key, _)| (key, true));
            let value = value.trim().trim_matches('"');
            key.eq_ignore_ascii_case(parameter)
                .then(|| if extended { percent_decoded(value) } else { value.to_owned() })
        })
    }

    /// The fields a reader of the message sees.
    fn shown(&self) -> String {
        const SHOWN: [&str; 12] = [
            "from",
            "sender",
            "to",
            "cc",
            "bcc",
            "subject",
            "reply-to",
            "return-path",
            "delivered-to",
            "comments",
            "keywords",
            "disposition-notification-to",
        ];
        let kept = self.0.iter().filter(|(name, _)| SHOWN.contains(&name.as_str()));
        kept.map(|(name, value)| format!("{name}: {}\n", encoded_words(value))).collect()
    }
}

/// `utf-8''%E5%90%8D.csv` (RFC 2231).
fn percent_decoded(text: &str) -> String {
    let (charset, data) = text.split_once("''").unwrap_or(("", text));
    let bytes = quoted_printable(data.replace('%', "=").as_bytes());
    let charset = Some(charset.to_owned()).filter(|charset| !charset.is_empty());
    let hint = ContentHint { charset, ..ContentHint::default() };
    decode(&bytes, &hint).map_or_else(|| text.to_owned(), std::borrow::Cow::into_owned)
}

/// `=?gb2312?B?...?=` (RFC 2047).
fn encoded_words(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((head, word, tail)) = next_word(rest) {
        out.push_str(head);
        out.push_str(&word);
        rest = tail;
    }
    out.push_str(rest);
    out
}

fn next_word(text: &str) -> Option<(&str, String, &str)> {
    let start = text.find("=?")?;
    let mut fields = text[start + 2..].splitn(4, '?');
    let (charset, encoding, data, rest) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
    let tail = rest.strip_prefix('=')?;
    let bytes = match encoding {
        "B" | "b" => base64(data.as_bytes()),
        _ => quoted_printable(data.replace('_', " ").as_bytes()),
    };
    let hint = ContentHint { charset: Some(charset.to_owned()), ..ContentHint::default() };
    Some((&text[..start], decode(&bytes, &hint)?.into_owned(), tail))
}

fn transfer_decoded(body: &[u8], encoding: &str) -> Vec<u8> {
    match encoding {
        "base64" => base64(body),
        "quoted-printable" => quoted_printable(body),
        _ => body.to_vec(),
    }
}

/// Base64 that skips whatever is none.
fn base64(text: &[u8]) -> Vec<u8> {
    let value = |byte: &u8| match byte {
        b'A'..=b'Z' => Some(u32::from(byte - b'A')),
        b'a'..=b'z' => Some(u32::from(byte - b'a') + 26),
        b'0'..=b'9' => Some(u32::from(byte - b'0') + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    };
    let sextets: Vec<u32> = text.iter().filter_map(value).collect();
    let mut out = Vec::with_capacity(sextets.len() * 3 / 4);
    for chunk in sextets.chunks(4) {
        let bits = chunk.iter().fold(0, |bits, sextet| bits << 6 | sextet) << (6 * (4 - chunk.len()));
        let bytes = bits.to_be_bytes();
        out.extend_from_slice(&bytes[1..chunk.len().max(1)]);
    }
    out
}

fn quoted_printable(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, tail)) = rest.split_first() {
        rest = match (first, tail) {
            (b'=', [b'\r', b'\n', tail @ ..]) | (b'=', [b'\n', tail @ ..]) => tail,
            (b'=', [high, low, after @ ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                let digit = |c: &u8| char::from(*c).to_digit(16).unwrap_or(0);
                out.push(u8::try_from(digit(high) * 16 + digit(low)).unwrap_or(0));
                after
            }
            _ => {
                out.push(*first);
                tail
            }
        };
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::{Piece, extract};

    #[test]
    fn reads_parts_and_attachments() {
        let message = "Subject: =?utf-8?B?5ZCN5Y2V?=\r\nContent-Type: multipart/mixed; boundary=\"x\"\r\n\r\n--x\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=E7=94=B5=E8=AF=9D138\r\n--x\r\nContent-Type: text/csv\r\nContent-Disposition: attachment; filename=\"a.csv\"\r\nContent-Transfer-Encoding: base64\r\n\r\ncGhvbmUKMTM4MDAxMzgwMDAK\r\n--x--\r\n";
        let pieces = extract(message.as_bytes(), "a.eml").pieces;
        let text = format!("{pieces:?}");
        assert!(text.contains("名单") && text.contains("电话138") && text.contains("13800138000"), "{text}");
        assert!(pieces.iter().any(|piece| matches!(piece, Piece::Cell { header, .. } if header == "phone")));
    }

    #[test]
    fn names_of_attachments_in_every_form_are_read() {
        for name in ["filename=\"a.csv\"", "filename*=utf-8''%E5%90%8D%E5%8D%95.csv", "filename*0*=gbk''%C3%FB.csv"] {
            let message = format!("Content-Disposition: attachment; {name}\r\n\r\nphone\n13800138000\n");
            let pieces = extract(message.as_bytes(), "a.eml").pieces;
            let cell = |piece: &Piece| matches!(piece, Piece::Cell { header, .. } if header == "phone");
            assert!(pieces.iter().any(cell), "{name}: {pieces:?}");
        }
    }

    #[test]
    fn a_message_that_breaks_off_is_told() {
        let message = "Content-Type: multipart/mixed; boundary=x\n\n--x\n\n电话13800138000\n";
        let read = extract(message.as_bytes(), "a.eml");
        assert!(format!("{:?}", read.pieces).contains("13800138000") && read.unreadable.len() == 1, "{read:?}");
        let whole = extract(format!("{message}--x--\n").as_bytes(), "a.eml");
        assert!(whole.unreadable.is_empty(), "{whole:?}");
        let none = extract("电话13800138000".as_bytes(), "a.eml");
        assert!(format!("{:?}", none.pieces).contains("13800138000"), "{none:?}");
    }

    #[test]
    fn a_saved_page_is_read() {
        let page = "MIME-Version: 1.0\nContent-Type: multipart/related; boundary=x\n\n--x\nContent-Type: text/html; charset=gb2312\nContent-Transfer-Encoding: quoted-printable\n\n<p>=B5=E7=BB=B0</p>\n--x--\n";
        for name in ["a.mht", "a.doc"] {
            let read = extract(page.as_bytes(), name);
            assert!(format!("{:?}", read.pieces).contains("电话"), "{name}: {read:?}");
        }
    }
}
