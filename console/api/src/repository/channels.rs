//! Channels of notifications, and what goes by them.

use std::collections::BTreeMap;

use reqwest::Url;

use crate::access::Caller;
use crate::check;
use crate::db::{Filter, Query, Row, args};
use crate::error::{ApiError, ApiResult};
use crate::limits::{
    NOTIFY_CHANNELS, NOTIFY_MINUTES, NOTIFY_PER_MINUTE, NOTIFY_PER_MINUTE_MAX, NOTIFY_RECIPIENTS, NOTIFY_SUBSCRIPTIONS,
};
use crate::notify::egress::Egress;
use crate::notify::text::{checked_template, names_phone};
use crate::notify::{Secrets, Security, is_address, minute_of, sealed_for, security};
use crate::scope::{Place, Scope};
use crate::state::{AppState, Change, time_text};
use crate::wire::{
    ChannelBody, ChannelKind, ChannelList, ChannelOptions, ChannelRow, NewSubscription, NotifyEvent, SubscriptionRow,
};
use crate::words::{from_word, word_of};

const DAY: i64 = 86_400_000;
/// Longest key, password, header or address, in characters.
const SECRET_CHARACTERS: usize = 2_000;

/// Every channel within reach, with what goes by it and how that went in the last day.
pub(crate) async fn list(state: &AppState, caller: &Caller) -> ApiResult<ChannelList> {
    let mut filter = Filter::within(&caller.scope, "c");
    filter.and("c.retired_at IS NULL");
    let egress = Egress::of(&state.values());
    let items = some(state, caller, (&filter, &egress)).await?;
    Ok(ChannelList { items, hosts: egress.hosts() })
}

/// One channel.
pub(crate) async fn show(state: &AppState, caller: &Caller, id: i64) -> ApiResult<ChannelRow> {
    let filter = of_one(&caller.scope, id);
    let found = some(state, caller, (&filter, &Egress::of(&state.values()))).await?;
    found.into_iter().next().ok_or_else(ApiError::not_found)
}

fn of_one(scope: &Scope, id: i64) -> Filter {
    let mut filter = Filter::of_one(scope, "c", id);
    filter.and("c.retired_at IS NULL");
    filter
}

async fn some(state: &AppState, caller: &Caller, (filter, egress): (&Filter, &Egress)) -> ApiResult<Vec<ChannelRow>> {
    let mut db = state.db();
    let sql = format!("SELECT c.* FROM notify_channel c WHERE {} ORDER BY c.unit_code, c.id", filter.sql());
    let rows = db.rows(&sql, filter.args()).await?;
    let mut subscriptions = subscriptions(state, &mut db, filter).await?;
    let counts = counts(state, &mut db, filter).await?;
    let writes = caller.grant("channel.write");
    let read = |row: &Row| -> ApiResult<ChannelRow> {
        let (id, place) = (row.int("id")?, Place::read(row)?);
        let secrets = secrets(state, row)?;
        let (host, port) = (row.text("host")?, row.int("port")?);
        let [waiting, sent, failed] = counts.get(&id).copied().unwrap_or_default();
        Ok(ChannelRow {
            id: id.to_string(),
            name: row.text("name")?,
            kind: from_word(&row.text("kind")?).unwrap_or(ChannelKind::Http),
            unit: state.units().reference(place.unit()),
            host_allowed: u16::try_from(port).is_ok_and(|port| egress.allows(&host, port)),
            host: format!("{host}:{port}"),
            plain: row.int("plain")? != 0,
            has_secret: !secrets.secret.is_empty(),
            has_header: !secrets.header.is_empty(),
            options: options(row)?,
            enabled: row.int("enabled")? != 0,
            updated_at: time_text(row.int("updated_at")?),
            updated_by: row.text("updated_by")?,
            subscriptions: subscriptions.remove(&id).unwrap_or_default(),
            waiting,
            sent,
            failed,
            may_change: writes.as_ref().is_some_and(|scope| scope.reaches(place.unit())),
        })
    };
    rows.iter().map(read).collect()
}

fn secrets(state: &AppState, row: &Row) -> ApiResult<Secrets> {
    let opened = state.shared().vault.unseal_text(&row.text("secrets")?, &sealed_for(row.int("id")?))?;
    serde_json::from_str(&opened).map_err(|error| ApiError::internal(&error))
}

fn options(row: &Row) -> ApiResult<ChannelOptions> {
    serde_json::from_str(&row.text("config")?).map_err(|error| ApiError::internal(&error))
}

