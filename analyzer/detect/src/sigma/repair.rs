//! Repairs rules where version 0.23 of the Sigma library compiles them to something else than the specification says.
//!
//! Known defects, each with a conformance test below: (1) a wildcard in a value under `startswith` or `endswith` was
//! anchored at the wrong end; (2) `windash` varied only `-`, so that a value written with `/` never matched `-`, and
//! varied every dash of a value, which costs 5^n patterns; (3) `base64offset` kept the last character, which depends on
//! what follows; (4) `expand` read placeholders from the event, never from the values of a pipeline; (5) `all` over one
//! value was refused; (6) `'|all'` over keywords compared whole values.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rsigma_parser::value::{SpecialChar, StringPart};
use rsigma_parser::{Detection, DetectionItem, Detections, Modifier, SigmaString, SigmaValue};

use crate::limits;

/// Dashes that `windash` makes interchangeable (Sigma specification 2.1, appendix modifiers).
const DASHES: [char; 5] = ['-', '/', '\u{2013}', '\u{2014}', '\u{2015}'];

/// Dashes of a value up to which every variant is written out; a value with more becomes one regular expression.
const VARIED_DASHES: usize = 2;

/// Values of placeholders (`%name%` under `expand`), by name.
pub(super) type Placeholders = HashMap<String, Vec<String>>;

/// Rewrites the detections of a rule or filter in place.
pub(super) fn repair(detections: &mut Detections, placeholders: &Placeholders) {
    detections.named.values_mut().for_each(|detection| repair_detection(detection, placeholders));
}

fn repair_detection(detection: &mut Detection, placeholders: &Placeholders) {
    match detection {
        Detection::AllOf(items) if items.iter().any(is_keyword_list) => {
            let (lists, items): (Vec<_>, Vec<_>) = std::mem::take(items).into_iter().partition(is_keyword_list);
            let mut parts: Vec<Detection> =
                lists.into_iter().flat_map(|list| list.values).map(|value| Detection::Keywords(vec![value])).collect();
            if !items.is_empty() {
                parts.push(Detection::AllOf(items));
            }
            parts.iter_mut().for_each(|part| repair_detection(part, placeholders));
            *detection = Detection::And(parts);
        }
        Detection::AllOf(items) => {
            *items = std::mem::take(items).into_iter().flat_map(|item| repaired(item, placeholders)).collect();
        }
        Detection::AnyOf(inner) | Detection::And(inner) => {
            inner.iter_mut().for_each(|inner| repair_detection(inner, placeholders));
        }
        Detection::ArrayMatch { body, .. } => repair_detection(body, placeholders),
        Detection::Conditional { named, .. } => {
            named.values_mut().for_each(|inner| repair_detection(inner, placeholders));
        }
        Detection::Keywords(_) => {}
    }
}

/// Whether an item is `'|all'` over keywords, which the library takes for whole values of one field.
fn is_keyword_list(item: &DetectionItem) -> bool {
    item.field.name.is_none() && item.field.modifiers == [Modifier::All]
}

/// The items that mean what the specification says an item means; all of them must match.
fn repaired(mut item: DetectionItem, placeholders: &Placeholders) -> Vec<DetectionItem> {
    if item.field.has_modifier(Modifier::Expand) {
        expand(&mut item, placeholders);
    }
    if item.values.len() <= 1 {
        without(&mut item, Modifier::All);
    }
    let varied = [Modifier::WindAsh, Modifier::Base64Offset].iter().any(|modifier| item.field.has_modifier(*modifier));
    if !varied {
        anchor(&mut item);
        return vec![item];
    }
    // Variants of one value are alternatives, so each value under `all` needs an item of its own.
    let mut items = if item.field.has_modifier(Modifier::All) {
        without(&mut item, Modifier::All);
        let alone = |value: &SigmaValue| DetectionItem { field: item.field.clone(), values: vec![value.clone()] };
        item.values.iter().map(alone).collect()
    } else {
        vec![item]
    };
    for item in &mut items {
        if item.field.has_modifier(Modifier::Base64Offset) {
            base64_offsets(item);
        } else {
            vary_dashes(item);
        }
        anchor(item);
    }
    items
}

