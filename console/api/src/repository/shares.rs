//! Share requests and traced leaks. Files lie in the sharing folder; the database knows their digests.

use std::path::PathBuf;

use fengsui_crypto::sm3;
use fengsui_dlp_gateway::sharing::TraceReport;
use fengsui_schema::Timestamp;

use crate::access::Caller;
use crate::check;
use crate::db::{Filter, Query, Row, args};
use crate::error::{ApiError, ApiResult};
use crate::limits::{SHARES_SHOWN, TRACES_SHOWN};
use crate::scope::{Place, Scope};
use crate::state::{AppState, Change, time_text};
use crate::wire::{Decision, ShareRow, TraceRow, TraceSuspect};

/// Extensions of tables that can be masked and marked.
pub(crate) const TABLES: [&str; 4] = ["csv", "tsv", "jsonl", "xlsx"];

/// What a form brought.
#[derive(Debug, Default)]
pub(crate) struct NewShare {
    pub(crate) title: String,
    pub(crate) purpose: String,
    pub(crate) legal_basis: String,
    pub(crate) recipient: String,
    pub(crate) recipient_role: String,
    pub(crate) policy: String,
    pub(crate) file_name: String,
    pub(crate) content: Vec<u8>,
}

/// The extension of a table's name.
pub(crate) fn table_extension(name: &str) -> ApiResult<&'static str> {
    let extension = name.rsplit_once('.').map(|(_, end)| end.to_lowercase()).unwrap_or_default();
    let known = TABLES.into_iter().find(|known| *known == extension);
    known.ok_or_else(|| {
        ApiError::invalid("file", "请上传CSV、TSV、JSONL或XLSX表格", "is no .csv, .tsv, .jsonl or .xlsx table")
    })
}

/// Where the original or the copy of a request lies.
pub(crate) fn file_of(state: &AppState, part: &str, id: i64, name: &str) -> ApiResult<PathBuf> {
    let extension = table_extension(name)?;
    Ok(state.shared().sharing_directory.join(part).join(format!("{id}.{extension}")))
}

/// Keeps a request; its number.
pub(crate) async fn create(change: &mut Change, caller: &Caller, new: &NewShare) -> ApiResult<i64> {
    super::policies::in_force(change, &new.policy).await?;
    let (id, now) = (change.next("share_request").await?, change.now());
    let year: String = Timestamp::from_millis(now).day().chars().take(4).collect();
    let of_year = change.next(&format!("share-{year}")).await?;
    let role = check::optional_body("recipient_role", Some(&new.recipient_role))?;
    let mut values = args![
        id,
        format!("S{year}-{of_year:05}"),
        check::title(&new.title)?,
        check::short("purpose", &new.purpose)?,
        check::short("legal_basis", &new.legal_basis)?,
        check::short("recipient", &new.recipient)?,
        role,
        &new.policy,
        &new.file_name,
        hex::encode(sm3(&new.content)),
        &caller.identity.display_name,
        caller.identity.account,
        now
    ];
    values.extend(Place::of(&caller.identity.unit).values());
    let sql = "INSERT INTO share_request (id, number, title, purpose, legal_basis, recipient, recipient_role, policy,
                   file_name, file_sm3, requester, requester_id, created_at, province, prefecture, county, unit_code,
                   state, downloads)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, 'requested', 0)";
    change.execute(sql, values).await?;
    Ok(id)
}

/// Requests a scope reaches, newest first.
pub(crate) async fn list(state: &AppState, caller: &Caller) -> ApiResult<Vec<ShareRow>> {
    let filter = Filter::within(&caller.scope, "s");
    let sql = format!("SELECT s.* FROM share_request s WHERE {} ORDER BY s.id DESC LIMIT {SHARES_SHOWN}", filter.sql());
    state.db().rows(&sql, filter.args()).await?.iter().map(|row| read(state, caller, row)).collect()
}

