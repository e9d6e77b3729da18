//! Bad batches and messages against a real parent: one from a thief on the wire of an honest child, others from a node
//! whose key was stolen. Each is refused and is an entry of the audit log; the good ones between take effect once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use fengsui_api::{ConsoleSettings, Role, TierSettings, enrol_with_parent};
use fengsui_crypto::KeyPair;
use fengsui_relay::tier::{
    Answer, Batch, Destination, Envelope, Labels, Lane, NodeId, OutRow, Refusal, Sending, Stream,
};
use fengsui_schema::Clock as _;
use parking_lot::Mutex;
use reqwest::StatusCode;

use crate::support::{Running, start_with};
use crate::tiers::until;

/// Bad ones of each kind.
const ROUNDS: u64 = 20;
/// Good messages of the honest child between them.
const GOOD: u64 = 3;
/// Where a parent's answers carry its signature.
const SIGNATURE: &str = "x-fengsui-signature";
const HONEST: &str = "620123";
const STOLEN: &str = "620102";

fn name(text: &str) -> NodeId {
    text.parse().expect("is a name")
}

/// Sends a batch as a node does.
async fn push(parent: &str, batch: &Batch) -> Answer {
    let url = format!("{parent}/api/v1/relay/push");
    let answer = reqwest::Client::new().post(url).json(batch).send().await.expect("answers");
    assert_eq!(answer.status(), StatusCode::OK);
    answer.json().await.expect("is an answer")
}

/// Somebody on the way to the parent who passes everything on and keeps a copy of the batches of measuring messages.
#[derive(Clone)]
struct Wiretap {
    parent: String,
    seen: Arc<Mutex<Vec<Batch>>>,
}

impl Wiretap {
    /// Listens on a port of loopback; its address.
    async fn start(parent: &str) -> (Self, String) {
        let tap = Self { parent: parent.to_owned(), seen: Arc::default() };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("binds");
        let address = format!("http://{}", listener.local_addr().expect("has one"));
        let router = axum::Router::new().fallback(overhear).with_state(tap.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (tap, address)
    }

    /// The newest batch that was seen.
    fn newest(&self) -> Batch {
        self.seen.lock().last().cloned().expect("one was seen")
    }
}

async fn overhear(State(tap): State<Wiretap>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 8 << 20).await.expect("is read");
    let batch = serde_json::from_slice::<Batch>(&body).ok();
    tap.seen.lock().extend(batch.filter(|batch| batch.header.lane == Lane::P2));
    pass_on(&tap.parent, Request::from_parts(parts, body.into())).await
}

/// Passes a request on to a parent, and its answer back as it is.
pub(crate) async fn pass_on(parent: &str, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let body = axum::body::to_bytes(request.into_body(), 8 << 20).await.expect("is read");
    let sent = reqwest::Client::new().post(format!("{parent}{path}")).body(body);
    let Ok(answer) = sent.header("content-type", "application/json").send().await else {
        return StatusCode::BAD_GATEWAY.into_response();
    };
    let (status, signature) = (answer.status(), answer.headers().get(SIGNATURE).cloned());
    let mut response = (status, answer.bytes().await.unwrap_or_default()).into_response();
    let kind = ("content-type", "application/json".parse().expect("a value"));
    for (name, value) in std::iter::once(kind).chain(signature.map(|value| (SIGNATURE, value))) {
        response.headers_mut().insert(name, value);
    }
    response
}

/// What somebody with the key of a node that was let in can send.
struct Thief {
    key: KeyPair,
    sending: Sending,
    made: u64,
    parent: String,
}

impl Thief {
    fn message(&mut self, origin: &str, expires: Option<i64>) -> OutRow {
        self.made += 1;
        let message = Envelope {
            v: 1,
            origin: name(origin),
            epoch: 5,
            oseq: self.made,
            to: Destination::Up,
            kind: "probe".to_owned(),
            obj: format!("{origin}/stolen/{}", self.made),
            rev: 1,
            ts: 0,
            expires,
            labels: Labels::default(),
            body: "{}".to_owned(),
            origin_signature: None,
        };
        self.sending.append(message)
    }

    async fn send(&mut self, to: &str, row: &OutRow) -> Option<Refusal> {
        let link = Stream { src: name(STOLEN), dst: name(to), lane: Lane::P2 };
        let batch = self.sending.batch(&link, vec![row.clone()], 0, &self.key).expect("signs").expect("has a row");
        push(&self.parent, &batch).await.refused
    }
}

struct Scene {
    province: Running,
    honest: Running,
    tap: Wiretap,
    thief: Thief,
}

async fn let_in(parent: &Running, child: &Running, unit: &str, link: &TierSettings) {
    let code = parent.console.node_code(unit, "console").await.expect("is made");
    let fingerprint = enrol_with_parent(&child.console, link, &code.code).await.expect("asks");
    parent.console.approve_node(unit, &fingerprint).await.expect("is let in");
}

