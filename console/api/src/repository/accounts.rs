//! Accounts: who exists, in which state, with which role.

use fengsui_relay::tier::NodeId;
use fengsui_schema::UnitCode;

use crate::access::{Role, RoleClass, hash_password, one_time_password};
use crate::check;
use crate::db::{Db, Filter, Query, Row, args};
use crate::error::{ApiError, ApiResult};
use crate::page::{count_up_to, cursor_after, cut, is_least, page_rows, read_cursor};
use crate::scope::{Place, Scope};
use crate::state::{AppState, Change, time_text};
use crate::wire::{List, OneTimePassword, PageQuery, UserRow, UserState};

/// An account to make.
pub(crate) struct NewAccount {
    pub(crate) username: String,
    pub(crate) display_name: String,
    pub(crate) role: Role,
    pub(crate) unit: UnitCode,
    /// Waits for the security administrator.
    pub(crate) pending: bool,
}

impl NewAccount {
    /// Checks names.
    pub(crate) fn checked(self) -> ApiResult<Self> {
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'_' | b'-');
        if !(2..=32).contains(&self.username.len()) || !self.username.bytes().all(fits) {
            return Err(ApiError::invalid(
                "username",
                "用户名为2至32位小写字母、数字、点、横线",
                "has 2 to 32 of a-z0-9._-",
            ));
        }
        let display_name = check::title(&self.display_name).map_err(|_| display_name_error())?;
        if display_name.chars().count() > 64 {
            return Err(display_name_error());
        }
        Ok(Self { display_name, ..self })
    }
}

fn display_name_error() -> ApiError {
    ApiError::invalid("display_name", "姓名为1至64个字符", "has 1 to 64 characters")
}

/// The account that stands for another node: issuer of its tasks, author of its policies. Nobody can log in with it.
pub(crate) async fn of_node(change: &mut Change, origin: &NodeId) -> ApiResult<i64> {
    let username = format!("node-{origin}").to_lowercase();
    let found = change.row("SELECT id FROM account WHERE username = $1", args![&username]).await?;
    if let Some(row) = found {
        return Ok(row.int("id")?);
    }
    let origin: UnitCode = origin.as_str().parse().map_err(|error| ApiError::internal(&error))?;
    let id = change.next("account").await?;
    let (now, name) = (change.now(), change.state().units().name(&origin));
    let mut values = args![id, &username, name, now, BY_RELAY];
    values.extend(Place::of(&origin).values());
    let sql = "INSERT INTO account (id, username, display_name, role_class, password, password_changed_at,
                   must_change_password, state, failures, locked_until, created_at, created_by,
                   province, prefecture, county, unit_code)
               VALUES ($1, $2, $3, 'business', '!', $4, 1, 'disabled', 0, 0, $4, $5, $6, $7, $8, $9)";
    change.execute(sql, values).await?;
    Ok(id)
}

/// Who made the accounts of other nodes.
const BY_RELAY: &str = "relay";

/// Whether there is any account of a person.
pub(crate) async fn any(db: &mut Db) -> ApiResult<bool> {
    Ok(db.count("SELECT COUNT(*) AS n FROM account WHERE created_by <> $1", args![BY_RELAY]).await? > 0)
}

/// A password that works once and its kept text.
pub(crate) async fn fresh_password(state: &AppState) -> ApiResult<(String, String)> {
    let password = one_time_password()?;
    let (rounds, clear) = (state.settings().password_rounds, password.clone());
    let kept = state.hashing(move || hash_password(&clear, rounds)).await??;
    Ok((password, kept))
}

