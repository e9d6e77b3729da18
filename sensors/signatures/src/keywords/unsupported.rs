//! Keywords that are known and not supported: a rule that uses one fails with the reason.

use crate::draft::Draft;
use crate::keywords::{Keyword, keyword};

macro_rules! refused {
    ($name:literal, $reason:literal) => {
        keyword($name, |_: &mut Draft<'_>, _| Err($reason.to_owned()))
    };
}

pub(crate) const KEYWORDS: &[Keyword] = &[
    refused!("geoip", "needs a location database, which the sensor does not carry"),
    refused!("lua", "runs scripts, which the sensor does not do"),
    refused!("luajit", "runs scripts, which the sensor does not do"),
    refused!("luaxform", "runs scripts, which the sensor does not do"),
    refused!("replace", "changes packets, which only an inline engine may do"),
];
