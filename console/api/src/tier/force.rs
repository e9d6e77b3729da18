//! Puts in force what came from above. A file is kept in the transaction that brought it; what becomes of it is decided
//! after that, as often as it takes, and told upward: `in_force` or `refused`, with version and reason.
//!
//! Rules and masking policies come in signed bundles: the origin's signature says who ordered it, the bundle's who made
//! it. Masking policies wait for a person here, as those that are written here do.

use std::sync::Arc;
use std::time::Duration;

use fengsui_dlp_engine::policy::Policy;
use fengsui_relay::tier::{Destination, Directory as _, Envelope, Labels, NodeId, Relation};
use serde_json::{Value, json};

use super::{Draft, Tier, inbox, publish};
use crate::Console;
use crate::audit::{Actor, Entry, Outcome};
use crate::db::{Query, Row, args};
use crate::error::{ApiError, ApiResult};
use crate::repository::indicators::{self, Hand, Origin};
use crate::repository::policies;
use crate::scope::Place;
use crate::state::{AppState, Change};

/// How often it is looked for what was kept.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Characters of a reason.
const REASON_CHARACTERS: usize = 400;

/// What became of a bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enforced {
    /// Its version.
    pub version: u64,
    /// What there is to know of it: how many rules did not load, what holds from the next start.
    pub note: String,
}

/// What a bundle of masking policies holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offered {
    /// Its version.
    pub version: u64,
    /// The texts of its policies.
    pub policies: Vec<String>,
}

/// The part of the program that knows bundles and what runs by them. Both functions block; asked again with the same
/// bundle they answer the same. The error is for people.
pub trait Enforcer: Send + Sync {
    /// Verifies a bundle of rules, installs it and has the parts of this process use it.
    ///
    /// # Errors
    /// Why it is refused; nothing has changed then.
    fn rules(&self, bundle: &[u8]) -> Result<Enforced, String>;

    /// Verifies a bundle of masking policies.
    ///
    /// # Errors
    /// Why it is refused.
    fn masking(&self, bundle: &[u8]) -> Result<Offered, String>;
}

impl Console {
    /// Who puts published rules and masking policies in force; without one they are only kept.
    pub fn enforce_with(&self, enforcer: Arc<dyn Enforcer>) {
        *self.state().shared().enforcer.lock() = Some(enforcer);
    }
}

/// How it ended.
struct Decision {
    state: &'static str,
    version: u64,
    reason: String,
}

impl Decision {
    fn refused(reason: &str) -> Self {
        Self { state: "refused", version: 0, reason: reason.to_owned() }
    }

    fn in_force(version: u64, note: &str) -> Self {
        Self { state: "in_force", version, reason: note.to_owned() }
    }
}

/// A file that was kept.
struct Kept {
    kind: String,
    obj: String,
    rev: i64,
    sm3: String,
}

impl Kept {
    fn read(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self { kind: row.text("kind")?, obj: row.text("obj")?, rev: row.int("rev")?, sm3: row.text("sm3")? })
    }
}

/// A file came: it is noted, and a receipt says that it arrived whole. False when it is none.
pub(super) async fn arrived(
    tier: &Tier,
    change: &mut Change,
    (peer, message): (&NodeId, &Envelope),
    body: &Value,
) -> ApiResult<bool> {
    let Some(sm3) = publish::digest_of(body) else { return Ok(false) };
    let from_above = matches!(tier.registry.read().relation(&message.origin), Relation::Parent | Relation::Ancestor);
    // What lower tiers found is theirs to use; here a person takes it in.
    if !from_above {
        return Ok(true);
    }
    let detail = format!("{} sm3 {sm3}", message.obj);
    inbox::note(change, peer, &format!("relay.order.{}", message.kind), &detail).await?;
    let rev = i64::try_from(message.rev).unwrap_or(i64::MAX);
    let file = Kept { kind: message.kind.clone(), obj: message.obj.clone(), rev, sm3 };
    // A bulletin is there to be read, and can be from now on.
    let state = if message.kind == "bulletin" { "in_force" } else { "kept" };
    let decision = Decision { state, version: 0, reason: String::new() };
    let sql = "INSERT INTO tier_force (kind, obj, rev, sm3, state, version, reason, changed_at)
               VALUES ($1, $2, $3, $4, $5, 0, '', $6)
               ON CONFLICT (kind, obj) DO UPDATE SET rev = excluded.rev, sm3 = excluded.sm3, state = excluded.state,
                   version = 0, reason = '', changed_at = excluded.changed_at";
    let now = change.now();
    change.execute(sql, args![&file.kind, &file.obj, rev, &file.sm3, state, now]).await?;
    receipt(tier, change, &file, &decision).await?;
    Ok(true)
}

/// Tells the nodes above what became of an order here.
async fn receipt(tier: &Tier, change: &mut Change, file: &Kept, decision: &Decision) -> ApiResult<()> {
    let now = change.now();
    let body = json!({
        "kind": file.kind, "obj": file.obj, "rev": file.rev, "node": tier.own.as_str(), "time": now, "sm3": file.sm3,
        "state": decision.state, "version": decision.version, "reason": decision.reason,
    });
    let draft = Draft {
        kind: "policy_receipt",
        to: Destination::Up,
        obj: format!("{}/{}/{}", file.kind, file.obj, tier.own),
        expires: None,
        labels: Labels::default(),
        body,
    };
    super::send(tier, change.tx(), now, draft).await?;
    Ok(())
}

