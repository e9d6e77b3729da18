//! `content` and its modifiers, `isdataat`, `bsize`.

use memchr::memmem::Finder;

use crate::draft::Draft;
use crate::keywords::{Keyword, keyword, parts, without_value};
use crate::number::Comparison;
use crate::rule::{Operand, Test};
use crate::syntax::{pattern_bytes, quoted};

pub(crate) const KEYWORDS: &[Keyword] = &[
    keyword("content", content),
    keyword("nocase", |draft, value| {
        without_value(value)?;
        draft.last_content()?.nocase = true;
        Ok(())
    }),
    keyword("depth", |draft, value| place(draft, value, |content| &mut content.depth)),
    keyword("offset", |draft, value| place(draft, value, |content| &mut content.offset)),
    keyword("distance", |draft, value| place(draft, value, |content| &mut content.distance)),
    keyword("within", |draft, value| place(draft, value, |content| &mut content.within)),
    keyword("startswith", |draft, value| {
        without_value(value)?;
        draft.last_content()?.starts_with = true;
        Ok(())
    }),
    keyword("endswith", |draft, value| {
        without_value(value)?;
        draft.last_content()?.ends_with = true;
        Ok(())
    }),
    keyword("rawbytes", |draft, value| {
        without_value(value)?;
        draft.last_content().map(|_| ())
    }),
    keyword("fast_pattern", fast_pattern),
    keyword("isdataat", data_at),
    keyword("bsize", |draft, value| {
        let size = Comparison::parse(value)?;
        draft.push(Test::Size(size));
        Ok(())
    }),
];

/// A byte pattern and where it may be.
#[derive(Debug)]
pub(crate) struct Content {
    pub(crate) pattern: Vec<u8>,
    pub(crate) negated: bool,
    pub(crate) nocase: bool,
    pub(crate) depth: Option<Operand>,
    pub(crate) offset: Option<Operand>,
    pub(crate) distance: Option<Operand>,
    pub(crate) within: Option<Operand>,
    pub(crate) starts_with: bool,
    pub(crate) ends_with: bool,
    pub(crate) fast: Option<FastPattern>,
    pub(crate) searcher: Searcher,
}

/// What `fast_pattern` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct FastPattern {
    /// The prefilter's answer is all there is to know (`only`).
    pub(crate) only: bool,
    /// Part of the pattern to use: offset and length.
    pub(crate) part: Option<(usize, usize)>,
}

/// How a pattern is looked for.
#[derive(Debug, Default)]
pub(crate) enum Searcher {
    #[default]
    Unprepared,
    /// Vectorised search of exact bytes.
    Exact(Box<Finder<'static>>),
    /// Search of the rarest byte in both cases, then comparison; the position of that byte.
    AnyCase(usize),
}

/// More bytes than any buffer has.
const ANY_LENGTH: usize = 1 << 30;

impl Content {
    pub(crate) const fn is_relative(&self) -> bool {
        self.distance.is_some() || self.within.is_some()
    }

    pub(crate) fn uses_variables(&self) -> bool {
        let operands = [self.depth, self.offset, self.distance, self.within];
        operands.iter().flatten().any(|operand| operand.is_variable())
    }

    /// Where the pattern has to be, when there is one place only.
    pub(crate) fn pinned(&self) -> Option<usize> {
        let moves =
            self.is_relative() || self.uses_variables() || self.ends_with || self.fast.is_some_and(|fast| fast.only);
        let (low, high) = self.bounds(0, ANY_LENGTH, &[]).filter(|_| !self.negated && !moves)?;
        (high - low == self.pattern.len()).then_some(low)
    }

    /// Makes ready to search, when all modifiers are known.
    pub(crate) fn prepare(&mut self) {
        self.searcher = if self.nocase {
            self.pattern.make_ascii_lowercase();
            let rarest = (0..self.pattern.len()).min_by_key(|index| commonness(self.pattern[*index]));
            Searcher::AnyCase(rarest.unwrap_or(0))
        } else {
            Searcher::Exact(Box::new(Finder::new(&self.pattern).into_owned()))
        };
    }

    /// First and past-the-last byte the match may touch, when there is room at all.
    pub(crate) fn bounds(&self, cursor: usize, length: usize, variables: &[i64]) -> Option<(usize, usize)> {
        let size = i64::try_from(length).ok()?;
        let cursor = i64::try_from(cursor).ok()?;
        let value = |operand: Option<Operand>| operand.map(|operand| operand.value(variables));
        let (mut low, mut high) = (0, size);
        if self.is_relative() {
            let distance = value(self.distance).unwrap_or(0);
            low = cursor.saturating_add(distance).max(0);
            if let Some(within) = value(self.within) {
                high = high.min(cursor.saturating_add(distance).saturating_add(within));
            }
        }
        let base = if self.is_relative() { cursor } else { 0 };
        let offset = value(self.offset).unwrap_or(0);
        low = low.max(offset);
        if let Some(depth) = value(self.depth) {
            high = high.min(base.saturating_add(offset).saturating_add(depth));
        }
        let pattern = i64::try_from(self.pattern.len()).ok()?;
        if self.starts_with {
            low = low.max(base);
            high = high.min(low.saturating_add(pattern));
        }
        if self.ends_with {
            if high < size {
                return None;
            }
            low = low.max(size - pattern);
        }
        let (low, high) = (usize::try_from(low).ok()?, usize::try_from(high).ok()?);
        (low.checked_add(self.pattern.len())? <= high).then_some((low, high))
    }

