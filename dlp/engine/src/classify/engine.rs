//! The engine: settings and rules compiled once, then shared by all threads.

use super::context::{ContextWords, Identifiers, Neighbourhood, Verdict};
use super::grading::Template;
use super::identifiers::{Detect, Found, IDENTIFIERS, Identifier, Runs};
use super::resolve::resolve;
use super::survey::{Patterns, Survey};
use super::tokens::{Document, Event, Outline, Token, Wanted, visit_tokens};
use super::{Classification, Match, Why, addresses, names};
use crate::limits::{PIECE_BYTES, RUN_BYTES};
use crate::normalize::Normalized;
use crate::{ContentHint, EngineError, EngineSettings, Rules, decode};

/// Compiled detectors, dictionaries and grading template. Immutable, `Send + Sync`; share it in an `Arc`.
#[derive(Debug)]
pub struct Engine {
    settings: EngineSettings,
    identifiers: Vec<&'static Identifier>,
    /// Their checks in the same order, close together, because every run goes through some of them.
    checks: Vec<Check>,
    /// For each shape and length of a run, the identifiers that can have it.
    by_shape: [Vec<Possible>; 3],
    /// For each byte after a run, and for the end of a text, the identifiers that the run can be.
    by_next: Vec<Identifiers>,
    /// The same for each byte before a run, and for the start of a text.
    by_previous: Vec<Identifiers>,
    /// Identifiers that numbers joined from several runs can be.
    joined: Identifiers,
    /// For each byte a run begins with, the identifiers that it can be.
    by_first: Vec<Identifiers>,
    /// The least confidence with which each identifier is reported; more than there is for those that are not.
    least: Vec<u8>,
    patterns: Patterns,
    /// The identifiers of each anchor literal.
    anchored: Vec<Vec<Anchor>>,
    context: ContextWords,
    template: Template,
}

/// What tells whether a run is a value of an identifier; never called for those that are not found in runs.
type Check = fn(&Token<'_>) -> Option<Found>;

/// Identifiers that a run can be.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Possible {
    /// Those that can count by themselves.
    alone: Identifiers,
    /// Those that count only beside a word for them.
    announced: Identifiers,
}

/// An identifier that begins or stands around a literal.
#[derive(Debug, Clone, Copy)]
struct Anchor {
    identifier: usize,
    length: usize,
    find: fn(Document<'_>, usize, usize) -> Option<Found>,
}

/// A candidate in the normal form of a text, before overlaps are resolved.
#[derive(Debug, Clone)]
pub(crate) struct Candidate {
    pub(crate) data_type: &'static str,
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) confidence: u8,
    pub(crate) why: &'static str,
    pub(crate) verdict: Verdict,
}

impl Engine {
    /// Compiles an engine.
    ///
    /// # Errors
    /// When a rule file can't be read or the settings name a template or a type that does not exist.
    pub fn new(settings: EngineSettings, rules: &Rules) -> Result<Self, EngineError> {
        check_types(&settings)?;
        let template = Template::choose(&settings.template, rules)?;
        let identifiers: Vec<_> = IDENTIFIERS
            .iter()
            .copied()
            .flatten()
            .filter(|known| !settings.disabled.iter().any(|off| off == known.name))
            .collect();
        let (literals, anchored) = anchor_literals(&identifiers);
        let broken = |reason: &str| EngineError::Rule { file: "identifiers".to_owned(), reason: reason.to_owned() };
        let context = ContextWords::new(&identifiers).ok_or_else(|| broken("the context words are too many"))?;
        let by_shape = dispatch(&identifiers);
        let least = identifiers.iter().map(|known| least_confidence(&settings, known.name)).collect();
        let patterns = Patterns::new(&literals, &context.texts());
        let neighbours = || (0..=u8::MAX).map(Some).chain([None]);
        let by_next = neighbours().map(|next| runs(&identifiers, |run| run.precedes(next))).collect();
        let by_previous = neighbours().map(|previous| runs(&identifiers, |run| run.follows(previous))).collect();
        let by_first = (0..=u8::MAX).map(|first| runs(&identifiers, |run| run.begins(first))).collect();
        let checks = identifiers.iter().map(|known| known.detect.check()).collect();
        Ok(Self {
            checks,
            by_shape,
            by_next,
            by_previous,
            joined: runs(&identifiers, |run| run.joined),
            by_first,
            least,
            patterns,
            settings,
            identifiers,
            anchored,
            context,
            template,
        })
    }

