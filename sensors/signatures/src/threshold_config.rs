//! threshold.config: rates and suppressions that apply to rules from outside of them.

use std::sync::Arc;

use fengsui_schema::shown;

use crate::keywords::threshold::{Rate, RateKind, Track, parse_track, positive, rate_kind};
use crate::keywords::{pair, parts};
use crate::ranges::{Groups, RangeSet, address_number};
use crate::rule::Rule;
use crate::{Action, LoadFailure, PacketView, limits};

/// Addresses whose alerts of a rule are held back.
#[derive(Debug, Clone)]
pub(crate) struct Suppression {
    track: Option<Track>,
    addresses: Option<Arc<RangeSet>>,
}

impl Suppression {
    pub(crate) fn holds(&self, packet: &PacketView<'_>) -> bool {
        let Some(addresses) = &self.addresses else { return true };
        let within = |address: Option<std::net::IpAddr>| {
            address.is_some_and(|address| addresses.contains(address_number(address)))
        };
        match self.track {
            Some(Track::Source) => within(packet.source),
            Some(Track::Destination) => within(packet.destination),
            _ => within(packet.source) || within(packet.destination),
        }
    }
}

/// What an entry asks for.
#[derive(Debug, Clone)]
enum Demand {
    Rate(Rate),
    Suppress(Suppression),
}

/// One entry: the rules it is about, 0 for all, and what it asks for.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    gid: u32,
    sid: u32,
    demand: Demand,
}

/// Reads a threshold.config; lines that are not understood come back as failures.
pub(crate) fn parse(text: &[u8], groups: &mut Groups<'_>) -> (Vec<Entry>, Vec<LoadFailure>) {
    let (mut entries, mut failures) = (Vec::new(), Vec::new());
    for rule in crate::syntax::rules_of(text) {
        let parsed = match (&rule.text, entries.len() < limits::THRESHOLD_CONFIG_ENTRIES) {
            (Some(line), true) => entry(line.split('#').next().unwrap_or(line).trim(), groups),
            (Some(_), false) => Err(format!("more than {} entries", limits::THRESHOLD_CONFIG_ENTRIES)),
            (None, _) => Err("is no UTF-8 text".to_owned()),
        };
        match parsed {
            Ok(entry) => entries.push(entry),
            Err(reason) => failures.push(LoadFailure {
                file: "threshold.config".to_owned(),
                line: rule.line,
                sid: None,
                keyword: None,
                reason,
            }),
        }
    }
    (entries, failures)
}

#[derive(Default)]
struct Fields<'a> {
    gid: Option<u32>,
    sid: Option<u32>,
    kind: Option<&'a str>,
    track: Option<Track>,
    count: Option<u32>,
    seconds: Option<u32>,
    multiplier: Option<u32>,
    timeout: Option<u32>,
    action: Option<&'a str>,
    addresses: Option<Arc<RangeSet>>,
}

fn entry(line: &str, groups: &mut Groups<'_>) -> Result<Entry, String> {
    let (verb, rest) = line.split_once(char::is_whitespace).ok_or("needs options")?;
    let fields = fields(rest, groups)?;
    let (gid, sid) = (fields.gid.ok_or("needs gen_id")?, fields.sid.ok_or("needs sig_id")?);
    if gid == 0 && sid != 0 {
        return Err("gen_id 0 stands for all rules and takes sig_id 0 only".to_owned());
    }
    let demand = match verb {
        "suppress" => Demand::Suppress(suppression(fields)?),
        "threshold" | "event_filter" => Demand::Rate(rate(&fields, None)?),
        "rate_filter" => Demand::Rate(rate(&fields, Some(action_instead(&fields)?))?),
        other => return Err(format!("{} is neither threshold, event_filter, rate_filter nor suppress", shown(other))),
    };
    Ok(Entry { gid, sid, demand })
}