/// What goes by the channels of a filter, by channel.
async fn subscriptions(
    state: &AppState,
    query: &mut impl Query,
    filter: &Filter,
) -> ApiResult<BTreeMap<i64, Vec<SubscriptionRow>>> {
    let sql = format!(
        "SELECT s.* FROM notify_subscription s JOIN notify_channel c ON c.id = s.channel_id WHERE {} ORDER BY s.id",
        filter.sql()
    );
    let mut found = BTreeMap::<i64, Vec<SubscriptionRow>>::new();
    for row in &query.rows(&sql, filter.args()).await? {
        let Some(event) = from_word(&row.text("event")?) else { continue };
        found.entry(row.int("channel_id")?).or_default().push(SubscriptionRow {
            id: row.int("id")?.to_string(),
            event,
            unit: state.units().reference(Place::read(row)?.unit()),
            targets: serde_json::from_str(&row.text("targets")?).map_err(|error| ApiError::internal(&error))?,
            minutes: row.int("minutes")?,
            urgent: row.int("urgent")? != 0,
            created_by: row.text("created_by")?,
        });
    }
    Ok(found)
}

/// Messages that wait, and those that were sent and given up in the last day, by channel.
async fn counts(state: &AppState, query: &mut impl Query, filter: &Filter) -> ApiResult<BTreeMap<i64, [i64; 3]>> {
    let mut filter = filter.clone();
    filter.and_with("(m.state = 'waiting' OR m.created_at > ?)", args![state.now() - DAY]);
    let sql = format!(
        "SELECT m.channel_id, m.state, COUNT(*) AS n FROM notify_message m JOIN notify_channel c ON c.id = m.channel_id
         WHERE {} GROUP BY m.channel_id, m.state",
        filter.sql()
    );
    let mut found = BTreeMap::<i64, [i64; 3]>::new();
    for row in &query.rows(&sql, filter.args()).await? {
        let place = match row.text("state")?.as_str() {
            "waiting" => 0,
            "sent" => 1,
            _ => 2,
        };
        found.entry(row.int("channel_id")?).or_default()[place] += row.int("n")?;
    }
    Ok(found)
}

/// A channel whose values were checked.
struct Checked {
    name: String,
    kind: ChannelKind,
    host: String,
    port: u16,
    plain: bool,
    options: ChannelOptions,
    secrets: Secrets,
}

fn checked(body: &ChannelBody, kept: Secrets) -> ApiResult<Checked> {
    let name = check::short("name", &body.name)?;
    let url = secret("url", body.url.as_deref(), kept.url)?;
    let key = secret("secret", body.secret.as_deref(), kept.secret)?;
    let header = secret("header_value", body.header_value.as_deref(), kept.header)?;
    if !header.is_ascii() {
        return Err(ApiError::invalid("header_value", "只能为ASCII字符", "holds other than ASCII"));
    }
    let (host, port, plain) = place(&url, body.kind)?;
    let options = checked_options(&body.options, body.kind)?;
    if body.kind == ChannelKind::Mail && plain && !options.username.is_empty() {
        let (zh, en) = ("不加密的连接不能使用口令", "a password does not go by a connection without encryption");
        return Err(ApiError::invalid("url", zh, en));
    }
    let secrets = Secrets { url, secret: key, header };
    Ok(Checked { name, kind: body.kind, host, port, plain, options, secrets })
}

/// A secret as it is kept: what is left out stays.
fn secret(field: &str, sent: Option<&str>, kept: String) -> ApiResult<String> {
    let Some(text) = sent.map(str::trim) else { return Ok(kept) };
    if text.chars().count() > SECRET_CHARACTERS || text.chars().any(char::is_control) {
        return Err(ApiError::invalid(field, "过长或含有控制字符", "is too long or holds control characters"));
    }
    Ok(text.to_owned())
}

