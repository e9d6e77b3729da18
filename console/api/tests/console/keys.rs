//! Keys that were stolen, nodes that nobody knows, clocks that went back: a node that was let in is heard all the same.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::response::IntoResponse as _;
use fengsui_api::{ConsoleSettings, Role, TierSettings, enrol_with_parent};
use fengsui_crypto::KeyPair;
use fengsui_relay::limits;
use fengsui_relay::tier::{Answer, Batch, Destination, Envelope, Labels, Lane, NodeId, Refusal, Sending, Stream};

use crate::refused::pass_on;
use crate::support::{Running, restarted, start_with};
use crate::tiers::until;

const UNIT: &str = "620102";
/// Minutes of a year.
const YEAR: i64 = 365 * 24 * 60;

fn name(text: &str) -> NodeId {
    text.parse().expect("is a name")
}

struct Pair {
    province: Running,
    link: TierSettings,
}

impl Pair {
    async fn new() -> Self {
        let province = start_with(ConsoleSettings::default()).await;
        let link = TierSettings { parent: Some(province.address.clone()), plain: true, ..TierSettings::default() };
        Self { province, link }
    }

    fn settings(&self) -> ConsoleSettings {
        ConsoleSettings { unit: UNIT.to_owned(), tier: self.link.clone(), ..ConsoleSettings::default() }
    }

    async fn let_in(&self, child: &Running) {
        let code = self.province.console.node_code(UNIT, "console").await.expect("is made");
        let fingerprint = enrol_with_parent(&child.console, &self.link, &code.code).await.expect("asks");
        self.province.console.approve_node(UNIT, &fingerprint).await.expect("is let in");
    }

    /// Epochs of the measuring messages of the node below that took effect, in their order.
    async fn effects(&self) -> Vec<i64> {
        let received = self.province.console.received(0).await.expect("reads");
        received.into_iter().filter(|one| one.origin == UNIT && one.kind == "probe").map(|one| one.epoch).collect()
    }

    /// Has the node below report; the epochs of everything that took effect so far.
    async fn reports(&self, child: &Running, when: &str) -> Vec<i64> {
        let before = self.effects().await.len();
        child.console.probe("P2", true, 3).await.expect("is sent");
        until(when, async || {
            let effects = self.effects().await;
            (effects.len() >= before + 3).then_some(effects)
        })
        .await
    }

