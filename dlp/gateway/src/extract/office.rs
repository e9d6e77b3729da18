//! Office documents that are zip containers of XML: docx, pptx, odt, odp and OFD (GB/T 33190).

use std::collections::BTreeSet;

use fengsui_dlp_engine::{ContentHint, decode};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::archive::{Container, Member, open_container};
use super::{Job, Refusal, within};
use crate::limits::STRUCTURE_DEPTH;

pub(super) fn matches(bytes: &[u8], name: &str) -> bool {
    let named = [".docx", ".docm", ".pptx", ".pptm", ".odt", ".odp", ".ofd", ".dotx", ".wpsx"]
        .iter()
        .any(|extension| name.ends_with(extension));
    bytes.starts_with(b"PK\x03\x04") && (named || has_marker(bytes))
}

/// The names of the first members stand at the beginning of a container in plain text.
fn has_marker(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(4096)];
    [b"word/".as_slice(), b"ppt/", b"OFD.xml", b"Doc_0/", b"vnd.oasis.opendocument."]
        .iter()
        .any(|marker| head.windows(marker.len()).any(|window| window == *marker))
}

pub(super) fn read(job: &mut Job, bytes: &[u8], _name: &str, inside: &str) {
    let mut container = match open_container(bytes) {
        Ok(container) => container,
        Err(reason) => return job.unreadable(inside, reason),
    };
    let members = container.members(job, inside);
    let (mut parts, mut empty) = (0, true);
    for member in members.iter().filter(|member| is_text_part(&member.name)) {
        let read = part(job, &mut container, member, inside);
        if !is_about(&member.name) {
            parts += 1;
            empty &= read == Some(0);
        }
    }
    if parts == 0 {
        job.unreadable(inside, "办公文档中没有找到正文部件");
    } else if empty && members.iter().any(|member| is_picture(&member.name)) {
        job.unreadable(inside, Refusal::no_text("文档只有图像（可能是扫描件），不含文字"));
    }
    embedded(job, &mut container, &members, inside);
}

/// Documents inside of a document.
pub(super) fn embedded(job: &mut Job, container: &mut Container<'_>, members: &[Member], inside: &str) {
    for member in members.iter().filter(|member| is_document(&member.name)) {
        let place = within(inside, &member.name);
        match container.bytes(job, member) {
            Ok(bytes) => super::read(job, &bytes, &member.name, &place),
            Err(reason) => job.unreadable(&place, reason),
        }
    }
}

/// Folders of embedded documents, and the ends of names of those that may lie elsewhere.
fn is_document(name: &str) -> bool {
    const FOLDERS: [&str; 4] = ["embeddings/", "Attachs/", "Attachments/", "afchunk"];
    const ENDS: [&str; 22] = [
        "doc", "docx", "xls", "xlsx", "ppt", "pptx", "pdf", "ofd", "wps", "et", "dps", "rtf", "txt", "csv", "htm",
        "html", "mht", "mhtml", "eml", "msg", "zip", "7z",
    ];
    let folder = FOLDERS.iter().any(|folder| name.contains(folder));
    ends(name, &ENDS) || folder && !is_picture(name) && !is_xml(name)
}

fn ends(name: &str, known: &[&str]) -> bool {
    name.rsplit_once('.').is_some_and(|(_, end)| known.iter().any(|known| end.eq_ignore_ascii_case(known)))
}

fn is_xml(name: &str) -> bool {
    ends(name, &["xml", "rels", "vml"])
}

fn is_picture(name: &str) -> bool {
    ends(name, &["png", "jpg", "jpeg", "gif", "bmp", "tif", "tiff", "emf", "wmf", "jb2", "wdp"])
}

/// What tells of a document and is none of its pages.
fn is_about(name: &str) -> bool {
    name.starts_with("docProps/") || name == "meta.xml" || name == "OFD.xml" || ends(name, &["rels"])
}

