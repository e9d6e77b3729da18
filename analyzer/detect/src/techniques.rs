//! Tactics and techniques of ATT&CK, as far as rules name them: order of the kill chain and Chinese names.

use fengsui_schema::Technique;

/// A tactic: its short name in ATT&CK and its Chinese name, in the order of the kill chain.
pub(crate) const TACTICS: [(&str, &str); 14] = [
    ("reconnaissance", "侦察"),
    ("resource-development", "资源准备"),
    ("initial-access", "初始访问"),
    ("execution", "执行"),
    ("persistence", "持久化"),
    ("privilege-escalation", "提权"),
    ("defense-evasion", "防御规避"),
    ("credential-access", "凭据获取"),
    ("discovery", "内部发现"),
    ("lateral-movement", "横向移动"),
    ("collection", "数据收集"),
    ("command-and-control", "命令与控制"),
    ("exfiltration", "数据外传"),
    ("impact", "破坏影响"),
];

/// Technique (without its sub-technique) and the tactic it most often serves.
const TECHNIQUES: &[(&str, &str)] = &[
    ("T1003", "credential-access"),
    ("T1005", "collection"),
    ("T1018", "discovery"),
    ("T1021", "lateral-movement"),
    ("T1027", "defense-evasion"),
    ("T1030", "exfiltration"),
    ("T1033", "discovery"),
    ("T1041", "exfiltration"),
    ("T1046", "discovery"),
    ("T1048", "exfiltration"),
    ("T1053", "persistence"),
    ("T1055", "privilege-escalation"),
    ("T1059", "execution"),
    ("T1068", "privilege-escalation"),
    ("T1069", "discovery"),
    ("T1070", "defense-evasion"),
    ("T1071", "command-and-control"),
    ("T1078", "initial-access"),
    ("T1083", "discovery"),
    ("T1087", "discovery"),
    ("T1090", "command-and-control"),
    ("T1095", "command-and-control"),
    ("T1098", "persistence"),
    ("T1102", "command-and-control"),
    ("T1105", "command-and-control"),
    ("T1110", "credential-access"),
    ("T1133", "initial-access"),
    ("T1136", "persistence"),
    ("T1189", "initial-access"),
    ("T1190", "initial-access"),
    ("T1203", "execution"),
    ("T1204", "execution"),
    ("T1210", "lateral-movement"),
    ("T1213", "collection"),
    ("T1219", "command-and-control"),
    ("T1485", "impact"),
    ("T1486", "impact"),
    ("T1498", "impact"),
    ("T1499", "impact"),
    ("T1505", "persistence"),
    ("T1530", "collection"),
    ("T1548", "privilege-escalation"),
    ("T1550", "lateral-movement"),
    ("T1552", "credential-access"),
    ("T1566", "initial-access"),
    ("T1567", "exfiltration"),
    ("T1568", "command-and-control"),
    ("T1571", "command-and-control"),
    ("T1572", "command-and-control"),
    ("T1573", "command-and-control"),
    ("T1590", "reconnaissance"),
    ("T1592", "reconnaissance"),
    ("T1595", "reconnaissance"),
];

/// Classes of signatures and the tactic they stand for when a rule names no technique.
const CLASSES: &[(&str, &str)] = &[
    ("attempted information leak", "reconnaissance"),
    ("detection of a network scan", "reconnaissance"),
    ("attempted-recon", "reconnaissance"),
    ("network-scan", "reconnaissance"),
    ("web application attack", "initial-access"),
    ("web-application-attack", "initial-access"),
    ("attempted administrator privilege gain", "initial-access"),
    ("attempted user privilege gain", "initial-access"),
    ("attempted-admin", "initial-access"),
    ("attempted-user", "initial-access"),
    ("executable code was detected", "execution"),
    ("shellcode-detect", "execution"),
    ("a network trojan was detected", "command-and-control"),
    ("malware command and control activity detected", "command-and-control"),
    ("domain observed used for c2 detected", "command-and-control"),
    ("trojan-activity", "command-and-control"),
    ("command-and-control", "command-and-control"),
    ("exploit kit activity detected", "initial-access"),
    ("successful credential theft detected", "credential-access"),
    ("attempted denial of service", "impact"),
    ("attempted-dos", "impact"),
    ("successful administrator privilege gain", "privilege-escalation"),
    ("successful-admin", "privilege-escalation"),
];

