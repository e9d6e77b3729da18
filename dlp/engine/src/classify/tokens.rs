//! The runs of letters and digits an identifier can be, and numbers joined from several of them.

use super::survey::Mark;
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
    /// Whether separators were left out of the compact form.
    pub(crate) joined: bool,
    /// Borrowed from the text where that is in compact form already.
    compact: &'t [u8],
}

impl<'t> Token<'t> {
    /// The run in upper case and without separators.
    pub(crate) const fn compact(&self) -> &'t [u8] {
        self.compact
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

/// Letters and digits in a row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Run {
    pub(crate) start: u32,
    pub(crate) end: u32,
    pub(crate) digits: u32,
    pub(crate) letters: u32,
}

impl Run {
    const fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }

    const fn length(self) -> usize {
        (self.end - self.start) as usize
    }

    /// Digits, or digits with an X at the end as in an identity number.
    fn joins(self, bytes: &[u8]) -> bool {
        self.letters == 0
            || (self.letters == 1 && matches!(bytes[self.end as usize - 1], b'x' | b'X') && self.digits > 1)
    }
}

/// What decides, before a run is looked at, who asks for it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outline {
    pub(crate) shape: Shape,
    pub(crate) length: usize,
    pub(crate) joined: bool,
    /// The first byte of the run, in upper case.
    pub(crate) first: u8,
    /// The bytes before and after the run.
    pub(crate) previous: Option<u8>,
    pub(crate) next: Option<u8>,
}

/// Who asks for a run. Most runs end here, because nobody does.
pub(crate) trait Wanted {
    type Askers;

    fn asks(&self, outline: Outline) -> Option<Self::Askers>;
}

/// What a text yields.
pub(crate) enum Event<'e, A> {
    /// A run or a joined number, and who asks for it.
    Token(&'e Token<'e>, A),
    /// A literal: its index and its place.
    Literal(usize, usize),
}

