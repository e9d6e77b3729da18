//! The compliance workspace: controls of catalogues and what units say of them.

use std::collections::BTreeMap;

use fengsui_schema::UnitCode;

use crate::catalogues::{self, Catalogue, Control};
use crate::check;
use crate::db::{Filter, Query, Row, args};
use crate::error::{ApiError, ApiResult};
use crate::scope::{Place, Scope};
use crate::state::{AppState, Change, time_text};
use crate::wire::{
    CatalogueView, ComplianceView, ControlCounts, ControlJudgement, ControlState, ControlView, UnitCompliance,
};
use crate::words::{from_word, word_of};

/// Adds a state to the counts.
fn add(counts: &mut ControlCounts, state: ControlState, count: i64) {
    let slot = match state {
        ControlState::Met => &mut counts.met,
        ControlState::Partly => &mut counts.partly,
        ControlState::Unmet => &mut counts.unmet,
        ControlState::NotApplicable => &mut counts.not_applicable,
    };
    *slot += count;
}

fn total_of(catalogue: &Catalogue) -> i64 {
    i64::try_from(catalogue.controls.len()).unwrap_or(i64::MAX)
}

/// Every catalogue for one unit, and how the units of a scope stand.
pub(crate) async fn show(state: &AppState, scope: &Scope, unit: &UnitCode) -> ApiResult<ComplianceView> {
    if !scope.reaches(unit) || !state.units().contains(unit) {
        return Err(ApiError::not_found());
    }
    let mut db = state.db();
    let mut filter = Filter::within(scope, "s");
    filter.and_with("s.unit_code = ?", args![unit.as_str()]);
    let sql = format!("SELECT s.* FROM control_state s WHERE {}", filter.sql());
    let mut judged = BTreeMap::new();
    for row in db.rows(&sql, filter.args()).await? {
        judged.insert((row.text("catalogue")?, row.text("control")?), row);
    }
    let catalogues = catalogues::catalogues().iter().map(|catalogue| catalogue_view(catalogue, &judged));
    Ok(ComplianceView {
        unit: state.units().reference(unit),
        catalogues: catalogues.collect::<ApiResult<_>>()?,
        units: units(&mut db, state, scope).await?,
    })
}

fn catalogue_view(catalogue: &Catalogue, judged: &BTreeMap<(String, String), Row>) -> ApiResult<CatalogueView> {
    let mut counts = ControlCounts { total: total_of(catalogue), ..ControlCounts::default() };
    let mut controls = Vec::with_capacity(catalogue.controls.len());
    for control in &catalogue.controls {
        let view = control_view(control, judged.get(&(catalogue.name.clone(), control.id.clone())))?;
        if let Some(state) = view.state {
            add(&mut counts, state, 1);
        }
        controls.push(view);
    }
    Ok(CatalogueView {
        name: catalogue.name.clone(),
        title_zh: catalogue.title_zh.clone(),
        title_en: catalogue.title_en.clone(),
        source: catalogue.source.clone(),
        counts,
        controls,
    })
}

fn control_view(control: &Control, judged: Option<&Row>) -> ApiResult<ControlView> {
    let (state, evidence, updated_at, updated_by) = match judged {
        Some(row) => (
            from_word(&row.text("state")?),
            row.text("evidence")?,
            Some(time_text(row.int("updated_at")?)),
            row.text("updated_by")?,
        ),
        None => (None, String::new(), None, String::new()),
    };
    Ok(ControlView {
        id: control.id.clone(),
        area: control.area.clone(),
        title: control.title.clone(),
        check: control.check.clone(),
        state,
        evidence,
        updated_at,
        updated_by,
    })
}

async fn units(
    query: &mut impl Query,
    state: &AppState,
    scope: &Scope,
) -> ApiResult<BTreeMap<String, Vec<UnitCompliance>>> {
    let filter = Filter::within(scope, "s");
    let sql = format!(
        "SELECT s.catalogue, s.unit_code, s.state, COUNT(*) AS n FROM control_state s WHERE {}
         GROUP BY s.catalogue, s.unit_code, s.state ORDER BY s.catalogue, s.unit_code",
        filter.sql()
    );
    let mut found: BTreeMap<String, BTreeMap<UnitCode, ControlCounts>> = BTreeMap::new();
    for row in query.rows(&sql, filter.args()).await? {
        let name = row.text("catalogue")?;
        let Some(catalogue) = catalogues::catalogues().iter().find(|known| known.name == name) else { continue };
        let place = Place::read(&row)?;
        let counts = found.entry(name).or_default().entry(place.unit().clone()).or_default();
        counts.total = total_of(catalogue);
        if let Some(state) = from_word(&row.text("state")?) {
            add(counts, state, row.int("n")?);
        }
    }
    let view = |(unit, counts)| UnitCompliance { unit: state.units().reference(&unit), counts };
    Ok(found.into_iter().map(|(name, units)| (name, units.into_iter().map(view).collect())).collect())
}

/// Judges a control of a unit.
pub(crate) async fn judge(
    change: &mut Change,
    unit: &UnitCode,
    (catalogue, control): (&str, &str),
    sent: &ControlJudgement,
) -> ApiResult<()> {
    catalogues::control(catalogue, control).ok_or_else(ApiError::not_found)?;
    let evidence = match sent.state {
        ControlState::Unmet => check::optional_body("evidence", Some(&sent.evidence))?,
        _ => check::body("evidence", &sent.evidence)?,
    };
    let sql = "INSERT INTO control_state (catalogue, control, state, evidence, updated_at, updated_by,
                                          province, prefecture, county, unit_code)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
               ON CONFLICT (unit_code, catalogue, control) DO UPDATE SET state = excluded.state,
                   evidence = excluded.evidence, updated_at = excluded.updated_at, updated_by = excluded.updated_by";
    let (now, actor) = (change.now(), change.actor().name.clone());
    let mut values = args![catalogue, control, word_of(&sent.state), evidence, now, actor];
    values.extend(Place::of(unit).values());
    change.execute(sql, values).await?;
    Ok(())
}
