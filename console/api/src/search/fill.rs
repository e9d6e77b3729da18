//! Takes alerts from before there were filters into parts.

use super::{Gathering, Searchable};
use crate::db::{Query, Row, Tx, args};
use crate::error::{ApiError, ApiResult};
use crate::state::AppState;

/// Alerts of one transaction: others can write in between.
const ALERTS_AT_ONCE: usize = 2_000;

/// Takes in what is missing, from the oldest to the newest; how many alerts that were.
pub(crate) async fn fill_gap(state: &AppState) -> ApiResult<usize> {
    let mut filled = 0;
    loop {
        let mut tx = state.db().begin().await?;
        let sql = "SELECT after_province, after_time, after_id FROM alert_filter_gap";
        let Some(gap) = tx.row(sql, vec![]).await? else { return Ok(filled) };
        let rows = after(&mut tx, &gap).await?;
        filled += rows.len();
        match rows.last() {
            Some(last) => {
                take_in(&mut tx, &rows).await?;
                let place = args![last.text("province")?, last.int("time")?, last.text("id")?];
                tx.execute("UPDATE alert_filter_gap SET after_province = $1, after_time = $2, after_id = $3", place)
                    .await?;
            }
            None => {
                tx.execute("DELETE FROM alert_filter_gap", vec![]).await?;
            }
        }
        tx.commit().await?;
        tokio::task::yield_now().await;
    }
}

/// The alerts behind the place that was reached, in the order of an index.
async fn after(tx: &mut Tx, gap: &Row) -> ApiResult<Vec<Row>> {
    let (province, time, id) = (gap.text("after_province")?, gap.int("after_time")?, gap.text("after_id")?);
    let columns = "SELECT a.id, a.time, a.province, a.search_text FROM alert a";
    let sql = format!(
        "{columns} WHERE a.province = $1 AND a.time >= $2 AND (a.time > $2 OR a.id > $3)
         ORDER BY a.time, a.id LIMIT {ALERTS_AT_ONCE}"
    );
    let rows = tx.rows(&sql, args![province.as_str(), time, id]).await?;
    if !rows.is_empty() {
        return Ok(rows);
    }
    let sql = "SELECT MIN(a.province) AS next FROM alert a WHERE a.province > $1";
    let next = tx.row(sql, args![province]).await?.and_then(|row| row.optional_text("next").transpose()).transpose();
    let Some(next) = next? else { return Ok(Vec::new()) };
    let sql = format!("{columns} WHERE a.province = $1 ORDER BY a.time, a.id LIMIT {ALERTS_AT_ONCE}");
    Ok(tx.rows(&sql, args![next]).await?)
}

async fn take_in(tx: &mut Tx, rows: &[Row]) -> ApiResult<()> {
    let mut gathering = Gathering::default();
    for row in rows {
        let alert = Searchable { time: row.int("time")?, text: row.text("search_text")? };
        gathering.add(tx, &alert).await?;
    }
    gathering.write(tx).await
}

/// Whether every alert is in a part.
pub(crate) async fn is_whole(state: &AppState) -> Result<bool, ApiError> {
    Ok(state.db().count("SELECT COUNT(*) AS n FROM alert_filter_gap", vec![]).await? == 0)
}