/// Host, port, and whether it is spoken to without encryption.
fn place(url: &str, kind: ChannelKind) -> ApiResult<(String, u16, bool)> {
    let wrong = || {
        let zh = if kind == ChannelKind::Mail {
            "地址须为 smtps://、smtp+starttls:// 或 smtp:// 加主机名"
        } else {
            "地址须以 https:// 或 http:// 开头"
        };
        ApiError::invalid("url", zh, "is no address of this kind")
    };
    let parsed: Url = url.parse().map_err(|_| wrong())?;
    let host = parsed.host_str().filter(|host| !host.is_empty()).ok_or_else(wrong)?.to_lowercase();
    if !parsed.username().is_empty() || parsed.password().is_some() {
        let (zh, en) = ("地址中不能带用户名和口令", "carries a name or password before the host");
        return Err(ApiError::invalid("url", zh, en));
    }
    let (plain, usual) = match (kind, parsed.scheme()) {
        (ChannelKind::Mail, scheme) => {
            let (security, port) = security(scheme).ok_or_else(wrong)?;
            (security == Security::Plain, port)
        }
        (_, "https") => (false, 443),
        // Robots of messengers are on the public network, where their keys would be read on the way.
        (ChannelKind::Http, "http") => (true, 80),
        _ => return Err(wrong()),
    };
    Ok((host, parsed.port().unwrap_or(usual), plain))
}

fn checked_options(sent: &ChannelOptions, kind: ChannelKind) -> ApiResult<ChannelOptions> {
    let mut options = ChannelOptions { per_minute: sent.per_minute, ..ChannelOptions::default() };
    if options.per_minute == 0 {
        options.per_minute = NOTIFY_PER_MINUTE;
    }
    if !(1..=NOTIFY_PER_MINUTE_MAX).contains(&options.per_minute) {
        let zh = format!("须为1至{NOTIFY_PER_MINUTE_MAX}");
        return Err(ApiError::invalid("per_minute", zh, &format!("is not 1 to {NOTIFY_PER_MINUTE_MAX}")));
    }
    let (from, to) = (sent.quiet_from.trim(), sent.quiet_to.trim());
    if !(from.is_empty() && to.is_empty()) {
        let fits = minute_of(from).is_some() && minute_of(to).is_some() && from != to;
        if !fits {
            return Err(ApiError::invalid(
                "quiet_from",
                "免打扰时段须为两个不同的“时:分”",
                "is no two different HH:MM",
            ));
        }
        from.clone_into(&mut options.quiet_from);
        to.clone_into(&mut options.quiet_to);
    }
    match kind {
        ChannelKind::Http => of_gateway(sent, &mut options)?,
        ChannelKind::Mail => of_mail(sent, &mut options)?,
        _ => {}
    }
    Ok(options)
}

fn of_gateway(sent: &ChannelOptions, options: &mut ChannelOptions) -> ApiResult<()> {
    options.content = sent.content;
    options.template = checked_template(&sent.template, sent.content)?;
    sent.header_name.trim().clone_into(&mut options.header_name);
    let token = options.header_name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    let reserved = ["host", "content-length", "transfer-encoding", "connection", "content-type"];
    if !token || options.header_name.len() > 60 || reserved.contains(&options.header_name.to_lowercase().as_str()) {
        return Err(ApiError::invalid("header_name", "不是可用的请求头名称", "is no header that can be set"));
    }
    let expects = sent.expects.trim();
    options.expects = if expects.is_empty() { String::new() } else { check::short("expects", expects)? };
    Ok(())
}

fn of_mail(sent: &ChannelOptions, options: &mut ChannelOptions) -> ApiResult<()> {
    let username = sent.username.trim();
    options.username = if username.is_empty() { String::new() } else { check::short("username", username)? };
    sent.sender.trim().clone_into(&mut options.sender);
    if !is_address(&options.sender) {
        return Err(ApiError::invalid("sender", "不是邮件地址", "is no address of mail"));
    }
    options.recipients = sent.recipients.iter().map(|text| text.trim().to_owned()).collect();
    let fits = (1..=NOTIFY_RECIPIENTS).contains(&options.recipients.len());
    if !fits || !options.recipients.iter().all(|text| is_address(text)) {
        let zh = format!("须为1至{NOTIFY_RECIPIENTS}个邮件地址");
        return Err(ApiError::invalid("recipients", zh, &format!("is not 1 to {NOTIFY_RECIPIENTS} addresses of mail")));
    }
    Ok(())
}