/// Makes an account; its number. `kept` is the text kept of its password.
pub(crate) async fn create(change: &mut Change, new: &NewAccount, kept: &str) -> ApiResult<i64> {
    let taken = change.count("SELECT COUNT(*) AS n FROM account WHERE username = $1", args![&new.username]).await?;
    if taken > 0 {
        return Err(ApiError::conflict("用户名已存在", "the user name is taken"));
    }
    if !change.state().units().contains(&new.unit) {
        return Err(ApiError::invalid("unit", "没有这个单位", "there is no such unit"));
    }
    let id = change.next("account").await?;
    let (now, by) = (change.now(), change.actor().name.clone());
    let class = new.role.class();
    let account_state = if new.pending { "pending" } else { "active" };
    let mut values = args![id, &new.username, &new.display_name, class.as_str(), kept, now, account_state, now, by];
    values.extend(Place::of(&new.unit).values());
    let sql = "INSERT INTO account (id, username, display_name, role_class, password, password_changed_at, state,
                   created_at, created_by, province, prefecture, county, unit_code, must_change_password, failures, locked_until)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 1, 0, 0)";
    change.execute(sql, values).await?;
    grant(change, id, new.role, class).await?;
    Ok(id)
}

async fn grant(change: &mut Change, account: i64, role: Role, class: RoleClass) -> ApiResult<()> {
    let sql = "INSERT INTO account_role (account_id, role, role_class) VALUES ($1, $2, $3)";
    change.execute(sql, args![account, role.as_str(), class.as_str()]).await?;
    Ok(())
}

fn select(state: &AppState) -> String {
    let joined = state.db().group_text();
    format!(
        "SELECT p.*, (SELECT {joined}(r.role, ',') FROM account_role r WHERE r.account_id = p.id) AS roles,
         (SELECT COUNT(*) FROM account_totp t WHERE t.account_id = p.id AND t.confirmed_at IS NOT NULL)
             + (SELECT COUNT(*) FROM account_key k WHERE k.account_id = p.id) AS factors FROM account p"
    )
}

/// A page of accounts, newest first.
pub(crate) async fn list(state: &AppState, scope: &Scope, asked: &PageQuery) -> ApiResult<List<UserRow>> {
    let mut db = state.db();
    let mut filter = Filter::within(scope, "p");
    let total = count_up_to(&mut db, "account p", &filter).await?;
    if let Some(cursor) = &asked.cursor {
        let (id, _) = read_cursor(cursor)?;
        filter.and_with("p.id < ?", args![id]);
    }
    let limit = page_rows(asked.limit);
    let sql = format!("{} WHERE {} ORDER BY p.id DESC LIMIT {}", select(state), filter.sql(), limit + 1);
    let rows = db.rows(&sql, filter.args()).await?;
    let mut items = rows.iter().map(|row| read(state, row)).collect::<ApiResult<Vec<_>>>()?;
    let next_cursor = cut(&mut items, limit, |row| cursor_after(row.id.parse().unwrap_or_default(), ""));
    Ok(List { items, next_cursor, total, total_is_least: is_least(total), newest_revision: 0 })
}

/// One account.
pub(crate) async fn find(state: &AppState, query: &mut impl Query, scope: &Scope, id: i64) -> ApiResult<UserRow> {
    let filter = Filter::of_one(scope, "p", id);
    let sql = format!("{} WHERE {}", select(state), filter.sql());
    let row = query.row(&sql, filter.args()).await?.ok_or_else(ApiError::not_found)?;
    read(state, &row)
}

fn read(state: &AppState, row: &Row) -> ApiResult<UserRow> {
    let locked = row.int("locked_until")? > state.now();
    let account_state = match row.text("state")?.as_str() {
        "pending" => UserState::Pending,
        "active" if locked => UserState::Locked,
        "active" => UserState::Active,
        _ => UserState::Disabled,
    };
    let roles = row.optional_text("roles")?.unwrap_or_default();
    Ok(UserRow {
        id: row.int("id")?.to_string(),
        username: row.text("username")?,
        display_name: row.text("display_name")?,
        roles: roles.split(',').filter_map(Role::from_word).collect(),
        unit: state.units().reference(Place::read(row)?.unit()),
        state: account_state,
        must_change_password: row.flag("must_change_password")?,
        second_factor: row.int("factors")? > 0,
        created_at: time_text(row.int("created_at")?),
        last_login_at: row.optional_int("last_login_at")?.map(time_text),
    })
}

