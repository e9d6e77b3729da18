//! Sensitive data in content that comes as it is: files and bodies on the wire.

use std::time::Duration;

use fengsui_dlp_engine::{ContentHint, ContentReport, Engine, UnreadParts, add_sample};

use crate::extract::{Budget, Cause, Piece, Unreadable, extract_within, is_packed};
use crate::limits::{WIRE_SECONDS, WIRE_UNPACKED_BYTES};

/// Characters of the place of an unread part that are told.
const PLACE_CHARACTERS: usize = 200;

/// Finds sensitive data in content. Text is read as it is; a document whose text does not stand in it as it is, by what it
/// begins with and whatever it is called, is taken apart first.
#[must_use]
pub fn classify(engine: &Engine, bytes: &[u8], hint: &ContentHint) -> ContentReport {
    if !is_packed(bytes) {
        return ContentReport { classification: engine.classify(bytes, hint), unread: None };
    }
    let mut samples = Vec::new();
    let budget = Budget { unpacked_bytes: WIRE_UNPACKED_BYTES, time: Duration::from_secs(WIRE_SECONDS) };
    let unreadable = extract_within(bytes, hint.name.as_deref().unwrap_or_default(), budget, &mut |piece| {
        let (text, header) = match &piece {
            Piece::Text { text, .. } => (text, None),
            Piece::Cell { header, value, .. } => (value, Some(header.as_str())),
        };
        engine.each_match(text, header, |found| {
            add_sample(&mut samples, &found, text.get(found.start..found.end).unwrap_or_default());
        });
    });
    ContentReport { classification: engine.grade_samples(samples), unread: unread(&unreadable) }
}

/// The parts that may hold something; one that a limit ended is told rather than another.
fn unread(parts: &[Unreadable]) -> Option<UnreadParts> {
    let mut closed = parts.iter().filter(|part| part.cause != Cause::NoText);
    let limited = parts.iter().find(|part| part.cause == Cause::Limit);
    let told = limited.or_else(|| closed.clone().next())?;
    Some(UnreadParts {
        count: closed.by_ref().count() as u64,
        inside: told.inside.chars().take(PLACE_CHARACTERS).collect(),
        reason: told.reason.clone(),
        limited: limited.is_some(),
    })
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write};

    use fengsui_dlp_engine::{EngineSettings, Rules};

    use super::*;

    const TEXT: &str = "姓名：马文忠，联系电话13800138000";

    fn engine() -> Engine {
        Engine::new(EngineSettings::default(), &Rules::default()).expect("compiles")
    }

    fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in members {
            writer.start_file(*name, zip::write::SimpleFileOptions::default()).expect("begins a member");
            writer.write_all(content).expect("writes");
        }
        writer.finish().expect("ends").into_inner()
    }

    fn named(name: &str) -> ContentHint {
        ContentHint { name: Some(name.to_owned()), ..ContentHint::default() }
    }

    #[test]
    fn text_is_read_as_the_engine_reads_it() {
        let engine = engine();
        let report = classify(&engine, TEXT.as_bytes(), &named("a.json"));
        assert_eq!(report.classification, engine.classify(TEXT.as_bytes(), &named("a.json")));
        assert!(report.classification.is_some() && report.unread.is_none());
    }

    #[test]
    fn a_document_is_taken_apart_whatever_it_is_called() {
        let document = zip(&[("word/document.xml", format!("<w:p><w:t>{TEXT}</w:t></w:p>").as_bytes())]);
        for name in ["a.docx", "a.pdf", "a.txt", ""] {
            let report = classify(&engine(), &document, &named(name));
            let found = report.classification.expect(name);
            assert!(found.samples.iter().any(|sample| sample.data_type == "cn_mobile"), "{name}: {found:?}");
            assert_eq!(report.unread, None, "{name}");
        }
    }

    #[test]
    fn what_is_not_read_is_told_and_pictures_are_not() {
        let bomb = zip(&[("zeros", &vec![0; (WIRE_UNPACKED_BYTES + 1) as usize]), ("a.txt", TEXT.as_bytes())]);
        let report = classify(&engine(), &bomb, &named("a.zip"));
        let unread = report.unread.expect("the bomb is told");
        assert!(unread.limited && unread.inside == "zeros", "{unread:?}");
        assert!(report.classification.is_some(), "what stands beside the bomb is found");

        let cut = &bomb[..bomb.len() / 2];
        let unread = classify(&engine(), cut, &named("a.zip")).unread.expect("the cut archive is told");
        assert!(!unread.limited && unread.count == 1, "{unread:?}");

        let pictures = zip(&[("a.png", b"\x89PNG\r\n\x1a\n\0\0\0\0")]);
        assert_eq!(classify(&engine(), &pictures, &named("a.zip")), ContentReport::default());
    }
}
