//! PDF: lopdf reads the objects, the text layer is read here, page by page.

use std::collections::BTreeMap;

use lopdf::content::{Content, Operation};
use lopdf::{Document, Object, ObjectId};

use super::pdf_font::Font;
use super::{Job, Refusal, within};
use crate::limits::{PDF_PAGES, PDF_STREAM_BYTES};

/// By its bytes alone: whoever names another document so would hide what is in it.
pub(super) fn matches(bytes: &[u8], _name: &str) -> bool {
    let head = &bytes[..bytes.len().min(1024)];
    head.windows(5).any(|window| window == b"%PDF-")
}

pub(super) fn read(job: &mut Job, bytes: &[u8], _name: &str, inside: &str) {
    let Ok(document) = Document::load_mem(bytes) else { return job.unreadable(inside, "PDF结构损坏") };
    if document.is_encrypted() {
        return job.unreadable(inside, "PDF已加密，请解除口令后检查");
    }
    let pages = document.get_pages();
    if pages.is_empty() {
        return job.unreadable(inside, "PDF没有可读的页");
    }
    for (number, page) in pages.into_iter().take(PDF_PAGES) {
        if job.late() {
            return job.unreadable(inside, Refusal::limit("超过单个文件的处理时限"));
        }
        read_page(job, &document, page, &within(inside, &format!("第{number}页")));
    }
}

fn read_page(job: &mut Job, document: &Document, page: ObjectId, place: &str) {
    let content = document
        .get_page_content_with_limit(page, PDF_STREAM_BYTES)
        .ok()
        .and_then(|bytes| Content::decode(&bytes).ok());
    let Some(content) = content else { return job.unreadable(place, "页面内容无法解析") };
    let fonts = document.get_page_fonts(page).unwrap_or_default();
    let fonts = fonts.into_iter().map(|(name, font)| (name, Font::new(document, font))).collect();
    let mut layer = TextLayer { fonts, current: None, text: String::new(), undecoded: false };
    content.operations.iter().for_each(|operation| layer.apply(operation));
    if layer.undecoded {
        job.unreadable(place, "页面有字体没有编码信息，部分文字无法识别");
    }
    if layer.text.trim().is_empty() && !layer.undecoded && has_images(document, page) {
        job.unreadable(place, Refusal::no_text("页面只有图像（可能是扫描件），不含文字层"));
    }
    job.text(place, layer.text);
}

fn has_images(document: &Document, page: ObjectId) -> bool {
    document.get_page_images(page).is_ok_and(|images| !images.is_empty())
}

struct TextLayer {
    fonts: BTreeMap<Vec<u8>, Font>,
    current: Option<Vec<u8>>,
    text: String,
    undecoded: bool,
}

impl TextLayer {
    /// The operators of ISO 32000-1 section 9.4 that choose a font, show text or move to another line.
    fn apply(&mut self, operation: &Operation) {
        match (operation.operator.as_str(), operation.operands.as_slice()) {
            ("Tf", [Object::Name(name), ..]) => self.current = Some(name.clone()),
            ("Tj", [Object::String(bytes, _)]) => self.show(bytes),
            ("'", [Object::String(bytes, _)]) | ("\"", [_, _, Object::String(bytes, _)]) => {
                self.new_line();
                self.show(bytes);
            }
            ("TJ", [Object::Array(items)]) => items.iter().for_each(|item| self.show_item(item)),
            ("Td" | "TD", [_, down]) if number(down).is_some_and(|down| down.abs() > 0.5) => self.new_line(),
            ("T*" | "ET" | "Tm", _) => self.new_line(),
            _ => {}
        }
    }

    fn show_item(&mut self, item: &Object) {
        match item {
            Object::String(bytes, _) => self.show(bytes),
            // A gap of more than a quarter of the font size parts words.
            other if number(other).is_some_and(|gap| gap < -250.0) => self.text.push(' '),
            _ => {}
        }
    }

    fn show(&mut self, bytes: &[u8]) {
        let font = self.current.as_ref().and_then(|name| self.fonts.get(name));
        match font.map_or_else(|| Some(Font::latin(bytes)), |font| font.decode(bytes)) {
            Some(text) => self.text.push_str(&text),
            None => self.undecoded = true,
        }
    }

    fn new_line(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with('\n') {
            self.text.push('\n');
        }
    }
}

fn number(object: &Object) -> Option<f64> {
    match object {
        Object::Integer(value) => Some(*value as f64),
        Object::Real(value) => Some(f64::from(*value)),
        _ => None,
    }
}

#[cfg(test)]
pub(super) fn sample() -> Vec<u8> {
    tests::document("GBK-EUC-H", encoding_rs::GB18030.encode("电话13800138000").0.into_owned())
}

#[cfg(test)]
mod tests {
    use super::super::extract;
    use lopdf::content::{Content, Operation};
    use lopdf::{Document, Object, Stream, StringFormat, dictionary};

    /// A page with one line of text in a font of an encoding, not embedded.
    pub(super) fn document(encoding: &str, text: Vec<u8>) -> Vec<u8> {
        let mut document = Document::with_version("1.5");
        let pages = document.new_object_id();
        let font = document.add_object(dictionary! { "Type" => "Font", "Subtype" => "Type0", "BaseFont" => "STSong-Light", "Encoding" => encoding });
        let resources = document.add_object(dictionary! { "Font" => dictionary! { "F1" => font } });
        let operations = vec![
            Operation::new("BT", vec![]),
            Operation::new("Tf", vec!["F1".into(), 12.into()]),
            Operation::new("Tj", vec![Object::String(text, StringFormat::Hexadecimal)]),
            Operation::new("ET", vec![]),
        ];
        let content = Content { operations }.encode().expect("encodes");
        let content = document.add_object(Stream::new(dictionary! {}, content));
        let page = document.add_object(dictionary! { "Type" => "Page", "Parent" => pages, "Contents" => content, "Resources" => resources, "MediaBox" => vec![0.into(), 0.into(), 595.into(), 842.into()] });
        document.objects.insert(
            pages,
            Object::Dictionary(dictionary! { "Type" => "Pages", "Kids" => vec![page.into()], "Count" => 1 }),
        );
        let catalog = document.add_object(dictionary! { "Type" => "Catalog", "Pages" => pages });
        document.trailer.set("Root", catalog);
        let mut bytes = Vec::new();
        document.save_to(&mut bytes).expect("saves");
        bytes
    }

    #[test]
    fn predefined_chinese_encodings_are_read() {
        let text = "身份证号11010519491231002X";
        let gbk = encoding_rs::GB18030.encode(text).0.into_owned();
        let unicode: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        for (encoding, bytes) in [("GBK-EUC-H", gbk), ("UniGB-UCS2-H", unicode)] {
            let extracted = format!("{:?}", extract(&document(encoding, bytes), "a.pdf"));
            assert!(extracted.contains(text), "{encoding}: {extracted}");
        }
    }

    #[test]
    fn glyph_numbers_without_a_map_are_reported() {
        let extracted = extract(&document("Identity-H", vec![0x12, 0x34, 0x56, 0x78]), "a.pdf");
        assert_eq!(extracted.unreadable.len(), 1);
    }
}
