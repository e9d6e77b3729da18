//! The organisation: tiers, units and the parts of the digital government.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Province, prefecture or county.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// 省.
    Province,
    /// 市州, and 兰州新区.
    Prefecture,
    /// 县区.
    County,
}

/// The part of the digital government something belongs to: 云, 网, 数, 用.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum BusinessDomain {
    /// 云: the government cloud.
    Cloud,
    /// 网: the extranet.
    Network,
    /// 数: the data foundation.
    Data,
    /// 用: applications.
    Application,
}

impl BusinessDomain {
    /// Every domain.
    pub const ALL: [Self; 4] = [Self::Cloud, Self::Network, Self::Data, Self::Application];

    /// The word that databases and the interface use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cloud => "cloud",
            Self::Network => "network",
            Self::Data => "data",
            Self::Application => "application",
        }
    }

    /// The domain of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|domain| domain.as_str() == word)
    }
}

/// Code of a unit: six digits of GB/T 2260 and, for units below a county or beside it, `-` and up to 26
/// characters of `0-9A-Z`: `620000`, `620123`, `620123-01`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct UnitCode(String);

impl Default for UnitCode {
    /// 620000, the province: what belongs to nobody else belongs to it.
    fn default() -> Self {
        Self("620000".to_owned())
    }
}

/// A text that is no unit code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} is no unit code such as 620123 or 620123-01 (six digits of GB/T 2260, then - and 1 to 26 of 0-9A-Z)")]
pub struct ParseUnitCodeError(String);

impl UnitCode {
    /// The code as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The tier of the administrative division the unit is in: `xx0000` is a province, `xxyy00` and `620171`
    /// (兰州新区, which reports like a prefecture) a prefecture, all others are counties.
    #[must_use]
    pub fn tier(&self) -> Tier {
        match &self.0[2..6] {
            "0000" => Tier::Province,
            _ if &self.0[..6] == "620171" || &self.0[4..6] == "00" => Tier::Prefecture,
            _ => Tier::County,
        }
    }

    /// The division above: county to prefecture, prefecture to province, unit to its division.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        if self.0.len() > 6 {
            return Some(Self(self.0[..6].to_owned()));
        }
        match self.tier() {
            Tier::Province => None,
            Tier::Prefecture => Some(Self(format!("{}0000", &self.0[..2]))),
            Tier::County => Some(Self(format!("{}00", &self.0[..4]))),
        }
    }

    /// Path from the province down, with `/` after every step: `620000/620100/620123/`. What row scopes compare by prefix.
    #[must_use]
    pub fn path(&self) -> String {
        let above = self.parent().map(|parent| parent.path()).unwrap_or_default();
        format!("{above}{}/", self.0)
    }
}

impl fmt::Display for UnitCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<UnitCode> for String {
    fn from(code: UnitCode) -> Self {
        code.0
    }
}

impl TryFrom<String> for UnitCode {
    type Error = ParseUnitCodeError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl FromStr for UnitCode {
    type Err = ParseUnitCodeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (division, suffix) =
            text.split_once('-').map_or((text, None), |(division, suffix)| (division, Some(suffix)));
        let division_ok = division.len() == 6 && division.bytes().all(|byte| byte.is_ascii_digit());
        let suffix_ok = suffix.is_none_or(|suffix| {
            (1..=26).contains(&suffix.len())
                && suffix.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
        });
        if division_ok && suffix_ok {
            Ok(Self(text.to_owned()))
        } else {
            Err(ParseUnitCodeError(crate::shown(text).to_string()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> UnitCode {
        text.parse().expect("is a unit code")
    }

    #[test]
    fn paths_lead_to_the_province() {
        assert_eq!(code("620123-01").path(), "620000/620100/620123/620123-01/");
        assert_eq!(code("620171").path(), "620000/620171/");
        assert_eq!(code("620000").parent(), None);
    }

    #[test]
    fn refuses_what_is_none() {
        for text in ["", "62012", "6201234", "620123-", "620123-a", "６２０１２３", "620123-01-02"] {
            assert!(text.parse::<UnitCode>().is_err(), "{text}");
        }
    }
}
