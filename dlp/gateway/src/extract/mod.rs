//! Text out of documents. Each format is a file here and a line in [`EXTRACTORS`]; what can't be read is reported.

mod archive;
mod columnar;
mod delimited;
mod dump;
mod json;
mod legacy;
mod mail;
mod markup;
mod office;
mod pdf;
mod pdf_font;
mod pdf_parts;
mod rtf;
mod spreadsheet;
mod sqlite;

use std::time::{Duration, Instant};

use fengsui_dlp_engine::{ContentHint, decode};

pub(crate) use delimited::delimiter;
pub(crate) use spreadsheet::text as cell_text;

use crate::limits;

/// A piece of a document and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Running text.
    Text {
        /// Page, slide, part or member; empty for the whole file.
        inside: String,
        /// The text.
        text: String,
    },
    /// One cell or field whose column header or key is known.
    Cell {
        /// Sheet, row and column, or the path of the field.
        inside: String,
        /// Header of the column or key of the field.
        header: String,
        /// The value.
        value: String,
    },
}

/// A part that could not be read, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// Page, part or member; empty for the whole file.
    pub inside: String,
    /// Why, in words for the reader of the report.
    pub reason: String,
    /// What kind of reason that is.
    pub cause: Cause,
}

/// What kept a part from being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// A limit of ours: more may be there.
    Limit,
    /// It is encrypted, damaged or of an unknown form: something may be there.
    Closed,
    /// There is no text to read: pictures, programs.
    NoText,
}

/// What one top-level file may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Bytes that all its members may unpack to.
    pub unpacked_bytes: u64,
    /// How long it may take by the clock.
    pub time: Duration,
}

impl Default for Budget {
    fn default() -> Self {
        Self { unpacked_bytes: limits::UNPACKED_BYTES, time: Duration::from_secs(limits::FILE_SECONDS) }
    }
}

/// Why a member is not unpacked.
#[derive(Debug)]
pub(crate) struct Refusal {
    reason: String,
    cause: Cause,
}

impl From<&str> for Refusal {
    fn from(reason: &str) -> Self {
        Self { reason: reason.to_owned(), cause: Cause::Closed }
    }
}

impl From<String> for Refusal {
    fn from(reason: String) -> Self {
        Self { reason, cause: Cause::Closed }
    }
}

impl Refusal {
    /// A limit was met.
    fn limit(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), cause: Cause::Limit }
    }

    /// There is nothing to read.
    fn no_text(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), cause: Cause::NoText }
    }
}

/// Everything that came out of a document.
#[derive(Debug, Default)]
pub struct Extracted {
    /// What could be read.
    pub pieces: Vec<Piece>,
    /// What could not.
    pub unreadable: Vec<Unreadable>,
}

/// Work in progress on one top-level file: where its pieces go, and what may still be spent.
pub(crate) struct Job<'s> {
    sink: &'s mut dyn FnMut(Piece),
    unreadable: Vec<Unreadable>,
    depth: usize,
    unpacked: u64,
    unpacked_most: u64,
    deadline: Instant,
}

impl Job<'_> {
    fn text(&mut self, inside: &str, text: String) {
        if !text.trim().is_empty() {
            (self.sink)(Piece::Text { inside: inside.to_owned(), text });
        }
    }

    fn cell(&mut self, inside: String, header: &str, value: String) {
        if !value.trim().is_empty() {
            (self.sink)(Piece::Cell { inside, header: header.to_owned(), value });
        }
    }

    fn unreadable(&mut self, inside: &str, refusal: impl Into<Refusal>) {
        let Refusal { reason, cause } = refusal.into();
        self.unreadable.push(Unreadable { inside: inside.to_owned(), reason, cause });
    }

    fn late(&self) -> bool {
        Instant::now() > self.deadline
    }
}

/// One document format.
struct Extractor {
    /// For reports and tests.
    name: &'static str,
    /// Whether bytes and a lower-case file name look like it.
    matches: fn(&[u8], &str) -> bool,
    /// Whether its text does not stand in it as it is.
    packed: bool,
    read: fn(&mut Job, &[u8], &str, &str),
}

