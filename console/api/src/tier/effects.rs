//! What messages of other nodes do here. Alerts, incidents and visibility of lower tiers become rows beside this
//! node's own, so that every page shows the whole subtree; tasks become tasks; everything else is kept as an object.

use fengsui_relay::tier::{Destination, Envelope, Labels, NodeId};
use fengsui_schema::{Output, UnitCode};
use serde_json::{Value, json};

use super::{Draft, Tier, anchor, evidence, force, inbox, tasks, warnings};
use crate::error::ApiResult;
use crate::state::Change;

/// Lets a message take effect. Content that can't be understood changes nothing and is written to the audit log: its
/// number counts as taken all the same.
pub(super) async fn apply(tier: &Tier, change: &mut Change, peer: &NodeId, message: &Envelope) -> ApiResult<()> {
    let body: Value = serde_json::from_str(&message.body).unwrap_or_default();
    let understood = match message.kind.as_str() {
        "alert_summary" | "incident_summary" | "visibility" => match output_of(&message.kind, &body, &message.origin) {
            Some(output) => crate::ingest::take_from_below(change, &output).await.map(|()| true)?,
            None => false,
        },
        "task" => tasks::ordered(tier, change, message, &body).await?,
        "task_result" => tasks::reported(tier, change, message, &body).await?,
        "warning" => warnings::ordered(tier, change, message, &body).await?,
        "warning_receipt" => warnings::received(tier, change, message, &body).await?,
        "audit_checkpoint" => anchor::anchored(tier, change, message, &body).await?,
        "audit_countersignature" => anchor::countersigned(change, message, &body).await?,
        "measurement" => super::measure::measured(change, message, &body).await?,
        "emergency" | "recall" => {
            inbox::note(change, peer, &format!("relay.order.{}", message.kind), &message.obj).await?;
            force::acknowledge(tier, change, message).await?;
            true
        }
        "rules" | "masking_policy" | "bulletin" | "indicator" => {
            force::arrived(tier, change, (peer, message), &body).await?
        }
        "evidence_request" => evidence::asked(change, message, &body).await?,
        "evidence" => evidence::take(tier, change, message, &body).await?,
        _ => true,
    };
    if !understood {
        let detail = format!("{} {} of {} was not understood", message.kind, message.obj, message.origin);
        inbox::note(change, peer, "relay.not_understood", &detail).await?;
    }
    Ok(())
}

/// The message that tells the tiers above of something the analyzer found.
pub(crate) fn summary_of(output: &Output) -> Option<Draft<'static>> {
    let (kind, obj, body) = match output {
        Output::Alert(alert) => ("alert_summary", alert.id.to_string(), serde_json::to_value(alert).ok()?),
        Output::Incident(incident) => {
            ("incident_summary", incident.id.to_string(), serde_json::to_value(incident).ok()?)
        }
        Output::Visibility(seen) => ("visibility", seen.observer.clone(), serde_json::to_value(seen).ok()?),
        Output::Finding(_) => return None,
    };
    Some(Draft { kind, to: Destination::Up, obj, expires: None, labels: Labels::default(), body })
}

/// The summary as the types know it: what stayed below is empty here. Objects of a unit outside the origin's are not
/// believed.
fn output_of(kind: &str, body: &Value, origin: &NodeId) -> Option<Output> {
    let mut whole = match kind {
        "alert_summary" => json!({"conditions": [], "entities": [], "techniques": [], "events": []}),
        "incident_summary" => json!({"entities": [], "explanation": [], "techniques": [], "members": []}),
        _ => json!({}),
    };
    for (name, value) in body.as_object()? {
        whole.as_object_mut()?.insert(name.clone(), value.clone());
    }
    let output = match kind {
        "alert_summary" => Output::Alert(serde_json::from_value(whole).ok()?),
        "incident_summary" => Output::Incident(serde_json::from_value(whole).ok()?),
        _ => Output::Visibility(serde_json::from_value(whole).ok()?),
    };
    let own: UnitCode = origin.as_str().parse().ok()?;
    let inside = |unit: &UnitCode| unit.path().starts_with(&own.path());
    let fits = match &output {
        Output::Alert(alert) => inside(&alert.unit),
        Output::Incident(incident) => inside(&incident.unit),
        _ => true,
    };
    fits.then_some(output)
}
