//! H3C SecPath: `%%10MODULE/level/MNEMONIC: Name(number)=value;…`.

use serde_json::{Map, Value};

use super::{begin, keep, separated, severity, transport, verdict, word};
use crate::Draft;

pub(super) fn fill(draft: &mut Draft, text: &str) -> bool {
    let Some((_, rest)) = text.split_once("%%10") else { return false };
    let Some((head, body)) = rest.split_once(':') else { return false };
    let mut words = head.split('/');
    let (Some(module), Some(_level), Some(mnemonic)) = (words.next(), words.next(), words.next()) else { return false };
    // The number behind a name is the same in every message and only lengthens it.
    let values: Map<String, Value> = separated(body, &[';'], &['='])
        .into_iter()
        .map(|(key, value)| (key.split('(').next().unwrap_or_default().trim().to_owned(), value))
        .collect();
    let attack = matches!(module, "IPS" | "AV" | "ANTI-VIR" | "ATK" | "WAF" | "DPI" | "UFLT");
    begin(draft, "firewall.h3c", "H3C", if attack { "intrusion_detection" } else { "network" });
    draft.put("event.code", &format!("{module}/{mnemonic}"));
    draft.put_address("source.ip", word(&values, &["SrcIPAddr", "SrcIPv6Addr", "IPAddr"]));
    draft.put_address("destination.ip", word(&values, &["DstIPAddr", "DstIPv6Addr"]));
    draft.put_number("source.port", word(&values, &["SrcPort"]));
    draft.put_number("destination.port", word(&values, &["DstPort"]));
    draft.put_number("source.bytes", word(&values, &["InitByteCount", "InitiatorBytes"]));
    draft.put_number("destination.bytes", word(&values, &["RplyByteCount", "ResponderBytes"]));
    transport(draft, word(&values, &["Protocol"]));
    draft.put_some("network.protocol", word(&values, &["Application"]).map(str::to_lowercase).as_deref());
    draft.put_some("fengsui.source_zone", word(&values, &["SrcZoneName"]));
    draft.put_some("fengsui.zone", word(&values, &["DstZoneName"]));
    draft.put_some("user.name", word(&values, &["UserName"]));
    draft.put_some("rule.name", word(&values, &["AttackName", "VirusName", "ObjectPolicy", "RuleName"]));
    draft.put_some("rule.id", word(&values, &["AttackID", "VirusID"]).map(|id| format!("h3c:{id}")).as_deref());
    severity(draft, word(&values, &["Severity"]));
    verdict(draft, word(&values, &["Action", "Event"]));
    keep(draft, values);
    true
}
