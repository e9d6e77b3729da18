//! Trust by measurement: at its start a node digests its program, rules and settings and tells the nodes above. A person
//! there says once that this is what it should be; whatever differs later shows as changed.

use std::sync::Arc;
use std::time::Duration;

use fengsui_crypto::sm3_of_parts;
use fengsui_relay::tier::{Destination, Envelope, NodeId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Draft, inbox};
use crate::Console;
use crate::audit::{Entry, Outcome};
use crate::db::{Query, args};
use crate::error::{ApiError, ApiResult};
use crate::scope::Scope;
use crate::state::{AppState, Change};

/// How often a node without a parent looks whether it has one now.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Digests of what a node runs: SM3, in hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measurement {
    /// Of the program's file.
    pub program: String,
    /// Of the rule files, names and contents.
    pub rules: String,
    /// Of the settings in force.
    pub settings: String,
}

impl Measurement {
    /// One digest over the three, in hexadecimal digits.
    #[must_use]
    pub fn digest(&self) -> String {
        let parts = [self.program.as_bytes(), self.rules.as_bytes(), self.settings.as_bytes()];
        hex::encode(sm3_of_parts(&[b"fengsui measurement v1", parts[0], parts[1], parts[2]]))
    }
}

/// Measures; what went wrong in words. Blocks for as long as the files take.
pub type Measure = Arc<dyn Fn() -> Result<Measurement, String> + Send + Sync>;

impl Console {
    /// How this program is measured: when there is a node above to be told, and again when its rules were exchanged.
    pub fn measure_with(&self, measure: Measure) {
        *self.state().shared().measure.lock() = Some(measure);
    }
}

/// Sends the measurement of this start when there is a parent, and another one after every exchange of rules.
pub(super) async fn run(state: &AppState) {
    while state.shared().tier.registry.read().parent().is_none() {
        tokio::time::sleep(LOOK_EVERY).await;
    }
    let Some(measure) = state.shared().measure.lock().clone() else { return };
    loop {
        run_once(state, Arc::clone(&measure)).await;
        state.shared().tier.measure_again.notified().await;
    }
}

async fn run_once(state: &AppState, measure: Measure) {
    let measured = match tokio::task::spawn_blocking(move || measure()).await {
        Ok(Ok(measured)) => measured,
        Ok(Err(error)) => return tracing::error!(error, "this program could not be measured"),
        Err(error) => return tracing::error!(%error, "the measurement ended early"),
    };
    while let Err(error) = tell(state, &measured).await {
        tracing::error!(%error, "the measurement could not be sent");
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

async fn tell(state: &AppState, measured: &Measurement) -> ApiResult<()> {
    let tier = &state.shared().tier;
    let (now, mut tx) = (state.now(), state.shared().db.begin().await?);
    let mut body = serde_json::to_value(measured).map_err(|error| ApiError::internal(&error))?;
    body["digest"] = measured.digest().into();
    let draft = Draft::plain("measurement", Destination::Up, tier.own.to_string(), body);
    super::send(tier, &mut tx, now, draft).await?;
    tx.commit().await?;
    tier.notify();
    Ok(())
}

/// A node below told what it measured. False when it can't be understood.
pub(super) async fn measured(change: &mut Change, message: &Envelope, body: &Value) -> ApiResult<bool> {
    let Some(digest) = body.get("digest").and_then(Value::as_str).filter(|text| text.len() == 64) else {
        return Ok(false);
    };
    keep(change, &message.origin, digest).await?;
    Ok(true)
}

/// Keeps what a node or a sensor measured of itself; one that is not as it should be is in the audit log.
pub(super) async fn keep(change: &mut Change, node: &NodeId, digest: &str) -> ApiResult<()> {
    let sql = "SELECT measurement, trusted_measurement FROM tier_node WHERE id = $1";
    let Some(row) = change.row(sql, args![node.as_str()]).await? else { return Ok(()) };
    if row.text("measurement")? == digest {
        return Ok(());
    }
    change.execute("UPDATE tier_node SET measurement = $1 WHERE id = $2", args![digest, node.as_str()]).await?;
    let trusted = row.text("trusted_measurement")?;
    if !trusted.is_empty() && trusted != digest {
        let detail = format!("measures {digest}, should be {trusted}");
        inbox::note(change, node, "node.changed", &detail).await?;
    }
    Ok(())
}

/// Takes the last measurement of a node as what it should be.
pub(super) async fn trust(change: &mut Change, scope: &Scope, id: &str) -> ApiResult<()> {
    let row = super::enrol::found(change, scope, id).await?;
    let measured = row.text("measurement")?;
    if measured.is_empty() {
        return Err(ApiError::conflict("该节点尚未上报度量值", "the node has sent no measurement yet"));
    }
    let sql = "UPDATE tier_node SET trusted_measurement = $1 WHERE id = $2";
    change.execute(sql, args![&measured, id]).await?;
    let object = format!("node/{id}");
    let entry = Entry { action: "node.trust", object: &object, outcome: Outcome::Success, detail: &measured };
    change.audit(entry).await
}
