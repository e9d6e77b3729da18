//! Acts on the policy library (制度库): publishing, withdrawing, signing, urging.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fengsui_schema::{Timestamp, UnitCode};

use super::regulations::is_from_above;
use crate::access::Caller;
use crate::check;
use crate::db::{Filter, Query, Row, args, tuples};
use crate::error::{ApiError, ApiResult};
use crate::evidence::{media_type, safe_name};
use crate::limits::{REGULATION_EFFECTIVE_DAYS, REGULATION_FILE_BYTES, REGULATION_SIGN_DAYS, REGULATION_UNITS};
use crate::scope::{Place, Scope};
use crate::state::{Change, Notice};
use crate::tier;
use crate::wire::{NewRegulation, NewRegulationFile, NewRegulationVersion};
use crate::words::word_of;

const DAY: i64 = 86_400_000;
/// Rows of units that one statement writes.
const UNITS_AT_ONCE: usize = 500;

/// A version as it is kept, whoever published it.
pub(crate) struct Version {
    pub(crate) version: i64,
    pub(crate) title: String,
    pub(crate) content: String,
    pub(crate) changes: String,
    pub(crate) effective_at: i64,
    pub(crate) sign_by: i64,
    pub(crate) published_by: String,
    pub(crate) published_at: i64,
    pub(crate) units: Vec<UnitCode>,
    pub(crate) file: Option<File>,
}

/// A file as it is kept.
pub(crate) struct File {
    pub(crate) name: String,
    pub(crate) media_type: &'static str,
    pub(crate) content: Vec<u8>,
}

impl File {
    /// A file whose name is safe and whose content is of a kind that is taken.
    pub(crate) fn checked(sent: &NewRegulationFile) -> ApiResult<Self> {
        let wrong = |zh: &str, en: &str| ApiError::invalid("file", zh, en);
        let content = STANDARD.decode(sent.content_base64.as_bytes());
        let content = content.map_err(|_| wrong("附件不是合法的 base64", "is not base64"))?;
        if content.is_empty() || content.len() > REGULATION_FILE_BYTES {
            return Err(wrong("附件须在512 KiB以内且不为空", "is empty or larger than 512 KiB"));
        }
        let kind = media_type(&content);
        let media_type = kind.ok_or_else(|| wrong("附件须为PDF、文本或图片", "is no PDF, text or picture"))?;
        Ok(Self { name: safe_name(&sent.name), media_type, content })
    }
}

/// Publishes a policy; its number in the database, and what was done.
pub(crate) async fn create(change: &mut Change, caller: &Caller, new: &NewRegulation) -> ApiResult<(i64, String)> {
    let version = checked(change, caller, 1, &new.content)?;
    let id = change.next("regulation").await?;
    let year: String = Timestamp::from_millis(change.now()).day().chars().take(4).collect();
    let of_year = change.next(&format!("regulation-{year}")).await?;
    let number = format!("P{year}-{of_year:04}");
    let (category, kind) = (word_of(&new.category), word_of(&new.kind));
    insert(change, (id, &number), (&category, &kind), &Place::of(&caller.identity.unit)).await?;
    put_version(change, id, &version).await?;
    tier::tell_regulation(change, id).await?;
    tell(change, id).await?;
    Ok((id, format!("{number}: {} for {} units", version.title, version.units.len())))
}

/// Writes a policy that has no version yet.
pub(crate) async fn insert(
    change: &mut Change,
    (id, number): (i64, &str),
    (category, kind): (&str, &str),
    place: &Place,
) -> ApiResult<()> {
    let mut values = args![id, number, category, kind];
    values.extend(place.values());
    let sql = "INSERT INTO regulation (id, number, category, kind, province, prefecture, county, unit_code, version)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0)";
    change.execute(sql, values).await?;
    Ok(())
}

/// A version that a person publishes.
fn checked(change: &Change, caller: &Caller, version: i64, new: &NewRegulationVersion) -> ApiResult<Version> {
    let now = change.now();
    let sign_by = check::time("sign_by", &new.sign_by)?;
    if sign_by <= now || sign_by > now + REGULATION_SIGN_DAYS * DAY {
        return Err(ApiError::invalid("sign_by", "签收期限须在一年以内", "is not within the next year"));
    }
    let effective_at = check::time("effective_at", &new.effective_at)?;
    if (effective_at - now).abs() > REGULATION_EFFECTIVE_DAYS * DAY {
        return Err(ApiError::invalid("effective_at", "施行日期须在前后十年以内", "is more than ten years away"));
    }
    let changes = new.changes.as_deref().map(str::trim).filter(|text| !text.is_empty());
    Ok(Version {
        version,
        title: check::title(&new.title)?,
        content: check::regulation(&new.text)?,
        changes: changes.map(check::reason).transpose()?.unwrap_or_default(),
        effective_at,
        sign_by,
        published_by: caller.identity.display_name.clone(),
        published_at: now,
        units: signing(caller, &new.units)?,
        file: new.file.as_ref().map(File::checked).transpose()?,
    })
}

