//! What the analyzer hands to the console.

use serde::{Deserialize, Serialize};

use crate::{Alert, Finding, Incident, Visibility};

/// One thing the analyzer hands to the console. Delivery may repeat; the ids make repeats harmless.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "body", rename_all = "snake_case")]
pub enum Output {
    /// A new alert.
    Alert(Box<Alert>),
    /// A new incident, or a newer revision of one.
    Incident(Box<Incident>),
    /// A finding of sensitive data.
    Finding(Box<Finding>),
    /// What a sensor saw and lost.
    Visibility(Box<Visibility>),
}
