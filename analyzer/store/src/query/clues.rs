//! Where something may be found: tests of single fields, as many as anybody likes, answered in time that is linear in the
//! terms of a day and not in the number of tests.

use std::collections::HashSet;
use std::net::Ipv6Addr;

use fengsui_schema::{FieldDefinition, FieldType};
use ipnet::IpNet;
use tantivy::query::{EmptyQuery, Query as IndexQuery, TermSetQuery};
use tantivy::schema::Field;
use tantivy::{Searcher, Term};

use super::compile::{compile_test, union};
use super::resolve::{Test, is_there};
use crate::document::as_ipv6;
use crate::schema::IndexFields;
use crate::tokenizer::keyword;
use crate::{StoreError, limits};

/// A test of one field of the catalogue, by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Clue {
    /// An address field is within this range; one address is a range too.
    Within(&'static str, IpNet),
    /// A keyword field is this text but for case.
    Equal(&'static str, String),
    /// A keyword field is this text but for case, or ends with a dot and it. A final dot does not matter.
    Below(&'static str, String),
    /// A field is there.
    Exists(&'static str),
}

/// Clues of which an event has any, by field.
#[derive(Debug, Clone, Default)]
pub(crate) struct Clues {
    fields: Vec<Asked>,
}

/// What is asked of one field.
#[derive(Debug, Clone)]
struct Asked {
    index: usize,
    definition: &'static FieldDefinition,
    field: Field,
    exists: bool,
    exact: Vec<Term>,
    /// Sorted, and none touches another.
    ranges: Vec<(Ipv6Addr, Ipv6Addr)>,
    below: HashSet<String>,
}

impl Clues {
    /// Clues by field.
    ///
    /// # Errors
    /// When one names a field that is not in the catalogue, or one of another type.
    pub(crate) fn new(clues: &[Clue]) -> Result<Self, StoreError> {
        let mut all = Self::default();
        clues.iter().try_for_each(|clue| all.take(clue))?;
        all.fields.iter_mut().for_each(|asked| asked.ranges = joined(std::mem::take(&mut asked.ranges)));
        Ok(all)
    }

    fn take(&mut self, clue: &Clue) -> Result<(), StoreError> {
        let (Clue::Within(name, _) | Clue::Equal(name, _) | Clue::Below(name, _) | Clue::Exists(name)) = clue;
        let asked = self.asked(name)?;
        let fits = match clue {
            Clue::Within(..) => asked.definition.kind == FieldType::Address,
            Clue::Equal(..) | Clue::Below(..) => asked.definition.kind == FieldType::Keyword,
            Clue::Exists(_) => asked.definition.kind != FieldType::Time,
        };
        if !fits {
            let reason = "is of a type that no such clue is about; ask for an address or a keyword field".to_owned();
            return Err(StoreError::Field { field: (*name).to_owned(), reason });
        }
        match clue {
            Clue::Within(_, range) if range.prefix_len() == range.max_prefix_len() => {
                asked.exact.push(Term::from_field_ip_addr(asked.field, as_ipv6(range.addr())));
            }
            Clue::Within(_, range) => asked.ranges.push((as_ipv6(range.network()), as_ipv6(range.broadcast()))),
            Clue::Equal(_, text) => asked.exact.push(Term::from_field_text(asked.field, &keyword(text))),
            Clue::Below(_, text) => drop(asked.below.insert(keyword(text.trim_end_matches('.')))),
            Clue::Exists(_) => asked.exists = true,
        }
        Ok(())
    }

    fn asked(&mut self, name: &str) -> Result<&mut Asked, StoreError> {
        let unknown =
            || StoreError::Field { field: name.to_owned(), reason: "is not in the field catalogue".to_owned() };
        let (index, definition) = IndexFields::get().definition(name).ok_or_else(unknown)?;
        let field = IndexFields::get().catalogue(index).ok_or_else(unknown)?;
        let place = self.fields.iter().position(|asked| asked.index == index).unwrap_or_else(|| {
            let (exact, ranges, below) = (Vec::new(), Vec::new(), HashSet::new());
            self.fields.push(Asked { index, definition, field, exists: false, exact, ranges, below });
            self.fields.len() - 1
        });
        Ok(&mut self.fields[place])
    }

    /// The query of one day's index.
    ///
    /// # Errors
    /// When the index can't be read.
    pub(crate) fn compile(&self, day: &Searcher) -> tantivy::Result<Box<dyn IndexQuery>> {
        let mut places: Vec<Box<dyn IndexQuery>> = vec![Box::new(EmptyQuery)];
        for asked in &self.fields {
            places.push(asked.compile(day)?);
        }
        Ok(union(places))
    }
}

impl Asked {
    fn compile(&self, day: &Searcher) -> tantivy::Result<Box<dyn IndexQuery>> {
        if self.exists {
            return compile_test(&self.is_there(), day);
        }
        let mut terms = self.exact.clone();
        if !self.ranges.is_empty() && !self.find(day, |key| self.is_in_range(key), &mut terms)? {
            return compile_test(&self.is_there(), day);
        }
        if !self.below.is_empty() && !self.find(day, |key| self.is_below(key), &mut terms)? {
            return compile_test(&self.is_there(), day);
        }
        if terms.is_empty() {
            return Ok(Box::new(EmptyQuery));
        }
        Ok(Box::new(TermSetQuery::new(terms)))
    }

    fn is_there(&self) -> Test {
        is_there(self.index, self.definition)
    }

    /// Adds the terms of a day that pass; false when there are more than [`limits::CLUE_TERMS`].
    fn find(&self, day: &Searcher, passes: impl Fn(&[u8]) -> bool, terms: &mut Vec<Term>) -> tantivy::Result<bool> {
        let room = terms.len().saturating_add(limits::CLUE_TERMS);
        for segment in day.segment_readers() {
            let index = segment.inverted_index(self.field)?;
            let mut stream = index.terms().stream()?;
            while stream.advance() {
                if passes(stream.key()) {
                    if terms.len() >= room {
                        return Ok(false);
                    }
                    terms.push(self.term(stream.key()));
                }
            }
        }
        Ok(true)
    }

    fn term(&self, key: &[u8]) -> Term {
        match <[u8; 16]>::try_from(key) {
            Ok(octets) if self.definition.kind == FieldType::Address => {
                Term::from_field_ip_addr(self.field, Ipv6Addr::from(octets))
            }
            _ => Term::from_field_text(self.field, &String::from_utf8_lossy(key)),
        }
    }

    fn is_in_range(&self, key: &[u8]) -> bool {
        let Ok(octets) = <[u8; 16]>::try_from(key) else { return true };
        let address = Ipv6Addr::from(octets);
        let after = self.ranges.partition_point(|(low, _)| *low <= address);
        after.checked_sub(1).is_some_and(|last| address <= self.ranges[last].1)
    }

    /// A term that may be the beginning of a longer value passes.
    fn is_below(&self, key: &[u8]) -> bool {
        // What is cut ends at a character, which has up to four bytes.
        if key.len() + 4 > limits::TERM_BYTES {
            return true;
        }
        let Ok(text) = std::str::from_utf8(key) else { return true };
        let mut name = Some(text.trim_end_matches('.'));
        while let Some(rest) = name {
            if self.below.contains(rest) {
                return true;
            }
            name = rest.split_once('.').map(|(_, above)| above);
        }
        false
    }
}

/// Ranges in order, those that overlap as one.
fn joined(mut ranges: Vec<(Ipv6Addr, Ipv6Addr)>) -> Vec<(Ipv6Addr, Ipv6Addr)> {
    ranges.sort_unstable();
    let mut all: Vec<(Ipv6Addr, Ipv6Addr)> = Vec::with_capacity(ranges.len());
    for (low, high) in ranges {
        match all.last_mut() {
            Some(last) if low <= last.1 => last.1 = last.1.max(high),
            _ => all.push((low, high)),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlapping_ranges_are_one() {
        let range = |text: &str| {
            let range: IpNet = text.parse().expect("is a range");
            (as_ipv6(range.network()), as_ipv6(range.broadcast()))
        };
        let ranges = ["10.0.0.0/8", "192.0.2.0/24", "10.1.0.0/16", "2001:db8::/32", "192.0.2.128/25"].map(range);
        let expected = ["10.0.0.0/8", "192.0.2.0/24", "2001:db8::/32"].map(range);
        assert_eq!(joined(ranges.to_vec()), expected);
    }
}
