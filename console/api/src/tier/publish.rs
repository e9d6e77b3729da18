//! Files that a tier publishes: rules, masking policies and bulletins downward, indicators either way. The file is opaque
//! here; its digest goes with it and is checked where it arrives, before a receipt is given.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fengsui_crypto::sm3;
use fengsui_relay::tier::Destination;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Draft;
use crate::Console;
use crate::audit::{Entry, Outcome};
use crate::db::{Query, args};
use crate::error::ConsoleError;
use crate::state::Change;

/// Kinds that are files.
pub const PUBLISHED_KINDS: [&str; 4] = ["rules", "masking_policy", "bulletin", "indicator"];
/// Longest file, in bytes: with base64 and frame it fits one message.
const FILE_BYTES: usize = 1 << 20;
/// Longest name, in characters.
const NAME_CHARACTERS: usize = 120;

/// A published file in a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Published {
    name: String,
    /// SM3 of the content, in hexadecimal digits.
    sm3: String,
    /// The content in base64.
    content: String,
}

/// A receipt of a node below.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReceiptRow {
    /// The node that has the file.
    pub node: String,
    /// Kind and name of what it has.
    pub kind: String,
    /// Name.
    pub name: String,
    /// Revision.
    pub revision: u64,
    /// SM3 of the content as it arrived there.
    pub sm3: String,
    /// What became of it there: `kept`, `waiting` for a person, `in_force` or `refused`.
    pub state: String,
    /// Version of the bundle that is in force or waits; 0 where there is none.
    pub version: u64,
    /// Why it was refused, or what else is to be known.
    pub reason: String,
    /// When, in milliseconds since the epoch.
    pub time: i64,
}

impl Published {
    fn read(body: &Value) -> Option<(Self, Vec<u8>)> {
        let file: Self = serde_json::from_value(body.clone()).ok()?;
        let content = STANDARD.decode(&file.content).ok()?;
        let fits = is_name(&file.name) && content.len() <= FILE_BYTES && hex::encode(sm3(&content)) == file.sm3;
        fits.then_some((file, content))
    }
}

/// Names stand in messages, in the audit log and on command lines.
fn is_name(name: &str) -> bool {
    let fits = |letter: char| letter.is_alphanumeric() || matches!(letter, '.' | '-' | '_');
    !name.is_empty() && name.chars().count() <= NAME_CHARACTERS && name.chars().all(fits) && !name.starts_with('.')
}

impl Console {
    /// Publishes a file: indicators to the tiers above or, with `down`, below; every other kind to those below.
    ///
    /// # Errors
    /// When kind, name or size is not allowed, nobody is that way, or the database fails.
    pub async fn publish(&self, kind: &str, name: &str, content: &[u8], down: bool) -> Result<(), ConsoleError> {
        let wrong = |text: &str| ConsoleError::Settings(text.to_owned());
        if !PUBLISHED_KINDS.contains(&kind) {
            return Err(wrong("kind is none of rules, masking_policy, bulletin and indicator"));
        }
        if !is_name(name) || content.len() > FILE_BYTES {
            return Err(wrong("a name is letters, digits, '.', '-' and '_'; a file has at most 1 MiB"));
        }
        let state = self.state();
        let tier = &state.shared().tier;
        let actor = crate::audit::Actor::new("operator", &tier.unit, "local");
        let mut change = Change::begin(state, actor).await?;
        let digest = hex::encode(sm3(content));
        let file = Published { name: name.to_owned(), sm3: digest.clone(), content: STANDARD.encode(content) };
        let to = if down || kind != "indicator" { Destination::Down } else { Destination::Up };
        let obj = format!("{}/{name}", tier.own);
        let draft = Draft::of(kind, to, obj.clone(), &file)?;
        let now = change.now();
        if !super::send(tier, change.tx(), now, draft).await? {
            return Err(wrong("there is no node that way"));
        }
        let action = format!("tier.publish.{kind}");
        change.audit(Entry { action: &action, object: &obj, outcome: Outcome::Success, detail: &digest }).await?;
        change.commit().await?;
        tier.notify();
        Ok(())
    }

    /// The newest revision of a file that came from another node; none when it never came.
    ///
    /// # Errors
    /// When what is kept is damaged, or the database fails.
    pub async fn published(&self, kind: &str, object: &str) -> Result<Option<Vec<u8>>, ConsoleError> {
        let sql = "SELECT body FROM tier_object WHERE kind = $1 AND obj = $2";
        let Some(row) = self.state().db().row(sql, args![kind, object]).await? else { return Ok(None) };
        let body: Value = serde_json::from_str(&row.text("body")?).unwrap_or_default();
        let damaged = || ConsoleError::Settings(format!("{kind} {object} is damaged in the database"));
        Published::read(&body).map(|(_, content)| Some(content)).ok_or_else(damaged)
    }

    /// What the nodes below have of what was published here.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn receipts(&self) -> Result<Vec<ReceiptRow>, ConsoleError> {
        let sql = "SELECT body FROM tier_object WHERE kind = 'policy_receipt' ORDER BY obj";
        let rows = self.state().db().rows(sql, args![]).await?;
        let mut receipts = Vec::with_capacity(rows.len());
        for row in &rows {
            let body: Value = serde_json::from_str(&row.text("body")?).unwrap_or_default();
            let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
            receipts.push(ReceiptRow {
                node: text("node"),
                kind: text("kind"),
                name: text("obj"),
                revision: body["rev"].as_u64().unwrap_or(0),
                sm3: text("sm3"),
                state: text("state"),
                version: body["version"].as_u64().unwrap_or(0),
                reason: text("reason"),
                time: body["time"].as_i64().unwrap_or(0),
            });
        }
        Ok(receipts)
    }
}

/// Content of a published file that is what it says; `None` for a damaged or malformed one.
pub(super) fn content_of(body: &Value) -> Option<Vec<u8>> {
    Published::read(body).map(|(_, content)| content)
}

/// Digest of a published file that is what it says; `None` for a damaged or malformed one.
pub(super) fn digest_of(body: &Value) -> Option<String> {
    Published::read(body).map(|(file, _)| file.sm3)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_file_is_what_its_digest_says() {
        let content = STANDARD.encode(b"alert tcp any any");
        let good = json!({"name": "a.rules", "sm3": hex::encode(sm3(b"alert tcp any any")), "content": content});
        assert!(digest_of(&good).is_some());
        for (name, value) in
            [("sm3", json!("00")), ("name", json!("../a")), ("content", json!("%")), ("more", json!(1))]
        {
            let mut bad = good.clone();
            bad[name] = value;
            assert_eq!(digest_of(&bad), None, "{name}");
        }
    }
}
