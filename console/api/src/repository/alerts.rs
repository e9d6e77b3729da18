//! Alerts: the queue and the detail.

use fengsui_schema::{AlertSource, BusinessDomain, Severity};

use super::standings;
use crate::check;
use crate::db::{Filter, Query, Row, Value, args};
use crate::error::{ApiError, ApiResult};
use crate::limits::HISTORY_ROWS;
use crate::page::{count_up_to, cursor_after, cut, newest_revision, page_rows, read_cursor};
use crate::scope::{Place, Scope};
use crate::state::{AppState, time_text};
use crate::wire::{AlertDetail, AlertQuery, AlertRow, AlertState, HistoryEntry, List, PersonRef};
use crate::words::{from_optional_word, from_word, word_of};

const COLUMNS: &str = "a.id, a.time, a.severity, a.title_zh, a.title_en, a.rule_id, a.source, a.source_ip, \
    a.source_port, a.destination_ip, a.destination_port, a.source_asset, a.destination_asset, a.domain, a.techniques, \
    a.group_key, a.state, a.disposition, a.assignee_id, a.incident_id, a.revision, a.unit_code, \
    (SELECT p.display_name FROM account p WHERE p.id = a.assignee_id) AS assignee_name";

/// A page of the queue.
pub(crate) async fn list(state: &AppState, scope: &Scope, asked: &AlertQuery) -> ApiResult<List<AlertRow>> {
    let scope = match &asked.unit {
        None => scope.clone(),
        Some(code) => scope.narrowed(&check::unit("unit", code)?).ok_or_else(ApiError::not_found)?,
    };
    let wanted = Wanted::read(asked)?;
    let mut db = state.db();
    let newest_revision = newest_revision(&mut db).await?;
    let mut filter = wanted.filter(&scope);
    let (time, id) = if wanted.grouped { ("g.head_time", "g.head_id") } else { ("a.time", "a.id") };
    if let Some(cursor) = &asked.cursor {
        let (at, after) = read_cursor(cursor)?;
        let condition = format!("{time} <= ? AND ({time} < ? OR {id} < ?)");
        filter.and_with(&condition, args![at, at, after]);
    }
    let counts = if wanted.grouped { "g.open_count AS n, g.first_time" } else { "1 AS n, a.time AS first_time" };
    let limit = page_rows(asked.limit);
    let sql = format!(
        "SELECT {COLUMNS}, {counts} FROM {} WHERE {} ORDER BY {time} DESC, {id} DESC LIMIT {}",
        wanted.from(),
        filter.sql(),
        limit + 1
    );
    let rows = db.rows(&sql, filter.args()).await?;
    let mut items = rows.iter().map(|row| Ok((row.int("time")?, read(state, row)?))).collect::<ApiResult<Vec<_>>>()?;
    let next_cursor = cut(&mut items, limit, |(time, row)| cursor_after(*time, &row.id));
    let total = match (&asked.cursor, &next_cursor) {
        // All there is stands on this page.
        (None, None) => i64::try_from(items.len()).unwrap_or(i64::MAX),
        _ => wanted.total(&mut db, &scope).await?,
    };
    Ok(List { items: items.into_iter().map(|(_, row)| row).collect(), next_cursor, total, newest_revision })
}

/// Which states are asked for.
enum States {
    /// All but closed.
    Open,
    All,
    One(String),
}

/// A word that is searched for.
enum Word {
    /// A whole address: looked up where flows begin and end and among entities, not in texts.
    Address(String),
    /// Part of a text, as a pattern.
    Text(String),
}

impl Word {
    fn of(word: &str) -> Self {
        match word.parse::<std::net::IpAddr>() {
            Ok(address) => Self::Address(address.to_string()),
            Err(_) => Self::Text(check::like_pattern(word)),
        }
    }
}

/// What of the queue is asked for.
struct Wanted {
    /// One row per group of repeats; open ones only.
    grouped: bool,
    states: States,
    severity_min: Option<i64>,
    domain: Option<&'static str>,
    source: Option<String>,
    /// What is searched for.
    words: Vec<Word>,
}

