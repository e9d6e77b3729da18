//! Whose address is whose: ranges to unit, zone and part of the digital government, and names of assets.

use std::collections::BTreeMap;
use std::net::IpAddr;

use fengsui_schema::{BusinessDomain, Event, Severity, UnitCode, shown};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::PipelineError;

/// What the settings file says about the organisation's networks.
#[derive(Debug, Clone, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OrganizationSettings {
    /// Code of the unit that owns what no range names, such as `620000`.
    pub unit: String,
    /// Address ranges; the longest prefix that holds an address wins.
    pub networks: Vec<NetworkRange>,
    /// Known machines.
    pub assets: Vec<Asset>,
    /// Which zone may open flows to which; empty when no policy is declared.
    pub zone_rules: Vec<ZoneRule>,
}

impl Default for OrganizationSettings {
    fn default() -> Self {
        Self { unit: "620000".to_owned(), networks: Vec::new(), assets: Vec::new(), zone_rules: Vec::new() }
    }
}

/// One address range.
#[derive(Debug, Clone, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NetworkRange {
    /// The range in CIDR form, such as `10.62.0.0/16`.
    pub cidr: String,
    /// Code of the unit that owns it; empty for the organisation's own.
    pub unit: String,
    /// Name of the security zone, such as `government_extranet`.
    pub zone: String,
    /// `cloud`, `network`, `data` or `application`; empty when it is none of them.
    pub domain: String,
    /// Name of the place it is used in, such as `兰州`; empty when it is not known.
    pub place: String,
    /// Latitude and longitude of the place in degrees, such as `36.06,103.83`; empty when they are not known.
    pub location: String,
}

/// One known machine.
#[derive(Debug, Clone, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Asset {
    /// Its address.
    pub address: String,
    /// Its name, as people say it.
    pub name: String,
    /// How much depends on it: `info`, `low`, `medium`, `high` or `critical`.
    pub importance: String,
    /// Code of the unit that owns it; empty for the owner of its range.
    pub unit: String,
}

/// One permission between zones.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ZoneRule {
    /// Zone that opens flows.
    pub from: String,
    /// Zone that they go to.
    pub to: String,
    /// Destination ports; empty for all.
    pub ports: Vec<u16>,
}

/// The organisation's networks and assets, ready to be looked up.
#[derive(Debug, Clone, Default)]
pub struct Organization {
    unit: UnitCode,
    /// Ranges by prefix length, longest first, so that the first hit is the narrowest.
    ranges: Vec<(IpNet, Range)>,
    assets: BTreeMap<IpAddr, KnownAsset>,
    zone_rules: Vec<ZoneRule>,
}

#[derive(Debug, Clone)]
struct Range {
    unit: Option<UnitCode>,
    zone: String,
    domain: Option<BusinessDomain>,
    place: String,
    location: String,
}

#[derive(Debug, Clone)]
struct KnownAsset {
    name: String,
    importance: Severity,
    unit: Option<UnitCode>,
}

/// Zone of addresses that no range holds.
const OUTSIDE_ZONE: &str = "outside";

impl Organization {
    /// Checks the settings and prepares the look-up.
    ///
    /// # Errors
    /// [`PipelineError::Setting`] with the first value that is no unit code, range, address or word.
    pub fn build(settings: &OrganizationSettings) -> Result<Self, PipelineError> {
        let unit = settings.unit.parse().map_err(|error| invalid("organization.unit", &error))?;
        let mut ranges = settings.networks.iter().map(range).collect::<Result<Vec<_>, _>>()?;
        ranges.sort_by_key(|(net, _)| std::cmp::Reverse(net.prefix_len()));
        let assets = settings.assets.iter().map(known_asset).collect::<Result<_, _>>()?;
        Ok(Self { unit, ranges, assets, zone_rules: settings.zone_rules.clone() })
    }

    /// The unit that owns what nothing else names.
    #[must_use]
    pub fn unit(&self) -> &UnitCode {
        &self.unit
    }

    /// Which zone may open flows to which.
    #[must_use]
    pub fn zone_rules(&self) -> &[ZoneRule] {
        &self.zone_rules
    }