/// Lets an account in or switches it off; its sessions end when it is switched off.
pub(crate) async fn set_enabled(change: &mut Change, user: &UserRow, enabled: bool) -> ApiResult<()> {
    let id = check::number_id(&user.id)?;
    if !enabled {
        keep_last_administrator(change, user).await?;
        end_sessions(change, id).await?;
    }
    let word = if enabled { "active" } else { "disabled" };
    change.execute("UPDATE account SET state = $1 WHERE id = $2", args![word, id]).await?;
    Ok(())
}

/// The last account of each kind of administrator can't be switched off.
async fn keep_last_administrator(change: &mut Change, user: &UserRow) -> ApiResult<()> {
    for role in user.roles.iter().filter(|role| role.class() != RoleClass::Business) {
        let sql = "SELECT COUNT(*) AS n FROM account p JOIN account_role r ON r.account_id = p.id
                   WHERE r.role = $1 AND p.state = 'active' AND p.id <> $2";
        let others = change.count(sql, args![role.as_str(), check::number_id(&user.id)?]).await?;
        if others == 0 && user.state != UserState::Disabled {
            return Err(ApiError::conflict(
                "不能停用最后一个管理员",
                "is the last account with this administrator role",
            ));
        }
    }
    Ok(())
}

/// Gives an account other roles of the class it was made for; its sessions end.
pub(crate) async fn assign(change: &mut Change, user: &UserRow, roles: &[Role]) -> ApiResult<()> {
    let id = check::number_id(&user.id)?;
    let class = user.roles.first().map_or(RoleClass::Business, |role| role.class());
    if roles.is_empty() || roles.iter().any(|role| role.class() != class) {
        return Err(ApiError::invalid(
            "roles",
            "至少一个角色，且与账号原角色同类（三员与业务角色互斥）",
            "names at least one role, all of the class the account was made for",
        ));
    }
    change.execute("DELETE FROM account_role WHERE account_id = $1", args![id]).await?;
    let distinct: std::collections::BTreeSet<Role> = roles.iter().copied().collect();
    for role in distinct {
        grant(change, id, role, class).await?;
    }
    end_sessions(change, id).await
}

/// Ends every session of an account.
pub(crate) async fn end_sessions(change: &mut Change, account: i64) -> ApiResult<()> {
    change.execute("DELETE FROM session WHERE account_id = $1", args![account]).await?;
    Ok(())
}

/// Gives an account another password that works once; ends its sessions.
pub(crate) async fn reset_password(change: &mut Change, user: &UserRow, kept: &str) -> ApiResult<()> {
    let id = check::number_id(&user.id)?;
    end_sessions(change, id).await?;
    let now = change.now();
    let sql = "UPDATE account SET password = $1, password_changed_at = $2, must_change_password = 1, failures = 0,
                      locked_until = 0 WHERE id = $3";
    change.execute(sql, args![kept, now, id]).await?;
    Ok(())
}

/// Opens an account that failed logins locked.
pub(crate) async fn unlock(change: &mut Change, user: &UserRow) -> ApiResult<()> {
    let sql = "UPDATE account SET failures = 0, locked_until = 0 WHERE id = $1";
    change.execute(sql, args![check::number_id(&user.id)?]).await?;
    Ok(())
}

/// The answer to a new account or password.
pub(crate) async fn with_password(state: &AppState, id: i64, password: String) -> ApiResult<OneTimePassword> {
    let everywhere = Scope::subtree(&root(state));
    let user = find(state, &mut state.db(), &everywhere, id).await?;
    Ok(OneTimePassword { user, one_time_password: password })
}

/// The unit at the top.
pub(crate) fn root(state: &AppState) -> UnitCode {
    let mut top = state.shared().unit.clone();
    while let Some(above) = top.parent() {
        top = above;
    }
    top
}