/// Tells the nodes above that an order which is no file arrived here.
pub(super) async fn acknowledge(tier: &Tier, change: &mut Change, order: &Envelope) -> ApiResult<()> {
    let rev = i64::try_from(order.rev).unwrap_or(i64::MAX);
    let file = Kept { kind: order.kind.clone(), obj: order.obj.clone(), rev, sm3: String::new() };
    receipt(tier, change, &file, &Decision { state: "kept", version: 0, reason: String::new() }).await
}

/// Decides what was kept.
pub(super) async fn run(state: &AppState) {
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        if let Err(error) = decide_kept(state).await {
            tracing::error!(%error, "what came from above could not be put in force; it is tried again");
        }
    }
}

async fn decide_kept(state: &AppState) -> ApiResult<()> {
    let sql = "SELECT f.kind, f.obj, f.rev, f.sm3, o.body FROM tier_force f
               JOIN tier_object o ON o.kind = f.kind AND o.obj = f.obj WHERE f.state = 'kept' ORDER BY f.changed_at";
    for row in state.db().rows(sql, args![]).await? {
        let file = Kept::read(&row)?;
        let body: Value = serde_json::from_str(&row.text("body")?).unwrap_or_default();
        let content = publish::content_of(&body);
        let decided = match content {
            None => Some(Decided::Now(Decision::refused("it is damaged in the database"))),
            Some(content) => decide(state, &file, content).await?,
        };
        match decided {
            Some(Decided::Now(decision)) => keep(state, &file, decision).await?,
            Some(Decided::ByPeople(offered)) => offer(state, &file, offered).await?,
            None => {}
        }
    }
    Ok(())
}

enum Decided {
    Now(Decision),
    ByPeople(Offered),
}

/// What is to become of a file; none when nobody here can say.
async fn decide(state: &AppState, file: &Kept, content: Vec<u8>) -> ApiResult<Option<Decided>> {
    if file.kind == "indicator" {
        let list = list_of(&file.obj);
        return Ok(Some(Decided::Now(take_indicators(state, &list, content).await?)));
    }
    let Some(enforcer) = state.shared().enforcer.lock().clone() else { return Ok(None) };
    let refused = |reason: String| Decided::Now(Decision::refused(&reason));
    let decided = match file.kind.as_str() {
        "rules" => match state.off_thread(move || enforcer.rules(&content)).await? {
            Ok(done) => Decided::Now(Decision::in_force(done.version, &done.note)),
            Err(reason) => refused(reason),
        },
        "masking_policy" => match state.off_thread(move || enforcer.masking(&content)).await? {
            Ok(offered) => Decided::ByPeople(offered),
            Err(reason) => refused(reason),
        },
        _ => return Ok(None),
    };
    Ok(Some(decided))
}

/// Writes what became of a file, unless a newer revision came meanwhile.
async fn keep(state: &AppState, file: &Kept, mut decision: Decision) -> ApiResult<()> {
    let tier = &state.shared().tier;
    let plain = |letter: char| if letter.is_control() { ' ' } else { letter };
    decision.reason = decision.reason.chars().map(plain).take(REASON_CHARACTERS).collect();
    let mut change = Change::begin(state, actor(tier)).await?;
    if note(tier, &mut change, file, &decision).await? {
        change.commit().await?;
        tier.notify();
    }
    if decision.state == "in_force" && file.kind == "rules" {
        tier.measure_again.notify_one();
    }
    Ok(())
}

fn actor(tier: &Tier) -> Actor {
    Actor::new(&format!("node/{}", tier.own), &tier.unit, inbox::RELAY)
}

/// True when it was written.
async fn note(tier: &Tier, change: &mut Change, file: &Kept, decision: &Decision) -> ApiResult<bool> {
    let sql = "UPDATE tier_force SET state = $1, version = $2, reason = $3, changed_at = $4
               WHERE kind = $5 AND obj = $6 AND rev = $7 AND state IN ('kept', 'waiting')";
    let (now, version) = (change.now(), i64::try_from(decision.version).unwrap_or(i64::MAX));
    let values = args![decision.state, version, &decision.reason, now, &file.kind, &file.obj, file.rev];
    if change.execute(sql, values).await? == 0 {
        return Ok(false);
    }
    receipt(tier, change, file, decision).await?;
    let outcome = if decision.state == "refused" { Outcome::Denied } else { Outcome::Success };
    let (action, object) = (format!("tier.{}", decision.state), format!("{}/{}", file.kind, file.obj));
    let detail = format!("version {}, sm3 {}: {}", decision.version, file.sm3, decision.reason);
    change.audit(Entry { action: &action, object: &object, outcome, detail: &detail }).await?;
    Ok(true)
}

