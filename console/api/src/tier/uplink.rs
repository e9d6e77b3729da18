//! The link to the parent: this node dials, pushes what goes up, pulls what comes down, compares digests every hour.

use std::time::Duration;

use fengsui_crypto::{KeyId, KeyPair, PublicKey, Signature, sm3_of_parts};
use fengsui_relay::tier::{Answer, BackOff, Batch, BucketDigest, Directory as _, Lane, NodeId, Relation};
use serde::{Deserialize, Serialize};

use super::enrol::{self, Enrolment, is_parent_of_code, relation_word};
use super::registry::NodeState;
use super::{TierSettings, answers, inbox, outbox};
use crate::audit::{Actor, Entry, Outcome};
use crate::db::{Query as _, args};
use crate::error::{ApiError, ApiResult, ConsoleError};
use crate::scope::Place;
use crate::state::{AppState, Change};

/// Most messages' bytes in one answer to a pull are bound by the batches: one of each lane.
const BATCHES_OF_A_PULL: usize = 5;
/// Longest time a pull waits for something to come.
const LONGEST_WAIT: Duration = Duration::from_secs(20);
/// Time between comparisons of digests.
const COMPARE_EVERY: Duration = Duration::from_secs(3600);
/// How often the outbox is looked at without being told: another process on the same database may have put something in.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Counters that are reserved at once: those of an hour by the clock.
const RESERVED: u64 = 3_600_000_000;
/// How often nodes decided elsewhere (by the command line) are looked for.
pub(super) const RELOAD_EVERY: Duration = Duration::from_secs(2);

/// A child asks for what came for it. Signed, so that nobody else learns it.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pull {
    /// Who asks.
    pub(crate) node: String,
    /// Ever growing.
    pub(crate) counter: u64,
    /// How long to wait for something, in milliseconds.
    pub(crate) wait_ms: u64,
    /// Where the child is in every stream towards it.
    #[schema(value_type = Vec<Object>)]
    pub(crate) places: Vec<Answer>,
    /// Numbers the child has lost: lane, first, last.
    #[schema(value_type = Vec<Vec<Object>>)]
    pub(crate) lost: Vec<(Lane, u64, u64)>,
    /// Name of the key, in hexadecimal digits.
    pub(crate) key: String,
    /// SM2 signature.
    #[schema(value_type = String)]
    pub(crate) sig: Signature,
}

impl Pull {
    fn digest(&self) -> [u8; 32] {
        let content = serde_json::to_vec(&(&self.places, &self.lost)).unwrap_or_default();
        let numbers = [self.counter.to_be_bytes(), self.wait_ms.to_be_bytes()];
        sm3_of_parts(&[
            b"fengsui pull v1",
            self.node.as_bytes(),
            &numbers[0],
            &numbers[1],
            self.key.as_bytes(),
            &content,
        ])
    }
}

/// What came for a child, and where the parent is in the streams from it.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pulled {
    /// At most one batch of each lane, the most urgent first.
    #[schema(value_type = Vec<Object>)]
    pub(crate) batches: Vec<Batch>,
    /// Where the parent is in every stream from the child.
    #[schema(value_type = Vec<Object>)]
    pub(crate) places: Vec<Answer>,
}

/// Digests of one stream.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LaneDigests {
    /// Lane.
    pub(crate) lane: Lane,
    /// Epoch of the stream.
    pub(crate) epoch: u64,
    /// First message that is held.
    pub(crate) floor: u64,
    /// Digests of the buckets.
    pub(crate) buckets: Vec<BucketDigest>,
}

/// A child compares what both hold.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Compare {
    /// Who asks.
    pub(crate) node: String,
    /// Ever growing; shared with pulls.
    pub(crate) counter: u64,
    /// Digests of the streams from the child.
    #[schema(value_type = Vec<Object>)]
    pub(crate) digests: Vec<LaneDigests>,
    /// Name of the key, in hexadecimal digits.
    pub(crate) key: String,
    /// SM2 signature.
    #[schema(value_type = String)]
    pub(crate) sig: Signature,
}