impl Wanted {
    fn read(asked: &AlertQuery) -> ApiResult<Self> {
        let states = match asked.state.as_deref().unwrap_or("open") {
            "open" => States::Open,
            "all" => States::All,
            word => States::One(word_of(&from_word::<AlertState>(word).ok_or_else(|| unknown("state", word))?)),
        };
        let severity = |word: &String| Severity::from_word(word).ok_or_else(|| unknown("severity_min", word));
        let domain = |word: &String| BusinessDomain::from_word(word).ok_or_else(|| unknown("domain", word));
        let source = |word: &String| from_word::<AlertSource>(word).ok_or_else(|| unknown("source", word));
        let text = check::search(asked.q.as_deref())?.unwrap_or_default();
        Ok(Self {
            grouped: asked.grouped == Some(true) && matches!(states, States::Open),
            states,
            severity_min: asked.severity_min.as_ref().map(severity).transpose()?.map(|word| word.as_number().into()),
            domain: asked.domain.as_ref().map(domain).transpose()?.map(|domain| domain.as_str()),
            source: asked.source.as_ref().map(source).transpose()?.map(|source| word_of(&source)),
            words: text.split_whitespace().take(8).map(Word::of).collect(),
        })
    }

    /// The tables of the page.
    fn from(&self) -> &'static str {
        if self.grouped { "alert_group g JOIN alert a ON a.id = g.head_id" } else { "alert a" }
    }

    /// The condition on severity, domain and source, which alerts, groups and standings carry alike.
    fn marks(&self, scope: &Scope, table: &str) -> Filter {
        let mut filter = Filter::within(scope, table);
        if let Some(least) = self.severity_min {
            filter.and_with(&format!("{table}.severity >= ?"), args![least]);
        }
        if let Some(domain) = self.domain {
            filter.and_with(&format!("{table}.domain = ?"), args![domain]);
        }
        if let Some(source) = &self.source {
            filter.and_with(&format!("{table}.source = ?"), args![source]);
        }
        filter
    }

    fn in_state(&self, filter: &mut Filter, table: &str) {
        match &self.states {
            States::Open => filter.and(&format!("{table}.state <> 'closed'")),
            States::All => {}
            States::One(word) => filter.and_with(&format!("{table}.state = ?"), args![word]),
        }
    }

    /// The condition on the rows of the page.
    fn filter(&self, scope: &Scope) -> Filter {
        let mut filter = self.marks(scope, if self.grouped { "g" } else { "a" });
        if self.grouped {
            filter.and("g.open_count > 0");
        } else {
            self.in_state(&mut filter, "a");
        }
        for word in &self.words {
            match word {
                Word::Address(address) => {
                    let entity = "SELECT e.alert_id FROM alert_entity e WHERE e.kind = 'address' AND e.value = ?";
                    let condition = format!("(a.source_ip = ? OR a.destination_ip = ? OR a.id IN ({entity}))");
                    filter.and_with(&condition, args![address, address, address]);
                }
                Word::Text(pattern) => filter.and_with("a.search_text LIKE ? ESCAPE '\\'", args![pattern]),
            }
        }
        filter
    }

    /// How many rows there are: counted from what is kept, unless words are searched for.
    async fn total(&self, query: &mut impl Query, scope: &Scope) -> ApiResult<i64> {
        if !self.words.is_empty() {
            return count_up_to(query, self.from(), &self.filter(scope)).await;
        }
        if self.grouped {
            return count_up_to(query, "alert_group g", &self.filter(scope)).await;
        }
        let mut filter = self.marks(scope, "s");
        self.in_state(&mut filter, "s");
        standings::total(query, &filter).await
    }
}

fn unknown(field: &str, word: &str) -> ApiError {
    ApiError::invalid(field, "取值不合法", &format!("{} is no known word", fengsui_schema::shown(word)))
}

/// A row of the queue.
fn read(state: &AppState, row: &Row) -> ApiResult<AlertRow> {
    let place = Place::read(row)?;
    let assignee = row.optional_int("assignee_id")?.map(|id| id.to_string());
    let name = row.optional_text("assignee_name")?.unwrap_or_default();
    let severity = u8::try_from(row.int("severity")?).unwrap_or(u8::MAX);
    Ok(AlertRow {
        id: row.text("id")?,
        time: time_text(row.int("time")?),
        severity: Severity::from_number(severity),
        title_zh: row.text("title_zh")?,
        title_en: row.text("title_en")?,
        rule_id: row.text("rule_id")?,
        source: row.text("source")?,
        source_ip: row.optional_text("source_ip")?,
        source_port: row.optional_int("source_port")?,
        destination_ip: row.optional_text("destination_ip")?,
        destination_port: row.optional_int("destination_port")?,
        source_asset: row.optional_text("source_asset")?,
        destination_asset: row.optional_text("destination_asset")?,
        unit: state.units().reference(place.unit()),
        domain: BusinessDomain::from_word(&row.text("domain")?).unwrap_or(BusinessDomain::Network),
        techniques: serde_json::from_str(&row.text("techniques")?).unwrap_or_default(),
        state: from_word(&row.text("state")?).unwrap_or(AlertState::New),
        disposition: from_optional_word(row.optional_text("disposition")?),
        assignee: assignee.map(|id| PersonRef { id, display_name: name }),
        incident_id: row.optional_text("incident_id")?,
        count: row.int("n")?,
        group_key: row.text("group_key")?,
        first_time: time_text(row.int("first_time")?),
        revision: row.int("revision")?,
    })
}

