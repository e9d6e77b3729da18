//! Weak marks of texts: characters that show nothing. They survive copying of text and files; typing again, printing
//! and cleaning kill them, and whoever knows them can forge them. They are a hint where to look, never proof.

/// Begins and ends a mark (word joiner).
const FRAME: char = '\u{2060}';
/// Zero and one (zero width space and zero width non-joiner).
const SYMBOLS: [char; 2] = ['\u{200b}', '\u{200c}'];

/// Bits of a mark.
const BITS: u32 = 64;

/// The characters of a mark.
#[must_use]
pub fn text_mark(tag: u64) -> String {
    let symbols = (0..BITS).rev().map(|bit| SYMBOLS[usize::from((tag >> bit) & 1 == 1)]);
    std::iter::once(FRAME).chain(symbols).chain([FRAME]).collect()
}

/// A text with the mark at the ends of its paragraphs: the first, and from there each that is `every` further.
#[must_use]
pub fn mark_text(text: &str, tag: u64, every: usize) -> String {
    let mark = text_mark(tag);
    let mut out = String::with_capacity(text.len() + 4 * mark.len());
    let mut paragraph = 0_usize;
    for line in text.split_inclusive('\n') {
        let body = line.trim_end_matches(['\n', '\r']);
        out.push_str(body);
        if !body.trim().is_empty() {
            if paragraph.is_multiple_of(every.max(1)) {
                out.push_str(&mark);
            }
            paragraph += 1;
        }
        out.push_str(&line[body.len()..]);
    }
    out
}

/// The marks of a text, in order; damaged ones are passed over.
#[must_use]
pub fn read_text_marks(text: &str) -> Vec<u64> {
    let mut found = Vec::new();
    let mut bits: Option<(u64, u32)> = None;
    for c in text.chars() {
        bits = match (c, bits) {
            (FRAME, Some((tag, BITS))) => {
                found.push(tag);
                None
            }
            (FRAME, _) => Some((0, 0)),
            (c, Some((tag, count))) if count < BITS => {
                SYMBOLS.iter().position(|symbol| *symbol == c).map(|bit| ((tag << 1) | bit as u64, count + 1))
            }
            _ => None,
        };
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn marks_are_read_and_change_nothing_that_shows(text in "[a-z马 \\r\\n]{0,80}", tag: u64) {
            let marked = mark_text(&text, tag, 2);
            let read = read_text_marks(&marked);
            prop_assert!(read.iter().all(|known| *known == tag));
            prop_assert_eq!(read.is_empty(), text.trim().is_empty());
            let shown: String = marked.chars().filter(|c| *c != FRAME && !SYMBOLS.contains(c)).collect();
            prop_assert_eq!(shown, text);
        }

        #[test]
        fn any_text_is_an_answer(text in "[\u{2060}\u{200b}\u{200c}x]{0,200}") {
            let _ = read_text_marks(&text);
        }
    }
}
