//! Finds indicators in events: hash tables for addresses, hashes and domains, one automaton for web addresses.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use aho_corasick::AhoCorasick;
use fengsui_schema::{AlertSource, Condition, Event, RuleReference};
use ipnet::IpNet;
use serde_json::Value;

use super::{Indicator, IndicatorKind, Look, Place, places};
use crate::alerting::{Verdict, ends};
use crate::techniques;

/// Every indicator of a bundle, ready to be matched.
#[derive(Debug, Default)]
pub(crate) struct IndicatorSet {
    indicators: Vec<Indicator>,
    /// Addresses, domains and hashes, by value.
    exact: HashMap<String, Vec<usize>>,
    /// Ranges by prefix length, so that a look-up costs one table per length in use.
    ranges: HashMap<(bool, u8), HashMap<IpAddr, usize>>,
    urls: Option<AhoCorasick>,
    url_indexes: Vec<usize>,
    /// Values that are never indicators.
    allowed: AllowedValues,
    /// How often each was found.
    hits: Vec<AtomicU64>,
}

/// Values that are never indicators, whatever a list says: the organisation's own, and those of everybody.
#[derive(Debug, Default)]
pub(crate) struct AllowedValues {
    exact: HashSet<String>,
    ranges: Vec<IpNet>,
}

impl AllowedValues {
    /// Adds values.
    pub(crate) fn extend(&mut self, values: Vec<(IndicatorKind, String)>) {
        for (kind, value) in values {
            match (kind, value.parse::<IpNet>()) {
                (IndicatorKind::Range, Ok(range)) => self.ranges.push(range),
                _ => {
                    self.exact.insert(value);
                }
            }
        }
    }

    fn allows(&self, look: Look, value: &str) -> bool {
        match look {
            Look::Address => {
                let address = value.parse::<IpAddr>();
                self.exact.contains(value)
                    || address.is_ok_and(|address| self.ranges.iter().any(|range| range.contains(&address)))
            }
            Look::Domain => domains_of(value).any(|name| self.exact.contains(name.as_str())),
            Look::Url | Look::Hash => self.exact.contains(&value.to_lowercase()),
        }
    }
}

/// A name in lower case and every domain above it that has at least two labels.
fn domains_of(name: &str) -> impl Iterator<Item = String> {
    let name = name.trim_end_matches('.').to_lowercase();
    std::iter::successors(Some(name), |name| {
        name.split_once('.').map(|(_, above)| above.to_owned()).filter(|above| above.contains('.'))
    })
}

/// A field and what kinds of indicator are looked for in it.
pub(super) const FIELDS: &[(&str, Look)] = &[
    ("source.ip", Look::Address),
    ("destination.ip", Look::Address),
    ("dns.resolved_ip", Look::Address),
    ("dns.question.name", Look::Domain),
    ("url.domain", Look::Domain),
    ("tls.client.server_name", Look::Domain),
    ("url.original", Look::Url),
    ("file.hash.md5", Look::Hash),
    ("file.hash.sha1", Look::Hash),
    ("file.hash.sha256", Look::Hash),
    ("file.hash.sm3", Look::Hash),
];

/// An indicator in an event.
pub(crate) struct IndicatorHit<'a> {
    indicator: &'a Indicator,
    field: &'static str,
    value: String,
}

impl IndicatorSet {
    /// Prepares indicators for matching. `Err` when the automaton of web addresses would grow too large.
    pub(crate) fn build(indicators: Vec<Indicator>, allowed: AllowedValues) -> Result<Self, String> {
        let hits = std::iter::repeat_with(AtomicU64::default).take(indicators.len()).collect();
        let mut set = Self { indicators, allowed, hits, ..Self::default() };
        let mut patterns = Vec::new();
        for (index, indicator) in set.indicators.iter().enumerate() {
            match indicator.kind {
                IndicatorKind::Url => {
                    patterns.push(indicator.value.as_str());
                    set.url_indexes.push(index);
                }
                IndicatorKind::Range => {
                    if let Ok(range) = indicator.value.parse::<IpNet>() {
                        let key = (range.addr().is_ipv4(), range.prefix_len());
                        set.ranges.entry(key).or_default().entry(range.network()).or_insert(index);
                    }
                }
                _ => set.exact.entry(indicator.value.clone()).or_default().push(index),
            }
        }
        if !patterns.is_empty() {
            set.urls = Some(
                AhoCorasick::builder()
                    .ascii_case_insensitive(true)
                    .build(&patterns)
                    .map_err(|error| error.to_string())?,
            );
        }
        Ok(set)
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.indicators.len()
    }

