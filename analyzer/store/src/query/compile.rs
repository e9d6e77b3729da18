//! A typed query as a query of the index library.

use std::net::Ipv6Addr;
use std::ops::Bound;

use fengsui_schema::FIELD_CATALOGUE;
use tantivy::Term;
use tantivy::query::{
    AllQuery, BooleanQuery, EmptyQuery, ExistsQuery, InvertedIndexRangeQuery, Occur, PhraseQuery, Query as IndexQuery,
    RangeQuery, RegexQuery, TermQuery,
};
use tantivy::schema::{Field, IndexRecordOption};

use super::forward::Forward;
use super::resolve::{Query, Test};
use crate::other;
use crate::schema::{IndexFields, column_name};

/// Builds the index's query.
///
/// # Errors
/// When a pattern makes too large an automaton.
pub(crate) fn compile(query: &Query) -> tantivy::Result<Box<dyn IndexQuery>> {
    let all = |queries: &[Query]| queries.iter().map(compile).collect::<tantivy::Result<Vec<_>>>();
    Ok(match query {
        Query::All => Box::new(AllQuery),
        Query::And(queries) => Box::new(BooleanQuery::intersection(all(queries)?)),
        Query::Or(queries) => Box::new(BooleanQuery::union(all(queries)?)),
        Query::Not(inner) => except(compile(inner)?),
        Query::Test(test) => compile_test(test)?,
    })
}

fn except(query: Box<dyn IndexQuery>) -> Box<dyn IndexQuery> {
    Box::new(BooleanQuery::new(vec![(Occur::Must, Box::new(AllQuery)), (Occur::MustNot, Box::new(Forward(query)))]))
}

fn compile_test(test: &Test) -> tantivy::Result<Box<dyn IndexQuery>> {
    let fields = IndexFields::get();
    let at = |index: &usize| fields.catalogue(*index).unwrap_or(fields.all);
    let words_of = |index: &Option<usize>| index.and_then(|index| fields.catalogue(index)).unwrap_or(fields.all);
    Ok(match test {
        Test::Nothing => Box::new(EmptyQuery),
        Test::Id(id) => term(Term::from_field_text(fields.id, &id.to_string())),
        Test::Time(low, high) => range(*low, *high, |value| Term::from_field_i64(fields.time, value)),
        Test::Keyword(index, value) => term(Term::from_field_text(at(index), value)),
        Test::KeywordPattern(index, pattern) => regex(&glob(pattern), at(index))?,
        Test::KeywordRange(index, low, high) => text_range(at(index), low.clone(), high.clone()),
        Test::Words(index, words) => phrase(words_of(index), words),
        Test::WordPattern(index, pattern) => regex(&glob(pattern), words_of(index))?,
        Test::Integer(index, low, high) => {
            let field = at(index);
            range(*low, *high, |value| Term::from_field_i64(field, value))
        }
        Test::Address(index, low, high) => {
            let field = at(index);
            range(*low, *high, |value: Ipv6Addr| Term::from_field_ip_addr(field, value))
        }
        Test::Exists(index) => {
            let name = FIELD_CATALOGUE.get(*index).map_or("", |definition| definition.name);
            Box::new(ExistsQuery::new(column_name(name), false))
        }
        Test::Other(name, value) => term(Term::from_field_text(fields.other, &other::value_term(name, value))),
        Test::OtherPattern(name, pattern) => regex(&format!("{}\\x00={}", escape(name), glob(pattern)), fields.other)?,
        Test::OtherNumber(name, low, high) => other_numbers(name, *low, *high),
        Test::OtherRange(name, low, high) => other_values(name, low, high),
        Test::OtherExists(name) => {
            let (low, high) = other::name_range(name);
            text_range(fields.other, Bound::Included(low), Bound::Excluded(high))
        }
    })
}

fn other_numbers(name: &str, low: Bound<f64>, high: Bound<f64>) -> Box<dyn IndexQuery> {
    let (first, last) = other::number_range(name);
    let key = |number| other::number_term(name, number);
    text_range(IndexFields::get().other, or_included(low.map(key), first), or_included(high.map(key), last))
}

fn other_values(name: &str, low: &Bound<String>, high: &Bound<String>) -> Box<dyn IndexQuery> {
    let (first, last) = other::value_range(name);
    let key = |value: &String| other::value_term(name, value);
    text_range(
        IndexFields::get().other,
        or_included(low.as_ref().map(key), first),
        or_included(high.as_ref().map(key), last),
    )
}

fn or_included(bound: Bound<String>, end: String) -> Bound<String> {
    if matches!(bound, Bound::Unbounded) { Bound::Included(end) } else { bound }
}

fn term(term: Term) -> Box<dyn IndexQuery> {
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

fn text_range(field: Field, low: Bound<String>, high: Bound<String>) -> Box<dyn IndexQuery> {
    let to_term = |value: String| Term::from_field_text(field, &value);
    Box::new(InvertedIndexRangeQuery::new(low.map(to_term), high.map(to_term)))
}

fn regex(pattern: &str, field: Field) -> tantivy::Result<Box<dyn IndexQuery>> {
    Ok(Box::new(RegexQuery::from_pattern(&format!("(?s){pattern}"), field)?))
}

/// A pattern with `*` and `?` as a regular expression of the whole term.
fn glob(pattern: &str) -> String {
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

fn escape(text: &str) -> String {
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
