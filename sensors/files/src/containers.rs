//! Types that show only inside a container: office documents in zip and OLE, PE behind MZ.

use memchr::memmem;

use crate::FileKind;
use crate::limits::CONTAINER_MEMBERS;

const LOCAL_HEADER: &[u8] = b"PK\x03\x04";

/// A zip container by the names of its first members (APPNOTE.TXT 4.3.7).
pub(crate) fn zip(head: &[u8]) -> FileKind {
    let mut kind = FileKind::Zip;
    for start in memmem::find_iter(head, LOCAL_HEADER).take(CONTAINER_MEMBERS) {
        let Some((name, content)) = member(&head[start..]) else { continue };
        match by_member(name, content) {
            Some(FileKind::Jar) => kind = FileKind::Jar,
            Some(found) => return found,
            None => {}
        }
    }
    kind
}

/// Name and first bytes of a member.
fn member(header: &[u8]) -> Option<(&[u8], &[u8])> {
    let length = |at: usize| Some(usize::from(u16::from_le_bytes([*header.get(at)?, *header.get(at + 1)?])));
    let (name_length, extra_length) = (length(26)?, length(28)?);
    let name = header.get(30..30 + name_length)?;
    Some((name, header.get(30 + name_length + extra_length..).unwrap_or_default()))
}

fn by_member(name: &[u8], content: &[u8]) -> Option<FileKind> {
    match name {
        b"OFD.xml" => Some(FileKind::Ofd),
        b"AndroidManifest.xml" => Some(FileKind::Apk),
        b"META-INF/MANIFEST.MF" => Some(FileKind::Jar),
        b"mimetype" if content.starts_with(b"application/vnd.oasis.opendocument") => Some(FileKind::Odf),
        _ if name.starts_with(b"word/") => Some(FileKind::Docx),
        _ if name.starts_with(b"xl/") => Some(FileKind::Xlsx),
        _ if name.starts_with(b"ppt/") => Some(FileKind::Pptx),
        _ => None,
    }
}

/// An OLE compound file by the names of its streams, which are UTF-16 (MS-CFB 2.6.1).
pub(crate) fn ole(head: &[u8]) -> FileKind {
    let names = [("WordDocument", FileKind::Doc), ("Workbook", FileKind::Xls), ("PowerPoint Document", FileKind::Ppt)];
    let has = |name: &str| {
        let wide: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        memmem::find(head, &wide).is_some()
    };
    names.into_iter().find(|(name, _)| has(name)).map_or(FileKind::Ole, |(_, kind)| kind)
}

/// An MZ file is a PE when the offset at 60 leads to `PE\0\0` (PE format, 2).
pub(crate) fn mz(head: &[u8]) -> FileKind {
    let offset = head.get(60..64).and_then(|bytes| <[u8; 4]>::try_from(bytes).ok()).map(u32::from_le_bytes);
    let place = offset.and_then(|offset| usize::try_from(offset).ok());
    match place.and_then(|place| head.get(place..)) {
        Some(rest) if rest.starts_with(b"PE\0\0") => FileKind::Pe,
        _ => FileKind::MzExecutable,
    }
}

/// `BM` alone is text; a bitmap has zero reserved fields at 6 (BITMAPFILEHEADER).
pub(crate) fn is_bitmap(head: &[u8]) -> bool {
    head.get(6..10).is_some_and(|reserved| reserved == [0; 4])
}

/// `cafebabe` starts Java classes and universal Mach-O files; a class has a major version of 45 or more at 6.
pub(crate) fn java_or_macho(head: &[u8]) -> FileKind {
    match head.get(4..8) {
        Some([0, 0, 0, count]) if *count < 45 => FileKind::MachO,
        _ => FileKind::JavaClass,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identify;

    fn archive(names: &[&str]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for name in names {
            bytes.extend_from_slice(LOCAL_HEADER);
            bytes.extend_from_slice(&[0; 22]);
            bytes.extend_from_slice(&u16::try_from(name.len()).expect("is short").to_le_bytes());
            bytes.extend_from_slice(&[0; 2]);
            bytes.extend_from_slice(name.as_bytes());
        }
        bytes
    }

    #[test]
    fn office_documents_show_by_their_members() {
        assert_eq!(identify(&archive(&["[Content_Types].xml", "word/document.xml"])), FileKind::Docx);
        assert_eq!(identify(&archive(&["[Content_Types].xml", "xl/workbook.xml"])), FileKind::Xlsx);
        assert_eq!(identify(&archive(&["OFD.xml"])), FileKind::Ofd);
        assert_eq!(identify(&archive(&["META-INF/MANIFEST.MF", "AndroidManifest.xml"])), FileKind::Apk);
        assert_eq!(identify(&archive(&["META-INF/MANIFEST.MF", "A.class"])), FileKind::Jar);
        assert_eq!(identify(&archive(&["a.txt"])), FileKind::Zip);
    }

    #[test]
    fn executables_show_behind_their_stub() {
        let mut stub = b"MZ".to_vec();
        stub.resize(60, 0);
        stub.extend_from_slice(&64_u32.to_le_bytes());
        assert_eq!(identify(&stub), FileKind::MzExecutable);
        stub.extend_from_slice(b"PE\0\0");
        assert_eq!(identify(&stub), FileKind::Pe);
    }
}
