//! The sharing folder: originals, copies, policies in force, the ledger; and flows made of it.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use fengsui_dlp_gateway::GatewayError;
use fengsui_dlp_gateway::ledger::Ledger;
use fengsui_schema::Finding;

use crate::db::{Filter, Query, args};
use crate::error::{ApiError, ApiResult};
use crate::limits::FLOW_LINKS;
use crate::repository::assets::grade_of;
use crate::scope::Scope;
use crate::state::{AppState, time_text};
use crate::wire::FlowLink;

const MONTH: i64 = 30 * 86_400_000;

/// Writes a file only its owner can read, synced.
pub(crate) fn write(path: &Path, content: &[u8]) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    if let Some(copies) = path.parent().and_then(Path::parent) {
        std::fs::create_dir_all(copies.join("copies"))?;
    }
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

/// The file of a policy in force, which the gateway reads; named by its content, so that versions never mix.
pub(crate) fn policy_file(folder: &Path, name: &str, body: &str) -> std::io::Result<String> {
    let digest = hex::encode(fengsui_crypto::sm3(body.as_bytes()));
    let path = folder.join("policies").join(format!("{name}-{}.toml", &digest[..16]));
    if !path.exists() {
        write(&path, body.as_bytes())?;
    }
    Ok(path.display().to_string())
}

/// A file that goes away when it is no longer looked at.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    /// Writes one; its name keeps the extension, which tells the form of the table.
    pub(crate) fn write(folder: &Path, name: &str, content: &[u8]) -> Result<Self, GatewayError> {
        let digest = hex::encode(fengsui_crypto::sm3(content));
        let extension = name.rsplit_once('.').map_or("csv", |(_, end)| end);
        let path = folder.join("scratch").join(format!("{}.{}", &digest[..32], extension.to_lowercase()));
        write(&path, content).map_err(|source| GatewayError::Io { path: path.display().to_string(), source })?;
        Ok(Self(path))
    }

    /// Where it is.
    pub(crate) fn path(&self) -> PathBuf {
        self.0.clone()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.0) {
            tracing::error!(%error, path = %self.0.display(), "a leaked file that was traced could not be removed");
        }
    }
}

/// Which data went from where to whom in the last 30 days, the most first.
pub(crate) async fn flows(state: &AppState, scope: &Scope) -> ApiResult<Vec<FlowLink>> {
    let mut links = wire(state, scope).await?;
    // The ledger is the node's: whoever sees only a part of the organisation sees no releases of others.
    if scope.reaches(&state.shared().unit) {
        links.extend(ledger(state).await?);
    }
    links.sort_by_key(|link| std::cmp::Reverse(link.amount));
    links.truncate(FLOW_LINKS);
    Ok(links)
}

async fn ledger(state: &AppState) -> ApiResult<Vec<FlowLink>> {
    let folder = state.shared().sharing_directory.join("ledger");
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let opened = state.off_thread(move || Ledger::open(&folder)).await?.map_err(|error| ApiError::internal(&error))?;
    let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    let link = |flow: fengsui_dlp_gateway::sharing::Flow| FlowLink {
        kind: "ledger".to_owned(),
        source: flow.source,
        target: flow.recipient,
        amount: number(flow.rows),
        times: number(flow.copies),
        grade: None,
        policy: Some(flow.policy),
        last: flow.last.to_string(),
    };
    Ok(fengsui_dlp_gateway::sharing::flows(opened.entries()).into_iter().map(link).collect())
}

async fn wire(state: &AppState, scope: &Scope) -> ApiResult<Vec<FlowLink>> {
    let mut filter = Filter::within(scope, "f");
    filter.and_with("f.time >= ?", args![state.now() - MONTH]);
    filter.and("f.state <> 'dismissed'");
    let sql =
        format!("SELECT f.time, f.grade, f.body FROM finding f WHERE {} ORDER BY f.time DESC LIMIT 2000", filter.sql());
    let mut links: BTreeMap<(String, String), (i64, i64, i64, i64)> = BTreeMap::new();
    for row in state.db().rows(&sql, filter.args()).await? {
        let Ok(finding) = serde_json::from_str::<Finding>(&row.text("body")?) else { continue };
        let (Some(source), Some(target)) = (finding.place.source_ip, finding.place.destination_ip) else { continue };
        let values: u64 =
            finding.samples.iter().map(|sample| u64::from(u32::try_from(sample.count).unwrap_or(u32::MAX))).sum();
        let link = links.entry((source, target)).or_insert((0, 0, 0, 0));
        link.0 = link.0.saturating_add(i64::try_from(values).unwrap_or(i64::MAX));
        link.1 += 1;
        link.2 = link.2.max(row.int("grade")?);
        link.3 = link.3.max(row.int("time")?);
    }
    let link = |((source, target), (amount, times, grade, last))| FlowLink {
        kind: "wire".to_owned(),
        source,
        target,
        amount,
        times,
        grade: Some(grade_of(grade)),
        policy: None,
        last: time_text(last),
    };
    Ok(links.into_iter().map(link).collect())
}
