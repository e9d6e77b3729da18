//! Alerts: the queue and the detail.

use std::collections::BTreeMap;

use fengsui_schema::{AlertSource, BusinessDomain, Severity};

use super::standings;
use crate::check;
use crate::db::{Filter, Query, Row, Value, args, placeholders};
use crate::error::{ApiError, ApiResult};
use crate::limits::{ADDRESS_COUNT_MAX, COUNT_MAX, HISTORY_ROWS, SEARCH_LOOKS};
use crate::page::{count_up_to, cursor_after, cut, is_least, newest_revision, page_rows, read_cursor};
use crate::scope::{Place, Scope};
use crate::search::{self, Stretch, Stretches, Word};
use crate::state::{AppState, time_text};
use crate::wire::{AlertDetail, AlertQuery, AlertRow, AlertState, HistoryEntry, List, PersonRef};
use crate::words::{from_optional_word, from_word, word_of};

const COLUMNS: &str = "a.id, a.time, a.severity, a.title_zh, a.title_en, a.rule_id, a.source, a.source_ip, \
    a.source_port, a.destination_ip, a.destination_port, a.source_asset, a.destination_asset, a.domain, a.techniques, \
    a.group_key, a.state, a.disposition, a.assignee_id, a.incident_id, a.revision, a.unit_code, \
    (SELECT p.display_name FROM account p WHERE p.id = a.assignee_id) AS assignee_name";

/// The group of an alert `a` that is the newest of its group.
const GROUP_OF_HEAD: &str =
    "JOIN alert_group g ON g.unit_code = a.unit_code AND g.group_key = a.group_key AND g.head_id = a.id";

/// A page of the queue.
pub(crate) async fn list(state: &AppState, scope: &Scope, asked: &AlertQuery) -> ApiResult<List<AlertRow>> {
    let scope = check::narrowed(scope, asked.unit.as_deref())?;
    let mut wanted = Wanted::read(asked)?;
    if let Some(id) = asked.group.as_deref().filter(|id| !id.is_empty()) {
        wanted.narrow_to_group(state, &scope, id).await?;
    }
    let newest_revision = newest_revision(state).await?;
    let cursor = asked.cursor.as_deref().map(read_cursor).transpose()?;
    let limit = page_rows(asked.limit);
    let by_filters = wanted.searches_texts() && search::is_whole(state).await?;
    let rows = if by_filters {
        wanted.found(state, &scope, cursor, limit + 1).await?
    } else {
        wanted.rows(&mut state.db(), &wanted.page_filter(&scope, cursor), limit + 1).await?
    };
    let mut items = rows.iter().map(|row| Ok((row.int("time")?, read(state, row)?))).collect::<ApiResult<Vec<_>>>()?;
    let next_cursor = cut(&mut items, limit, |(time, row)| cursor_after(*time, &row.id));
    let (total, total_is_least) = match (&asked.cursor, &next_cursor) {
        // All there is stands on this page.
        (None, None) => (i64::try_from(items.len()).unwrap_or(i64::MAX), false),
        _ if by_filters => wanted.count_found(state, &scope).await?,
        _ => wanted.total(state, &scope).await?,
    };
    let items = items.into_iter().map(|(_, row)| row).collect();
    Ok(List { items, next_cursor, total, total_is_least, newest_revision })
}

/// Which states are asked for.
enum States {
    /// All but closed.
    Open,
    All,
    One(String),
}

