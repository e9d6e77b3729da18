//! What a rule says about itself.

use fengsui_schema::shown;

use crate::draft::Draft;
use crate::keywords::{Keyword, keyword, pair, parts, without_value};
use crate::syntax::{quoted, unescaped};
use crate::{Silence, Tag, TagMetric, Target, classification};

pub(crate) const KEYWORDS: &[Keyword] = &[
    keyword("msg", |draft, value| {
        draft.info.msg = unescaped(quoted(value)?.inner);
        Ok(())
    }),
    keyword("sid", |draft, value| {
        draft.info.sid = positive(value)?;
        Ok(())
    }),
    keyword("gid", |draft, value| {
        draft.info.gid = positive(value)?;
        Ok(())
    }),
    keyword("rev", |draft, value| {
        draft.info.rev = positive(value)?;
        Ok(())
    }),
    keyword("classtype", |draft, value| {
        let listed = draft.classes.iter().find(|class| class.0.eq_ignore_ascii_case(value));
        let built_in = || classification::find(value).map(|class| (class.text.to_owned(), class.priority));
        let class = listed.map(|class| (class.1.clone(), class.2)).or_else(built_in);
        let (text, priority) = class.ok_or_else(|| format!("{} is no class of rules", shown(value)))?;
        value.clone_into(&mut draft.info.classtype);
        (draft.info.category, draft.info.priority) = (text, priority);
        Ok(())
    }),
    keyword("priority", |draft, value| {
        let priority = value.parse::<u8>().map_err(|_| format!("{} is no priority from 1 to 255", shown(value)))?;
        draft.priority = Some(priority);
        Ok(())
    }),
    keyword("reference", |draft, value| {
        let (scheme, address) = value.split_once(',').ok_or("needs a scheme and a value")?;
        let reference = (scheme.trim().to_ascii_lowercase(), unescaped(address.trim()));
        draft.info.references.push(reference);
        Ok(())
    }),
    keyword("metadata", |draft, value| {
        let entries = parts(value).map(pair).map(|(key, value)| (key.to_owned(), unescaped(value)));
        draft.info.metadata.extend(entries);
        Ok(())
    }),
    keyword("target", |draft, value| {
        draft.info.target = Some(match value {
            "src_ip" => Target::Source,
            "dest_ip" => Target::Destination,
            _ => return Err("takes src_ip or dest_ip".to_owned()),
        });
        Ok(())
    }),
    keyword("tag", tag),
    // They change how fast a rule is, not what it matches.
    keyword("prefilter", |_, _| Ok(())),
    // Asked before anything else of a rule is read.
    keyword("requires", |_, _| Ok(())),
    keyword("bypass", |draft, value| {
        without_value(value)?;
        draft.info.bypass = true;
        Ok(())
    }),
    keyword("config", config),
];

fn positive(text: &str) -> Result<u32, String> {
    let value = text.trim().parse().ok().filter(|value| *value > 0);
    value.ok_or_else(|| format!("{} is no number above 0", shown(text)))
}

fn tag(draft: &mut Draft<'_>, value: &str) -> Result<(), String> {
    let fields: Vec<&str> = parts(value).collect();
    let host = match fields.first() {
        Some(&"session") => false,
        Some(&"host") => true,
        _ => return Err("needs session or host".to_owned()),
    };
    let count = fields.get(1).map_or(Ok(256), |text| positive(text))?;
    let metric = match fields.get(2) {
        None | Some(&"packets") => TagMetric::Packets,
        Some(&"seconds") => TagMetric::Seconds,
        Some(&"bytes") => TagMetric::Bytes,
        Some(other) => return Err(format!("{} can not be counted", shown(other))),
    };
    let destination = fields.get(3) == Some(&"dst");
    draft.info.tag = Some(Tag { host, destination, count, metric });
    Ok(())
}

/// The version of the language this sensor speaks.
const LANGUAGE_VERSION: (u32, u32, u32) = (9, 0, 0);

/// `config: logging disable, type tx|flow, scope tx|flow`.
fn config(draft: &mut Draft<'_>, value: &str) -> Result<(), String> {
    let fields: Vec<(&str, &str)> = parts(value).map(pair).collect();
    let [("logging", "disable"), ("type", _), ("scope", scope)] = fields.as_slice() else {
        return Err("takes logging disable, a type and a scope".to_owned());
    };
    draft.info.silence = Some(match *scope {
        "tx" => Silence::Transaction,
        "flow" => Silence::Flow,
        other => return Err(format!("{} is no scope of it", shown(other))),
    });
    draft.noalert = true;
    Ok(())
}

/// Why a rule is passed over, by what its options require (another version, a keyword or feature that is not there), and
/// whether that is understood.
pub(crate) fn unmet(options: &[crate::syntax::RuleOption<'_>]) -> Option<(String, bool)> {
    let mut wanted = options.iter().filter(|option| option.keyword == "requires");
    let reason = wanted.find_map(|option| requires(option.value.unwrap_or("")).err())?;
    let understood = !reason.ends_with(NOT_UNDERSTOOD);
    Some((reason, understood))
}

const NOT_UNDERSTOOD: &str = "which is not understood";

fn requires(value: &str) -> Result<(), String> {
    for requirement in parts(value) {
        match pair(requirement) {
            ("feature", name) => return Err(format!("asks for feature {}, which is not there", shown(name))),
            ("keyword", name) if super::is_known(name) => {}
            ("keyword", name) => return Err(format!("asks for keyword {}, which is not there", shown(name))),
            ("version", ranges) => version(ranges)?,
            _ => return Err(format!("asks for {}, {NOT_UNDERSTOOD}", shown(requirement))),
        }
    }
    Ok(())
}

/// Alternatives between bars; each is a list of comparisons that all have to hold.
fn version(ranges: &str) -> Result<(), String> {
    let mut any = false;
    for alternative in ranges.split('|') {
        let words: Vec<&str> = alternative.split_whitespace().collect();
        let mut all = !words.is_empty() && words.len().is_multiple_of(2);
        for two in words.chunks_exact(2) {
            let wanted = version_number(two[1]).ok_or_else(|| format!("{} is no version", shown(two[1])))?;
            all &= match two[0] {
                ">=" => LANGUAGE_VERSION >= wanted,
                ">" => LANGUAGE_VERSION > wanted,
                "<" => LANGUAGE_VERSION < wanted,
                "<=" => LANGUAGE_VERSION <= wanted,
                other => return Err(format!("{} is no comparison", shown(other))),
            };
        }
        any |= all;
    }
    if any { Ok(()) } else { Err(format!("asks for version {}; this sensor speaks 9.0.0", shown(ranges))) }
}

fn version_number(text: &str) -> Option<(u32, u32, u32)> {
    let mut numbers = text.split('.').map(|part| part.parse::<u32>().ok());
    Some((numbers.next()??, numbers.next().unwrap_or(Some(0))?, numbers.next().unwrap_or(Some(0))?))
}