    /// Adds unit, zones, part of the digital government and asset names to an event. Linear in the number of ranges.
    pub fn enrich(&self, event: &mut Event) {
        let source = self.side(event, "source.ip");
        let destination = self.side(event, "destination.ip").or_else(|| self.side(event, "host.ip"));
        self.set_zones(event, source.as_ref(), destination.as_ref());
        self.set_owner(event, source.as_ref(), destination.as_ref());
        for (side, name, location) in [
            (&source, "source.geo.name", "source.geo.location"),
            (&destination, "destination.geo.name", "destination.geo.location"),
        ] {
            let range = side.as_ref().and_then(|side| side.range);
            event.fields.set_some(name, range.map(|range| range.place.as_str()).filter(|place| !place.is_empty()));
            event
                .fields
                .set_some(location, range.map(|range| range.location.as_str()).filter(|place| !place.is_empty()));
        }
        let sides = [("source", source), ("destination", destination)];
        for (side, asset) in sides.into_iter().filter_map(|(side, found)| Some((side, found?.asset?))) {
            let (name, importance) = match side {
                "source" => ("fengsui.source_asset", "fengsui.source_importance"),
                _ => ("fengsui.destination_asset", "fengsui.destination_importance"),
            };
            event.fields.set(name, asset.name.as_str());
            event.fields.set(importance, asset.importance.as_number());
        }
    }

    fn side(&self, event: &Event, field: &str) -> Option<Side<'_>> {
        let address: IpAddr = event.fields.text(field)?.parse().ok()?;
        let range = self.ranges.iter().find(|(net, _)| net.contains(&address)).map(|(_, range)| range);
        Some(Side { range, asset: self.assets.get(&address) })
    }

    fn set_zones(&self, event: &mut Event, source: Option<&Side<'_>>, destination: Option<&Side<'_>>) {
        if self.ranges.is_empty() {
            return;
        }
        event.fields.set_some("fengsui.source_zone", source.map(Side::zone));
        event.fields.set_some("fengsui.zone", destination.map(Side::zone));
        if let (Some(source), Some(destination)) = (source, destination) {
            let port = event.fields.integer("destination.port").and_then(|port| u16::try_from(port).ok());
            if self.crosses(source.zone(), destination.zone(), port) {
                event.fields.set("fengsui.zone_crossing", true);
            }
        }
    }

    /// Whether a declared policy forbids the flow. No policy forbids nothing; flows inside a zone are allowed.
    fn crosses(&self, from: &str, to: &str, port: Option<u16>) -> bool {
        let allows = |rule: &ZoneRule| {
            (rule.from == from || rule.from == "*")
                && (rule.to == to || rule.to == "*")
                && (rule.ports.is_empty() || port.is_some_and(|port| rule.ports.contains(&port)))
        };
        !self.zone_rules.is_empty() && from != to && !self.zone_rules.iter().any(allows)
    }

    fn set_owner(&self, event: &mut Event, source: Option<&Side<'_>>, destination: Option<&Side<'_>>) {
        if event.fields.get("organization.id").is_none() {
            let owner = destination.and_then(Side::unit).or_else(|| source.and_then(Side::unit));
            event.fields.set("organization.id", owner.unwrap_or(&self.unit).as_str());
        }
        let domain = destination.and_then(Side::domain).or_else(|| source.and_then(Side::domain));
        event.fields.set_some("fengsui.domain", domain.map(BusinessDomain::as_str));
    }
}

/// What is known about one end of a flow.
struct Side<'a> {
    range: Option<&'a Range>,
    asset: Option<&'a KnownAsset>,
}

impl Side<'_> {
    fn zone(&self) -> &str {
        self.range.map(|range| range.zone.as_str()).filter(|zone| !zone.is_empty()).unwrap_or(OUTSIDE_ZONE)
    }

    fn unit(&self) -> Option<&UnitCode> {
        self.asset.and_then(|asset| asset.unit.as_ref()).or_else(|| self.range.and_then(|range| range.unit.as_ref()))
    }

    fn domain(&self) -> Option<BusinessDomain> {
        self.range.and_then(|range| range.domain)
    }
}

fn range(settings: &NetworkRange) -> Result<(IpNet, Range), PipelineError> {
    let net: IpNet = settings
        .cidr
        .parse()
        .map_err(|_| wrong("organization.networks.cidr", &settings.cidr, "a range such as 10.62.0.0/16"))?;
    let domain = match settings.domain.as_str() {
        "" => None,
        word => Some(
            BusinessDomain::from_word(word)
                .ok_or_else(|| wrong("organization.networks.domain", word, "cloud, network, data or application"))?,
        ),
    };
    let degrees = |text: &str, most: f64| text.trim().parse().is_ok_and(|value: f64| value.abs() <= most);
    let located =
        settings.location.split_once(',').is_some_and(|(one, other)| degrees(one, 90.0) && degrees(other, 180.0));
    if !settings.location.is_empty() && !located {
        return Err(wrong(
            "organization.networks.location",
            &settings.location,
            "latitude,longitude such as 36.06,103.83",
        ));
    }
    let range = Range {
        unit: unit_of("organization.networks.unit", &settings.unit)?,
        zone: settings.zone.clone(),
        domain,
        place: settings.place.clone(),
        location: settings.location.clone(),
    };
    Ok((net.trunc(), range))
}

