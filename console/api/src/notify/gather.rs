//! Writes what came up into the outbox.

use std::str::FromStr;

use fengsui_schema::{Timestamp, UnitCode};

use super::sources::{self, Look, Source};
use super::text::{Subject, event_name, names_phone};
use crate::audit::Actor;
use crate::db::{Db, Filter, Query, Row, Value, args};
use crate::error::{ApiError, ApiResult};
use crate::limits::{NOTIFY_AT_ONCE, NOTIFY_WAITING};
use crate::repository::warnings::units_above;
use crate::scope::{Place, Scope};
use crate::state::{AppState, CHINA_AHEAD, Change};
use crate::values::Key;
use crate::wire::{ChannelKind, ChannelOptions, NotifyEvent, NotifyFault, NotifyTarget};
use crate::words::{from_word, word_of};

/// What came up longer ago is not told any more: the console stood still, and people know by other ways.
const NEWS_MILLIS: i64 = 3 * 86_400_000;
const MINUTE: i64 = 60_000;

/// A subscription with what is needed of its channel.
struct Subscription {
    id: i64,
    channel: i64,
    kind: ChannelKind,
    options: ChannelOptions,
    event: NotifyEvent,
    targets: Vec<NotifyTarget>,
    minutes: i64,
    urgent: bool,
    created_at: i64,
    /// What is told: of this unit and those below it.
    unit: UnitCode,
    /// Whose channel it is.
    owner: UnitCode,
}

/// Something that is to be told.
struct News {
    object: String,
    subject: Subject,
    unit: UnitCode,
}

/// Whom a message is for: keys of the register, and names.
#[derive(Default)]
struct Addressee {
    keys: String,
    names: String,
}

/// The one who sends.
pub(super) fn actor(state: &AppState) -> Actor {
    Actor::new("notifier", &state.shared().unit, "local")
}

/// Looks at every subscription; what came up is written into the outbox. One that fails holds up no other.
pub(super) async fn gather(state: &AppState) -> ApiResult<()> {
    for subscription in &subscriptions(state).await? {
        if let Err(error) = of_subscription(state, subscription).await {
            let (id, error) = (subscription.id, error.message_en());
            tracing::error!(id, error, "a subscription of notifications could not be looked at; trying again");
        }
    }
    Ok(())
}

async fn of_subscription(state: &AppState, subscription: &Subscription) -> ApiResult<()> {
    let news = news(state, subscription).await?;
    if news.is_empty() { Ok(()) } else { queue(state, subscription, &news).await }
}

async fn subscriptions(state: &AppState) -> ApiResult<Vec<Subscription>> {
    let sql = "SELECT s.*, c.kind, c.config, c.unit_code AS owner FROM notify_subscription s
               JOIN notify_channel c ON c.id = s.channel_id
               WHERE c.enabled = 1 AND c.retired_at IS NULL ORDER BY s.id";
    let rows = state.db().rows(sql, args![]).await?;
    // An event of a newer version of the program is nothing that this one can tell.
    rows.iter().filter_map(|row| read(row).transpose()).collect()
}

fn read(row: &Row) -> ApiResult<Option<Subscription>> {
    let (Some(event), Some(kind)) = (from_word(&row.text("event")?), from_word(&row.text("kind")?)) else {
        return Ok(None);
    };
    let owner = UnitCode::from_str(&row.text("owner")?).map_err(|error| ApiError::internal(&error))?;
    Ok(Some(Subscription {
        id: row.int("id")?,
        channel: row.int("channel_id")?,
        kind,
        options: super::read_json(&row.text("config")?)?,
        event,
        targets: super::read_json(&row.text("targets")?)?,
        minutes: row.int("minutes")?,
        urgent: row.int("urgent")? != 0,
        created_at: row.int("created_at")?,
        unit: Place::read(row)?.unit().clone(),
        owner,
    }))
}

/// What came up for a subscription and is not in the outbox.
async fn news(state: &AppState, subscription: &Subscription) -> ApiResult<Vec<News>> {
    let now = state.now();
    let look = Look {
        since: subscription.created_at.max(now - NEWS_MILLIS),
        now,
        wait: subscription.minutes * MINUTE,
        percent: state.values().number(Key::ClockPercent),
    };
    let mut found = Vec::new();
    for source in sources::of(subscription.event, &look) {
        let rows = of_source(&mut state.db(), subscription, source).await?;
        let read = rows.iter().map(|row| one(state, subscription.event, row));
        found.extend(read.collect::<ApiResult<Vec<_>>>()?);
    }
    Ok(found)
}

