//! Inspection campaigns: what people see of them.

use std::collections::BTreeMap;

use fengsui_schema::{TaskState, UnitCode};

use crate::access::Caller;
use crate::check;
use crate::db::{Filter, Query, Row, args};
use crate::error::{ApiError, ApiResult};
use crate::limits::{CAMPAIGN_FINDINGS, CAMPAIGNS_SHOWN};
use crate::scope::{Place, Scope};
use crate::state::{AppState, time_text};
use crate::wire::{
    CampaignDetail, CampaignList, CampaignRow, InspectionFindingView, InspectionItem, InspectionView,
    RectificationState,
};

/// Campaigns that ask something of a unit the scope reaches, newest first.
pub(crate) async fn list(state: &AppState, scope: &Scope) -> ApiResult<CampaignList> {
    let mut db = state.db();
    let filter = Filter::within(scope, "i");
    let sql = format!(
        "SELECT c.* FROM campaign c WHERE c.id IN (SELECT i.campaign_id FROM inspection i WHERE {})
         ORDER BY c.id DESC LIMIT {CAMPAIGNS_SHOWN}",
        filter.sql()
    );
    let rows = db.rows(&sql, filter.args()).await?;
    let units = counts(&mut db, scope, "inspection", "1 = 1").await?;
    let answered = counts(&mut db, scope, "inspection", "i.answered_at IS NOT NULL").await?;
    let findings = counts(&mut db, scope, "inspection_finding", "1 = 1").await?;
    let rectified = counts(&mut db, scope, "inspection_finding", RECTIFIED).await?;
    let of = |counts: &BTreeMap<i64, i64>, id: i64| counts.get(&id).copied().unwrap_or(0);
    let items = rows.iter().map(|row| {
        let id = row.int("id")?;
        let numbers = [of(&units, id), of(&answered, id), of(&findings, id), of(&rectified, id)];
        read(state, row, numbers)
    });
    Ok(CampaignList { items: items.collect::<ApiResult<_>>()? })
}

const RECTIFIED: &str =
    "i.task_id IN (SELECT t.id FROM task t WHERE t.id = i.task_id AND t.state IN ('verified', 'closed'))";

/// Rows per campaign of a table under a condition.
async fn counts(
    query: &mut impl Query,
    scope: &Scope,
    table: &'static str,
    condition: &str,
) -> ApiResult<BTreeMap<i64, i64>> {
    let mut filter = Filter::within(scope, "i");
    filter.and(condition);
    let sql =
        format!("SELECT i.campaign_id, COUNT(*) AS n FROM {table} i WHERE {} GROUP BY i.campaign_id", filter.sql());
    let rows = query.rows(&sql, filter.args()).await?;
    rows.iter().map(|row| Ok((row.int("campaign_id")?, row.int("n")?))).collect()
}

fn read(state: &AppState, row: &Row, [units, answered, findings, rectified]: [i64; 4]) -> ApiResult<CampaignRow> {
    let issuer: UnitCode = row.text("issuer_unit")?.parse().map_err(|error| ApiError::internal(&error))?;
    Ok(CampaignRow {
        id: row.int("id")?.to_string(),
        number: row.text("number")?,
        title: row.text("title")?,
        issuer: state.units().reference(&issuer),
        created_at: time_text(row.int("created_at")?),
        due_at: time_text(row.int("due_at")?),
        closed_at: row.optional_int("closed_at")?.map(time_text),
        units,
        answered,
        findings,
        rectified,
    })
}

/// A campaign as acts see it.
pub(crate) struct HeldCampaign {
    pub(crate) id: i64,
    pub(crate) number: String,
    pub(crate) items: Vec<InspectionItem>,
    issuer_unit: String,
    closed: bool,
    row: Row,
}

impl HeldCampaign {
    /// Only the unit that issued a campaign finds, orders and closes.
    pub(crate) fn must_be_issued_by(&self, caller: &Caller) -> ApiResult<()> {
        if self.issuer_unit == caller.identity.unit.as_str() { Ok(()) } else { Err(ApiError::forbidden()) }
    }

    /// A closed campaign takes nothing more.
    pub(crate) fn must_be_open(&self) -> ApiResult<()> {
        if self.closed { Err(ApiError::conflict("督查已结束", "the campaign is closed")) } else { Ok(()) }
    }

    /// The item of an index.
    pub(crate) fn item(&self, index: i64) -> ApiResult<&InspectionItem> {
        let found = self.items.iter().find(|item| item.index == index);
        found.ok_or_else(|| ApiError::invalid("item", "没有这一检查项", "there is no such item"))
    }
}