/// Puts masking policies forward to a person here.
async fn offer(state: &AppState, file: &Kept, offered: Offered) -> ApiResult<()> {
    let parsed: Result<Vec<(Policy, &String)>, ApiError> =
        offered.policies.iter().map(|text| policies::parsed(text).map(|policy| (policy, text))).collect();
    let parsed = match parsed {
        Ok(parsed) if !parsed.is_empty() => parsed,
        Ok(_) => return keep(state, file, Decision::refused("it holds no masking policy")).await,
        Err(error) => return keep(state, file, Decision::refused(error.message_en())).await,
    };
    let tier = &state.shared().tier;
    let mut change = Change::begin(state, actor(tier)).await?;
    let origin: NodeId =
        file.obj.split('/').next().unwrap_or_default().parse().map_err(|error| ApiError::internal(&error))?;
    for (policy, text) in parsed {
        let id = policies::put_forward(&mut change, &origin, &policy, text).await?;
        let sql = "INSERT INTO tier_offer (policy_id, obj, rev) VALUES ($1, $2, $3)";
        change.execute(sql, args![id, &file.obj, file.rev]).await?;
    }
    let waiting =
        Decision { state: "waiting", version: offered.version, reason: "a person there has to approve it".to_owned() };
    if note(tier, &mut change, file, &waiting).await? {
        change.commit().await?;
        tier.notify();
    }
    Ok(())
}

/// A person decided on a masking policy; when it came from above, the nodes there are told.
pub(crate) async fn policy_decided(change: &mut Change, policy: i64, approved: bool, reason: &str) -> ApiResult<()> {
    let sql = "SELECT f.kind, f.obj, f.rev, f.sm3, f.version FROM tier_offer o
               JOIN tier_force f ON f.kind = 'masking_policy' AND f.obj = o.obj AND f.rev = o.rev
               WHERE o.policy_id = $1 AND f.state = 'waiting'";
    let Some(row) = change.row(sql, args![policy]).await? else { return Ok(()) };
    let (file, version) = (Kept::read(&row)?, u64::try_from(row.int("version")?).unwrap_or(0));
    let sql = "SELECT COUNT(*) AS n FROM tier_offer o JOIN masking_policy m ON m.id = o.policy_id
               WHERE o.obj = $1 AND o.rev = $2 AND m.state = 'submitted'";
    let open = change.count(sql, args![&file.obj, file.rev]).await?;
    // One that is refused refuses the file; with several, the last approval puts it in force.
    let decision = match (approved, open) {
        (false, _) => Decision { version, ..Decision::refused(reason) },
        (true, 0) => Decision::in_force(version, reason),
        (true, _) => return Ok(()),
    };
    let state = change.state().clone();
    let tier = &state.shared().tier;
    if note(tier, change, &file, &decision).await? {
        tier.notify();
    }
    Ok(())
}

/// The name here of a list from above: `620000/iocs.csv` is `620000-iocs`.
fn list_of(obj: &str) -> String {
    let name = obj.rsplit_once('.').map_or(obj, |(name, _)| name).to_lowercase();
    let plain = |letter: char| if letter.is_ascii_alphanumeric() || "._-".contains(letter) { letter } else { '-' };
    name.chars().map(plain).take(40).collect()
}

async fn take_indicators(state: &AppState, list: &str, content: Vec<u8>) -> ApiResult<Decision> {
    let (name, sm3) = (list.to_owned(), hex::encode(fengsui_crypto::sm3(&content)));
    let file =
        state.off_thread(move || fengsui_detect::read_indicators(&name, &String::from_utf8_lossy(&content))).await?;
    if !file.allowed.is_empty()
        || file.indicators.is_empty()
        || file.indicators.len() > crate::limits::INDICATORS_PER_IMPORT
    {
        let first = file.failures.first().map_or("it holds no indicator, or too many", String::as_str);
        return Ok(Decision::refused(first));
    }
    let tier = &state.shared().tier;
    let mut change = Change::begin(state, actor(tier)).await?;
    let (place, by, now) = (Place::of(&tier.unit), change.actor().name.clone(), change.now());
    let hand = Hand { place: &place, by: &by, now };
    let taking = async {
        indicators::digest_of(&mut change, list, Origin::Import).await?;
        indicators::take(change.tx(), &hand, (list, Origin::Import, &sm3), &file.indicators).await
    };
    if let Err(error) = taking.await {
        return Ok(Decision::refused(error.message_en()));
    }
    // What the new revision no longer names was taken back above.
    indicators::drop_older(change.tx(), list, now).await?;
    let (taken, refused) = (file.indicators.len(), file.failures.len());
    let note = format!("{taken} taken, {refused} refused");
    change.finish("indicator.write.import", &format!("indicator-list/{list}"), &note).await?;
    let live = crate::indicators::put_in_force(state, &[list.to_owned()]).await?;
    let more = if live { "" } else { "; the analyzer reads them at its next start" };
    Ok(Decision::in_force(0, &format!("{note}{more}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_from_above_have_names_of_files() {
        assert_eq!(list_of("620000/IoCs of May.csv"), "620000-iocs-of-may");
        assert_eq!(list_of("620000/名单"), "620000---");
        assert!(list_of(&"x".repeat(300)).len() <= 40);
    }
}
