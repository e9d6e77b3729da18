//! This console among the nodes above and below it: the database behind `fengsui_relay::tier`.
//!
//! Rows and effects change in one transaction, and a batch is answered only after it was committed. Without a parent and
//! without children nothing is written here: the single-node console runs the same code and has nobody to send to.

mod anchor;
mod answers;
mod effects;
mod enrol;
mod evidence;
mod files;
mod force;
mod gate;
mod inbox;
mod measure;
mod operator;
mod outbox;
mod publish;
mod registry;
mod regulations;
mod scores;
mod strangers;
mod streams;
mod tasks;
mod thinning;
mod uplink;
mod warnings;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use fengsui_crypto::{CryptoError, KeyPair};
use fengsui_relay::tier::{Directory as _, NodeId, Policy, Relation};
use fengsui_schema::UnitCode;
use parking_lot::{Mutex, RwLock};
use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, watch};

use crate::db::Db;
use crate::error::ConsoleError;
use crate::state::AppState;

pub(crate) use anchor::{KeptCheckpoint, checkpoint, kept as kept_checkpoints};
pub(crate) use answers::{plain as plain_answer, signed as signed_answer};
pub(crate) use effects::summary_of;
pub(crate) use enrol::{Enrolment, approve, enrol_child, list, new_code, reload, revoke, trust_of};
pub(crate) use evidence::{ask as ask_evidence, decide as decide_evidence, list as evidence_requests};
pub use files::{Exported, Imported};
pub(crate) use force::policy_decided;
pub use force::{Enforced, Enforcer, Offered};
pub(crate) use inbox::take as take_batch;
pub use measure::{Measure, Measurement};
pub use operator::Received;
pub(crate) use outbox::{Draft, begin_epochs, send};
pub use publish::{PUBLISHED_KINDS, ReceiptRow};
pub(crate) use registry::Registry;
pub(crate) use regulations::{tell as tell_regulation, tell_signature, tell_urge};
pub(crate) use scores::reported as reported_scorecards;
pub(crate) use streams::Places;
pub(crate) use tasks::tell as tell_task;
pub(crate) use uplink::{Compare, Compared, EnrolRequest, EnrolmentResult, NodeKey, Pull, Pulled, compare, pull, run};
pub use uplink::{SensorEnrolment, enrol_sensor, enrol_with_parent};
pub(crate) use warnings::{tell as tell_warning, tell_receipt};

/// How this console stands to the tiers above and below.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TierSettings {
    /// Address of the parent's console, such as `https://prefecture.example:8460`; empty at the top and in a single node.
    pub parent: Option<String>,
    /// PEM file with the certificate (or its issuer) that the parent must show; without it the system's roots are not
    /// used either, so that `https` needs it.
    pub parent_certificate: Option<PathBuf>,
    /// File of this node's SM2 key; made at the first start. Beside the database unless named.
    pub key: Option<PathBuf>,
    /// Allow `http` to a parent that is not on this machine: the batches are signed all the same, but anybody on the way can
    /// read them.
    pub plain: bool,
}

/// What every request shares of it.
pub(crate) struct Tier {
    pub(crate) own: NodeId,
    pub(crate) unit: UnitCode,
    pub(crate) key: Arc<KeyPair>,
    pub(crate) policy: Policy,
    pub(crate) registry: RwLock<Registry>,
    /// Sending places that are not durable: highest number of a sending by stream, quotas by neighbour.
    pub(crate) places: Mutex<Places>,
    /// Batches of nobody that are not in the audit log yet.
    pub(crate) strangers: strangers::Strangers,
    /// Grows whenever an outbox got something or a node changed.
    pub(crate) wake: watch::Sender<u64>,
    /// Told when rules were exchanged, so that the node measures itself again.
    pub(crate) measure_again: Notify,
}

impl Tier {
    /// Loads key, policy and nodes.
    pub(crate) async fn open(
        settings: &TierSettings,
        (database, key_file): (&str, &Path),
        unit: &UnitCode,
        db: &mut Db,
    ) -> Result<Self, ConsoleError> {
        let wrong = |error: &dyn std::fmt::Display| ConsoleError::Settings(format!("tier: {error}"));
        let path = settings.key.clone().unwrap_or_else(|| key_beside(database, key_file));
        let key = load_or_make_key(&path).map_err(|error| wrong(&error))?;
        let own: NodeId = unit.as_str().parse().map_err(|error| wrong(&error))?;
        let policy = Policy::built_in().map_err(|error| wrong(&error))?;
        let failed = |source| ConsoleError::Database { place: database.to_owned(), source };
        let registry = Registry::load(db, &own).await.map_err(failed)?;
        Ok(Self {
            own,
            unit: unit.clone(),
            key: Arc::new(key),
            policy,
            registry: RwLock::new(registry),
            places: Mutex::default(),
            strangers: strangers::Strangers::default(),
            wake: watch::Sender::new(0),
            measure_again: Notify::new(),
        })
    }

    /// Whose signatures the audit log's checkpoints must carry.
    pub(crate) fn anchors(&self) -> crate::audit::Anchors {
        let registry = self.registry.read();
        let parent = registry.parent().and_then(|parent| registry.node(&parent).map(|node| node.key.clone()));
        crate::audit::Anchors { own: Some(self.key.public()), parent }
    }

    /// Tells whoever waits that there is something to send.
    pub(crate) fn notify(&self) {
        self.wake.send_modify(|number| *number += 1);
    }
}

/// Whether another node below serves a unit.
pub(crate) fn is_below(state: &AppState, unit: &str) -> bool {
    let node = unit.parse::<NodeId>();
    node.is_ok_and(|node| {
        matches!(state.shared().tier.registry.read().relation(&node), Relation::Child | Relation::Descendant)
    })
}

/// Where the key is when the settings do not say: beside the database, and with a database server beside the console's own key.
fn key_beside(database: &str, key_file: &Path) -> PathBuf {
    let neighbour = if database.contains("://") { key_file } else { Path::new(database) };
    neighbour.with_file_name("node.pem")
}

/// The key of a file, made when there is none.
fn load_or_make_key(path: &Path) -> Result<KeyPair, CryptoError> {
    if path.exists() {
        return KeyPair::load(path);
    }
    let key = KeyPair::generate()?;
    key.save(path)?;
    Ok(key)
}
