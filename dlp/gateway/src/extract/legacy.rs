//! Binary Office documents in compound files: doc, wps, ppt, dps ([MS-DOC], [MS-PPT]) and saved mails ([MS-OXMSG]).

use std::io::{Cursor, Read};

use cfb::CompoundFile;
use fengsui_dlp_engine::{ContentHint, decode};

use super::{Job, within};
use crate::limits::{FILE_BYTES, MEMBERS};

type Compound<'b> = CompoundFile<Cursor<&'b [u8]>>;

pub(super) fn matches(bytes: &[u8], _name: &str) -> bool {
    bytes.starts_with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
}

pub(super) fn read(job: &mut Job, bytes: &[u8], name: &str, inside: &str) {
    let Ok(mut file) = CompoundFile::open(Cursor::new(bytes)) else {
        return job.unreadable(inside, "旧版Office文档的复合文件结构损坏");
    };
    let streams: Vec<String> = file
        .walk()
        .filter(cfb::Entry::is_stream)
        .take(MEMBERS + 1)
        .map(|entry| entry.path().to_string_lossy().into_owned())
        .collect();
    if streams.len() > MEMBERS {
        job.unreadable(inside, super::Refusal::limit(format!("复合文件的流超过{MEMBERS}个，其余未检查")));
    }
    let objects = objects(job, &mut file, &streams, inside);
    let has = |name: &str| streams.iter().any(|stream| stream == name);
    match () {
        () if has("/Workbook") || has("/Book") => super::spreadsheet::read(job, bytes, name, inside),
        () if has("/WordDocument") => word(job, &mut file, inside),
        () if has("/PowerPoint Document") => slides(job, &mut file, inside),
        () if streams.iter().any(|stream| stream.contains("__substg1.0_")) => message(job, &mut file, &streams, inside),
        () if has("/EncryptedPackage") => job.unreadable(inside, "Office文档已加密，请解除口令后检查"),
        () if objects > 0 => {}
        () => job.unreadable(inside, "复合文件中没有可识别的正文"),
    }
}

/// Files packed into a document, and how many there are; documents in storages of their own are told.
fn objects(job: &mut Job, file: &mut Compound<'_>, streams: &[String], inside: &str) -> usize {
    let mut count = 0;
    for path in streams {
        let (storage, name) = path.rsplit_once('/').unwrap_or(("", path));
        let place = within(inside, &format!("对象{}", storage.trim_start_matches('/')));
        match name {
            "Package" | "CONTENTS" => {
                count += 1;
                let bytes = stream(file, path).unwrap_or_default();
                super::read(job, &bytes, "", &place);
            }
            "\u{1}Ole10Native" => {
                count += 1;
                let bytes = stream(file, path).unwrap_or_default();
                match native(&bytes) {
                    Some((name, data)) => super::read(job, data, &name, &within(&place, &name)),
                    None => job.unreadable(&place, "嵌入的对象损坏"),
                }
            }
            "Workbook" | "Book" | "WordDocument" | "PowerPoint Document" if !storage.is_empty() => {
                job.unreadable(&place, "嵌入的旧版Office对象未检查，请另存后检查");
            }
            _ => {}
        }
    }
    count
}

/// The name and bytes of a file in an OLE package ([MS-OLEDS] 2.3.6 and what packagers put into it).
fn native(bytes: &[u8]) -> Option<(String, &[u8])> {
    let mut rest = bytes.get(6..)?;
    let mut texts = [&rest[..0]; 3];
    for (index, text) in texts.iter_mut().enumerate() {
        let end = rest.iter().position(|byte| *byte == 0)?;
        *text = &rest[..end];
        rest = &rest[end + 1..];
        if index == 1 {
            rest = rest.get(8..)?;
        }
    }
    let length = u32_at(rest, 0)?;
    let name = decode(texts[0], &ContentHint::default()).map(std::borrow::Cow::into_owned).unwrap_or_default();
    Some((name, rest.get(4..)?.get(..length)?))
}

fn stream(file: &mut Compound<'_>, path: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    file.open_stream(path).ok()?.take(FILE_BYTES).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<usize> {
    usize::try_from(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?)).ok()
}

