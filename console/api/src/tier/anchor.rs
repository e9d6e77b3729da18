//! Anchors of the audit log: this node signs how long the log is and what it ends in, and the parent countersigns.
//!
//! The chain alone shows a changed entry; who rewrites all of it from there on makes a chain that fits. The signature
//! stops whoever has the database and not the key; the parent's copy stops whoever has both.

use std::time::Duration;

use fengsui_crypto::{Checkpoint, HashChain, PublicKey, Signature};
use fengsui_relay::tier::{Destination, Envelope, Labels};
use fengsui_schema::Timestamp;
use serde_json::{Value, json};

use super::{Draft, Tier, inbox};
use crate::db::{Query, args};
use crate::error::{ApiError, ApiResult};
use crate::state::{AppState, Change};

/// New entries after which a checkpoint is due.
const DUE_ENTRIES: i64 = 1_000;
/// Milliseconds after which one is due when there is any new entry.
const DUE_MILLIS: i64 = 60_000;
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Signs checkpoints as they become due.
pub(super) async fn run(state: &AppState) {
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        if let Err(error) = checkpoint_if_due(state).await {
            tracing::error!(%error, "the audit log could not be anchored");
        }
    }
}

async fn checkpoint_if_due(state: &AppState) -> ApiResult<()> {
    let sql = "SELECT length, time FROM audit_checkpoint ORDER BY length DESC LIMIT 1";
    let mut db = state.db();
    let last = db.row(sql, args![]).await?;
    let (length, time) = last.map_or(Ok((0, 0)), |row| Ok::<_, ApiError>((row.int("length")?, row.int("time")?)))?;
    let entries = db.count("SELECT sequence AS n FROM audit_head WHERE id = 1", args![]).await?;
    let due = entries - length >= DUE_ENTRIES || (entries > length && state.now() - time >= DUE_MILLIS);
    if due { checkpoint(state).await } else { Ok(()) }
}

/// Signs the present end of the audit log and tells the parent.
pub(crate) async fn checkpoint(state: &AppState) -> ApiResult<()> {
    let tier = &state.shared().tier;
    let now = state.now();
    let mut tx = state.shared().db.begin().await?;
    let Some(row) = tx.row("SELECT sequence, hash FROM audit_head WHERE id = 1", args![]).await? else { return Ok(()) };
    let (length, head) = (row.int("sequence")?, row.text("hash")?);
    let mut digest = [0; 32];
    hex::decode_to_slice(&head, &mut digest).map_err(|error| ApiError::internal(&error))?;
    let chain = HashChain::resume(u64::try_from(length).unwrap_or(0), digest);
    let signed = Checkpoint::sign(&chain, Timestamp::from_millis(now), &tier.key);
    let signed = signed.map_err(|error| ApiError::internal(&error))?;
    let sql = "INSERT INTO audit_checkpoint (length, head, time, signature) VALUES ($1, $2, $3, $4)
               ON CONFLICT (length) DO NOTHING";
    tx.execute(sql, args![length, head, now, String::from(signed.signature)]).await?;
    let draft = Draft {
        kind: "audit_checkpoint",
        to: Destination::Up,
        obj: format!("{}/{length}", tier.own),
        expires: None,
        labels: Labels::default(),
        body: serde_json::to_value(&signed).map_err(|error| ApiError::internal(&error))?,
    };
    super::send(tier, &mut tx, now, draft).await?;
    tx.commit().await?;
    tier.notify();
    Ok(())
}

