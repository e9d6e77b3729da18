//! `pcre`: regular expressions.

use std::sync::{Arc, OnceLock};

use fengsui_protocols::Buffer;

use crate::draft::Draft;
use crate::inspect::Capture;
use crate::keywords::{Keyword, keyword};
use crate::limits;
use crate::pcre_syntax::rewrite;
use crate::rule::{Source, Test};
use crate::syntax::quoted;

pub(crate) const KEYWORDS: &[Keyword] = &[keyword("pcre", parse)];

/// A regular expression and how it is applied.
///
/// Compiling proves at load time that the expression is sound; the compiled form is dropped and made again when it is
/// first used, since of thousands of expressions few ever are and each takes tens of kilobytes.
#[derive(Debug)]
pub(crate) struct Pcre {
    pattern: String,
    flags: String,
    backtracks: bool,
    engine: OnceLock<Option<Engine>>,
    pub(crate) negated: bool,
    pub(crate) relative: bool,
    /// Names of the groups, in order, and whether each is kept for the flow.
    names: Vec<(Arc<str>, bool)>,
}

/// Linear time where the expression is regular, bounded backtracking where it is not.
#[derive(Debug)]
enum Engine {
    Linear(regex::bytes::Regex),
    Backtracking(Box<fancy_regex::Regex>),
}

impl Pcre {
    /// The first match at or behind `start`.
    pub(crate) fn find(&self, buffer: &[u8], start: usize) -> Option<(usize, usize)> {
        if start > buffer.len() {
            return None;
        }
        match self.engine.get_or_init(|| self.build().ok()).as_ref()? {
            Engine::Linear(regex) => regex.find_at(buffer, start).map(|found| (found.start(), found.end())),
            // Giving up at the backtracking limit counts as no match.
            Engine::Backtracking(regex) => {
                let found = regex.find_from_pos(buffer, start).ok()??;
                Some((found.start(), found.end()))
            }
        }
    }

    /// The named groups of the first match at or behind `start`.
    pub(crate) fn captured(&self, buffer: &[u8], start: usize) -> Vec<Capture> {
        if self.names.is_empty() {
            return Vec::new();
        }
        let groups: Vec<Option<Vec<u8>>> = match self.engine.get().and_then(Option::as_ref) {
            Some(Engine::Linear(regex)) => regex
                .captures_at(buffer, start)
                .map(|found| found.iter().skip(1).map(|group| group.map(|group| group.as_bytes().to_vec())).collect())
                .unwrap_or_default(),
            // Expressions with look-around are asked for their match only.
            Some(Engine::Backtracking(_)) | None => Vec::new(),
        };
        let named = self.names.iter().zip(groups).filter_map(|((name, of_flow), bytes)| {
            Some(Capture { name: Arc::clone(name), of_flow: *of_flow, bytes: bytes? })
        });
        named.collect()
    }

    /// Checks a pattern with the flags that change its meaning (`ismxGAE`).
    pub(crate) fn compile(pattern: &str, flags: &str) -> Result<Self, String> {
        let rewritten = rewrite(pattern, flags)?;
        let pattern = if flags.contains('A') { format!(r"\A(?:{})", rewritten.pattern) } else { rewritten.pattern };
        let (flags, backtracks) = (flags.to_owned(), rewritten.backtracking);
        let pcre = Self {
            pattern,
            flags,
            backtracks,
            engine: OnceLock::new(),
            negated: false,
            relative: false,
            names: vec![],
        };
        pcre.build()?;
        Ok(pcre)
    }

    fn build(&self) -> Result<Engine, String> {
        if self.backtracks { backtracking(&self.pattern, &self.flags) } else { linear(&self.pattern, &self.flags) }
    }
}

