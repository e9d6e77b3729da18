//! A port of a host inside that begins to answer: a service nobody declared, or a back door.

use fengsui_schema::{Alert, Condition, Event, Severity, Timestamp};
use serde::{Deserialize, Serialize};

use super::firsts::Firsts;
use super::windows::{Report, address, windowed_state};
use super::{Behaviour, is_connection, is_inside};

/// Time in which the services that are there are learned.
const LEARNING_S: i64 = 3 * 86_400;

/// Length of the window that names an alert.
const WINDOW_S: i64 = 86_400;

/// First port that systems give to clients; what answers from there on is rarely a service.
const CLIENT_PORTS: i64 = 32_768;

/// Follows which ports of which hosts answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct NewService {
    services: Firsts,
}

impl Default for NewService {
    fn default() -> Self {
        Self { services: Firsts::learning(LEARNING_S) }
    }
}

impl Behaviour for NewService {
    fn observe(&mut self, event: &Event, _: &mut Vec<Alert>) {
        if !is_connection(event) || event.fields.integer("destination.bytes").unwrap_or(0) <= 0 {
            return;
        }
        let Some(target) = event.fields.text("destination.ip") else { return };
        let port = event.fields.integer("destination.port").unwrap_or(CLIENT_PORTS);
        if (1..CLIENT_PORTS).contains(&port) && is_inside(event, "destination", target) {
            let transport = event.fields.text("network.transport").unwrap_or("tcp");
            self.services.see("service", &format!("{target}|{transport}/{port}"), event);
        }
    }

    fn settle(&mut self, watermark: Timestamp, alerts: &mut Vec<Alert>) {
        for (_, event) in self.services.certain(watermark) {
            let Some(target) = event.fields.text("destination.ip") else { continue };
            let port = event.fields.integer("destination.port").unwrap_or(0);
            let key = format!("{target}|{port}");
            let number = crate::alerting::window(event.time, WINDOW_S);
            alerts.push(report(&event, target, port).alert(&event, &key, number, WINDOW_S));
        }
    }

    windowed_state!(services);
}

fn report(event: &Event, target: &str, port: i64) -> Report {
    Report {
        name: "new_service",
        title: "new service on a host inside",
        title_zh: "内部主机出现新服务",
        severity: Severity::Low,
        technique: "T1205",
        summary_zh: format!("{target} 首次在 {port} 端口提供服务，请确认是否经过审批"),
        summary_en: format!("{target} answers on port {port} for the first time"),
        condition: Condition {
            condition: format!("first answer after {LEARNING_S} s of learning"),
            field: "destination.port".into(),
            value: port.to_string(),
        },
        entities: vec![address(target, "target", event)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::plain;

    fn answer(seconds: i64, port: &str) -> Event {
        let fields = [
            ("event.dataset", "fengsui.flow"),
            ("source.ip", "10.1.1.1"),
            ("destination.ip", "10.2.2.2"),
            ("destination.port", port),
            ("destination.bytes", "90"),
        ];
        plain(seconds, &fields)
    }

    fn found(events: &[Event]) -> Vec<String> {
        let (mut detector, mut alerts) = (NewService::default(), Vec::new());
        events.iter().for_each(|event| detector.observe(event, &mut alerts));
        assert!(alerts.is_empty(), "nothing is certain yet");
        detector.settle(Timestamp::from_parts(1_900_000_000, 0), &mut alerts);
        alerts.into_iter().map(|alert| format!("{} {}", alert.summary_en, alert.time)).collect()
    }

    #[test]
    fn what_comes_after_the_learning_is_new_once() {
        let events = [
            answer(0, "443"),
            answer(100, "8080"),
            answer(LEARNING_S + 1, "443"),
            answer(LEARNING_S + 9, "4444"),
            answer(LEARNING_S + 5, "4444"),
            answer(LEARNING_S + 6, "50000"),
        ];
        let forward = found(&events);
        assert_eq!(forward.len(), 1);
        assert!(forward[0].contains("port 4444"));
        let mut backward = events;
        backward.reverse();
        assert_eq!(found(&backward), forward);
    }

    #[test]
    fn nothing_is_new_while_learning() {
        assert!(found(&[answer(0, "443"), answer(LEARNING_S - 1, "8080")]).is_empty());
    }
}