/// Place of a tactic in the kill chain; unknown tactics come last.
pub(crate) fn order(tactic: Option<&str>) -> usize {
    tactic.and_then(|tactic| TACTICS.iter().position(|(name, _)| *name == tactic)).unwrap_or(TACTICS.len())
}

/// Chinese name of a tactic.
pub(crate) fn name_zh(tactic: &str) -> &str {
    TACTICS.iter().find(|(name, _)| *name == tactic).map_or(tactic, |(_, zh)| zh)
}

/// A technique by its id in any case, with the tactic it most often serves; `None` when the text is no id.
pub(crate) fn technique(id: &str) -> Option<Technique> {
    let id = id.trim().to_ascii_uppercase();
    let digits = id.strip_prefix('T')?;
    let main = digits.split('.').next()?;
    if main.len() != 4 || digits.len() > 8 || !digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return None;
    }
    let tactic = TECHNIQUES.binary_search_by(|(known, _)| known[1..].cmp(main)).ok().map(|index| TECHNIQUES[index].1);
    Some(Technique { id, tactic: tactic.map(str::to_owned) })
}

/// The techniques that tags such as `attack.t1190` and `attack.initial_access` name. A named tactic takes the place of the
/// usual one when exactly one is named.
pub(crate) fn of_tags<'a>(tags: impl Iterator<Item = &'a str>) -> Vec<Technique> {
    let (mut techniques, mut tactics) = (Vec::new(), Vec::new());
    for tag in tags.filter_map(|tag| tag.to_ascii_lowercase().strip_prefix("attack.").map(str::to_owned)) {
        let tactic = tag.replace('_', "-");
        if let Some(found) = technique(&tag) {
            techniques.push(found);
        } else if TACTICS.iter().any(|(name, _)| *name == tactic) {
            tactics.push(tactic);
        }
    }
    let only = (tactics.len() == 1).then(|| tactics.remove(0));
    if let Some(tactic) = &only {
        techniques.iter_mut().for_each(|technique| technique.tactic = Some(tactic.clone()));
    }
    if techniques.is_empty() {
        techniques.extend(only.or_else(|| tactics.into_iter().next()).map(of_tactic));
    }
    techniques
}

/// The technique that stands for a class of signatures.
pub(crate) fn of_class(class: &str) -> Option<Technique> {
    let class = class.to_ascii_lowercase();
    CLASSES.iter().find(|(name, _)| *name == class).map(|(_, tactic)| of_tactic((*tactic).to_owned()))
}

/// The technique that words of a rule's title hint at.
pub(crate) fn of_words(title: &str) -> Option<Technique> {
    crate::lexicon::hint(title).tactic.map(|tactic| of_tactic(tactic.to_owned()))
}

/// A tactic without a named technique: the tactic's own id stands for it.
fn of_tactic(tactic: String) -> Technique {
    const IDS: [&str; 14] = [
        "TA0043", "TA0042", "TA0001", "TA0002", "TA0003", "TA0004", "TA0005", "TA0006", "TA0007", "TA0008", "TA0009",
        "TA0011", "TA0010", "TA0040",
    ];
    Technique { id: IDS[order(Some(&tactic)).min(13)].to_owned(), tactic: Some(tactic) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_sorted_and_known() {
        assert!(TECHNIQUES.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert!(TECHNIQUES.iter().chain(CLASSES).all(|(_, tactic)| order(Some(tactic)) < TACTICS.len()));
    }

    #[test]
    fn tags_name_techniques_and_tactics() {
        let found = of_tags(["attack.t1059.004", "attack.execution", "cve.2021-44228"].into_iter());
        assert_eq!(found, [Technique { id: "T1059.004".into(), tactic: Some("execution".into()) }]);
        assert_eq!(of_tags(["attack.lateral_movement"].into_iter())[0].id, "TA0008");
        assert!(technique("T12").is_none() && technique("é").is_none());
    }
}
