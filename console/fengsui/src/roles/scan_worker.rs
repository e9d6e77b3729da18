//! `fengsui scan-worker`: the process that scans files for a sensor, and the one that keeps it alive.

use std::process::{Command, Stdio};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use anyhow::Context;
use fengsui_dlp_engine::Engine;
use fengsui_dlp_gateway::classify;
use fengsui_files::limits::{CONTENT_CPU_SECONDS, SCAN_CPU_SECONDS};
use fengsui_files::{
    Classifier, ContentRules, FilesError, Job, LiveScanRules, ScanClient, ScanRules, Scanner, keep, serve,
};

use super::scan_pair::SharedPair;
use crate::hardening::{ConfinedScanner, Identity, Network, Sandbox, confine_scanner};
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
    let (input, mut output) = (std::io::stdin(), std::io::stdout().lock());
    if confined {
        let mut time = Time { confined: confine_scanner()?, set: None };
        let before = |job| {
            time.allow(match job {
                Job::Load => load_seconds,
                Job::Yara => SCAN_CPU_SECONDS,
                Job::Content => CONTENT_CPU_SECONDS,
            });
        };
        return serve(input, &mut output, &classifier, before).context("the scan worker ended");
    }
    keeper_sandbox(user, Network::Nothing)?.enter()?;
    keep(input, &mut output, || worker(load_seconds)).context("the keeper of the scan worker ended")
}

/// What a worker may use of the processor.
struct Time {
    confined: ConfinedScanner,
    /// When a limit was last set, and how many seconds that was.
    set: Option<(Instant, u64)>,
}

/// A limit that was set so shortly before holds for the next job as well: finding out what was used takes longer than many
/// a file.
const STILL_HOLDS: Duration = Duration::from_millis(50);

impl Time {
    fn allow(&mut self, seconds: u64) {
        let now = Instant::now();
        if self.set.is_some_and(|(then, allowed)| allowed == seconds && now.duration_since(then) < STILL_HOLDS) {
            return;
        }
        // Without it the keeper's clock still ends a worker that takes too long.
        let _ = self.confined.allow(seconds);
        self.set = Some((now, seconds));
    }
}

/// What takes content apart and finds sensitive data in it, in a worker and wherever files are looked at in process.
pub(crate) fn classifier(rules: &ContentRules) -> Result<Classifier, String> {
    let engine = Engine::new(rules.settings.clone(), &rules.rules).map_err(|error| error.to_string())?;
    Ok(Box::new(move |bytes, hint| classify(&engine, bytes, hint)))
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

/// What starts scan workers for a sensor, and knows whether anybody is left to do so.
#[derive(Clone, Default)]
pub(crate) struct ScanHelpers(Arc<OnceLock<SharedPair>>);

impl ScanHelpers {
    /// Starts a pair of keepers and workers that have loaded the same rules. Call before the process confines itself.
    ///
    /// # Errors
    /// When a keeper can't be started or the rules are refused.
    pub(crate) fn start(
        &self,
        settings: &ConfinementSettings,
        rules: &LiveScanRules,
        count: usize,
    ) -> Result<Vec<Box<dyn Scanner>>, FilesError> {
        let pair = SharedPair::start(settings).map_err(FilesError::Worker)?;
        let _ = self.0.set(pair.clone());
        rules.started_by(Arc::new(pair.clone()));
        let start = |number| {
            let client = ScanClient::start(pair.clone(), rules, number)?;
            tracing::info!(number, yara = client.yara_rules(), version = rules.version(), "scan worker");
            Ok(Box::new(client) as Box<dyn Scanner>)
        };
        (0..count).map(start).collect()
    }

    /// Returns once no file can be scanned any more, because both keepers were killed at once.
    pub(super) async fn until_gone(&self) {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            if self.0.get().is_some_and(SharedPair::is_gone) {
                return;
            }
        }
    }
}

/// How often a sensor looks whether its keepers live.
const LOOK_EVERY: Duration = Duration::from_secs(1);

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
    let rules = LiveScanRules::new(ScanRules { yara: vec![(name.to_owned(), text)], content: None })?;
    Ok(ScanClient::start(keeper, &rules, 0)?.yara_rules())
}
