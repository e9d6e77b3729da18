//! The catalogue of data assets.

use fengsui_schema::DataGrade;

use super::findings::grade_number;
use crate::check;
use crate::db::{Filter, Query, Row, args};
use crate::error::{ApiError, ApiResult};
use crate::limits::ASSETS_SHOWN;
use crate::scope::{Place, Scope};
use crate::state::{AppState, Change, time_text};
use crate::wire::{AssetBody, AssetQuery, AssetRow};

/// The grade of a number of the database.
pub(crate) const fn grade_of(number: i64) -> DataGrade {
    match number {
        1 => DataGrade::Level1,
        2 => DataGrade::Level2,
        3 => DataGrade::Level3,
        4 => DataGrade::Level4,
        5 => DataGrade::Important,
        _ => DataGrade::Core,
    }
}

/// Assets a scope reaches, the highest grade first.
pub(crate) async fn list(state: &AppState, scope: &Scope, asked: &AssetQuery) -> ApiResult<Vec<AssetRow>> {
    let mut filter = Filter::within(scope, "d");
    if asked.retired != Some(true) {
        filter.and("d.state = 'active'");
    }
    if let Some(text) = check::search(asked.q.as_deref())? {
        let pattern = check::like_pattern(&text);
        filter.and_with("LOWER(d.name || ' ' || d.location || ' ' || d.custodian) LIKE ? ESCAPE '\\'", args![pattern]);
    }
    let sql = format!(
        "SELECT d.* FROM data_asset d WHERE {} ORDER BY d.grade DESC, d.name, d.id LIMIT {ASSETS_SHOWN}",
        filter.sql()
    );
    state.db().rows(&sql, filter.args()).await?.iter().map(|row| read(state, row)).collect()
}

fn read(state: &AppState, row: &Row) -> ApiResult<AssetRow> {
    let place = Place::read(row)?;
    let types: Vec<String> = serde_json::from_str(&row.text("types")?).unwrap_or_default();
    Ok(AssetRow {
        id: row.int("id")?.to_string(),
        types_zh: types.iter().map(|name| crate::masking::type_name(name)).collect(),
        unit: state.units().reference(place.unit()),
        state: row.text("state")?,
        updated_at: time_text(row.int("updated_at")?),
        updated_by: row.text("updated_by")?,
        asset: AssetBody {
            name: row.text("name")?,
            kind: row.text("kind")?,
            location: row.text("location")?,
            custodian: row.text("custodian")?,
            grade: grade_of(row.int("grade")?),
            types,
            description: row.text("description")?,
            unit: place.unit().to_string(),
            finding_id: row.optional_text("finding_id")?,
        },
    })
}

/// Writes a new asset, or a changed one when an id is given.
pub(crate) async fn save(change: &mut Change, scope: &Scope, id: Option<&str>, body: &AssetBody) -> ApiResult<i64> {
    let unit = check::unit("unit", &body.unit)?;
    if !scope.reaches(&unit) || !change.state().units().contains(&unit) {
        return Err(ApiError::invalid("unit", "单位不在您的管辖范围", "is not yours"));
    }
    if !["database", "file", "interface", "stream"].contains(&body.kind.as_str()) {
        return Err(ApiError::invalid("kind", "取值不合法", "is database, file, interface or stream"));
    }
    let known = fengsui_dlp_engine::Engine::data_types();
    if let Some(wrong) = body.types.iter().find(|name| !known.iter().any(|(known, _)| known == name)) {
        return Err(ApiError::invalid("types", "未知的数据类型", &fengsui_schema::shown(wrong).to_string()));
    }
    let (now, actor) = (change.now(), change.actor().name.clone());
    let types = serde_json::to_string(&body.types).map_err(|error| ApiError::internal(&error))?;
    let mut values = args![
        check::short("name", &body.name)?,
        &body.kind,
        check::short("location", &body.location)?,
        check::short("custodian", &body.custodian)?,
        grade_number(body.grade),
        types,
        check::optional_body("description", Some(&body.description))?,
        body.finding_id.clone(),
        now,
        actor
    ];
    values.extend(Place::of(&unit).values());
    let number = match id {
        Some(id) => existing(change, scope, id).await?,
        None => change.next("data_asset").await?,
    };
    values.extend(args![number]);
    let sql = if id.is_some() {
        "UPDATE data_asset SET name = $1, kind = $2, location = $3, custodian = $4, grade = $5, types = $6,
             description = $7, finding_id = $8, updated_at = $9, updated_by = $10, province = $11, prefecture = $12,
             county = $13, unit_code = $14 WHERE id = $15"
    } else {
        "INSERT INTO data_asset (name, kind, location, custodian, grade, types, description, finding_id, updated_at,
             updated_by, province, prefecture, county, unit_code, id, created_at, state)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $9, 'active')"
    };
    change.execute(sql, values).await?;
    Ok(number)
}

async fn existing(change: &mut Change, scope: &Scope, id: &str) -> ApiResult<i64> {
    let mut filter = Filter::within(scope, "d");
    filter.and_with("d.id = ?", args![check::number_id(id)?]);
    let sql = format!("SELECT d.id FROM data_asset d WHERE {}", filter.sql());
    Ok(change.row(&sql, filter.args()).await?.ok_or_else(ApiError::not_found)?.int("id")?)
}

/// Takes an asset out of the catalogue, or back in.
pub(crate) async fn set_state(change: &mut Change, scope: &Scope, id: &str, active: bool) -> ApiResult<()> {
    let number = existing(change, scope, id).await?;
    let word = if active { "active" } else { "retired" };
    change.execute("UPDATE data_asset SET state = $1 WHERE id = $2", args![word, number]).await?;
    Ok(())
}
