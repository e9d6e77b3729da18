//! The policy library (制度库): what a person sees of it. Whoever reaches the unit that issued a policy sees it, and so does
//! everybody of a unit that has to sign it; signatures are seen of units within reach.

use fengsui_schema::UnitCode;

use crate::access::Caller;
use crate::db::{Filter, Query, Row, Value, args};
use crate::error::{ApiError, ApiResult};
use crate::limits::{REGULATION_UNITS, REGULATIONS_SHOWN};
use crate::scope::{Place, Scope};
use crate::state::{AppState, time_text};
use crate::wire::{
    RegulationCategory, RegulationCoverage, RegulationCoverageView, RegulationDetail, RegulationFile, RegulationKind,
    RegulationRow, RegulationText, RegulationUnit, RegulationUnitCoverage, RegulationVersion,
};
use crate::words::from_word;

/// Policies that somebody may see.
fn visible(caller: &Caller) -> Filter {
    let mut filter = Filter::within(&caller.scope, "r");
    let condition = format!(
        "EXISTS (SELECT 1 FROM regulation_unit u WHERE u.regulation_id = r.id AND u.version = r.version
             AND (u.{} = ? OR u.unit_code IN (?, ?)))",
        caller.scope.column()
    );
    let own = &caller.identity.unit;
    // Of a part of a county, the county signs for it.
    let signing = if is_part(own) { own.parent() } else { None };
    let signing = signing.as_ref().unwrap_or(own);
    filter.or_with(&condition, args![caller.scope.code(), own.as_str(), signing.as_str()]);
    filter
}

/// Whether a unit is no division of the country but a part of one.
fn is_part(unit: &UnitCode) -> bool {
    unit.as_str().len() > 6
}

/// The columns that count signatures of rows of `u`; `now` is a placeholder.
fn counted(now: usize) -> String {
    format!(
        "COUNT(u.unit_code) AS due, COUNT(u.signed_at) AS signed,
         COUNT(CASE WHEN u.unit_code IS NOT NULL AND u.signed_at IS NULL AND v.sign_by <= ${now} THEN 1 END) AS overdue"
    )
}

fn coverage_of(row: &Row) -> ApiResult<RegulationCoverage> {
    Ok(RegulationCoverage { due: row.int("due")?, signed: row.int("signed")?, overdue: row.int("overdue")? })
}

/// Policies, newest first; with `to_sign` those that the caller's unit has not signed yet.
pub(crate) async fn list(state: &AppState, caller: &Caller, to_sign: bool) -> ApiResult<Vec<RegulationRow>> {
    let mut filter = visible(caller);
    if to_sign {
        let condition =
            "r.withdrawn_at IS NULL AND EXISTS (SELECT 1 FROM regulation_unit u WHERE u.regulation_id = r.id
             AND u.version = r.version AND u.unit_code = ? AND u.signed_at IS NULL)";
        filter.and_with(condition, args![caller.identity.unit.as_str()]);
    }
    some(state, caller, &filter).await
}

async fn one(state: &AppState, caller: &Caller, id: i64) -> ApiResult<RegulationRow> {
    let mut filter = visible(caller);
    filter.and_with("r.id = ?", args![id]);
    some(state, caller, &filter).await?.into_iter().next().ok_or_else(ApiError::not_found)
}

async fn some(state: &AppState, caller: &Caller, filter: &Filter) -> ApiResult<Vec<RegulationRow>> {
    let mut values = filter.args();
    values.extend(args![state.now(), caller.scope.code(), caller.identity.unit.as_str()]);
    let [own, scope, now] = [0, 1, 2].map(|back| values.len() - back);
    let sql = format!(
        "SELECT r.*, v.title, v.effective_at, v.sign_by, v.published_by, v.published_at, c.due, c.signed, c.overdue,
             (SELECT COUNT(*) FROM regulation_unit o WHERE o.regulation_id = r.id AND o.version = r.version
                  AND o.unit_code = ${own} AND o.signed_at IS NULL) AS waits
         FROM regulation r
         JOIN regulation_version v ON v.regulation_id = r.id AND v.version = r.version
         JOIN (SELECT v.regulation_id, v.version, {}
               FROM regulation_version v LEFT JOIN regulation_unit u
                   ON u.regulation_id = v.regulation_id AND u.version = v.version AND u.{} = ${scope}
               GROUP BY v.regulation_id, v.version) c ON c.regulation_id = r.id AND c.version = r.version
         WHERE {} ORDER BY v.published_at DESC, r.id DESC LIMIT {REGULATIONS_SHOWN}",
        counted(now),
        caller.scope.column(),
        filter.sql()
    );
    state.db().rows(&sql, values).await?.iter().map(|row| read(state, caller, row)).collect()
}

