//! Masking policies: versions, their approval by a second person, and which is in force.

use fengsui_dlp_engine::policy::{EMBEDDED_POLICIES, Policy};
use fengsui_relay::tier::NodeId;
use fengsui_schema::UnitCode;

use crate::access::Caller;
use crate::check;
use crate::db::{Filter, Query, Row, args};
use crate::error::{ApiError, ApiResult};
use crate::limits::{POLICIES_SHOWN, POLICY_BYTES};
use crate::repository::accounts;
use crate::scope::Place;
use crate::state::{AppState, Change, time_text};
use crate::wire::{Decision, MaskingPolicyView};

/// Checks a policy a person wrote.
pub(crate) fn parsed(body: &str) -> ApiResult<Policy> {
    if body.len() > POLICY_BYTES {
        return Err(ApiError::invalid("body", "策略文本过长", "is longer than 64 KiB"));
    }
    Policy::parse("policy", body)
        .map_err(|error| ApiError::invalid("body", format!("策略有误：{error}"), &error.to_string()))
}

/// Every policy: versions in the database, then those that come with the product.
pub(crate) async fn list(state: &AppState, caller: &Caller) -> ApiResult<Vec<MaskingPolicyView>> {
    let filter = Filter::within(&caller.scope, "m");
    let sql =
        format!("SELECT m.* FROM masking_policy m WHERE {} ORDER BY m.id DESC LIMIT {POLICIES_SHOWN}", filter.sql());
    let rows = state.db().rows(&sql, filter.args()).await?;
    let mut items = rows.iter().map(|row| read(caller, row)).collect::<ApiResult<Vec<_>>>()?;
    for (file, text) in EMBEDDED_POLICIES {
        let policy = Policy::parse(file, text).map_err(|error| ApiError::internal(&error))?;
        items.push(MaskingPolicyView {
            id: None,
            name: policy.id,
            version: policy.version,
            title_zh: policy.title,
            body: (*text).to_owned(),
            state: "builtin".to_owned(),
            author: None,
            written_at: None,
            decided_by: None,
            reason: None,
            may_decide: false,
            may_write: false,
        });
    }
    Ok(items)
}

fn read(caller: &Caller, row: &Row) -> ApiResult<MaskingPolicyView> {
    let (standing, author) = (row.text("state")?, row.int("author_id")?);
    let own = author == caller.identity.account;
    Ok(MaskingPolicyView {
        id: Some(row.int("id")?.to_string()),
        name: row.text("name")?,
        version: row.int("version")?.to_string(),
        title_zh: row.text("title")?,
        body: row.text("body")?,
        author: Some(row.text("author")?),
        written_at: Some(time_text(row.int("written_at")?)),
        decided_by: row.optional_text("decided_by")?,
        reason: row.optional_text("reason")?,
        may_decide: standing == "submitted" && !own && caller.grant("masking.approve").is_some(),
        may_write: standing == "draft" && own && caller.grant("masking.write").is_some(),
        state: standing,
    })
}

/// Keeps a draft: the caller's open draft of that name is replaced, else a new version begins.
pub(crate) async fn save(change: &mut Change, caller: &Caller, body: &str) -> ApiResult<i64> {
    let policy = parsed(body)?;
    let name = check::short("body", &policy.id)?;
    let safe = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if name.len() > 60 || !name.bytes().all(safe) {
        return Err(ApiError::invalid("body", "策略编号只能用小写字母、数字和连字符", "the id is of a-z0-9-"));
    }
    let (now, account) = (change.now(), caller.identity.account);
    let sql = "SELECT id FROM masking_policy WHERE name = $1 AND state = 'draft' AND author_id = $2";
    if let Some(row) = change.row(sql, args![&name, account]).await? {
        let id = row.int("id")?;
        let sql = "UPDATE masking_policy SET body = $1, title = $2, written_at = $3 WHERE id = $4";
        change.execute(sql, args![body, &policy.title, now, id]).await?;
        return Ok(id);
    }
    let newest = "SELECT MAX(version) AS n FROM masking_policy WHERE name = $1";
    let version = change.count(newest, args![&name]).await? + 1;
    let id = change.next("masking_policy").await?;
    let mut values = args![id, name, version, &policy.title, body, &caller.identity.display_name, account, now];
    values.extend(Place::of(&caller.identity.unit).values());
    let sql = "INSERT INTO masking_policy (id, name, version, title, body, author, author_id, written_at, province,
                   prefecture, county, unit_code, state)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'draft')";
    change.execute(sql, values).await?;
    Ok(id)
}

