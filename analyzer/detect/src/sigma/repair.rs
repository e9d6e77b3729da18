//! Repairs rules where version 0.23 of the Sigma library compiles them to something else than the specification says.
//!
//! Two defects are known and have conformance tests below: (1) a wildcard in a value under `startswith` or `endswith`
//! was anchored at the wrong end; (2) `windash` varied only `-`, so that a value written with `/` never matched `-`.

use rsigma_parser::{Detection, DetectionItem, Modifier, SigmaRule, SigmaString, SigmaValue};

/// Dashes that `windash` makes interchangeable (Sigma specification 2.1, appendix modifiers).
const DASHES: [char; 5] = ['-', '/', '\u{2013}', '\u{2014}', '\u{2015}'];

/// Dashes above which a value is left alone, as the library tries every combination.
const VARIED_DASHES: usize = 4;

/// Rewrites a rule in place.
pub(super) fn repair(rule: &mut SigmaRule) {
    rule.detection.named.values_mut().for_each(repair_detection);
}

fn repair_detection(detection: &mut Detection) {
    match detection {
        Detection::AllOf(items) => items.iter_mut().for_each(repair_item),
        Detection::AnyOf(inner) | Detection::And(inner) => inner.iter_mut().for_each(repair_detection),
        Detection::ArrayMatch { body, .. } => repair_detection(body),
        Detection::Conditional { named, .. } => named.values_mut().for_each(repair_detection),
        Detection::Keywords(_) => {}
    }
}

fn repair_item(item: &mut DetectionItem) {
    if item.field.has_modifier(Modifier::WindAsh) {
        item.values.iter_mut().for_each(dash_values);
    }
    let encoded = [
        Modifier::Base64,
        Modifier::Base64Offset,
        Modifier::Wide,
        Modifier::Utf16,
        Modifier::Utf16be,
        Modifier::Re,
        Modifier::FieldRef,
        Modifier::Expand,
    ];
    if item.values.iter().any(has_wildcard) && !encoded.iter().any(|modifier| item.field.has_modifier(*modifier)) {
        for (modifier, before, after) in [(Modifier::EndsWith, "*", ""), (Modifier::StartsWith, "", "*")] {
            if item.field.has_modifier(modifier) {
                item.field.modifiers.retain(|known| *known != modifier);
                item.values.iter_mut().for_each(|value| surround(value, before, after));
            }
        }
    }
}

fn has_wildcard(value: &SigmaValue) -> bool {
    matches!(value, SigmaValue::String(text) if text.contains_wildcards())
}

/// Writes the anchor as a wildcard, so that no modifier is needed.
fn surround(value: &mut SigmaValue, before: &str, after: &str) {
    let text = match value {
        SigmaValue::String(text) => text.original.clone(),
        SigmaValue::Integer(number) => number.to_string(),
        _ => return,
    };
    *value = SigmaValue::String(SigmaString::new(&format!("{before}{text}{after}")));
}

/// Writes every dash that begins a parameter as `-`, which the library varies over all five.
fn dash_values(value: &mut SigmaValue) {
    let SigmaValue::String(text) = value else { return };
    let mut previous = ' ';
    let characters: Vec<char> = text.original.chars().collect();
    let rewritten: String = characters
        .iter()
        .enumerate()
        .map(|(index, &character)| {
            let begins = DASHES.contains(&character)
                && !is_word(previous)
                && characters.get(index + 1).is_some_and(|next| is_word(*next));
            previous = character;
            if begins { '-' } else { character }
        })
        .collect();
    if rewritten != text.original && rewritten.matches('-').count() <= VARIED_DASHES {
        *text = SigmaString::new(&rewritten);
    }
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

#[cfg(test)]
mod tests {
    use super::*;
    use rsigma_eval::{Engine, JsonEvent};
    use serde_json::json;

    /// Whether a selection matches an event with one field.
    fn matches(selection: &str, field: &str, value: &str) -> bool {
        let yaml = format!(
            "title: t\nlogsource:\n  product: x\ndetection:\n  selection:\n    {selection}\n  condition: selection\n"
        );
        let mut collection = rsigma_parser::parse_sigma_yaml(&yaml).expect("is a rule");
        collection.rules.iter_mut().for_each(repair);
        let mut engine = Engine::new();
        engine.add_collection(&collection).expect("compiles");
        let event = json!({ field: value });
        !engine.evaluate(&JsonEvent::borrow(&event)).is_empty()
    }

    #[test]
    fn a_wildcard_under_endswith_is_anchored_at_the_end() {
        assert!(matches("a|endswith: '1????'", "a", "xx12345"));
        assert!(!matches("a|endswith: '1????'", "a", "12345xx"));
        assert!(matches("a|startswith: '1??x'", "a", "123xyz"));
        assert!(!matches("a|startswith: '1??x'", "a", "z123x"));
        assert!(
            matches("a|endswith:\n      - '\\\\b*.exe'\n      - plain", "a", "c:\\\\bcd.exe")
                || matches("a|endswith:\n      - 'b*.exe'\n      - plain", "a", "c:bcd.exe")
        );
        assert!(matches("a|endswith:\n      - 'b*.exe'\n      - plain", "a", "is plain"));
    }

    #[test]
    fn windash_goes_both_ways() {
        for written in ["' /accepteula'", "' -accepteula'"] {
            for seen in ["x -accepteula", "x /accepteula", "x \u{2013}accepteula"] {
                assert!(matches(&format!("a|contains|windash: {written}"), "a", seen), "{written} {seen}");
            }
        }
        assert!(!matches("a|contains|windash: ' /accepteula'", "a", "x accepteula"));
    }
}
