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

/// Every table of keywords, with what it is about. Sticky buffers come from [`fengsui_protocols::Buffer::ALL`].
const KEYWORDS: &[(&str, &[Keyword])] = &[
    ("bytes and what bounds them", content::KEYWORDS),
    ("regular expressions", pcre::KEYWORDS),
    ("compares numbers among the bytes", byte_test::KEYWORDS),
    ("goes on behind a number of bytes that stands among them", byte_jump::KEYWORDS),
    ("keeps a number among the bytes", byte_extract::KEYWORDS),
    ("computes with numbers among the bytes", byte_math::KEYWORDS),
    ("checks of ASN.1", asn1::KEYWORDS),
    ("Base64 among the bytes", base64::KEYWORDS),
    ("where a rule looks: older names, headers of packets, frames, lengths of addresses", buffers::KEYWORDS),
    ("transformations of a buffer", transforms::KEYWORDS),
    ("direction and state of the flow", flow::KEYWORDS),
    ("how old and how large a flow is", flow_counts::KEYWORDS),
    ("bits and numbers of flows, hosts and pairs of them", bits::KEYWORDS),
    ("rates of alerts", threshold::KEYWORDS),
    ("fields of packets", packet::KEYWORDS),
    ("reputation of addresses", reputation::KEYWORDS),
    ("events and fields of transactions", transaction::KEYWORDS),
    ("how far a transaction has come", state::KEYWORDS),
    ("numbers and flags of transactions", fields::KEYWORDS),
    ("times of certificates", dates::KEYWORDS),
    ("keywords of old that compare texts", legacy::KEYWORDS),
    ("calls of ONC RPC", remote_call::KEYWORDS),
    ("FTP", ftp::KEYWORDS),
    ("DCE/RPC", dcerpc::KEYWORDS),
    ("Modbus", modbus::KEYWORDS),
    ("files", file::KEYWORDS),
    ("lists of values", dataset::KEYWORDS),
    ("entropy of a buffer", entropy::KEYWORDS),
    ("what a rule says of itself", meta::KEYWORDS),
    ("known and refused, with the reason", unsupported::KEYWORDS),
];

/// Every keyword but the sticky buffers: what a family is about, and its names, in their order.
#[must_use]
pub fn keyword_families() -> Vec<(&'static str, Vec<&'static str>)> {
    let names = |table: &[Keyword]| {
        let mut names: Vec<&'static str> = table.iter().map(|keyword| keyword.name).collect();
        names.sort_unstable();
        names
    };
    KEYWORDS.iter().map(|(about, table)| (*about, names(table))).collect()
}

/// Keywords by name.
static INDEX: LazyLock<HashMap<&'static str, &'static Keyword>> =
    LazyLock::new(|| KEYWORDS.iter().flat_map(|family| family.1).map(|keyword| (keyword.name, keyword)).collect());

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
    let is_refused = |name: &str| unsupported::KEYWORDS.iter().any(|refused| refused.name == name);
    KEYWORDS.iter().flat_map(|family| family.1).map(|keyword| keyword.name).filter(move |name| !is_refused(name))
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
        let mut names: Vec<_> = KEYWORDS.iter().flat_map(|family| family.1).map(|keyword| keyword.name).collect();
        names.sort_unstable();
        for two in names.windows(2) {
            assert_ne!(two[0], two[1]);
        }
    }
}
