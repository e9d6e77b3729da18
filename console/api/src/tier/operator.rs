//! What the operator of the machine does to nodes from the command line, beside a console that may be running.

use fengsui_relay::tier::{Destination, Labels};

use super::{Draft, enrol};
use crate::Console;
use crate::audit::{Actor, Entry, Outcome};
use crate::db::{Query, Row, args};
use crate::error::ConsoleError;
use crate::scope::Scope;
use crate::state::Change;
use crate::wire::{NewNodeCode, NodeCode, NodeRow};

/// Measuring messages of one transaction.
const PROBES_AT_ONCE: u64 = 200;

/// A message that came from another node.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Received {
    /// Its place in the order in which messages were taken.
    pub number: i64,
    /// Who made it.
    pub origin: String,
    /// The origin's epoch.
    pub epoch: i64,
    /// Its number at the origin.
    pub oseq: i64,
    /// The neighbour that brought it.
    pub peer: String,
    /// Kind.
    pub kind: String,
    /// The object it is about.
    pub obj: String,
    /// When it was taken, in milliseconds since the epoch.
    pub taken_at: i64,
}

impl Console {
    async fn operator(&self) -> Result<(Change, Scope), ConsoleError> {
        let unit = &self.state().shared().unit;
        let actor = Actor::new("operator", unit, "local");
        Ok((Change::begin(self.state(), actor).await?, Scope::subtree(unit)))
    }

    /// Makes a one-time code for a node below; `role` is `console` or `sensor`.
    ///
    /// # Errors
    /// When the name is no node's below this one, or the database fails.
    pub async fn node_code(&self, node: &str, role: &str) -> Result<NodeCode, ConsoleError> {
        let (mut change, scope) = self.operator().await?;
        let new = NewNodeCode { node: node.to_owned(), role: role.to_owned() };
        let code = enrol::new_code(&mut change, &scope, &new).await?;
        change.commit().await?;
        Ok(code)
    }

    /// Lets a node in by the fingerprint of its key.
    ///
    /// # Errors
    /// When there is no such node, the fingerprint is another, or the database fails.
    pub async fn approve_node(&self, node: &str, fingerprint: &str) -> Result<(), ConsoleError> {
        let (mut change, scope) = self.operator().await?;
        enrol::approve(&mut change, &scope, node, fingerprint).await?;
        change.commit().await?;
        Ok(enrol::reload(self.state()).await?)
    }

    /// Takes a node's key back. A running console refuses it within two seconds.
    ///
    /// # Errors
    /// When there is no such node or the database fails.
    pub async fn revoke_node(&self, node: &str, reason: &str) -> Result<(), ConsoleError> {
        let (mut change, scope) = self.operator().await?;
        enrol::revoke(&mut change, &scope, node, reason).await?;
        change.commit().await?;
        Ok(enrol::reload(self.state()).await?)
    }

    /// Takes what a node measured of itself as what it should be: from now on another measurement shows as changed.
    ///
    /// # Errors
    /// When there is no such node, it sent no measurement, or the database fails.
    pub async fn trust_node(&self, node: &str) -> Result<(), ConsoleError> {
        let (mut change, scope) = self.operator().await?;
        super::measure::trust(&mut change, &scope, node).await?;
        Ok(change.commit().await?)
    }

    /// The nodes above and below.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn nodes(&self) -> Result<Vec<NodeRow>, ConsoleError> {
        Ok(enrol::list(self.state(), &Scope::subtree(&self.state().shared().unit)).await?)
    }

    /// Sends measuring messages: `lane` is P0, P2 or P3, `up` to the tiers above or else to those below.
    ///
    /// # Errors
    /// When nobody is that way, the lane has none, or the database fails.
    pub async fn probe(&self, lane: &str, up: bool, count: u64) -> Result<(), ConsoleError> {
        let tier = &self.state().shared().tier;
        let kind = match lane {
            "P0" => "probe_urgent",
            "P2" => "probe",
            "P3" => "probe_bulk",
            _ => return Err(ConsoleError::Settings(format!("lane {lane} has no measuring messages"))),
        };
        let mut done = 0;
        while done < count {
            let mut tx = self.state().shared().db.begin().await?;
            for number in done..count.min(done + PROBES_AT_ONCE) {
                let now = self.state().now();
                let to = if up { Destination::Up } else { Destination::Down };
                let body = serde_json::json!({"number": number, "sent": now});
                let (obj, labels) = (format!("{}/{now}/{number}", tier.own), Labels::default());
                let draft = Draft { kind, to, obj, expires: None, labels, body };
                if !super::send(tier, &mut tx, now, draft).await? {
                    return Err(ConsoleError::Settings("there is no node that way".to_owned()));
                }
            }
            tx.commit().await?;
            done = count.min(done + PROBES_AT_ONCE);
        }
        tier.notify();
        Ok(())
    }

    /// What came from other nodes, in the order it was taken; `after` is the number of the last one seen.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn received(&self, after: i64) -> Result<Vec<Received>, ConsoleError> {
        let sql = "SELECT * FROM tier_inbox WHERE number > $1 ORDER BY number LIMIT 10000";
        let rows = self.state().db().rows(sql, args![after]).await?;
        let read = |row: &Row| {
            Ok(Received {
                number: row.int("number")?,
                origin: row.text("origin")?,
                epoch: row.int("epoch")?,
                oseq: row.int("oseq")?,
                peer: row.text("peer")?,
                kind: row.text("kind")?,
                obj: row.text("obj")?,
                taken_at: row.int("taken_at")?,
            })
        };
        Ok(rows.iter().map(read).collect::<Result<_, sqlx::Error>>()?)
    }

    /// Puts into the audit log what the machine or its operator did.
    ///
    /// # Errors
    /// When the database fails; what was to be done must not be done then.
    pub async fn note(&self, action: &str, object: &str, done: bool, detail: &str) -> Result<(), ConsoleError> {
        let actor = Actor::new("operator", &self.state().shared().unit, "local");
        let outcome = if done { Outcome::Success } else { Outcome::Failed };
        Ok(Change::entry_alone(self.state(), &actor, Entry { action, object, outcome, detail }).await?)
    }

    /// Fingerprint of this node's key, as its operator reads it out for the approval.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        self.state().shared().tier.key.public().id().to_string()
    }
}