/// Formats in the order they are tried; the first that matches reads the document.
static EXTRACTORS: &[Extractor] = &[
    Extractor { name: "pdf", matches: pdf::matches, packed: true, read: pdf::read },
    Extractor { name: "spreadsheet", matches: spreadsheet::matches, packed: true, read: spreadsheet::read },
    Extractor { name: "office", matches: office::matches, packed: true, read: office::read },
    Extractor { name: "rtf", matches: rtf::matches, packed: true, read: rtf::read },
    Extractor { name: "legacy", matches: legacy::matches, packed: true, read: legacy::read },
    Extractor { name: "zip", matches: archive::is_zip, packed: true, read: archive::read_zip },
    Extractor { name: "gzip", matches: archive::is_gzip, packed: true, read: archive::read_gzip },
    Extractor { name: "bzip2", matches: archive::is_bzip2, packed: true, read: archive::read_bzip2 },
    Extractor { name: "zstd", matches: archive::is_zstd, packed: true, read: archive::read_zstd },
    Extractor { name: "xz", matches: archive::is_xz, packed: true, read: archive::read_xz },
    Extractor { name: "7z", matches: archive::is_seven_zip, packed: true, read: archive::read_seven_zip },
    Extractor { name: "parquet", matches: columnar::matches, packed: true, read: columnar::read },
    Extractor { name: "sqlite", matches: sqlite::matches, packed: true, read: sqlite::read },
    Extractor { name: "tar", matches: archive::is_tar, packed: true, read: archive::read_tar },
    Extractor { name: "mail", matches: mail::matches, packed: false, read: mail::read },
    Extractor { name: "json", matches: json::matches, packed: false, read: json::read },
    Extractor { name: "delimited", matches: delimited::matches, packed: false, read: delimited::read },
    Extractor { name: "dump", matches: dump::matches, packed: false, read: dump::read },
    Extractor { name: "markup", matches: markup::matches, packed: false, read: markup::read },
];

/// Names of all formats.
pub fn formats() -> impl Iterator<Item = &'static str> {
    EXTRACTORS.iter().map(|extractor| extractor.name)
}

/// The format by which a document is read; nothing for one that is read as plain text, or not at all.
#[must_use]
pub fn format_of(bytes: &[u8], name: &str) -> Option<&'static str> {
    let name = name.to_lowercase();
    EXTRACTORS.iter().find(|extractor| (extractor.matches)(bytes, &name)).map(|extractor| extractor.name)
}

/// Whether bytes are, by what they begin with, a document whose text does not stand in them as it is.
pub(crate) fn is_packed(bytes: &[u8]) -> bool {
    EXTRACTORS.iter().any(|extractor| extractor.packed && (extractor.matches)(bytes, ""))
}

/// Reads a document. `name` helps to recognise the format and is not trusted. Never fails: what can't be read is
/// in the answer.
#[must_use]
pub fn extract(bytes: &[u8], name: &str) -> Extracted {
    let mut pieces = Vec::new();
    let unreadable = extract_into(bytes, name, &mut |piece| pieces.push(piece));
    Extracted { pieces, unreadable }
}

/// Reads a document and hands out its pieces one by one, so that a large table is never in memory cell by cell. The
/// answer is what could not be read.
pub fn extract_into(bytes: &[u8], name: &str, sink: &mut dyn FnMut(Piece)) -> Vec<Unreadable> {
    extract_within(bytes, name, Budget::default(), sink)
}

/// As [`extract_into`], with a budget of one's own.
pub fn extract_within(bytes: &[u8], name: &str, budget: Budget, sink: &mut dyn FnMut(Piece)) -> Vec<Unreadable> {
    let deadline = Instant::now() + budget.time;
    let unpacked_most = budget.unpacked_bytes;
    let mut job = Job { sink, unreadable: Vec::new(), depth: 0, unpacked: 0, unpacked_most, deadline };
    read(&mut job, bytes, name, "");
    job.unreadable
}

/// Reads bytes found at a place of a job; archives come back here with their members.
fn read(job: &mut Job, bytes: &[u8], name: &str, inside: &str) {
    if job.depth >= limits::DEPTH {
        return job.unreadable(inside, Refusal::limit(format!("嵌套超过{}层，未再展开", limits::DEPTH)));
    }
    if job.late() {
        return job.unreadable(inside, Refusal::limit("超过单个文件的处理时限"));
    }
    if bytes.is_empty() {
        return;
    }
    let name = name.to_lowercase();
    job.depth += 1;
    match EXTRACTORS.iter().find(|extractor| (extractor.matches)(bytes, &name)) {
        Some(extractor) => guarded(job, extractor, bytes, &name, inside),
        None => plain(job, bytes, &name, inside),
    }
    job.depth -= 1;
}

/// Parsers of other authors may panic on malformed input; that must not take the job down.
fn guarded(job: &mut Job, extractor: &Extractor, bytes: &[u8], name: &str, inside: &str) {
    let depth = job.depth;
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| (extractor.read)(job, bytes, name, inside)));
    if outcome.is_err() {
        job.depth = depth;
        job.unreadable(inside, format!("文件结构损坏，解析失败（{}）", extractor.name));
    }
}

