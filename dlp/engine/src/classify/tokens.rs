//! One pass over the bytes of a text that yields the runs of letters and digits an identifier can be.

use super::triggers::{Class, Triggers};
use crate::limits::{JOINED_RUNS, RUN_BYTES};

/// A text in normal form and what checks need to know about the world.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Document<'t> {
    pub(crate) text: &'t str,
    pub(crate) latest_year: u16,
}

/// What a run consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Digits only.
    Digits,
    /// Digits and letters.
    Mixed,
    /// Letters only.
    Letters,
}

impl Shape {
    /// Place in tables by shape.
    pub(crate) const fn index(self) -> usize {
        match self {
            Self::Digits => 0,
            Self::Mixed => 1,
            Self::Letters => 2,
        }
    }
}

/// A run of ASCII letters and digits, or several runs of digits joined over single spaces or dashes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Token<'t> {
    pub(crate) document: Document<'t>,
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) shape: Shape,
    /// Whether separators were left out of the compact form.
    pub(crate) joined: bool,
    compact: [u8; RUN_BYTES],
    length: usize,
}

impl<'t> Token<'t> {
    /// The run in upper case and without separators.
    pub(crate) fn compact(&self) -> &[u8] {
        &self.compact[..self.length]
    }

    /// The run as it stands in the text.
    pub(crate) fn written(&self) -> &'t str {
        self.document.text.get(self.start..self.end).unwrap_or_default()
    }

    /// What stands before the run.
    pub(crate) fn before(&self) -> &'t str {
        self.document.text.get(..self.start).unwrap_or_default()
    }

    /// What stands after the run.
    pub(crate) fn after(&self) -> &'t str {
        self.document.text.get(self.end..).unwrap_or_default()
    }

    /// The byte after the run.
    pub(crate) fn next_byte(&self) -> Option<u8> {
        self.document.text.as_bytes().get(self.end).copied()
    }

    /// The byte before the run.
    pub(crate) fn previous_byte(&self) -> Option<u8> {
        self.start.checked_sub(1).and_then(|at| self.document.text.as_bytes().get(at)).copied()
    }
}

#[derive(Debug, Clone, Copy)]
struct Run {
    start: usize,
    end: usize,
    digits: usize,
    letters: usize,
}

impl Run {
    const fn length(self) -> usize {
        self.end - self.start
    }

    /// Digits, or digits with an X at the end as in an identity number.
    fn joins(self, bytes: &[u8]) -> bool {
        self.letters == 0 || (self.letters == 1 && matches!(bytes[self.end - 1], b'x' | b'X') && self.digits > 1)
    }
}

/// Which shapes and lengths of runs anybody asks for.
pub(crate) type Wanted = [[bool; RUN_BYTES + 1]; 3];

/// What the pass over a text yields.
pub(crate) enum Event<'e, 't> {
    /// A run or a joined number of a shape and length that somebody asks for.
    Token(&'e Token<'t>),
    /// A literal: its index, its place and its length.
    Literal(usize, usize, usize),
}

/// Calls `visit` with every run of at most [`RUN_BYTES`] bytes, every joined number and every literal. Linear: each
/// run takes part in at most [`JOINED_RUNS`] joined numbers.
pub(crate) fn visit_tokens<'t>(
    document: Document<'t>,
    wanted: &Wanted,
    triggers: &Triggers,
    mut visit: impl FnMut(Event<'_, 't>),
) {
    let bytes = document.text.as_bytes();
    let mut chain: Vec<Run> = Vec::with_capacity(JOINED_RUNS);
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        at += match triggers.classes[usize::from(*byte)] {
            Class::Other => 1,
            Class::Wide(3) => {
                triggers.at_character(bytes, at, &mut |literal, start, length| {
                    visit(Event::Literal(literal, start, length));
                });
                3
            }
            Class::Wide(length) => usize::from(length),
            Class::Special => {
                triggers.at_sign(bytes, at, &mut |literal, start, length| {
                    visit(Event::Literal(literal, start, length));
                });
                1
            }
            Class::Alphanumeric => {
                let run = run_at(bytes, at);
                if run.letters > 0 {
                    triggers.at_run(bytes, at, run.end, &mut |literal, start, length| {
                        visit(Event::Literal(literal, start, length));
                    });
                }
                emit(document, &[run], wanted, &mut visit);
                join(document, &mut chain, run, wanted, &mut visit);
                run.length()
            }
        };
    }
}

