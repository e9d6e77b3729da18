//! Indicators out of a STIX 2.1 bundle: the patterns that name one observable, or alternatives of such.

use fengsui_schema::{Severity, Timestamp, shown};
use serde_json::Value;

use super::list::{Indicator, IndicatorKind, checked};
use crate::limits;

/// The indicators of a bundle, and the objects that are none with their reasons.
pub(super) fn parse(list: &str, bundle: &Value) -> (Vec<Indicator>, Vec<String>) {
    let (mut indicators, mut failures) = (Vec::new(), Vec::new());
    let objects = bundle["objects"].as_array().map(Vec::as_slice).unwrap_or_default();
    for object in objects.iter().filter(|object| object["type"] == "indicator") {
        let id = object["id"].as_str().unwrap_or("without id");
        if object["revoked"] == true {
            continue;
        }
        match indicators_of(list, object) {
            Ok(found) => indicators.extend(found),
            Err(reason) => failures.push(format!("{}: {reason}", shown(id))),
        }
    }
    (indicators, failures)
}

fn indicators_of(list: &str, object: &Value) -> Result<Vec<Indicator>, String> {
    if object["pattern_type"].as_str().is_some_and(|kind| kind != "stix") {
        return Err(format!(
            "pattern of type {} is not taken, only stix",
            shown(object["pattern_type"].as_str().unwrap_or_default())
        ));
    }
    let pattern = object["pattern"].as_str().ok_or("has no pattern")?;
    let expires = match object["valid_until"].as_str() {
        Some(time) => Some(time.parse::<Timestamp>().map_err(|_| format!("valid_until {} is no time", shown(time)))?),
        None => None,
    };
    let severity = match object["confidence"].as_u64() {
        Some(0..=29) => Severity::Low,
        Some(30..=69) => Severity::Medium,
        Some(95..) => Severity::Critical,
        _ => Severity::High,
    };
    let description = object["name"].as_str().or_else(|| object["description"].as_str()).unwrap_or_default();
    let reference = object["external_references"][0]["url"].as_str().unwrap_or_default();
    let make = |(kind, value)| Indicator {
        kind,
        value,
        severity,
        expires,
        description: crate::text::cut(description, limits::CONDITION_BYTES).to_owned(),
        description_zh: String::new(),
        reference: reference.to_owned(),
        list: list.to_owned(),
    };
    Ok(observables(pattern)?.into_iter().map(make).collect())
}

/// A word of a pattern.
#[derive(Debug, PartialEq, Eq)]
enum Token<'a> {
    Word(&'a str),
    Text(String),
    Mark(char),
}

/// Words, texts in single quotes and marks; the keys of hashes may stand in quotes inside a word.
fn tokens(pattern: &str) -> Result<Vec<Token<'_>>, String> {
    let mut tokens = Vec::new();
    let mut rest = pattern.trim_start();
    while let Some(first) = rest.chars().next() {
        if tokens.len() > limits::STIX_TOKENS {
            return Err(format!("pattern has more than {} words", limits::STIX_TOKENS));
        }
        match first {
            '\'' => {
                let (text, after) = quoted(&rest[1..])?;
                tokens.push(Token::Text(text));
                rest = after;
            }
            '[' | ']' | '(' | ')' | ',' | '=' | '!' | '<' | '>' => {
                tokens.push(Token::Mark(first));
                rest = &rest[1..];
            }
            _ => {
                let end = word_end(rest);
                tokens.push(Token::Word(&rest[..end]));
                rest = &rest[end..];
            }
        }
        rest = rest.trim_start();
    }
    Ok(tokens)
}

fn word_end(text: &str) -> usize {
    let (mut quoted, mut end) = (false, text.len());
    for (index, character) in text.char_indices() {
        match character {
            '\'' => quoted = !quoted,
            _ if quoted => {}
            ' ' | '\t' | '\n' | '[' | ']' | '(' | ')' | ',' | '=' | '!' | '<' | '>' => {
                end = index;
                break;
            }
            _ => {}
        }
    }
    // A mark that begins no word of any kind would never end.
    end.max(text.chars().next().map_or(0, char::len_utf8))
}

fn quoted(text: &str) -> Result<(String, &str), String> {
    let (mut value, mut escaped) = (String::new(), false);
    for (index, character) in text.char_indices() {
        match character {
            _ if escaped => {
                value.push(character);
                escaped = false;
            }
            '\\' => escaped = true,
            '\'' => return Ok((value, &text[index + 1..])),
            other => value.push(other),
        }
    }
    Err("a text has no closing quote".to_owned())
}

