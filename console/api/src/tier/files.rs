//! Messages between nodes as files, for networks without a way between them: written on one side, carried by hand or
//! through a gate (网闸、光盘), read on the other. The same signed batches as over the network, and slips that say how far
//! the other side is; so replays and forgeries are refused the same way, and written to the audit log.

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::Path;

use fengsui_crypto::{KeyId, Signature, sm3_of_parts};
use fengsui_relay::limits::BATCH_BYTES;
use fengsui_relay::tier::{Answer, Batch, Directory as _, Lane, NodeId, Refusal, Relation};
use serde::{Deserialize, Serialize};

use super::{inbox, outbox, thinning};
use crate::Console;
use crate::audit::Actor;
use crate::error::{ApiResult, ConsoleError};
use crate::state::{AppState, Change};

/// Last part of the name of a batch's file.
const BATCH: &str = "batch.json";
/// Last part of the name of a slip's file.
const SLIP: &str = "slip.json";
/// Most bytes of a file that is read: an encoded batch, with room for the escapes of its JSON.
const FILE_BYTES: u64 = 4 * BATCH_BYTES as u64;
/// Most files of one import; what comes after them is left for the next one.
const FILES: usize = 100_000;

/// What an export wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Exported {
    /// Files with messages.
    pub batches: u64,
    /// Messages in them.
    pub messages: u64,
    /// Neighbours for whom a slip was written.
    pub slips: u64,
}

/// What an import did.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Imported {
    /// Batches taken; messages that had come before count as taken and have no second effect.
    pub batches: u64,
    /// Slips taken.
    pub slips: u64,
    /// Files refused: name and why. All of it is in the audit log.
    pub refused: Vec<(String, String)>,
}

/// How far a node is in the streams from a neighbour, signed by it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Slip {
    v: u8,
    src: NodeId,
    dst: NodeId,
    /// When it was written, in milliseconds since the epoch. An old slip moves a stream back at most, and what is sent
    /// again then has no second effect.
    issued: i64,
    places: Vec<Answer>,
    key: String,
    sig: Signature,
}

impl Slip {
    fn digest(&self) -> [u8; 32] {
        let places = serde_json::to_vec(&self.places).unwrap_or_default();
        sm3_of_parts(&[
            b"fengsui slip v1",
            &[self.v],
            self.src.as_str().as_bytes(),
            self.dst.as_str().as_bytes(),
            &self.issued.to_be_bytes(),
            self.key.as_bytes(),
            &places,
        ])
    }
}