/// Keeps a policy that came from above as a version that waits for a person; its number. The account that it is under
/// stands for the node and nobody can log in with it.
pub(crate) async fn put_forward(change: &mut Change, origin: &NodeId, policy: &Policy, body: &str) -> ApiResult<i64> {
    let author = accounts::of_node(change, origin).await?;
    let newest = "SELECT MAX(version) AS n FROM masking_policy WHERE name = $1";
    let version = change.count(newest, args![&policy.id]).await? + 1;
    let id = change.next("masking_policy").await?;
    let mut values = args![id, &policy.id, version, &policy.title, body, origin.as_str(), author, change.now()];
    values.extend(Place::of(&change.state().shared().unit).values());
    let sql = "INSERT INTO masking_policy (id, name, version, title, body, author, author_id, written_at, province,
                   prefecture, county, unit_code, state)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'submitted')";
    change.execute(sql, values).await?;
    Ok(id)
}

async fn held(change: &mut Change, caller: &Caller, id: &str, state: &str) -> ApiResult<Row> {
    let mut filter = Filter::within(&caller.scope, "m");
    filter.and_with("m.id = ?", args![check::number_id(id)?]);
    let sql = format!("SELECT m.* FROM masking_policy m WHERE {}", filter.sql());
    let row = change.row(&sql, filter.args()).await?.ok_or_else(ApiError::not_found)?;
    if row.text("state")? != state {
        return Err(ApiError::conflict("策略当前状态不允许此操作", "the policy's state does not allow this"));
    }
    Ok(row)
}

/// Hands the own draft to the second person.
pub(crate) async fn submit(change: &mut Change, caller: &Caller, id: &str) -> ApiResult<()> {
    let row = held(change, caller, id, "draft").await?;
    if row.int("author_id")? != caller.identity.account {
        return Err(ApiError::conflict("只能提交自己的草稿", "only its author submits a draft"));
    }
    change.execute("UPDATE masking_policy SET state = 'submitted' WHERE id = $1", args![row.int("id")?]).await?;
    Ok(())
}

/// The second person decides; an approved version takes the place of the one in force.
pub(crate) async fn decide(change: &mut Change, caller: &Caller, id: &str, decision: &Decision) -> ApiResult<()> {
    let reason = check::reason(&decision.reason)?;
    let row = held(change, caller, id, "submitted").await?;
    if row.int("author_id")? == caller.identity.account {
        return Err(ApiError::conflict("编写人不能审批自己的策略", "nobody approves their own policy"));
    }
    if decision.approve {
        let sql = "UPDATE masking_policy SET state = 'retired' WHERE name = $1 AND state = 'approved'";
        change.execute(sql, args![row.text("name")?]).await?;
    }
    let (now, state) = (change.now(), if decision.approve { "approved" } else { "rejected" });
    let sql = "UPDATE masking_policy SET state = $1, decided_by = $2, decided_by_id = $3, decided_at = $4, reason = $5
               WHERE id = $6";
    let (name, account) = (&caller.identity.display_name, caller.identity.account);
    change.execute(sql, args![state, name, account, now, &reason, row.int("id")?]).await?;
    crate::tier::policy_decided(change, row.int("id")?, decision.approve, &reason).await
}

/// The text of the policy of a name that is in force: the newest approved version, else the one of the product.
pub(crate) async fn in_force(query: &mut impl Query, name: &str) -> ApiResult<String> {
    let sql = "SELECT body FROM masking_policy WHERE name = $1 AND state = 'approved' ORDER BY version DESC LIMIT 1";
    if let Some(row) = query.row(sql, args![name]).await? {
        return Ok(row.text("body")?);
    }
    embedded(name)
}

/// The same for an application of a unit: approved versions of the unit itself, of those below it, and of those above it,
/// whose policies hold below; never those of its neighbours.
pub(crate) async fn in_force_for(query: &mut impl Query, unit: &UnitCode, name: &str) -> ApiResult<String> {
    let mut filter = Filter::below_and_above(unit, "m");
    filter.and_with("m.name = ? AND m.state = 'approved'", args![name]);
    let sql = format!("SELECT m.body FROM masking_policy m WHERE {} ORDER BY m.version DESC LIMIT 1", filter.sql());
    match query.row(&sql, filter.args()).await? {
        Some(row) => Ok(row.text("body")?),
        None => embedded(name),
    }
}

fn embedded(name: &str) -> ApiResult<String> {
    let embedded = EMBEDDED_POLICIES.iter().find(|(file, _)| file.trim_end_matches(".toml") == name);
    let unknown = || ApiError::invalid("policy", "没有这个脱敏策略，或尚未批准", "is no policy in force");
    embedded.map(|(_, text)| (*text).to_owned()).ok_or_else(unknown)
}
