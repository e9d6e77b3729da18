//! The outer form of rules: lines, header, options and their escapes.

use crate::limits;

/// A rule as it stands in its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RuleText {
    /// Line it starts on, from 1.
    pub(crate) line: usize,
    /// Its text in one line, without the backslashes that joined it; `None` when it is no UTF-8 or too long.
    pub(crate) text: Option<String>,
}

/// Splits a file into rules: blank lines and comments go, lines ending in a backslash are joined.
pub(crate) fn rules_of(file: &[u8]) -> Vec<RuleText> {
    let mut rules = Vec::new();
    let mut pending: Option<(usize, Vec<u8>)> = None;
    for (index, line) in file.split(|byte| *byte == b'\n').enumerate() {
        let line = line.trim_ascii();
        if pending.is_none() && (line.is_empty() || line[0] == b'#') {
            continue;
        }
        let (start, mut joined) = pending.take().unwrap_or((index + 1, Vec::new()));
        if let Some(part) = line.strip_suffix(b"\\") {
            joined.extend_from_slice(part);
            pending = Some((start, joined));
        } else {
            joined.extend_from_slice(line);
            rules.push(rule_text(start, joined));
        }
    }
    rules.extend(pending.map(|(start, joined)| rule_text(start, joined)));
    rules
}

fn rule_text(line: usize, bytes: Vec<u8>) -> RuleText {
    let text = if bytes.len() > limits::RULE_BYTES { None } else { String::from_utf8(bytes).ok() };
    RuleText { line, text }
}

/// The words before the options and the options themselves.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Parts<'a> {
    pub(crate) header: Vec<&'a str>,
    pub(crate) options: Vec<RuleOption<'a>>,
}

/// One option: `keyword` or `keyword:value`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RuleOption<'a> {
    pub(crate) keyword: &'a str,
    pub(crate) value: Option<&'a str>,
    /// As written, for "why it fired".
    pub(crate) text: &'a str,
}

/// Splits a rule into header words and options.
pub(crate) fn split(rule: &str) -> Result<Parts<'_>, String> {
    let (header, rest) = rule.split_once('(').ok_or("the rule has no options in parentheses")?;
    let body = rest.trim_end().strip_suffix(')').ok_or("the rule does not end with a closing parenthesis")?;
    Ok(Parts { header: header_words(header), options: options(body)? })
}

/// Words between white space; white space inside brackets belongs to the word.
fn header_words(header: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    header
        .split(move |character: char| {
            match character {
                '[' => depth += 1,
                ']' => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth == 0 && character.is_whitespace()
        })
        .filter(|word| !word.is_empty())
        .collect()
}

fn options(body: &str) -> Result<Vec<RuleOption<'_>>, String> {
    let mut options = Vec::new();
    let (mut start, mut escaped) = (0, false);
    for (index, byte) in body.bytes().enumerate() {
        if byte == b';' && !escaped {
            options.push(option(body[start..index].trim())?);
            start = index + 1;
        }
        escaped = byte == b'\\' && !escaped;
        if options.len() > limits::RULE_OPTIONS {
            return Err(format!("the rule has more than {} options", limits::RULE_OPTIONS));
        }
    }
    if body[start..].trim().is_empty() { Ok(options) } else { Err("the last option lacks its semicolon".to_owned()) }
}

fn option(text: &str) -> Result<RuleOption<'_>, String> {
    let (keyword, value) = text.split_once(':').map_or((text, None), |(keyword, value)| (keyword, Some(value.trim())));
    let keyword = keyword.trim();
    if keyword.is_empty() {
        return Err("the rule has an option without a keyword".to_owned());
    }
    Ok(RuleOption { keyword, value: value.filter(|value| !value.is_empty()), text })
}

/// A value in double quotes with an optional `!` before them.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Quoted<'a> {
    pub(crate) negated: bool,
    pub(crate) inner: &'a str,
}

/// Takes `"…"` or `!"…"` apart; quotes may be missing altogether.
pub(crate) fn quoted(value: &str) -> Result<Quoted<'_>, String> {
    let (negated, rest) = value.strip_prefix('!').map_or((false, value), |rest| (true, rest.trim_start()));
    let inner = match (rest.strip_prefix('"'), rest.len() > 1) {
        (Some(opened), true) => opened.strip_suffix('"').ok_or("the value lacks its closing quote")?,
        (Some(_), false) => return Err("the value lacks its closing quote".to_owned()),
        (None, _) => rest,
    };
    Ok(Quoted { negated, inner })
}

