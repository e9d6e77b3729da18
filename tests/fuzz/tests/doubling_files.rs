//! Work grows with the input and not faster for whole files of many parts: archives of many members, office documents of many
//! rows, paragraphs, sheets and slides, columnar tables. They are made here, so that a file of twice the parts is a sound one.
#![allow(clippy::expect_used)] // a test that can not go on has failed

use std::collections::BTreeSet;
use std::io::{Cursor, Write};
use std::sync::Arc;

use fengsui_dlp_gateway::{extract, format_of};
use fengsui_fuzz::MADE_FORMATS;
use fengsui_fuzz::growth::{self, Case};
use parquet::data_type::{ByteArray, ByteArrayType};
use parquet::file::writer::SerializedFileWriter;

/// What every member, row or paragraph holds.
const TEXT: &str = "马文忠 13800138000";
/// Bytes of the size that stand for one part.
const PART: usize = 64;

type Make = fn(usize) -> Vec<u8>;
type Read = fn(&[u8]);

/// A kind of file, how one of so many parts is made, and how it is read.
const FILES: [(&str, Make, Read); 22] = [
    ("zip, many members", |parts| zipped(&members(parts)), |bytes| read(bytes, "a.zip")),
    (
        "zip, one member of many lines",
        |parts| zipped(&[("a.txt".to_owned(), lines(parts))]),
        |bytes| read(bytes, "a.zip"),
    ),
    ("zip, many empty members", |parts| zipped(&empty(parts)), |bytes| read(bytes, "a.zip")),
    ("tar, many members", |parts| tarred(&members(parts)), |bytes| read(bytes, "a.tar")),
    ("tar, one member", |parts| tarred(&[("a.txt".to_owned(), lines(parts))]), |bytes| read(bytes, "a.tar")),
    ("7z, many members", |parts| seven_zipped(&members(parts)), |bytes| read(bytes, "a.7z")),
    ("7z, one member", |parts| seven_zipped(&[("a.txt".to_owned(), lines(parts))]), |bytes| read(bytes, "a.7z")),
    ("xlsx, many rows", |parts| workbook(1, parts, 2), |bytes| read(bytes, "a.xlsx")),
    ("xlsx, many columns", |parts| workbook(1, 1, parts), |bytes| read(bytes, "a.xlsx")),
    ("xlsx, many sheets", |parts| workbook(parts.div_ceil(4), 4, 1), |bytes| read(bytes, "a.xlsx")),
    ("docx, many paragraphs", document, |bytes| read(bytes, "a.docx")),
    ("docx, elements in elements", nested, |bytes| read(bytes, "a.docx")),
    ("pptx, many slides", slides, |bytes| read(bytes, "a.pptx")),
    ("parquet, many rows", |parts| columnar(1, parts, 2), |bytes| read(bytes, "a.parquet")),
    ("parquet, many columns", |parts| columnar(1, 1, parts), |bytes| read(bytes, "a.parquet")),
    ("parquet, many groups", |parts| columnar(parts, 1, 1), |bytes| read(bytes, "a.parquet")),
    ("xls, many records", records, |bytes| read(bytes, "a.xls")),
    ("doc, many paragraphs", word, |bytes| read(bytes, "a.doc")),
    ("gz, many members", |parts| packed(GZIP, parts), |bytes| read(bytes, "a.gz")),
    ("bz2, many streams", |parts| packed(BZIP2, parts), |bytes| read(bytes, "a.bz2")),
    ("xz, many streams", |parts| packed(XZ, parts), |bytes| read(bytes, "a.xz")),
    ("zst, many frames", |parts| packed(ZSTD, parts), |bytes| read(bytes, "a.zst")),
];

/// Two lines of a table, packed by gzip, bzip2, xz and zstd: streams of them may follow one another in one file.
const GZIP: &str = "1f8b0800000000000203cb4bcc4dd529c8c8cf4be57ab972cdb369ed4ff72fd03134b6303000130600ac660ad720000000";
const BZIP2: &str = "425a68393141592653590fec44e5000009d9f90010000468402243c00000800100402400008320200031468c81a34c8d06a069a1a6806879798200a60c20454355ae7dd6eb799be2ee48a70a1201fd889ca0";
const XZ: &str = "fd377a585a000000ff12d9410200210116000000742fe5a301001f6e616d652c70686f6e650ae9a9ace69687e5bfa02c3133383030313338303030000001302010a3aec406729e7a010000000000595a";
const ZSTD: &str = "28b52ffd24200101006e616d652c70686f6e650ae9a9ace69687e5bfa02c3133383030313338303030f2522b40";

fn packed(digits: &str, parts: usize) -> Vec<u8> {
    let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).expect("digits");
    let one: Vec<u8> = (0..digits.len()).step_by(2).map(byte).collect();
    one.repeat(parts.max(1))
}