    /// As [`crate::Detection::places`].
    pub(crate) fn places(&self) -> Vec<Place> {
        places::of(&self.indicators)
    }

    /// The indicators in an event that have not expired at its time, each once.
    pub(crate) fn matches(&self, event: &Event) -> Vec<IndicatorHit<'_>> {
        let mut hits: Vec<IndicatorHit<'_>> = Vec::new();
        if self.indicators.is_empty() {
            return hits;
        }
        for (field, look) in FIELDS {
            for value in texts(event, field) {
                if self.allowed.allows(*look, value) {
                    continue;
                }
                for index in self.find(*look, value, event) {
                    let indicator = &self.indicators[index];
                    let expired = indicator.expires.is_some_and(|expires| expires <= event.time);
                    if !expired && !hits.iter().any(|hit| std::ptr::eq(hit.indicator, indicator)) {
                        self.hits[index].fetch_add(1, Ordering::Relaxed);
                        hits.push(IndicatorHit { indicator, field, value: value.to_owned() });
                    }
                }
            }
        }
        hits
    }

    fn find(&self, look: Look, value: &str, event: &Event) -> Vec<usize> {
        match look {
            Look::Address => self.address(value),
            Look::Domain => self.domain(value),
            Look::Url => self.url(value, event),
            Look::Hash => self.exact.get(&value.to_ascii_lowercase()).cloned().unwrap_or_default(),
        }
    }

    /// How often each indicator that was found was found: list, value, count.
    pub(crate) fn hit_counts(&self) -> impl Iterator<Item = (&str, &str, u64)> {
        let counted = self.indicators.iter().zip(&self.hits);
        let counted = counted.map(|(one, hits)| (one.list.as_str(), one.value.as_str(), hits.load(Ordering::Relaxed)));
        counted.filter(|(.., hits)| *hits > 0)
    }

    /// The web addresses within one: each whole, from its host or a slash on to its end or the next part.
    fn url(&self, value: &str, event: &Event) -> Vec<usize> {
        let Some(automaton) = &self.urls else { return Vec::new() };
        let is_scheme = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let bare = value.split_once("://").filter(|(scheme, _)| is_scheme(scheme)).map(|(_, rest)| rest);
        let whole = match (bare, event.fields.text("url.domain")) {
            (Some(bare), _) => bare.to_owned(),
            (None, Some(host)) => format!("{host}{value}"),
            (None, None) => value.to_owned(),
        };
        let bytes = whole.as_bytes();
        let fits = |start: usize, end: usize| {
            let begins = start == 0 || bytes[start] == b'/' || matches!(bytes[start - 1], b'/' | b'=' | b'@');
            let ends = bytes.get(end).is_none_or(|next| matches!(next, b'/' | b'?' | b'&' | b'#' | b':'));
            begins && (ends || matches!(bytes[end - 1], b'/' | b'=' | b'?'))
        };
        let found = automaton
            .find_overlapping_iter(&whole)
            .filter(|hit| hit.end() > hit.start() && fits(hit.start(), hit.end()));
        found.map(|hit| self.url_indexes[hit.pattern().as_usize()]).collect()
    }

    fn address(&self, value: &str) -> Vec<usize> {
        let mut found = self.exact.get(value).cloned().unwrap_or_default();
        let Ok(address) = value.parse::<IpAddr>() else { return found };
        for ((four, length), table) in &self.ranges {
            let range = IpNet::new(address, *length).ok().filter(|range| range.addr().is_ipv4() == *four);
            found.extend(range.and_then(|range| table.get(&range.network())));
        }
        found.sort_unstable();
        found
    }

    /// The name and every domain above it; a final dot does not matter.
    fn domain(&self, value: &str) -> Vec<usize> {
        domains_of(value).flat_map(|name| self.exact.get(&name).cloned().unwrap_or_default()).collect()
    }
}

/// The texts of a field: one, or the members of a list.
fn texts<'a>(event: &'a Event, field: &str) -> impl Iterator<Item = &'a str> {
    let value = event.fields.get(field);
    let list = value.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    value.and_then(Value::as_str).into_iter().chain(list.iter().filter_map(Value::as_str))
}