async fn find(query: &mut impl Query, scope: &Scope, id: &str) -> ApiResult<Row> {
    let mut filter = Filter::within(scope, "s");
    filter.and_with("s.id = ?", args![check::number_id(id)?]);
    let sql = format!("SELECT s.* FROM share_request s WHERE {}", filter.sql());
    query.row(&sql, filter.args()).await?.ok_or_else(ApiError::not_found)
}

/// One request.
pub(crate) async fn one(state: &AppState, query: &mut impl Query, caller: &Caller, id: &str) -> ApiResult<ShareRow> {
    read(state, caller, &find(query, &caller.scope, id).await?)
}

fn read(state: &AppState, caller: &Caller, row: &Row) -> ApiResult<ShareRow> {
    let standing = row.text("state")?;
    let own = row.int("requester_id")? == caller.identity.account;
    let may = |action: &str| caller.grant(action).is_some();
    let mut allowed = Vec::new();
    match standing.as_str() {
        "requested" if !own && may("share.approve") => allowed.push("decide".to_owned()),
        "approved" if may("share.release") => allowed.push("release".to_owned()),
        "released" if may("share.release") => allowed.push("download".to_owned()),
        _ => {}
    }
    Ok(ShareRow {
        id: row.int("id")?.to_string(),
        number: row.text("number")?,
        title: row.text("title")?,
        purpose: row.text("purpose")?,
        legal_basis: row.text("legal_basis")?,
        recipient: row.text("recipient")?,
        recipient_role: row.text("recipient_role")?,
        policy: row.text("policy")?,
        file_name: row.text("file_name")?,
        state: standing,
        requester: row.text("requester")?,
        created_at: time_text(row.int("created_at")?),
        decided_by: row.optional_text("decided_by")?,
        decided_at: row.optional_int("decided_at")?.map(time_text),
        reason: row.optional_text("reason")?,
        released_at: row.optional_int("released_at")?.map(time_text),
        ledger_sequence: row.optional_int("ledger_sequence")?,
        copy_sm3: row.optional_text("copy_sm3")?,
        copy_rows: row.optional_int("copy_rows")?,
        downloads: row.int("downloads")?,
        unit: state.units().reference(Place::read(row)?.unit()),
        allowed,
    })
}

fn must_be(row: &ShareRow, act: &str) -> ApiResult<()> {
    if row.allowed.iter().any(|allowed| allowed == act) {
        return Ok(());
    }
    Err(ApiError::conflict(
        "申请当前状态不允许此操作，或须由另一人办理",
        "the request's state does not allow this, or somebody else has to do it",
    ))
}

/// A second person decides.
pub(crate) async fn decide(change: &mut Change, caller: &Caller, id: &str, decision: &Decision) -> ApiResult<ShareRow> {
    let reason = check::reason(&decision.reason)?;
    let state = change.state().clone();
    let row = one(&state, change, caller, id).await?;
    must_be(&row, "decide")?;
    let (now, word) = (change.now(), if decision.approve { "approved" } else { "rejected" });
    let (name, account) = (&caller.identity.display_name, caller.identity.account);
    let sql = "UPDATE share_request SET state = $1, decided_by = $2, decided_by_id = $3, decided_at = $4, reason = $5
               WHERE id = $6";
    change.execute(sql, args![word, name, account, now, reason, check::number_id(id)?]).await?;
    Ok(row)
}

/// An approved request that is about to be released.
pub(crate) async fn approved(state: &AppState, caller: &Caller, id: &str) -> ApiResult<ShareRow> {
    let row = one(state, &mut state.db(), caller, id).await?;
    must_be(&row, "release")?;
    Ok(row)
}

/// Notes that the copy was made; false when somebody else was faster.
pub(crate) async fn released(
    change: &mut Change,
    id: &str,
    entry: &fengsui_dlp_gateway::ledger::Entry,
) -> ApiResult<bool> {
    let now = change.now();
    let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    let sql = "UPDATE share_request SET state = 'released', released_at = $1, ledger_sequence = $2, copy_sm3 = $3,
                   copy_rows = $4 WHERE id = $5 AND state = 'approved'";
    let values = args![now, number(entry.sequence), &entry.copy_sm3, number(entry.rows), check::number_id(id)?];
    Ok(change.execute(sql, values).await? == 1)
}