/// Emits the numbers that end with a run, joined with those before it.
fn join<'t>(
    document: Document<'t>,
    chain: &mut Vec<Run>,
    run: Run,
    wanted: &Wanted,
    visit: &mut impl FnMut(Event<'_, 't>),
) {
    let bytes = document.text.as_bytes();
    let linked = chain.last().is_some_and(|last| links(bytes, *last, run));
    if !linked || !run.joins(bytes) {
        chain.clear();
    }
    if !run.joins(bytes) {
        return;
    }
    if chain.len() == JOINED_RUNS {
        chain.remove(0);
    }
    chain.push(run);
    for first in 0..chain.len() - 1 {
        emit(document, &chain[first..], wanted, visit);
    }
}

/// Whether a run follows another after exactly one space or dash.
fn links(bytes: &[u8], last: Run, run: Run) -> bool {
    last.letters == 0 && run.start == last.end + 1 && matches!(bytes[last.end], b' ' | b'-')
}

fn run_at(bytes: &[u8], start: usize) -> Run {
    let mut run = Run { start, end: start, digits: 0, letters: 0 };
    for byte in &bytes[start..] {
        match byte {
            b'0'..=b'9' => run.digits += 1,
            b'a'..=b'z' | b'A'..=b'Z' => run.letters += 1,
            _ => break,
        }
        run.end += 1;
    }
    run
}

fn emit<'t>(document: Document<'t>, runs: &[Run], wanted: &Wanted, visit: &mut impl FnMut(Event<'_, 't>)) {
    let length: usize = runs.iter().map(|run| run.length()).sum();
    let (Some(first), Some(last)) = (runs.first(), runs.last()) else { return };
    let letters: usize = runs.iter().map(|run| run.letters).sum();
    let shape = match letters {
        0 => Shape::Digits,
        _ if letters == length => Shape::Letters,
        _ => Shape::Mixed,
    };
    if length > RUN_BYTES || !wanted[shape.index()][length] {
        return;
    }
    let mut compact = [0; RUN_BYTES];
    let mut filled = 0;
    for run in runs {
        let source = &document.text.as_bytes()[run.start..run.end];
        compact[filled..filled + source.len()].copy_from_slice(source);
        filled += source.len();
    }
    if letters > 0 {
        compact[..length].make_ascii_uppercase();
    }
    let token = Token { document, start: first.start, end: last.end, shape, joined: runs.len() > 1, compact, length };
    visit(Event::Token(&token));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> Vec<String> {
        let mut all = Vec::new();
        let wanted = [[true; RUN_BYTES + 1]; 3];
        visit_tokens(Document { text, latest_year: 2030 }, &wanted, &Triggers::new(Vec::new()), |event| {
            if let Event::Token(token) = event {
                all.push(String::from_utf8_lossy(token.compact()).into_owned());
            }
        });
        all
    }

    #[test]
    fn literals_are_met_wherever_they_stand() {
        let triggers = Triggers::new(vec!["@", "身份", "password", "ghp_", "://"]);
        let mut met = Vec::new();
        let wanted = [[false; RUN_BYTES + 1]; 3];
        let text = "我的身份a@b，userpassword=1 ghp_x http://y";
        visit_tokens(Document { text, latest_year: 2030 }, &wanted, &triggers, |event| {
            if let Event::Literal(index, start, length) = event {
                met.push((index, &text[start..start + length]));
            }
        });
        assert_eq!(met, [(1, "身份"), (0, "@"), (2, "password"), (3, "ghp_"), (4, "://")]);
    }

    #[test]
    fn joins_digits_over_spaces_and_dashes() {
        assert_eq!(tokens("号183 1586-9232，ab"), ["183", "1586", "1831586", "9232", "18315869232", "15869232", "AB"]);
        assert_eq!(tokens("1  2"), ["1", "2"]);
    }

    #[test]
    fn an_x_ends_a_number() {
        assert!(tokens("110105 19491231 002x").contains(&"11010519491231002X".to_owned()));
    }
}
