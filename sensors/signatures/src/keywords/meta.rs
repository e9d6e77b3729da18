//! What a rule says about itself.

use fengsui_schema::shown;

use crate::draft::Draft;
use crate::keywords::{Keyword, keyword, pair, parts};
use crate::syntax::{quoted, unescaped};
use crate::{Tag, TagMetric, Target, classification};

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
        let unknown = || format!("{} is no class of rules", shown(value));
        let class = classification::find(value).ok_or_else(unknown)?;
        draft.info.classtype = class.name.to_owned();
        draft.info.category = class.text.to_owned();
        draft.info.priority = class.priority;
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
    keyword("requires", requires),
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

/// A rule that asks for another version or an unknown keyword is left out, with the reason.
fn requires(_: &mut Draft<'_>, value: &str) -> Result<(), String> {
    for requirement in parts(value) {
        match pair(requirement) {
            ("feature", name) => return Err(format!("asks for feature {}, which is not there", shown(name))),
            ("keyword", name) if super::is_known(name) => {}
            ("keyword", name) => return Err(format!("asks for keyword {}, which is not there", shown(name))),
            ("version", ranges) => version(ranges)?,
            _ => return Err(format!("asks for {}, which is not understood", shown(requirement))),
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