impl Compare {
    fn digest(&self) -> [u8; 32] {
        let content = serde_json::to_vec(&self.digests).unwrap_or_default();
        let counter = self.counter.to_be_bytes();
        sm3_of_parts(&[b"fengsui compare v1", self.node.as_bytes(), &counter, self.key.as_bytes(), &content])
    }
}

/// What differs.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Compared {
    /// Numbers the parent does not hold as the child does: lane, first, last.
    #[schema(value_type = Vec<Vec<Object>>)]
    pub(crate) differing: Vec<(Lane, u64, u64)>,
    /// Digests of the streams from the parent.
    #[schema(value_type = Vec<Object>)]
    pub(crate) digests: Vec<LaneDigests>,
}

/// A node asks to be let in.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EnrolRequest {
    /// Its name: the code of its unit, or the name of a sensor.
    pub(crate) node: String,
    /// Its SM2 public key, uncompressed, in hexadecimal digits.
    pub(crate) public_key: String,
    /// The one-time code.
    pub(crate) code: String,
    /// Signature over name, key and code.
    #[schema(value_type = String)]
    pub(crate) sig: Signature,
}

/// Who the parent is.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EnrolmentResult {
    /// Name of the parent.
    pub(crate) parent: String,
    /// Its public key, uncompressed, in hexadecimal digits.
    pub(crate) public_key: String,
    /// The nodes above it with their keys: they give orders too.
    pub(crate) above: Vec<NodeKey>,
}

/// A node and its key.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NodeKey {
    /// Name.
    pub(crate) node: String,
    /// Public key, uncompressed, in hexadecimal digits.
    pub(crate) public_key: String,
}

/// Checks a signed request of a child: known, let in, newer than the last one, signed.
fn signed_by_child(state: &AppState, node: &str, key: &str, request: (u64, [u8; 32], &Signature)) -> ApiResult<NodeId> {
    let (counter, digest, signature) = request;
    let refused = ApiError::unauthenticated;
    let node: NodeId = node.parse().map_err(|_| refused())?;
    let mut bytes = [0; 32];
    hex::decode_to_slice(key, &mut bytes).map_err(|_| refused())?;
    let tier = &state.shared().tier;
    let registry = tier.registry.read();
    let is_child = registry.relation(&node) == Relation::Child;
    if !is_child || registry.node(&node).is_none_or(|known| counter <= known.counter) {
        return Err(refused());
    }
    registry.check(&node, &KeyId::from_bytes(bytes), &digest, signature).map_err(|_| refused())?;
    drop(registry);
    if let Some(known) = tier.registry.write().node_mut(&node) {
        known.counter = known.counter.max(counter);
    }
    Ok(node)
}

/// Answers a pull: waits until something is there for the child.
pub(crate) async fn pull(state: &AppState, asked: &Pull) -> ApiResult<Pulled> {
    let node = signed_by_child(state, &asked.node, &asked.key, (asked.counter, asked.digest(), &asked.sig))?;
    let tier = &state.shared().tier;
    let mut changes = tier.wake.subscribe();
    for place in asked.places.iter().take(Lane::ALL.len()) {
        outbox::answered(state, &node, place).await?;
    }
    seen(state, &node).await?;
    let mut batches = Vec::new();
    for (lane, first, last) in asked.lost.iter().take(BATCHES_OF_A_PULL) {
        batches.extend(outbox::repairs(state, &node, *lane, &[(*first, *last)]).await?);
    }
    let deadline = tokio::time::Instant::now() + Duration::from_millis(asked.wait_ms).min(LONGEST_WAIT);
    loop {
        // One batch at a time, so that the next pull brings what has become urgent meanwhile.
        batches.extend(outbox::next_batch(state, &node).await?);
        let waiting = batches.is_empty() && is_active(state, &node);
        let stopped = state.shared().stopping.clone();
        let timed_out = async {
            tokio::select! {
                _ = tokio::time::timeout(LOOK_EVERY, changes.changed()) => tokio::time::Instant::now() >= deadline,
                () = stopped.cancelled() => true,
            }
        };
        if !waiting || timed_out.await {
            break;
        }
    }
    if !is_active(state, &node) {
        return Err(ApiError::unauthenticated());
    }
    Ok(Pulled { batches, places: inbox::places(&mut state.db(), &node).await? })
}

