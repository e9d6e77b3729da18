//! Findings of sensitive data on the wire, and the alert when high grades leave.

use fengsui_schema::{Alert, AlertSource, Condition, DataGrade, Event, Finding, RuleReference, Severity};
use serde_json::Value;

use crate::alerting::{Verdict, ends, unit};
use crate::{limits, techniques};

/// The finding an event carries. Its unit is the one enrichment found, as the sensor does not know the organisation.
pub(crate) fn finding(event: &Event) -> Option<Finding> {
    let value = event
        .original
        .get("dlp")
        .filter(|_| event.original.get("event_type").and_then(Value::as_str) == Some("dlp"))?;
    let mut finding: Finding = serde_json::from_value(value.clone()).ok()?;
    if event.fields.text("organization.id").is_some() {
        finding.unit = unit(event);
    }
    Some(finding)
}

/// The alert when data of level 4 or above crosses from one zone to another, or to an address outside every zone.
pub(crate) fn detect(event: &Event, finding: &Finding) -> Option<Alert> {
    if finding.grade < DataGrade::Level4 {
        return None;
    }
    let zone = |name: &str| event.fields.text(name).unwrap_or("outside");
    let (from, to) = (zone("fengsui.source_zone"), zone("fengsui.zone"));
    if from == to && from != "outside" {
        return None;
    }
    let (source, target) = ends(event);
    let kinds = finding
        .samples
        .iter()
        .map(|sample| format!("{}×{}", sample.data_type, sample.count))
        .collect::<Vec<_>>()
        .join("、");
    let conditions = finding.samples.iter().take(limits::CONDITIONS).map(|sample| Condition {
        condition: format!("{} ≥ 1", sample.data_type),
        field: "dlp.samples".to_owned(),
        value: format!("{} ({})", sample.masked.join(", "), sample.explanation),
    });
    let verdict = Verdict {
        source: AlertSource::DataProtection,
        severity: if finding.grade >= DataGrade::Important { Severity::Critical } else { Severity::High },
        summary_zh: format!(
            "{}数据跨区传输：{source}（{from}）→ {target}（{to}），含 {kinds}",
            grade_zh(finding.grade)
        ),
        summary_en: format!("{:?} data left its zone: {source} ({from}) → {target} ({to}) with {kinds}", finding.grade),
        conditions: conditions.collect(),
        techniques: techniques::technique("T1048").into_iter().collect(),
        rule: RuleReference {
            id: "data_protection:zone_crossing".to_owned(),
            title: "sensitive data left its security zone".to_owned(),
            title_zh: Some("敏感数据流出安全域".to_owned()),
            text: Some(finding.grade_basis.clone()),
            revision: None,
            category: Some("data-leak".to_owned()),
            references: Vec::new(),
        },
    };
    Some(verdict.alert(event))
}

fn grade_zh(grade: DataGrade) -> &'static str {
    match grade {
        DataGrade::Level1 => "一级",
        DataGrade::Level2 => "二级",
        DataGrade::Level3 => "三级",
        DataGrade::Level4 => "四级",
        DataGrade::Important => "重要",
        DataGrade::Core => "核心",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::eve;
    use serde_json::json;

    fn event(grade: &str) -> Event {
        eve(
            json!({"event_type": "dlp", "src_ip": "192.0.2.1", "src_port": 40000, "dest_ip": "198.51.100.2", "dest_port": 80, "dlp": {
            "id": "00000000000000000000000000000001", "time": "2026-11-22T12:00:00Z", "place": {"kind": "wire", "name": "a.csv"},
            "samples": [{"data_type": "cn_resident_id", "count": 12, "confidence": 99, "masked": ["6201**********1234"], "explanation": "checksum"}],
            "grade": grade, "grade_basis": "basis", "observer": "s1", "unit": "620000"}}),
        )
    }

    #[test]
    fn only_high_grades_between_zones_alert() {
        let mut crossing = event("level4");
        let found = finding(&crossing).expect("is a finding");
        assert!(detect(&crossing, &found).is_some_and(|alert| alert.summary_zh.contains("cn_resident_id×12")));
        crossing.fields.set("fengsui.zone", "office");
        crossing.fields.set("fengsui.source_zone", "office");
        assert!(detect(&crossing, &found).is_none());
        let low = event("level3");
        assert!(detect(&low, &finding(&low).expect("is a finding")).is_none());
    }
}