/// Counts a download; the request.
pub(crate) async fn downloaded(change: &mut Change, caller: &Caller, id: &str) -> ApiResult<ShareRow> {
    let state = change.state().clone();
    let row = one(&state, change, caller, id).await?;
    must_be(&row, "download")?;
    let sql = "UPDATE share_request SET downloads = downloads + 1 WHERE id = $1";
    change.execute(sql, args![check::number_id(id)?]).await?;
    Ok(row)
}

/// Keeps what a trace found.
pub(crate) async fn keep_trace(
    change: &mut Change,
    caller: &Caller,
    (name, digest): (&str, &str),
    report: &TraceReport,
) -> ApiResult<i64> {
    let (id, now) = (change.next("leak_trace").await?, change.now());
    let text = serde_json::to_string(report).map_err(|error| ApiError::internal(&error))?;
    let mut values = args![id, name, digest, &caller.identity.display_name, now, text];
    values.extend(Place::of(&caller.identity.unit).values());
    let sql =
        "INSERT INTO leak_trace (id, file_name, file_sm3, actor, created_at, report, province, prefecture, county,
                   unit_code)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    change.execute(sql, values).await?;
    Ok(id)
}

/// Traces a scope reaches, newest first.
pub(crate) async fn traces(state: &AppState, scope: &Scope) -> ApiResult<Vec<TraceRow>> {
    let filter = Filter::within(scope, "t");
    let sql = format!("SELECT t.* FROM leak_trace t WHERE {} ORDER BY t.id DESC LIMIT {TRACES_SHOWN}", filter.sql());
    state.db().rows(&sql, filter.args()).await?.iter().map(read_trace).collect()
}

/// One trace.
pub(crate) async fn trace(state: &AppState, scope: &Scope, id: &str) -> ApiResult<TraceRow> {
    let mut filter = Filter::within(scope, "t");
    filter.and_with("t.id = ?", args![check::number_id(id)?]);
    let sql = format!("SELECT t.* FROM leak_trace t WHERE {}", filter.sql());
    read_trace(&state.db().row(&sql, filter.args()).await?.ok_or_else(ApiError::not_found)?)
}

fn read_trace(row: &Row) -> ApiResult<TraceRow> {
    let report: serde_json::Value = row.json("report")?;
    let datasets = report["datasets"].as_array().cloned().unwrap_or_default();
    let count = |value: &serde_json::Value| value.as_i64().unwrap_or_default();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let mut suspects: Vec<TraceSuspect> = datasets
        .iter()
        .flat_map(|dataset| {
            let (source, rows, marks) = (text(&dataset["source"]), count(&dataset["rows"]), count(&dataset["marks"]));
            dataset["suspects"].as_array().cloned().unwrap_or_default().into_iter().map(move |one| TraceSuspect {
                recipient: text(&one["recipient"]),
                score: one["score"].as_f64().unwrap_or_default(),
                error_probability: one["error_probability"].as_f64().unwrap_or(1.0),
                named: one["named"].as_bool().unwrap_or_default(),
                source: source.clone(),
                rows,
                marks,
            })
        })
        .collect();
    suspects.sort_by(|one, other| other.score.total_cmp(&one.score));
    Ok(TraceRow {
        id: row.int("id")?.to_string(),
        file_name: row.text("file_name")?,
        file_sm3: row.text("file_sm3")?,
        actor: row.text("actor")?,
        created_at: time_text(row.int("created_at")?),
        named: serde_json::from_value(report["named"].clone()).unwrap_or_default(),
        suspects,
        datasets: i64::try_from(datasets.len()).unwrap_or(i64::MAX),
    })
}
