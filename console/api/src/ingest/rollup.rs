//! What is counted and gathered while alerts come in, so that no page has to.

use fengsui_schema::Alert;

use crate::db::{Tx, args};
use crate::error::ApiResult;
use crate::limits::ENTITIES_PER_ALERT;
use crate::scope::Place;
use crate::words::word_of;

const DAY: i64 = 86_400_000;

/// Adds an alert to the group of its repeats; a suppressed one is counted but never the head.
pub(super) async fn group(tx: &mut Tx, alert: &Alert, place: &Place, open: bool) -> ApiResult<()> {
    let [province, prefecture, county, unit] = place.values();
    let time = alert.time.as_millis();
    let newer =
        "excluded.open_count > 0 AND (alert_group.open_count = 0 OR excluded.head_time >= alert_group.head_time)";
    let sql = format!(
        "INSERT INTO alert_group (unit_code, group_key, open_count, total, first_time, head_time, head_id,
                                  province, prefecture, county, severity, domain, source)
         VALUES ($1, $2, $8, 1, $3, $3, $4, $5, $6, $7, $9, $10, $11)
         ON CONFLICT (unit_code, group_key) DO UPDATE SET
             open_count = alert_group.open_count + excluded.open_count,
             total = alert_group.total + 1,
             first_time = CASE WHEN excluded.first_time < alert_group.first_time THEN excluded.first_time
                               ELSE alert_group.first_time END,
             {},
             head_time = CASE WHEN {newer} THEN excluded.head_time ELSE alert_group.head_time END",
        ["head_id", "severity", "domain", "source"]
            .map(|name| format!("{name} = CASE WHEN {newer} THEN excluded.{name} ELSE alert_group.{name} END"))
            .join(", ")
    );
    let key = alert.group_key.as_str().into();
    let id = alert.id.to_string().into();
    let count = i64::from(open).into();
    let mut values = vec![unit, key, time.into(), id, province, prefecture, county, count];
    values.extend(args![i64::from(alert.severity.as_number()), alert.domain.as_str(), word_of(&alert.source)]);
    tx.execute(&sql, values).await?;
    Ok(())
}

/// How often the rule fired today.
pub(super) async fn count_rule(tx: &mut Tx, alert: &Alert, place: &Place, suppressed: bool) -> ApiResult<()> {
    let title_zh = alert.rule.title_zh.as_ref().unwrap_or(&alert.rule.title);
    let day = alert.time.as_millis().div_euclid(DAY);
    let [province, prefecture, county, unit] = place.values();
    let mut values = args![day, &alert.rule.id, word_of(&alert.source), title_zh, &alert.rule.title];
    values.extend(args![i64::from(alert.severity.as_number()), i64::from(suppressed)]);
    values.extend([province, prefecture, county, unit]);
    let sql = "INSERT INTO rule_day (day, rule_id, source, title_zh, title_en, severity, count, suppressed,
                   false_positives, province, prefecture, county, unit_code)
               VALUES ($1, $2, $3, $4, $5, $6, 1, $7, 0, $8, $9, $10, $11)
               ON CONFLICT (day, rule_id, unit_code) DO UPDATE SET
                   count = rule_day.count + 1, suppressed = rule_day.suppressed + excluded.suppressed";
    tx.execute(sql, values).await?;
    Ok(())
}

/// Who and what the alert is about.
pub(super) async fn keep_entities(tx: &mut Tx, alert: &Alert, place: &Place) -> ApiResult<()> {
    for entity in alert.entities.iter().take(ENTITIES_PER_ALERT) {
        let value: String = entity.value.chars().take(200).collect();
        let mut values = args![word_of(&entity.kind), value, alert.id.to_string(), alert.time.as_millis()];
        values.extend(args![i64::from(alert.severity.as_number()), &entity.role, entity.asset.clone()]);
        values.extend(place.values());
        let sql = "INSERT INTO alert_entity (kind, value, alert_id, time, severity, role, asset, province, prefecture,
                       county, unit_code)
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING";
        tx.execute(sql, values).await?;
    }
    Ok(())
}