/// The units a person names, each within reach.
fn signing(caller: &Caller, codes: &[String]) -> ApiResult<Vec<UnitCode>> {
    if codes.is_empty() || codes.len() > REGULATION_UNITS {
        return Err(ApiError::invalid("units", "请选择签收单位", "names no unit, or too many"));
    }
    let mut units = codes.iter().map(|code| check::unit("units", code)).collect::<ApiResult<Vec<_>>>()?;
    if let Some(outside) = units.iter().find(|unit| !caller.scope.reaches(unit)) {
        return Err(ApiError::invalid("units", "不在管辖范围内", &format!("{outside} is out of reach")));
    }
    units.sort_unstable();
    units.dedup();
    Ok(units)
}

/// Puts a version in the place of the one before; nobody has signed it yet.
async fn put_version(change: &mut Change, id: i64, new: &Version) -> ApiResult<()> {
    let mut values = args![id, new.version, &new.title, &new.content, &new.changes, new.effective_at, new.sign_by];
    values.extend(args![&new.published_by, new.published_at]);
    let sql = "INSERT INTO regulation_version (regulation_id, version, title, content, changes, effective_at, sign_by,
                   published_by, published_at)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    change.execute(sql, values).await?;
    if let Some(file) = &new.file {
        let size = i64::try_from(file.content.len()).unwrap_or(i64::MAX);
        let values = args![id, new.version, &file.name, file.media_type, size, file.content.clone()];
        let sql = "INSERT INTO regulation_file (regulation_id, version, name, media_type, size, content)
                   VALUES ($1, $2, $3, $4, $5, $6)";
        change.execute(sql, values).await?;
    }
    for part in new.units.chunks(UNITS_AT_ONCE) {
        let mut values = Vec::with_capacity(6 * part.len());
        for unit in part {
            values.extend(args![id, new.version]);
            values.extend(Place::of(unit).values());
        }
        let sql = format!(
            "INSERT INTO regulation_unit (regulation_id, version, province, prefecture, county, unit_code) VALUES {}",
            tuples(part.len(), 6)
        );
        change.execute(&sql, values).await?;
    }
    change.execute("UPDATE regulation SET version = $1 WHERE id = $2", args![new.version, id]).await?;
    Ok(())
}

/// Puts the version in place that a node above published.
pub(crate) async fn take_version(change: &mut Change, id: i64, new: &Version) -> ApiResult<()> {
    put_version(change, id, new).await?;
    tell(change, id).await
}

/// A policy of this node in force whose issuing unit a scope reaches.
async fn held(change: &mut Change, scope: &Scope, id: i64) -> ApiResult<Row> {
    let filter = Filter::of_one(scope, "r", id);
    let sql = format!("SELECT r.* FROM regulation r WHERE {}", filter.sql());
    let row = change.row(&sql, filter.args()).await?.ok_or_else(ApiError::not_found)?;
    if is_from_above(&row)? {
        return Err(ApiError::conflict("上级发布的制度由上级修订", "it belongs to the node above that issued it"));
    }
    in_force(row)
}

fn in_force(row: Row) -> ApiResult<Row> {
    match row.optional_int("withdrawn_at")? {
        None => Ok(row),
        Some(_) => Err(ApiError::conflict("该制度已废止", "the policy was withdrawn")),
    }
}

/// Publishes another version; what was done.
pub(crate) async fn revise(
    change: &mut Change,
    caller: &Caller,
    id: i64,
    new: &NewRegulationVersion,
) -> ApiResult<String> {
    let row = held(change, &caller.scope, id).await?;
    let version = checked(change, caller, row.int("version")? + 1, new)?;
    put_version(change, id, &version).await?;
    tier::tell_regulation(change, id).await?;
    tell(change, id).await?;
    Ok(format!("version {}: {} for {} units", version.version, version.title, version.units.len()))
}

/// Ends a policy.
pub(crate) async fn withdraw(change: &mut Change, caller: &Caller, id: i64) -> ApiResult<()> {
    held(change, &caller.scope, id).await?;
    put_withdrawal(change, id).await?;
    tier::tell_regulation(change, id).await
}

