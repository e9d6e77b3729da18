//! What messages of other nodes do here. Alerts, incidents and visibility of lower tiers become rows beside this
//! node's own, so that every page shows the whole subtree; tasks become tasks; everything else is kept as an object.

use std::borrow::Cow;
use std::net::IpAddr;

use fengsui_crypto::sm3;
use fengsui_relay::tier::{Destination, Envelope, NodeId};
use fengsui_schema::{Output, UnitCode};
use serde_json::{Value, json};

use super::{Draft, Tier, anchor, evidence, force, inbox, regulations, tasks, warnings};
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
        "regulation" => regulations::ordered(tier, change, message, &body).await?,
        "regulation_signature" => regulations::signed(tier, change, message, &body).await?,
        "regulation_urge" => regulations::urged(tier, change, message, &body).await?,
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

/// The message that tells the tiers above of something the analyzer found; without addresses when they are withheld.
pub(crate) fn summary_of(output: &Output, withholds: bool) -> Option<Draft<'static>> {
    let (kind, obj, mut body) = match output {
        Output::Alert(alert) => ("alert_summary", alert.id.to_string(), serde_json::to_value(alert).ok()?),
        Output::Incident(incident) => {
            ("incident_summary", incident.id.to_string(), serde_json::to_value(incident).ok()?)
        }
        Output::Visibility(seen) => ("visibility", seen.observer.clone(), serde_json::to_value(seen).ok()?),
        Output::Finding(_) => return None,
    };
    if withholds && kind != "visibility" {
        withhold_addresses(&mut body);
    }
    Some(Draft::plain(kind, Destination::Up, obj, body))
}

/// Takes addresses out of what goes up: those of the flow and those within texts. Groups stay groups under the digest of
/// their name.
fn withhold_addresses(body: &mut Value) {
    if let Some(flow) = body.get_mut("flow").and_then(Value::as_object_mut) {
        flow.remove("source_ip");
        flow.remove("destination_ip");
    }
    // A digest over addresses tells them to whoever tries all there are.
    if let Some(fields) = body.as_object_mut() {
        fields.remove("fold");
        fields.remove("folds");
    }
    if let Some(group) = body.get("group_key").and_then(Value::as_str) {
        body["group_key"] = hex::encode(sm3(group.as_bytes())).into();
    }
    withhold_in_texts(body);
}

fn withhold_in_texts(value: &mut Value) {
    match value {
        Value::String(text) => *text = without_addresses(text),
        Value::Array(items) => items.iter_mut().for_each(withhold_in_texts),
        Value::Object(fields) => fields.values_mut().for_each(withhold_in_texts),
        _ => {}
    }
}

/// A text with a mark in the place of every address; what a dot or colon of the sentence ends is an address too.
fn without_addresses(text: &str) -> String {
    let of_address = |c: char| c.is_ascii_hexdigit() || matches!(c, '.' | ':');
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(of_address) {
        let (before, from) = rest.split_at(start);
        let (word, after) = from.split_at(from.find(|c| !of_address(c)).unwrap_or(from.len()));
        kept.push_str(before);
        kept.push_str(&without_address(word));
        rest = after;
    }
    kept + rest
}

fn without_address(word: &str) -> Cow<'_, str> {
    let bare = word.trim_end_matches(['.', ':']);
    let host = bare.rsplit_once(':').map_or(bare, |(host, _)| host);
    if [word, bare, host].iter().any(|text| text.parse::<IpAddr>().is_ok()) { Cow::Borrowed("*") } else { word.into() }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_out_of_texts_and_nothing_else_is() {
        for (text, expected) in [
            ("来自203.0.113.9的请求", "来自*的请求"),
            ("to 10.8.0.2:443.", "to *"),
            ("fe80::1, then 2001:db8::7.", "*, then *"),
            ("at 10:05 rule 9.1 of abcd", "at 10:05 rule 9.1 of abcd"),
        ] {
            assert_eq!(without_addresses(text), expected);
        }
    }
}