    /// The settings the engine was made with.
    #[must_use]
    pub const fn settings(&self) -> &EngineSettings {
        &self.settings
    }

    /// Every type the engine can report, with its name in Chinese, in the order of the registry.
    #[must_use]
    pub fn data_types() -> Vec<(&'static str, &'static str)> {
        let mut all = vec![("person_name", "姓名"), ("address", "地址")];
        for identifier in IDENTIFIERS.iter().copied().flatten() {
            if !all.iter().any(|(name, _)| *name == identifier.name) {
                all.push((identifier.name, identifier.label));
            }
        }
        all
    }

    /// Sensitive values of a text in order of their place. Linear in the length of the text.
    #[must_use]
    pub fn scan_text(&self, text: &str) -> Vec<Match> {
        let mut matches = Vec::new();
        self.each_match(text, None, |found| matches.push(found));
        matches
    }

    /// Sensitive values of a cell or field whose column header or key is known.
    #[must_use]
    pub fn scan_value(&self, value: &str, header: &str) -> Vec<Match> {
        let mut matches = Vec::new();
        self.each_match(value, Some(header), |found| matches.push(found));
        matches
    }

    /// Hands out sensitive values in order of their place, and keeps none of them: for texts of any length, of which a dense
    /// one holds more matches than bytes can be spared for. `header` is the column's or key, where there is one.
    pub fn each_match(&self, text: &str, header: Option<&str>, mut visit: impl FnMut(Match)) {
        let mut rest = text;
        let mut offset = 0;
        let mut room = Room::default();
        while !rest.is_empty() {
            let cut = piece(rest);
            self.scan_piece(&rest[..cut], header, &mut room, |mut found| {
                found.start += offset;
                found.end += offset;
                visit(found);
            });
            offset += cut;
            rest = &rest[cut..];
        }
    }

    /// Decodes content, scans it and grades the whole. `None` when it is no text or holds nothing sensitive.
    #[must_use]
    pub fn classify(&self, bytes: &[u8], hint: &ContentHint) -> Option<Classification> {
        let text = decode(bytes, hint)?;
        let mut samples = Vec::new();
        self.each_match(&text, hint.field.as_deref(), |found| {
            super::add_sample(&mut samples, &found, text.get(found.start..found.end).unwrap_or_default());
        });
        self.grade_samples(samples)
    }

    /// Grade and basis of samples that were collected over several texts; `None` without samples.
    #[must_use]
    pub fn grade_samples(&self, samples: Vec<fengsui_schema::FindingSample>) -> Option<Classification> {
        let (grade, grade_basis) = self.template.grade(&samples)?;
        Some(Classification { samples, grade, grade_basis })
    }

    /// The category and grade the template gives to one type of data.
    #[must_use]
    pub fn grade_of_type(&self, data_type: &str) -> (&str, fengsui_schema::DataGrade) {
        self.template.of_type(data_type)
    }

    /// The grade of what a masking function makes of data of a grade, and why.
    #[must_use]
    pub fn derived_grade(
        &self,
        original: fengsui_schema::DataGrade,
        function: &str,
    ) -> (fengsui_schema::DataGrade, String) {
        self.template.derived(original, function)
    }

    /// What the template's own standard calls a grade, if it has names of its own.
    #[must_use]
    pub fn local_grade(&self, grade: fengsui_schema::DataGrade) -> Option<&str> {
        self.template.local_name(grade)
    }

    /// Scans one piece; the room is lent from piece to piece.
    fn scan_piece(&self, text: &str, header: Option<&str>, room: &mut Room, mut visit: impl FnMut(Match)) {
        let normalized = self.patterns.survey(text, &mut room.survey);
        let document = Document { text: &normalized.text, latest_year: self.settings.latest_year };
        room.candidates.clear();
        self.identifiers(document, &room.survey, header, &mut room.candidates);
        let others = room.candidates.len();
        if self.settings.addresses {
            addresses::find(document.text, header, &mut room.candidates);
        }
        if self.settings.names {
            names::find(document.text, header, &mut room.candidates);
        }
        if room.candidates.len() > others {
            room.candidates.retain(|candidate| self.passes(candidate));
        }
        resolve(&mut room.candidates, |candidate| visit(to_match(candidate, &normalized)));
    }

    fn passes(&self, candidate: &Candidate) -> bool {
        candidate.confidence >= least_confidence(&self.settings, candidate.data_type)
    }

