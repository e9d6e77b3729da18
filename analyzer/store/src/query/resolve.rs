//! Gives the names and values of a query the types of the catalogue.

use std::net::{IpAddr, Ipv6Addr};
use std::ops::Bound;

use fengsui_schema::{EventId, FieldDefinition, FieldType, Severity, Timestamp, shown};

use super::ast::{Condition, Limit, Matcher, Node};
use super::error::QueryError;
use crate::document::as_ipv6;
use crate::schema::IndexFields;
use crate::tokenizer::{is_single_ideograph, keyword, words};
use crate::{limits, other};

/// A query whose names and values have types.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Query {
    All,
    And(Vec<Query>),
    Or(Vec<Query>),
    Not(Box<Query>),
    Test(Test),
}

/// One test of an event. Fields are numbers of the catalogue; `None` is every text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Test {
    Nothing,
    Id(EventId),
    Time(Bound<i64>, Bound<i64>),
    Keyword(usize, String),
    KeywordPattern(usize, String),
    KeywordRange(usize, Bound<String>, Bound<String>),
    Words(Option<usize>, Vec<String>),
    WordPattern(Option<usize>, String),
    Integer(usize, Bound<i64>, Bound<i64>),
    Address(usize, Bound<Ipv6Addr>, Bound<Ipv6Addr>),
    Exists(usize),
    Other(String, String),
    OtherPattern(String, String),
    OtherNumber(String, Bound<f64>, Bound<f64>),
    OtherRange(String, Bound<String>, Bound<String>),
    OtherExists(String),
}

/// Short names that people know from other tools.
const ALIASES: &[(&str, &str)] = &[
    ("time", "@timestamp"),
    ("kind", "event.kind"),
    ("dataset", "event.dataset"),
    ("severity", "event.severity"),
    ("src_ip", "source.ip"),
    ("src_port", "source.port"),
    ("dest_ip", "destination.ip"),
    ("dst_ip", "destination.ip"),
    ("dest_port", "destination.port"),
    ("dst_port", "destination.port"),
    ("host", "host.name"),
    ("user", "user.name"),
    ("rule", "rule.name"),
    ("sid", "rule.id"),
    ("org", "organization.id"),
    ("domain", "url.domain"),
    ("url", "url.original"),
];

/// The name a short name stands for.
pub(crate) fn full_name(name: &str) -> &str {
    ALIASES.iter().find(|(short, _)| *short == name).map_or(name, |(_, full)| full)
}

/// Types a query.
pub(crate) fn resolve(node: &Node) -> Result<Query, QueryError> {
    let all = |nodes: &[Node]| nodes.iter().map(resolve).collect::<Result<Vec<_>, _>>();
    Ok(match node {
        Node::All => Query::All,
        Node::And(nodes) => Query::And(all(nodes)?),
        Node::Or(nodes) => Query::Or(all(nodes)?),
        Node::Not(inner) => Query::Not(Box::new(resolve(inner)?)),
        Node::Condition(condition) => Query::Test(test(condition)?),
    })
}

fn test(condition: &Condition) -> Result<Test, QueryError> {
    check_pattern(condition)?;
    let Some(field) = &condition.field else { return text_test(None, condition) };
    let name = full_name(field);
    if name == "id" {
        return id_test(condition);
    }
    match IndexFields::get().definition(name) {
        Some((index, definition)) => catalogue_test(index, definition, condition),
        None => Ok(other_test(name, condition)),
    }
}

fn check_pattern(condition: &Condition) -> Result<(), QueryError> {
    let Matcher::Pattern(pattern) = &condition.matcher else { return Ok(()) };
    let wildcards = pattern.chars().filter(|c| matches!(c, '*' | '?')).count();
    if wildcards <= limits::WILDCARDS && pattern.len() <= limits::TERM_BYTES {
        return Ok(());
    }
    let message = format!("the pattern {} is too large", shown(pattern));
    Err(error(condition, message, "use at most 8 wildcards"))
}

fn catalogue_test(index: usize, definition: &FieldDefinition, condition: &Condition) -> Result<Test, QueryError> {
    if let Matcher::Exists | Matcher::Range { low: Limit::None, high: Limit::None } = condition.matcher {
        return Ok(match definition.kind {
            FieldType::Text => Test::OtherExists(definition.name.to_owned()),
            FieldType::Time => Test::Time(Bound::Unbounded, Bound::Unbounded),
            _ => Test::Exists(index),
        });
    }
    match definition.kind {
        FieldType::Keyword => Ok(keyword_test(index, condition)),
        FieldType::Text => text_test(Some(index), condition),
        FieldType::Integer => integer_test(index, definition, condition),
        FieldType::Address => address_test(index, condition),
        FieldType::Time => time_test(condition),
    }
}

fn keyword_test(index: usize, condition: &Condition) -> Test {
    match &condition.matcher {
        Matcher::Value(value) | Matcher::Phrase(value) => Test::Keyword(index, keyword(value)),
        Matcher::Pattern(pattern) => Test::KeywordPattern(index, pattern.to_lowercase()),
        Matcher::Range { low, high } => Test::KeywordRange(index, bound(low, keyword), bound(high, keyword)),
        Matcher::Exists => Test::Exists(index),
    }
}