/// Whether a node above issued it, which alone may change it.
pub(crate) fn is_from_above(row: &Row) -> ApiResult<bool> {
    Ok(row.text("number")?.contains('@'))
}

fn read(state: &AppState, caller: &Caller, row: &Row) -> ApiResult<RegulationRow> {
    let (unit, coverage) = (Place::read(row)?.unit().clone(), coverage_of(row)?);
    let withdrawn = row.optional_int("withdrawn_at")?;
    let mut allowed = Vec::new();
    if withdrawn.is_none() {
        let writes = !is_from_above(row)? && caller.grant("regulation.write").is_some_and(|scope| scope.reaches(&unit));
        let urges = coverage.signed < coverage.due && caller.grant("regulation.urge").is_some();
        let signs = row.int("waits")? > 0 && caller.grant("regulation.sign").is_some();
        let verbs = [(writes, "revise"), (writes, "withdraw"), (urges, "urge"), (signs, "sign")];
        allowed.extend(verbs.into_iter().filter(|(may, _)| *may).map(|(_, verb)| verb.to_owned()));
    }
    Ok(RegulationRow {
        id: row.int("id")?.to_string(),
        number: row.text("number")?,
        category: from_word(&row.text("category")?).unwrap_or(RegulationCategory::Governance),
        kind: from_word(&row.text("kind")?).unwrap_or(RegulationKind::Regime),
        title: row.text("title")?,
        version: row.int("version")?,
        unit: state.units().reference(&unit),
        published_by: row.text("published_by")?,
        published_at: time_text(row.int("published_at")?),
        effective_at: time_text(row.int("effective_at")?),
        sign_by: time_text(row.int("sign_by")?),
        withdrawn_at: withdrawn.map(time_text),
        coverage,
        allowed,
    })
}

/// A policy with its text, its history and who has signed.
pub(crate) async fn show(state: &AppState, caller: &Caller, id: i64) -> ApiResult<RegulationDetail> {
    let row = one(state, caller, id).await?;
    let text = text_of(state, id, row.version).await?;
    let versions = versions(state, &caller.scope, id).await?;
    let units = units(state, &caller.scope, (id, row.version)).await?;
    Ok(RegulationDetail { row, text, versions, units })
}

/// What a version says, for whoever may see the policy.
pub(crate) async fn text(state: &AppState, caller: &Caller, id: i64, version: i64) -> ApiResult<RegulationText> {
    one(state, caller, id).await?;
    text_of(state, id, version).await
}

async fn text_of(state: &AppState, id: i64, version: i64) -> ApiResult<RegulationText> {
    let sql = "SELECT v.*, f.name AS file_name, f.size AS file_size FROM regulation_version v
               LEFT JOIN regulation_file f ON f.regulation_id = v.regulation_id AND f.version = v.version
               WHERE v.regulation_id = $1 AND v.version = $2";
    let row = state.db().row(sql, args![id, version]).await?.ok_or_else(ApiError::not_found)?;
    let name = row.optional_text("file_name")?;
    let size = row.optional_int("file_size")?.unwrap_or_default();
    Ok(RegulationText {
        version,
        title: row.text("title")?,
        text: row.text("content")?,
        changes: row.text("changes")?,
        file: name.map(|name| RegulationFile { name, bytes: size }),
    })
}

/// Name, media type and content of the file of a version, for whoever may see the policy.
pub(crate) async fn file(
    state: &AppState,
    caller: &Caller,
    id: i64,
    version: i64,
) -> ApiResult<(String, String, Vec<u8>)> {
    one(state, caller, id).await?;
    let sql = "SELECT name, media_type, content FROM regulation_file WHERE regulation_id = $1 AND version = $2";
    let row = state.db().row(sql, args![id, version]).await?.ok_or_else(ApiError::not_found)?;
    Ok((row.text("name")?, row.text("media_type")?, row.bytes("content")?))
}