/// Every part of XML, wherever it lies, but for those that say only how something looks.
fn is_text_part(name: &str) -> bool {
    const LOOKS: [&str; 22] = [
        "[Content_Types].xml",
        "word/styles",
        "word/settings.xml",
        "word/webSettings.xml",
        "word/fontTable.xml",
        "word/numbering.xml",
        "word/theme/",
        "ppt/theme/",
        "ppt/slideLayouts/",
        "ppt/slideMasters/",
        "ppt/notesMasters/",
        "ppt/handoutMasters/",
        "ppt/presentation.xml",
        "ppt/presProps.xml",
        "ppt/viewProps.xml",
        "ppt/tableStyles.xml",
        "META-INF/",
        "settings.xml",
        "Configurations2/",
        "customXml/itemProps",
        "manifest.rdf",
        "docProps/thumbnail",
    ];
    const FIXED_LOOKS: [&str; 5] = ["Res.xml", "/Signs/", "Signatures.xml", "Versions.xml", "/Res/"];
    is_xml(name)
        && !LOOKS.iter().any(|known| name.starts_with(known))
        && !FIXED_LOOKS.iter().any(|known| name.ends_with(known) || known.ends_with('/') && name.contains(known))
}

/// Reads a part and gives back how much text it has.
fn part(job: &mut Job, container: &mut Container<'_>, member: &Member, inside: &str) -> Option<usize> {
    let place = within(inside, &place(&member.name));
    let bytes = match container.bytes(job, member) {
        Ok(bytes) => bytes,
        Err(reason) => {
            job.unreadable(&place, reason);
            return None;
        }
    };
    let Some(xml) = decode(&bytes, &ContentHint::default()) else {
        job.unreadable(&place, "文档部件不是XML，可能已加密");
        return None;
    };
    let (text, whole) = text_of(&xml);
    if !whole {
        job.unreadable(&place, "文档部件的XML不完整，只读出一部分");
    }
    let length = text.trim().len();
    job.text(&place, text);
    Some(length)
}

/// A part as a reader of the report knows it.
fn place(name: &str) -> String {
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let file = name.rsplit('/').next().unwrap_or(name);
    match () {
        () if name == "word/document.xml" => "正文".to_owned(),
        () if name.starts_with("ppt/slides/") => format!("幻灯片{}", digits(file)),
        () if name.contains("/Pages/") => {
            let page = name.rsplit('/').nth(1).map(digits).and_then(|page| page.parse::<u32>().ok()).unwrap_or(0);
            format!("第{}页", page.saturating_add(1))
        }
        () => name.to_owned(),
    }
}

/// All character data; the end of a paragraph, row or text object is a line break. What attributes tell stands behind it.
/// Also whether the XML was read to its end.
fn text_of(xml: &str) -> (String, bool) {
    let mut reader = Reader::from_str(xml);
    reader.config_mut().check_end_names = false;
    let mut text = String::new();
    let mut asides = BTreeSet::new();
    let mut depth = 0_usize;
    let whole = loop {
        match reader.read_event() {
            Ok(Event::Text(data)) => text.push_str(&data.xml10_content()),
            Ok(Event::CData(data)) => text.push_str(&data.xml10_content()),
            Ok(Event::GeneralRef(reference)) => text.push(resolved(&reference)),
            Ok(Event::Start(tag)) => {
                depth += 1;
                aside(&tag, &mut asides);
            }
            Ok(Event::Empty(tag)) => {
                aside(&tag, &mut asides);
                if is_break(local(tag.name().as_ref())) {
                    text.push('\n');
                }
            }
            Ok(Event::End(tag)) => {
                depth = depth.saturating_sub(1);
                if is_break(local(tag.name().as_ref())) {
                    text.push('\n');
                }
            }
            Ok(Event::Eof) => break depth == 0,
            Ok(_) => {}
            Err(_) => break false,
        }
        if depth > STRUCTURE_DEPTH {
            break false;
        }
    };
    for aside in asides {
        text.push('\n');
        text.push_str(&aside);
    }
    (text, whole)
}

/// Attributes that carry what somebody wrote: authors, descriptions of pictures, addresses of links.
fn aside(tag: &BytesStart<'_>, asides: &mut BTreeSet<String>) {
    // Names of fonts are no data, and there is one for every run.
    const FONTS: [&str; 6] = ["rFonts", "latin", "ea", "cs", "font", "Font"];
    if FONTS.contains(&local(tag.name().as_ref())) {
        return;
    }
    for attribute in tag.attributes().with_checks(false).flatten() {
        let value = &attribute.value;
        if value.contains('@') || value.contains("tel:") || !value.is_ascii() {
            asides.insert(format!("{}={value}", local(attribute.key.as_ref())));
        }
    }
}

