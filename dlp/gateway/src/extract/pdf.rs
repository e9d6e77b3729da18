//! PDF: lopdf reads the objects, the text layer is read here, page by page.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use lopdf::content::{Content, Operation};
use lopdf::{Dictionary, Document, Object, ObjectId, Stream};

use super::pdf_font::Font;
use super::{Job, Refusal, pdf_parts, within};
use crate::limits::{PDF_FORMS, PDF_PAGES, PDF_STREAM_BYTES};

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
    if document.xref_recovery.is_some() || pages.len() < declared_pages(&document) {
        job.unreadable(inside, "PDF结构有损坏，可能有内容没有读到");
    } else if pages.is_empty() {
        job.unreadable(inside, "PDF没有可读的页");
    }
    if pages.len() > PDF_PAGES {
        job.unreadable(inside, Refusal::limit(format!("PDF超过{PDF_PAGES}页，其余未检查")));
    }
    let mut fonts = Fonts::default();
    for (number, page) in pages.into_iter().take(PDF_PAGES) {
        if job.late() {
            return job.unreadable(inside, Refusal::limit("超过单个文件的处理时限"));
        }
        read_page(job, &document, &mut fonts, page, &within(inside, &format!("第{number}页")));
    }
    pdf_parts::read(job, &document, inside);
}

/// How many pages the root of the tree of pages says there are.
fn declared_pages(document: &Document) -> usize {
    let root = document.catalog().and_then(|catalog| catalog.get_deref(b"Pages", document)).and_then(Object::as_dict);
    let count = root.and_then(|root| root.get_deref(b"Count", document)).and_then(Object::as_i64);
    count.ok().and_then(|count| usize::try_from(count).ok()).unwrap_or(0)
}

fn read_page(job: &mut Job, document: &Document, fonts: &mut Fonts, page: ObjectId, place: &str) {
    let mut layer =
        TextLayer { document, fonts, seen: HashSet::new(), text: String::new(), codes: 0, lost: 0, damaged: false };
    let resources = resources_of(document, page);
    let content = page_content(document, page);
    let whole = content.as_ref().is_some_and(|content| layer.operations(content, &resources, 0));
    let annotations = pdf_parts::annotations(document, page, |form| layer.form(form, &resources, 1));
    if !whole || layer.damaged {
        job.unreadable(place, "页面内容损坏或过大，部分内容没有读到");
    }
    let undecoded = layer.is_undecoded();
    if undecoded {
        job.unreadable(place, "页面有字体没有编码信息，部分文字无法识别");
    }
    let text = layer.text;
    if text.trim().is_empty() && !undecoded && has_images(document, page) {
        job.unreadable(place, Refusal::no_text("页面只有图像（可能是扫描件），不含文字层"));
    }
    job.text(place, text);
    job.text(&within(place, "批注"), annotations);
}

/// The content of a page, whose streams follow each other; `None` when one of them can't be had.
fn page_content(document: &Document, page: ObjectId) -> Option<Vec<u8>> {
    let mut content = Vec::new();
    for id in document.get_page_contents(page) {
        let stream = document.get_object(id).and_then(Object::as_stream).ok()?;
        content.extend(plain(stream, PDF_STREAM_BYTES.saturating_sub(content.len()))?);
        content.push(b'\n');
    }
    Some(content)
}

/// What a stream holds; `None` when that can't be had or is longer than so many bytes. The library gives nothing for what it
/// can't unpack, and so few bytes are packed nothing.
pub(super) fn plain(stream: &Stream, most: usize) -> Option<Vec<u8>> {
    const NOTHING: usize = 11;
    let bytes = stream.get_plain_content_with_limit(most).ok()?;
    (!bytes.is_empty() || stream.content.len() <= NOTHING).then_some(bytes)
}

/// The dictionaries that name what a page uses, its own before those of its ancestors.
fn resources_of(document: &Document, page: ObjectId) -> Vec<&Dictionary> {
    let Ok((own, others)) = document.get_page_resources(page) else { return Vec::new() };
    own.into_iter().chain(others.into_iter().filter_map(|id| document.get_dictionary(id).ok())).collect()
}

fn has_images(document: &Document, page: ObjectId) -> bool {
    document.get_page_images(page).is_ok_and(|images| !images.is_empty())
}

