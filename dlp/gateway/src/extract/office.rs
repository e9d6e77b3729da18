//! Office documents that are zip containers of XML: docx, pptx, odt, odp and OFD (GB/T 33190).

use quick_xml::Reader;
use quick_xml::events::Event;

use super::archive::{Container, open_container};
use super::{Job, within};
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
    [b"word/".as_slice(), b"ppt/", b"OFD.xml", b"Doc_0/"]
        .iter()
        .any(|marker| head.windows(marker.len()).any(|window| window == *marker))
}

pub(super) fn read(job: &mut Job, bytes: &[u8], _name: &str, inside: &str) {
    let mut container = match open_container(bytes) {
        Ok(container) => container,
        Err(reason) => return job.unreadable(inside, reason),
    };
    let names: Vec<String> = container.names();
    let mut texts = 0;
    for name in names.iter().filter(|name| is_text_part(name)) {
        texts += 1;
        part(job, &mut container, name, inside);
    }
    if texts == 0 {
        job.unreadable(inside, "办公文档中没有找到正文部件");
    }
    for name in names
        .iter()
        .filter(|name| name.contains("embeddings/") || name.contains("Attachs/") || name.contains("Attachments/"))
    {
        match container.member(job, name) {
            Ok(bytes) => super::read(job, &bytes, name, &within(inside, name)),
            Err(reason) => job.unreadable(&within(inside, name), reason),
        }
    }
}

fn is_text_part(name: &str) -> bool {
    let xml = name.ends_with(".xml");
    let word = name.starts_with("word/")
        && ["document", "header", "footer", "comments", "footnotes", "endnotes"]
            .iter()
            .any(|part| name["word/".len()..].starts_with(part));
    let slides = name.starts_with("ppt/slides/slide")
        || name.starts_with("ppt/notesSlides/notesSlide")
        || name.starts_with("ppt/comments/");
    let fixed =
        name.contains("/Pages/") || name.contains("/Annots/") || name.contains("/Tpls/") || name.ends_with("OFD.xml");
    xml && (word || slides || fixed || name == "content.xml" || name == "docProps/core.xml")
}

fn part(job: &mut Job, container: &mut Container<'_>, name: &str, inside: &str) {
    let place = within(inside, &place(name));
    match container.member(job, name).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()) {
        Ok(xml) => match text_of(&xml) {
            Some(text) => job.text(&place, text),
            None => job.unreadable(&place, "文档部件的XML不完整"),
        },
        Err(reason) => job.unreadable(&place, reason),
    }
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

/// All character data; the end of a paragraph, row or text object is a line break. `None` when the XML breaks off.
fn text_of(xml: &str) -> Option<String> {
    let mut reader = Reader::from_str(xml);
    reader.config_mut().check_end_names = false;
    let mut text = String::new();
    let mut depth = 0_usize;
    loop {
        match reader.read_event() {
            Ok(Event::Text(data)) => text.push_str(&data.xml10_content()),
            Ok(Event::CData(data)) => text.push_str(&data.xml10_content()),
            Ok(Event::GeneralRef(reference)) => text.push(resolved(&reference)),
            Ok(Event::Start(_)) => depth += 1,
            Ok(Event::Empty(tag)) if is_break(local(tag.name().as_ref())) => text.push('\n'),
            Ok(Event::End(tag)) => {
                depth = depth.saturating_sub(1);
                if is_break(local(tag.name().as_ref())) {
                    text.push('\n');
                }
            }
            Ok(Event::Eof) => return Some(text),
            Ok(_) => {}
            Err(_) => return (!text.is_empty()).then_some(text),
        }
        if depth > STRUCTURE_DEPTH {
            return (!text.is_empty()).then_some(text);
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
    use super::*;

    #[test]
    fn runs_of_one_paragraph_join() {
        let xml = "<w:p><w:r><w:t>电话138</w:t></w:r><w:r><w:t>00138000</w:t></w:r></w:p><w:p><w:t>A&amp;B</w:t></w:p>";
        assert_eq!(text_of(xml).as_deref(), Some("电话13800138000\nA&B\n"));
    }

    #[test]
    fn text_of_a_fixed_layout_page() {
        let xml = "<ofd:Page><ofd:TextObject><ofd:TextCode X=\"1\">姓名</ofd:TextCode></ofd:TextObject></ofd:Page>";
        assert_eq!(text_of(xml).as_deref(), Some("姓名\n"));
    }
}