impl Console {
    /// Writes everything that waits for neighbours, and how far this node is in what comes from them: a folder below the
    /// named one for each neighbour. What was exported before and not confirmed by a slip is written again.
    ///
    /// # Errors
    /// When the folder can't be written or the database fails.
    pub async fn export_messages(&self, folder: &Path) -> Result<Exported, ConsoleError> {
        let state = self.state();
        let failed = |error: std::io::Error| ConsoleError::Settings(format!("{}: {error}", folder.display()));
        let neighbours: Vec<NodeId> = {
            let registry = state.shared().tier.registry.read();
            registry.parent().into_iter().chain(registry.active(Relation::Child)).collect()
        };
        let mut done = Exported::default();
        for peer in &neighbours {
            let folder = folder.join(peer.as_str());
            fs::create_dir_all(&folder).map_err(failed)?;
            thinning::release(state, peer, true).await?;
            for lane in Lane::ALL {
                let mut from = None;
                while let Some(batch) = outbox::batch_after(state, peer, lane, from).await? {
                    let header = &batch.header;
                    from = Some(header.first + header.count);
                    let name = format!(
                        "{}.{}.{}.{:016}.{:012}.{BATCH}",
                        header.src, header.dst, lane, header.epoch, header.first
                    );
                    write(&folder.join(name), &batch).map_err(failed)?;
                    (done.batches, done.messages) = (done.batches + 1, done.messages + header.count);
                }
            }
            let slip = slip(state, peer).await?;
            write(&folder.join(format!("{}.{}.{SLIP}", slip.src, slip.dst)), &slip).map_err(failed)?;
            done.slips += 1;
            fs::File::open(&folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
        }
        Ok(done)
    }

    /// Reads what another node exported. Files for other nodes, unknown ones and damaged ones are refused.
    ///
    /// # Errors
    /// When the folder can't be read or the database fails.
    pub async fn import_messages(&self, folder: &Path) -> Result<Imported, ConsoleError> {
        let state = self.state();
        let failed = |error: std::io::Error| ConsoleError::Settings(format!("{}: {error}", folder.display()));
        let mut names: Vec<String> = Vec::new();
        for entry in fs::read_dir(folder).map_err(failed)?.take(FILES) {
            names.push(entry.map_err(failed)?.file_name().to_string_lossy().into_owned());
        }
        // The order of a stream is the order of its names.
        names.sort_unstable();
        let mut done = Imported::default();
        for name in names.iter().filter(|name| name.ends_with(BATCH) || name.ends_with(SLIP)) {
            let refused = match read_plain(&folder.join(name)).map_err(failed)? {
                Some(bytes) => take_file(state, name, &bytes).await?,
                None => Some(Refusal::Malformed),
            };
            match refused {
                Some(Refusal::Malformed) => {
                    unreadable(state, name).await?;
                    done.refused.push((name.clone(), Refusal::Malformed.to_string()));
                }
                Some(refusal) => done.refused.push((name.clone(), refusal.to_string())),
                None if name.ends_with(BATCH) => done.batches += 1,
                None => done.slips += 1,
            }
        }
        Ok(done)
    }
}

/// What a file holds; nothing for one that is too long, and for what only looks like a file: links, pipes and devices of a
/// strange medium lead out of it, or never end.
fn read_plain(path: &Path) -> std::io::Result<Option<Vec<u8>>> {
    if !fs::symlink_metadata(path)?.is_file() {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(FILE_BYTES + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= FILE_BYTES).then_some(bytes))
}

/// Takes one file; why it was refused.
async fn take_file(state: &AppState, name: &str, bytes: &[u8]) -> ApiResult<Option<Refusal>> {
    if name.ends_with(BATCH) {
        let Ok(batch) = serde_json::from_slice::<Batch>(bytes) else { return Ok(Some(Refusal::Malformed)) };
        return Ok(inbox::take(state, &batch).await?.refused);
    }
    let Ok(slip) = serde_json::from_slice::<Slip>(bytes) else { return Ok(Some(Refusal::Malformed)) };
    let checked = check_slip(state, &slip);
    if let Err(refusal) = checked {
        let mut change = begin(state, slip.src.as_str()).await?;
        inbox::refuse(&mut change, &slip.src, refusal, name).await?;
        change.commit().await?;
        return Ok(Some(refusal));
    }
    for place in slip.places.iter().take(Lane::ALL.len()) {
        outbox::answered(state, &slip.src, place).await?;
    }
    Ok(None)
}

fn check_slip(state: &AppState, slip: &Slip) -> Result<(), Refusal> {
    let tier = &state.shared().tier;
    let mut key = [0; 32];
    hex::decode_to_slice(&slip.key, &mut key).map_err(|_| Refusal::Malformed)?;
    let registry = tier.registry.read();
    if slip.dst != tier.own || !matches!(registry.relation(&slip.src), Relation::Parent | Relation::Child) {
        return Err(Refusal::WrongTier);
    }
    registry.check(&slip.src, &KeyId::from_bytes(key), &slip.digest(), &slip.sig)
}

async fn slip(state: &AppState, peer: &NodeId) -> ApiResult<Slip> {
    let tier = &state.shared().tier;
    let mut slip = Slip {
        v: 1,
        src: tier.own.clone(),
        dst: peer.clone(),
        issued: state.now(),
        places: inbox::places(&mut state.db(), peer).await?,
        key: tier.key.public().id().to_string(),
        sig: Signature::from_bytes([0; 64]),
    };
    slip.sig = tier.key.sign(&slip.digest()).map_err(|error| crate::error::ApiError::internal(&error))?;
    Ok(slip)
}

async fn begin(state: &AppState, node: &str) -> ApiResult<Change> {
    Change::begin(state, Actor::new(&format!("node/{node}"), &state.shared().unit, inbox::RELAY)).await
}

/// Nobody's file: it names no node that could be believed.
async fn unreadable(state: &AppState, name: &str) -> ApiResult<()> {
    let detail = fengsui_schema::shown(name).to_string();
    let action = format!("relay.refuse.{}", Refusal::Malformed);
    let outcome = crate::audit::Outcome::Denied;
    let entry = crate::audit::Entry { action: &action, object: "import", outcome, detail: &detail };
    Change::entry_alone(state, &Actor::new("node/unknown", &state.shared().unit, inbox::RELAY), entry).await
}

/// Writes a file that is whole or not there.
fn write(path: &Path, content: &impl Serialize) -> std::io::Result<()> {
    let new = path.with_extension("new");
    let mut file = fs::File::create(&new)?;
    file.write_all(&serde_json::to_vec(content)?)?;
    file.sync_all()?;
    fs::rename(&new, path)
}