/// Adds a channel of the caller's unit; its number in the database.
pub(crate) async fn create(change: &mut Change, caller: &Caller, body: &ChannelBody) -> ApiResult<i64> {
    let sql = "SELECT COUNT(*) AS n FROM notify_channel WHERE unit_code = $1 AND retired_at IS NULL";
    if change.count(sql, args![caller.identity.unit.as_str()]).await? >= NOTIFY_CHANNELS {
        return Err(ApiError::conflict("通知渠道过多", "the unit has too many channels"));
    }
    let checked = checked(body, Secrets::default())?;
    let id = change.next("notify_channel").await?;
    let (config, sealed) = written(change, id, &checked)?;
    let (now, by) = (change.now(), caller.identity.display_name.clone());
    let mut values = args![id, checked.name, word_of(&checked.kind), checked.host, i64::from(checked.port)];
    values.extend(args![checked.plain, config, sealed, body.enabled, now, by]);
    values.extend(Place::of(&caller.identity.unit).values());
    let sql = "INSERT INTO notify_channel (id, name, kind, host, port, plain, config, secrets, enabled, updated_at,
                   updated_by, province, prefecture, county, unit_code)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";
    change.execute(sql, values).await?;
    Ok(id)
}

fn written(change: &Change, id: i64, checked: &Checked) -> ApiResult<(String, String)> {
    let json = |value: serde_json::Result<String>| value.map_err(|error| ApiError::internal(&error));
    let config = json(serde_json::to_string(&checked.options))?;
    let secrets = json(serde_json::to_string(&checked.secrets))?;
    let sealed = change.state().shared().vault.seal_text(&secrets, &sealed_for(id))?;
    Ok((config, sealed))
}

/// A channel that the caller may change.
pub(crate) async fn held(query: &mut impl Query, scope: &Scope, id: i64) -> ApiResult<Row> {
    let filter = of_one(scope, id);
    let sql = format!("SELECT c.* FROM notify_channel c WHERE {}", filter.sql());
    query.row(&sql, filter.args()).await?.ok_or_else(ApiError::not_found)
}

/// Changes a channel. A key that is kept does not follow its channel to another host: who changes the address has to know it.
pub(crate) async fn revise(change: &mut Change, caller: &Caller, id: i64, body: &ChannelBody) -> ApiResult<()> {
    let row = held(change, &caller.scope, id).await?;
    if row.text("kind")? != word_of(&body.kind) {
        return Err(ApiError::conflict("渠道类型不能修改", "a channel keeps its kind"));
    }
    let kept = secrets(change.state(), &row)?;
    let had = (!kept.secret.is_empty(), !kept.header.is_empty());
    let checked = checked(body, kept)?;
    let moved = checked.host != row.text("host")? || i64::from(checked.port) != row.int("port")?;
    let carries = (had.0 && body.secret.is_none()) || (had.1 && body.header_value.is_none());
    if (moved || (checked.plain && row.int("plain")? == 0)) && carries {
        let (zh, en) = ("更换主机或改为不加密时须重新填写密钥", "another host, or no encryption, needs the key anew");
        return Err(ApiError::invalid("secret", zh, en));
    }
    let (config, sealed) = written(change, id, &checked)?;
    let (now, by) = (change.now(), &caller.identity.display_name);
    let values = args![checked.name, checked.host, i64::from(checked.port), checked.plain, config, sealed];
    let values = values.into_iter().chain(args![body.enabled, now, by, id]).collect();
    let sql = "UPDATE notify_channel SET name = $1, host = $2, port = $3, plain = $4, config = $5, secrets = $6,
                   enabled = $7, updated_at = $8, updated_by = $9 WHERE id = $10";
    change.execute(sql, values).await?;
    if body.enabled { Ok(()) } else { let_go(change, id).await }
}

/// What waits for a channel that is switched off does not go when it is switched on again.
async fn let_go(change: &mut Change, id: i64) -> ApiResult<()> {
    let sql = "UPDATE notify_message SET state = 'dropped', fault = 'off' WHERE channel_id = $1 AND state = 'waiting'";
    change.execute(sql, args![id]).await?;
    Ok(())
}

/// Takes a channel away; its log stays.
pub(crate) async fn retire(change: &mut Change, caller: &Caller, id: i64) -> ApiResult<String> {
    let row = held(change, &caller.scope, id).await?;
    let now = change.now();
    let none = serde_json::to_string(&Secrets::default()).map_err(|error| ApiError::internal(&error))?;
    let sealed = change.state().shared().vault.seal_text(&none, &sealed_for(id))?;
    let sql = "UPDATE notify_channel SET retired_at = $1, enabled = 0, secrets = $2 WHERE id = $3";
    change.execute(sql, args![now, sealed, id]).await?;
    change.execute("DELETE FROM notify_subscription WHERE channel_id = $1", args![id]).await?;
    let_go(change, id).await?;
    row.text("name").map_err(Into::into)
}

