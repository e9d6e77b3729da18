//! One account that logs in from two places faster than anybody travels.
//!
//! Places come from enrichment (`source.geo.location` of the declared ranges). Where none are declared, an account that
//! succeeds from several networks outside within minutes counts instead.

use std::collections::BTreeSet;

use fengsui_schema::{Alert, Condition, Entity, EntityKind, Event, EventId, Severity};
use serde::{Deserialize, Serialize};

use super::windows::{Report, Windows, windowed_state};
use super::{Behaviour, is_inside};

const WINDOW_S: i64 = 6 * 3_600;

/// Fastest that a person travels, in kilometres an hour.
const SPEED_KMH: f64 = 1_000.0;

/// Distance below which places count as one, in kilometres: ranges are declared roughly.
const NEAR_KM: f64 = 150.0;

const NETWORKS_WINDOW_S: i64 = 600;

/// Distinct networks outside within two windows.
const NETWORKS: usize = 4;

/// A login: seconds, thousandths of degrees of latitude and longitude, and its event.
type Login = (i64, i32, i32, EventId);

/// Follows where accounts log in from.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct ImpossibleLogin {
    places: Windows<BTreeSet<Login>>,
    networks: Windows<BTreeSet<String>>,
}

impl Default for ImpossibleLogin {
    fn default() -> Self {
        Self { places: Windows::of_seconds(WINDOW_S), networks: Windows::of_seconds(NETWORKS_WINDOW_S) }
    }
}

impl Behaviour for ImpossibleLogin {
    fn observe(&mut self, event: &Event, alerts: &mut Vec<Alert>) {
        let success = event.fields.text("event.category") == Some("authentication")
            && event.fields.text("event.outcome") == Some("success");
        let (Some(user), Some(source)) = (event.fields.text("user.name"), event.fields.text("source.ip")) else {
            return;
        };
        if !success || user.ends_with('$') {
            return;
        }
        match event.fields.text("source.geo.location").and_then(location) {
            Some((latitude, longitude)) => self.place(event, user, latitude, longitude, alerts),
            None if !is_inside(event, "source", source) => self.network(event, user, source, alerts),
            None => {}
        }
    }

    windowed_state!(places, networks);
}

impl ImpossibleLogin {
    fn place(&mut self, event: &Event, user: &str, latitude: i32, longitude: i32, alerts: &mut Vec<Alert>) {
        let login = (event.time.as_seconds(), latitude, longitude, event.id);
        let (number, logins) = self.places.at(user, event.time);
        if logins.len() >= crate::limits::BEHAVIOUR_VALUES || !logins.insert(login) {
            return;
        }
        let impossible: Vec<i64> = self
            .places
            .pairs(user, number)
            .filter(|pair| {
                // Its neighbours in time are the logins that matter: a farther one is slower still or impossible by itself.
                let before = pair.states().filter_map(|logins| logins.range(..login).next_back()).last();
                let after = pair.states().find_map(|logins| logins.range(login..).find(|other| **other != login));
                before.into_iter().chain(after).any(|other| is_impossible(login, *other))
            })
            .map(|pair| pair.number)
            .collect();
        for number in impossible {
            if self.places.first_report(user, number) {
                alerts.push(far_apart(event, user).alert(event, user, number, WINDOW_S));
            }
        }
    }

    fn network(&mut self, event: &Event, user: &str, source: &str, alerts: &mut Vec<Alert>) {
        let network = match source.parse() {
            Ok(std::net::IpAddr::V4(four)) => format!("{}.{}", four.octets()[0], four.octets()[1]),
            Ok(std::net::IpAddr::V6(six)) => format!("{:x}:{:x}", six.segments()[0], six.segments()[1]),
            Err(_) => return,
        };
        for (number, count) in self.networks.add(user, event.time, network) {
            if count >= NETWORKS && self.networks.first_report(user, number) {
                alerts.push(many_networks(event, user, count).alert(event, user, number, NETWORKS_WINDOW_S));
            }
        }
    }
}

/// `36.06,103.83` in thousandths of degrees.
fn location(text: &str) -> Option<(i32, i32)> {
    let (latitude, longitude) = text.split_once(',')?;
    let degrees = |text: &str, most: f64| {
        let value: f64 = text.trim().parse().ok()?;
        #[allow(clippy::cast_possible_truncation, reason = "at most 180,000")]
        (value.abs() <= most).then_some((value * 1000.0).round() as i32)
    };
    Some((degrees(latitude, 90.0)?, degrees(longitude, 180.0)?))
}

fn is_impossible(one: Login, other: Login) -> bool {
    let far = distance_km((one.1, one.2), (other.1, other.2));
    #[allow(clippy::cast_precision_loss, reason = "a few hours")]
    let hours = (one.0 - other.0).abs() as f64 / 3_600.0;
    far > NEAR_KM && far > SPEED_KMH * hours
}

