//! Indicators: lists, their lines, how often each was found, retiring.

use std::collections::{BTreeMap, BTreeSet};

use fengsui_detect::{Indicator, IndicatorKind};
use fengsui_schema::{Severity, Timestamp, UnitCode};

use crate::capability::candidates;
use crate::check;
use crate::db::{Filter, Query, Row, Tx, Value, args};
use crate::error::{ApiError, ApiResult};
use crate::limits::{
    ACTION_IDS, CAPABILITY_INDICATORS, CAPABILITY_VALUE_CHARACTERS, CAPABILITY_VALUES, INDICATOR_LISTS, INDICATORS_KEPT,
};
use crate::page::{count_up_to, cursor_after, cut, is_least, newest_revision, page_rows, read_cursor};
use crate::scope::{Place, Scope};
use crate::state::{AppState, Change, time_text};
use crate::wire::{
    IndicatorListRow, IndicatorLookup, IndicatorQuery, IndicatorRow, IndicatorState, KnownIndicator, List,
};

const DAY: i64 = 86_400_000;
/// Every kind, in the words of lists.
const KINDS: [IndicatorKind; 5] =
    [IndicatorKind::Address, IndicatorKind::Range, IndicatorKind::Domain, IndicatorKind::Url, IndicatorKind::Hash];

fn kind_of(word: &str) -> Option<IndicatorKind> {
    KINDS.into_iter().find(|kind| kind.as_str() == word)
}

fn wrong(field: &str, en: &str) -> ApiError {
    ApiError::invalid(field, "取值不合法", en)
}

/// A page of indicators, newest first.
pub(crate) async fn list(state: &AppState, scope: &Scope, asked: &IndicatorQuery) -> ApiResult<List<IndicatorRow>> {
    let mut db = state.db();
    let mut filter = conditions(scope, asked, state.now())?;
    let newest_revision = newest_revision(state).await?;
    let total = count_up_to(&mut db, "indicator i", &filter).await?;
    if let Some(cursor) = &asked.cursor {
        filter.and_with("i.id < ?", args![read_cursor(cursor)?.0]);
    }
    let limit = page_rows(asked.limit);
    // The scope is the first value: what of the alerts is counted is what the caller may see of them.
    let hits = |sum: &str| format!("(SELECT {sum} FROM rule_day r WHERE {FIRED} AND r.{} = $1)", scope.column());
    let sql = format!(
        "SELECT i.*, {} AS hits, {} AS last_hit FROM indicator i WHERE {} ORDER BY i.id DESC LIMIT {}",
        hits("CAST(COALESCE(SUM(r.count), 0) AS BIGINT)"),
        hits("MAX(r.day)"),
        filter.sql(),
        limit + 1
    );
    let rows = db.rows(&sql, filter.args()).await?;
    let mut items = rows.iter().map(|row| read(row, state.now())).collect::<ApiResult<Vec<_>>>()?;
    let next_cursor = cut(&mut items, limit, |row| cursor_after(row.id.parse().unwrap_or_default(), ""));
    Ok(List { items, next_cursor, total, total_is_least: is_least(total), newest_revision })
}

/// The rule of an indicator, as the analyzer names it.
const FIRED: &str = "r.rule_id = 'indicator:' || i.list || '/' || i.value";

fn conditions(scope: &Scope, asked: &IndicatorQuery, now: i64) -> ApiResult<Filter> {
    let mut filter = Filter::within(scope, "i");
    match asked.state.as_deref().unwrap_or("active") {
        "active" => filter.and_with("i.retired_at IS NULL AND (i.expires_at IS NULL OR i.expires_at > ?)", args![now]),
        "expired" => filter.and_with("i.retired_at IS NULL AND i.expires_at <= ?", args![now]),
        "retired" => filter.and("i.retired_at IS NOT NULL"),
        "all" => {}
        _ => return Err(wrong("state", "is active, expired, retired or all")),
    }
    if let Some(word) = &asked.kind {
        let kind = kind_of(word).ok_or_else(|| wrong("kind", "is ip, cidr, domain, url or hash"))?;
        filter.and_with("i.kind = ?", args![kind.as_str()]);
    }
    if let Some(name) = &asked.list {
        filter.and_with("i.list = ?", args![name]);
    }
    if let Some(text) = check::search(asked.q.as_deref())? {
        let pattern = check::like_pattern(&text);
        let condition = "(i.value LIKE ? ESCAPE '\\' OR LOWER(i.description) LIKE ? ESCAPE '\\' OR i.description_zh LIKE ? ESCAPE '\\')";
        filter.and_with(condition, args![&pattern, &pattern, &pattern]);
    }
    if asked.hit == Some(true) {
        filter.and(&format!("EXISTS (SELECT 1 FROM rule_day r WHERE {FIRED})"));
    }
    Ok(filter)
}

