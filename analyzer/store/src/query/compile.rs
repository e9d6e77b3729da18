//! A typed query as a query of the index library.

use std::net::Ipv6Addr;
use std::ops::Bound;

use fengsui_schema::{FIELD_CATALOGUE, FieldType};
use tantivy::query::{
    AllQuery, BooleanQuery, EmptyQuery, ExistsQuery, InvertedIndexRangeQuery, Occur, PhraseQuery, Query as IndexQuery,
    RangeQuery, RegexQuery, TermQuery,
};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{Searcher, Term};

use super::forward::Forward;
use super::named;
use super::resolve::{Query, Test};
use crate::document::{as_ipv6, id_term, identifier_term};
use crate::other;
use crate::schema::{IndexFields, column_name};
use crate::tokenizer::keyword;

/// Builds the query of one day's index.
///
/// # Errors
/// When a pattern makes too large an automaton, or the index can't be read.
pub(crate) fn compile(query: &Query, day: &Searcher) -> tantivy::Result<Box<dyn IndexQuery>> {
    let all = |queries: &[Query]| queries.iter().map(|query| compile(query, day)).collect::<tantivy::Result<Vec<_>>>();
    Ok(match query {
        Query::All => Box::new(AllQuery),
        Query::And(queries) => Box::new(BooleanQuery::intersection(all(queries)?)),
        Query::Or(queries) => union(all(queries)?),
        Query::Not(inner) => except(compile(inner, day)?),
        Query::Test(test) => compile_test(test, day)?,
    })
}

fn except(query: Box<dyn IndexQuery>) -> Box<dyn IndexQuery> {
    Box::new(BooleanQuery::new(vec![(Occur::Must, Box::new(AllQuery)), (Occur::MustNot, Box::new(Forward(query)))]))
}

pub(super) fn compile_test(test: &Test, day: &Searcher) -> tantivy::Result<Box<dyn IndexQuery>> {
    let fields = IndexFields::get();
    let at = |index: &usize| fields.catalogue(*index).unwrap_or(fields.all);
    Ok(match test {
        Test::Nothing => Box::new(EmptyQuery),
        Test::Id(id) => term(Term::from_field_bytes(fields.id, id_term(id))),
        Test::Time(low, high) => range(*low, *high, |value| Term::from_field_i64(fields.time, value)),
        Test::Keyword(index, value) => term(Term::from_field_text(at(index), value)),
        Test::KeywordPattern(index, pattern) => regex(&glob(pattern), at(index))?,
        Test::KeywordRange(index, low, high) => text_range(at(index), low.clone(), high.clone()),
        Test::Identifier(index, value) => identifier(at(index), value),
        Test::Words(index, words) => phrase(at(index), words),
        Test::WordPattern(index, pattern) => regex(&glob(pattern), at(index))?,
        Test::Anywhere(words, value) => anywhere(words, value),
        Test::PatternAnywhere(pattern) => pattern_anywhere(pattern)?,
        Test::Integer(index, low, high) => integer(*index, at(index), *low, *high),
        Test::Address(index, low, high) => addresses(at(index), *low, *high),
        Test::Exists(index) => {
            let name = FIELD_CATALOGUE.get(*index).map_or("", |definition| definition.name);
            Box::new(ExistsQuery::new(column_name(name), false))
        }
        Test::Other(name, test) => named::compile(name, test, day)?,
        Test::OtherExists(name) => {
            let (low, high) = other::name_range(name);
            text_range(fields.other, Bound::Included(low), Bound::Excluded(high))
        }
    })
}

/// A whole number that has terms is found by its term, others by their column.
fn integer(index: usize, field: Field, low: Bound<i64>, high: Bound<i64>) -> Box<dyn IndexQuery> {
    let has_terms = FIELD_CATALOGUE.get(index).is_some_and(|definition| definition.kind == FieldType::Integer);
    match (low, high) {
        (Bound::Included(low), Bound::Included(high)) if low == high && has_terms => {
            term(Term::from_field_i64(field, low))
        }
        _ => range(low, high, |value| Term::from_field_i64(field, value)),
    }
}

