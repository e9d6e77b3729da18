//! What stands around a possible name and how much it says.

use super::lattice::Run;
use super::model::MODEL;

/// Evidence of both sides, in tenths of a bit, and the words that gave it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Evidence {
    pub(super) total: i32,
    pub(super) before: Option<&'static str>,
    pub(super) after: Option<&'static str>,
}

impl Evidence {
    pub(super) const fn with(self, right: Self) -> Self {
        Self { total: self.total + right.total, before: self.before, after: right.after }
    }

    /// The two sides say partly the same, so that their sum counts four fifths.
    pub(super) const fn weight(self) -> i32 {
        self.total * 4 / 5
    }
}

/// Evidence of a place where nothing speaks for a name.
const NOTHING: i32 = -12;
/// Evidence of the border of a run.
const BORDER: i32 = 8;
/// Evidence from which a word is named in the explanation.
const TELLING: i32 = 25;

/// Evidence from which a word is a role that is hardly ever without its bearer, and what that adds.
const ROLE: i32 = 55;
const BEARER: i32 = 50;

/// Evidence of a sex that stands behind a name.
const SEX: i32 = 55;

const SEPARATORS: [char; 11] = ['：', ':', ' ', '“', '"', '(', '（', '*', '\t', '|', '｜'];

/// What stands before a place of a run.
pub(super) fn left(run: Run<'_>, at: usize) -> Evidence {
    let head = run.text.get(..run.offset(at)).unwrap_or_default();
    // A label on a line of its own belongs to the line that follows.
    let above = head.trim_end_matches(['\n', '\r', ' ']);
    let head = if above.ends_with([':', '：']) { above } else { head };
    let separated = head.trim_end_matches(SEPARATORS);
    let direct = separated.len() == head.len();
    let border = if at == 0 { BORDER } else { NOTHING };
    let word = MODEL.before(separated);
    // A particle of one character says something only where the name follows it directly.
    let found = word.filter(|(word, _)| direct || word.len() > 3);
    let (word, evidence) = found.map_or((None, border), |(word, evidence)| (Some(word), evidence));
    // 书记员舒畅: a role with its bearer right behind it, even one whose name is a word.
    let role = direct && at > 0 && evidence >= ROLE && word.is_some_and(|word| word.len() > 3);
    let evidence = if role { evidence + BEARER } else { evidence };
    Evidence {
        total: run.announced + if at == 0 { evidence.max(border) } else { evidence },
        before: word.filter(|_| evidence >= TELLING),
        after: None,
    }
}

/// What stands after a place of a run.
pub(super) fn right(run: Run<'_>, at: usize) -> Evidence {
    let tail = run.text.get(run.offset(at)..).unwrap_or_default();
    let direct = MODEL.after(tail);
    let (word, evidence) = match direct {
        Some((word, evidence)) if at < run.characters.len() => (Some(word), evidence),
        _ if at < run.characters.len() => (None, NOTHING),
        Some((word, evidence)) if evidence > 30 => (Some(word), evidence),
        _ if leads_to_number(run, at, tail) => (None, NOTHING),
        _ => (None, behind(tail)),
    };
    Evidence { total: evidence, before: None, after: word.filter(|_| evidence >= TELLING) }
}

/// 借款人阎维于2021年: whether the last character of a possible name is a word that belongs to the number behind it.
fn leads_to_number(run: Run<'_>, at: usize, tail: &str) -> bool {
    const LEADING: &str = "于至自从在约共近以按为第超逾满达仅每已因购花付还欠借转交收存取计";
    let last = at.checked_sub(1).and_then(|last| run.characters.get(last));
    tail.starts_with(|c: char| c.is_ascii_digit()) && last.is_some_and(|c| LEADING.contains(*c))
}

/// Whether 男 or 女 stands by itself, as it does behind the name of a person.
fn is_sex(rest: &str) -> bool {
    let after = rest.strip_prefix(['男', '女']);
    after.is_some_and(|after| !after.starts_with(|c: char| ('\u{4e00}'..='\u{9fff}').contains(&c)))
}

/// A number, a telephone, or a word for what belongs to a person, after the border of a run.
fn behind(tail: &str) -> i32 {
    let rest = tail.trim_start_matches([' ', '（', '(', '/', '，', ',', '：', ':', '\t', '|', '｜', '-', '"']);
    let number = rest.starts_with(|c: char| c.is_ascii_digit() || c == '+');
    if rest.len() == tail.len() {
        return if number { 30 } else { BORDER };
    }
    if is_sex(rest) {
        return SEX;
    }
    match MODEL.after(rest).filter(|(word, _)| word.len() >= 3) {
        Some((word, evidence)) if word.len() > 3 => evidence.clamp(BORDER, 35),
        _ if number => 30,
        _ => BORDER,
    }
}