    fn identifiers(
        &self,
        document: Document<'_>,
        survey: &Survey,
        header: Option<&str>,
        candidates: &mut Vec<Candidate>,
    ) {
        let mut seen = self.context.neighbourhood(&survey.words, header);
        visit_tokens(document, &survey.marks, self, |event| match event {
            Event::Token(token, possible) => {
                seen.reach(token.start);
                self.token(token, possible, &seen, candidates);
            }
            Event::Literal(literal, start) => {
                seen.reach(start);
                for anchor in &self.anchored[literal] {
                    let found = (anchor.find)(document, start, anchor.length);
                    candidates.extend(found.and_then(|found| self.weigh(document, &seen, anchor.identifier, found)));
                }
            }
        });
    }

    /// Identifiers that a run can be by what it looks like from afar.
    fn possible(&self, run: Outline) -> Possible {
        let possible = &self.by_shape[run.shape.index()][run.length];
        let mut beside = self.by_next[beside(run.next)].shared(self.by_previous[beside(run.previous)]);
        beside = beside.shared(self.by_first[usize::from(run.first)]);
        if run.joined {
            beside = beside.shared(self.joined);
        }
        Possible { alone: possible.alone.shared(beside), announced: possible.announced.shared(beside) }
    }

    fn token(&self, token: &Token<'_>, possible: Possible, seen: &Neighbourhood<'_>, candidates: &mut Vec<Candidate>) {
        let mut chosen = possible.alone;
        let around = self.context.announced(seen, (token.start, token.end));
        chosen.add(possible.announced.shared(around));
        for index in chosen.iter() {
            let Some(found) = self.checks[index](token) else { continue };
            if !found.needs_context || around.contains(index) {
                candidates.extend(self.weigh(token.document, seen, index, found));
            }
        }
    }

    /// Confidence from structure and context: a word for it closes most of the gap to certainty, a word against
    /// it takes a third away unless a checksum speaks for it, and Chinese around a bare number helps a little.
    fn weigh(&self, document: Document<'_>, seen: &Neighbourhood<'_>, index: usize, found: Found) -> Option<Candidate> {
        let verdict = match self.context.names(seen, index) {
            Some(word) => Verdict { positive: Some(word), negative: None },
            None => self.context.verdict(document, seen, (found.start, found.end), index),
        };
        if found.needs_context && verdict.positive.is_none() {
            return None;
        }
        let base = i32::from(found.confidence);
        let strong = base >= 78;
        let raised = match (verdict.positive, verdict.negative) {
            (Some(_), _) => base + (99 - base) * 6 / 10,
            (None, Some(_)) => base - if strong { 10 } else { 30 },
            (None, None) if chinese_around(document.text, found.start, found.end) => base + if strong { 4 } else { 12 },
            (None, None) => base,
        };
        let attached = verdict.positive.is_none() && !strong && glued(document.text, found.start, found.end);
        let confidence = u8::try_from((raised - if attached { 25 } else { 0 }).clamp(0, 99)).unwrap_or(0);
        if confidence < self.least[index] {
            return None;
        }
        let data_type = self.identifiers[index].name;
        Some(Candidate { data_type, start: found.start, end: found.end, confidence, why: found.why, verdict })
    }
}

impl Wanted for Engine {
    type Askers = Possible;

    fn asks(&self, run: Outline) -> Option<Possible> {
        Some(self.possible(run)).filter(Possible::any)
    }
}

/// The place of a byte beside a run, or of the end of the text, in a table.
fn beside(byte: Option<u8>) -> usize {
    byte.map_or(usize::from(u8::MAX) + 1, usize::from)
}

/// What pieces of a text lend each other, so that it is not asked for again.
#[derive(Debug, Default)]
struct Room {
    survey: Survey,
    candidates: Vec<Candidate>,
}

/// The least confidence with which a type is reported; more than there is when it is switched off.
fn least_confidence(settings: &EngineSettings, data_type: &str) -> u8 {
    let own = settings.thresholds.get(data_type).copied();
    let off = settings.disabled.iter().any(|off| off == data_type);
    if off { u8::MAX } else { own.unwrap_or(settings.threshold) }
}

fn check_types(settings: &EngineSettings) -> Result<(), EngineError> {
    let known = Engine::data_types();
    let named = settings.thresholds.keys().chain(&settings.disabled);
    let unknown = named.into_iter().find(|name| !known.iter().any(|(known, _)| known == name));
    unknown.map_or(Ok(()), |name| {
        let names: Vec<_> = known.iter().map(|(name, _)| *name).collect();
        Err(EngineError::Unknown {
            kind: "data type",
            name: fengsui_schema::shown(name).to_string(),
            known: names.join(", "),
        })
    })
}