/// A child's checkpoint came: it has to continue the one before. False when it can't be understood.
pub(super) async fn anchored(tier: &Tier, change: &mut Change, message: &Envelope, body: &Value) -> ApiResult<bool> {
    let Ok(checkpoint) = serde_json::from_value::<Checkpoint>(body.clone()) else { return Ok(false) };
    let key = tier.registry.read().node(&message.origin).map(|node| node.key.clone());
    // The tiers above the parent keep the message and leave the signature to the parent.
    let Some(key) = key else { return Ok(true) };
    if checkpoint.verify(&key).is_err() {
        return Ok(false);
    }
    let length = i64::try_from(checkpoint.length).unwrap_or(i64::MAX);
    let known =
        change.row("SELECT length, head FROM tier_anchor WHERE node = $1", args![message.origin.as_str()]).await?;
    if let Some(row) = known {
        let (before, head) = (row.int("length")?, row.text("head")?);
        if length < before || (length == before && head != checkpoint.head) {
            let detail = format!("its audit log had {before} entries and now claims {length}: restored or rewritten");
            inbox::note(change, &message.origin, "audit.fork", &detail).await?;
            return Ok(true);
        }
    }
    let sql = "INSERT INTO tier_anchor (node, length, head, time) VALUES ($1, $2, $3, $4)
               ON CONFLICT (node) DO UPDATE SET length = excluded.length, head = excluded.head, time = excluded.time";
    let now = change.now();
    change.execute(sql, args![message.origin.as_str(), length, &checkpoint.head, now]).await?;
    let draft = Draft {
        kind: "audit_countersignature",
        to: Destination::Node(message.origin.clone()),
        obj: format!("{}/{length}", message.origin),
        expires: None,
        labels: Labels::default(),
        body: json!({"length": length, "head": checkpoint.head}),
    };
    if super::send(tier, change.tx(), now, draft).await? {
        tier.notify();
    }
    Ok(true)
}

/// The parent's countersignature came: the message itself is the proof.
pub(super) async fn countersigned(change: &mut Change, message: &Envelope, body: &Value) -> ApiResult<bool> {
    let (Some(length), Some(head)) = (body["length"].as_i64(), body["head"].as_str()) else { return Ok(false) };
    let proof = serde_json::to_string(message).map_err(|error| ApiError::internal(&error))?;
    let sql = "UPDATE audit_checkpoint SET countersignature = $1 WHERE length = $2 AND head = $3";
    Ok(change.execute(sql, args![proof, length, head]).await? == 1)
}

/// A checkpoint as it is kept.
#[derive(Debug, Clone)]
pub(crate) struct KeptCheckpoint {
    pub(crate) length: i64,
    pub(crate) head: String,
    time: i64,
    signature: String,
    countersignature: Option<String>,
}

/// Every checkpoint that is kept, shortest first.
pub(crate) async fn kept(query: &mut impl Query) -> Result<Vec<KeptCheckpoint>, sqlx::Error> {
    let rows = query.rows("SELECT * FROM audit_checkpoint ORDER BY length", args![]).await?;
    let read = |row: &crate::db::Row| {
        Ok(KeptCheckpoint {
            length: row.int("length")?,
            head: row.text("head")?,
            time: row.int("time")?,
            signature: row.text("signature")?,
            countersignature: row.optional_text("countersignature")?,
        })
    };
    rows.iter().map(read).collect()
}

impl KeptCheckpoint {
    /// Checks the signatures; what is wrong with them.
    pub(crate) fn fault(&self, own: Option<&PublicKey>, parent: Option<&PublicKey>) -> Option<&'static str> {
        if let Some(own) = own {
            let signature = Signature::try_from(self.signature.clone());
            let fits = signature.is_ok_and(|signature| {
                let (length, head) = (u64::try_from(self.length).unwrap_or(0), self.head.clone());
                let time = Timestamp::from_millis(self.time);
                Checkpoint { length, head, time, signature }.verify(own).is_ok()
            });
            if !fits {
                return Some("the signature of the checkpoint here does not fit");
            }
        }
        let (Some(parent), Some(proof)) = (parent, &self.countersignature) else { return None };
        let message: Option<Envelope> = serde_json::from_str(proof).ok();
        let fits = message.is_some_and(|message| {
            let body: Value = serde_json::from_str(&message.body).unwrap_or_default();
            let same = body["length"].as_i64() == Some(self.length) && body["head"].as_str() == Some(&self.head);
            let signature = message.origin_signature.as_ref();
            same && signature.is_some_and(|signed| parent.verify(&message.signed_digest(), &signed.sig).is_ok())
        });
        (!fits).then_some("the parent's countersignature of the checkpoint here does not fit")
    }
}
