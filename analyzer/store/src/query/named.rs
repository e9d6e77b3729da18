//! Questions about names outside the catalogue, see [`crate::other`].

use std::collections::BTreeSet;
use std::ops::Bound;

use tantivy::query::{BooleanQuery, EmptyQuery, Query as IndexQuery, TermSetQuery};
use tantivy::{Searcher, Term};

use super::compile::{compile_test, escape, glob, regex, term, text_range, union};
use super::resolve::{OtherTest, OtherValue};
use crate::other::{self, Kind};
use crate::schema::IndexFields;
use crate::tokenizer::matches_pattern;

/// The events whose value under a name passes: by the name's own terms, or by those of the names it is an alias of there.
pub(super) fn compile(name: &str, test: &OtherTest, day: &Searcher) -> tantivy::Result<Box<dyn IndexQuery>> {
    let field = IndexFields::get().other;
    let mut places = vec![own(name, &test.value, day)?];
    let (low, high) = other::alias_range(name);
    let aliases = terms(day, &low, &high)?;
    for target in aliases.iter().filter_map(|alias| alias.strip_prefix(&low)) {
        let there = match IndexFields::get().definition(target) {
            Some((index, _)) => test.of_field(index).map(|test| compile_test(&test, day)).transpose()?,
            None => Some(own(target, &test.value, day)?),
        };
        let marked = term(Term::from_field_text(field, &other::alias_term(name, target)));
        places.extend(
            there.map(|there| Box::new(BooleanQuery::intersection(vec![marked, there])) as Box<dyn IndexQuery>),
        );
    }
    Ok(union(places))
}

fn own(name: &str, value: &OtherValue, day: &Searcher) -> tantivy::Result<Box<dyn IndexQuery>> {
    let field = IndexFields::get().other;
    Ok(match value {
        OtherValue::Equal(text) => {
            let value = match other::kind(text) {
                Kind::Number(number) => other::number_term(name, number),
                Kind::Time(micros) => other::time_term(name, micros),
                Kind::Spelled(_) | Kind::Text => other::value_term(name, text),
            };
            term(Term::from_field_text(field, &value))
        }
        OtherValue::Pattern(pattern) => {
            let texts = regex(&format!("{}\\x00={}", escape(name), glob(pattern)), field)?;
            union(vec![texts, numbers(name, pattern, day)?])
        }
        OtherValue::Number(low, high) => {
            let (key, spelled) =
                (|number| other::number_term(name, number), |number| other::spelled_term(name, number));
            union(vec![
                between(other::number_range(name), low.map(key), high.map(key)),
                between(other::spelled_range(name), low.map(spelled), high.map(spelled)),
            ])
        }
        OtherValue::Time(low, high) => {
            let key = |micros| other::time_term(name, micros);
            between(other::time_range(name), low.map(key), high.map(key))
        }
        OtherValue::Range(low, high) => {
            let key = |text: &String| other::value_term(name, text);
            between(other::value_range(name), low.as_ref().map(key), high.as_ref().map(key))
        }
    })
}

/// The terms between two bounds, closed by the ends of their kind.
fn between(ends: (String, String), low: Bound<String>, high: Bound<String>) -> Box<dyn IndexQuery> {
    let or = |bound: Bound<String>, end| if bound == Bound::Unbounded { Bound::Included(end) } else { bound };
    text_range(IndexFields::get().other, or(low, ends.0), or(high, ends.1))
}

/// The numbers that a pattern fits as they are written.
fn numbers(name: &str, pattern: &str, day: &Searcher) -> tantivy::Result<Box<dyn IndexQuery>> {
    let (low, high) = other::number_range(name);
    let fits = |term: &String| {
        let number = term.strip_prefix(&low).and_then(other::term_number);
        number.is_some_and(|number| matches_pattern(pattern, &number))
    };
    let found: Vec<Term> = terms(day, &low, &high)?
        .iter()
        .filter(|term| fits(term))
        .map(|term| Term::from_field_text(IndexFields::get().other, term))
        .collect();
    Ok(if found.is_empty() { Box::new(EmptyQuery) } else { Box::new(TermSetQuery::new(found)) })
}

/// The terms of a day from `low` on and before `high`.
fn terms(day: &Searcher, low: &str, high: &str) -> tantivy::Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    for segment in day.segment_readers() {
        let index = segment.inverted_index(IndexFields::get().other)?;
        let mut terms = index.terms().range().ge(low).lt(high).into_stream()?;
        while terms.advance() {
            found.extend(std::str::from_utf8(terms.key()).map(str::to_owned));
        }
    }
    Ok(found)
}