/// What of the queue is asked for.
struct Wanted {
    /// One row per group of repeats; open ones only.
    grouped: bool,
    /// Unit and name of the one group that is asked for.
    group: Option<(String, String)>,
    /// The one incident that is asked for.
    incident: Option<String>,
    states: States,
    severity_min: Option<i64>,
    domain: Option<&'static str>,
    source: Option<String>,
    /// An address that is searched for.
    address: Option<String>,
    /// What else is searched for.
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
        let mut words: Vec<Word> = text.split_whitespace().take(8).map(Word::of).collect();
        let incident = asked.incident.as_deref().filter(|id| !id.is_empty());
        let incident = incident.map(check::digest_id).transpose()?.map(str::to_owned);
        let place = words.iter().position(|word| matches!(word, Word::Address(_)));
        let address = match place.map(|at| words.remove(at)) {
            Some(Word::Address(address)) => Some(address),
            _ => None,
        };
        Ok(Self {
            grouped: asked.grouped == Some(true) && matches!(states, States::Open) && incident.is_none(),
            group: None,
            incident,
            states,
            severity_min: asked.severity_min.as_ref().map(severity).transpose()?.map(|word| word.as_number().into()),
            domain: asked.domain.as_ref().map(domain).transpose()?.map(|domain| domain.as_str()),
            source: asked.source.as_ref().map(source).transpose()?.map(|source| word_of(&source)),
            address,
            words,
        })
    }

    /// Asks for the alerts of the group that an alert within the scope is in.
    async fn narrow_to_group(&mut self, state: &AppState, scope: &Scope, id: &str) -> ApiResult<()> {
        let mut filter = Filter::within(scope, "a");
        filter.and_with("a.id = ?", args![check::digest_id(id)?]);
        let sql = format!("SELECT a.unit_code, a.group_key FROM alert a WHERE {}", filter.sql());
        let row = state.db().row(&sql, filter.args()).await?.ok_or_else(ApiError::not_found)?;
        self.group = Some((row.text("unit_code")?, row.text("group_key")?));
        self.grouped = false;
        Ok(())
    }

    /// Whether all that is searched for stands in texts; addresses have indices of their own, which find them sooner.
    fn searches_texts(&self) -> bool {
        self.address.is_none() && !self.words.is_empty()
    }

    /// The tables of the page; of a search for an address, which begins at the alerts.
    fn from(&self) -> String {
        match (self.grouped, &self.address) {
            (true, None) => "alert_group g JOIN alert a ON a.id = g.head_id".to_owned(),
            (true, Some(_)) => format!("alert a {GROUP_OF_HEAD}"),
            (false, _) => "alert a".to_owned(),
        }
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

    /// The condition on the rows of the page, but for the address.
    fn filter(&self, scope: &Scope) -> Filter {
        let mut filter = self.marks(scope, if self.grouped { "g" } else { "a" });
        if self.grouped {
            filter.and("g.open_count > 0");
        } else {
            self.in_state(&mut filter, "a");
        }
        if let Some((unit, group)) = &self.group {
            filter.and_with("a.unit_code = ? AND a.group_key = ?", args![unit, group]);
        }
        if let Some(incident) = &self.incident {
            filter.and_with("a.incident_id = ?", args![incident]);
        }
        for word in &self.words {
            word.narrow(&mut filter);
        }
        filter
    }

    /// The columns that order the page.
    fn order(&self) -> (&'static str, &'static str) {
        if self.grouped { ("g.head_time", "g.head_id") } else { ("a.time", "a.id") }
    }

    /// The condition on the rows of the page behind a cursor.
    fn page_filter(&self, scope: &Scope, cursor: Option<(i64, String)>) -> Filter {
        let mut filter = self.filter(scope);
        if let Some((at, after)) = cursor {
            let (time, id) = self.order();
            filter.and_with(&format!("{time} <= ? AND ({time} < ? OR {id} < ?)"), args![at, at, after]);
        }
        filter
    }

    /// So many rows under a condition, newest first.
    async fn rows(&self, query: &mut impl Query, filter: &Filter, limit: i64) -> ApiResult<Vec<Row>> {
        let (time, id) = self.order();
        let counts = if self.grouped { "g.open_count AS n, g.first_time" } else { "1 AS n, a.time AS first_time" };
        let (condition, values) = match &self.address {
            Some(address) => {
                let (ids, values) = self.ids_at(address, filter, limit);
                (format!("a.id IN ({ids})"), values)
            }
            None => (filter.sql().to_owned(), filter.args()),
        };
        let sql = format!(
            "SELECT {COLUMNS}, {counts} FROM {} WHERE {condition} ORDER BY {time} DESC, {id} DESC LIMIT {limit}",
            self.from(),
        );
        Ok(query.rows(&sql, values).await?)
    }

    /// Selects the newest alerts under a condition that an address is in, so many of each index that may know it: one that
    /// is in every second alert is found by reading a page of them.
    fn ids_at(&self, address: &str, filter: &Filter, limit: i64) -> (String, Vec<Value>) {
        let group = if self.grouped { GROUP_OF_HEAD } else { "" };
        let places = [
            ("alert a", "a.source_ip = ?", "a.time"),
            ("alert a", "a.destination_ip = ?", "a.time"),
            ("alert_entity e JOIN alert a ON a.id = e.alert_id", "e.kind = 'address' AND e.value = ?", "e.time"),
        ];
        let (mut selects, mut values) = (Vec::new(), Vec::new());
        for (number, (tables, condition, time)) in places.into_iter().enumerate() {
            let mut narrow = filter.clone();
            narrow.and_with(condition, args![address]);
            selects.push(format!(
                "SELECT id FROM (SELECT a.id FROM {tables} {group} WHERE {} ORDER BY {time} DESC, a.id DESC LIMIT {limit}) AS at_{number}",
                narrow.sql()
            ));
            // Each has the same placeholders.
            values = narrow.args();
        }
        (selects.join(" UNION "), values)
    }

    /// The same, reading only what may hold the words.
    async fn found(
        &self,
        state: &AppState,
        scope: &Scope,
        cursor: Option<(i64, String)>,
        limit: i64,
    ) -> ApiResult<Vec<Row>> {
        let until = cursor.as_ref().map_or(i64::MAX, |(time, _)| *time);
        let mut stretches = Stretches::new(state.db(), &self.words, until);
        let filter = self.page_filter(scope, cursor);
        let (mut rows, mut left) = (Vec::new(), limit);
        while left > 0
            && let Some(stretch) = stretches.next().await?
        {
            let more = self.rows(&mut state.db(), &self.within(&filter, stretch), left).await?;
            left -= i64::try_from(more.len()).unwrap_or(i64::MAX);
            rows.extend(more);
        }
        Ok(rows)
    }

    /// How many rows hold the words, and whether counting stopped before its end.
    async fn count_found(&self, state: &AppState, scope: &Scope) -> ApiResult<(i64, bool)> {
        let mut stretches = Stretches::new(state.db(), &self.words, i64::MAX);
        let filter = self.filter(scope);
        let (mut total, mut looked) = (0, 0);
        while let Some(stretch) = stretches.next().await? {
            if looked >= SEARCH_LOOKS {
                return Ok((total, true));
            }
            total += count_up_to(&mut state.db(), &self.from(), &self.within(&filter, stretch)).await?;
            looked += stretch.alerts;
            if is_least(total) {
                return Ok((COUNT_MAX, true));
            }
        }
        Ok((total, false))
    }

    /// The part of a condition that lies in a stretch of time.
    fn within(&self, filter: &Filter, stretch: Stretch) -> Filter {
        let mut narrow = filter.clone();
        narrow.and_with(&format!("{} BETWEEN ? AND ?", self.order().0), args![stretch.from, stretch.to]);
        narrow
    }

    /// How many rows there are: counted from what is kept, unless words are searched for.
    async fn total(&self, state: &AppState, scope: &Scope) -> ApiResult<(i64, bool)> {
        if let Some(address) = &self.address {
            let (ids, values) = self.ids_at(address, &self.filter(scope), ADDRESS_COUNT_MAX);
            let total = state.db().count(&format!("SELECT COUNT(*) AS n FROM ({ids}) AS found"), values).await?;
            return Ok((total.min(ADDRESS_COUNT_MAX), total >= ADDRESS_COUNT_MAX));
        }
        if !self.words.is_empty() || self.group.is_some() || self.incident.is_some() {
            let total = count_up_to(&mut state.db(), &self.from(), &self.filter(scope)).await?;
            return Ok((total, is_least(total)));
        }
        let (table, filter) = if self.grouped {
            ("alert_group", self.filter(scope))
        } else {
            let mut filter = self.marks(scope, "s");
            self.in_state(&mut filter, "s");
            ("alert_standing", filter)
        };
        let mut db = state.db();
        let (name, changes) = (format!("{} {:?}", filter.sql(), filter.args()), db.changes(&[table]));
        if let Some(total) = state.shared().totals.get(&name, changes) {
            return Ok((total, self.grouped && is_least(total)));
        }
        let total = match self.grouped {
            true => count_up_to(&mut db, "alert_group g", &filter).await?,
            false => standings::total(&mut db, &filter).await?,
        };
        state.shared().totals.keep(&name, changes, &total);
        Ok((total, self.grouped && is_least(total)))
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
        playbook: super::alert_steps::of_alert(&mut db, id, &row.rule_id, &row.techniques).await?,
        evidence_below: crate::tier::is_below(state, &row.unit.code),
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
    id: impl Into<Value>,
) -> ApiResult<Vec<HistoryEntry>> {
    lines(query, table, key, vec![id.into()]).await?.iter().map(entry).collect()
}

/// The lines of some objects, newest first, as many of each as are shown.
async fn lines(query: &mut impl Query, table: &'static str, key: &'static str, ids: Vec<Value>) -> ApiResult<Vec<Row>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT * FROM (SELECT e.*, ROW_NUMBER() OVER (PARTITION BY e.{key} ORDER BY e.id DESC) AS place
                        FROM {table} e WHERE e.{key} IN ({})) lines
         WHERE place <= {HISTORY_ROWS} ORDER BY id DESC",
        placeholders(1, ids.len())
    );
    Ok(query.rows(&sql, ids).await?)
}