/// Alerts under a condition, newest first.
pub(crate) async fn some(
    state: &AppState,
    query: &mut impl Query,
    filter: &Filter,
    limit: i64,
) -> ApiResult<Vec<AlertRow>> {
    let sql = format!(
        "SELECT {COLUMNS}, 1 AS n, a.time AS first_time FROM alert a WHERE {} ORDER BY a.time DESC, a.id DESC LIMIT {limit}",
        filter.sql()
    );
    query.rows(&sql, filter.args()).await?.iter().map(|row| read(state, row)).collect()
}

/// One alert with everything around it. `incidents` is what the caller may see of incidents.
pub(crate) async fn detail(
    state: &AppState,
    scope: &Scope,
    incidents: Option<&Scope>,
    id: &str,
) -> ApiResult<AlertDetail> {
    let mut db = state.db();
    let mut filter = Filter::within(scope, "a");
    filter.and_with("a.id = ?", args![check::digest_id(id)?]);
    let row = some(state, &mut db, &filter, 1).await?.into_iter().next().ok_or_else(ApiError::not_found)?;
    let kept =
        db.row("SELECT body, pcap FROM alert WHERE id = $1", args![id]).await?.ok_or_else(ApiError::not_found)?;
    let incident = match (incidents, &row.incident_id) {
        (Some(scope), Some(incident)) => super::incidents::row(state, &mut db, scope, incident).await.ok(),
        _ => None,
    };
    Ok(AlertDetail {
        similar: similar(state, &mut db, scope, &row).await?,
        history: history(&mut db, "alert_entry", "alert_id", id).await?,
        alert: kept.json("body")?,
        has_capture: kept.optional_text("pcap")?.is_some(),
        incident,
        row,
    })
}

async fn similar(state: &AppState, query: &mut impl Query, scope: &Scope, row: &AlertRow) -> ApiResult<Vec<AlertRow>> {
    let keys: [(&str, Value); 3] = [
        ("a.group_key = ?", row.group_key.as_str().into()),
        ("a.source_ip = ?", row.source_ip.clone().into()),
        ("a.destination_ip = ?", row.destination_ip.clone().into()),
    ];
    let mut found: Vec<AlertRow> = Vec::new();
    for (condition, value) in keys {
        let mut filter = Filter::within(scope, "a");
        filter.and_with("a.id <> ?", args![row.id.as_str()]);
        if condition.starts_with("a.group_key") {
            filter.and_with("a.unit_code = ?", args![row.unit.code.as_str()]);
        }
        filter.and_with(condition, vec![value]);
        for alert in some(state, query, &filter, 10).await? {
            if found.iter().all(|known| known.id != alert.id) {
                found.push(alert);
            }
        }
    }
    found.sort_by(|one, other| other.time.cmp(&one.time));
    found.truncate(20);
    Ok(found)
}

/// What was done to an object, newest first.
pub(crate) async fn history(
    query: &mut impl Query,
    table: &'static str,
    key: &'static str,
    id: &str,
) -> ApiResult<Vec<HistoryEntry>> {
    let sql = format!("SELECT * FROM {table} WHERE {key} = $1 ORDER BY id DESC LIMIT {HISTORY_ROWS}");
    let rows = query.rows(&sql, args![id]).await?;
    let entry = |row: &Row| {
        Ok(HistoryEntry {
            time: time_text(row.int("time")?),
            actor: row.text("actor")?,
            action: row.text("action")?,
            detail: row.text("detail")?,
        })
    };
    rows.iter().map(entry).collect()
}

/// Name of the capture of an alert within the evidence folder, as the sensor gave it. Untrusted.
pub(crate) async fn capture_name(state: &AppState, scope: &Scope, id: &str) -> ApiResult<String> {
    let mut filter = Filter::within(scope, "a");
    filter.and_with("a.id = ?", args![check::digest_id(id)?]);
    let sql = format!("SELECT a.pcap FROM alert a WHERE {}", filter.sql());
    let row = state.db().row(&sql, filter.args()).await?.ok_or_else(ApiError::not_found)?;
    row.optional_text("pcap")?.ok_or_else(ApiError::not_found)
}
