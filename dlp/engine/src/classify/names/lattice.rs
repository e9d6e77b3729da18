//! The likeliest reading of a run of Chinese characters as words and names (a lattice decoded by Viterbi's algorithm).

use super::evidence::{self, Evidence};
use super::model::MODEL;

/// What a name must be likelier than other readings, in tenths of a bit: a false alarm costs more than a miss.
const CAUTION: i32 = 12;
/// Cost of finding a transliterated name, and its shortest and longest form in characters.
const SOUNDS: (i32, usize, usize) = (95, 2, 8);

/// A name in a run of characters.
#[derive(Debug, Clone, Copy)]
pub(super) struct Name {
    pub(super) first: usize,
    pub(super) last: usize,
    /// How much likelier the name is than words at its place, context included, in tenths of a bit.
    pub(super) score: i32,
    pub(super) evidence: Evidence,
    /// Transliterated: made of sounds, without a surname.
    pub(super) sounds: bool,
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Word(usize),
    Name(Name),
}

/// A run of characters of three bytes each, and where it stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run<'t> {
    pub(super) text: &'t str,
    pub(super) start: usize,
    pub(super) characters: &'t [char],
    /// Evidence that a header of the column gives.
    pub(super) announced: i32,
}

impl Run<'_> {
    pub(super) fn offset(&self, index: usize) -> usize {
        self.start + index * 3
    }
}

/// Buffers kept from run to run.
#[derive(Debug, Default)]
pub(super) struct Lattice {
    /// Cheapest cost of the words up to each place.
    plain: Vec<i32>,
    /// The same with names, and the step that leads there.
    best: Vec<(i32, Step)>,
}

impl Lattice {
    /// The names of the likeliest reading.
    pub(super) fn read(&mut self, run: Run<'_>, mut report: impl FnMut(Name)) {
        let all = run.characters.len();
        self.plain.clear();
        self.plain.resize(all + 1, i32::MAX / 2);
        self.best.clear();
        self.best.resize(all + 1, (i32::MAX / 2, Step::Word(1)));
        self.plain[0] = 0;
        self.best[0].0 = 0;
        for at in 0..all {
            self.words(run, at);
            self.names(run, at);
            self.sounds(run, at);
        }
        let mut at = all;
        while at > 0 {
            match self.best[at].1 {
                Step::Word(length) => at -= length,
                Step::Name(name) => {
                    let words = self.plain[name.last] - self.plain[name.first];
                    report(Name { score: words - name.score, ..name });
                    at = name.first;
                }
            }
        }
    }

    fn words(&mut self, run: Run<'_>, at: usize) {
        let (plain, best) = (self.plain[at], self.best[at].0);
        MODEL.words_at(&run.characters[at..], |length, cost| {
            let end = at + length;
            self.plain[end] = self.plain[end].min(plain + cost);
            if best + cost < self.best[end].0 {
                self.best[end] = (best + cost, Step::Word(length));
            }
        });
    }

    fn names(&mut self, run: Run<'_>, at: usize) {
        let from = self.best[at].0;
        let mut left = None;
        MODEL.names_at(&run.characters[at..], |length, cost| {
            let left = *left.get_or_insert_with(|| evidence::left(run, at));
            let evidence = left.with(evidence::right(run, at + length));
            let cost = cost + CAUTION - evidence.weight();
            self.offer(from, Name { first: at, last: at + length, score: cost, evidence, sounds: false });
        });
    }

    fn offer(&mut self, from: i32, name: Name) {
        if from + name.score < self.best[name.last].0 {
            self.best[name.last] = (from + name.score, Step::Name(name));
        }
    }

    /// A chain of sounds takes its characters away from names with a surname; it is reported only with evidence.
    fn sounds(&mut self, run: Run<'_>, at: usize) {
        let (base, shortest, longest) = SOUNDS;
        let from = self.best[at].0;
        let mut cost = base;
        let mut left = None;
        for (index, c) in run.characters[at..].iter().take(longest).enumerate() {
            let Some(sound) = MODEL.lone_sound(*c) else { return };
            cost += sound;
            let length = index + 1;
            if length >= shortest {
                let left = *left.get_or_insert_with(|| evidence::left(run, at));
                let evidence = left.with(evidence::right(run, at + length));
                let name = Name { first: at, last: at + length, score: cost, evidence, sounds: true };
                self.offer(from, name);
            }
        }
    }
}