fn plain(job: &mut Job, bytes: &[u8], name: &str, inside: &str) {
    if let Some(reason) = unsupported(bytes, name) {
        return job.unreadable(inside, reason);
    }
    match decode(bytes, &hint(name)) {
        Some(text) => job.text(inside, text.into_owned()),
        None if is_media(bytes) => job.unreadable(inside, Refusal::no_text("图片、音视频或程序文件，不含可读文字")),
        None => job.unreadable(inside, Refusal::no_text("不是文本，格式不支持")),
    }
}

fn hint(name: &str) -> ContentHint {
    ContentHint { name: Some(name.to_owned()), ..ContentHint::default() }
}

/// Formats that are recognised only to say that they are not read.
fn unsupported(bytes: &[u8], name: &str) -> Option<&'static str> {
    match bytes {
        [b'R', b'a', b'r', b'!', ..] => Some("RAR压缩包，请解压后检查"),
        _ if name.ends_with(".rar") || name.ends_with(".7z") => Some("压缩包损坏或格式不支持"),
        _ => None,
    }
}

fn is_media(bytes: &[u8]) -> bool {
    const MAGIC: &[&[u8]] =
        &[b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"\x7fELF", b"MZ", b"ID3", b"RIFF", b"OggS", b"\x1aE\xdf\xa3"];
    MAGIC.iter().any(|magic| bytes.starts_with(magic)) || bytes.get(4..8) == Some(b"ftyp")
}

