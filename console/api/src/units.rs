//! The organisation: Gansu's divisions are built in, units below them come from the settings.

use std::collections::BTreeMap;

use fengsui_schema::UnitCode;
use serde::Deserialize;

use crate::db::{Tx, args};
use crate::error::ConsoleError;
use crate::scope::{Place, Scope};
use crate::wire::{UnitRef, UnitView};

#[derive(Deserialize)]
struct File {
    units: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    code: UnitCode,
    name: String,
}

/// Every unit by code.
#[derive(Debug, Clone)]
pub(crate) struct Units(BTreeMap<UnitCode, String>);

impl Units {
    /// The built-in units and some more.
    pub(crate) fn load(more: &BTreeMap<String, String>) -> Result<Self, ConsoleError> {
        let wrong = |message: String| ConsoleError::BuiltIn { name: "units.toml", message };
        let file: File =
            toml::from_str(include_str!("../data/units.toml")).map_err(|error| wrong(error.to_string()))?;
        let mut units: BTreeMap<_, _> = file.units.into_iter().map(|unit| (unit.code, unit.name)).collect();
        for (code, name) in more {
            let code: UnitCode = code.parse().map_err(|error| ConsoleError::Settings(format!("units: {error}")))?;
            units.insert(code, name.clone());
        }
        Ok(Self(units))
    }

    /// Whether there is such a unit.
    pub(crate) fn contains(&self, code: &UnitCode) -> bool {
        self.0.contains_key(code)
    }

    /// Its name; the code when there is none.
    pub(crate) fn name(&self, code: &UnitCode) -> String {
        self.0.get(code).cloned().unwrap_or_else(|| code.to_string())
    }

    /// Code and name.
    pub(crate) fn reference(&self, code: &UnitCode) -> UnitRef {
        UnitRef { code: code.to_string(), name: self.name(code) }
    }

    /// Everything about it.
    pub(crate) fn view(&self, code: &UnitCode) -> UnitView {
        UnitView {
            code: code.to_string(),
            name: self.name(code),
            tier: code.tier(),
            path: code.path(),
            parent: code.parent().map(String::from),
        }
    }

    /// The units a scope reaches, in the order of codes.
    pub(crate) fn within(&self, scope: &Scope) -> impl Iterator<Item = &UnitCode> {
        self.0.keys().filter(move |code| scope.reaches(code))
    }

    /// The units that are divisions of the country, in the order of codes.
    pub(crate) fn divisions(&self) -> impl Iterator<Item = &UnitCode> {
        self.0.keys().filter(|code| code.as_str().len() == 6)
    }

    /// Writes them into the database, whose accounts and tasks refer to them.
    pub(crate) async fn save(&self, tx: &mut Tx) -> Result<(), sqlx::Error> {
        let sql = "INSERT INTO unit (code, name, tier, parent, path, province, prefecture, county, unit_code)
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
                   ON CONFLICT (code) DO UPDATE SET name = excluded.name WHERE unit.name <> excluded.name";
        for (code, name) in &self.0 {
            let tier = serde_json::to_value(code.tier()).unwrap_or_default();
            let parent = code.parent().map(String::from);
            let mut values = args![code.as_str(), name, tier.as_str(), parent, code.path()];
            values.extend(Place::of(code).values());
            tx.execute(sql, values).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fengsui_schema::Tier;

    #[test]
    fn gansu_has_fifteen_second_tier_units_and_86_counties() {
        let units = Units::load(&BTreeMap::new()).expect("loads");
        let of_tier = |tier| units.0.keys().filter(|code| code.tier() == tier).count();
        assert_eq!((of_tier(Tier::Province), of_tier(Tier::Prefecture), of_tier(Tier::County)), (1, 15, 86));
        for code in units.0.keys() {
            assert!(code.parent().is_none_or(|parent| units.contains(&parent)), "{code} hangs in the air");
        }
        assert_eq!(units.name(&"620123".parse().expect("is a code")), "榆中县");
    }
}