fn addresses(field: Field, low: Bound<Ipv6Addr>, high: Bound<Ipv6Addr>) -> Box<dyn IndexQuery> {
    match (low, high) {
        (Bound::Included(low), Bound::Included(high)) if low == high => term(Term::from_field_ip_addr(field, low)),
        _ => range(low, high, |value: Ipv6Addr| Term::from_field_ip_addr(field, value)),
    }
}

fn identifier(field: Field, value: &str) -> Box<dyn IndexQuery> {
    term(Term::from_field_bytes(field, &identifier_term(value)))
}

/// Words in any text: the catch-all field has only the texts that no other field is asked for here.
fn anywhere(words: &[String], value: &str) -> Box<dyn IndexQuery> {
    let fields = IndexFields::get();
    let whole = keyword(value);
    let mut places = vec![phrase(fields.all, words)];
    places.extend(fields.of_type(FieldType::Text).map(|(_, field)| phrase(field, words)));
    places.extend(fields.of_type(FieldType::Keyword).map(|(_, field)| term(Term::from_field_text(field, &whole))));
    places.extend(fields.of_type(FieldType::Identifier).map(|(_, field)| identifier(field, value)));
    if let Ok(address) = value.parse().map(as_ipv6) {
        places.extend(
            fields.of_type(FieldType::Address).map(|(_, field)| term(Term::from_field_ip_addr(field, address))),
        );
    }
    union(places)
}

fn pattern_anywhere(pattern: &str) -> tantivy::Result<Box<dyn IndexQuery>> {
    let fields = IndexFields::get();
    let places =
        [FieldType::Text, FieldType::Keyword].into_iter().flat_map(|kind| fields.of_type(kind)).map(|(_, field)| field);
    let expression = glob(pattern);
    let queries = [fields.all].into_iter().chain(places).map(|field| regex(&expression, field));
    Ok(union(queries.collect::<tantivy::Result<Vec<_>>>()?))
}

pub(super) fn union(queries: Vec<Box<dyn IndexQuery>>) -> Box<dyn IndexQuery> {
    Box::new(BooleanQuery::union(queries))
}

pub(super) fn term(term: Term) -> Box<dyn IndexQuery> {
    Box::new(TermQuery::new(term, IndexRecordOption::Basic))
}

fn phrase(field: Field, words: &[String]) -> Box<dyn IndexQuery> {
    let mut terms: Vec<Term> = words.iter().map(|word| Term::from_field_text(field, word)).collect();
    match (terms.pop(), terms.is_empty()) {
        (None, _) => Box::new(EmptyQuery),
        (Some(only), true) => term(only),
        (Some(last), false) => {
            terms.push(last);
            Box::new(PhraseQuery::new(terms))
        }
    }
}

fn range<T>(low: Bound<T>, high: Bound<T>, to_term: impl Fn(T) -> Term) -> Box<dyn IndexQuery> {
    if matches!((&low, &high), (Bound::Unbounded, Bound::Unbounded)) {
        return Box::new(AllQuery);
    }
    Box::new(RangeQuery::new(low.map(&to_term), high.map(&to_term)))
}

pub(super) fn text_range(field: Field, low: Bound<String>, high: Bound<String>) -> Box<dyn IndexQuery> {
    let to_term = |value: String| Term::from_field_text(field, &value);
    Box::new(InvertedIndexRangeQuery::new(low.map(to_term), high.map(to_term)))
}

pub(super) fn regex(pattern: &str, field: Field) -> tantivy::Result<Box<dyn IndexQuery>> {
    Ok(Box::new(RegexQuery::from_pattern(&format!("(?s){pattern}"), field)?))
}

/// A pattern with `*` and `?` as a regular expression of the whole term.
pub(super) fn glob(pattern: &str) -> String {
    let mut expression = String::with_capacity(pattern.len() + 8);
    for character in pattern.chars() {
        match character {
            '*' => expression.push_str(".*"),
            '?' => expression.push('.'),
            other => push_escaped(&mut expression, other),
        }
    }
    expression
}

pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    text.chars().for_each(|character| push_escaped(&mut escaped, character));
    escaped
}

fn push_escaped(expression: &mut String, character: char) {
    if character.is_ascii_punctuation() {
        expression.push('\\');
    }
    expression.push(character);
}
