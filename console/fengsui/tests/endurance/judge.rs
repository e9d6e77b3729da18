//! What a run must have left behind: five properties of everything that can be seen.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use fengsui_harness::{ConsoleClient, FIRST_RULE, NodeUnderTest, Pace, Producer, Sent, Series, TOKEN, whole_list};
use serde_json::Value;

/// How long a fresh record may take to be found.
const PATIENCE: Duration = Duration::from_secs(180);

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    /// Records that can be found.
    pub visible: u64,
    /// Alerts that can be found.
    pub alerts: u64,
    /// What is wrong, in words; nothing when all properties hold.
    pub faults: Vec<String>,
}

/// Sends one more group and waits until it can be found: the node is alive, and as order is kept, everything that was
/// accepted before has come through too.
pub(crate) async fn until_fresh_arrives(
    node: &NodeUnderTest,
    client: &ConsoleClient,
    series: Series,
    sent: Sent,
) -> Sent {
    let (before, end, mut sent) = (sent.accepted.len(), Instant::now() + PATIENCE, sent);
    // After a storm it may be put off for a while.
    while sent.accepted.len() == before {
        assert!(Instant::now() < end, "a node that is up accepts nothing: {}", node.last_words());
        let address = (node.ingest_port, TOKEN);
        let producer = Producer::start(series, address, Pace::Pause(Duration::from_millis(200)), sent).expect("sends");
        tokio::time::sleep(Duration::from_millis(100)).await;
        sent = producer.stop().await.expect("has sent");
    }
    let last = *sent.accepted.last().expect("something is accepted");
    let place = format!("/events?q=flow.id:%22{last}%22");
    while client.get(&place).await.expect("searches")["total"] != 1 {
        assert!(Instant::now() < end, "record {last} was accepted and is not found: {}", node.last_words());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    sent
}

/// Looks at every event and alert. `accepted` is a subset of what is visible, each is visible once and unchanged, and
/// nothing is visible that was not sent.
pub(crate) async fn judge(client: &ConsoleClient, series: &Series, sent: &Sent) -> Verdict {
    let mut verdict = Verdict::default();
    let events = whole_list(client, "/events").await.expect("events");
    let mut seen: BTreeMap<u64, u64> = BTreeMap::new();
    for original in events.iter().map(|event| &event["original"]) {
        let Some(number) = original["marker"].as_u64() else { continue };
        *seen.entry(number).or_default() += 1;
        if number >= sent.issued || *original != series.record(number) {
            verdict.faults.push(format!("event {number} was not sent like this: {original}"));
        }
    }
    verdict.visible = seen.len() as u64;
    verdict.note("event", &seen, sent.accepted.iter().copied());
    let alerts = whole_list(client, "/alerts?state=all").await.expect("alerts");
    let mut raised: BTreeMap<u64, u64> = BTreeMap::new();
    for number in alerts.iter().filter_map(number_of_alert) {
        *raised.entry(number).or_default() += 1;
        if !series.is_alert(number) || number >= sent.issued {
            verdict.faults.push(format!("alert {number} was not sent"));
        }
    }
    verdict.alerts = raised.len() as u64;
    verdict.note("alert", &raised, sent.accepted.iter().copied().filter(|number| series.is_alert(*number)));
    verdict
}

fn number_of_alert(row: &Value) -> Option<u64> {
    row["rule_id"].as_str()?.strip_prefix("suricata:")?.parse::<u64>().ok()?.checked_sub(FIRST_RULE)
}

impl Verdict {
    fn note(&mut self, what: &str, seen: &BTreeMap<u64, u64>, wanted: impl Iterator<Item = u64>) {
        let lost: Vec<u64> = wanted.filter(|number| !seen.contains_key(number)).collect();
        if !lost.is_empty() {
            self.faults.push(format!("{} accepted {what}s are lost: {:?} …", lost.len(), &lost[..lost.len().min(10)]));
        }
        let doubled: Vec<&u64> = seen.iter().filter(|(_, count)| **count > 1).map(|(number, _)| number).collect();
        if !doubled.is_empty() {
            self.faults.push(format!(
                "{} {what}s are visible more than once: {:?} …",
                doubled.len(),
                &doubled[..doubled.len().min(10)]
            ));
        }
    }
}