/// Keeps that a policy holds no longer.
pub(crate) async fn put_withdrawal(change: &mut Change, id: i64) -> ApiResult<()> {
    let now = change.now();
    change.execute("UPDATE regulation SET withdrawn_at = $1 WHERE id = $2", args![now, id]).await?;
    tell(change, id).await
}

/// Somebody signs for their unit that they have read a version.
pub(crate) async fn sign(change: &mut Change, caller: &Caller, id: i64, version: i64) -> ApiResult<()> {
    let unit = caller.identity.unit.clone();
    let sql = "SELECT r.*, u.signed_at FROM regulation r JOIN regulation_unit u ON u.regulation_id = r.id
               WHERE r.id = $1 AND u.version = r.version AND u.unit_code = $2";
    let row = change.row(sql, args![id, unit.as_str()]).await?.ok_or_else(ApiError::not_found)?;
    let row = in_force(row)?;
    if row.int("version")? != version {
        return Err(ApiError::conflict("制度已有新版本，请阅读后签收", "there is a newer version: read that one"));
    }
    if row.optional_int("signed_at")?.is_some() {
        return Err(ApiError::conflict("本单位已签收该版本", "the unit has signed this version already"));
    }
    let (now, by) = (change.now(), &caller.identity.display_name);
    put_signature(change, (id, version), &unit, (now, by)).await?;
    tier::tell_signature(change, &row, &unit, by).await
}

/// Keeps when and by whom a unit signed a version; false when it had signed before, or does not have to.
pub(crate) async fn put_signature(
    change: &mut Change,
    (id, version): (i64, i64),
    unit: &UnitCode,
    (at, by): (i64, &str),
) -> ApiResult<bool> {
    let sql = "UPDATE regulation_unit SET signed_at = $1, signed_by = $2
               WHERE regulation_id = $3 AND version = $4 AND unit_code = $5 AND signed_at IS NULL";
    let first = change.execute(sql, args![at, by, id, version, unit.as_str()]).await? > 0;
    if first {
        tell(change, id).await?;
    }
    Ok(first)
}

/// Urges every unit within reach that has not signed yet; how many.
pub(crate) async fn urge(change: &mut Change, caller: &Caller, id: i64) -> ApiResult<i64> {
    let mut filter = Filter::within(&caller.scope, "u");
    filter.and_with("u.regulation_id = ? AND u.signed_at IS NULL", args![id]);
    let sql = format!(
        "SELECT r.number, r.version, r.withdrawn_at, u.unit_code FROM regulation_unit u
         JOIN regulation r ON r.id = u.regulation_id AND r.version = u.version WHERE {} ORDER BY u.unit_code",
        filter.sql()
    );
    let rows = change.rows(&sql, filter.args()).await?;
    let units: Vec<UnitCode> = rows.iter().map(|row| Ok(Place::read(row)?.unit().clone())).collect::<ApiResult<_>>()?;
    let first = rows.into_iter().next().ok_or_else(ApiError::not_found)?;
    let row = in_force(first)?;
    let now = change.now();
    put_urge(change, (id, row.int("version")?), &units, now).await?;
    tier::tell_urge(change, &row, &units).await?;
    Ok(i64::try_from(units.len()).unwrap_or(i64::MAX))
}

/// Keeps when units were urged that have not signed.
pub(crate) async fn put_urge(
    change: &mut Change,
    (id, version): (i64, i64),
    units: &[UnitCode],
    at: i64,
) -> ApiResult<()> {
    let sql = "UPDATE regulation_unit SET urged_at = $1
               WHERE regulation_id = $2 AND version = $3 AND unit_code = $4 AND signed_at IS NULL";
    for unit in units {
        change.execute(sql, args![at, id, version, unit.as_str()]).await?;
    }
    tell(change, id).await
}

/// Tells the issuing unit and every unit that signs.
async fn tell(change: &mut Change, id: i64) -> ApiResult<()> {
    let row = change.row("SELECT * FROM regulation WHERE id = $1", args![id]).await?.ok_or_else(ApiError::not_found)?;
    let mut places = vec![Place::read(&row)?];
    let sql = "SELECT unit_code FROM regulation_unit WHERE regulation_id = $1 AND version = $2";
    for unit in change.rows(sql, args![id, row.int("version")?]).await? {
        places.push(Place::read(&unit)?);
    }
    let name = id.to_string();
    let notices: Vec<Notice<'_>> =
        places.iter().map(|place| Notice { kind: "regulation", id: &name, severity: None, place }).collect();
    change.notices(&notices).await?;
    Ok(())
}