fn is_active(state: &AppState, node: &NodeId) -> bool {
    let registry = state.shared().tier.registry.read();
    registry.node(node).is_some_and(|known| known.state == NodeState::Active)
}

/// Notes that a child was heard of, and its counter, so that a captured request is not answered after a restart.
async fn seen(state: &AppState, node: &NodeId) -> ApiResult<()> {
    let counter = state.shared().tier.registry.read().node(node).map_or(0, |known| known.counter);
    let mut tx = state.shared().db.begin().await?;
    let sql = "UPDATE tier_node SET last_contact = $1, counter = $2 WHERE id = $3";
    let counter = i64::try_from(counter).unwrap_or(i64::MAX);
    tx.execute(sql, args![state.now(), counter, node.as_str()]).await?;
    Ok(tx.commit().await?)
}

/// Answers a comparison.
pub(crate) async fn compare(state: &AppState, asked: &Compare) -> ApiResult<Compared> {
    let node = signed_by_child(state, &asked.node, &asked.key, (asked.counter, asked.digest(), &asked.sig))?;
    let mut db = state.db();
    let mut differing = Vec::new();
    for digests in asked.digests.iter().take(Lane::ALL.len()) {
        let ranges = inbox::differing(&mut db, &node, digests).await?;
        differing.extend(ranges.into_iter().map(|(first, last)| (digests.lane, first, last)));
    }
    Ok(Compared { differing, digests: outbox::digests(&mut db, &node).await? })
}

/// A client that trusts the parent's certificate and nothing else.
pub(crate) fn client(settings: &TierSettings) -> Result<reqwest::Client, ConsoleError> {
    let wrong = |text: String| ConsoleError::Settings(format!("tier: {text}"));
    let parent = settings.parent.clone().unwrap_or_default();
    let url: reqwest::Url = parent.parse().map_err(|error| wrong(format!("parent {parent} is no address: {error}")))?;
    let local = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
    if url.scheme() == "http" && !local && !settings.plain {
        return Err(wrong(format!(
            "parent {parent} is not https; anybody on the way could read it (`plain` allows that)"
        )));
    }
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder =
        reqwest::Client::builder().timeout(Duration::from_secs(60)).connect_timeout(Duration::from_secs(10));
    if url.scheme() == "https" {
        let path = settings.parent_certificate.as_ref();
        let path = path.ok_or_else(|| wrong("parent_certificate is needed for https".to_owned()))?;
        let text = std::fs::read(path).map_err(|error| wrong(format!("{}: {error}", path.display())))?;
        let certificates = reqwest::Certificate::from_pem_bundle(&text)
            .map_err(|error| wrong(format!("{}: {error}", path.display())))?;
        builder = builder.tls_certs_only(certificates);
    }
    builder.build().map_err(|error| wrong(error.to_string()))
}

/// The parent's routes.
pub(super) struct Parent {
    http: reqwest::Client,
    base: String,
    /// Whether the way itself proves who answers.
    proven: bool,
}

impl Parent {
    pub(super) fn of(settings: &TierSettings) -> Result<Self, ConsoleError> {
        let base = settings.parent.clone().unwrap_or_default();
        let proven = base.starts_with("https:");
        Ok(Self { http: client(settings)?, base: format!("{}/api/v1/relay", base.trim_end_matches('/')), proven })
    }

    /// Asks, and believes what the key that `key` finds in the answer has signed. Over TLS an older parent may leave the
    /// signature out: the way proves who it is.
    async fn post<T: serde::de::DeserializeOwned>(
        &self,
        path: &str,
        (body, asked): (&impl Serialize, &Signature),
        key: impl FnOnce(&T) -> Option<PublicKey>,
    ) -> Result<T, String> {
        let sent = self.http.post(format!("{}/{path}", self.base)).json(body).send().await;
        let response = sent.map_err(|error| error.to_string())?;
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = response.bytes().await.map_err(|error| error.to_string())?;
        if !status.is_success() {
            let text: String = String::from_utf8_lossy(&bytes).chars().take(300).collect();
            return Err(format!("{status} {}", fengsui_schema::shown(&text)));
        }
        let answer: T = serde_json::from_slice(&bytes).map_err(|error| error.to_string())?;
        let key = key(&answer).ok_or("the answer names no parent's key")?;
        match answers::is_signed_by(&key, asked, &headers, &bytes) {
            Some(true) => Ok(answer),
            None if self.proven => Ok(answer),
            _ => Err("the answer is not signed by the parent; somebody stands between".to_owned()),
        }
    }
}