fn word(job: &mut Job, file: &mut Compound<'_>, inside: &str) {
    let main = stream(file, "/WordDocument").unwrap_or_default();
    let flags = u16_at(&main, 0x0a).unwrap_or(0);
    if flags & 0x0100 != 0 {
        return job.unreadable(inside, "Word文档已加密，请解除口令后检查");
    }
    let table = stream(file, if flags & 0x0200 != 0 { "/1Table" } else { "/0Table" }).unwrap_or_default();
    match pieces(&main, &table) {
        Some((text, whole)) => {
            job.text(inside, text);
            if !whole {
                job.unreadable(inside, "Word文档不完整，只读出一部分");
            }
        }
        None => job.unreadable(inside, "Word文档结构损坏或早于Word 97"),
    }
}

/// The text by the piece table ([MS-DOC] 2.4.1), whose place stands at 0x1A2 of the file information block, and whether all of
/// it is there.
fn pieces(main: &[u8], table: &[u8]) -> Option<(String, bool)> {
    let (start, length) = (u32_at(main, 0x1a2)?, u32_at(main, 0x1a6)?);
    let mut rest = table.get(start..start.checked_add(length)?)?;
    while let Some((1, tail)) = rest.split_first() {
        rest = tail.get(2 + usize::from(u16_at(tail, 0)?)..)?;
    }
    let plc = rest.get(5..)?.get(..u32_at(rest, 1)?)?;
    if rest.first() != Some(&2) || plc.len() < 4 {
        return None;
    }
    let count = (plc.len() - 4) / 12;
    let mut text = String::new();
    let mut whole = true;
    for piece in 0..count {
        let (from, to) = (u32_at(plc, piece * 4)?, u32_at(plc, piece * 4 + 4)?);
        let position = u32_at(plc, (count + 1) * 4 + piece * 8 + 2)?;
        let characters = to.checked_sub(from)?;
        let compressed = position & 0x4000_0000 != 0;
        let (offset, bytes) = match compressed {
            true => ((position & 0x3fff_ffff) / 2, characters),
            false => (position, characters.checked_mul(2)?),
        };
        let data = main.get(offset..offset.checked_add(bytes)?.min(main.len())).unwrap_or_default();
        whole &= data.len() == bytes;
        match compressed {
            true => shown(&encoding_rs::WINDOWS_1252.decode_without_bom_handling(data).0, &mut text),
            false => shown(&encoding_rs::UTF_16LE.decode_without_bom_handling(data).0, &mut text),
        }
        if text.len() as u64 > FILE_BYTES {
            return Some((text, false));
        }
    }
    Some((text, whole))
}

/// Characters as a reader sees them: ends of paragraphs, cells and pages are line breaks, marks of fields nothing.
fn shown(characters: &str, text: &mut String) {
    for c in characters.chars() {
        match c {
            '\r' | '\u{b}' | '\u{c}' => text.push('\n'),
            '\u{7}' => text.push('\t'),
            '\u{1e}' => text.push('-'),
            '\0'..='\u{8}' | '\u{e}'..='\u{1f}' => {}
            other => text.push(other),
        }
    }
}

/// The atoms of text in the document's records, in their order ([MS-PPT] 2.9): containers are gone into.
fn slides(job: &mut Job, file: &mut Compound<'_>, inside: &str) {
    let bytes = stream(file, "/PowerPoint Document").unwrap_or_default();
    let mut text = String::new();
    let mut whole = true;
    let mut at = 0;
    while let (Some(version), Some(kind), Some(length)) =
        (u16_at(&bytes, at), u16_at(&bytes, at + 2), u32_at(&bytes, at + 4))
    {
        at += 8;
        if version & 0x0f == 0x0f {
            continue;
        }
        let data = bytes.get(at..at.saturating_add(length).min(bytes.len())).unwrap_or_default();
        whole &= data.len() == length;
        match kind {
            0x0fa0 | 0x0fba => shown(&encoding_rs::UTF_16LE.decode_without_bom_handling(data).0, &mut text),
            0x0fa8 => shown(&encoding_rs::WINDOWS_1252.decode_without_bom_handling(data).0, &mut text),
            _ => {}
        }
        if matches!(kind, 0x0fa0 | 0x0fa8 | 0x0fba) {
            text.push('\n');
        }
        at = at.saturating_add(length);
    }
    if !whole || at < bytes.len() {
        job.unreadable(inside, "演示文稿不完整，只读出一部分");
    }
    match text.trim().is_empty() {
        true => job.unreadable(inside, super::Refusal::no_text("演示文稿中没有找到文字")),
        false => job.text(inside, text),
    }
}

