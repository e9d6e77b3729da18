//! Numbers of other countries: telephones in the forms people write them, social security numbers of the United States.

use super::{DIGITS, Detect, Found, Identifier, RUNS, Runs};
use crate::classify::tokens::{Document, Token};

/// Longest telephone number with separators and extension, in bytes.
const WRITTEN: usize = 32;
/// Most digits of a number.
const DIGITS_OF_A_NUMBER: usize = 13;

const WORDS: &[&str] = &[
    "电话",
    "手机",
    "传真",
    "phone",
    "tel",
    "telephone",
    "call",
    "call me at",
    "mobile",
    "whatsapp",
    "fax",
    "cell",
    "office",
    "desk",
    "contact",
    "reach",
    "answering at",
    "messages to",
    "registered",
    "ext",
    "hotline",
    "dial",
    "text me",
];

const OTHERS: &[&str] =
    &["ssn", "social security", "passport", "licence", "license", "isbn", "issn", "invoice", "account", "date"];

pub(super) static ALL: &[Identifier] = &[
    Identifier {
        name: "phone_international",
        label: "境外电话",
        detect: Detect::Run(Runs {
            shortest: 1,
            longest: DIGITS_OF_A_NUMBER,
            shapes: DIGITS,
            // Without a country code there are separators, and one of them is the next sign.
            next: b" -.()",
            joined: false,
            check: telephone,
            ..RUNS
        }),
        positive: WORDS,
        negative: OTHERS,
        valid: &[
            "fax (202)555-0143x0135",
            "202-555-0143 ext. 12",
            "phone: 0496 46 46 70",
            "mobile 202.555.0143",
            "office 781 1704",
        ],
        invalid: &["2024-05-06 12:00", "1.202.555.0143.7", "range 781 1704", "10-20-30"],
    },
    Identifier {
        name: "phone_international",
        label: "境外电话（带国家代码）",
        detect: Detect::Anchor { literals: &["+"], find: abroad },
        positive: WORDS,
        negative: OTHERS,
        valid: &["call +44 7700 900123", "+1-202-555-0143", "reach me at +46 (0)8 928 571 38"],
        invalid: &["+0 7700 900123", "+8613800138000"],
    },
    Identifier {
        name: "us_ssn",
        label: "美国社会安全号",
        detect: Detect::Run(Runs { shortest: 9, longest: 9, shapes: DIGITS, check: social_security, ..RUNS }),
        positive: &["ssn", "social security", "社会安全号", "tax id", "itin"],
        negative: &["phone", "tel", "fax"],
        valid: &["SSN: 536-22-8726", "social security number is 078-05-1119"],
        invalid: &["SSN 000-12-3456", "SSN 666-12-3456", "536-228-726"],
    },
];

/// Most groups of digits.
const GROUPS: usize = WRITTEN / 2 + 1;

/// What a telephone number is written with.
#[derive(Debug, Default)]
struct Written {
    /// Bytes up to the end, extension included.
    length: usize,
    digits: usize,
    /// Digits of each group; no group of a number is behind the last of them.
    sizes: [u8; GROUPS],
    count: usize,
    /// Kinds of separators met: space, dash, dot, bracket.
    separators: [bool; 4],
    extension: bool,
    /// `(0)` after a country code: the trunk digit that is left out abroad.
    trunk: bool,
}

impl Written {
    fn groups(&self) -> &[u8] {
        &self.sizes[..self.count]
    }

    fn add(&mut self, digits: usize) {
        if let Some(size) = self.sizes.get_mut(self.count) {
            *size = u8::try_from(digits).unwrap_or(u8::MAX);
            self.count += 1;
        }
        self.digits += digits;
    }
}

/// The run is the first of the number's digits; the rest is read from the text.
fn telephone(token: &Token<'_>) -> Option<Found> {
    // What follows a plus sign is found by the sign.
    if token.previous_byte() == Some(b'+') {
        return None;
    }
    read(token.document, token.start, token.written(), false)
}

/// Digits after a plus sign.
fn abroad(document: Document<'_>, at: usize, length: usize) -> Option<Found> {
    let start = at + length;
    let rest = document.text.as_bytes().get(start..)?;
    let digits = rest.iter().take(DIGITS_OF_A_NUMBER + 1).take_while(|byte| byte.is_ascii_digit()).count();
    let alone = !rest.get(digits).is_some_and(u8::is_ascii_alphanumeric);
    let fits = (1..=DIGITS_OF_A_NUMBER).contains(&digits) && alone;
    read(document, start, document.text.get(start..start + digits).filter(|_| fits)?, true)
}