fn read(bytes: &[u8], name: &str) {
    std::hint::black_box(extract(bytes, name));
}

fn members(parts: usize) -> Vec<(String, String)> {
    (0..parts).map(|number| (format!("folder/{number}.txt"), TEXT.to_owned())).collect()
}

fn empty(parts: usize) -> Vec<(String, String)> {
    (0..parts).map(|number| (format!("{number}"), String::new())).collect()
}

fn lines(parts: usize) -> String {
    format!("{TEXT}\n").repeat(parts)
}

fn zipped(members: &[(String, String)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in members {
        writer.start_file(name.as_str(), zip::write::SimpleFileOptions::default()).expect("begins a member");
        writer.write_all(text.as_bytes()).expect("writes");
    }
    writer.finish().expect("ends").into_inner()
}

fn tarred(members: &[(String, String)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, text) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        builder.append_data(&mut header, name, text.as_bytes()).expect("appends");
    }
    builder.into_inner().expect("ends")
}

/// A number as 7z writes it, in the form of eight bytes behind its mark.
fn number(out: &mut Vec<u8>, value: usize) {
    out.push(0xff);
    out.extend((value as u64).to_le_bytes());
}

/// An archive of one block of copied members (7zFormat.txt of the LZMA SDK).
fn seven_zipped(members: &[(String, String)]) -> Vec<u8> {
    let packed: Vec<u8> = members.iter().flat_map(|(_, text)| text.bytes()).collect();
    let mut header = vec![0x01, 0x04, 0x06];
    number(&mut header, 0);
    header.extend([1, 0x09]);
    number(&mut header, packed.len());
    // One folder of one coder, which copies.
    header.extend([0x00, 0x07, 0x0b, 1, 0, 1, 0x01, 0x00, 0x0c]);
    number(&mut header, packed.len());
    header.extend([0x00, 0x08, 0x0d]);
    number(&mut header, members.len());
    header.push(0x09);
    members.iter().skip(1).for_each(|(_, text)| number(&mut header, text.len()));
    header.extend([0x0a, 1]);
    members.iter().for_each(|(_, text)| header.extend(crc32fast::hash(text.as_bytes()).to_le_bytes()));
    header.extend([0x00, 0x00, 0x05]);
    number(&mut header, members.len());
    let names: Vec<u8> =
        members.iter().flat_map(|(name, _)| name.encode_utf16().chain([0])).flat_map(u16::to_le_bytes).collect();
    header.push(0x11);
    number(&mut header, names.len() + 1);
    header.push(0);
    header.extend(names);
    header.extend([0x00, 0x00]);
    let start: Vec<u8> =
        [packed.len() as u64, header.len() as u64].iter().flat_map(|value| value.to_le_bytes()).collect();
    let start = [start, crc32fast::hash(&header).to_le_bytes().to_vec()].concat();
    let mark = [b"7z\xbc\xaf\x27\x1c\0\x04".as_slice(), &crc32fast::hash(&start).to_le_bytes()].concat();
    [mark, start, packed, header].concat()
}

fn workbook(sheets: usize, rows: usize, columns: usize) -> Vec<u8> {
    let mut book = rust_xlsxwriter::Workbook::new();
    for _ in 0..sheets {
        let sheet = book.add_worksheet();
        for (row, column) in (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column))) {
            let text = format!("{TEXT} {row} {column}");
            sheet.write_string(row as u32, column as u16, text).expect("fits");
        }
    }
    book.save_to_buffer().expect("is written")
}

/// A part of a document of words.
fn words(body: &str) -> Vec<u8> {
    let main = format!("<w:document xmlns:w=\"w\"><w:body>{body}</w:body></w:document>");
    zipped(&[("[Content_Types].xml".to_owned(), "<Types/>".to_owned()), ("word/document.xml".to_owned(), main)])
}

fn document(parts: usize) -> Vec<u8> {
    words(&format!("<w:p><w:r><w:t>{TEXT}</w:t></w:r></w:p>").repeat(parts))
}

fn nested(parts: usize) -> Vec<u8> {
    words(&["<w:tbl>".repeat(parts), TEXT.to_owned(), "</w:tbl>".repeat(parts)].concat())
}

fn slides(parts: usize) -> Vec<u8> {
    let slide = |number: usize| {
        let text = format!("<p:sld xmlns:p=\"p\" xmlns:a=\"a\"><a:p><a:t>{TEXT}</a:t></a:p></p:sld>");
        (format!("ppt/slides/slide{number}.xml"), text)
    };
    let types = ("[Content_Types].xml".to_owned(), "<Types/>".to_owned());
    zipped(&std::iter::once(types).chain((1..=parts).map(slide)).collect::<Vec<_>>())
}