async fn of_source(db: &mut Db, subscription: &Subscription, source: Source) -> ApiResult<Vec<Row>> {
    let Source { from, condition, values, object, title, at, due } = source;
    let mut filter = Filter::within(&Scope::subtree(&subscription.unit), "x");
    filter.and_with(&format!("({condition})"), values);
    let known =
        format!("NOT EXISTS (SELECT 1 FROM notify_message m WHERE m.subscription_id = ? AND m.object = {object})");
    filter.and_with(&known, args![subscription.id]);
    let sql = format!(
        "SELECT {object} AS object, {title} AS title, {at} AS at, CAST({due} AS BIGINT) AS due, x.unit_code
         FROM {from} WHERE {} ORDER BY 3, 1 LIMIT {NOTIFY_AT_ONCE}",
        filter.sql()
    );
    Ok(db.rows(&sql, filter.args()).await?)
}

fn one(state: &AppState, event: NotifyEvent, row: &Row) -> ApiResult<News> {
    let unit = Place::read(row)?.unit().clone();
    let object = row.text("object")?;
    let subject = Subject {
        event: event_name(event).to_owned(),
        title: row.text("title")?,
        unit: state.units().name(&unit),
        time: beijing(row.int("at")?),
        due: row.optional_int("due")?.map(beijing).unwrap_or_default(),
        object: object.clone(),
    };
    Ok(News { object, subject, unit })
}

/// A time as people of Gansu read it.
pub(super) fn beijing(millis: i64) -> String {
    let text = Timestamp::from_millis(millis.saturating_add(CHINA_AHEAD)).to_string();
    text.replace('T', " ").chars().take(16).collect()
}

async fn queue(state: &AppState, subscription: &Subscription, news: &[News]) -> ApiResult<()> {
    let mut change = Change::begin(state, actor(state)).await?;
    let sql = "SELECT COUNT(*) AS n FROM notify_message WHERE channel_id = $1 AND state = 'waiting'";
    let mut waiting = change.count(sql, args![subscription.channel]).await?;
    for one in news {
        for addressee in addressees(&mut change, subscription, &one.unit).await? {
            let fault = match &addressee {
                None => Some(NotifyFault::Nobody),
                Some(_) if waiting >= NOTIFY_WAITING => Some(NotifyFault::Full),
                Some(_) => None,
            };
            waiting += i64::from(fault.is_none());
            insert(&mut change, subscription, one, (addressee.unwrap_or_default(), fault)).await?;
        }
    }
    // Nobody's act: what a person did that is told of here has its own entry of the audit log.
    change.commit_delivery().await
}

async fn insert(
    change: &mut Change,
    subscription: &Subscription,
    news: &News,
    (addressee, fault): (Addressee, Option<NotifyFault>),
) -> ApiResult<()> {
    let (id, now) = (change.next("notify_message").await?, change.now());
    let body = serde_json::to_string(&news.subject).map_err(|error| ApiError::internal(&error))?;
    let sealed = change.state().shared().vault.seal_text(&body, &message_seal(id))?;
    let state = match fault {
        None => "waiting",
        Some(NotifyFault::Full) => "dropped",
        Some(_) => "failed",
    };
    let quiet = if subscription.urgent { None } else { quiet_until(&subscription.options, now) };
    let (event, about) = (word_of(&subscription.event), news.unit.as_str());
    let mut values: Vec<Value> = args![id, subscription.channel, subscription.id, event, &news.object, about];
    values.extend(args![addressee.keys, addressee.names, sealed, subscription.urgent, state]);
    values.extend(args![quiet.unwrap_or(now), fault.map(|fault| word_of(&fault)), now]);
    values.extend(Place::of(&subscription.owner).values());
    let sql =
        "INSERT INTO notify_message (id, channel_id, subscription_id, event, object, about, recipient, names, body,
                   urgent, state, attempts, next_at, claimed_until, fault, detail, created_at, province, prefecture,
                   county, unit_code)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, $12, 0, $13, '', $14, $15, $16, $17, $18)
               ON CONFLICT (subscription_id, object, recipient) DO NOTHING";
    change.execute(sql, values).await?;
    Ok(())
}

/// The text a message's body is sealed for.
pub(super) fn message_seal(id: i64) -> String {
    format!("notify_message/{id}")
}

/// Whom a message goes to: one for the channel's readers, or one for each of the register where the gateway wants a
/// telephone number. Nothing stands for nobody.
async fn addressees(
    change: &mut Change,
    subscription: &Subscription,
    unit: &UnitCode,
) -> ApiResult<Vec<Option<Addressee>>> {
    let alone = subscription.kind == ChannelKind::Http && names_phone(&subscription.options.template);
    if subscription.targets.is_empty() {
        return Ok(vec![(!alone).then(Addressee::default)]);
    }
    let people = people(change, subscription, unit).await?;
    if people.is_empty() {
        return Ok(vec![None]);
    }
    if alone {
        return Ok(people.into_iter().map(|(keys, names)| Some(Addressee { keys, names })).collect());
    }
    let (keys, names): (Vec<String>, Vec<String>) = people.into_iter().unzip();
    Ok(vec![Some(Addressee { keys: keys.join(","), names: names.join("、") })])
}