fn known_asset(settings: &Asset) -> Result<(IpAddr, KnownAsset), PipelineError> {
    let address = settings
        .address
        .parse()
        .map_err(|_| wrong("organization.assets.address", &settings.address, "an IP address"))?;
    let importance = match settings.importance.as_str() {
        "" => Severity::Medium,
        word => Severity::from_word(word)
            .ok_or_else(|| wrong("organization.assets.importance", word, "info, low, medium, high or critical"))?,
    };
    let unit = unit_of("organization.assets.unit", &settings.unit)?;
    Ok((address, KnownAsset { name: settings.name.clone(), importance, unit }))
}

fn unit_of(key: &str, text: &str) -> Result<Option<UnitCode>, PipelineError> {
    match text {
        "" => Ok(None),
        code => code.parse().map(Some).map_err(|error| invalid(key, &error)),
    }
}

fn invalid(key: &str, error: &dyn std::fmt::Display) -> PipelineError {
    PipelineError::Setting { key: key.to_owned(), reason: error.to_string() }
}

fn wrong(key: &str, value: &str, expected: &str) -> PipelineError {
    PipelineError::Setting { key: key.to_owned(), reason: format!("{} is not {expected}", shown(value)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fengsui_schema::{RawRecord, Timestamp};

    const SETTINGS: &str = r#"
unit = "620000"
networks = [
    { cidr = "10.0.0.0/8", unit = "620100", zone = "office", domain = "network", place = "兰州", location = "36.06,103.83" },
    { cidr = "10.62.0.0/16", unit = "620123", zone = "data", domain = "data" },
]
assets = [{ address = "10.62.1.5", name = "人口库", importance = "critical", unit = "620123-01" }]
zone_rules = [{ from = "office", to = "data", ports = [443] }]
"#;

    fn enriched(source: &str, destination: &str, port: u16) -> Event {
        let settings: OrganizationSettings = toml::from_str(SETTINGS).expect("settings");
        let organization = Organization::build(&settings).expect("builds");
        let payload = serde_json::json!({"timestamp": "2026-11-22T12:00:00Z", "event_type": "flow", "src_ip": source, "dest_ip": destination, "dest_port": port});
        let record = RawRecord {
            source: "fengsui_eve".into(),
            instance: "s".into(),
            received: Timestamp::EPOCH,
            payload: payload.to_string().into(),
        };
        let mut event = fengsui_normalize::normalize(&record, 0).expect("record");
        organization.enrich(&mut event);
        event
    }

    #[test]
    fn the_narrowest_range_and_the_asset_win() {
        let event = enriched("10.1.1.1", "10.62.1.5", 443);
        assert_eq!(event.fields.text("organization.id"), Some("620123-01"));
        assert_eq!(event.fields.text("fengsui.zone"), Some("data"));
        assert_eq!(event.fields.text("fengsui.domain"), Some("data"));
        assert_eq!(event.fields.text("fengsui.destination_asset"), Some("人口库"));
        assert_eq!(event.fields.text("source.geo.location"), Some("36.06,103.83"));
        assert_eq!(event.fields.text("source.geo.name"), Some("兰州"));
        assert_eq!(event.fields.get("destination.geo.name"), None);
        assert_eq!(enriched("10.1.1.1", "10.62.9.9", 443).fields.text("organization.id"), Some("620123"));
    }

    #[test]
    fn only_declared_crossings_are_allowed() {
        let crosses = |source, destination, port| {
            enriched(source, destination, port).fields.get("fengsui.zone_crossing").is_some()
        };
        assert!(!crosses("10.1.1.1", "10.62.1.5", 443));
        assert!(crosses("10.1.1.1", "10.62.1.5", 22));
        assert!(crosses("203.0.113.9", "10.62.1.5", 443));
        assert!(!crosses("10.1.1.1", "10.2.2.2", 22));
    }

    #[test]
    fn wrong_settings_are_named() {
        let wrong = OrganizationSettings {
            networks: vec![NetworkRange { cidr: "10/8".into(), ..NetworkRange::default() }],
            ..OrganizationSettings::default()
        };
        assert!(
            Organization::build(&wrong).is_err_and(|error| error.to_string().contains("organization.networks.cidr"))
        );
    }
}
