//! Findings of sensitive data.

use fengsui_schema::{DataGrade, Finding};

use crate::check;
use crate::db::{Filter, Query, Row, args};
use crate::error::{ApiError, ApiResult};
use crate::page::{count_up_to, cursor_after, cut, is_least, newest_revision, page_rows, read_cursor};
use crate::scope::{Place, Scope};
use crate::state::{AppState, Change};
use crate::wire::{
    FindingDetail, FindingQuery, FindingReview, FindingRow, FindingState, FindingTypeCount, List, ReviewDecision,
};
use crate::words::{from_word, word_of};

/// A page of findings, newest first.
pub(crate) async fn list(state: &AppState, scope: &Scope, asked: &FindingQuery) -> ApiResult<List<FindingRow>> {
    let mut db = state.db();
    let mut filter = Filter::within(scope, "f");
    match asked.state.as_deref().unwrap_or("open") {
        "all" => {}
        word => {
            let wanted: Option<FindingState> = from_word(word);
            let wanted = wanted
                .ok_or_else(|| ApiError::invalid("state", "取值不合法", "is open, confirmed, dismissed or all"))?;
            filter.and_with("f.state = ?", args![word_of(&wanted)]);
        }
    }
    let newest_revision = newest_revision(state).await?;
    let total = count_up_to(&mut db, "finding f", &filter).await?;
    if let Some(cursor) = &asked.cursor {
        let (time, id) = read_cursor(cursor)?;
        filter.and_with("f.time <= ? AND (f.time < ? OR f.id < ?)", args![time, time, id]);
    }
    let limit = page_rows(asked.limit);
    let sql =
        format!("SELECT f.* FROM finding f WHERE {} ORDER BY f.time DESC, f.id DESC LIMIT {}", filter.sql(), limit + 1);
    let rows = db.rows(&sql, filter.args()).await?;
    let mut items = rows.iter().map(|row| Ok((row.int("time")?, read(state, row)?))).collect::<ApiResult<Vec<_>>>()?;
    let next_cursor = cut(&mut items, limit, |(time, row)| cursor_after(*time, &row.id));
    Ok(List {
        items: items.into_iter().map(|(_, row)| row).collect(),
        next_cursor,
        total,
        total_is_least: is_least(total),
        newest_revision,
    })
}

async fn find(query: &mut impl Query, scope: &Scope, id: &str) -> ApiResult<Row> {
    let mut filter = Filter::within(scope, "f");
    filter.and_with("f.id = ?", args![check::digest_id(id)?]);
    let sql = format!("SELECT f.* FROM finding f WHERE {}", filter.sql());
    query.row(&sql, filter.args()).await?.ok_or_else(ApiError::not_found)
}

fn read(state: &AppState, row: &Row) -> ApiResult<FindingRow> {
    let finding: Finding = serde_json::from_str(&row.text("body")?).map_err(|error| ApiError::internal(&error))?;
    let (place, grade) = (Place::read(row)?, super::assets::grade_of(row.int("grade")?));
    let types = finding.samples.iter().map(|sample| FindingTypeCount {
        data_type: sample.data_type.clone(),
        name_zh: crate::masking::type_name(&sample.data_type),
        count: i64::try_from(sample.count).unwrap_or(i64::MAX),
    });
    Ok(FindingRow {
        id: row.text("id")?,
        time: finding.time.to_string(),
        place_kind: finding.place.kind,
        place_name: finding.place.name,
        source_ip: finding.place.source_ip,
        destination_ip: finding.place.destination_ip,
        protocol: finding.place.protocol,
        grade,
        engine_grade: (grade != finding.grade).then_some(finding.grade),
        reviewed_by: row.optional_text("reviewed_by")?,
        types: types.collect(),
        unit: state.units().reference(place.unit()),
        observer: finding.observer,
        state: from_word(&row.text("state")?).unwrap_or(FindingState::Open),
        revision: row.int("revision")?,
    })
}

/// One finding.
pub(crate) async fn detail(state: &AppState, scope: &Scope, id: &str) -> ApiResult<FindingDetail> {
    let mut db = state.db();
    let kept = find(&mut db, scope, id).await?;
    let history = super::alerts::history(&mut db, "finding_entry", "finding_id", id).await?;
    Ok(FindingDetail { row: read(state, &kept)?, finding: kept.json("body")?, history })
}

/// Judges a finding.
pub(crate) async fn review(
    change: &mut Change,
    scope: &Scope,
    id: &str,
    asked: &FindingReview,
    reason: &str,
) -> ApiResult<()> {
    let kept = find(change, scope, id).await?;
    let place = Place::read(&kept)?;
    let state = match asked.decision {
        ReviewDecision::Confirm | ReviewDecision::Regrade => FindingState::Confirmed,
        ReviewDecision::Dismiss => FindingState::Dismissed,
    };
    let revision = change.notice("finding", id, None, &place).await?;
    let grade = match (asked.decision, asked.grade) {
        (ReviewDecision::Regrade, Some(grade)) => grade_number(grade),
        (ReviewDecision::Regrade, None) => {
            return Err(ApiError::invalid("grade", "请选择正确的级别", "another grade has to be named"));
        }
        _ => kept.int("grade")?,
    };
    let by = change.actor().name.clone();
    let sql = "UPDATE finding SET state = $1, revision = $2, grade = $3, reviewed_by = $4 WHERE id = $5";
    change.execute(sql, args![word_of(&state), revision, grade, by, id]).await?;
    let entry = change.next("finding_entry").await?;
    let (now, actor) = (change.now(), change.actor().name.clone());
    let sql = "INSERT INTO finding_entry (id, finding_id, time, actor, action, detail) VALUES ($1, $2, $3, $4, $5, $6)";
    change.execute(sql, args![entry, id, now, actor, word_of(&asked.decision), reason]).await?;
    Ok(())
}

/// The number the database keeps of a grade.
pub(crate) const fn grade_number(grade: DataGrade) -> i64 {
    match grade {
        DataGrade::Level1 => 1,
        DataGrade::Level2 => 2,
        DataGrade::Level3 => 3,
        DataGrade::Level4 => 4,
        DataGrade::Important => 5,
        DataGrade::Core => 6,
    }
}