/// Keys and names of those of a unit's register, or of the nearest unit above that has any, as far as the channel reaches.
async fn people(change: &mut Change, subscription: &Subscription, unit: &UnitCode) -> ApiResult<Vec<(String, String)>> {
    let reach = Scope::subtree(&subscription.owner);
    for unit in units_above(unit).into_iter().filter(|unit| reach.reaches(unit)) {
        let mut found = Vec::new();
        for target in &subscription.targets {
            found.extend(of_target(change, *target, &unit).await?);
        }
        if !found.is_empty() {
            found.sort();
            found.dedup();
            return Ok(found);
        }
    }
    Ok(Vec::new())
}

async fn of_target(change: &mut Change, target: NotifyTarget, unit: &UnitCode) -> ApiResult<Vec<(String, String)>> {
    let now = change.now();
    let (sql, values, table) = if target == NotifyTarget::OnDuty {
        let sql =
            "SELECT s.id, s.name FROM duty_shift s WHERE s.unit_code = $1 AND s.begins_at <= $2 AND s.ends_at > $2
                   ORDER BY s.id LIMIT 10";
        (sql, args![unit.as_str(), now], "duty_shift")
    } else {
        let sql = "SELECT p.id, p.name FROM duty_person p WHERE p.unit_code = $1 AND p.duty = $2 AND p.ended_at IS NULL
                   ORDER BY p.id LIMIT 10";
        (sql, args![unit.as_str(), word_of(&target)], "duty_person")
    };
    let rows = change.rows(sql, values).await?;
    rows.iter().map(|row| Ok((format!("{table}/{}", row.int("id")?), row.text("name")?))).collect()
}

/// Minutes since midnight of a text `HH:MM`.
pub(crate) fn minute_of(text: &str) -> Option<i64> {
    let (hour, minute) = text.split_once(':')?;
    let digits = |part: &str| {
        (part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit())).then(|| part.parse::<i64>().ok())
    };
    let (hour, minute) = (digits(hour)??, digits(minute)??);
    (hour < 24 && minute < 60).then_some(hour * 60 + minute)
}

/// When the quiet hours that run now end; none when it is not quiet.
fn quiet_until(options: &ChannelOptions, now: i64) -> Option<i64> {
    let (from, to) = (minute_of(&options.quiet_from)?, minute_of(&options.quiet_to)?);
    let minute = ((now + CHINA_AHEAD) / MINUTE).rem_euclid(24 * 60);
    let quiet = if from <= to { (from..to).contains(&minute) } else { minute >= from || minute < to };
    let left = (to - minute).rem_euclid(24 * 60);
    quiet.then(|| now - now.rem_euclid(MINUTE) + left * MINUTE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quiet(from: &str, to: &str, at: &str) -> Option<String> {
        let options =
            ChannelOptions { quiet_from: from.to_owned(), quiet_to: to.to_owned(), ..ChannelOptions::default() };
        let now: Timestamp = at.parse().expect("is a time");
        quiet_until(&options, now.as_millis()).map(beijing)
    }

    #[test]
    fn quiet_hours_end_in_the_morning_of_beijing() {
        // 14:30 UTC is 22:30 in Beijing.
        assert_eq!(quiet("22:00", "07:00", "2026-11-27T14:30:10Z").as_deref(), Some("2026-11-28 07:00"));
        assert_eq!(quiet("22:00", "07:00", "2026-11-27T22:59:59Z").as_deref(), Some("2026-11-28 07:00"));
        assert_eq!(quiet("22:00", "07:00", "2026-11-27T23:00:00Z"), None);
        assert_eq!(quiet("12:00", "14:00", "2026-11-27T05:00:00Z").as_deref(), Some("2026-11-27 14:00"));
        assert_eq!(quiet("12:00", "14:00", "2026-11-27T06:00:00Z"), None);
        assert_eq!(
            (quiet("", "", "2026-11-27T06:00:00Z"), quiet("07:00", "07:00", "2026-11-27T06:00:00Z")),
            (None, None)
        );
    }

    #[test]
    fn times_of_day_are_strict() {
        assert_eq!((minute_of("07:05"), minute_of("23:59")), (Some(425), Some(1_439)));
        assert!(["24:00", "7:05", "07:60", "+7:05", "0705", ""].into_iter().all(|text| minute_of(text).is_none()));
    }
}