    /// First match within the bounds; `cost` grows by the bytes looked at.
    pub(crate) fn find(&self, buffer: &[u8], (low, high): (usize, usize), cost: &mut u64) -> Option<usize> {
        let window = buffer.get(low..high)?;
        let length = self.pattern.len();
        if window.len() == length {
            *cost += length as u64;
            return self.equals(window).then_some(low);
        }
        let found = match &self.searcher {
            Searcher::AnyCase(rarest) => find_any_case(window, &self.pattern, *rarest, cost),
            Searcher::Exact(finder) => finder.find(window),
            Searcher::Unprepared => memchr::memmem::find(window, &self.pattern),
        };
        *cost += found.map_or(window.len(), |at| at + length) as u64;
        found.map(|at| low + at)
    }

    fn equals(&self, bytes: &[u8]) -> bool {
        if self.nocase { bytes.eq_ignore_ascii_case(&self.pattern) } else { bytes == self.pattern }
    }
}

fn find_any_case(window: &[u8], pattern: &[u8], rarest: usize, cost: &mut u64) -> Option<usize> {
    let byte = *pattern.get(rarest)?;
    let last = window.len().checked_sub(pattern.len())?;
    let anchors = window.get(rarest..=last + rarest)?;
    for at in memchr::memchr2_iter(byte, byte.to_ascii_uppercase(), anchors) {
        let candidate = &window[at..at + pattern.len()];
        if candidate.eq_ignore_ascii_case(pattern) {
            return Some(at);
        }
        *cost += common_prefix(candidate, pattern);
        if *cost > crate::limits::INSPECTION_BYTES {
            return None;
        }
    }
    None
}

/// What a failed comparison has cost at least: the bytes that were equal.
fn common_prefix(candidate: &[u8], pattern: &[u8]) -> u64 {
    let equal = candidate.iter().zip(pattern).take_while(|(a, b)| a.eq_ignore_ascii_case(b)).count();
    equal as u64
}

/// How common a byte is in traffic, roughly: 0 is rare.
pub(crate) const fn commonness(byte: u8) -> u8 {
    match byte {
        b' ' | b'e' | 0 => 9,
        b't' | b'a' | b'o' | b'i' | b'n' | b's' | b'r' | b'/' | b'.' => 8,
        b'h' | b'l' | b'd' | b'c' | b'u' | b'm' | b'p' | b'-' | b'=' => 7,
        b'0'..=b'9' | b'f' | b'g' | b'w' | b'b' | b'y' | b':' | b'\r' | b'\n' | 0xff => 6,
        b'v' | b'k' | b'x' | b'"' | b'<' | b'>' | b',' | b';' | b'&' | b'_' => 5,
        b'A'..=b'Z' | b'j' | b'q' | b'z' => 4,
        b'!'..=b'~' => 3,
        1..=31 => 2,
        _ => 1,
    }
}

fn content(draft: &mut Draft<'_>, value: &str) -> Result<(), String> {
    let quoted = quoted(value)?;
    let pattern = pattern_bytes(quoted.inner)?;
    draft.push(Test::Content(plain_content(&pattern, quoted.negated)));
    Ok(())
}

/// A pattern that may be anywhere.
pub(crate) fn plain_content(pattern: &[u8], negated: bool) -> Content {
    Content {
        pattern: pattern.to_vec(),
        negated,
        nocase: false,
        depth: None,
        offset: None,
        distance: None,
        within: None,
        starts_with: false,
        ends_with: false,
        fast: None,
        searcher: Searcher::Unprepared,
    }
}

fn place(draft: &mut Draft<'_>, value: &str, field: fn(&mut Content) -> &mut Option<Operand>) -> Result<(), String> {
    let operand = draft.operand(value)?;
    let place = field(draft.last_content()?);
    if place.is_some() {
        return Err("stands twice for one content".to_owned());
    }
    *place = Some(operand);
    Ok(())
}

fn fast_pattern(draft: &mut Draft<'_>, value: &str) -> Result<(), String> {
    let fast = match value {
        "" => FastPattern::default(),
        "only" => FastPattern { only: true, part: None },
        part => {
            let (offset, length) = part.split_once(',').ok_or("takes nothing, only or offset,length")?;
            let number = |text: &str| text.trim().parse::<usize>().map_err(|_| format!("{text} is no number"));
            FastPattern { only: false, part: Some((number(offset)?, number(length)?)) }
        }
    };
    let content = draft.last_content()?;
    let fits = |(offset, length): (usize, usize)| {
        length > 0 && offset.checked_add(length).is_some_and(|end| end <= content.pattern.len())
    };
    if fast.part.is_some_and(|part| !fits(part)) {
        return Err("the part lies outside the content".to_owned());
    }
    content.fast = Some(fast);
    Ok(())
}

/// Whether there are bytes that far behind the cursor or the start.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DataAt {
    pub(crate) distance: Operand,
    pub(crate) relative: bool,
    pub(crate) negated: bool,
}

impl DataAt {
    pub(crate) fn holds(&self, cursor: usize, length: usize, variables: &[i64]) -> bool {
        let (cursor, length) = (i64::try_from(cursor).unwrap_or(i64::MAX), i64::try_from(length).unwrap_or(i64::MAX));
        let distance = self.distance.value(variables);
        let there = if self.relative { cursor.saturating_add(distance) <= length } else { distance < length };
        there != self.negated
    }
}

fn data_at(draft: &mut Draft<'_>, value: &str) -> Result<(), String> {
    let (negated, rest) = value.strip_prefix('!').map_or((false, value), |rest| (true, rest));
    let mut options = parts(rest);
    let distance = draft.operand(options.next().ok_or("needs a number")?)?;
    let mut relative = false;
    for option in options {
        match option {
            "relative" => relative = true,
            "rawbytes" => {}
            _ => return Err(format!("{} is no option of it", fengsui_schema::shown(option))),
        }
    }
    draft.push(Test::DataAt(DataAt { distance, relative, negated }));
    Ok(())
}
