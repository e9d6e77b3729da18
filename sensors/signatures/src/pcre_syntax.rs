//! Perl-compatible regular expressions written anew for Rust's `regex` and `fancy-regex`.
//!
//! The languages agree on most of what rules use. They differ in escapes, in what is literal inside a class and
//! outside, and in `$`, which in Perl also stands before a last line feed.

/// A rewritten expression.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Rewritten {
    pub(crate) pattern: String,
    /// Uses look-around, back-references, possessive or atomic groups: beyond regular languages.
    pub(crate) backtracking: bool,
}

struct Writer<'p> {
    rest: std::iter::Peekable<std::str::Chars<'p>>,
    out: String,
    backtracking: bool,
    /// `$` only stands at line ends (flag m) or at the very end (flag E).
    plain_dollar: Option<&'static str>,
    /// White space and comments are no part of the pattern (flag x).
    extended: bool,
}

/// Rewrites a pattern.
pub(crate) fn rewrite(pattern: &str, flags: &str) -> Result<Rewritten, String> {
    let plain_dollar = if flags.contains('m') {
        Some("$")
    } else if flags.contains('E') {
        Some(r"\z")
    } else {
        None
    };
    let rest = pattern.chars().peekable();
    let mut writer =
        Writer { rest, out: String::new(), backtracking: false, plain_dollar, extended: flags.contains('x') };
    writer.pattern()?;
    Ok(Rewritten { pattern: writer.out, backtracking: writer.backtracking })
}

