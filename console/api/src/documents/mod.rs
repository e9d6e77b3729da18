//! Documents people take away: Word and Excel. Texts from outside are written as texts: no formula, no field, no
//! control character comes out of them.

mod bulletin;
mod scorecards;

pub(crate) use bulletin::bulletin_docx;
pub(crate) use scorecards::scorecards_xlsx;

/// Media type of a Word document.
pub(crate) const WORD: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
/// Media type of an Excel workbook.
pub(crate) const EXCEL: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// A text without characters that XML or a reader can't take: controls and those that turn the reading direction.
pub(crate) fn plain(text: &str) -> String {
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fffe}' | '\u{ffff}')
    };
    text.chars().map(|c| if hidden(c) { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn hidden_characters_become_spaces() {
        assert_eq!(plain("甲\u{202e}乙\u{0}丙\n"), "甲 乙 丙 ");
    }
}