fn fields<'a>(rest: &'a str, groups: &mut Groups<'_>) -> Result<Fields<'a>, String> {
    let mut fields = Fields::default();
    let number = |text: &str| text.parse::<u32>().map_err(|_| format!("{} is no number", shown(text)));
    // An address list has commas of its own and stands last.
    let (rest, addresses) = match rest.split_once(", ip ").or_else(|| rest.split_once(",ip ")) {
        Some((rest, addresses)) => (rest, Some(addresses)),
        None => (rest, None),
    };
    if let Some(list) = addresses {
        fields.addresses = Some(groups.addresses(list.trim())?);
    }
    for option in parts(rest) {
        match pair(option) {
            ("gen_id", text) => fields.gid = Some(number(text)?),
            ("sig_id", text) => fields.sid = Some(number(text)?),
            ("type", word) => fields.kind = Some(word),
            ("track", "by_either") => fields.track = Some(Track::Both),
            ("track", word) => fields.track = Some(parse_track(word)?),
            ("count", text) => fields.count = Some(positive(text)?),
            ("seconds", text) => fields.seconds = Some(positive(text)?),
            ("multiplier", text) => fields.multiplier = Some(positive(text)?),
            ("timeout", text) => fields.timeout = Some(number(text)?),
            ("new_action", word) => fields.action = Some(word),
            _ => return Err(format!("{} is no option of it", shown(option))),
        }
    }
    Ok(fields)
}

fn suppression(fields: Fields<'_>) -> Result<Suppression, String> {
    if fields.track.is_some() != fields.addresses.is_some() {
        return Err("track and ip stand together".to_owned());
    }
    Ok(Suppression { track: fields.track, addresses: fields.addresses })
}

fn action_instead(fields: &Fields<'_>) -> Result<(Action, u32), String> {
    let action = match fields.action.ok_or("needs new_action")? {
        "alert" => Action::Alert,
        "drop" => Action::Drop,
        "pass" => Action::Pass,
        "reject" => Action::Reject,
        other => return Err(format!("{} is no action it knows", shown(other))),
    };
    Ok((action, fields.timeout.ok_or("needs timeout")?))
}

fn rate(fields: &Fields<'_>, instead: Option<(Action, u32)>) -> Result<Rate, String> {
    let kind = match (instead, fields.kind) {
        (Some(_), _) => RateKind::Filter,
        (None, word) => rate_kind(word.ok_or("needs type")?)?,
    };
    let multiplier = fields.multiplier.unwrap_or(1);
    let seconds = if kind == RateKind::Backoff { fields.seconds.or(Some(u32::MAX)) } else { fields.seconds };
    Ok(Rate {
        kind,
        track: fields.track.ok_or("needs track")?,
        count: fields.count.ok_or("needs count")?,
        seconds: seconds.ok_or("needs seconds")?,
        unique_on: None,
        multiplier,
        instead,
    })
}

/// Adds to a rule what the entries ask for. An entry that names the rule wins over one that names all; a threshold of
/// the rule's own wins over both.
pub(crate) fn apply(entries: &[Entry], rule: &mut Rule) {
    let named = |entry: &&Entry| entry.gid == rule.info.gid && entry.sid == rule.info.sid;
    let general = |entry: &&Entry| entry.sid == 0 && (entry.gid == 0 || entry.gid == rule.info.gid);
    let is_filter = |rate: &Rate| rate.kind == RateKind::Filter;
    let mut rates: Vec<Rate> = Vec::new();
    for wanted in [false, true] {
        let own = rule.rates.iter().any(|rate| rate.kind != RateKind::DetectionFilter && is_filter(rate) == wanted);
        let found = |entry: &&Entry| matches!(&entry.demand, Demand::Rate(rate) if is_filter(rate) == wanted);
        let mut of_rule = entries.iter().filter(named).filter(found);
        let mut of_all = entries.iter().filter(general).filter(found);
        if let (false, Some(Entry { demand: Demand::Rate(rate), .. })) =
            (own, of_rule.next_back().or(of_all.next_back()))
        {
            rates.push(*rate);
        }
    }
    let suppressions = entries.iter().filter(|entry| named(entry) || general(entry));
    let suppressions: Vec<Suppression> = suppressions
        .filter_map(|entry| if let Demand::Suppress(found) = &entry.demand { Some(found.clone()) } else { None })
        .collect();
    rule.rates.extend(rates);
    rule.suppressions = suppressions;
}
