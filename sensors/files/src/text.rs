//! Types of text files, by heuristics.

use memchr::memmem;

use crate::FileKind;

/// Bytes looked at for most heuristics.
const SAMPLE: usize = 4096;

/// What a file without a binary signature is.
pub(crate) fn identify(head: &[u8]) -> FileKind {
    let sample = &head[..head.len().min(SAMPLE)];
    if !is_text(sample) {
        return FileKind::Data;
    }
    let body = trimmed(sample);
    by_start(body).or_else(|| by_content(sample)).unwrap_or_else(|| by_shape(body))
}

/// Text has no NUL, unless it is UTF-16, and next to no other control bytes.
fn is_text(sample: &[u8]) -> bool {
    if sample.starts_with(b"\xff\xfe") || sample.starts_with(b"\xfe\xff") {
        return true;
    }
    let controls = count(sample, |byte| matches!(byte, 0..=8 | 14..=26 | 28..=31 | 127));
    let odd = count(sample, |byte| byte >= 0x80);
    controls * 100 <= sample.len() && (odd * 10 <= sample.len() || is_multibyte(sample))
}

/// How many bytes are of a kind. What a byte can count up to is counted in bytes, so that the processor counts many at
/// once.
fn count(sample: &[u8], is_one: impl Fn(u8) -> bool) -> usize {
    let count_few = |few: &[u8]| usize::from(few.iter().map(|byte| u8::from(is_one(*byte))).sum::<u8>());
    sample.chunks(usize::from(u8::MAX)).map(count_few).sum()
}

/// UTF-8, or a text of two-byte characters as GB18030 has them: lead bytes from 0x81 followed by trail bytes from 0x40.
fn is_multibyte(sample: &[u8]) -> bool {
    if std::str::from_utf8(sample).is_ok() {
        return true;
    }
    let mut bytes = sample.iter();
    let (mut pairs, mut broken) = (0_usize, 0_usize);
    while let Some(byte) = bytes.next() {
        if *byte >= 0x81 {
            match bytes.next() {
                Some(0x30..=0x39 | 0x40..=0x7e | 0x80..=0xfe) => pairs += 1,
                _ => broken += 1,
            }
        }
    }
    pairs > broken * 20
}

fn trimmed(sample: &[u8]) -> &[u8] {
    let sample = sample.strip_prefix(b"\xef\xbb\xbf").unwrap_or(sample);
    let start = sample.iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or(sample.len());
    &sample[start..]
}

fn starts_with_ignoring_case(body: &[u8], word: &[u8]) -> bool {
    body.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
}

fn by_start(body: &[u8]) -> Option<FileKind> {
    const STARTS: &[(&[u8], FileKind)] = &[
        (b"<!doctype html", FileKind::Html),
        (b"<html", FileKind::Html),
        (b"<head", FileKind::Html),
        (b"<body", FileKind::Html),
        (b"<svg", FileKind::Svg),
        (b"<?php", FileKind::Php),
        (b"<%@ page", FileKind::Jsp),
        (b"<%@page", FileKind::Jsp),
        (b"-----begin ", FileKind::Pem),
        (b"received: ", FileKind::Email),
        (b"return-path: ", FileKind::Email),
        (b"from: ", FileKind::Email),
        (b"mime-version: ", FileKind::Email),
    ];
    if let Some(line) = body.strip_prefix(b"#!") {
        return Some(by_interpreter(line));
    }
    if starts_with_ignoring_case(body, b"<?xml") {
        return Some(by_root(body));
    }
    STARTS.iter().find(|(word, _)| starts_with_ignoring_case(body, word)).map(|(_, kind)| *kind)
}

fn by_root(body: &[u8]) -> FileKind {
    let has = |word: &[u8]| memmem::find(body, word).is_some();
    match () {
        () if has(b"<svg") => FileKind::Svg,
        () if has(b"<html") => FileKind::Html,
        () => FileKind::Xml,
    }
}

fn by_interpreter(line: &[u8]) -> FileKind {
    let end = line.iter().position(|byte| *byte == b'\n').unwrap_or(line.len());
    let has = |word: &[u8]| memmem::find(&line[..end], word).is_some();
    match () {
        () if has(b"python") => FileKind::Python,
        () if has(b"perl") => FileKind::Perl,
        () if has(b"php") => FileKind::Php,
        () if has(b"sh") => FileKind::Shell,
        () => FileKind::Script,
    }
}

fn by_content(sample: &[u8]) -> Option<FileKind> {
    let has = |word: &[u8]| memmem::find(sample, word).is_some();
    match () {
        () if has(b"<?php") => Some(FileKind::Php),
        () if has(b"<%@ page") || has(b"<%@page") => Some(FileKind::Jsp),
        () if has(b"</html>") || has(b"<body") || has(b"<script") => Some(FileKind::Html),
        () => None,
    }
}

fn by_shape(body: &[u8]) -> FileKind {
    match body.first() {
        Some(b'{' | b'[') if looks_like_json(body) => FileKind::Json,
        Some(b'<') if body.get(1).is_some_and(u8::is_ascii_alphabetic) && body.contains(&b'>') => FileKind::Xml,
        _ if looks_like_csv(body) => FileKind::Csv,
        _ => FileKind::Text,
    }
}

fn looks_like_json(body: &[u8]) -> bool {
    let next = trimmed(body.get(1..).unwrap_or_default());
    matches!(next.first(), Some(b'"' | b'{' | b'[' | b'}' | b']' | b'0'..=b'9' | b'-' | b't' | b'f' | b'n'))
}

/// At least three lines with the same number of separators, and at least one separator.
fn looks_like_csv(body: &[u8]) -> bool {
    [b',', b'\t', b';', b'|'].iter().any(|separator| {
        let mut counts = body
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
            .take(3)
            .map(|line| line.iter().filter(|byte| *byte == separator).count());
        let first = counts.next().unwrap_or(0);
        let rest: Vec<usize> = counts.collect();
        first > 0 && rest.len() == 2 && rest.iter().all(|count| *count == first)
    })
}

#[cfg(test)]
mod tests {
    use crate::{FileKind, identify};

    #[test]
    fn texts_are_told_apart() {
        let cases: &[(&[u8], FileKind)] = &[
            (b"\n <!DOCTYPE HTML><p>", FileKind::Html),
            (b"<?xml version='1.0'?><a/>", FileKind::Xml),
            (b"<?xml version='1.0'?><svg/>", FileKind::Svg),
            (b"{\"a\": 1}", FileKind::Json),
            (b"#!/bin/bash\necho", FileKind::Shell),
            (b"#!/usr/bin/env python3\n", FileKind::Python),
            (b"GIF <?php eval($_POST[1]); ?>", FileKind::Php),
            (b"name,phone\na,1\nb,2\n", FileKind::Csv),
            (b"just words\nand more", FileKind::Text),
            ("姓名,电话\n马,1\n李,2\n".as_bytes(), FileKind::Csv),
            (b"BMW is a word", FileKind::Text),
        ];
        for (bytes, kind) in cases {
            assert_eq!(identify(bytes), *kind, "{}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn chinese_text_in_gb18030_is_text() {
        let bytes = b"\xd0\xd5\xc3\xfb\xa3\xba\xc2\xed\xb5\xe7\xbb\xb0\xc9\xed\xb7\xdd\xd6\xa4";
        assert_eq!(identify(bytes), FileKind::Text);
    }
}