impl Writer<'_> {
    fn pattern(&mut self) -> Result<(), String> {
        while let Some(character) = self.rest.next() {
            match character {
                '\\' => self.escape()?,
                '[' => self.class()?,
                '(' => self.group()?,
                '$' => self.out.push_str(self.plain_dollar.unwrap_or(r"(?:\n?\z)")),
                '{' => self.brace(),
                '}' => self.out.push_str(r"\}"),
                '*' | '+' | '?' => self.repetition(character),
                '#' if self.extended => while self.rest.next_if(|character| *character != '\n').is_some() {},
                _ => self.out.push(character),
            }
        }
        Ok(())
    }

    /// A quantifier, with the `?` or `+` that may follow it.
    fn repetition(&mut self, character: char) {
        self.out.push(character);
        self.quantifier_mode();
    }

    fn quantifier_mode(&mut self) {
        if let Some(mode) = self.rest.next_if(|next| matches!(next, '?' | '+')) {
            self.backtracking |= mode == '+';
            self.out.push(mode);
        }
    }

    /// `{n}`, `{n,}`, `{n,m}`; any other brace is literal.
    fn brace(&mut self) {
        let ahead: String = self.rest.clone().take_while(|character| *character != '}').take(12).collect();
        let closed = self.rest.clone().nth(ahead.chars().count()) == Some('}');
        let (low, high) = ahead.split_once(',').unwrap_or((&ahead, ""));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if !closed || low.is_empty() || !digits(low) || !digits(high) {
            self.out.push_str(r"\{");
            return;
        }
        self.out.push('{');
        self.out.push_str(&ahead);
        self.out.push('}');
        for _ in 0..=ahead.chars().count() {
            self.rest.next();
        }
        self.quantifier_mode();
    }

    fn group(&mut self) -> Result<(), String> {
        if self.rest.peek() == Some(&'*') {
            return Err("verbs such as (*UTF8) are not supported".to_owned());
        }
        if self.rest.next_if_eq(&'?').is_none() {
            self.out.push('(');
            return Ok(());
        }
        let next = self.rest.peek().copied();
        if next == Some('#') {
            while self.rest.next().is_some_and(|character| character != ')') {}
            return Ok(());
        }
        self.out.push_str("(?");
        match next {
            Some('=' | '!' | '>') => self.backtracking = true,
            Some('<') => self.backtracking |= matches!(self.rest.clone().nth(1), Some('=' | '!')),
            Some('P') => self.backtracking |= matches!(self.rest.clone().nth(1), Some('=')),
            Some('R' | '0'..='9' | '&' | '|' | '(' | '+') => {
                return Err("recursion, conditions and branch resets are not supported".to_owned());
            }
            _ => {}
        }
        Ok(())
    }

    /// An escape outside a class.
    fn escape(&mut self) -> Result<(), String> {
        let Some(character) = self.rest.next() else { return Err("ends in a backslash".to_owned()) };
        match character {
            'd' | 'D' | 'w' | 'W' | 's' | 'S' | 'b' | 'B' | 'A' | 'z' | 't' | 'n' | 'r' | 'f' | 'a' => {
                self.out.extend(['\\', character]);
            }
            'G' | 'K' => {
                self.backtracking = true;
                self.out.extend(['\\', character]);
            }
            'Z' => self.out.push_str(r"(?:\n?\z)"),
            'h' => self.out.push_str(r"[ \t]"),
            'H' => self.out.push_str(r"[^ \t]"),
            'v' => self.out.push_str(r"[\n\x0b\x0c\r]"),
            'V' => self.out.push_str(r"[^\n\x0b\x0c\r]"),
            'N' => self.out.push_str(r"[^\n]"),
            'R' => self.out.push_str(r"(?:\r\n|[\n\x0b\x0c\r])"),
            '1'..='9' => {
                self.backtracking = true;
                self.out.extend(['\\', character]);
            }
            'Q' => self.literal_text(),
            'E' => {}
            'p' | 'P' | 'X' | 'g' | 'k' | 'C' | 'u' | 'U' | 'L' | 'l' => {
                return Err(format!("the escape \\{character} is not supported"));
            }
            _ => {
                let literal = self.literal_escape(character)?;
                self.literal(literal);
            }
        }
        Ok(())
    }

    fn literal_text(&mut self) {
        while let Some(character) = self.rest.next() {
            if character == '\\' && self.rest.next_if_eq(&'E').is_some() {
                return;
            }
            self.literal(character);
        }
    }

    /// The character an escape stands for, in a class or outside.
    fn literal_escape(&mut self, character: char) -> Result<char, String> {
        Ok(match character {
            'x' => self.hexadecimal()?,
            '0' => self.octal(),
            'e' => '\u{1b}',
            't' => '\t',
            'n' => '\n',
            'r' => '\r',
            'f' => '\u{c}',
            'a' => '\u{7}',
            'c' => {
                let control = self.rest.next().filter(char::is_ascii).ok_or("\\c lacks its character")?;
                char::from(u8::try_from(control.to_ascii_uppercase()).unwrap_or(0) ^ 0x40)
            }
            other => other,
        })
    }

    fn hexadecimal(&mut self) -> Result<char, String> {
        let braced = self.rest.next_if_eq(&'{').is_some();
        let mut value = 0;
        for _ in 0..if braced { 8 } else { 2 } {
            let Some(digit) = self.rest.next_if(char::is_ascii_hexdigit) else { break };
            value = value << 4 | digit.to_digit(16).unwrap_or(0);
        }
        if braced && self.rest.next_if_eq(&'}').is_none() {
            return Err("\\x{ lacks its closing brace".to_owned());
        }
        u8::try_from(value).map(char::from).map_err(|_| format!("\\x{{{value:x}}} is no byte"))
    }

    fn octal(&mut self) -> char {
        let mut value = 0;
        for _ in 0..2 {
            let Some(digit) = self.rest.next_if(|character| matches!(character, '0'..='7')) else { break };
            value = value * 8 + digit.to_digit(8).unwrap_or(0);
        }
        char::from_u32(value).unwrap_or('\0')
    }

    /// Writes a character so that it means itself in a class and outside, white space and all.
    fn literal(&mut self, character: char) {
        if character.is_ascii_alphanumeric() || (character > '\u{ff}') {
            self.out.push(character);
        } else {
            self.out.push_str(&format!("\\x{:02x}", u32::from(character)));
        }
    }

    fn class(&mut self) -> Result<(), String> {
        self.out.push('[');
        if self.rest.next_if_eq(&'^').is_some() {
            self.out.push('^');
        }
        let mut first = true;
        loop {
            let unclosed = "a character class lacks its closing bracket";
            let character = self.rest.next().ok_or(unclosed)?;
            if character == ']' && !first {
                self.out.push(']');
                return Ok(());
            }
            first = false;
            let Some(low) = self.class_member(character)? else { continue };
            self.literal(low);
            self.range_end()?;
        }
    }

    /// The `-z` of a range `a-z`, when there is one.
    fn range_end(&mut self) -> Result<(), String> {
        let mut ahead = self.rest.clone();
        if ahead.next() != Some('-') {
            return Ok(());
        }
        let literal = match ahead.next() {
            None | Some(']') => false,
            Some('\\') => !matches!(ahead.next(), Some('d' | 'D' | 'w' | 'W' | 's' | 'S' | 'h' | 'H' | 'v' | 'V')),
            Some('[') => ahead.next() != Some(':'),
            Some(_) => true,
        };
        if !literal {
            return Ok(());
        }
        self.rest.next();
        let Some(character) = self.rest.next() else { return Ok(()) };
        let Some(high) = self.class_member(character)? else { return Ok(()) };
        self.out.push('-');
        self.literal(high);
        Ok(())
    }

    /// One member of a class: a literal character, or nothing when it was a set that is already written.
    fn class_member(&mut self, character: char) -> Result<Option<char>, String> {
        match character {
            '[' if self.rest.peek() == Some(&':') => self.posix_set(),
            '\\' => self.class_escape(),
            _ => Ok(Some(character)),
        }
    }

    fn posix_set(&mut self) -> Result<Option<char>, String> {
        let name: String = self.rest.clone().take_while(|character| *character != ']').take(12).collect();
        if !name.ends_with(':') || name.len() < 3 {
            return Ok(Some('['));
        }
        for _ in 0..=name.chars().count() {
            self.rest.next();
        }
        self.out.push_str(&format!("[{name}]"));
        Ok(None)
    }

    fn class_escape(&mut self) -> Result<Option<char>, String> {
        let character = self.rest.next().ok_or("ends in a backslash")?;
        let set = match character {
            'd' => r"\d",
            'D' => r"\D",
            'w' => r"\w",
            'W' => r"\W",
            's' => r"\s",
            'S' => r"\S",
            'h' => r" \t",
            'v' => r"\n\x0b\x0c\r",
            'E' => "",
            'b' => return Ok(Some('\u{8}')),
            'Q' | 'p' | 'P' | 'H' | 'V' | 'N' | 'R' => {
                return Err(format!("the escape \\{character} is not supported inside a class"));
            }
            '1'..='7' => return Ok(Some(self.class_octal(character))),
            _ => return self.literal_escape(character).map(Some),
        };
        self.out.push_str(set);
        Ok(None)
    }

    fn class_octal(&mut self, first: char) -> char {
        let mut value = first.to_digit(8).unwrap_or(0);
        while let Some(digit) = self.rest.next_if(|character| matches!(character, '0'..='7')) {
            value = value.saturating_mul(8) + digit.to_digit(8).unwrap_or(0);
        }
        char::from_u32(value & 0xff).unwrap_or('\0')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewritten(pattern: &str, flags: &str) -> String {
        rewrite(pattern, flags).unwrap().pattern
    }

    #[test]
    fn what_perl_takes_literally_is_escaped() {
        assert_eq!(rewritten(r"^\/a\<b\x2Fc$", ""), r"^\x2fa\x3cb\x2fc(?:\n?\z)");
        assert_eq!(rewritten("a{b}{2,3}c{,4}$", "m"), r"a\{b\}{2,3}c\{,4\}$");
        assert_eq!(rewritten(r"[\w-.[&&~~\]]", ""), r"[\w\x2d\x2e\x5b\x26\x26\x7e\x7e\x5d]");
        assert_eq!(rewritten("[^]a-f[:digit:]-]", ""), r"[^\x5da-f[:digit:]\x2d]");
        assert_eq!(rewritten(r"a(?#note)b\Qa.b\E\0\012\cA", ""), r"aba\x2eb\x00\x0a\x01");
    }

    #[test]
    fn what_needs_backtracking_is_seen() {
        for pattern in ["(?=a)", "(?<!a)b", r"(a)\1", "a++", "(?>a)", "a{2}+"] {
            assert!(rewrite(pattern, "").unwrap().backtracking, "{pattern}");
        }
        for pattern in ["(?<name>a)", "(?:a)+?", "(?i)a", "a{2}?"] {
            assert!(!rewrite(pattern, "").unwrap().backtracking, "{pattern}");
        }
        for pattern in ["(?R)", "(*UTF8)a", "[a", "a\\"] {
            assert!(rewrite(pattern, "").is_err(), "{pattern}");
        }
    }
}
