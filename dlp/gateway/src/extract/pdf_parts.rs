//! What a PDF holds besides the text of its pages: remarks, filled fields, files, properties, and forms in XML.

use std::collections::{BTreeMap, BTreeSet};

use fengsui_dlp_engine::{ContentHint, decode};
use lopdf::{Dictionary, Document, Object, ObjectId};

use super::{Job, markup, pdf, within};
use crate::limits::PDF_STREAM_BYTES;

/// Reads what belongs to no page.
pub(super) fn read(job: &mut Job, document: &Document, inside: &str) {
    job.text(&within(inside, "文档属性"), properties(document));
    job.text(&within(inside, "表单"), fields(document));
    for id in xml_forms(document) {
        match content(document, id) {
            Some(bytes) => {
                let xml = decode(&bytes, &ContentHint::default()).unwrap_or_default();
                job.text(&within(inside, "XML表单"), markup::text_of(&xml));
            }
            None => job.unreadable(&within(inside, "XML表单"), "内容损坏或过大"),
        }
    }
    for (id, name) in files(document) {
        let place = within(inside, &format!("附件{name}"));
        match content(document, id) {
            Some(bytes) => super::read(job, &bytes, &name, &place),
            None => job.unreadable(&place, "附件损坏或过大"),
        }
    }
}

/// What the remarks of a page say; their appearances are handed on.
pub(super) fn annotations(document: &Document, page: ObjectId, mut appearance: impl FnMut(ObjectId)) -> String {
    let mut text = String::new();
    for annotation in document.get_page_annotations(page).unwrap_or_default() {
        for key in [b"Contents".as_slice(), b"RC", b"T", b"Subj"] {
            push(&mut text, string(document, annotation, key));
        }
        if let Ok(action) = document.get_dict_in_dict(annotation, b"A") {
            push(&mut text, string(document, action, b"URI"));
        }
        if let Ok(looks) = document.get_dict_in_dict(annotation, b"AP")
            && let Ok(normal) = looks.get(b"N")
        {
            // One appearance, or one for each state.
            let states = document.dereference(normal).ok().and_then(|(_, states)| states.as_dict().ok());
            let states = states.into_iter().flat_map(|states| states.iter().map(|(_, state)| state));
            std::iter::once(normal).chain(states).filter_map(|look| look.as_reference().ok()).for_each(|id| {
                if document.get_object(id).is_ok_and(|look| look.as_stream().is_ok()) {
                    appearance(id);
                }
            });
        }
    }
    text
}

fn push(text: &mut String, value: Option<String>) {
    if let Some(value) = value {
        text.push_str(&value);
        text.push('\n');
    }
}

/// A text string (ISO 32000-1 section 7.9.2.2).
fn string(document: &Document, dictionary: &Dictionary, key: &[u8]) -> Option<String> {
    let bytes = dictionary.get_deref(key, document).and_then(Object::as_str).ok()?;
    decode(bytes, &ContentHint::default()).map(std::borrow::Cow::into_owned)
}

fn properties(document: &Document) -> String {
    let mut text = String::new();
    let about = document.trailer.get_deref(b"Info", document).and_then(Object::as_dict).ok();
    for key in [b"Title".as_slice(), b"Author", b"Subject", b"Keywords"] {
        push(&mut text, about.and_then(|about| string(document, about, key)));
    }
    text
}

fn dictionaries(document: &Document) -> impl Iterator<Item = &Dictionary> {
    document.objects.values().filter_map(|object| object.as_dict().ok())
}

/// Names and values of filled fields.
fn fields(document: &Document) -> String {
    let mut text = String::new();
    for field in dictionaries(document).filter(|known| known.has(b"V") && (known.has(b"FT") || known.has(b"T"))) {
        let name = string(document, field, b"TU").or_else(|| string(document, field, b"T")).unwrap_or_default();
        push(&mut text, string(document, field, b"V").map(|value| format!("{name}：{value}")));
    }
    text
}

/// The streams of a form in XML (XFA), whole or in packets.
fn xml_forms(document: &Document) -> Vec<ObjectId> {
    let form = document.catalog().and_then(|catalog| document.get_dict_in_dict(catalog, b"AcroForm"));
    let Ok(packets) = form.and_then(|form| form.get(b"XFA")) else { return Vec::new() };
    match document.dereference(packets) {
        Ok((_, Object::Array(packets))) => packets.iter().filter_map(|packet| packet.as_reference().ok()).collect(),
        Ok((id, Object::Stream(_))) => id.into_iter().collect(),
        _ => Vec::new(),
    }
}

/// Embedded files and their names.
fn files(document: &Document) -> BTreeMap<ObjectId, String> {
    let mut files = BTreeMap::new();
    let embedded = |object: &Object| object.as_stream().is_ok_and(|stream| stream.dict.has_type(b"EmbeddedFile"));
    let unnamed: BTreeSet<ObjectId> =
        document.objects.iter().filter(|(_, object)| embedded(object)).map(|(id, _)| *id).collect();
    files.extend(unnamed.into_iter().map(|id| (id, String::new())));
    for specification in dictionaries(document) {
        let Ok(streams) = document.get_dict_in_dict(specification, b"EF") else { continue };
        let name = string(document, specification, b"UF").or_else(|| string(document, specification, b"F"));
        let ids = streams.iter().filter_map(|(_, stream)| stream.as_reference().ok());
        files.extend(ids.map(|id| (id, name.clone().unwrap_or_default())));
    }
    files
}

fn content(document: &Document, id: ObjectId) -> Option<Vec<u8>> {
    let stream = document.get_object(id).and_then(Object::as_stream).ok()?;
    pdf::plain(stream, PDF_STREAM_BYTES)
}