/// What resources of a kind name so, and its number.
fn named<'d>(
    document: &'d Document,
    resources: &[&'d Dictionary],
    kind: &[u8],
    name: &[u8],
) -> Option<(Option<ObjectId>, &'d Object)> {
    let object = resources.iter().find_map(|known| document.get_dict_in_dict(known, kind).ok()?.get(name).ok())?;
    document.dereference(object).ok()
}

/// Fonts that were read before, because pages share them.
#[derive(Default)]
struct Fonts(HashMap<ObjectId, Rc<Font>>);

impl Fonts {
    fn get(&mut self, document: &Document, id: Option<ObjectId>, font: &Dictionary) -> Rc<Font> {
        let read = || Rc::new(Font::new(document, font));
        id.map_or_else(read, |id| Rc::clone(self.0.entry(id).or_insert_with(read)))
    }
}

/// Codes of a page that nobody says the meaning of, from which on it is told.
const LOST: usize = 3;

struct TextLayer<'d, 'f> {
    document: &'d Document,
    fonts: &'f mut Fonts,
    /// Forms that were read on this page: one that is drawn again says nothing new.
    seen: HashSet<ObjectId>,
    text: String,
    /// Codes shown, and those of them without a meaning.
    codes: usize,
    lost: usize,
    damaged: bool,
}

