//! Cisco ASA: `%ASA-level-number: sentence`.

use serde_json::{Map, Value};

use super::{begin, keep, transport};
use crate::Draft;

pub(super) fn fill(draft: &mut Draft, text: &str) -> bool {
    let Some(place) = ["%ASA-", "%FTD-"].iter().find_map(|mark| text.find(mark)) else { return false };
    let Some((head, sentence)) = text[place + 5..].split_once(':') else { return false };
    // Between level and number some messages carry a facility.
    let (Some(level), Some(number)) = (head.split('-').next(), head.rsplit('-').next()) else { return false };
    let sentence = sentence.trim();
    begin(draft, "firewall.cisco", "Cisco", "network");
    draft.put("event.code", number);
    draft.put("event.reason", sentence);
    let severity = match level.parse::<u8>() {
        Ok(0..=1) => 4,
        Ok(2) => 3,
        Ok(3..=4) => 2,
        Ok(5) => 1,
        _ => 0,
    };
    draft.fields.set("event.severity", severity);
    let lower = sentence.to_ascii_lowercase();
    let known = ["tcp", "udp", "icmp", "gre", "esp"];
    let protocol = lower.split([' ', ',']).find(|word| known.contains(word)).map(str::to_owned);
    transport(draft, protocol.as_deref());
    ends(draft, sentence);
    outcome(draft, &lower);
    people(draft, sentence, &lower, number);
    if let Some((_, bytes)) = lower.split_once(" bytes ") {
        draft.put_number("source.bytes", bytes.split(' ').next());
    }
    let mut values = Map::new();
    values.insert("id".to_owned(), Value::from(number));
    values.insert("level".to_owned(), Value::from(level));
    keep(draft, values);
    true
}

/// The two ends: the first two words that are `interface:address/port`, `interface/address(port)` or `address/port`.
fn ends(draft: &mut Draft, sentence: &str) {
    let mut found = sentence.split([' ', ',']).filter_map(end);
    let sides = [("source.ip", "source.port"), ("destination.ip", "destination.port")];
    for ((address_field, port_field), (address, port)) in sides.into_iter().zip(found.by_ref()) {
        draft.put_address(address_field, Some(address));
        draft.put_number(port_field, port);
    }
}

fn end(word: &str) -> Option<(&str, Option<&str>)> {
    let is_address = |text: &str| text.parse::<std::net::IpAddr>().is_ok();
    let word = word.trim_matches(['"', '.', ';']);
    // A translated address stands in brackets behind the true one.
    if word.starts_with('(') {
        return None;
    }
    let (front, port) = match word.split_once('(') {
        Some((front, port)) => (front, Some(port.trim_end_matches(')'))),
        None => (word, None),
    };
    let candidates = [
        Some((front, port)),
        front.rsplit_once('/').map(|(address, tail)| (address, port.or(Some(tail)))),
        front.split_once(':').and_then(|(_, rest)| rest.rsplit_once('/')).map(|(address, tail)| (address, Some(tail))),
        front.split_once(':').map(|(_, rest)| (rest, port)),
        front.split_once('/').map(|(_, rest)| (rest, port)),
    ];
    candidates.into_iter().flatten().find(|(address, _)| is_address(address))
}

fn outcome(draft: &mut Draft, lower: &str) {
    let stops = ["deny", "denied", "rejected", "blocked", "dropped", "failed"];
    let passes = ["built", "permitted", "successful", "accepted", "teardown"];
    if stops.iter().any(|word| lower.contains(word)) {
        draft.put("event.action", "denied");
        draft.put("event.outcome", "failure");
    } else if passes.iter().any(|word| lower.contains(word)) {
        draft.put("event.action", if lower.contains("teardown") { "teardown" } else { "permitted" });
        draft.put("event.outcome", "success");
    }
}

/// Messages about logins name the account behind `user`.
fn people(draft: &mut Draft, sentence: &str, lower: &str, number: &str) {
    if !matches!(
        number,
        "113004"
            | "113005"
            | "113012"
            | "113015"
            | "605004"
            | "605005"
            | "611101"
            | "611102"
            | "716038"
            | "716039"
            | "722022"
    ) {
        return;
    }
    draft.put("event.category", "authentication");
    let Some(place) = lower.rfind("user") else { return };
    let rest = sentence.get(place + 4..).unwrap_or_default().trim_start_matches([' ', '=', ':', '"', '<', '\'']);
    draft.put_some("user.name", rest.split([' ', '"', '>', '\'']).next());
    let from = sentence.rsplit(" = ").find(|part| part.trim().parse::<std::net::IpAddr>().is_ok());
    if draft.fields.get("source.ip").is_none() {
        draft.put_address("source.ip", from.map(str::trim));
    }
}