fn read(row: &Row, now: i64) -> ApiResult<IndicatorRow> {
    let (expires, retired) = (row.optional_int("expires_at")?, row.optional_int("retired_at")?);
    let state = match (retired, expires) {
        (Some(_), _) => IndicatorState::Retired,
        (None, Some(at)) if at <= now => IndicatorState::Expired,
        _ => IndicatorState::Active,
    };
    Ok(IndicatorRow {
        id: row.int("id")?.to_string(),
        list: row.text("list")?,
        kind: row.text("kind")?,
        value: row.text("value")?,
        severity: Severity::from_number(u8::try_from(row.int("severity")?).unwrap_or(u8::MAX)),
        description: row.text("description")?,
        description_zh: row.text("description_zh")?,
        reference: row.text("reference")?,
        expires_at: expires.map(time_text),
        added_at: time_text(row.int("added_at")?),
        added_by: row.text("added_by")?,
        state,
        retired_by: row.optional_text("retired_by")?,
        retired_at: retired.map(time_text),
        retired_for: row.optional_text("retired_for")?,
        hits: row.int("hits")?,
        last_hit: row.optional_int("last_hit")?.map(|day| time_text(day * DAY)),
    })
}

/// The lists a scope reaches, by name.
pub(crate) async fn lists(state: &AppState, scope: &Scope) -> ApiResult<Vec<IndicatorListRow>> {
    let filter = Filter::within(scope, "l");
    let active = format!("i.retired_at IS NULL AND (i.expires_at IS NULL OR i.expires_at > {})", state.now());
    let sql = format!(
        "SELECT l.*, (SELECT COUNT(*) FROM indicator i WHERE i.list = l.name) AS total,
                (SELECT COUNT(*) FROM indicator i WHERE i.list = l.name AND {active}) AS active
         FROM indicator_list l WHERE {} ORDER BY l.name LIMIT {INDICATOR_LISTS}",
        filter.sql()
    );
    let row_of = |row: &Row| {
        Ok(IndicatorListRow {
            name: row.text("name")?,
            origin: row.text("origin")?,
            total: row.int("total")?,
            active: row.int("active")?,
            changed_at: time_text(row.int("changed_at")?),
            changed_by: row.text("changed_by")?,
        })
    };
    state.db().rows(&sql, filter.args()).await?.iter().map(row_of).collect()
}

/// Where a list comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A file of the program or of its settings.
    Given,
    /// Taken in by somebody.
    Import,
}

/// Whose list it is and who changes it when.
pub(crate) struct Hand<'a> {
    /// Unit of the analyzer that looks for them.
    pub(crate) place: &'a Place,
    /// Who.
    pub(crate) by: &'a str,
    /// When.
    pub(crate) now: i64,
}

/// The digest of a list that is kept, if it is kept and of this origin.
pub(crate) async fn digest_of(query: &mut impl Query, list: &str, origin: Origin) -> ApiResult<Option<String>> {
    let sql = "SELECT origin, digest FROM indicator_list WHERE name = $1";
    let Some(row) = query.row(sql, args![list]).await? else { return Ok(None) };
    if row.text("origin")? == word(origin) {
        return Ok(Some(row.text("digest")?));
    }
    Err(ApiError::conflict("该清单名已被随程序提供的清单占用", "a list that came with the program has this name"))
}

const fn word(origin: Origin) -> &'static str {
    match origin {
        Origin::Given => "given",
        Origin::Import => "import",
    }
}

/// Adds lines to a list and brings those up to date that are in it. One that was retired stays retired.
pub(crate) async fn take(
    tx: &mut Tx,
    hand: &Hand<'_>,
    (list, origin, digest): (&str, Origin, &str),
    indicators: &[Indicator],
) -> ApiResult<()> {
    let sql = "INSERT INTO indicator_list (name, origin, digest, changed_at, changed_by, province, prefecture, county, unit_code)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
               ON CONFLICT (name) DO UPDATE SET digest = excluded.digest, changed_at = excluded.changed_at,
                   changed_by = excluded.changed_by";
    let mut values = args![list, word(origin), digest, hand.now, hand.by];
    values.extend(hand.place.values());
    tx.execute(sql, values).await?;
    for part in indicators.chunks(ACTION_IDS) {
        insert(tx, hand, list, part).await?;
    }
    if tx.count("SELECT COUNT(*) AS n FROM indicator", Vec::new()).await? > INDICATORS_KEPT {
        let zh = format!("最多保存{INDICATORS_KEPT}条指标，请先清理过期清单");
        return Err(ApiError::conflict(&zh, "more indicators than the console keeps"));
    }
    Ok(())
}