impl Possible {
    const fn any(&self) -> bool {
        !self.alone.is_empty() || !self.announced.is_empty()
    }
}

fn dispatch(identifiers: &[&'static Identifier]) -> [Vec<Possible>; 3] {
    let mut table = std::array::from_fn(|_| vec![Possible::default(); RUN_BYTES + 1]);
    for (index, identifier) in identifiers.iter().enumerate() {
        let (Detect::Run(run) | Detect::Announced(run)) = &identifier.detect else { continue };
        let announced = matches!(identifier.detect, Detect::Announced(_));
        for shape in run.shapes {
            let lengths: &mut Vec<Possible> = &mut table[shape.index()];
            for possible in &mut lengths[run.shortest..=run.longest] {
                if announced { possible.announced.insert(index) } else { possible.alone.insert(index) }
            }
        }
    }
    table
}

/// Identifiers whose runs are such.
fn runs(identifiers: &[&'static Identifier], fits: impl Fn(&Runs) -> bool) -> Identifiers {
    let mut possible = Identifiers::default();
    for (index, identifier) in identifiers.iter().enumerate() {
        if let Detect::Run(run) | Detect::Announced(run) = &identifier.detect
            && fits(run)
        {
            possible.insert(index);
        }
    }
    possible
}

fn anchor_literals(identifiers: &[&'static Identifier]) -> (Vec<&'static str>, Vec<Vec<Anchor>>) {
    let mut literals: Vec<&'static str> = Vec::new();
    let mut owners: Vec<Vec<Anchor>> = Vec::new();
    for (identifier, known) in identifiers.iter().enumerate() {
        let Detect::Anchor { literals: own, find } = &known.detect else { continue };
        for literal in *own {
            let at = literals.iter().position(|known| known == literal).unwrap_or_else(|| {
                literals.push(literal);
                owners.push(Vec::new());
                literals.len() - 1
            });
            owners[at].push(Anchor { identifier, length: literal.len(), find: *find });
        }
    }
    (literals, owners)
}

/// Length of the next piece: the whole rest, or up to the last line break or other sign before the limit.
fn piece(rest: &str) -> usize {
    if rest.len() <= PIECE_BYTES {
        return rest.len();
    }
    let limit = super::context::floor(rest, PIECE_BYTES);
    let bytes = &rest.as_bytes()[..limit];
    let line = memchr::memrchr(b'\n', bytes);
    let sign = || bytes.iter().rposition(|byte| byte.is_ascii_whitespace() || byte.is_ascii_punctuation());
    line.or_else(sign).map_or(limit, |at| at + 1)
}

/// Whether a Chinese character stands directly beside a candidate or one space or colon away.
fn chinese_around(text: &str, start: usize, end: usize) -> bool {
    let chinese = |c: char| matches!(c, '\u{4e00}'..='\u{9fff}' | '，' | '。' | '；' | '：' | '、' | '（' | '）');
    let before = text.get(..start).is_some_and(|text| text.trim_end_matches([' ', ':']).ends_with(chinese));
    before || text.get(end..).is_some_and(|text| text.trim_start_matches(' ').starts_with(chinese))
}

/// Whether a candidate is a part of something longer: a path, a UUID, a file name, a decimal number.
fn glued(text: &str, start: usize, end: usize) -> bool {
    let bytes = text.as_bytes();
    let at = |index: Option<usize>| index.and_then(|index| bytes.get(index)).copied();
    let beside = |near: Option<usize>, far: Option<usize>| match (at(near), at(far)) {
        (Some(b'-' | b'_' | b'.' | b'#' | b'='), Some(far)) => far.is_ascii_alphanumeric(),
        // A slash parts the fields of a hasty note; only beside letters is it a path.
        (Some(b'/' | b'\\'), Some(far)) => far.is_ascii_alphabetic(),
        _ => false,
    };
    beside(start.checked_sub(1), start.checked_sub(2)) || beside(Some(end), Some(end + 1))
}

fn to_match(candidate: &Candidate, normalized: &Normalized<'_>) -> Match {
    let range = normalized.original(candidate.start..candidate.end);
    Match {
        data_type: candidate.data_type,
        start: range.start,
        end: range.end,
        confidence: candidate.confidence,
        why: Why { checked: candidate.why, verdict: candidate.verdict },
    }
}
