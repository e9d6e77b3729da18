//! Files that came from outside: captures below the evidence folder, and what people attach.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Read;
use std::path::{Component, Path, PathBuf};

use crate::error::{ApiError, ApiResult};
use crate::limits::CAPTURE_BYTES;

/// Reads a capture. The name came from a sensor: it is `<observer>/<file>.pcap`, nothing else, and must still be below
/// the folder after links are followed.
pub(crate) fn read_capture(folder: &Path, name: &str) -> ApiResult<Vec<u8>> {
    let path = safe_path(folder, name).ok_or_else(ApiError::not_found)?;
    let file = File::open(path).map_err(|_| ApiError::not_found())?;
    let mut bytes = Vec::new();
    file.take(CAPTURE_BYTES + 1).read_to_end(&mut bytes).map_err(|error| ApiError::internal(&error))?;
    if bytes.len() as u64 > CAPTURE_BYTES {
        return Err(ApiError::too_large("64 MiB"));
    }
    Ok(bytes)
}

fn safe_path(folder: &Path, name: &str) -> Option<PathBuf> {
    let relative = Path::new(name);
    let parts: Vec<_> = relative.components().collect();
    let plain = parts.iter().all(|part| matches!(part, Component::Normal(_)));
    if !plain || parts.is_empty() || parts.len() > 3 || relative.extension().is_none_or(|kind| kind != "pcap") {
        return None;
    }
    let (folder, path) = (folder.canonicalize().ok()?, folder.join(relative).canonicalize().ok()?);
    (path.starts_with(&folder) && path.is_file()).then_some(path)
}

/// The name of an attachment: the last part of a path, without control and invisible characters, at most 120 characters.
pub(crate) fn safe_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    let clean: String = last.chars().filter(|c| !hidden(*c)).take(120).collect();
    let clean = clean.trim().trim_start_matches('.');
    if clean.is_empty() { "file".to_owned() } else { clean.to_owned() }
}

/// The media type of some bytes, when it is one that is taken.
pub(crate) fn media_type(bytes: &[u8]) -> Option<&'static str> {
    let magic: [(&[u8], &'static str); 7] = [
        (b"\xff\xd8\xff", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"%PDF-", "application/pdf"),
        (b"\xd4\xc3\xb2\xa1", "application/vnd.tcpdump.pcap"),
        (b"\xa1\xb2\xc3\xd4", "application/vnd.tcpdump.pcap"),
        (b"\x4d\x3c\xb2\xa1", "application/vnd.tcpdump.pcap"),
        (b"\x0a\x0d\x0d\x0a", "application/x-pcapng"),
    ];
    if let Some((_, kind)) = magic.iter().find(|(start, _)| bytes.starts_with(start)) {
        return Some(kind);
    }
    if bytes.len() > 12 && bytes.starts_with(b"RIFF") && &bytes[8..12] == b"WEBP" {
        return Some("image/webp");
    }
    let text = std::str::from_utf8(bytes).ok()?;
    let plain = !text.is_empty() && text.chars().all(|c| !c.is_control() || matches!(c, '\n' | '\r' | '\t'));
    plain.then_some("text/plain; charset=utf-8")
}

/// A name for `filename*=UTF-8''…` (RFC 8187).
pub(crate) fn percent_encoded(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_') {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn captures_stay_below_the_folder() {
        let folder = tempfile::tempdir().expect("makes a folder");
        let evidence = folder.path().join("evidence");
        std::fs::create_dir_all(evidence.join("sensor")).expect("makes folders");
        std::fs::write(evidence.join("sensor/1.pcap"), b"capture").expect("writes");
        std::fs::write(folder.path().join("secret.pcap"), b"secret").expect("writes");
        std::os::unix::fs::symlink(folder.path().join("secret.pcap"), evidence.join("sensor/link.pcap"))
            .expect("links");
        assert_eq!(read_capture(&evidence, "sensor/1.pcap").expect("reads"), b"capture");
        for wrong in [
            "../secret.pcap",
            "/etc/passwd",
            "sensor/../../secret.pcap",
            "sensor/link.pcap",
            "",
            ".",
            "sensor",
            "sensor/2.pcap",
        ] {
            assert!(read_capture(&evidence, wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn names_lose_paths_and_tricks() {
        assert_eq!(safe_name("../../etc/passwd"), "passwd");
        assert_eq!(safe_name("照片\u{202e}gpj.exe\r\n"), "照片gpj.exe");
        assert_eq!(safe_name("..."), "file");
        assert_eq!(percent_encoded("a b\"照"), "a%20b%22%E7%85%A7");
    }

    #[test]
    fn pages_are_no_attachments() {
        assert_eq!(media_type(b"\x89PNG\r\n\x1a\n.."), Some("image/png"));
        assert_eq!(media_type(b"<script>alert(1)</script>"), Some("text/plain; charset=utf-8"));
        assert_eq!(media_type(b"MZ\x00\x01"), None);
        assert_eq!(media_type(b""), None);
    }
}