/// A place inside a place.
fn within(outer: &str, inner: &str) -> String {
    if outer.is_empty() { inner.to_owned() } else { format!("{outer} › {inner}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_read_is_said() {
        let extracted = extract(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest", "a.doc");
        assert!(extracted.pieces.is_empty() && extracted.unreadable.len() == 1);
    }

    #[test]
    fn plain_text_in_gb18030_is_read() {
        let bytes: &[u8] = &[0xd0, 0xd5, 0xc3, 0xfb, 0xa3, 0xba, 0xb5, 0xe7, 0xbb, 0xb0];
        assert_eq!(
            extract(bytes, "a.txt").pieces,
            [Piece::Text { inside: String::new(), text: "姓名：电话".to_owned() }]
        );
    }

    /// A sound document of every format, with the name it would have.
    fn samples() -> Vec<(&'static str, &'static str, Vec<u8>)> {
        let table = crate::table::Table {
            columns: vec!["姓名".to_owned(), "电话".to_owned()],
            rows: vec![vec!["马文忠".to_owned(), "13800138000".to_owned()]],
        };
        let folder = tempfile::tempdir().expect("makes a folder");
        let path = folder.path().join("a.xlsx");
        table.write(&path).expect("writes");
        let text = |text: &str| text.as_bytes().to_vec();
        let word = "<w:document><w:body><w:p><w:r><w:t>电话13800138000</w:t></w:r></w:p></w:body></w:document>";
        vec![
            ("pdf", "a.pdf", pdf::sample()),
            ("spreadsheet", "a.xlsx", std::fs::read(&path).expect("reads")),
            ("office", "a.docx", archive::samples::pack(&[("word/document.xml", word)])),
            ("rtf", "a.rtf", rtf::sample()),
            ("legacy", "a.doc", legacy::sample()),
            ("zip", "a.zip", archive::samples::zip()),
            ("gzip", "people.csv.gz", archive::samples::gzip()),
            ("bzip2", "people.csv.bz2", archive::samples::bzip2()),
            ("zstd", "people.csv.zst", archive::samples::zstd()),
            ("xz", "people.csv.xz", archive::samples::xz()),
            ("7z", "a.7z", archive::samples::seven_zip()),
            ("parquet", "a.parquet", columnar::sample()),
            ("sqlite", "a.db", sqlite::sample()),
            ("tar", "a.tar", archive::samples::tar()),
            ("mail", "a.eml", text("From: a@example.com\r\nSubject: x\r\n\r\n电话13800138000\r\n")),
            ("json", "a.json", text("{\"phone\": \"13800138000\"}")),
            ("delimited", "a.csv", text("姓名,电话\n马文忠,13800138000\n")),
            ("dump", "a.sql", dump::sample()),
            ("markup", "a.html", text("<html><p>电话13800138000</p></html>")),
        ]
    }

    #[test]
    fn every_extractor_reads_its_sample() {
        let samples = samples();
        for extractor in EXTRACTORS {
            let (_, file, bytes) =
                samples.iter().find(|(name, _, _)| *name == extractor.name).expect("every extractor has a sample");
            let found = EXTRACTORS.iter().find(|known| (known.matches)(bytes, file)).expect("is recognised");
            assert_eq!(found.name, extractor.name);
            let extracted = extract(bytes, file);
            let text = format!("{:?}", extracted.pieces);
            assert!(text.contains("138") && extracted.unreadable.is_empty(), "{}: {extracted:?}", extractor.name);
        }
    }

    /// Bytes at the beginning by which a format is known; what is shorter is no document of it.
    fn head(name: &str) -> usize {
        if name == "tar" { 512 } else { 32 }
    }

    #[test]
    fn a_document_that_breaks_off_is_never_passed_over() {
        const CUTS: usize = 400;
        for (name, file, bytes) in samples() {
            let packed = EXTRACTORS.iter().any(|extractor| extractor.name == name && extractor.packed);
            let whole = extract(&bytes, file).pieces;
            let step = bytes.len().div_ceil(CUTS);
            for cut in (head(name)..bytes.len()).step_by(step).filter(|_| packed) {
                let extracted = extract(&bytes[..cut], file);
                let lost = extracted.pieces.len() < whole.len() || !whole.starts_with(&extracted.pieces);
                assert!(
                    !lost || !extracted.unreadable.is_empty(),
                    "{name} cut at {cut} of {}: {extracted:?}",
                    bytes.len()
                );
            }
        }
    }

    #[test]
    fn a_byte_that_is_wrong_is_never_passed_over_where_there_is_a_checksum() {
        for (name, file, bytes) in samples() {
            if !["zip", "gzip", "bzip2", "7z"].contains(&name) {
                continue;
            }
            let whole = format!("{:?}", extract(&bytes, file).pieces);
            for at in (0..bytes.len()).step_by(bytes.len().div_ceil(300)) {
                let mut bytes = bytes.clone();
                bytes[at] ^= 0x55;
                let extracted = extract(&bytes, file);
                let read = format!("{:?}", extracted.pieces);
                // Names and times of members have no checksum; neither has what begins the file.
                let same = read.matches("138").count() >= whole.matches("138").count();
                let told = !extracted.unreadable.is_empty()
                    || extracted
                        .pieces
                        .iter()
                        .any(|piece| matches!(piece, Piece::Text { text, .. } if text.contains("PK")));
                assert!(same || told, "{name} at {at} of {}: {extracted:?}", bytes.len());
            }
        }
    }

    #[test]
    fn archives_in_archives_end_at_the_limit() {
        let mut bytes = archive::samples::zip();
        for _ in 0..limits::DEPTH + 2 {
            let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
            writer.start_file("inner.zip", zip::write::SimpleFileOptions::default()).expect("begins a member");
            std::io::Write::write_all(&mut writer, &bytes).expect("writes");
            bytes = writer.finish().expect("ends").into_inner();
        }
        let extracted = extract(&bytes, "a.zip");
        assert!(extracted.pieces.is_empty() && extracted.unreadable.len() == 1, "{extracted:?}");
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(256))]
        #[test]
        fn mutated_documents_never_end_the_scan(
            chosen in 0..EXTRACTORS.len(),
            cut in 0.0..1.0_f64,
            truncate in proptest::bool::weighted(0.3),
            changes in proptest::collection::vec((0.0..1.0_f64, proptest::prelude::any::<u8>()), 1..24),
        ) {
            let samples = samples();
            let (_, file, bytes) = &samples[chosen];
            let mut bytes = bytes.clone();
            let length = bytes.len();
            let place = |share: f64| ((length as f64 * share) as usize).min(length - 1);
            for (share, byte) in changes {
                bytes[place(share)] = byte;
            }
            if truncate {
                bytes.truncate(place(cut));
            }
            let extracted = extract(&bytes, file);
            // What was there is found, or it is said that something could not be read, or the change hit the value itself.
            proptest::prop_assert!(extracted.pieces.len() < 100_000);
        }
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]
        #[test]
        fn no_bytes_of_any_format_panic(
            magic in proptest::sample::select(vec!["%PDF-1.4\n", "PK\u{3}\u{4}", "{\"a\":", "a,b\n", "<?xml?>", "From: a\n\n", ""]),
            rest in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300),
            name in proptest::sample::select(vec!["a.pdf", "a.xlsx", "a.docx", "a.zip", "a.csv", "a.json", "a.eml", "a.html", "a.tar", "a.txt"]),
        ) {
            let _ = extract(&[magic.as_bytes(), &rest].concat(), name);
        }
    }
}