/// Calls `visit` with every run of at most [`RUN_BYTES`] bytes, every joined number and every literal. Linear: each
/// run takes part in at most [`JOINED_RUNS`] joined numbers, and in one that is spelled out.
pub(crate) fn visit_tokens<W: Wanted>(
    document: Document<'_>,
    marks: &[Mark],
    wanted: &W,
    mut visit: impl FnMut(Event<'_, W::Askers>),
) {
    let mut chain: Vec<Run> = Vec::with_capacity(JOINED_RUNS);
    let mut spelled: Vec<Run> = Vec::new();
    for mark in marks {
        match mark {
            Mark::Literal { literal, start } => visit(Event::Literal(*literal as usize, *start as usize)),
            Mark::Run(run) => {
                single(document, *run, wanted, &mut visit);
                join(document, &mut chain, *run, wanted, &mut visit);
                spell(document, &mut spelled, *run, wanted, &mut visit);
            }
        }
    }
    spelled_out(document, &spelled, wanted, &mut visit);
}

/// Collects digits that stand by themselves, `1 3 8 0 0 1 3 8 0 0 0`, and emits the number once another thing follows.
fn spell<W: Wanted>(
    document: Document<'_>,
    spelled: &mut Vec<Run>,
    run: Run,
    wanted: &W,
    visit: &mut impl FnMut(Event<'_, W::Askers>),
) {
    let digit = run.letters == 0 && run.length() == 1;
    let goes_on = digit && spelled.last().is_some_and(|last| links(document.text.as_bytes(), *last, run));
    if !goes_on {
        spelled_out(document, spelled, wanted, visit);
        spelled.clear();
    }
    if digit {
        spelled.push(run);
    }
}

/// Emits digits as one number; fewer of them are joined as any runs are.
fn spelled_out<W: Wanted>(
    document: Document<'_>,
    spelled: &[Run],
    wanted: &W,
    visit: &mut impl FnMut(Event<'_, W::Askers>),
) {
    if (JOINED_RUNS + 1..=RUN_BYTES).contains(&spelled.len()) {
        emit(document, spelled, wanted, visit);
    }
}

/// Emits the numbers that end with a run, joined with those before it.
fn join<W: Wanted>(
    document: Document<'_>,
    chain: &mut Vec<Run>,
    run: Run,
    wanted: &W,
    visit: &mut impl FnMut(Event<'_, W::Askers>),
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
    last.letters == 0 && run.start == last.end + 1 && matches!(bytes[last.end as usize], b' ' | b'-')
}

fn shape(letters: u32, length: usize) -> Shape {
    match letters as usize {
        0 => Shape::Digits,
        letters if letters == length => Shape::Letters,
        _ => Shape::Mixed,
    }
}

fn outline(bytes: &[u8], (head, last): (Run, Run), shape: Shape, length: usize, joined: bool) -> Outline {
    let start = head.start as usize;
    let previous = start.checked_sub(1).and_then(|at| bytes.get(at)).copied();
    let next = bytes.get(last.end as usize).copied();
    Outline { shape, length, joined, first: bytes[start].to_ascii_uppercase(), previous, next }
}

/// Emits one run: most are of no length that anybody asks for.
fn single<W: Wanted>(document: Document<'_>, run: Run, wanted: &W, visit: &mut impl FnMut(Event<'_, W::Askers>)) {
    let (length, shape) = (run.length(), shape(run.letters, run.length()));
    let bytes = document.text.as_bytes();
    if length > RUN_BYTES {
        return;
    }
    let Some(askers) = wanted.asks(outline(bytes, (run, run), shape, length, false)) else { return };
    let mut room = [0; RUN_BYTES];
    let written = &bytes[run.range()];
    let compact = if run.letters > 0 {
        room[..length].copy_from_slice(written);
        room[..length].make_ascii_uppercase();
        &room[..length]
    } else {
        written
    };
    let (start, end) = (run.start as usize, run.end as usize);
    visit(Event::Token(&Token { document, start, end, joined: false, compact }, askers));
}

/// Emits a number joined from several runs.
fn emit<W: Wanted>(document: Document<'_>, runs: &[Run], wanted: &W, visit: &mut impl FnMut(Event<'_, W::Askers>)) {
    let (Some(head), Some(last)) = (runs.first(), runs.last()) else { return };
    let (mut length, mut letters) = (0, 0);
    for run in runs {
        (length, letters) = (length + run.length(), letters + run.letters);
    }
    let (shape, bytes) = (shape(letters, length), document.text.as_bytes());
    if length > RUN_BYTES {
        return;
    }
    let Some(askers) = wanted.asks(outline(bytes, (*head, *last), shape, length, true)) else { return };
    let mut room = [0; RUN_BYTES];
    let compact = compacted(bytes, runs, &mut room);
    compact.make_ascii_uppercase();
    let token = Token { document, start: head.start as usize, end: last.end as usize, joined: true, compact };
    visit(Event::Token(&token, askers));
}

/// Runs without what stands between them. They fit the room.
fn compacted<'r>(bytes: &[u8], runs: &[Run], room: &'r mut [u8; RUN_BYTES]) -> &'r mut [u8] {
    let mut filled = 0;
    for run in runs {
        room[filled..filled + run.length()].copy_from_slice(&bytes[run.range()]);
        filled += run.length();
    }
    &mut room[..filled]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::survey::{Patterns, Survey};

    struct Everything;

    impl Wanted for Everything {
        type Askers = ();

        fn asks(&self, _: Outline) -> Option<()> {
            Some(())
        }
    }

    fn tokens(text: &str) -> Vec<String> {
        let mut all = Vec::new();
        let mut survey = Survey::default();
        Patterns::new(&[], &[]).survey(text, &mut survey);
        let marks = survey.marks;
        visit_tokens(Document { text, latest_year: 2030 }, &marks, &Everything, |event| {
            if let Event::Token(token, ()) = event {
                all.push(String::from_utf8_lossy(token.compact()).into_owned());
            }
        });
        all
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
