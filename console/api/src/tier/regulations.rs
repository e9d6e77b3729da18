//! The policy library (制度库) across tiers. Whoever published a policy owns it: its version in force goes down, signed, to
//! every node below, and each keeps what units it serves have to sign. A unit's signature goes up. Away from its issuer a
//! policy is named `number@node`, so that it can't be taken for one of the node's own.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fengsui_relay::tier::{Destination, Envelope};
use fengsui_schema::UnitCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Draft, Tier, outbox};
use crate::check;
use crate::db::{Query, Row, args};
use crate::error::{ApiError, ApiResult};
use crate::limits::{REGULATION_EFFECTIVE_DAYS, REGULATION_SIGN_DAYS, REGULATION_UNITS};
use crate::repository::regulation_acts::{self, File, Version};
use crate::repository::regulations::is_from_above;
use crate::scope::Place;
use crate::state::Change;
use crate::wire::{NewRegulationFile, RegulationCategory, RegulationKind};
use crate::words::{from_word, word_of};

const DAY: i64 = 86_400_000;

/// A policy on its way down, as it is now.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Told {
    number: String,
    unit: String,
    category: RegulationCategory,
    kind: RegulationKind,
    version: i64,
    title: String,
    text: String,
    changes: String,
    effective_at: i64,
    sign_by: i64,
    published_by: String,
    published_at: i64,
    withdrawn: bool,
    units: Vec<String>,
    file: Option<NewRegulationFile>,
}

/// The signature of a unit on its way up, for the version that it read.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Signature {
    number: String,
    version: i64,
    unit: String,
    by: String,
    time: i64,
}

/// Units on the way down that should sign at last.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Urge {
    number: String,
    version: i64,
    units: Vec<String>,
}

/// The name of a policy beyond this node.
fn number_beyond(change: &Change, row: &Row) -> ApiResult<String> {
    let number = row.text("number")?;
    let own = &change.state().shared().tier.own;
    Ok(if is_from_above(row)? { number } else { format!("{number}@{own}") })
}

/// The number that a policy has here of the name it has beyond.
fn number_here(tier: &Tier, number: &str) -> String {
    number.strip_suffix(&format!("@{}", tier.own)).unwrap_or(number).to_owned()
}

/// Tells the nodes below how a policy of this node is now.
pub(crate) async fn tell(change: &mut Change, id: i64) -> ApiResult<()> {
    let sql = "SELECT r.*, v.title, v.content, v.changes, v.effective_at, v.sign_by, v.published_by, v.published_at
               FROM regulation r JOIN regulation_version v ON v.regulation_id = r.id AND v.version = r.version
               WHERE r.id = $1";
    let Some(row) = change.row(sql, args![id]).await? else { return Ok(()) };
    if is_from_above(&row)? {
        return Ok(());
    }
    let version = row.int("version")?;
    let sql = "SELECT unit_code FROM regulation_unit WHERE regulation_id = $1 AND version = $2 ORDER BY unit_code";
    let units = change.rows(sql, args![id, version]).await?;
    let sql = "SELECT name, content FROM regulation_file WHERE regulation_id = $1 AND version = $2";
    let file = change.row(sql, args![id, version]).await?;
    let file = file.map(|file| {
        let content_base64 = STANDARD.encode(file.bytes("content")?);
        Ok::<_, ApiError>(NewRegulationFile { name: file.text("name")?, content_base64 })
    });
    let number = number_beyond(change, &row)?;
    let told = Told {
        number: number.clone(),
        unit: row.text("unit_code")?,
        category: from_word(&row.text("category")?).unwrap_or(RegulationCategory::Governance),
        kind: from_word(&row.text("kind")?).unwrap_or(RegulationKind::Regime),
        version,
        title: row.text("title")?,
        text: row.text("content")?,
        changes: row.text("changes")?,
        effective_at: row.int("effective_at")?,
        sign_by: row.int("sign_by")?,
        published_by: row.text("published_by")?,
        published_at: row.int("published_at")?,
        withdrawn: row.optional_int("withdrawn_at")?.is_some(),
        units: units.iter().map(|row| row.text("unit_code")).collect::<Result<_, _>>()?,
        file: file.transpose()?,
    };
    outbox::tell(change, Draft::of("regulation", Destination::Down, number, &told)?).await
}

/// Tells every policy of this node in force.
pub(super) async fn tell_all(change: &mut Change) -> ApiResult<()> {
    let sql = "SELECT id, number FROM regulation WHERE withdrawn_at IS NULL ORDER BY id";
    for row in change.rows(sql, args![]).await? {
        tell(change, row.int("id")?).await?;
    }
    Ok(())
}

/// Tells the nodes above that a unit of this node signed.
pub(crate) async fn tell_signature(change: &mut Change, row: &Row, unit: &UnitCode, by: &str) -> ApiResult<()> {
    if !is_from_above(row)? {
        return Ok(());
    }
    let (number, version, time) = (row.text("number")?, row.int("version")?, change.now());
    let obj = format!("{number}/{version}/{unit}/{}", change.state().shared().tier.own);
    let signature = Signature { number, version, unit: unit.to_string(), by: by.to_owned(), time };
    outbox::tell(change, Draft::of("regulation_signature", Destination::Up, obj, &signature)?).await
}

/// Tells the nodes below that units should sign at last.
pub(crate) async fn tell_urge(change: &mut Change, row: &Row, units: &[UnitCode]) -> ApiResult<()> {
    let (number, version) = (number_beyond(change, row)?, row.int("version")?);
    let obj = format!("{number}/{}", change.state().shared().tier.own);
    let urge = Urge { number, version, units: units.iter().map(UnitCode::to_string).collect() };
    outbox::tell(change, Draft::of("regulation_urge", Destination::Down, obj, &urge)?).await
}