fn resolved(reference: &quick_xml::events::BytesRef<'_>) -> char {
    let named = || match reference.xml10_content().as_ref() {
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        _ => '&',
    };
    reference.resolve_char_ref().ok().flatten().unwrap_or_else(named)
}

fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}

fn is_break(name: &str) -> bool {
    matches!(
        name,
        "p" | "h" | "br" | "tr" | "tc" | "cr" | "TextObject" | "table-row" | "table-cell" | "line-break" | "tab"
    )
}

#[cfg(test)]
mod tests {
    use super::super::archive::samples::pack;
    use super::super::extract;
    use super::*;

    #[test]
    fn runs_of_one_paragraph_join() {
        let xml = "<w:p><w:r><w:t>电话138</w:t></w:r><w:r><w:t>00138000</w:t></w:r></w:p><w:p><w:t>A&amp;B</w:t></w:p>";
        assert_eq!(text_of(xml), ("电话13800138000\nA&B\n".to_owned(), true));
    }

    #[test]
    fn text_of_a_fixed_layout_page() {
        let xml = "<ofd:Page><ofd:TextObject><ofd:TextCode X=\"1\">姓名</ofd:TextCode></ofd:TextObject></ofd:Page>";
        assert_eq!(text_of(xml), ("姓名\n".to_owned(), true));
    }

    #[test]
    fn xml_that_breaks_off_is_read_and_told() {
        for xml in ["<w:p><w:t>电话138", "<w:p><w:t>电话138</w:t>", "<w:p>电话138</w:p><w:p a=>b</w", "<a>电话138<"]
        {
            let read = text_of(xml);
            assert!(read.0.contains("电话138") && !read.1, "{xml}: {read:?}");
        }
        let deep = format!("电话138{}{}", "<a>".repeat(200), "</a>".repeat(200));
        assert!(!text_of(&deep).1);
    }

    #[test]
    fn every_part_is_read_wherever_it_lies() {
        let body = "<w:document><w:p><w:t>正文</w:t></w:p></w:document>";
        let text = "<a:t>电话13800138000</a:t>";
        for (name, part) in [
            ("word/footnotes.xml", text),
            ("word/glossary/document.xml", text),
            ("word/diagrams/data1.xml", text),
            ("customXml/item1.xml", text),
            ("docProps/app.xml", text),
            ("word/charts/chart1.xml", text),
            ("word/afchunk.mht", "MIME-Version: 1.0\r\nContent-Type: text/html\r\n\r\n<p>13800138000</p>"),
            ("word/embeddings/a.txt", "电话13800138000"),
            ("word/_rels/document.xml.rels", "<Relationship Target=\"tel:13800138000\"/>"),
            ("word/comments.xml", "<w:comment w:author=\"王13800138000\"/>"),
        ] {
            let read = extract(&pack(&[("word/document.xml", body), (name, part)]), "a.docx");
            assert!(format!("{:?}", read.pieces).contains("13800138000"), "{name}: {read:?}");
            assert!(read.unreadable.is_empty(), "{name}: {read:?}");
        }
        for (name, file) in
            [("content.xml", "a.odt"), ("styles.xml", "a.odt"), ("Doc_0/Pages/Page_0/Content.xml", "a.ofd")]
        {
            let read = extract(&pack(&[(name, text)]), file);
            assert!(format!("{:?}", read.pieces).contains("13800138000"), "{name}: {read:?}");
        }
    }

    #[test]
    fn documents_without_text_are_told() {
        let empty = "<w:document/>";
        let scanned = extract(&pack(&[("word/document.xml", empty), ("word/media/image1.jpeg", "x")]), "a.docx");
        assert!(scanned.pieces.is_empty() && scanned.unreadable.len() == 1, "{scanned:?}");
        let blank = extract(&pack(&[("word/document.xml", empty)]), "a.docx");
        assert!(blank.pieces.is_empty() && blank.unreadable.is_empty(), "{blank:?}");
        let nothing = extract(&pack(&[("docProps/core.xml", "<a/>")]), "a.docx");
        assert_eq!(nothing.unreadable.len(), 1, "{nothing:?}");
    }
}