/// The observables that a pattern names, any of which suffices.
fn observables(pattern: &str) -> Result<Vec<(IndicatorKind, String)>, String> {
    let tokens = tokens(pattern)?;
    let joins = |word: &str| ["AND", "FOLLOWEDBY", "NOT"].iter().any(|join| word.eq_ignore_ascii_case(join));
    if tokens.iter().any(|token| matches!(token, Token::Word(word) if joins(word))) {
        return Err("pattern asks for more than one thing at once, which a single indicator can't".to_owned());
    }
    let mut found = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        let Token::Word(path) = token else { continue };
        let Some((object, property)) = path.split_once(':') else { continue };
        let values = values(&tokens[index + 1..], path)?;
        for value in values {
            found.push(observable(object, property, &value)?);
        }
    }
    if found.is_empty() { Err("pattern names no observable".to_owned()) } else { Ok(found) }
}

/// The values that a comparison takes.
fn values(rest: &[Token<'_>], path: &str) -> Result<Vec<String>, String> {
    match rest {
        [Token::Mark('='), Token::Text(value), ..] => Ok(vec![value.clone()]),
        [Token::Word(word), Token::Text(value), ..] if word.eq_ignore_ascii_case("ISSUBSET") => Ok(vec![value.clone()]),
        [Token::Word(word), Token::Mark('('), list @ ..] if word.eq_ignore_ascii_case("IN") => {
            let inside = list.iter().take_while(|token| **token != Token::Mark(')'));
            Ok(inside
                .filter_map(|token| if let Token::Text(text) = token { Some(text.clone()) } else { None })
                .collect())
        }
        _ => Err(format!("comparison of {} is not taken, only =, IN and ISSUBSET", shown(path))),
    }
}

fn observable(object: &str, property: &str, value: &str) -> Result<(IndicatorKind, String), String> {
    let kind = match (object, property) {
        ("ipv4-addr" | "ipv6-addr", "value") => "ip",
        ("network-traffic", "src_ref.value" | "dst_ref.value") => "ip",
        ("domain-name", "value") => "domain",
        ("network-traffic", "dst_ref.domain_name") => "domain",
        ("url", "value") => "url",
        ("file" | "artifact", property) if property.starts_with("hashes") => "hash",
        _ => return Err(format!("{} is no observable that events hold", shown(&format!("{object}:{property}")))),
    };
    checked(kind, value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn one(pattern: &str) -> Result<Vec<(IndicatorKind, String)>, String> {
        observables(pattern)
    }

    #[test]
    fn patterns_of_every_kind() {
        assert_eq!(
            one("[ipv4-addr:value = '198.51.100.3']"),
            Ok(vec![(IndicatorKind::Address, "198.51.100.3".into())])
        );
        assert_eq!(
            one("[ipv4-addr:value ISSUBSET '198.51.100.0/24']"),
            Ok(vec![(IndicatorKind::Range, "198.51.100.0/24".into())])
        );
        assert_eq!(
            one("[domain-name:value = 'Bad.Example' OR domain-name:value = 'worse.example']").map(|found| found.len()),
            Ok(2)
        );
        assert_eq!(
            one("[file:hashes.'SHA-256' = 'D41D8CD98F00B204E9800998ECF8427ED41D8CD98F00B204E9800998ECF8427E']")
                .map(|found| found[0].0),
            Ok(IndicatorKind::Hash)
        );
        assert_eq!(
            one("[file:hashes.MD5 IN ('d41d8cd98f00b204e9800998ecf8427e', 'd41d8cd98f00b204e9800998ecf8427f')]")
                .map(|found| found.len()),
            Ok(2)
        );
        assert_eq!(
            one(r"[url:value = 'http://bad.example/it\'s']"),
            Ok(vec![(IndicatorKind::Url, "bad.example/it's".into())])
        );
        for pattern in [
            "[ipv4-addr:value = '198.51.100.3' AND network-traffic:dst_port = 443]",
            "[process:name = 'a']",
            "[ipv4-addr:value LIKE '1%']",
            "[ipv4-addr:value = 'x']",
            "",
            "[",
            "'",
        ] {
            assert!(one(pattern).is_err(), "{pattern}");
        }
    }

    #[test]
    fn a_bundle_with_expiry_and_revocation() {
        let bundle = json!({"type": "bundle", "objects": [
            {"type": "identity", "id": "identity--1"},
            {"type": "indicator", "id": "indicator--1", "name": "控制端", "pattern": "[ipv4-addr:value = '198.51.100.3']", "pattern_type": "stix", "valid_until": "2027-01-01T00:00:00Z", "confidence": 99},
            {"type": "indicator", "id": "indicator--2", "pattern": "[ipv4-addr:value = '198.51.100.4']", "revoked": true},
            {"type": "indicator", "id": "indicator--3", "pattern": "alert tcp", "pattern_type": "snort"},
        ]});
        let (indicators, failures) = parse("l", &bundle);
        assert_eq!((indicators.len(), failures.len()), (1, 1));
        assert_eq!((indicators[0].severity, indicators[0].description.as_str()), (Severity::Critical, "控制端"));
        assert!(indicators[0].expires.is_some());
    }
}
