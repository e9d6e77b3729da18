//! How many alerts stand where: by unit, severity, domain, source and state. Every act keeps it, so that nothing counts
//! rows of alert.

use std::collections::BTreeMap;

use fengsui_schema::Alert;

use crate::db::{Filter, Query, Tx, args, tuples};
use crate::error::ApiResult;
use crate::scope::Place;
use crate::words::word_of;

/// What one row of the table counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Standing<'a> {
    /// Where the alerts are.
    pub(crate) place: &'a Place,
    /// How grave they are.
    pub(crate) severity: i64,
    /// Domain.
    pub(crate) domain: &'a str,
    /// What found them.
    pub(crate) source: &'a str,
    /// Where they are in their life.
    pub(crate) state: &'a str,
}

/// Counts one more or less; so many alerts come to stand there.
pub(crate) async fn add(tx: &mut Tx, standing: &Standing<'_>, count: i64) -> ApiResult<()> {
    let mut values = args![standing.severity, standing.domain, standing.source, standing.state, count];
    values.extend(standing.place.values());
    tx.execute(&upsert(1), values).await?;
    Ok(())
}

/// Values of a row, and rows that one statement writes.
const COLUMNS: usize = 9;
const ROWS_AT_ONCE: usize = 500;

/// The statement that adds so many rows to what stands.
fn upsert(rows: usize) -> String {
    format!(
        "INSERT INTO alert_standing (severity, domain, source, state, count, province, prefecture, county, unit_code)
         VALUES {}
         ON CONFLICT (unit_code, severity, domain, source, state)
             DO UPDATE SET count = alert_standing.count + excluded.count",
        tuples(rows, COLUMNS)
    )
}

/// Counts an alert that came in.
pub(crate) async fn add_new(tx: &mut Tx, alert: &Alert, place: &Place, state: &str) -> ApiResult<()> {
    let (source, severity) = (word_of(&alert.source), i64::from(alert.severity.as_number()));
    let standing = Standing { place, severity, domain: alert.domain.as_str(), source: &source, state };
    add(tx, &standing, 1).await
}

/// Moves of alerts from one state to another, summed up before they are written.
#[derive(Default)]
pub(crate) struct Moves(BTreeMap<Key, (Place, i64)>);

/// Unit, severity, domain, source, state.
type Key = (String, i64, String, String, String);

impl Moves {
    /// Counts so many more in a standing.
    pub(crate) fn note(&mut self, standing: &Standing<'_>, count: i64) {
        let key = (
            standing.place.unit().to_string(),
            standing.severity,
            standing.domain.to_owned(),
            standing.source.to_owned(),
            standing.state.to_owned(),
        );
        self.0.entry(key).or_insert_with(|| (standing.place.clone(), 0)).1 += count;
    }

    /// Writes them.
    pub(crate) async fn write(&self, tx: &mut Tx) -> ApiResult<()> {
        let moved: Vec<_> = self.0.iter().filter(|(_, (_, count))| *count != 0).collect();
        for part in moved.chunks(ROWS_AT_ONCE) {
            let mut values = Vec::with_capacity(COLUMNS * part.len());
            for ((_, severity, domain, source, state), (place, count)) in part {
                values.extend(args![*severity, domain, source, state, *count]);
                values.extend(place.values());
            }
            tx.execute(&upsert(part.len()), values).await?;
        }
        Ok(())
    }
}

/// How many alerts stand under a condition on the columns of the table, named `s`.
pub(crate) async fn total(query: &mut impl Query, filter: &Filter) -> ApiResult<i64> {
    let sql =
        format!("SELECT CAST(COALESCE(SUM(s.count), 0) AS BIGINT) AS n FROM alert_standing s WHERE {}", filter.sql());
    Ok(query.count(&sql, filter.args()).await?)
}