/// The key of the node above.
fn key_of(state: &AppState, node: &NodeId) -> Option<PublicKey> {
    state.shared().tier.registry.read().node(node).map(|known| known.key.clone())
}

/// Asks a parent to let this node in, and keeps who the parent is. Says what the operator reads out for the approval.
///
/// # Errors
/// When the code is wrong, or the parent is not the one that made it.
pub async fn enrol_with_parent(
    console: &crate::Console,
    settings: &TierSettings,
    code: &str,
) -> Result<String, ConsoleError> {
    let state = console.state();
    let tier = &state.shared().tier;
    let (answer, node, public) = ask_to_be_let_in(settings, &tier.own, &tier.key, code).await?;
    keep_above(state, node, public, &answer).await?;
    Ok(tier.key.public().id().to_string())
}

/// What a sensor keeps of the node that it sends to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SensorEnrolment {
    /// Name under which the sensor was let in.
    pub sensor: String,
    /// Name of the node that takes its records.
    pub analyzer: String,
    /// That node's public key, uncompressed, in hexadecimal digits: its receipts are signed with it.
    pub public_key: String,
}

/// Asks a console to let a sensor in. Its operator reads out the fingerprint of `key` for the approval.
///
/// # Errors
/// When the name is none, the code is wrong, or the console is not the one that made it.
pub async fn enrol_sensor(
    settings: &TierSettings,
    sensor: &str,
    key: &KeyPair,
    code: &str,
) -> Result<SensorEnrolment, ConsoleError> {
    let name: NodeId = sensor.parse().map_err(|error| ConsoleError::Settings(format!("enrolment: {error}")))?;
    let (_, node, public) = ask_to_be_let_in(settings, &name, key, code).await?;
    let public_key = hex::encode(public.to_bytes());
    Ok(SensorEnrolment { sensor: name.to_string(), analyzer: node.to_string(), public_key })
}

/// Sends key and code; the answer is believed when it comes from the node that made the code.
async fn ask_to_be_let_in(
    settings: &TierSettings,
    own: &NodeId,
    key: &KeyPair,
    code: &str,
) -> Result<(EnrolmentResult, NodeId, PublicKey), ConsoleError> {
    let wrong = |text: String| ConsoleError::Settings(format!("enrolment: {text}"));
    let public = key.public();
    let sig = key.sign(&Enrolment::digest(own, &public, code)).map_err(|error| wrong(error.to_string()))?;
    let request =
        EnrolRequest { node: own.to_string(), public_key: hex::encode(public.to_bytes()), code: code.to_owned(), sig };
    let key = |answer: &EnrolmentResult| node_key(&answer.parent, &answer.public_key).map(|(_, key)| key);
    let answer = Parent::of(settings)?.post("enrol", (&request, &request.sig), key).await.map_err(wrong)?;
    let (node, above) =
        node_key(&answer.parent, &answer.public_key).ok_or_else(|| wrong("no parent's key came".into()))?;
    if !is_parent_of_code(code, above.id()) {
        return Err(wrong("this is not the parent that made the code; somebody stands between".to_owned()));
    }
    Ok((answer, node, above))
}