fn columnar(groups: usize, rows: usize, columns: usize) -> Vec<u8> {
    let fields: String = (0..columns).map(|column| format!("required binary c{column} (UTF8); ")).collect();
    let schema =
        parquet::schema::parser::parse_message_type(&format!("message a {{ {fields} }}")).expect("is a schema");
    let mut bytes = Vec::new();
    let mut file = SerializedFileWriter::new(&mut bytes, Arc::new(schema), Arc::default()).expect("begins");
    for _ in 0..groups {
        let mut group = file.next_row_group().expect("begins rows");
        while let Some(mut column) = group.next_column().expect("has columns") {
            let values: Vec<ByteArray> =
                (0..rows).map(|row| ByteArray::from(format!("{TEXT} {row}").as_str())).collect();
            column.typed::<ByteArrayType>().write_batch(&values, None, None).expect("writes");
            column.close().expect("closes");
        }
        group.close().expect("closes");
    }
    file.close().expect("closes");
    bytes
}

/// A record of a workbook of Excel 97 ([MS-XLS] 2.1.4).
fn record(out: &mut Vec<u8>, kind: u16, data: &[u8]) {
    out.extend(kind.to_le_bytes());
    out.extend((data.len() as u16).to_le_bytes());
    out.extend(data);
}

/// A workbook of one sheet of labels.
fn records(parts: usize) -> Vec<u8> {
    let bof = |kind: u16| {
        [0x0600, kind, 0x0dbb, 0x07cc].iter().flat_map(|value: &u16| value.to_le_bytes()).collect::<Vec<_>>()
    };
    let mut stream = Vec::new();
    record(&mut stream, 0x0809, &bof(0x0005));
    let sheet = stream.len() + 4 + 4 + 2 + 2 + 6 + 4;
    record(&mut stream, 0x0085, &[&(sheet as u32).to_le_bytes()[..], &[0, 0, 6, 0], b"Sheet1"].concat());
    record(&mut stream, 0x000a, &[]);
    record(&mut stream, 0x0809, &bof(0x0010));
    for row in 0..parts {
        let text = b"13800138000";
        let cell = [&(row as u16).to_le_bytes()[..], &[0, 0, 0, 0], &[text.len() as u8, 0, 0], text].concat();
        record(&mut stream, 0x0204, &cell);
    }
    record(&mut stream, 0x000a, &[]);
    compound(&[("/Workbook", stream)])
}

/// A text of Word of one piece ([MS-DOC] 2.4.1): the block up to the place of the piece table, and the text behind it.
fn word(parts: usize) -> Vec<u8> {
    let text: Vec<u8> = lines(parts).encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut main = vec![0; 0x200];
    main[..2].copy_from_slice(&[0xec, 0xa5]);
    main[0x0b] = 0x02;
    let ends = [0, (text.len() / 2) as u32].map(u32::to_le_bytes).concat();
    let pieces = [&ends[..], &[0, 0], &0x200_u32.to_le_bytes(), &[0, 0]].concat();
    let table = [&[2], &(pieces.len() as u32).to_le_bytes()[..], &pieces].concat();
    main[0x1a6..0x1aa].copy_from_slice(&(table.len() as u32).to_le_bytes());
    main.extend(text);
    compound(&[("/WordDocument", main), ("/1Table", table)])
}

fn compound(streams: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut file = cfb::CompoundFile::create(Cursor::new(Vec::new())).expect("is made");
    for (name, bytes) in streams {
        file.create_stream(name).and_then(|mut out| out.write_all(bytes)).expect("is written");
    }
    file.flush().expect("is written");
    file.into_inner().into_inner()
}

#[test]
fn every_file_is_read() {
    for (name, make, _) in FILES {
        let kind = name.split(',').next().unwrap_or_default();
        let read = extract(&make(5), &format!("a.{kind}"));
        assert!(read.unreadable.is_empty(), "{name}: {:?}", read.unreadable);
        assert!(name.contains("empty") || !read.pieces.is_empty(), "{name}: nothing was read");
    }
}

#[test]
fn the_formats_that_are_made_are_those_that_are_not_written() {
    let formats: BTreeSet<&str> = FILES
        .iter()
        .filter_map(|(name, make, _)| format_of(&make(5), &format!("a.{}", name.split(',').next().unwrap_or_default())))
        .collect();
    let missing: Vec<_> = MADE_FORMATS.iter().filter(|format| !formats.contains(*format)).collect();
    assert!(missing.is_empty(), "no file is made of {missing:?}");
}

#[test]
fn work_on_files_grows_with_their_parts_and_not_faster() {
    let case = |(name, make, read): (&str, Make, Read)| {
        Case::over(name.to_owned(), move |size| make(size.div_ceil(PART)), read)
    };
    growth::check("work_on_files_grows_with_their_parts_and_not_faster", &FILES.map(case));
}