async fn insert(tx: &mut Tx, hand: &Hand<'_>, list: &str, part: &[Indicator]) -> ApiResult<()> {
    let first = tx.reserve("indicator", i64::try_from(part.len()).unwrap_or(i64::MAX)).await?;
    let mut values = args![list, hand.now, hand.by];
    values.extend(hand.place.values());
    let mut lines = Vec::with_capacity(part.len());
    for (indicator, id) in part.iter().zip(first..) {
        let marks: Vec<String> = (1..=8).map(|number| format!("${}", values.len() + number)).collect();
        lines.push(format!("({}, $1, $2, $3, $4, $5, $6, $7)", marks.join(", ")));
        values.extend(args![
            id,
            indicator.kind.as_str(),
            &indicator.value,
            i64::from(indicator.severity.as_number()),
            indicator.expires.map(|time| time.as_millis()),
            &indicator.description,
            &indicator.description_zh,
            &indicator.reference
        ]);
    }
    let sql = format!(
        "INSERT INTO indicator (id, kind, value, severity, expires_at, description, description_zh, reference, list,
             added_at, added_by, province, prefecture, county, unit_code)
         VALUES {}
         ON CONFLICT (list, kind, value) DO UPDATE SET severity = excluded.severity, expires_at = excluded.expires_at,
             description = excluded.description, description_zh = excluded.description_zh,
             reference = excluded.reference, added_at = excluded.added_at, added_by = excluded.added_by",
        lines.join(", ")
    );
    tx.execute(&sql, values).await?;
    Ok(())
}

/// Takes lines out of a given list that its file no longer has.
pub(crate) async fn drop_older(tx: &mut Tx, list: &str, now: i64) -> ApiResult<()> {
    tx.execute("DELETE FROM indicator WHERE list = $1 AND added_at < $2", args![list, now]).await?;
    Ok(())
}

/// Retires indicators; how many, and the lists they are in.
pub(crate) async fn retire(
    change: &mut Change,
    scope: &Scope,
    ids: &[String],
    reason: &str,
) -> ApiResult<(i64, Vec<String>)> {
    if ids.is_empty() || ids.len() > ACTION_IDS {
        return Err(ApiError::invalid("ids", format!("一次1至{ACTION_IDS}条"), "names none or too many"));
    }
    let numbers = ids.iter().map(|id| check::number_id(id)).collect::<ApiResult<Vec<_>>>()?;
    let mut filter = Filter::within(scope, "i");
    filter.and_in("i.id", numbers);
    filter.and("i.retired_at IS NULL");
    let sql = format!("SELECT i.id, i.list FROM indicator i WHERE {}", filter.sql());
    let rows = change.rows(&sql, filter.args()).await?;
    let mut lists: Vec<String> = rows.iter().map(|row| row.text("list")).collect::<Result<_, _>>()?;
    lists.sort();
    lists.dedup();
    let (now, actor) = (change.now(), change.actor().name.clone());
    for row in &rows {
        let sql = "UPDATE indicator SET retired_at = $1, retired_by = $2, retired_for = $3 WHERE id = $4";
        change.execute(sql, args![now, actor.as_str(), reason, row.int("id")?]).await?;
    }
    Ok((i64::try_from(rows.len()).unwrap_or(i64::MAX), lists))
}

/// The lines of a list that the analyzer is to look for; nothing for a given list, which has a file of its own.
pub(crate) async fn in_force(query: &mut impl Query, list: &str, now: i64) -> ApiResult<Option<Vec<Indicator>>> {
    let sql = "SELECT name FROM indicator_list WHERE name = $1 AND origin = 'import'";
    if query.row(sql, args![list]).await?.is_none() {
        return Ok(None);
    }
    let sql = "SELECT * FROM indicator WHERE list = $1 AND retired_at IS NULL AND (expires_at IS NULL OR expires_at > $2) ORDER BY id";
    lines(query, sql, args![list, now]).await.map(Some)
}