/// Removes the backslashes before `;`, `:`, `"` and `\`.
pub(crate) fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match (character, characters.peek()) {
            ('\\', Some(';' | ':' | '"' | '\\')) => plain.extend(characters.next()),
            _ => plain.push(character),
        }
    }
    plain
}

/// The bytes of a content pattern: text with escapes, hexadecimal between bars.
pub(crate) fn pattern_bytes(text: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'|' => {
                let end =
                    rest.iter().position(|byte| *byte == b'|').ok_or("a hexadecimal part lacks its closing bar")?;
                hexadecimal(&rest[..end], &mut bytes)?;
                rest = &rest[end + 1..];
            }
            b'\\' => match rest.split_first() {
                Some((escaped @ (b';' | b':' | b'"' | b'\\'), after)) => {
                    bytes.push(*escaped);
                    rest = after;
                }
                _ => return Err("a backslash may only stand before ; : \" or \\".to_owned()),
            },
            b'"' => return Err("a double quote inside the pattern must be escaped".to_owned()),
            _ => bytes.push(*byte),
        }
    }
    match bytes.len() {
        0 => Err("the pattern is empty".to_owned()),
        length if length > limits::PATTERN_BYTES => {
            Err(format!("the pattern is longer than {} bytes", limits::PATTERN_BYTES))
        }
        _ => Ok(bytes),
    }
}

fn hexadecimal(digits: &[u8], bytes: &mut Vec<u8>) -> Result<(), String> {
    let mut high = None;
    for digit in digits.iter().filter(|digit| !digit.is_ascii_whitespace()) {
        let value = char::from(*digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
        let value = value.ok_or("a hexadecimal part holds something else than digits and spaces")?;
        match high.take() {
            Some(first) => bytes.push(first << 4 | value),
            None => high = Some(value),
        }
    }
    if high.is_some() { Err("a hexadecimal part has an odd number of digits".to_owned()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_joined_and_comments_go() {
        let rules = rules_of(b"# c\n\nalert tcp \\\n  any any\nnext\n#x\n\xff\xfe\nlast\\");
        let texts: Vec<_> = rules.iter().map(|rule| (rule.line, rule.text.as_deref())).collect();
        assert_eq!(texts, [(3, Some("alert tcp any any")), (5, Some("next")), (7, None), (8, Some("last"))]);
    }

    #[test]
    fn escaped_semicolons_do_not_end_an_option() {
        let parts = split(r#"alert tcp [1.1.1.1, 2.2.2.2] any -> any 80 (msg:"a\;b\\"; content:"|3b 3B|"; nocase; )"#);
        let parts = parts.unwrap();
        assert_eq!(parts.header, ["alert", "tcp", "[1.1.1.1, 2.2.2.2]", "any", "->", "any", "80"]);
        let keywords: Vec<_> = parts.options.iter().map(|option| (option.keyword, option.value)).collect();
        assert_eq!(keywords[0], ("msg", Some(r#""a\;b\\""#)));
        assert_eq!(keywords[2], ("nocase", None));
        assert_eq!(unescaped(r#"a\;b\\\x"#), r"a;b\\x");
    }

    #[test]
    fn patterns_mix_text_and_hexadecimal() {
        assert_eq!(pattern_bytes(r#"a|0D 0a|\:b|ff|"#).unwrap(), b"a\r\n:b\xff");
        for bad in ["", "|0|", "|zz|", "|00", "\\n", "a\"b", "||"] {
            assert!(pattern_bytes(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn broken_rules_say_what_is_missing() {
        for bad in ["alert tcp any", "alert (msg:\"x\"", "alert (msg:\"x\")", "alert (:x;)"] {
            assert!(split(bad).is_err(), "{bad}");
        }
        assert!(quoted("\"").is_err() && quoted("\"a").is_err());
        assert_eq!(quoted("! \"a\"").unwrap(), Quoted { negated: true, inner: "a" });
    }
}