fn text_test(field: Option<usize>, condition: &Condition) -> Result<Test, QueryError> {
    Ok(match &condition.matcher {
        Matcher::Value(value) | Matcher::Phrase(value) if is_single_ideograph(value) => {
            Test::WordPattern(field, format!("*{value}*"))
        }
        Matcher::Value(value) | Matcher::Phrase(value) => {
            let words = words(value);
            if words.is_empty() { Test::Nothing } else { Test::Words(field, words) }
        }
        Matcher::Pattern(pattern) => Test::WordPattern(field, pattern.to_lowercase()),
        Matcher::Range { .. } => {
            return Err(error(condition, "a text has no order".to_owned(), "search for words in it"));
        }
        Matcher::Exists => Test::Nothing,
    })
}

fn integer_test(index: usize, definition: &FieldDefinition, condition: &Condition) -> Result<Test, QueryError> {
    let number = |text: &str| {
        let word = (definition.name == "event.severity").then(|| Severity::from_word(text)).flatten();
        word.map(|severity| i64::from(severity.as_number())).or_else(|| text.parse().ok()).ok_or_else(|| {
            let message = format!("{} is no whole number", shown(text));
            error(condition, message, "write a number such as 443, or a range such as [1 TO 1023]")
        })
    };
    let (low, high) = bounds(condition, number, "write a number, or a range such as [1 TO 1023]")?;
    Ok(Test::Integer(index, low, high))
}

fn address_test(index: usize, condition: &Condition) -> Result<Test, QueryError> {
    const REMEDY: &str = "write an address such as 10.0.0.1, a network such as 10.0.0.0/8, or a range";
    if let Matcher::Value(text) | Matcher::Phrase(text) = &condition.matcher
        && let Ok(network) = text.parse::<ipnet::IpNet>()
    {
        let (low, high) = (as_ipv6(network.network()), as_ipv6(network.broadcast()));
        return Ok(Test::Address(index, Bound::Included(low), Bound::Included(high)));
    }
    let address = |text: &str| {
        let parsed = text.parse::<IpAddr>().map(as_ipv6);
        parsed.map_err(|_| error(condition, format!("{} is no IP address", shown(text)), REMEDY))
    };
    let (low, high) = bounds(condition, address, REMEDY)?;
    Ok(Test::Address(index, low, high))
}

fn time_test(condition: &Condition) -> Result<Test, QueryError> {
    const REMEDY: &str = "write a range such as [2026-01-01 TO 2026-01-31T12:00:00Z]";
    let time = |text: &str| {
        let whole = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.to_owned() };
        let parsed = whole.parse::<Timestamp>().map(Timestamp::as_nanos);
        parsed.map_err(|_| error(condition, format!("{} is no date or time", shown(text)), REMEDY))
    };
    let (low, high) = bounds(condition, time, REMEDY)?;
    Ok(Test::Time(low, high))
}

fn id_test(condition: &Condition) -> Result<Test, QueryError> {
    let (Matcher::Value(text) | Matcher::Phrase(text)) = &condition.matcher else {
        return Err(error(condition, "an id has no order".to_owned(), "write the whole id"));
    };
    text.parse().map(Test::Id).map_err(|wrong| error(condition, format!("{wrong}"), "copy the id of an event"))
}

fn other_test(name: &str, condition: &Condition) -> Test {
    let name = name.to_owned();
    match &condition.matcher {
        Matcher::Value(value) | Matcher::Phrase(value) => Test::Other(name, keyword(value)),
        Matcher::Pattern(pattern) => Test::OtherPattern(name, pattern.to_lowercase()),
        Matcher::Exists | Matcher::Range { low: Limit::None, high: Limit::None } => Test::OtherExists(name),
        Matcher::Range { low, high } => match (number_bound(low), number_bound(high)) {
            (Some(low), Some(high)) => Test::OtherNumber(name, low, high),
            _ => Test::OtherRange(name, bound(low, keyword), bound(high, keyword)),
        },
    }
}

fn number_bound(limit: &Limit) -> Option<Bound<f64>> {
    Some(match limit {
        Limit::None => Bound::Unbounded,
        Limit::Included(text) => Bound::Included(other::as_number(text)?),
        Limit::Excluded(text) => Bound::Excluded(other::as_number(text)?),
    })
}

fn bound<T>(limit: &Limit, convert: impl Fn(&str) -> T) -> Bound<T> {
    match limit {
        Limit::None => Bound::Unbounded,
        Limit::Included(text) => Bound::Included(convert(text)),
        Limit::Excluded(text) => Bound::Excluded(convert(text)),
    }
}

/// The range that a value or a range spells.
fn bounds<T: Clone>(
    condition: &Condition,
    convert: impl Fn(&str) -> Result<T, QueryError>,
    remedy: &str,
) -> Result<(Bound<T>, Bound<T>), QueryError> {
    let limit = |limit: &Limit| {
        Ok(match limit {
            Limit::None => Bound::Unbounded,
            Limit::Included(text) => Bound::Included(convert(text)?),
            Limit::Excluded(text) => Bound::Excluded(convert(text)?),
        })
    };
    match &condition.matcher {
        Matcher::Value(text) | Matcher::Phrase(text) => {
            let value = convert(text)?;
            Ok((Bound::Included(value.clone()), Bound::Included(value)))
        }
        Matcher::Range { low, high } => Ok((limit(low)?, limit(high)?)),
        Matcher::Pattern(text) => Err(error(condition, format!("{} can't have wildcards here", shown(text)), remedy)),
        Matcher::Exists => Ok((Bound::Unbounded, Bound::Unbounded)),
    }
}

fn error(condition: &Condition, message: String, remedy: &str) -> QueryError {
    QueryError { position: condition.position, message, remedy: remedy.to_owned() }
}