/// The campaign of an id that asks something of a unit the scope reaches.
pub(crate) async fn held(query: &mut impl Query, scope: &Scope, id: &str) -> ApiResult<HeldCampaign> {
    let mut filter = Filter::within(scope, "i");
    filter.and_with("i.campaign_id = ?", args![check::number_id(id)?]);
    let sql = format!(
        "SELECT c.* FROM campaign c WHERE c.id IN (SELECT i.campaign_id FROM inspection i WHERE {})",
        filter.sql()
    );
    let row = query.row(&sql, filter.args()).await?.ok_or_else(ApiError::not_found)?;
    Ok(HeldCampaign {
        id: row.int("id")?,
        number: row.text("number")?,
        items: serde_json::from_str(&row.text("items")?).unwrap_or_default(),
        issuer_unit: row.text("issuer_unit")?,
        closed: row.optional_int("closed_at")?.is_some(),
        row,
    })
}

/// Everything about a campaign that a scope reaches.
pub(crate) async fn detail(state: &AppState, caller: &Caller, id: &str) -> ApiResult<CampaignDetail> {
    let mut db = state.db();
    let campaign = held(&mut db, &caller.scope, id).await?;
    let inspections = inspections_of(&mut db, state, &caller.scope, &campaign).await?;
    let findings = findings_of(&mut db, state, &caller.scope, campaign.id).await?;
    let count = |length: usize| i64::try_from(length).unwrap_or(i64::MAX);
    let numbers = [
        count(inspections.len()),
        count(inspections.iter().filter(|unit| unit.answered_at.is_some()).count()),
        count(findings.len()),
        count(findings.iter().filter(|finding| finding.state == RectificationState::Rectified).count()),
    ];
    let allowed = allowed(caller, &campaign, &inspections);
    Ok(CampaignDetail {
        row: read(state, &campaign.row, numbers)?,
        basis: campaign.row.text("basis")?,
        items: campaign.items,
        inspections,
        findings,
        allowed,
    })
}

fn allowed(caller: &Caller, campaign: &HeldCampaign, inspections: &[InspectionView]) -> Vec<String> {
    let mut words = Vec::new();
    if campaign.closed {
        return words;
    }
    let own = caller.identity.unit.as_str();
    if caller.grant("campaign.answer").is_some() && inspections.iter().any(|unit| unit.unit.code == own) {
        words.push("answer".to_owned());
    }
    if caller.grant("campaign.issue").is_some() && campaign.issuer_unit == own {
        words.extend(["find", "order", "close"].map(str::to_owned));
    }
    words
}

async fn inspections_of(
    query: &mut impl Query,
    state: &AppState,
    scope: &Scope,
    campaign: &HeldCampaign,
) -> ApiResult<Vec<InspectionView>> {
    let mut filter = Filter::within(scope, "i");
    filter.and_with("i.campaign_id = ?", args![campaign.id]);
    let sql = format!("SELECT i.* FROM inspection i WHERE {} ORDER BY i.unit_code", filter.sql());
    let due = campaign.row.int("due_at")?;
    let rows = query.rows(&sql, filter.args()).await?;
    rows.iter()
        .map(|row| {
            let answered = row.optional_int("answered_at")?;
            Ok(InspectionView {
                unit: state.units().reference(Place::read(row)?.unit()),
                answers: serde_json::from_str(&row.text("answers")?).unwrap_or_default(),
                answered_at: answered.map(time_text),
                answered_by: row.text("answered_by")?,
                overdue: answered.unwrap_or_else(|| state.now()) > due,
            })
        })
        .collect()
}

async fn findings_of(
    query: &mut impl Query,
    state: &AppState,
    scope: &Scope,
    campaign: i64,
) -> ApiResult<Vec<InspectionFindingView>> {
    let mut filter = Filter::within(scope, "f");
    filter.and_with("f.campaign_id = ?", args![campaign]);
    let sql = format!(
        "SELECT f.*, t.number AS task_number, t.state AS task_state FROM inspection_finding f
         LEFT JOIN task t ON t.id = f.task_id WHERE {} ORDER BY f.unit_code, f.item, f.id LIMIT {CAMPAIGN_FINDINGS}",
        filter.sql()
    );
    let rows = query.rows(&sql, filter.args()).await?;
    rows.iter()
        .map(|row| {
            let task_state = row.optional_text("task_state")?.and_then(|word| TaskState::from_word(&word));
            Ok(InspectionFindingView {
                id: row.int("id")?.to_string(),
                unit: state.units().reference(Place::read(row)?.unit()),
                item: row.int("item")?,
                text: row.text("text")?,
                source: row.text("source")?,
                state: rectification(task_state),
                task_id: row.optional_int("task_id")?.map(|id| id.to_string()),
                task_number: row.optional_text("task_number")?,
                task_state,
            })
        })
        .collect()
}

/// Where a finding is, from the state of its task. A cancelled order leaves the finding open.
pub(crate) const fn rectification(task: Option<TaskState>) -> RectificationState {
    match task {
        None | Some(TaskState::Cancelled) => RectificationState::Open,
        Some(TaskState::New | TaskState::Signed | TaskState::Working) => RectificationState::Ordered,
        Some(TaskState::Submitted) => RectificationState::Submitted,
        Some(TaskState::Verified | TaskState::Closed) => RectificationState::Rectified,
    }
}