async fn scene() -> Scene {
    let province = start_with(ConsoleSettings::default()).await;
    let (tap, address) = Wiretap::start(&province.address).await;
    let link = TierSettings { parent: Some(address), plain: true, ..TierSettings::default() };
    let settings = |unit: &str, tier| ConsoleSettings { unit: unit.to_owned(), tier, ..ConsoleSettings::default() };
    let honest = start_with(settings(HONEST, link.clone())).await;
    // Its settings name no parent: nobody but the thief sends in its name.
    let stolen = start_with(settings(STOLEN, TierSettings::default())).await;
    let_in(&province, &honest, HONEST, &link).await;
    let_in(&province, &stolen, STOLEN, &link).await;
    let key = KeyPair::load(&stolen.folder.path().join("node.pem")).expect("is there");
    let thief = Thief { key, sending: Sending::new(9), made: 0, parent: province.address.clone() };
    Scene { province, honest, tap, thief }
}

impl Scene {
    /// Messages of a node that took effect, by their epoch and number.
    async fn effects(&self, origin: &str) -> Vec<(i64, i64)> {
        let received = self.province.console.received(0).await.expect("reads");
        let mine = received.into_iter().filter(|one| one.origin == origin && one.kind == "probe");
        mine.map(|one| (one.epoch, one.oseq)).collect()
    }

    /// The honest child sends; then the thief on its wire sends the same again, changed and as it was.
    async fn attack_the_wire(&self, round: u64) {
        self.honest.console.probe("P2", true, GOOD).await.expect("is sent");
        let expected = (GOOD * (round + 1)) as usize;
        until("the honest messages arrive", async || (self.effects(HONEST).await.len() >= expected).then_some(()))
            .await;
        let batch = self.tap.newest();
        let mut changed = batch.clone();
        changed.messages.first_mut().expect("has one").body.push(' ');
        assert_eq!(push(&self.province.address, &changed).await.refused, Some(Refusal::Forged));
        assert_eq!(push(&self.province.address, &batch).await.refused, Some(Refusal::Replayed));
    }

    /// The thief with the key sends out of order, too late and what is not of its tier; what it may send is taken. The
    /// number of messages that are good.
    async fn attack_with_the_key(&mut self, round: u64) -> u64 {
        let now = self.province.clock.now().as_millis();
        let thief = &mut self.thief;
        let (first, second) = (thief.message(STOLEN, None), thief.message(STOLEN, Some(now)));
        assert_eq!(thief.send("620000", &second).await, Some(Refusal::Reordered));
        assert_eq!(thief.send("620000", &first).await, None);
        assert_eq!(thief.send("620000", &second).await, None);
        // One bad message does not hold up its stream: the batch is taken, the message is not.
        let late = thief.message(STOLEN, Some(now - 1));
        assert_eq!(thief.send("620000", &late).await, None);
        if round.is_multiple_of(2) {
            let foreign = thief.message("620200", None);
            assert_eq!(thief.send("620000", &foreign).await, None);
            return 2;
        }
        let misled = thief.message(STOLEN, None);
        assert_eq!(thief.send("620200", &misled).await, Some(Refusal::WrongTier));
        assert_eq!(thief.send("620000", &misled).await, None);
        3
    }

    /// Refusals of the audit log by their action, and what each tells.
    async fn refusals(&self) -> BTreeMap<String, Vec<(String, String)>> {
        let log = self.province.person("auditor", Role::Auditor, "620000").await.get("/audit?limit=500").await;
        assert!(log["next_cursor"].is_null(), "one page holds the log");
        let mut all: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
        for row in log["items"].as_array().expect("rows") {
            let text = |field: &str| row[field].as_str().expect("text").to_owned();
            if let Some(reason) = text("action").strip_prefix("relay.refuse.") {
                assert_eq!(row["outcome"], "denied", "{row}");
                all.entry(reason.to_owned()).or_default().push((text("object"), text("detail")));
            }
        }
        all
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_bad_is_refused_and_audited_and_what_is_good_takes_effect_once() {
    let mut scene = scene().await;
    let mut good = 0;
    for round in 0..ROUNDS {
        scene.attack_the_wire(round).await;
        good += scene.attack_with_the_key(round).await;
    }
    let refusals = scene.refusals().await;
    let counts: BTreeMap<&str, usize> = refusals.iter().map(|(reason, all)| (reason.as_str(), all.len())).collect();
    println!("refused and audited: {counts:?}; good: {} and {good}", ROUNDS * GOOD);
    let reasons =
        [("expired", STOLEN), ("forged", HONEST), ("reordered", STOLEN), ("replayed", HONEST), ("wrong_tier", STOLEN)];
    assert_eq!(counts, reasons.map(|(reason, _)| (reason, ROUNDS as usize)).into(), "{refusals:#?}");
    for (reason, sender) in reasons {
        // Each entry names another batch or message, and the node that it came from.
        let told: BTreeSet<_> = refusals[reason].iter().collect();
        assert_eq!(told.len() as u64, ROUNDS, "{reason}: {told:#?}");
        assert!(told.iter().all(|(object, _)| *object == format!("node/{sender}")), "{reason}: {told:#?}");
    }
    for (origin, wanted) in [(HONEST, ROUNDS * GOOD), (STOLEN, good), ("620200", 0)] {
        let effects = scene.effects(origin).await;
        let distinct: BTreeSet<_> = effects.iter().collect();
        assert_eq!((effects.len() as u64, distinct.len() as u64), (wanted, wanted), "of {origin}");
    }
    assert!(scene.province.console.verify_audit().await.expect("reads").ok);
}