/// A number whose first digits stand at a place.
fn read(document: Document<'_>, digits: usize, head: &str, plus: bool) -> Option<Found> {
    let text = document.text.as_bytes();
    let previous = |at: usize| at.checked_sub(1).and_then(|at| text.get(at));
    let bracket = previous(digits) == Some(&b'(');
    let start = digits - usize::from(plus || bracket);
    let before = previous(start);
    let preceded = before.is_some_and(|byte| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'/' | b'_' | b'+' | b'=' | b'#' | b':')
    });
    let separated = before == Some(&b':') || before == Some(&b'=');
    let follows_digits =
        before == Some(&b' ') && start.checked_sub(2).and_then(|at| text.get(at)).is_some_and(u8::is_ascii_digit);
    if preceded && !separated || follows_digits {
        return None;
    }
    let written = written(&text[start + usize::from(plus)..(start + WRITTEN + 1).min(text.len())])?;
    let (confidence, why, needs_context) = judged(&written, plus, text[digits], head)?;
    let end = start + usize::from(plus) + written.length;
    Some(Found { start, end, confidence, why, needs_context })
}

/// Digits in groups with single separators between, an area code in brackets, an extension at the end.
fn written(text: &[u8]) -> Option<Written> {
    let mut found = Written::default();
    let mut at = 0;
    while at < text.len() {
        let group = text[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        if group > 0 {
            found.add(group);
            at += group;
            found.length = at;
            continue;
        }
        let next_digit = text.get(at + 1).is_some_and(u8::is_ascii_digit);
        at += match text[at] {
            b'(' if text[at..].starts_with(b"(0)") && found.count > 0 => {
                found.trunk = true;
                3
            }
            b'(' if next_digit => 1,
            b')' if found.count == 1 || found.count == 2 => {
                found.separators[3] = true;
                1
            }
            b' ' if next_digit || text.get(at + 1) == Some(&b'(') => {
                found.separators[0] = true;
                1
            }
            b'-' if next_digit => {
                found.separators[1] = true;
                1
            }
            b'.' if next_digit => {
                found.separators[2] = true;
                1
            }
            _ => break,
        };
    }
    let rest = text.get(found.length..)?;
    let extension = extension(rest);
    found.extension = extension > 0;
    found.length += extension;
    let glued =
        text.get(found.length).is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'/' | b':'));
    (!glued).then_some(found)
}

/// Bytes of `x4587`, ` ext. 12`, `#12`.
fn extension(rest: &[u8]) -> usize {
    for mark in [b"x".as_slice(), b" x", b" ext. ", b" ext ", b"ext.", b" ext.", b"#"] {
        if let Some(number) = rest.strip_prefix(mark) {
            let digits = number.iter().take_while(|byte| byte.is_ascii_digit()).count();
            if (1..=5).contains(&digits) {
                return mark.len() + digits;
            }
        }
    }
    0
}

/// Confidence by form: a country code, the North American plan, or groups that count only beside a word for them.
fn judged(written: &Written, plus: bool, first: u8, head: &str) -> Option<(u8, &'static str, bool)> {
    let groups = written.groups();
    let kinds = written.separators.iter().filter(|used| **used).count();
    let plan = |groups: &[u8]| matches!(groups, [3, 3, 4] | [3, 7] | [6, 4]);
    let american = plan(groups) || matches!(groups, [1 | 3, rest @ ..] if matches!(head, "1" | "001") && plan(rest));
    Some(match () {
        () if plus && head.starts_with("86") => return None,
        () if plus => {
            let fits = (8..=15).contains(&written.digits) && first != b'0' && groups.len() <= 7;
            fits.then_some((72, "带国家代码的号码(E.164)", false))?
        }
        () if american && kinds > 0 && (first >= b'2' || head == "1" || head == "001") => {
            let marked = written.separators[3] || written.extension;
            (if marked { 72 } else { 60 }, "北美编号计划的写法：区号3位加7位", !marked && written.separators[0])
        }
        () if kinds == 0 => return None,
        () if (8..=12).contains(&written.digits)
            && (2..=6).contains(&groups.len())
            && groups.iter().all(|group| *group <= 8) =>
        {
            (50, "分组书写的号码，前后有电话类词语", true)
        }
        () if written.digits == 7 && matches!(groups, [3, 4]) => (45, "7位本地号码，前后有电话类词语", true),
        () => return None,
    })
}

/// Area, group and serial as three, two and four digits; ranges never issued are refused.
fn social_security(token: &Token<'_>) -> Option<Found> {
    if !token.joined {
        return None;
    }
    let groups: Vec<&str> = token.written().split(['-', ' ']).collect();
    let [area, group, serial] = groups.as_slice() else { return None };
    let shape = (area.len(), group.len(), serial.len()) == (3, 2, 4);
    let issued = *area != "000" && *area != "666" && !area.starts_with('9') && *group != "00" && *serial != "0000";
    (shape && issued).then(|| Found::run(token, 58, "3-2-4分组，区段有效(SSA)"))
}