/// The lines of a list that count now, as far as a scope reaches.
pub(crate) async fn active(state: &AppState, scope: &Scope, list: &str) -> ApiResult<Vec<Indicator>> {
    let mut filter = Filter::within(scope, "i");
    filter.and_with("i.list = ?", args![list]);
    filter.and_with("i.retired_at IS NULL AND (i.expires_at IS NULL OR i.expires_at > ?)", args![state.now()]);
    let sql = format!("SELECT i.* FROM indicator i WHERE {} ORDER BY i.id", filter.sql());
    lines(&mut state.db(), &sql, filter.args()).await
}

/// Values that one statement looks for.
const VALUES_AT_ONCE: usize = 1_000;

/// What is known of some values in lists that a unit may ask about: its own, those below it, and those above it, which are
/// published downwards. The gravest first.
pub(crate) async fn known(state: &AppState, unit: &UnitCode, values: &[String]) -> ApiResult<Vec<IndicatorLookup>> {
    let long = values.iter().any(|value| value.chars().count() > CAPABILITY_VALUE_CHARACTERS);
    if values.is_empty() || values.len() > CAPABILITY_VALUES || long {
        let zh = format!("须为1至{CAPABILITY_VALUES}个值，每个至多{CAPABILITY_VALUE_CHARACTERS}个字符");
        let en = format!("is not 1 to {CAPABILITY_VALUES} values of at most {CAPABILITY_VALUE_CHARACTERS} characters");
        return Err(ApiError::invalid("values", zh, &en));
    }
    let asked: Vec<Vec<String>> = values.iter().map(|value| candidates(value)).collect();
    let all: BTreeSet<&String> = asked.iter().flatten().collect();
    let found = in_lists(state, unit, &all.into_iter().collect::<Vec<_>>()).await?;
    let told = |candidates: &Vec<String>| {
        let mut known: Vec<KnownIndicator> =
            candidates.iter().filter_map(|value| found.get(value)).flatten().cloned().collect();
        known.sort_by_key(|one| std::cmp::Reverse(one.severity.as_number()));
        known.truncate(CAPABILITY_INDICATORS);
        IndicatorLookup { known }
    };
    Ok(asked.iter().map(told).collect())
}

async fn in_lists(
    state: &AppState,
    unit: &UnitCode,
    values: &[&String],
) -> ApiResult<BTreeMap<String, Vec<KnownIndicator>>> {
    let mut found = BTreeMap::<String, Vec<KnownIndicator>>::new();
    for part in values.chunks(VALUES_AT_ONCE) {
        let mut filter = Filter::below_and_above(unit, "i");
        filter.and_in("i.value", part.iter().copied());
        filter.and_with("i.retired_at IS NULL AND (i.expires_at IS NULL OR i.expires_at > ?)", args![state.now()]);
        let sql = format!("SELECT i.* FROM indicator i WHERE {} ORDER BY i.id", filter.sql());
        for one in lines(&mut state.db(), &sql, filter.args()).await? {
            found.entry(one.value.clone()).or_default().push(KnownIndicator {
                list: one.list,
                kind: one.kind.as_str().to_owned(),
                value: one.value,
                severity: one.severity,
                expires_at: one.expires.map(|time| time.to_string()),
            });
        }
    }
    Ok(found)
}

/// The lines of given lists that people retired.
pub(crate) async fn retired_of_given(query: &mut impl Query) -> ApiResult<Vec<Indicator>> {
    let sql = "SELECT i.* FROM indicator i JOIN indicator_list l ON l.name = i.list
               WHERE l.origin = 'given' AND i.retired_at IS NOT NULL ORDER BY i.id";
    lines(query, sql, Vec::new()).await
}

async fn lines(query: &mut impl Query, sql: &str, values: Vec<Value>) -> ApiResult<Vec<Indicator>> {
    let line = |row: &Row| {
        Ok(Indicator {
            kind: kind_of(&row.text("kind")?).ok_or_else(|| ApiError::internal(&"a kind nobody knows"))?,
            value: row.text("value")?,
            severity: Severity::from_number(u8::try_from(row.int("severity")?).unwrap_or(u8::MAX)),
            expires: row.optional_int("expires_at")?.map(Timestamp::from_millis),
            description: row.text("description")?,
            description_zh: row.text("description_zh")?,
            reference: row.text("reference")?,
            list: row.text("list")?,
        })
    };
    query.rows(sql, values).await?.iter().map(line).collect()
}