fn entry(row: &Row) -> ApiResult<HistoryEntry> {
    Ok(HistoryEntry {
        time: time_text(row.int("time")?),
        actor: row.text("actor")?,
        action: row.text("action")?,
        detail: row.text("detail")?,
    })
}

/// What was done to each of some objects, newest first.
pub(crate) async fn histories(
    query: &mut impl Query,
    table: &'static str,
    key: &'static str,
    ids: &[i64],
) -> ApiResult<BTreeMap<i64, Vec<HistoryEntry>>> {
    let mut found = BTreeMap::<i64, Vec<HistoryEntry>>::new();
    for row in &lines(query, table, key, ids.iter().map(|id| (*id).into()).collect()).await? {
        found.entry(row.int(key)?).or_default().push(entry(row)?);
    }
    Ok(found)
}

/// Name of the capture of an alert within the evidence folder, as the sensor gave it. Untrusted.
pub(crate) async fn capture_name(state: &AppState, scope: &Scope, id: &str) -> ApiResult<String> {
    let mut filter = Filter::within(scope, "a");
    filter.and_with("a.id = ?", args![check::digest_id(id)?]);
    let sql = format!("SELECT a.pcap FROM alert a WHERE {}", filter.sql());
    let row = state.db().row(&sql, filter.args()).await?.ok_or_else(ApiError::not_found)?;
    row.optional_text("pcap")?.ok_or_else(ApiError::not_found)
}