/// Great-circle distance by the haversine formula.
fn distance_km(one: (i32, i32), other: (i32, i32)) -> f64 {
    let radians = |thousandths: i32| (f64::from(thousandths) / 1000.0).to_radians();
    let (latitude, longitude) = (radians(other.0 - one.0) / 2.0, radians(other.1 - one.1) / 2.0);
    let half = latitude.sin().powi(2) + radians(one.0).cos() * radians(other.0).cos() * longitude.sin().powi(2);
    2.0 * 6_371.0 * half.sqrt().min(1.0).asin()
}

fn user_entity(user: &str) -> Vec<Entity> {
    vec![Entity { kind: EntityKind::User, value: user.to_owned(), role: "target".into(), asset: None }]
}

fn far_apart(_: &Event, user: &str) -> Report {
    Report {
        name: "impossible_login",
        title: "logins from places too far apart",
        title_zh: "异地登录（不可能的行程）",
        severity: Severity::High,
        technique: "T1078",
        summary_zh: format!("账号 {user} 先后从相距甚远的两地登录，时间上不可能到达"),
        summary_en: format!("{user} logged in from two places that nobody can travel between in that time"),
        condition: Condition {
            condition: format!("distance > {NEAR_KM} km and speed > {SPEED_KMH} km/h"),
            field: "source.geo.location".into(),
            value: user.to_owned(),
        },
        entities: user_entity(user),
    }
}

fn many_networks(_: &Event, user: &str, count: usize) -> Report {
    Report {
        name: "login_from_many_networks",
        title: "logins from many networks outside at once",
        title_zh: "同一账号从多个外部网络登录",
        severity: Severity::Medium,
        technique: "T1078",
        summary_zh: format!("账号 {user} 二十分钟内从 {count} 个以上外部网络登录成功"),
        summary_en: format!("{user} logged in from at least {count} networks outside within twenty minutes"),
        condition: Condition {
            condition: format!("distinct networks ≥ {NETWORKS} in {} s", NETWORKS_WINDOW_S * 2),
            field: "source.ip".into(),
            value: count.to_string(),
        },
        entities: user_entity(user),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::plain;

    fn login(seconds: i64, place: &str, address: &str) -> Event {
        let fields = [
            ("event.category", "authentication"),
            ("event.outcome", "success"),
            ("user.name", "li"),
            ("source.ip", address),
            ("source.geo.location", place),
        ];
        let mut event = plain(seconds, &fields[..if place.is_empty() { 4 } else { 5 }]);
        event.id = EventId::from_digest(&fengsui_crypto::sm3(format!("{seconds} {address}").as_bytes()));
        event
    }

    fn found(events: &[Event]) -> Vec<String> {
        let (mut detector, mut alerts) = (ImpossibleLogin::default(), Vec::new());
        events.iter().for_each(|event| detector.observe(event, &mut alerts));
        let mut ids: Vec<String> = alerts.iter().map(|alert| format!("{} {}", alert.rule.id, alert.id)).collect();
        ids.sort();
        ids
    }

    const LANZHOU: &str = "36.06,103.83";
    const BEIJING: &str = "39.90,116.40";

    #[test]
    fn too_fast_is_impossible_in_any_order() {
        let events = [
            login(0, LANZHOU, "203.0.113.1"),
            login(1_200, BEIJING, "198.51.100.1"),
            login(1_300, BEIJING, "198.51.100.1"),
        ];
        let forward = found(&events);
        assert_eq!(forward.len(), 1);
        let mut backward = events;
        backward.reverse();
        assert_eq!(found(&backward), forward);
    }

    #[test]
    fn a_flight_or_a_neighbouring_town_is_possible() {
        assert!(found(&[login(0, LANZHOU, "203.0.113.1"), login(4 * 3_600, BEIJING, "198.51.100.1")]).is_empty());
        assert!(found(&[login(0, LANZHOU, "203.0.113.1"), login(60, "36.6,104.1", "198.51.100.1")]).is_empty());
        assert!((distance_km((36_060, 103_830), (39_900, 116_400)) - 1_180.0).abs() < 40.0);
    }

    #[test]
    fn without_places_many_networks_count() {
        let addresses = ["203.0.113.1", "198.51.100.1", "192.0.2.1", "100.64.9.9", "203.0.99.9"];
        let events: Vec<Event> =
            (0..5).map(|index| login(index * 60, "", addresses[usize::try_from(index).expect("small")])).collect();
        assert_eq!(found(&events).len(), 1);
        assert!(found(&events[..3]).is_empty());
    }
}
