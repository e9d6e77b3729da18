//! Gives the names and values of a query the types of the catalogue.

use std::net::{IpAddr, Ipv6Addr};
use std::ops::Bound;

use fengsui_schema::{EventId, FIELD_CATALOGUE, FieldDefinition, FieldType, Severity, Timestamp, shown};

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

/// One test of an event. Fields are numbers of the catalogue.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Test {
    Nothing,
    Id(EventId),
    Time(Bound<i64>, Bound<i64>),
    Keyword(usize, String),
    KeywordPattern(usize, String),
    KeywordRange(usize, Bound<String>, Bound<String>),
    /// Equal as it is written.
    Identifier(usize, String),
    Words(usize, Vec<String>),
    WordPattern(usize, String),
    /// The words in this order in any text, or the whole value of an exact field or of an address.
    Anywhere(Vec<String>, String),
    /// The pattern is a word of any text, or the whole value of an exact field.
    PatternAnywhere(String),
    Integer(usize, Bound<i64>, Bound<i64>),
    Address(usize, Bound<Ipv6Addr>, Bound<Ipv6Addr>),
    Exists(usize),
    /// A name outside the catalogue.
    Other(String, OtherTest),
    /// A name outside the catalogue, or a field without a column: it is there.
    OtherExists(String),
}

/// A test of a value outside the catalogue.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct OtherTest {
    pub(crate) value: OtherValue,
    /// What was asked, for the field of the catalogue that an event has the value in.
    condition: Condition,
}

/// What a value outside the catalogue must be.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum OtherValue {
    /// Equal in lower case; for a time: the same microsecond.
    Equal(String),
    /// A text or number of this pattern.
    Pattern(String),
    /// A number.
    Number(Bound<f64>, Bound<f64>),
    /// A time, in microseconds since the epoch.
    Time(Bound<i64>, Bound<i64>),
    /// A text.
    Range(Bound<String>, Bound<String>),
}

impl OtherTest {
    /// The same question about a field of the catalogue; `None` when it makes no sense there.
    pub(crate) fn of_field(&self, index: usize) -> Option<Test> {
        catalogue_test(index, FIELD_CATALOGUE.get(index)?, &self.condition).ok()
    }
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
    let Some(field) = &condition.field else { return text_test(condition, TestOf::Anywhere) };
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
        return Ok(is_there(index, definition));
    }
    match definition.kind {
        FieldType::Keyword => Ok(keyword_test(index, condition)),
        FieldType::Identifier => identifier_test(index, condition),
        FieldType::Text => text_test(condition, TestOf::Field(index)),
        FieldType::Integer | FieldType::Quantity => integer_test(index, definition, condition),
        FieldType::Address => address_test(index, condition),
        FieldType::Time => time_test(condition),
    }
}

fn identifier_test(index: usize, condition: &Condition) -> Result<Test, QueryError> {
    match &condition.matcher {
        Matcher::Value(value) | Matcher::Phrase(value) => Ok(Test::Identifier(index, value.clone())),
        _ => Err(error(condition, "an identifier has neither parts nor order".to_owned(), "write it whole")),
    }
}

/// Whether an event has a field of the catalogue.
pub(crate) fn is_there(index: usize, definition: &FieldDefinition) -> Test {
    match definition.kind {
        FieldType::Text | FieldType::Identifier => Test::OtherExists(definition.name.to_owned()),
        FieldType::Time => Test::Time(Bound::Unbounded, Bound::Unbounded),
        _ => Test::Exists(index),
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

/// Where texts are looked into.
#[derive(Clone, Copy)]
enum TestOf {
    Field(usize),
    Anywhere,
}

fn text_test(condition: &Condition, of: TestOf) -> Result<Test, QueryError> {
    let pattern = |pattern: String| match of {
        TestOf::Field(index) => Test::WordPattern(index, pattern),
        TestOf::Anywhere => Test::PatternAnywhere(pattern),
    };
    Ok(match &condition.matcher {
        Matcher::Value(value) | Matcher::Phrase(value) if is_single_ideograph(value) => pattern(format!("*{value}*")),
        Matcher::Value(value) | Matcher::Phrase(value) => match (words(value), of) {
            (words, _) if words.is_empty() => Test::Nothing,
            (words, TestOf::Field(index)) => Test::Words(index, words),
            (words, TestOf::Anywhere) => Test::Anywhere(words, value.clone()),
        },
        Matcher::Pattern(text) => pattern(text.to_lowercase()),
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
    let nanos = |text: &str| {
        let parsed = time(text).map(Timestamp::as_nanos);
        parsed.ok_or_else(|| error(condition, format!("{} is no date or time", shown(text)), REMEDY))
    };
    let (low, high) = bounds(condition, nanos, REMEDY)?;
    Ok(Test::Time(low, high))
}

fn id_test(condition: &Condition) -> Result<Test, QueryError> {
    let (Matcher::Value(text) | Matcher::Phrase(text)) = &condition.matcher else {
        return Err(error(condition, "an id has no order".to_owned(), "write the whole id"));
    };
    text.parse().map(Test::Id).map_err(|wrong| error(condition, format!("{wrong}"), "copy the id of an event"))
}

fn other_test(name: &str, condition: &Condition) -> Test {
    let value = match &condition.matcher {
        Matcher::Value(value) | Matcher::Phrase(value) => OtherValue::Equal(value.clone()),
        Matcher::Pattern(pattern) => OtherValue::Pattern(pattern.to_lowercase()),
        Matcher::Exists | Matcher::Range { low: Limit::None, high: Limit::None } => {
            return Test::OtherExists(name.to_owned());
        }
        Matcher::Range { low, high } => other_range(low, high),
    };
    Test::Other(name.to_owned(), OtherTest { value, condition: condition.clone() })
}

fn other_range(low: &Limit, high: &Limit) -> OtherValue {
    if let (Some(low), Some(high)) = (parsed_bound(low, other::as_number), parsed_bound(high, other::as_number)) {
        return OtherValue::Number(low, high);
    }
    let time = |text: &str| time(text).map(other::micros);
    match (parsed_bound(low, time), parsed_bound(high, time)) {
        (Some(low), Some(high)) => OtherValue::Time(low, high),
        _ => OtherValue::Range(bound(low, keyword), bound(high, keyword)),
    }
}

/// A date, or a point in time.
fn time(text: &str) -> Option<Timestamp> {
    let whole = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.to_owned() };
    whole.parse().ok()
}

fn parsed_bound<T>(limit: &Limit, parse: impl Fn(&str) -> Option<T>) -> Option<Bound<T>> {
    Some(match limit {
        Limit::None => Bound::Unbounded,
        Limit::Included(text) => Bound::Included(parse(text)?),
        Limit::Excluded(text) => Bound::Excluded(parse(text)?),
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
