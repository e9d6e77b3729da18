//! Which alerts belong to an incident that the analyzer tells: those it names one by one, and those of the folds it names,
//! whether they came before or come later. What people put into an incident, or work on, is not moved.

use std::collections::BTreeSet;

use fengsui_schema::{Alert, Incident};

use super::incident::is_worked_on;
use crate::db::{Query, Tx, Value, args, placeholders};
use crate::error::ApiResult;

/// Alerts or folds of one statement.
const AT_ONCE: usize = 500;

/// Alerts come in, and those of folds that are no part of it any more go.
pub(super) async fn join(tx: &mut Tx, id: &str, incident: &Incident) -> ApiResult<()> {
    let alerts: Vec<String> = incident.members.iter().map(|member| member.alert.to_string()).collect();
    for alerts in alerts.chunks(AT_ONCE) {
        move_in(tx, id, ("id", alerts)).await?;
    }
    let known = named_by(tx, id).await?;
    let named: BTreeSet<String> = incident.folds.iter().map(ToString::to_string).collect();
    let new: Vec<String> = named.difference(&known).cloned().collect();
    for folds in new.chunks(AT_ONCE) {
        name(tx, id, folds).await?;
        move_in(tx, id, ("fold", folds)).await?;
    }
    let gone: Vec<String> = known.difference(&named).cloned().collect();
    let lets_go = !gone.is_empty() && !is_worked_on(tx, id).await?;
    for folds in gone.chunks(AT_ONCE) {
        let sql =
            format!("DELETE FROM incident_fold WHERE incident_id = $1 AND fold IN ({})", placeholders(2, folds.len()));
        tx.execute(&sql, values(id, folds)).await?;
        if lets_go {
            let sql = format!(
                "UPDATE alert SET incident_id = NULL WHERE incident_id = $1 AND fold IN ({})",
                placeholders(2, folds.len())
            );
            tx.execute(&sql, values(id, folds)).await?;
        }
    }
    Ok(())
}

/// The incident is none any more: what it named is of the one that took it in, as far as no other one named it meanwhile.
pub(super) async fn end(tx: &mut Tx, id: &str, by: Option<&str>) -> ApiResult<()> {
    match by {
        Some(by) => {
            let sql = "UPDATE incident_fold SET incident_id = $1 WHERE incident_id = $2";
            tx.execute(sql, args![by, id]).await?;
        }
        None => {
            tx.execute("DELETE FROM incident_fold WHERE incident_id = $1", args![id]).await?;
        }
    }
    Ok(())
}

/// An alert was told again: the analyzer may have found an earlier time for it, and so another fold.
pub(super) async fn told_again(tx: &mut Tx, alert: &Alert) -> ApiResult<()> {
    let Some(fold) = alert.fold else { return Ok(()) };
    let sql = "UPDATE alert SET fold = $1, incident_id = COALESCE(incident_id, (SELECT incident_id FROM incident_fold
                   WHERE fold = $1)) WHERE id = $2 AND (fold IS NULL OR fold <> $1)";
    tx.execute(sql, args![fold.to_string(), alert.id.to_string()]).await?;
    Ok(())
}

/// The folds an incident is known to name.
async fn named_by(tx: &mut Tx, id: &str) -> ApiResult<BTreeSet<String>> {
    let rows = tx.rows("SELECT fold FROM incident_fold WHERE incident_id = $1", args![id]).await?;
    Ok(rows.iter().map(|row| row.text("fold")).collect::<Result<_, _>>()?)
}

/// The folds are named by this incident and by no other.
async fn name(tx: &mut Tx, id: &str, folds: &[String]) -> ApiResult<()> {
    let rows: Vec<String> = (0..folds.len()).map(|place| format!("(${}, $1)", place + 2)).collect();
    let sql = format!(
        "INSERT INTO incident_fold (fold, incident_id) VALUES {}
         ON CONFLICT (fold) DO UPDATE SET incident_id = excluded.incident_id",
        rows.join(", ")
    );
    tx.execute(&sql, values(id, folds)).await?;
    Ok(())
}

/// Takes in alerts by a column: those of no incident, and those of one that nobody works on.
async fn move_in(tx: &mut Tx, id: &str, (column, of): (&str, &[String])) -> ApiResult<()> {
    let of_them = format!("{column} IN ({})", placeholders(2, of.len()));
    let sql = format!("UPDATE alert SET incident_id = $1 WHERE incident_id IS NULL AND {of_them}");
    tx.execute(&sql, values(id, of)).await?;
    let sql = format!("SELECT DISTINCT incident_id FROM alert WHERE incident_id <> $1 AND {of_them}");
    for row in tx.rows(&sql, values(id, of)).await? {
        let other = row.text("incident_id")?;
        if !is_worked_on(tx, &other).await? {
            let last = 2 + of.len();
            let sql = format!("UPDATE alert SET incident_id = ${last} WHERE incident_id = $1 AND {of_them}");
            tx.execute(&sql, [values(&other, of), args![id]].concat()).await?;
        }
    }
    Ok(())
}

fn values(first: &str, rest: &[String]) -> Vec<Value> {
    [args![first], rest.iter().map(|value| value.as_str().into()).collect()].concat()
}
