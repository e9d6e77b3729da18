//! Which part of the organisation somebody reaches, and where in it an object is.

use std::str::FromStr;

use fengsui_schema::{Tier, UnitCode};

use crate::db::{Row, Value};

/// The part of the organisation that a query may read: a unit and everything below it, or a unit alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scope {
    column: &'static str,
    code: UnitCode,
    alone: bool,
}

impl Scope {
    /// A unit and everything below it.
    pub(crate) fn subtree(unit: &UnitCode) -> Self {
        let column = match (unit.as_str().len(), unit.tier()) {
            (6, Tier::Province) => "province",
            (6, Tier::Prefecture) => "prefecture",
            (6, Tier::County) => "county",
            _ => "unit_code",
        };
        Self { column, code: unit.clone(), alone: false }
    }

    /// A unit alone.
    pub(crate) fn unit(unit: &UnitCode) -> Self {
        Self { column: "unit_code", code: unit.clone(), alone: true }
    }

    /// The column it compares.
    pub(crate) fn column(&self) -> &'static str {
        self.column
    }

    /// The value it compares with.
    pub(crate) fn code(&self) -> &str {
        self.code.as_str()
    }

    /// Whether a unit is in it.
    pub(crate) fn reaches(&self, unit: &UnitCode) -> bool {
        if self.alone { self.code == *unit } else { unit.path().starts_with(&self.code.path()) }
    }

    /// The smaller of this scope and the subtree of a unit; nothing when the unit is outside.
    pub(crate) fn narrowed(&self, unit: &UnitCode) -> Option<Self> {
        (!self.alone && self.reaches(unit)).then(|| Self::subtree(unit))
    }
}

/// Where in the organisation an object is; what its table carries in four columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    province: String,
    prefecture: String,
    county: String,
    unit: UnitCode,
}

impl Place {
    /// The place of a unit.
    pub(crate) fn of(unit: &UnitCode) -> Self {
        let mut place =
            Self { province: String::new(), prefecture: String::new(), county: String::new(), unit: unit.clone() };
        let mut above = Some(unit.clone());
        while let Some(code) = above {
            if code.as_str().len() == 6 {
                let column = match code.tier() {
                    Tier::Province => &mut place.province,
                    Tier::Prefecture => &mut place.prefecture,
                    Tier::County => &mut place.county,
                };
                code.as_str().clone_into(column);
            }
            above = code.parent();
        }
        place
    }

    /// The place a row is in.
    pub(crate) fn read(row: &Row) -> Result<Self, sqlx::Error> {
        let unit = UnitCode::from_str(&row.text("unit_code")?).map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
        Ok(Self::of(&unit))
    }

    /// The unit.
    pub(crate) fn unit(&self) -> &UnitCode {
        &self.unit
    }

    /// Values of the columns province, prefecture, county, unit_code.
    pub(crate) fn values(&self) -> [Value; 4] {
        [
            self.province.as_str().into(),
            self.prefecture.as_str().into(),
            self.county.as_str().into(),
            self.unit.as_str().into(),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> UnitCode {
        text.parse().expect("is a unit code")
    }

    #[test]
    fn a_subtree_reaches_down_and_not_up_or_sideways() {
        let scope = Scope::subtree(&code("620100"));
        assert!(scope.reaches(&code("620100")) && scope.reaches(&code("620123-01")));
        for outside in ["620000", "620171", "621022", "620200"] {
            assert!(!scope.reaches(&code(outside)), "{outside}");
        }
        assert!(!Scope::unit(&code("620100")).reaches(&code("620123")));
    }

    #[test]
    fn places_fill_the_columns_above() {
        let place = Place::of(&code("620123-01"));
        assert_eq!(
            (place.province.as_str(), place.prefecture.as_str(), place.county.as_str()),
            ("620000", "620100", "620123")
        );
        assert_eq!(Place::of(&code("620171")).prefecture, "620171");
        assert_eq!(Place::of(&code("620000")).prefecture, "");
    }
}
