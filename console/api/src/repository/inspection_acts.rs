//! What issuers and units do to inspection campaigns.

use std::collections::BTreeSet;

use fengsui_schema::{TaskState, Timestamp, UnitCode};

use super::inspections::{HeldCampaign, rectification};
use super::task_acts::{self, Order};
use crate::access::Caller;
use crate::catalogues;
use crate::check;
use crate::db::{Filter, Query, Row, args};
use crate::error::{ApiError, ApiResult};
use crate::limits::{CAMPAIGN_FINDINGS, CAMPAIGN_ITEMS};
use crate::scope::{Place, Scope};
use crate::state::Change;
use crate::wire::{
    AnswerResult, InspectionAnswers, InspectionItem, ItemAnswer, NewCampaign, NewInspectionFinding, RectificationOrder,
    RectificationState,
};

fn items_of(new: &NewCampaign) -> ApiResult<Vec<InspectionItem>> {
    let mut texts = Vec::new();
    for name in &new.controls {
        let found = name.split_once('/').and_then(|(catalogue, id)| catalogues::control(catalogue, id));
        let (catalogue, control) =
            found.ok_or_else(|| ApiError::invalid("controls", "没有这一控制项", "names an unknown control"))?;
        let text = format!("{}：{}", control.title, control.check);
        texts.push((text, format!("{} {}", catalogue.title_zh, control.id)));
    }
    for text in &new.items {
        texts.push((check::body("items", text)?, String::new()));
    }
    if texts.is_empty() || texts.len() > CAMPAIGN_ITEMS {
        return Err(ApiError::invalid("items", "检查项应为1至100项", "has to have 1 to 100 items"));
    }
    Ok(texts.into_iter().zip(0_i64..).map(|((text, basis), index)| InspectionItem { index, text, basis }).collect())
}

/// A deadline in the future.
fn deadline(change: &Change, due_at: &str) -> ApiResult<i64> {
    let due = check::time("due_at", due_at)?;
    if due > change.now() {
        return Ok(due);
    }
    Err(ApiError::invalid("due_at", "截止时间须晚于当前时间", "is not in the future"))
}

/// Issues a campaign; its id and number.
pub(crate) async fn issue(change: &mut Change, caller: &Caller, new: &NewCampaign) -> ApiResult<(i64, String)> {
    let units = task_acts::units_of(change, &caller.scope, &new.units)?;
    let title = check::title(&new.title)?;
    let basis = check::optional_body("basis", Some(&new.basis))?;
    let items = serde_json::to_string(&items_of(new)?).map_err(|error| ApiError::internal(&error))?;
    let due = deadline(change, &new.due_at)?;
    let id = change.next("campaign").await?;
    let now = change.now();
    let year: String = Timestamp::from_millis(now).day().chars().take(4).collect();
    let number = format!("D{year}-{:04}", change.next(&format!("campaign-{year}")).await?);
    let sql = "INSERT INTO campaign (id, number, title, basis, items, issuer_id, issuer_unit, created_at, due_at)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let (account, issuer) = (caller.identity.account, caller.identity.unit.as_str());
    change.execute(sql, args![id, &number, title, basis, items, account, issuer, now, due]).await?;
    for unit in &units {
        let place = Place::of(unit);
        let revision = change.notice("campaign", &id.to_string(), None, &place).await?;
        let sql = "INSERT INTO inspection
                       (campaign_id, answers, answered_by, revision, province, prefecture, county, unit_code)
                   VALUES ($1, '[]', '', $2, $3, $4, $5, $6)";
        let mut values = args![id, revision];
        values.extend(place.values());
        change.execute(sql, values).await?;
    }
    Ok((id, number))
}

/// Every item once; a gap says what is wrong.
fn checked(campaign: &HeldCampaign, sent: &InspectionAnswers) -> ApiResult<Vec<ItemAnswer>> {
    let mut seen = BTreeSet::new();
    let mut answers = Vec::with_capacity(sent.answers.len());
    for answer in &sent.answers {
        campaign.item(answer.item)?;
        if !seen.insert(answer.item) {
            return Err(ApiError::invalid("answers", "同一检查项重复作答", "answers an item twice"));
        }
        let note = match answer.result {
            AnswerResult::Gap => check::body("note", &answer.note)?,
            _ => check::optional_body("note", Some(&answer.note))?,
        };
        answers.push(ItemAnswer { note, ..answer.clone() });
    }
    if answers.len() != campaign.items.len() {
        return Err(ApiError::invalid("answers", "还有检查项未作答", "does not answer every item"));
    }
    answers.sort_by_key(|answer| answer.item);
    Ok(answers)
}

