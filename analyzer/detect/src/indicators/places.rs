//! Where in events indicators are found, so that an index can be asked for them instead of every event being looked at.

use std::net::IpAddr;

use ipnet::IpNet;

use super::matching::FIELDS;
use super::{Indicator, IndicatorKind};

/// How a field is looked into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// Its addresses.
    Address,
    /// Its name and the domains above.
    Domain,
    /// A part of its web address.
    Url,
    /// Its digests of files.
    Hash,
}

/// A test of one field: an event that an indicator is in passes the test of one of its places. The other way round need not
/// hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// The field is an address of this range.
    Within(&'static str, IpNet),
    /// The field is this text but for case.
    Equal(&'static str, String),
    /// The field is this name or one below it, but for case.
    Below(&'static str, String),
    /// The field is there.
    Exists(&'static str),
}

/// The places of some indicators.
pub(super) fn of(indicators: &[Indicator]) -> Vec<Place> {
    let mut places = Vec::new();
    indicators.iter().for_each(|indicator| add(indicator, &mut places));
    // Every web address asks for the same.
    if indicators.iter().any(|indicator| indicator.kind == IndicatorKind::Url) {
        places.extend(fields(Look::Url).map(Place::Exists));
    }
    places
}

fn fields(look: Look) -> impl Iterator<Item = &'static str> {
    FIELDS.iter().filter(move |(_, of)| *of == look).map(|(field, _)| *field)
}

/// The matching looks for addresses, domains and digests by value alone, whatever the kind: an address is found where a name
/// was asked for too.
fn add(indicator: &Indicator, places: &mut Vec<Place>) {
    let value = &indicator.value;
    match indicator.kind {
        IndicatorKind::Url => {}
        IndicatorKind::Range => {
            let range = value.parse::<IpNet>().into_iter();
            places.extend(range.flat_map(|range| fields(Look::Address).map(move |field| Place::Within(field, range))));
        }
        IndicatorKind::Address | IndicatorKind::Domain | IndicatorKind::Hash => {
            let address = value.parse::<IpAddr>().into_iter().map(IpNet::from);
            places
                .extend(address.flat_map(|range| fields(Look::Address).map(move |field| Place::Within(field, range))));
            places.extend(fields(Look::Domain).map(|field| Place::Below(field, value.clone())));
            if value.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                places.extend(fields(Look::Hash).map(|field| Place::Equal(field, value.clone())));
            }
        }
    }
}
