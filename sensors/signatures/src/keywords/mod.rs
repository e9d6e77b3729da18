//! Every keyword of the rule language: one file or one table line each.

pub(crate) mod asn1;
pub(crate) mod base64;
pub(crate) mod bits;
pub(crate) mod buffers;
pub(crate) mod byte_extract;
pub(crate) mod byte_jump;
pub(crate) mod byte_math;
pub(crate) mod byte_source;
pub(crate) mod byte_test;
pub(crate) mod content;
pub(crate) mod dataset;
pub(crate) mod dates;
pub(crate) mod dcerpc;
pub(crate) mod entropy;
pub(crate) mod fields;
pub(crate) mod file;
pub(crate) mod flow;
pub(crate) mod flow_counts;
pub(crate) mod ftp;
pub(crate) mod legacy;
pub(crate) mod meta;
pub(crate) mod modbus;
pub(crate) mod packet;
pub(crate) mod pcre;
pub(crate) mod places;
pub(crate) mod remote_call;
pub(crate) mod reputation;
pub(crate) mod state;
pub(crate) mod threshold;
pub(crate) mod transaction;
pub(crate) mod transforms;
pub(crate) mod unsupported;

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::draft::Draft;

/// A keyword and how its value is read into a rule.
pub(crate) struct Keyword {
    /// As rules write it.
    pub(crate) name: &'static str,
    /// Reads the value, empty when there is none; the error says what is wrong with it.
    pub(crate) parse: fn(&mut Draft<'_>, &str) -> Result<(), String>,
}

/// A line of a keyword table.
pub(crate) const fn keyword(name: &'static str, parse: fn(&mut Draft<'_>, &str) -> Result<(), String>) -> Keyword {
    Keyword { name, parse }
}

/// Every table of keywords. Sticky buffers come from [`fengsui_protocols::Buffer::ALL`].
pub(crate) const KEYWORDS: &[&[Keyword]] = &[
    content::KEYWORDS,
    pcre::KEYWORDS,
    byte_test::KEYWORDS,
    byte_jump::KEYWORDS,
    byte_extract::KEYWORDS,
    byte_math::KEYWORDS,
    asn1::KEYWORDS,
    base64::KEYWORDS,
    buffers::KEYWORDS,
    transforms::KEYWORDS,
    flow::KEYWORDS,
    flow_counts::KEYWORDS,
    bits::KEYWORDS,
    threshold::KEYWORDS,
    packet::KEYWORDS,
    reputation::KEYWORDS,
    transaction::KEYWORDS,
    state::KEYWORDS,
    fields::KEYWORDS,
    dates::KEYWORDS,
    legacy::KEYWORDS,
    remote_call::KEYWORDS,
    ftp::KEYWORDS,
    dcerpc::KEYWORDS,
    modbus::KEYWORDS,
    file::KEYWORDS,
    dataset::KEYWORDS,
    entropy::KEYWORDS,
    meta::KEYWORDS,
    unsupported::KEYWORDS,
];

/// Keywords by name.
static INDEX: LazyLock<HashMap<&'static str, &'static Keyword>> =
    LazyLock::new(|| KEYWORDS.iter().copied().flatten().map(|keyword| (keyword.name, keyword)).collect());

/// Reads one option into a rule.
pub(crate) fn apply(draft: &mut Draft<'_>, name: &str, value: &str) -> Result<(), String> {
    if let Some(keyword) = INDEX.get(name) {
        return (keyword.parse)(draft, value);
    }
    match buffers::find(name) {
        Some(buffer) => buffers::look_at(draft, buffer, value),
        None => Err("is not a keyword this sensor knows".to_owned()),
    }
}

/// Every keyword that does something, but for the names of sticky buffers.
pub fn keyword_names() -> impl Iterator<Item = &'static str> {
    let tables = KEYWORDS.iter().filter(|table| !std::ptr::eq(**table, unsupported::KEYWORDS));
    tables.copied().flatten().map(|keyword| keyword.name)
}

/// Whether a keyword is there and does something.
pub(crate) fn is_known(name: &str) -> bool {
    keyword_names().any(|known| known == name) || buffers::find(name).is_some()
}

/// The comma separated parts of a value, trimmed.
pub(crate) fn parts(value: &str) -> impl Iterator<Item = &str> {
    value.split(',').map(str::trim).filter(|part| !part.is_empty())
}

/// A part split at its first white space: `("count", "5")`.
pub(crate) fn pair(part: &str) -> (&str, &str) {
    part.split_once(char::is_whitespace).map_or((part, ""), |(key, value)| (key, value.trim()))
}

/// Refuses a value where the keyword takes none.
pub(crate) fn without_value(value: &str) -> Result<(), String> {
    if value.is_empty() { Ok(()) } else { Err(format!("takes no value, not {}", fengsui_schema::shown(value))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_keyword_is_defined_twice() {
        let mut names: Vec<_> = KEYWORDS.iter().copied().flatten().map(|keyword| keyword.name).collect();
        names.sort_unstable();
        for two in names.windows(2) {
            assert_ne!(two[0], two[1]);
        }
    }
}
