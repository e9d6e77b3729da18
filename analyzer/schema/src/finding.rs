//! Sensitive data that was found somewhere.

use serde::{Deserialize, Serialize};

use crate::{FindingId, Timestamp, UnitCode};

/// General data levels 1 to 4 (GB/T 43697-2024 annex H), and above them important and core data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DataGrade {
    /// L1: disclosure does no harm.
    Level1,
    /// L2: some harm to persons or organisations.
    Level2,
    /// L3: serious harm.
    Level3,
    /// L4: particularly serious harm; sensitive personal information is at least here.
    Level4,
    /// Important data (重要数据).
    Important,
    /// Core data (核心数据).
    Core,
}

/// Where data was found.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FindingPlace {
    /// `wire`, `file`, `database`.
    pub kind: String,
    /// File name, address or `database.schema.table`. Untrusted.
    pub name: String,
    /// Place inside: page, sheet, cell, row, column or byte range, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inside: Option<String>,
    /// Source address, for data seen on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_ip: Option<String>,
    /// Destination address, for data seen on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination_ip: Option<String>,
    /// Application protocol, for data seen on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol: Option<String>,
    /// The sensor's number of the flow, for data seen on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flow_id: Option<String>,
    /// SM3 of the file, when it was whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sm3: Option<String>,
    /// Size in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
}

/// Values of one type found in one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingSample {
    /// Stable name of the type: `cn_resident_id`, `cn_mobile`, `bank_card`, ...
    pub data_type: String,
    /// How many values.
    pub count: u64,
    /// Highest confidence, in hundredths.
    pub confidence: u8,
    /// Up to five values, masked. Never the plain value.
    pub masked: Vec<String>,
    /// Why these are values of that type.
    pub explanation: String,
}

/// Sensitive data found in one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Digest of the place.
    pub id: FindingId,
    /// When it was found.
    pub time: Timestamp,
    /// Where.
    pub place: FindingPlace,
    /// What.
    pub samples: Vec<FindingSample>,
    /// Grade of the whole, after aggregation.
    pub grade: DataGrade,
    /// Template, rule and article the grade cites.
    pub grade_basis: String,
    /// Name of the sensor or job that found it.
    pub observer: String,
    /// Unit that owns the data or the observer.
    pub unit: UnitCode,
}