async fn keep_above(
    state: &AppState,
    node: NodeId,
    key: PublicKey,
    answer: &EnrolmentResult,
) -> Result<(), ConsoleError> {
    let tier = &state.shared().tier;
    let actor = Actor::new("operator", &tier.unit, "local");
    let mut change = Change::begin(state, actor).await?;
    let above = answer.above.iter().filter_map(|above| node_key(&above.node, &above.public_key));
    let above = above.map(|(node, key)| (node, key, Relation::Ancestor));
    for (node, key, relation) in std::iter::once((node, key, Relation::Parent)).chain(above.collect::<Vec<_>>()) {
        let place = Place::of(&tier.unit);
        enrol::insert_node(&mut change, &node, (relation_word(relation), "console"), &key, "active", &place).await?;
        let (object, detail) = (format!("node/{node}"), key.id().to_string());
        let entry = Entry { action: "node.trust", object: &object, outcome: Outcome::Success, detail: &detail };
        change.audit(entry).await?;
    }
    // Whoever had this node's key may have used up numbers of its messages: what it says from now on has others.
    let now = change.now();
    outbox::begin_epochs(change.tx(), now).await?;
    change.commit().await?;
    Ok(enrol::reload(state).await?)
}

fn node_key(node: &str, key: &str) -> Option<(NodeId, PublicKey)> {
    let key = hex::decode(key).ok().and_then(|bytes| PublicKey::from_bytes(&bytes).ok())?;
    Some((node.parse().ok()?, key))
}

/// Runs the link until the console stops.
pub(crate) async fn run(state: AppState) {
    let stopping = state.shared().stopping.clone();
    let work = async {
        tokio::join!(
            watch_nodes(&state),
            super::anchor::run(&state),
            super::force::run(&state),
            super::measure::run(&state),
            super::scores::run(&state),
            super::warnings::run(&state),
            with_parent(&state, Way::Push),
            with_parent(&state, Way::Pull)
        );
    };
    tokio::select! {
        () = work => {}
        () = stopping.cancelled() => {}
    }
}