/// Takes the answers of the caller's unit. Gaps become findings; those an order was given for stay as they are.
pub(crate) async fn answer(
    change: &mut Change,
    caller: &Caller,
    campaign: &HeldCampaign,
    sent: &InspectionAnswers,
) -> ApiResult<()> {
    campaign.must_be_open()?;
    let answers = checked(campaign, sent)?;
    let unit = &caller.identity.unit;
    let text = serde_json::to_string(&answers).map_err(|error| ApiError::internal(&error))?;
    let (now, actor) = (change.now(), change.actor().name.clone());
    let sql = "UPDATE inspection SET answers = $1, answered_at = $2, answered_by = $3
               WHERE campaign_id = $4 AND unit_code = $5";
    if change.execute(sql, args![text, now, actor, campaign.id, unit.as_str()]).await? == 0 {
        return Err(ApiError::not_found());
    }
    let sql = "DELETE FROM inspection_finding
               WHERE campaign_id = $1 AND unit_code = $2 AND source = 'self' AND task_id IS NULL";
    change.execute(sql, args![campaign.id, unit.as_str()]).await?;
    let sql = "SELECT item FROM inspection_finding WHERE campaign_id = $1 AND unit_code = $2 AND source = 'self'";
    let ordered: BTreeSet<i64> = change
        .rows(sql, args![campaign.id, unit.as_str()])
        .await?
        .iter()
        .map(|row| row.int("item"))
        .collect::<Result<_, _>>()?;
    let gaps = answers.iter().filter(|answer| answer.result == AnswerResult::Gap && !ordered.contains(&answer.item));
    for gap in gaps {
        insert_finding(change, campaign.id, unit, (gap.item, &gap.note), "self").await?;
    }
    tell(change, campaign.id, unit).await
}

async fn insert_finding(
    change: &mut Change,
    campaign: i64,
    unit: &UnitCode,
    (item, text): (i64, &str),
    source: &str,
) -> ApiResult<()> {
    let id = change.next("inspection_finding").await?;
    let sql = "INSERT INTO inspection_finding (id, campaign_id, item, text, source, created_at, created_by,
                                               province, prefecture, county, unit_code)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    let mut values = args![id, campaign, item, text, source, change.now(), change.actor().name.as_str()];
    values.extend(Place::of(unit).values());
    change.execute(sql, values).await?;
    Ok(())
}

async fn tell(change: &mut Change, campaign: i64, unit: &UnitCode) -> ApiResult<()> {
    let revision = change.notice("campaign", &campaign.to_string(), None, &Place::of(unit)).await?;
    let sql = "UPDATE inspection SET revision = $1 WHERE campaign_id = $2 AND unit_code = $3";
    change.execute(sql, args![revision, campaign, unit.as_str()]).await?;
    Ok(())
}

/// Adds what an inspector found.
pub(crate) async fn find(
    change: &mut Change,
    scope: &Scope,
    campaign: &HeldCampaign,
    new: &NewInspectionFinding,
) -> ApiResult<()> {
    campaign.must_be_open()?;
    campaign.item(new.item)?;
    let unit = check::unit("unit", &new.unit)?;
    let text = check::body("text", &new.text)?;
    let asked = change
        .count(
            "SELECT COUNT(*) AS n FROM inspection WHERE campaign_id = $1 AND unit_code = $2",
            args![campaign.id, unit.as_str()],
        )
        .await?;
    if asked == 0 || !scope.reaches(&unit) {
        return Err(ApiError::not_found());
    }
    insert_finding(change, campaign.id, &unit, (new.item, &text), "inspector").await?;
    tell(change, campaign.id, &unit).await
}