/// A policy of a node above came. False when it can't be understood.
pub(super) async fn ordered(tier: &Tier, change: &mut Change, message: &Envelope, body: &Value) -> ApiResult<bool> {
    let Some((told, version)) = understood(change, message, body) else { return Ok(false) };
    let own = tier.unit.path();
    let units: Vec<UnitCode> = version.units.into_iter().filter(|unit| unit.path().starts_with(&own)).collect();
    let version = Version { units, ..version };
    let known = change.row("SELECT * FROM regulation WHERE number = $1", args![&told.number]).await?;
    let id = match known {
        None if version.units.is_empty() || told.withdrawn => return Ok(true),
        None => {
            let id = change.next("regulation").await?;
            let issuer: UnitCode = told.unit.parse().map_err(|error| ApiError::internal(&error))?;
            let words = (word_of(&told.category), word_of(&told.kind));
            let place = Place::of(&issuer);
            regulation_acts::insert(change, (id, &told.number), (&words.0, &words.1), &place).await?;
            regulation_acts::take_version(change, id, &version).await?;
            return Ok(true);
        }
        Some(row) => {
            if row.int("version")? < version.version {
                regulation_acts::take_version(change, row.int("id")?, &version).await?;
            }
            (row.optional_int("withdrawn_at")?.is_none() && told.withdrawn).then_some(row.int("id")?)
        }
    };
    if let Some(id) = id {
        regulation_acts::put_withdrawal(change, id).await?;
    }
    Ok(true)
}

/// The message and its version, when it is of its origin and keeps the limits that people here have to keep.
fn understood(change: &Change, message: &Envelope, body: &Value) -> Option<(Told, Version)> {
    let mut told: Told = serde_json::from_value(body.clone()).ok()?;
    let issuer: UnitCode = told.unit.parse().ok()?;
    let origin: UnitCode = message.origin.as_str().parse().ok()?;
    let named = told.number == message.obj && told.number.ends_with(&format!("@{}", message.origin));
    let now = change.now();
    let in_time = told.sign_by <= now + (REGULATION_SIGN_DAYS + 1) * DAY
        && (told.effective_at - now).abs() <= (REGULATION_EFFECTIVE_DAYS + 1) * DAY
        && told.published_at <= now + DAY
        && told.version > 0;
    let texts = check::title(&told.title).is_ok()
        && check::regulation(&told.text).is_ok()
        && (told.changes.is_empty() || check::reason(&told.changes).is_ok())
        && check::short("by", &told.published_by).is_ok()
        && check::short("number", &told.number).is_ok();
    let units: Option<Vec<UnitCode>> = told.units.iter().map(|unit| unit.parse().ok()).collect();
    let units = units.filter(|units| units.len() <= REGULATION_UNITS)?;
    let file = told.file.take().map(|file| File::checked(&file)).transpose().ok()?;
    if !(named && in_time && texts && issuer.path().starts_with(&origin.path())) {
        return None;
    }
    let version = Version {
        version: told.version,
        title: told.title.clone(),
        content: std::mem::take(&mut told.text),
        changes: told.changes.clone(),
        effective_at: told.effective_at,
        sign_by: told.sign_by,
        published_by: format!("{}@{}", told.published_by, message.origin),
        published_at: told.published_at,
        units,
        file,
    };
    Some((told, version))
}

/// The signature of a unit below came. False when it can't be understood.
pub(super) async fn signed(tier: &Tier, change: &mut Change, message: &Envelope, body: &Value) -> ApiResult<bool> {
    let Ok(signature) = serde_json::from_value::<Signature>(body.clone()) else { return Ok(false) };
    let (Ok(unit), Ok(origin)) = (signature.unit.parse::<UnitCode>(), message.origin.as_str().parse::<UnitCode>())
    else {
        return Ok(false);
    };
    let name = format!("{}/{}/{}/{}", signature.number, signature.version, signature.unit, message.origin);
    let is_of_origin = message.obj == name && unit.path().starts_with(&origin.path());
    if !is_of_origin || check::short("by", &signature.by).is_err() {
        return Ok(false);
    }
    let sql = "SELECT id FROM regulation WHERE number = $1";
    if let Some(row) = change.row(sql, args![number_here(tier, &signature.number)]).await? {
        let by = format!("{}@{}", signature.by, message.origin);
        let at = signature.time.min(change.now());
        regulation_acts::put_signature(change, (row.int("id")?, signature.version), &unit, (at, &by)).await?;
    }
    Ok(true)
}

/// A node above urges units. False when it can't be understood.
pub(super) async fn urged(tier: &Tier, change: &mut Change, message: &Envelope, body: &Value) -> ApiResult<bool> {
    let Ok(urge) = serde_json::from_value::<Urge>(body.clone()) else { return Ok(false) };
    let Ok(origin) = message.origin.as_str().parse::<UnitCode>() else { return Ok(false) };
    let units: Option<Vec<UnitCode>> = urge.units.iter().map(|unit| unit.parse().ok()).collect();
    let Some(units) = units.filter(|units| units.len() <= REGULATION_UNITS) else { return Ok(false) };
    let is_of_origin = message.obj == format!("{}/{}", urge.number, message.origin)
        && units.iter().all(|unit| unit.path().starts_with(&origin.path()));
    if !is_of_origin {
        return Ok(false);
    }
    let sql = "SELECT id FROM regulation WHERE number = $1";
    if let Some(row) = change.row(sql, args![number_here(tier, &urge.number)]).await? {
        let now = change.now();
        regulation_acts::put_urge(change, (row.int("id")?, urge.version), &units, now).await?;
    }
    Ok(true)
}