fn linear(pattern: &str, flags: &str) -> Result<Engine, String> {
    let built = regex::bytes::RegexBuilder::new(pattern)
        .unicode(false)
        .case_insensitive(flags.contains('i'))
        .dot_matches_new_line(flags.contains('s'))
        .multi_line(flags.contains('m'))
        .ignore_whitespace(flags.contains('x'))
        .swap_greed(flags.contains('G'))
        .size_limit(limits::REGEX_BYTES)
        .dfa_size_limit(limits::REGEX_CACHE_BYTES)
        .build();
    built.map(Engine::Linear).map_err(|error| reason(&error.to_string()))
}

fn backtracking(pattern: &str, flags: &str) -> Result<Engine, String> {
    if flags.contains('G') {
        return Err("flag G can not be combined with look-around or back-references".to_owned());
    }
    let built = fancy_regex::RegexBuilder::new(pattern)
        .bytes_mode(fancy_regex::BytesMode::Ascii)
        .case_insensitive(flags.contains('i'))
        .dot_matches_new_line(flags.contains('s'))
        .multi_line(flags.contains('m'))
        .ignore_whitespace(flags.contains('x'))
        .backtrack_limit(limits::REGEX_BACKTRACKING)
        .delegate_size_limit(limits::REGEX_BYTES)
        .delegate_dfa_size_limit(limits::REGEX_CACHE_BYTES)
        .build();
    built.map(|regex| Engine::Backtracking(Box::new(regex))).map_err(|error| reason(&error.to_string()))
}

/// The last line of a compiler's message, which says what is wrong.
fn reason(message: &str) -> String {
    let line = message.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("not understood");
    format!("the regular expression is not understood: {}", line.trim().trim_start_matches("error: "))
}

/// The buffer a flag names.
const fn flagged_buffer(flag: char) -> Option<Buffer> {
    Some(match flag {
        'U' => Buffer::HttpUri,
        'I' => Buffer::HttpUriRaw,
        'P' => Buffer::HttpRequestBody,
        'Q' => Buffer::HttpResponseBody,
        'H' => Buffer::HttpHeader,
        'D' => Buffer::HttpHeaderRaw,
        'M' => Buffer::HttpMethod,
        'C' => Buffer::HttpCookie,
        'S' => Buffer::HttpStatusCode,
        'Y' => Buffer::HttpStatusMessage,
        'V' => Buffer::HttpUserAgent,
        'W' => Buffer::HttpHost,
        'Z' => Buffer::HttpHostRaw,
        _ => return None,
    })
}

fn parse(draft: &mut Draft<'_>, value: &str) -> Result<(), String> {
    let quoted = quoted(value)?;
    let slashes = "the expression must stand between slashes";
    let (pattern, tail) = quoted.inner.strip_prefix('/').and_then(|rest| rest.rsplit_once('/')).ok_or(slashes)?;
    // What follows a comma names variables that captures are kept in; they do not change what matches.
    let mut tail = tail.split(',').map(str::trim);
    let flags = tail.next().unwrap_or("");
    let mut pcre = Pcre::compile(pattern, flags)?;
    for name in tail.filter(|name| !name.is_empty()) {
        let (scope, name) = name.split_once(':').ok_or("names of captures start with pkt:, flow: or alert:")?;
        match scope {
            "pkt" | "alert" => pcre.names.push((name.into(), false)),
            "flow" => pcre.names.push((name.into(), true)),
            _ => return Err("names of captures start with pkt:, flow: or alert:".to_owned()),
        }
        draft.captures = true;
    }
    pcre.negated = quoted.negated;
    let mut source = None;
    for flag in flags.chars() {
        match flag {
            'R' => pcre.relative = true,
            'i' | 's' | 'm' | 'x' | 'G' | 'A' | 'E' | 'B' | 'O' => {}
            other => match flagged_buffer(other) {
                Some(buffer) => source = Some(Source::Buffer(buffer)),
                None => return Err(format!("{other} is no flag of it")),
            },
        }
    }
    match source {
        Some(source) if source != draft.source() => draft.push_into(source, Test::Pcre(pcre)),
        _ => draft.push(Test::Pcre(pcre)),
    }
    Ok(())
}