impl IndicatorHit<'_> {
    /// What the hit says.
    pub(crate) fn verdict(&self, event: &Event) -> Verdict {
        let (source, target) = ends(event);
        let indicator = self.indicator;
        let zh = if indicator.description_zh.is_empty() { &indicator.description } else { &indicator.description_zh };
        Verdict {
            source: AlertSource::Indicator,
            severity: indicator.severity,
            summary_zh: format!("{source} → {target} 命中威胁情报 {}：{zh}", indicator.value),
            summary_en: format!("{source} → {target} matched indicator {}: {}", indicator.value, indicator.description),
            conditions: vec![Condition {
                condition: format!("{:?} {}", indicator.kind, indicator.value),
                field: self.field.to_owned(),
                value: self.value.clone(),
            }],
            techniques: techniques::of_class("command-and-control").into_iter().collect(),
            rule: RuleReference {
                id: format!("indicator:{}/{}", indicator.list, indicator.value),
                title: format!("indicator of list {}", indicator.list),
                title_zh: Some(format!("命中情报清单 {}", indicator.list)),
                text: None,
                revision: None,
                category: Some("indicator".to_owned()),
                references: (!indicator.reference.is_empty())
                    .then(|| indicator.reference.clone())
                    .into_iter()
                    .collect(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::eve;
    use serde_json::json;

    fn hits(list: &str, record: Value) -> usize {
        hits_with(list, "", record)
    }

    fn hits_with(list: &str, allow: &str, record: Value) -> usize {
        let (parsed, allow) =
            (super::super::read_indicators("l.csv", list), super::super::read_indicators("allow.csv", allow));
        assert!(parsed.failures.is_empty() && allow.failures.is_empty(), "{:?}", parsed.failures);
        let mut allowed = AllowedValues::default();
        allowed.extend(allow.allowed);
        let set = IndicatorSet::build(parsed.indicators, allowed).expect("builds");
        let found = set.matches(&eve(record)).len();
        assert_eq!(set.hit_counts().count(), found);
        found
    }

    #[test]
    fn every_kind_matches() {
        let list = "ip,192.0.2.1\ncidr,198.51.100.0/24\ndomain,bad.example\nurl,/drop.php\nhash,d41d8cd98f00b204e9800998ecf8427e";
        assert_eq!(hits(list, json!({"event_type": "flow", "src_ip": "192.0.2.1", "dest_ip": "198.51.100.77"})), 2);
        assert_eq!(hits(list, json!({"event_type": "dns", "dns": {"rrname": "a.b.bad.example", "rrtype": "A"}})), 1);
        assert_eq!(hits(list, json!({"event_type": "dns", "dns": {"rrname": "notbad.example", "rrtype": "A"}})), 0);
        assert_eq!(
            hits(list, json!({"event_type": "http", "http": {"hostname": "ok.example", "url": "/x/DROP.php?a"}})),
            1
        );
        assert_eq!(
            hits(
                list,
                json!({"event_type": "fileinfo", "fileinfo": {"filename": "a", "md5": "D41D8CD98F00B204E9800998ECF8427E"}})
            ),
            1
        );
    }

    #[test]
    fn web_addresses_match_as_wholes() {
        let http = |host: &str, url: &str| json!({"event_type": "http", "http": {"hostname": host, "url": url}});
        let list = "url,hxxp://bad[.]example/a/drop.php\nurl,https://worse.example/x/";
        assert_eq!(hits(list, http("bad.example", "/a/drop.php?id=1")), 1);
        assert_eq!(hits(list, http("bad.example", "/a/drop.phps")), 0);
        assert_eq!(hits(list, http("notbad.example", "/a/drop.php")), 0);
        assert_eq!(hits(list, http("worse.example", "/x/anything")), 1);
        assert_eq!(hits(list, http("ok.example", "/go?to=http://bad.example/a/drop.php")), 1);
    }

    #[test]
    fn allowed_values_are_never_found() {
        let flow = json!({"event_type": "flow", "src_ip": "10.1.1.1", "dest_ip": "198.51.100.77"});
        assert_eq!(hits_with("cidr,198.51.100.0/24", "cidr,198.51.100.64/26", flow.clone()), 0);
        assert_eq!(hits_with("cidr,198.51.100.0/24", "ip,198.51.100.1", flow), 1);
        let dns = json!({"event_type": "dns", "dns": {"rrname": "cdn.good.example", "rrtype": "A"}});
        assert_eq!(hits_with("domain,cdn.good.example", "domain,good.example", dns.clone()), 0);
        assert_eq!(hits_with("domain,cdn.good.example", "domain,example.com", dns), 1);
    }

    #[test]
    fn an_expired_one_does_not() {
        assert_eq!(
            hits("ip,192.0.2.1,high,2026-11-22T11:59:00Z", json!({"event_type": "flow", "src_ip": "192.0.2.1"})),
            0
        );
        assert_eq!(hits("ip,192.0.2.1,high,2026-11-23", json!({"event_type": "flow", "src_ip": "192.0.2.1"})), 1);
    }
}