/// Nodes may be let in or revoked by the command line beside this process.
async fn watch_nodes(state: &AppState) {
    loop {
        tokio::time::sleep(RELOAD_EVERY).await;
        if let Err(error) = enrol::reload(state).await {
            tracing::warn!(%error, "the nodes could not be read");
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Push,
    Pull,
}

/// One of the two loops. A link that fails is tried again with growing pauses.
async fn with_parent(state: &AppState, way: Way) {
    let settings = &state.settings().tier;
    if settings.parent.is_none() {
        return;
    }
    let parent = match Parent::of(settings) {
        Ok(parent) => parent,
        Err(error) => return tracing::error!(%error, "the link to the parent can't be set up"),
    };
    let mut back_off = BackOff::default();
    let mut compared = tokio::time::Instant::now();
    let mut lost = Vec::new();
    loop {
        let Some(node) = state.shared().tier.registry.read().parent() else {
            tokio::time::sleep(RELOAD_EVERY).await;
            continue;
        };
        let done = match way {
            Way::Push => push_round(state, &parent, &node, &mut compared).await,
            Way::Pull => pull_round(state, &parent, &node, &mut lost).await,
        };
        match done {
            Ok(()) => back_off.succeeded(),
            Err(error) => {
                let random = fengsui_crypto::random_bytes::<8>().map_or(0, u64::from_be_bytes);
                let pause = back_off.failed(random);
                tracing::warn!(%error, pause, ?way, "the parent could not be reached");
                tokio::time::sleep(Duration::from_millis(pause)).await;
            }
        }
    }
}

/// Sends one batch, or waits for something to send.
async fn push_round(
    state: &AppState,
    parent: &Parent,
    node: &NodeId,
    compared: &mut tokio::time::Instant,
) -> Result<(), String> {
    let tier = &state.shared().tier;
    let mut changes = tier.wake.subscribe();
    if compared.elapsed() >= COMPARE_EVERY {
        *compared = tokio::time::Instant::now();
        compare_with_parent(state, parent, node).await?;
    }
    let Some(batch) = outbox::next_batch(state, node).await.map_err(|error| error.to_string())? else {
        let _ = tokio::time::timeout(LOOK_EVERY, changes.changed()).await;
        return Ok(());
    };
    send_batch(state, parent, node, &batch).await
}

async fn send_batch(state: &AppState, parent: &Parent, node: &NodeId, batch: &Batch) -> Result<(), String> {
    let answer: Answer = parent.post("push", (batch, &batch.sig), |_| key_of(state, node)).await?;
    outbox::answered(state, node, &answer).await.map_err(|error| error.to_string())?;
    match answer.refused {
        Some(refusal) if !refusal.mends_itself() => Err(format!("the parent refused a batch: {refusal}")),
        _ => Ok(()),
    }
}

/// Ever growing: the clock in microseconds, and past everything that may have been used when the clock has gone back since,
/// even over a restart.
async fn next_counter(state: &AppState) -> ApiResult<u64> {
    let clock = u64::try_from(state.now()).unwrap_or(0).saturating_mul(1_000);
    {
        let mut places = state.shared().tier.places.lock();
        let next = (places.counter + 1).max(clock);
        if next < places.reserved {
            places.counter = next;
            return Ok(next);
        }
    }
    let mut tx = state.shared().db.begin().await?;
    let used = tx.count("SELECT COALESCE(MAX(reserved), 0) AS n FROM tier_counter", args![]).await?;
    let from = u64::try_from(used).unwrap_or(0).max(clock);
    let reserved = from.saturating_add(RESERVED);
    let sql = "INSERT INTO tier_counter (id, reserved) VALUES (1, $1)
               ON CONFLICT (id) DO UPDATE SET reserved = excluded.reserved";
    tx.execute(sql, args![i64::try_from(reserved).unwrap_or(i64::MAX)]).await?;
    tx.commit().await?;
    let mut places = state.shared().tier.places.lock();
    places.counter = (places.counter + 1).max(from);
    places.reserved = places.reserved.max(reserved);
    Ok(places.counter)
}

async fn pull_round(
    state: &AppState,
    parent: &Parent,
    node: &NodeId,
    lost: &mut Vec<(Lane, u64, u64)>,
) -> Result<(), String> {
    let tier = &state.shared().tier;
    let places = inbox::places(&mut state.db(), node).await.map_err(|error| error.to_string())?;
    lost.append(&mut tier.places.lock().lost);
    let mut asked = Pull {
        node: tier.own.to_string(),
        counter: next_counter(state).await.map_err(|error| error.to_string())?,
        wait_ms: 15_000,
        places,
        lost: lost.clone(),
        key: tier.key.public().id().to_string(),
        sig: Signature::from_bytes([0; 64]),
    };
    asked.sig = tier.key.sign(&asked.digest()).map_err(|error| error.to_string())?;
    let pulled: Pulled = parent.post("pull", (&asked, &asked.sig), |_| key_of(state, node)).await?;
    lost.clear();
    for place in &pulled.places {
        outbox::answered(state, node, place).await.map_err(|error| error.to_string())?;
    }
    for batch in &pulled.batches {
        let answer = inbox::take(state, batch).await.map_err(|error| error.to_string())?;
        if let Some(refusal) = answer.refused.filter(|refusal| !refusal.mends_itself()) {
            return Err(format!("a batch of the parent was refused: {refusal}"));
        }
    }
    Ok(())
}

async fn compare_with_parent(state: &AppState, parent: &Parent, node: &NodeId) -> Result<(), String> {
    let tier = &state.shared().tier;
    let text = |error: ApiError| error.to_string();
    let mut db = state.db();
    let mut asked = Compare {
        node: tier.own.to_string(),
        counter: next_counter(state).await.map_err(text)?,
        digests: outbox::digests(&mut db, node).await.map_err(text)?,
        key: tier.key.public().id().to_string(),
        sig: Signature::from_bytes([0; 64]),
    };
    asked.sig = tier.key.sign(&asked.digest()).map_err(|error| error.to_string())?;
    let compared: Compared = parent.post("compare", (&asked, &asked.sig), |_| key_of(state, node)).await?;
    for (lane, first, last) in compared.differing {
        for batch in outbox::repairs(state, node, lane, &[(first, last)]).await.map_err(text)? {
            send_batch(state, parent, node, &batch).await?;
        }
    }
    for digests in &compared.digests {
        let ranges = inbox::differing(&mut db, node, digests).await.map_err(text)?;
        let lost = ranges.into_iter().map(|(first, last)| (digests.lane, first, last));
        tier.places.lock().lost.extend(lost);
    }
    Ok(())
}