/// Orders findings to be put right, each as a task of its unit; how many.
pub(crate) async fn order(
    change: &mut Change,
    caller: &Caller,
    campaign: &HeldCampaign,
    sent: &RectificationOrder,
) -> ApiResult<usize> {
    campaign.must_be_open()?;
    let due_at = deadline(change, &sent.due_at)?;
    let words = check::optional_body("instructions", Some(&sent.instructions))?;
    let wanted: BTreeSet<i64> = sent.findings.iter().map(|id| check::number_id(id)).collect::<ApiResult<_>>()?;
    let open = open_findings(change, &caller.scope, campaign.id).await?;
    let chosen: Vec<&Row> =
        open.iter().filter(|row| wanted.is_empty() || row.int("id").is_ok_and(|id| wanted.contains(&id))).collect();
    if chosen.is_empty() || (!wanted.is_empty() && chosen.len() != wanted.len()) {
        return Err(ApiError::conflict("没有可下发整改的问题", "no such finding is open"));
    }
    for row in &chosen {
        let place = Place::read(row)?;
        let item = campaign.item(row.int("item")?)?;
        let (title, instructions) = order_words(campaign, item, &row.text("text")?, &words);
        let steps = ["制定整改措施", "完成整改", "上传整改证据"].map(str::to_owned);
        let order = Order { title: &title, instructions: &instructions, steps: &steps, due_at };
        let task = task_acts::order(change, caller, place.unit(), &order).await?;
        let sql = "UPDATE inspection_finding SET task_id = $1 WHERE id = $2";
        change.execute(sql, args![task, row.int("id")?]).await?;
        tell(change, campaign.id, place.unit()).await?;
    }
    Ok(chosen.len())
}

/// Title and text of a rectification notice.
fn order_words(campaign: &HeldCampaign, item: &InspectionItem, wrong: &str, words: &str) -> (String, String) {
    let short: String = item.text.split('：').next().unwrap_or_default().chars().take(60).collect();
    let mut text = format!("督查 {}\n检查项：{}\n", campaign.number, item.text);
    if !item.basis.is_empty() {
        text.push_str(&format!("依据：{}\n", item.basis));
    }
    text.push_str(&format!("问题：{wrong}\n"));
    if !words.is_empty() {
        text.push_str(&format!("整改要求：{words}\n"));
    }
    (format!("整改通知：{short}"), text)
}

/// Findings without an order in force.
async fn open_findings(change: &mut Change, scope: &Scope, campaign: i64) -> ApiResult<Vec<Row>> {
    let mut filter = Filter::within(scope, "f");
    filter.and_with("f.campaign_id = ?", args![campaign]);
    let sql = format!(
        "SELECT f.*, t.state AS task_state FROM inspection_finding f LEFT JOIN task t ON t.id = f.task_id
         WHERE {} ORDER BY f.id LIMIT {CAMPAIGN_FINDINGS}",
        filter.sql()
    );
    let rows = change.rows(&sql, filter.args()).await?;
    let open = |row: &Row| {
        let word = row.optional_text("task_state").ok().flatten();
        rectification(word.and_then(|word| TaskState::from_word(&word))) == RectificationState::Open
    };
    Ok(rows.into_iter().filter(open).collect())
}

/// Closes a campaign. Findings that are not yet put right keep it open.
pub(crate) async fn close(change: &mut Change, caller: &Caller, campaign: &HeldCampaign) -> ApiResult<()> {
    campaign.must_be_open()?;
    let sql = "SELECT COUNT(*) AS n FROM inspection_finding f LEFT JOIN task t ON t.id = f.task_id
               WHERE f.campaign_id = $1 AND (t.state IS NULL OR t.state NOT IN ('verified', 'closed'))";
    let left = change.count(sql, args![campaign.id]).await?;
    if left > 0 {
        let (zh, en) = (format!("还有{left}个问题未销号"), format!("{left} findings are not put right"));
        return Err(ApiError::conflict(zh, en));
    }
    let now = change.now();
    change.execute("UPDATE campaign SET closed_at = $1 WHERE id = $2", args![now, campaign.id]).await?;
    let place = Place::of(&caller.identity.unit);
    change.notice("campaign", &campaign.id.to_string(), None, &place).await?;
    Ok(())
}
