//! `fengsui scan-worker`: the process that scans files for a sensor, and the one that keeps it alive.

use std::process::{Command, Stdio};

use anyhow::Context;
use fengsui_files::limits::SCAN_CPU_SECONDS;
use fengsui_files::{FilesError, Job, RuleTexts, ScanClient, Scanner, keep, serve};

use super::scan_pair::SharedPair;
use crate::hardening::{Identity, Network, Sandbox, confine_scanner};
use crate::settings::ConfinementSettings;

/// This program, wherever it is: no path has to be walked that a confined process may not walk.
pub(super) const PROGRAM: &str = "/proc/self/exe";

/// The allocator begins with a gigabyte that can be written, which is more than a worker may have, unless it is told not to.
const ALLOCATOR_RESERVE: (&str, &str) = ("MIMALLOC_ARENA_RESERVE", "0");

/// This program again, with memory as a worker takes it.
pub(crate) fn frugal() -> Command {
    let mut command = Command::new(PROGRAM);
    command.env_clear().env(ALLOCATOR_RESERVE.0, ALLOCATOR_RESERVE.1);
    command
}

/// Whether this process takes memory as a worker does.
pub(crate) fn is_frugal() -> bool {
    std::env::var_os(ALLOCATOR_RESERVE.0).is_some_and(|value| value == ALLOCATOR_RESERVE.1)
}

/// Keeps a worker alive that answers what comes on standard input, or is that worker. Ends with its input.
///
/// # Errors
/// When the confinement can't be entered, or a pipe breaks.
pub(crate) fn run_scan_worker(user: &str, load_seconds: u64, confined: bool) -> anyhow::Result<()> {
    let (mut input, mut output) = (std::io::stdin().lock(), std::io::stdout().lock());
    if confined {
        let confined = confine_scanner()?;
        return serve(&mut input, &mut output, |job| {
            let seconds = match job {
                Job::Load => load_seconds,
                Job::Scan => SCAN_CPU_SECONDS,
            };
            // Without it the keeper's clock still ends a worker that takes too long.
            let _ = confined.allow(seconds);
        })
        .context("the scan worker ended");
    }
    keeper_sandbox(user, Network::Nothing)?.enter()?;
    keep(&mut input, &mut output, || worker(load_seconds)).context("the keeper of the scan worker ended")
}

/// What a process keeps that starts workers and looks into nothing.
pub(super) fn keeper_sandbox(user: &str, network: Network) -> anyhow::Result<Sandbox> {
    // What a worker needs until it has confined itself, which no longer sees any of it.
    let libraries = ["/usr/lib", "/usr/lib64", "/lib", "/lib64", "/etc/ld.so.cache", "/proc"];
    let read = [PROGRAM].iter().chain(&libraries).map(Into::into).collect();
    let (write, user) = (vec!["/dev/null".into()], Identity::to_become(user)?);
    Ok(Sandbox { read, write, network, executes: true, user })
}

/// A worker that may take so many seconds of processor time to load its rules.
pub(super) fn worker(load_seconds: u64) -> Command {
    let mut command = frugal();
    // What it says on standard error is its own word only.
    command.args(["scan-worker", "--confined", "--load-seconds", &load_seconds.to_string()]).stderr(Stdio::null());
    command
}

/// Starts a pair of keepers and workers that have loaded the same rules. Call before the process confines itself.
///
/// # Errors
/// When a keeper can't be started or the rules are refused.
pub(crate) fn start_scan_workers(
    settings: &ConfinementSettings,
    rules: &RuleTexts,
    count: usize,
) -> Result<Vec<Box<dyn Scanner>>, FilesError> {
    let pair = SharedPair::start(settings).map_err(FilesError::Worker)?;
    let start = |_| {
        let client = ScanClient::start(pair.clone(), rules)?;
        tracing::info!(rules = client.rules(), "scan worker");
        Ok(Box::new(client) as Box<dyn Scanner>)
    };
    (0..count).map(start).collect()
}

/// How many rules a worker finds in a text.
///
/// # Errors
/// When no worker can be started or it refuses the rules.
pub(crate) fn count_yara_rules(name: &str, text: String) -> Result<usize, FilesError> {
    let user = ConfinementSettings::default().user;
    let keeper = move || {
        let mut command = Command::new(PROGRAM);
        command.args(["scan-worker", "--user", &user]).env_clear();
        command
    };
    Ok(ScanClient::start(keeper, &vec![(name.to_owned(), text)])?.rules())
}