fn without(item: &mut DetectionItem, modifier: Modifier) {
    item.field.modifiers.retain(|known| *known != modifier);
}

/// Puts the values of a pipeline in the places of `%name%`. A value with an unknown name stays for the library, which
/// looks for a field of the event under it.
fn expand(item: &mut DetectionItem, placeholders: &Placeholders) {
    let mut expanded = Vec::new();
    for value in &item.values {
        let SigmaValue::String(text) = value else {
            expanded.push(value.clone());
            continue;
        };
        let Some(texts) = expansions(&text.original, placeholders) else { return };
        expanded.extend(texts.iter().map(|text| SigmaValue::String(SigmaString::new(text))));
    }
    item.values = expanded;
    without(item, Modifier::Expand);
}

/// Every combination of the values of a text's placeholders, at most [`limits::SIGMA_VALUES`]; `None` when a name is
/// not known.
fn expansions(text: &str, placeholders: &Placeholders) -> Option<Vec<String>> {
    let (mut done, mut rest) = (vec![String::new()], text);
    while let Some((before, after)) = rest.split_once('%') {
        let Some((name, after)) = after.split_once('%') else { break };
        let values = placeholders.get(name)?;
        let put = |done: &String| values.iter().map(move |value| format!("{done}{before}{value}")).collect::<Vec<_>>();
        done = done.iter().flat_map(put).take(limits::SIGMA_VALUES).collect();
        rest = after;
    }
    done.iter_mut().for_each(|text| text.push_str(rest));
    Some(done)
}