    /// Sends a batch of one message as a node whose stream ends in this, signed by a key.
    async fn push(&self, src: &str, mut sending: Sending, key: &KeyPair) -> Answer {
        let message = Envelope {
            v: 1,
            origin: name(src),
            epoch: 5,
            oseq: 1,
            to: Destination::Up,
            kind: "probe".to_owned(),
            obj: format!("{src}/stolen/1"),
            rev: 1,
            ts: 0,
            expires: None,
            labels: Labels::default(),
            body: "{}".to_owned(),
            origin_signature: None,
        };
        let row = sending.append(message);
        let link = Stream { src: name(src), dst: name("620000"), lane: Lane::P2 };
        let issued = i64::MIN;
        let batch: Batch = sending.batch(&link, vec![row], issued, key).expect("signs").expect("has a row");
        let url = format!("{}/api/v1/relay/push", self.province.address);
        reqwest::Client::new().post(url).json(&batch).send().await.expect("answers").json().await.expect("an answer")
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_speaks_under_a_new_key_whatever_a_thief_of_the_old_one_said() {
    let pair = Pair::new().await;
    let child = start_with(pair.settings()).await;
    pair.let_in(&child).await;
    pair.reports(&child, "the first reports arrive").await;

    // The thief brings the stream to an end where nothing follows; past it, nothing is taken at all.
    let stolen = KeyPair::load(&child.folder.path().join("node.pem")).expect("is there");
    let end = |epoch| Sending { sending: limits::NUMBER - 1, ..Sending::new(epoch) };
    for past in [limits::NUMBER + 1, u64::MAX] {
        assert_eq!(pair.push(UNIT, end(past), &stolen).await.refused, Some(Refusal::Malformed));
    }
    let never = Sending { sending: u64::MAX - 1, ..Sending::new(limits::NUMBER) };
    assert_eq!(pair.push(UNIT, never, &stolen).await.refused, Some(Refusal::Malformed));
    assert_eq!(pair.push(UNIT, end(limits::NUMBER), &stolen).await.refused, None);

    // The node is set up anew, with a key of its own.
    pair.province.console.revoke_node(UNIT, "stolen").await.expect("is revoked");
    assert_eq!(pair.push(UNIT, end(limits::NUMBER), &stolen).await.refused, Some(Refusal::RevokedKey));
    let anew = start_with(pair.settings()).await;
    // A node's life is numbered by the time at which it begins.
    anew.clock.advance_minutes(1);
    pair.let_in(&anew).await;
    pair.reports(&anew, "the node is heard again").await;
    assert_eq!(pair.push(UNIT, end(limits::NUMBER), &stolen).await.refused, Some(Refusal::UnknownKey));

    // Who is let in again numbers its messages anew: a thief may have used up those that would follow.
    let epochs = pair.reports(&anew, "it reports").await;
    pair.let_in(&anew).await;
    let later = pair.reports(&anew, "it reports after it was let in again").await;
    assert!(later.last() > epochs.last(), "{epochs:?}, {later:?}");
}

/// Somebody on a way without TLS who answers in the parent's place that everything has arrived.
async fn swallow(asked: axum::extract::Request) -> axum::response::Response {
    let body = axum::body::to_bytes(asked.into_body(), 8 << 20).await.expect("is read");
    let batch: Batch = serde_json::from_slice(&body).expect("is a batch");
    let (lane, epoch, sending) = (batch.header.lane, batch.header.epoch, batch.header.sending);
    let cursor = batch.header.first + batch.header.count - 1;
    axum::Json(Answer { lane, epoch, cursor, sending, refused: None }).into_response()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_the_parent_did_not_sign_lets_nothing_be_forgotten() {
    let pair = Pair::new().await;
    // The way to the parent, for as long as it is an honest one.
    let (parent, honest) = (pair.province.address.clone(), Arc::new(AtomicBool::new(true)));
    let way = {
        let (parent, honest) = (parent.clone(), Arc::clone(&honest));
        move |asked: axum::extract::Request| {
            let (parent, honest) = (parent.clone(), honest.load(Ordering::SeqCst));
            async move {
                match honest || !asked.uri().path().ends_with("/push") {
                    true => pass_on(&parent, asked).await,
                    false => swallow(asked).await,
                }
            }
        }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let address = format!("http://{}", listener.local_addr().expect("has one"));
    tokio::spawn(async move { axum::serve(listener, axum::Router::new().fallback(way)).await });
    let pair = Pair { link: TierSettings { parent: Some(address), ..pair.link }, ..pair };
    let child = start_with(pair.settings()).await;
    pair.let_in(&child).await;
    pair.reports(&child, "reports arrive").await;

    honest.store(false, Ordering::SeqCst);
    child.console.probe("P2", true, 3).await.expect("is sent");
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    assert_eq!(pair.effects().await.len(), 3, "nothing came through");
    honest.store(true, Ordering::SeqCst);
    until("what was swallowed is sent again", async || (pair.effects().await.len() >= 6).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batches_of_nobody_cost_one_entry_a_minute() {
    let pair = Pair::new().await;
    let key = KeyPair::generate().expect("key");
    for number in 0..7 {
        let src = format!("nobody-{number}");
        assert_eq!(pair.push(&src, Sending::new(9), &key).await.refused, Some(Refusal::UnknownKey));
    }
    pair.province.clock.advance_minutes(2);
    assert_eq!(pair.push("620000", Sending::new(9), &key).await.refused, Some(Refusal::UnknownKey));
    let log = pair.province.person("auditor", Role::Auditor, "620000").await.get("/audit?limit=500").await;
    let rows = log["items"].as_array().expect("rows");
    let told: Vec<&str> = rows
        .iter()
        .filter(|row| row["action"] == "relay.refuse.unknown_key")
        .filter_map(|row| row["detail"].as_str())
        .collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told.iter().any(|detail| detail.contains("6 more")), "{told:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_went_back_over_a_restart_cuts_no_node_off() {
    let pair = Pair::new().await;
    let child = start_with(pair.settings()).await;
    child.clock.advance_minutes(YEAR);
    pair.let_in(&child).await;
    let orders = async |child: &Running| {
        let received = child.console.received(0).await.expect("reads");
        received.into_iter().filter(|one| one.origin == "620000" && one.kind == "probe").count()
    };
    pair.province.console.probe("P2", false, 2).await.expect("is sent");
    until("orders come down", async || (orders(&child).await >= 2).then_some(())).await;

    let child = restarted(child, pair.settings()).await;
    pair.province.console.probe("P2", false, 2).await.expect("is sent");
    until("orders come down by the clock of a year ago", async || (orders(&child).await >= 4).then_some(())).await;
    pair.reports(&child, "reports go up by it").await;
}