/// Lets an event go by a channel; what the audit log says.
pub(crate) async fn subscribe(
    change: &mut Change,
    caller: &Caller,
    (id, new): (i64, &NewSubscription),
) -> ApiResult<String> {
    let row = held(change, &caller.scope, id).await?;
    let owner = Place::read(&row)?.unit().clone();
    let unit = match new.unit.as_deref().filter(|code| !code.is_empty()) {
        None => owner,
        Some(code) => super::duty::reached(change.state(), &Scope::subtree(&owner), code)?,
    };
    let waits = matches!(new.event, NotifyEvent::TaskUnsigned | NotifyEvent::NodeSilent);
    if waits != (5..=NOTIFY_MINUTES).contains(&new.minutes) || (!waits && new.minutes != 0) {
        let zh = format!("等待时间须为5至{NOTIFY_MINUTES}分钟，其他事件为0");
        let en = format!("is not 5 to {NOTIFY_MINUTES} for an event that waits, or not 0 for another");
        return Err(ApiError::invalid("minutes", zh, &en));
    }
    let alone = from_word(&row.text("kind")?) == Some(ChannelKind::Http) && names_phone(&options(&row)?.template);
    if alone && new.targets.is_empty() {
        let (zh, en) =
            ("该渠道按手机号发送，须选择通知对象", "the channel sends to telephone numbers and needs somebody");
        return Err(ApiError::invalid("targets", zh, en));
    }
    let sql = "SELECT COUNT(*) AS n FROM notify_subscription WHERE channel_id = $1";
    if change.count(sql, args![id]).await? >= NOTIFY_SUBSCRIPTIONS {
        return Err(ApiError::conflict("该渠道的通知规则过多", "the channel has too many subscriptions"));
    }
    let mut targets: Vec<String> = new.targets.iter().map(word_of).collect();
    targets.sort();
    targets.dedup();
    let told = format!(
        "{} of {unit} to {}",
        word_of(&new.event),
        if targets.is_empty() { "its readers".to_owned() } else { targets.join(", ") }
    );
    let targets = serde_json::to_string(&targets).map_err(|error| ApiError::internal(&error))?;
    let (number, now, by) = (change.next("notify_subscription").await?, change.now(), &caller.identity.display_name);
    let mut values = args![number, id, word_of(&new.event), targets, new.minutes, new.urgent, now, by];
    values.extend(Place::of(&unit).values());
    let sql =
        "INSERT INTO notify_subscription (id, channel_id, event, targets, minutes, urgent, created_at, created_by,
                   province, prefecture, county, unit_code)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    change.execute(sql, values).await?;
    Ok(told)
}

/// Takes a subscription away; the number of its channel. Who may change the channel may.
pub(crate) async fn unsubscribe(change: &mut Change, caller: &Caller, id: i64) -> ApiResult<i64> {
    let mut filter = Filter::within(&caller.scope, "c");
    filter.and_with("s.id = ?", args![id]);
    let sql = format!(
        "SELECT s.channel_id FROM notify_subscription s JOIN notify_channel c ON c.id = s.channel_id WHERE {}",
        filter.sql()
    );
    let row = change.row(&sql, filter.args()).await?.ok_or_else(ApiError::not_found)?;
    change.execute("DELETE FROM notify_subscription WHERE id = $1", args![id]).await?;
    Ok(row.int("channel_id")?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_fit_their_kind() {
        assert_eq!(
            place("https://oapi.dingtalk.com/robot/send?access_token=x", ChannelKind::Dingtalk).expect("fits"),
            ("oapi.dingtalk.com".to_owned(), 443, false)
        );
        assert_eq!(
            place("smtp+starttls://mail.gansu.example", ChannelKind::Mail).expect("fits"),
            ("mail.gansu.example".to_owned(), 587, false)
        );
        assert_eq!(
            place("http://10.1.2.3:8080/sms", ChannelKind::Http).expect("fits"),
            ("10.1.2.3".to_owned(), 8_080, true)
        );
        let wrong = [
            ("http://oapi.dingtalk.com/", ChannelKind::Dingtalk),
            ("https://user:word@host/", ChannelKind::Http),
            ("file:///etc/passwd", ChannelKind::Http),
            ("gopher://127.0.0.1:25/x", ChannelKind::Http),
            ("https://mail.gansu.example", ChannelKind::Mail),
            ("", ChannelKind::Http),
        ];
        for (url, kind) in wrong {
            assert!(place(url, kind).is_err(), "{url}");
        }
    }
}