impl<'d> TextLayer<'d, '_> {
    fn is_undecoded(&self) -> bool {
        self.lost >= LOST || self.lost > 0 && self.lost * 2 > self.codes
    }

    /// Reads what operators show; whether they could be read.
    fn operations(&mut self, content: &[u8], resources: &[&'d Dictionary], depth: usize) -> bool {
        let Ok(content) = Content::decode(content) else { return false };
        let mut font = None;
        for operation in &content.operations {
            self.apply(operation, resources, &mut font, depth);
        }
        true
    }

    /// The operators of ISO 32000-1 sections 8.10 and 9.4 that draw a form, choose a font, show text or move to another line.
    fn apply(
        &mut self,
        operation: &Operation,
        resources: &[&'d Dictionary],
        font: &mut Option<Rc<Font>>,
        depth: usize,
    ) {
        match (operation.operator.as_str(), operation.operands.as_slice()) {
            ("Tf", [Object::Name(name), ..]) => {
                let found = named(self.document, resources, b"Font", name);
                let found = found.and_then(|(id, object)| Some((id, object.as_dict().ok()?)));
                *font = found.map(|(id, object)| self.fonts.get(self.document, id, object));
            }
            ("Do", [Object::Name(name), ..]) => {
                let found = named(self.document, resources, b"XObject", name);
                match found.map(|(id, object)| (id, object.as_stream())) {
                    Some((Some(id), Ok(_))) => self.form(id, resources, depth + 1),
                    _ => self.damaged = true,
                }
            }
            ("Tj", [Object::String(bytes, _)]) => self.show(bytes, font.as_deref()),
            ("'", [Object::String(bytes, _)]) | ("\"", [_, _, Object::String(bytes, _)]) => {
                self.new_line();
                self.show(bytes, font.as_deref());
            }
            ("TJ", [Object::Array(items)]) => items.iter().for_each(|item| self.show_item(item, font.as_deref())),
            ("Td" | "TD", [_, down]) if number(down).is_some_and(|down| down.abs() > 0.5) => self.new_line(),
            ("T*" | "ET" | "Tm", _) => self.new_line(),
            _ => {}
        }
    }

    /// Content that is drawn as a whole and brings its resources, or uses those around it.
    fn form(&mut self, id: ObjectId, around: &[&'d Dictionary], depth: usize) {
        let Ok(stream) = self.document.get_object(id).and_then(Object::as_stream) else { return self.damaged = true };
        if !is_form(self.document, stream) || !self.seen.insert(id) {
            return;
        }
        let own = self.document.get_dict_in_dict(&stream.dict, b"Resources").ok();
        let resources: Vec<&Dictionary> = own.into_iter().chain(around.iter().copied()).take(PDF_FORMS).collect();
        let content = plain(stream, PDF_STREAM_BYTES).filter(|_| depth <= PDF_FORMS);
        self.new_line();
        self.damaged |= !content.is_some_and(|content| self.operations(&content, &resources, depth));
    }

    fn show_item(&mut self, item: &Object, font: Option<&Font>) {
        match item {
            Object::String(bytes, _) => self.show(bytes, font),
            // A gap of more than a quarter of the font size parts words.
            other if number(other).is_some_and(|gap| gap < -250.0) => self.text.push(' '),
            _ => {}
        }
    }

    fn show(&mut self, bytes: &[u8], font: Option<&Font>) {
        let shown = font.unwrap_or(&Font::Latin).decode(bytes);
        self.text.push_str(&shown.text);
        self.codes += shown.codes;
        self.lost += shown.lost;
    }

    fn new_line(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with('\n') {
            self.text.push('\n');
        }
    }
}

fn is_form(document: &Document, stream: &Stream) -> bool {
    // An appearance may leave out what it is.
    stream.dict.get_deref(b"Subtype", document).and_then(Object::as_name).map_or(true, |subtype| subtype == b"Form")
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
        let font = dictionary! { "Type" => "Font", "Subtype" => "Type0", "BaseFont" => "STSong-Light", "Encoding" => encoding };
        with_font(font, text)
    }

    fn with_font(font: lopdf::Dictionary, text: Vec<u8>) -> Vec<u8> {
        let mut document = Document::with_version("1.5");
        let pages = document.new_object_id();
        let font = document.add_object(font);
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
        let all = [
            ("GBK-EUC-H", gbk.clone()),
            ("GBK-EUC-V", gbk.clone()),
            ("GBKp-EUC-H", gbk.clone()),
            ("GBK2K-H", gbk),
            ("UniGB-UCS2-H", unicode.clone()),
            ("UniGB-UTF16-H", unicode),
            ("UniGB-UTF8-H", text.as_bytes().to_vec()),
        ];
        for (encoding, bytes) in all {
            let extracted = format!("{:?}", extract(&document(encoding, bytes), "a.pdf"));
            assert!(extracted.contains(text), "{encoding}: {extracted}");
        }
    }

    #[test]
    fn characters_of_the_collection_of_gb_are_read() {
        let name = dictionary! { "Registry" => Object::string_literal("Adobe"), "Ordering" => Object::string_literal("GB1"), "Supplement" => 2 };
        let inner = dictionary! { "Type" => "Font", "Subtype" => "CIDFontType0", "CIDSystemInfo" => name };
        let font = dictionary! { "Type" => "Font", "Subtype" => "Type0", "Encoding" => "Identity-H", "DescendantFonts" => vec![inner.into()] };
        // 一七丌：138 by their numbers.
        let codes: Vec<u8> =
            [4162_u16, 3070, 4696, 287, 18, 832, 25].iter().flat_map(|cid| cid.to_be_bytes()).collect();
        let read = extract(&with_font(font.clone(), codes), "a.pdf");
        assert!(format!("{:?}", read.pieces).contains("一七丌：128") && read.unreadable.is_empty(), "{read:?}");
        let lost = extract(&with_font(font, [0x40, 0x01].repeat(4)), "a.pdf");
        assert_eq!(lost.unreadable.len(), 1, "{lost:?}");
    }

    #[test]
    fn differences_of_a_simple_font_are_read() {
        let names: Vec<Object> =
            vec![1.into(), "one".into(), "three".into(), "uni7535".into(), "eight".into(), "g77".into()];
        let encoding = dictionary! { "Type" => "Encoding", "Differences" => names };
        let font = dictionary! { "Type" => "Font", "Subtype" => "Type1", "Encoding" => encoding };
        let read = extract(&with_font(font.clone(), vec![1, 2, 4, 3]), "a.pdf");
        assert!(format!("{:?}", read.pieces).contains("138电") && read.unreadable.is_empty(), "{read:?}");
        let lost = extract(&with_font(font, vec![1, 5, 5, 5, 2]), "a.pdf");
        assert_eq!(lost.unreadable.len(), 1, "{lost:?}");
    }

    /// A document of one page, changed before it is saved.
    fn changed(change: impl FnOnce(&mut Document, lopdf::ObjectId)) -> Vec<u8> {
        let mut document = Document::load_mem(&document("GBK-EUC-H", b"page".to_vec())).expect("is sound");
        let page = document.get_pages()[&1];
        change(&mut document, page);
        let mut bytes = Vec::new();
        document.save_to(&mut bytes).expect("saves");
        bytes
    }

    fn page(document: &mut Document, id: lopdf::ObjectId) -> &mut lopdf::Dictionary {
        document.get_dictionary_mut(id).expect("is a page")
    }

    #[test]
    fn forms_remarks_fields_files_and_properties_are_read() {
        let shown = || b"BT (13800138000) Tj ET".to_vec();
        let text = || Object::string_literal("13800138000");
        let in_form = changed(|document, id| {
            let form = document.add_object(Stream::new(dictionary! { "Subtype" => "Form" }, shown()));
            let inner = dictionary! { "XObject" => dictionary! { "X" => form } };
            let outer = Stream::new(dictionary! { "Subtype" => "Form", "Resources" => inner }, b"/X Do /X Do".to_vec());
            let outer = document.add_object(outer);
            let content = document.add_object(Stream::new(dictionary! {}, b"/Y Do".to_vec()));
            let page = page(document, id);
            page.set("Resources", dictionary! { "XObject" => dictionary! { "Y" => outer } });
            page.set("Contents", content);
        });
        let in_remark = changed(|document, id| {
            let note = dictionary! { "Type" => "Annot", "Subtype" => "Text", "Contents" => text() };
            page(document, id).set("Annots", vec![note.into()]);
        });
        let in_appearance = changed(|document, id| {
            let look = document.add_object(Stream::new(dictionary! {}, shown()));
            let note = dictionary! { "Type" => "Annot", "AP" => dictionary! { "N" => look } };
            page(document, id).set("Annots", vec![note.into()]);
        });
        let in_field = changed(|document, _| {
            document.add_object(dictionary! { "FT" => "Tx", "T" => Object::string_literal("phone"), "V" => text() });
        });
        let in_file = changed(|document, _| {
            let file = document.add_object(Stream::new(dictionary! {}, b"phone\n13800138000\n".to_vec()));
            document.add_object(dictionary! { "Type" => "Filespec", "F" => Object::string_literal("a.csv"), "EF" => dictionary! { "F" => file } });
        });
        let in_properties = changed(|document, _| {
            let about = document.add_object(dictionary! { "Title" => text() });
            document.trailer.set("Info", about);
        });
        for (what, bytes) in [
            ("form", in_form),
            ("remark", in_remark),
            ("appearance", in_appearance),
            ("field", in_field),
            ("file", in_file),
            ("properties", in_properties),
        ] {
            let read = extract(&bytes, "a.pdf");
            assert_eq!(format!("{:?}", read.pieces).matches("13800138000").count(), 1, "{what}: {read:?}");
            assert!(read.unreadable.is_empty(), "{what}: {read:?}");
        }
    }

    #[test]
    fn what_is_missing_is_told() {
        let no_content = changed(|document, id| page(document, id).set("Contents", Object::Reference((999, 0))));
        let broken = changed(|document, id| {
            let stream = Stream::new(dictionary! { "Filter" => "FlateDecode" }, b"no such thing".to_vec());
            let content = document.add_object(stream);
            page(document, id).set("Contents", content);
        });
        let no_form = changed(|document, id| {
            let content = document.add_object(Stream::new(dictionary! {}, b"/X Do".to_vec()));
            page(document, id).set("Contents", content);
        });
        let fewer = changed(|document, id| {
            let pages = page(document, id).get(b"Parent").and_then(Object::as_reference).expect("has a parent");
            page(document, pages).set("Count", 2);
        });
        for (what, bytes) in [("content", no_content), ("stream", broken), ("form", no_form), ("pages", fewer)] {
            let read = extract(&bytes, "a.pdf");
            assert_eq!(read.unreadable.len(), 1, "{what}: {read:?}");
        }
    }

    #[test]
    fn glyph_numbers_without_a_map_are_reported() {
        let extracted = extract(&document("Identity-H", vec![0x12, 0x34, 0x56, 0x78]), "a.pdf");
        assert_eq!(extracted.unreadable.len(), 1);
    }
}