/// The properties that hold text, and the attachments.
fn message(job: &mut Job, file: &mut Compound<'_>, streams: &[String], inside: &str) {
    for path in streams {
        let Some(property) = path.rsplit("__substg1.0_").next().filter(|property| property.len() == 8) else {
            continue;
        };
        let attached = property == "37010102";
        let text = property.ends_with("001F") || property.ends_with("001E");
        if !attached && !text {
            continue;
        }
        let Some(bytes) = stream(file, path) else {
            job.unreadable(&within(inside, path), "邮件属性无法读取");
            continue;
        };
        match () {
            () if attached => super::read(job, &bytes, "", &within(inside, "附件")),
            () if property.ends_with("001F") => {
                job.text(
                    &within(inside, "邮件"),
                    encoding_rs::UTF_16LE.decode_without_bom_handling(&bytes).0.into_owned(),
                );
            }
            () => {
                let text = decode(&bytes, &ContentHint::default());
                job.text(&within(inside, "邮件"), text.map(std::borrow::Cow::into_owned).unwrap_or_default());
            }
        }
    }
}

#[cfg(test)]
pub(super) fn sample() -> Vec<u8> {
    use std::io::Write;
    // A document of one piece: the block up to the piece table's place, the text behind it.
    let text: Vec<u8> = "联系人：马文忠\r手机13800138000\r".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut main = vec![0; 0x200];
    main[..2].copy_from_slice(&[0xec, 0xa5]);
    main[0x0b] = 0x02;
    let mut plc: Vec<u8> = Vec::new();
    plc.extend(0_u32.to_le_bytes());
    plc.extend(u32::try_from(text.len() / 2).unwrap_or(0).to_le_bytes());
    plc.extend([0, 0]);
    plc.extend(0x200_u32.to_le_bytes());
    plc.extend([0, 0]);
    let mut table = vec![2];
    table.extend(u32::try_from(plc.len()).unwrap_or(0).to_le_bytes());
    table.extend(plc);
    main[0x1a6..0x1aa].copy_from_slice(&u32::try_from(table.len()).unwrap_or(0).to_le_bytes());
    main.extend(text);
    let mut file = CompoundFile::create(Cursor::new(Vec::new())).expect("makes a compound file");
    for (name, bytes) in [("/WordDocument", main), ("/1Table", table)] {
        file.create_stream(name).expect("makes a stream").write_all(&bytes).expect("writes");
    }
    file.flush().expect("writes");
    file.into_inner().into_inner()
}

#[cfg(test)]
mod tests {
    use super::super::extract;
    use std::io::Write;

    #[test]
    fn text_of_a_binary_document() {
        let extracted = format!("{:?}", extract(&super::sample(), "a.wps"));
        assert!(extracted.contains("联系人：马文忠\\n手机13800138000"), "{extracted}");
    }

    #[test]
    fn text_of_binary_slides() {
        let text: Vec<u8> = "身份证号在此".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let mut records = vec![0x0f, 0, 0xe8, 0x03];
        records.extend(u32::try_from(text.len() + 8).expect("is short").to_le_bytes());
        records.extend([0, 0, 0xa0, 0x0f]);
        records.extend(u32::try_from(text.len()).expect("is short").to_le_bytes());
        records.extend(text);
        let mut file = cfb::CompoundFile::create(std::io::Cursor::new(Vec::new())).expect("makes a compound file");
        file.create_stream("/PowerPoint Document").expect("makes a stream").write_all(&records).expect("writes");
        let bytes = file.into_inner().into_inner();
        assert!(format!("{:?}", extract(&bytes, "a.ppt")).contains("身份证号在此"));
    }
}
