//! Huawei USG and Eudemon: `%%01MODULE/level/BRIEF(type):text, key=value, …`.

use super::{begin, keep, separated, severity, transport, verdict, word};
use crate::Draft;

pub(super) fn fill(draft: &mut Draft, text: &str) -> bool {
    let Some((_, rest)) = text.split_once("%%01") else { return false };
    let Some((head, body)) = rest.split_once(':') else { return false };
    let mut words = head.split('/');
    let (Some(module), Some(_level), Some(brief)) = (words.next(), words.next(), words.next()) else { return false };
    let brief = brief.split(['(', '[']).next().unwrap_or_default();
    let values = separated(body.trim_end_matches([')', '.']), &[',', '('], &['=']);
    let attack = !matches!(module, "POLICY" | "SESSION" | "SECLOG" | "SHELL" | "AAA" | "SSH" | "LINE" | "CM");
    let dataset = if word(&values, &["source-ip", "SrcIp", "SourceIP", "SrcIP"]).is_some() {
        "firewall.huawei"
    } else {
        "network.huawei"
    };
    begin(draft, dataset, "Huawei", if attack { "intrusion_detection" } else { "network" });
    draft.put("event.code", &format!("{module}/{brief}"));
    draft.put_address("source.ip", word(&values, &["source-ip", "SrcIp", "SourceIP", "SrcIP", "IPAddress", "Ip"]));
    draft.put_address("destination.ip", word(&values, &["destination-ip", "DstIp", "DestinationIP", "DstIP"]));
    draft.put_number("source.port", word(&values, &["source-port", "SrcPort", "SourcePort"]));
    draft.put_number("destination.port", word(&values, &["destination-port", "DstPort", "DestinationPort"]));
    transport(draft, word(&values, &["protocol", "Protocol"]));
    draft.put_some("fengsui.source_zone", word(&values, &["source-zone", "SrcZone"]));
    draft.put_some("fengsui.zone", word(&values, &["destination-zone", "DstZone"]));
    draft.put_some("user.name", word(&values, &["User", "user-name", "UserName"]).filter(|user| *user != "unknown"));
    draft.put_some("rule.name", word(&values, &["SignName", "VirusName", "AttackType", "rule-name", "Policy"]));
    draft.put_some("rule.id", word(&values, &["SignId", "VirusId"]).map(|id| format!("huawei:{id}")).as_deref());
    severity(draft, word(&values, &["Severity"]));
    verdict(draft, word(&values, &["Action", "action"]));
    if draft.fields.get("event.outcome").is_none() {
        verdict(draft, Some(brief));
    }
    keep(draft, values);
    true
}