async fn versions(state: &AppState, scope: &Scope, id: i64) -> ApiResult<Vec<RegulationVersion>> {
    let sql = format!(
        "SELECT v.version, v.title, v.changes, v.published_by, v.published_at, {}
         FROM regulation_version v LEFT JOIN regulation_unit u
             ON u.regulation_id = v.regulation_id AND u.version = v.version AND u.{} = $2
         WHERE v.regulation_id = $1
         GROUP BY v.version, v.title, v.changes, v.published_by, v.published_at ORDER BY v.version DESC",
        counted(3),
        scope.column()
    );
    let read = |row: &Row| {
        Ok(RegulationVersion {
            version: row.int("version")?,
            title: row.text("title")?,
            changes: row.text("changes")?,
            published_by: row.text("published_by")?,
            published_at: time_text(row.int("published_at")?),
            coverage: coverage_of(row)?,
        })
    };
    state.db().rows(&sql, args![id, scope.code(), state.now()]).await?.iter().map(read).collect()
}

/// Units that sign a version, those that have not yet before those that have.
async fn units(state: &AppState, scope: &Scope, (id, version): (i64, i64)) -> ApiResult<Vec<RegulationUnit>> {
    let sql = format!(
        "SELECT u.*, v.sign_by FROM regulation_unit u
         JOIN regulation_version v ON v.regulation_id = u.regulation_id AND v.version = u.version
         WHERE u.{} = $1 AND u.regulation_id = $2 AND u.version = $3
         ORDER BY CASE WHEN u.signed_at IS NULL THEN 0 ELSE 1 END, u.unit_code LIMIT {REGULATION_UNITS}",
        scope.column()
    );
    let now = state.now();
    let read = |row: &Row| {
        let signed = row.optional_int("signed_at")?;
        Ok(RegulationUnit {
            unit: state.units().reference(Place::read(row)?.unit()),
            signed_by: row.optional_text("signed_by")?,
            signed_at: signed.map(time_text),
            urged_at: row.optional_int("urged_at")?.map(time_text),
            overdue: signed.is_none() && row.int("sign_by")? <= now,
        })
    };
    state.db().rows(&sql, args![scope.code(), id, version]).await?.iter().map(read).collect()
}

/// What every unit within reach has signed of all policies in force.
pub(crate) async fn coverage(state: &AppState, caller: &Caller) -> ApiResult<RegulationCoverageView> {
    let sql = format!(
        "SELECT c.* FROM (SELECT u.unit_code, {} FROM regulation_unit u
         JOIN regulation r ON r.id = u.regulation_id AND r.version = u.version
         JOIN regulation_version v ON v.regulation_id = u.regulation_id AND v.version = u.version
         WHERE u.{} = $1 AND r.withdrawn_at IS NULL GROUP BY u.unit_code) c
         ORDER BY c.overdue DESC, c.due - c.signed DESC, c.unit_code",
        counted(2),
        caller.scope.column()
    );
    let mut view = RegulationCoverageView { total: RegulationCoverage::default(), units: Vec::new() };
    for row in &state.db().rows(&sql, args![caller.scope.code(), state.now()]).await? {
        let coverage = coverage_of(row)?;
        view.total.due += coverage.due;
        view.total.signed += coverage.signed;
        view.total.overdue += coverage.overdue;
        view.units.push(RegulationUnitCoverage { unit: state.units().reference(Place::read(row)?.unit()), coverage });
    }
    view.units.truncate(REGULATION_UNITS);
    Ok(view)
}

/// Since when a policy waits for the signature of a unit: since it was published or urged.
pub(crate) async fn waits_since(query: &mut impl Query, id: i64, unit: &UnitCode) -> ApiResult<i64> {
    let sql = "SELECT COALESCE(u.urged_at, v.published_at) AS n FROM regulation_unit u
               JOIN regulation r ON r.id = u.regulation_id AND r.version = u.version
               JOIN regulation_version v ON v.regulation_id = u.regulation_id AND v.version = u.version
               WHERE u.regulation_id = $1 AND u.unit_code = $2";
    let values: Vec<Value> = args![id, unit.as_str()];
    Ok(query.count(sql, values).await?)
}
