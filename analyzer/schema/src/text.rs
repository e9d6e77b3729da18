//! How text that came from outside is shown in an error or a log line.

use std::fmt;

/// The longest piece of outside text that an error message repeats, in characters.
const SHOWN_CHARACTERS: usize = 80;

/// Outside text in double quotes, shortened to 80 characters, with control, bidirectional and other
/// invisible characters escaped, so that it can neither forge a log line nor act on a terminal.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a>(&'a str);

/// Shows outside text in a message; see [`Shown`].
#[must_use]
pub fn shown(text: &str) -> Shown<'_> {
    Shown(text)
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        for (index, character) in self.0.chars().enumerate() {
            if index == SHOWN_CHARACTERS {
                f.write_str("…")?;
                break;
            }
            write_escaped(f, character)?;
        }
        f.write_str("\"")
    }
}

fn write_escaped(f: &mut fmt::Formatter<'_>, character: char) -> fmt::Result {
    match character {
        '"' | '\\' => write!(f, "\\{character}"),
        c if is_unsafe_to_print(c) => write!(f, "{}", c.escape_unicode()),
        c => write!(f, "{c}"),
    }
}

/// Control characters, and the format characters that reorder or hide text (Unicode bidirectional controls,
/// zero-width characters, byte order mark).
fn is_unsafe_to_print(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_and_bidirectional_characters_do_not_pass() {
        let text = shown("a\u{1b}[31m\r\n\u{202e}b\"").to_string();
        assert_eq!(text, "\"a\\u{1b}[31m\\u{d}\\u{a}\\u{202e}b\\\"\"");
    }

    #[test]
    fn long_text_is_shortened() {
        assert_eq!(shown(&"马".repeat(200)).to_string().chars().count(), 83);
    }
}