/// Writes `startswith` and `endswith` as wildcards where a value holds wildcards.
fn anchor(item: &mut DetectionItem) {
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
    if !item.values.iter().any(has_wildcard) || encoded.iter().any(|modifier| item.field.has_modifier(*modifier)) {
        return;
    }
    for (modifier, before, after) in [(Modifier::EndsWith, "*", ""), (Modifier::StartsWith, "", "*")] {
        if item.field.has_modifier(modifier) {
            without(item, modifier);
            item.values.iter_mut().for_each(|value| surround(value, before, after));
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
    // A backslash at the end would escape the wildcard.
    let odd = text.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1;
    let escape = if odd && !after.is_empty() { "\\" } else { "" };
    *value = SigmaValue::String(SigmaString::new(&format!("{before}{text}{escape}{after}")));
}

/// Writes the values out with every dash that begins a parameter in all five forms, or as one regular expression where
/// a value has many.
fn vary_dashes(item: &mut DetectionItem) {
    without(item, Modifier::WindAsh);
    let most = item.values.iter().map(|value| dashes(value).len()).max().unwrap_or(0);
    if most <= VARIED_DASHES {
        item.values = item.values.iter().flat_map(dash_variants).collect();
        return;
    }
    let texts = item.values.iter().map(|value| dash_expression(item, value));
    item.values = texts.map(|text| SigmaValue::String(SigmaString::from_raw(&text))).collect();
    [Modifier::Contains, Modifier::StartsWith, Modifier::EndsWith]
        .into_iter()
        .for_each(|modifier| without(item, modifier));
    item.field.modifiers.extend([Modifier::Re, Modifier::DotAll]);
    if !item.field.has_modifier(Modifier::Cased) {
        item.field.modifiers.push(Modifier::IgnoreCase);
    }
    without(item, Modifier::Cased);
}

/// Places, in bytes, of the dashes that begin a parameter: before a word and not behind one.
fn dashes(value: &SigmaValue) -> Vec<usize> {
    let SigmaValue::String(text) = value else { return Vec::new() };
    let mut previous = ' ';
    let mut characters = text.original.char_indices().peekable();
    let mut found = Vec::new();
    while let Some((index, character)) = characters.next() {
        let before_word = characters.peek().is_some_and(|(_, next)| is_word(*next));
        if DASHES.contains(&character) && !is_word(previous) && before_word {
            found.push(index);
        }
        previous = character;
    }
    found
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

fn dash_variants(value: &SigmaValue) -> Vec<SigmaValue> {
    let SigmaValue::String(text) = value else { return vec![value.clone()] };
    let mut variants = vec![text.original.clone()];
    // From the back, so that the places in front stay right.
    for place in dashes(value).into_iter().rev() {
        let put = |text: &String| {
            let (before, after) = text.split_at(place);
            let mut rest = after.chars();
            rest.next();
            DASHES.map(|dash| format!("{before}{dash}{}", rest.as_str()))
        };
        variants = variants.iter().flat_map(put).collect();
    }
    variants.iter().map(|text| SigmaValue::String(SigmaString::new(text))).collect()
}

/// One regular expression for a value with many dashes, anchored as the item says.
fn dash_expression(item: &DetectionItem, value: &SigmaValue) -> String {
    let text = match value {
        SigmaValue::String(text) => text.clone(),
        SigmaValue::Integer(number) => SigmaString::new(&number.to_string()),
        _ => SigmaString::new(""),
    };
    // One mark stands for any dash while wildcards are told from literals.
    const MARK: char = '\u{f8ff}';
    let mut marked = text.original.clone();
    for place in dashes(&SigmaValue::String(text)).into_iter().rev() {
        let end = place + marked[place..].chars().next().map_or(0, char::len_utf8);
        marked.replace_range(place..end, &MARK.to_string());
    }
    let body: String = SigmaString::new(&marked)
        .parts
        .iter()
        .map(|part| match part {
            StringPart::Plain(text) => regex::escape(text).replace(MARK, "[-/\u{2013}\u{2014}\u{2015}]"),
            StringPart::Special(SpecialChar::WildcardMulti) => ".*".to_owned(),
            StringPart::Special(SpecialChar::WildcardSingle) => ".".to_owned(),
        })
        .collect();
    let has = |modifier| item.field.has_modifier(modifier);
    let start = if has(Modifier::Contains) || has(Modifier::EndsWith) { "" } else { "^" };
    let end = if has(Modifier::Contains) || has(Modifier::StartsWith) { "" } else { "$" };
    format!("{start}(?:{body}){end}")
}

/// Writes each value as the three texts that stand for it inside Base64, without the characters at either end that
/// depend on what stands around (Sigma specification 2.1, `base64offset`).
fn base64_offsets(item: &mut DetectionItem) {
    let wide = item.field.has_modifier(Modifier::Wide);
    let (big, marked) = (item.field.has_modifier(Modifier::Utf16be), item.field.has_modifier(Modifier::Utf16));
    let bytes = |text: &str| -> Vec<u8> {
        let units = || text.encode_utf16();
        match () {
            () if big => units().flat_map(u16::to_be_bytes).collect(),
            () if marked => [0xff, 0xfe].into_iter().chain(units().flat_map(u16::to_le_bytes)).collect(),
            () if wide => units().flat_map(u16::to_le_bytes).collect(),
            () => text.as_bytes().to_vec(),
        }
    };
    let mut texts = Vec::new();
    for value in &item.values {
        let text = match value {
            SigmaValue::String(text) => text.as_plain().unwrap_or_else(|| text.original.clone()),
            SigmaValue::Integer(number) => number.to_string(),
            _ => continue,
        };
        let value = bytes(&text);
        texts.extend((0..3).map(|offset| {
            let encoded = STANDARD.encode([&[b' '; 3][..offset], &value].concat());
            let start = [0, 2, 3][offset];
            let cut = [0, 3, 2][(value.len() + offset) % 3];
            encoded.get(start..encoded.len().saturating_sub(cut)).unwrap_or_default().to_owned()
        }));
    }
    let gone = [Modifier::Base64Offset, Modifier::Wide, Modifier::Utf16, Modifier::Utf16be];
    item.field.modifiers.retain(|modifier| !gone.contains(modifier));
    let anchored = [Modifier::Contains, Modifier::StartsWith, Modifier::EndsWith];
    if !anchored.iter().any(|modifier| item.field.has_modifier(*modifier)) {
        item.field.modifiers.push(Modifier::Contains);
    }
    texts.retain(|text| !text.is_empty());
    item.values = texts.iter().map(|text| SigmaValue::String(SigmaString::from_raw(text))).collect();
}

#[cfg(test)]
mod tests {
    use super::*;
    use rsigma_eval::{Engine, JsonEvent};
    use serde_json::json;

    /// Whether a selection matches an event with one field.
    fn matches(selection: &str, field: &str, value: &str) -> bool {
        matches_with(selection, field, value, &Placeholders::new())
    }

    fn matches_with(selection: &str, field: &str, value: &str, placeholders: &Placeholders) -> bool {
        let yaml = format!(
            "title: t\nlogsource:\n  product: x\ndetection:\n  selection:\n    {selection}\n  condition: selection\n"
        );
        let mut collection = rsigma_parser::parse_sigma_yaml(&yaml).expect("is a rule");
        assert_eq!(collection.errors, Vec::<String>::new());
        collection.rules.iter_mut().for_each(|rule| repair(&mut rule.detection, placeholders));
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
        assert!(matches("a|endswith:\n      - 'b*.exe'\n      - plain", "a", "c:bcd.exe"));
        assert!(matches("a|endswith:\n      - 'b*.exe'\n      - plain", "a", "is plain"));
        assert!(matches("a|startswith:\n      - 'c:\\x?y'\n      - 'c:\\'", "a", "c:\\anything"));
    }

    #[test]
    fn windash_goes_both_ways() {
        for written in ["' /accepteula'", "' -accepteula'"] {
            for seen in ["x -accepteula", "x /accepteula", "x \u{2013}accepteula", "x \u{2014}accepteula"] {
                assert!(matches(&format!("a|contains|windash: {written}"), "a", seen), "{written} {seen}");
            }
        }
        assert!(!matches("a|contains|windash: ' /accepteula'", "a", "x accepteula"));
    }

    #[test]
    fn windash_varies_each_dash_alone_however_many() {
        let selection = "a|contains|windash: ' -a -b /c -d /e -f /g -h -i'";
        assert!(matches(selection, "a", "x /a -b -c \u{2013}d -e /F -g /h -i y"));
        assert!(!matches(selection, "a", "x /a -b -c -d -e /f -g /h i"));
        assert!(matches("a|endswith|windash: ' -a -b -c?d'", "a", "z /a /b /cxd"));
        assert!(!matches("a|endswith|windash: ' -a -b -c?d'", "a", "z /a /b /cxd e"));
    }

    #[test]
    fn windash_with_all_needs_every_value_in_some_form() {
        let selection = "a|contains|windash|all:\n      - ' -x'\n      - ' /y'";
        assert!(matches(selection, "a", "t /x -y"));
        assert!(!matches(selection, "a", "t /x /x"));
    }

    #[test]
    fn base64_at_any_offset_and_with_any_surroundings() {
        for surrounding in [("", ""), ("a", "xyz"), ("bc", "\u{1}"), ("def", "qq")] {
            for word in ["http://", "whoami", "cmd.exe"] {
                let text = STANDARD.encode(format!("{}{word}{}", surrounding.0, surrounding.1));
                assert!(matches(&format!("a|base64offset|contains: '{word}'"), "a", &text), "{word} in {text}");
                let wide: Vec<u8> = format!("{}{word}{}", surrounding.0, surrounding.1)
                    .encode_utf16()
                    .flat_map(u16::to_le_bytes)
                    .collect();
                let text = STANDARD.encode(wide);
                assert!(matches(&format!("a|wide|base64offset|contains: '{word}'"), "a", &text), "wide {word}");
                assert!(matches(&format!("a|utf16le|base64offset|contains: '{word}'"), "a", &text), "wide {word}");
            }
        }
        assert!(!matches("a|base64offset|contains: 'whoami'", "a", &STANDARD.encode("who am i")));
    }

    #[test]
    fn placeholders_take_the_values_of_a_pipeline() {
        let values = Placeholders::from([("admins".to_owned(), vec!["root".to_owned(), "op*".to_owned()])]);
        let selection = "a|expand: '%admins%'";
        assert!(matches_with(selection, "a", "root", &values));
        assert!(matches_with(selection, "a", "operator", &values));
        assert!(!matches_with(selection, "a", "guest", &values));
        assert!(matches_with("a|expand|startswith: 'C:\\%admins%\\'", "a", "C:\\root\\x", &values));
    }

    #[test]
    fn all_over_one_value_is_the_value() {
        assert!(matches("a|contains|all: 'x'", "a", "axb"));
        assert!(matches("a|contains|all:\n      - 'x'", "a", "axb"));
    }
}
