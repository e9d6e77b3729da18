//! Who may send over the uplink: sensors that were let in here, until they are revoked.

use std::collections::BTreeMap;
use std::sync::Arc;

use fengsui_crypto::CryptoError;
use fengsui_pipeline::UplinkGate;
use fengsui_relay::tier::{NodeId, Refusal};
use fengsui_relay::uplink::{Header, Receipt, SignedHeader, Verdict};
use parking_lot::Mutex;

use super::inbox::{RELAY, note, refuse};
use super::uplink::RELOAD_EVERY;
use super::{Registry, enrol, measure};
use crate::Console;
use crate::audit::{Actor, Entry, Outcome};
use crate::db::args;
use crate::error::ApiResult;
use crate::state::{AppState, Change};

/// Time between two entries of the audit log about the same sensor and reason, in milliseconds. What comes between is
/// counted and told with the next one, so that nobody fills the log by knocking.
const TELL_EVERY: i64 = 60_000;
/// Pairs of sensor and reason that are told apart.
const TOLD: usize = 1_000;

/// The console's side of the uplink.
struct Gate {
    state: AppState,
    told: Mutex<BTreeMap<(String, Refusal), Told>>,
    /// When sensors were last heard of and how far their clocks were ahead, in milliseconds; written every two seconds.
    heard: Mutex<BTreeMap<NodeId, (i64, i64)>>,
    /// What sensors measured of themselves, and whether it was written.
    measured: Mutex<BTreeMap<NodeId, (String, bool)>>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Told {
    at: i64,
    since: u64,
}

impl Console {
    /// Lets sensors in: checks their parcels and signs what is answered. A sensor that is revoked, here or by the command
    /// line, is shut out within two seconds. Must be called within a tokio runtime.
    #[must_use]
    pub fn uplink_gate(&self) -> Arc<dyn UplinkGate> {
        let gate = Arc::new(Gate {
            state: self.state().clone(),
            told: Mutex::default(),
            heard: Mutex::default(),
            measured: Mutex::default(),
        });
        let (watched, stopping) = (Arc::clone(&gate), self.state().shared().stopping.clone());
        tokio::spawn(async move {
            while tokio::time::timeout(RELOAD_EVERY, stopping.cancelled()).await.is_err() {
                if let Err(error) = watched.refresh().await {
                    tracing::warn!(%error, "the nodes could not be read");
                }
            }
        });
        gate
    }
}

impl Gate {
    /// Reads who is let in, and writes when sensors were heard of.
    async fn refresh(&self) -> ApiResult<()> {
        enrol::reload(&self.state).await?;
        self.keep_measured().await?;
        let heard = std::mem::take(&mut *self.heard.lock());
        if heard.is_empty() {
            return Ok(());
        }
        let mut tx = self.state.shared().db.begin().await?;
        for (sensor, (at, skew)) in heard {
            let sql = "UPDATE tier_node SET last_contact = $1, skew = $2 WHERE id = $3";
            tx.execute(sql, args![at, skew, sensor.as_str()]).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Writes what sensors measured since the last look.
    async fn keep_measured(&self) -> ApiResult<()> {
        let fresh: Vec<(NodeId, String)> = {
            let measured = self.measured.lock();
            measured
                .iter()
                .filter(|(_, (_, kept))| !kept)
                .map(|(node, (digest, _))| (node.clone(), digest.clone()))
                .collect()
        };
        for (sensor, digest) in fresh {
            let actor = Actor::new(&format!("node/{sensor}"), &self.state.shared().unit, RELAY);
            let mut change = Change::begin(&self.state, actor).await?;
            measure::keep(&mut change, &sensor, &digest).await?;
            change.commit_delivery().await?;
            if let Some(known) = self.measured.lock().get_mut(&sensor).filter(|known| known.0 == digest) {
                known.1 = true;
            }
        }
        Ok(())
    }

    /// Whether a refusal is told now, and how many were not since the last one.
    fn is_due(&self, sensor: &str, reason: Refusal) -> Option<u64> {
        let now = self.state.now();
        let mut told = self.told.lock();
        if told.len() >= TOLD {
            told.retain(|_, last| now - last.at < TELL_EVERY);
        }
        let last = told.entry((sensor.to_owned(), reason)).or_default();
        if last.at != 0 && now - last.at < TELL_EVERY {
            last.since += 1;
            return None;
        }
        let since = std::mem::take(&mut last.since);
        last.at = now;
        Some(since)
    }

    /// Writes one entry to the audit log, in the background.
    fn tell(&self, sensor: Option<NodeId>, reason: Refusal, detail: String) {
        let state = self.state.clone();
        tokio::spawn(async move {
            if let Err(error) = tell(&state, sensor.as_ref(), reason, &detail).await {
                tracing::error!(%error, %reason, detail, "a refusal could not be written to the audit log");
            }
        });
    }
}

async fn tell(state: &AppState, sensor: Option<&NodeId>, reason: Refusal, detail: &str) -> ApiResult<()> {
    let name = sensor.map_or("unknown", NodeId::as_str);
    let actor = Actor::new(&format!("node/{name}"), &state.shared().unit, RELAY);
    let Some(sensor) = sensor else {
        let action = format!("relay.refuse.{reason}");
        let entry = Entry { action: &action, object: "uplink", outcome: Outcome::Denied, detail };
        return Change::entry_alone(state, &actor, entry).await;
    };
    let mut change = Change::begin(state, actor).await?;
    refuse(&mut change, sensor, reason, detail).await?;
    change.commit().await
}

async fn tell_lost(state: &AppState, sensor: &NodeId, records: u64) -> ApiResult<()> {
    let actor = Actor::new(&format!("node/{sensor}"), &state.shared().unit, RELAY);
    let mut change = Change::begin(state, actor).await?;
    let detail = format!("{records} records are gone at the sensor");
    note(&mut change, sensor, "relay.gap", &detail).await?;
    change.commit().await
}

impl Registry {
    /// Whether a node is a sensor of this node's, revoked or not.
    fn is_sensor(&self, node: &NodeId) -> bool {
        self.node(node).is_some_and(|known| known.sensor)
    }
}

impl UplinkGate for Gate {
    fn check(&self, signed: &SignedHeader) -> Result<(), Refusal> {
        let registry = self.state.shared().tier.registry.read();
        if !registry.is_sensor(&signed.header.sensor) {
            return Err(Refusal::UnknownKey);
        }
        signed.verify(&*registry)
    }

    fn receipt(&self, header: &Header, next: u64, verdict: Verdict, wait_ms: u64) -> Result<Receipt, CryptoError> {
        if verdict == Verdict::Taken {
            let now = self.state.now();
            self.heard.lock().insert(header.sensor.clone(), (now, header.issued.saturating_sub(now)));
            if let Some(digest) = &header.measurement {
                let mut measured = self.measured.lock();
                if measured.get(&header.sensor).is_none_or(|(known, _)| known != digest) {
                    measured.insert(header.sensor.clone(), (digest.clone(), false));
                }
            }
        }
        Receipt::sign(header, next, verdict, wait_ms, &*self.state.shared().tier.key)
    }

    fn refused(&self, sensor: &str, reason: Refusal, detail: &str) {
        let known =
            sensor.parse::<NodeId>().ok().filter(|node| self.state.shared().tier.registry.read().is_sensor(node));
        let Some(since) = self.is_due(known.as_ref().map_or("", NodeId::as_str), reason) else { return };
        let more = if since > 0 { format!("; {since} more since the last entry") } else { String::new() };
        self.tell(known, reason, format!("{detail}{more}"));
    }

    fn lost(&self, sensor: &NodeId, records: u64) {
        let (state, sensor) = (self.state.clone(), sensor.clone());
        tokio::spawn(async move {
            if let Err(error) = tell_lost(&state, &sensor, records).await {
                tracing::error!(%error, %sensor, records, "a loss could not be written to the audit log");
            }
        });
    }
}
