//! Sangfor AF: Chinese names and values between commas, `日志类型:…, 源IP:…`.

use super::{begin, keep, separated, severity, transport, verdict, word};
use crate::Draft;

pub(super) fn fill(draft: &mut Draft, text: &str) -> bool {
    let Some(start) = text.find("日志类型") else { return false };
    let values = separated(&text[start..], &[',', '，'], &[':', '：']);
    let kind = word(&values, &["日志类型"]).unwrap_or_default().to_owned();
    let attack = ["IPS", "WAF", "漏洞", "病毒", "僵尸", "攻击", "DOS", "防护"].iter().any(|part| kind.contains(part));
    begin(draft, "firewall.sangfor", "Sangfor", if attack { "intrusion_detection" } else { "network" });
    draft.put("event.code", &kind);
    draft.put_address("source.ip", word(&values, &["源IP", "源IP地址", "源地址"]));
    draft.put_address("destination.ip", word(&values, &["目的IP", "目的IP地址", "目标IP", "目的地址"]));
    draft.put_number("source.port", word(&values, &["源端口"]));
    draft.put_number("destination.port", word(&values, &["目的端口", "目标端口"]));
    transport(draft, word(&values, &["协议", "传输协议"]));
    draft.put_some("network.protocol", word(&values, &["应用", "应用名称"]).map(str::to_lowercase).as_deref());
    draft.put_some("user.name", word(&values, &["用户", "用户名"]));
    draft.put_some("rule.name", word(&values, &["漏洞名称", "病毒名", "规则名称", "攻击类型", "策略名称"]));
    draft.put_some("rule.id", word(&values, &["漏洞ID", "规则ID"]).map(|id| format!("sangfor:{id}")).as_deref());
    if let Some(url) = word(&values, &["URL", "url", "URL地址"]) {
        draft.put_url(url);
    }
    severity(draft, word(&values, &["严重等级", "威胁等级", "危险等级"]));
    verdict(draft, word(&values, &["动作", "系统动作", "处理动作"]));
    keep(draft, values);
    true
}
