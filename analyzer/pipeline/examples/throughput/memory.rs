//! What of this process is in memory: its own, and files that it maps.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context as _;

/// Pause between two looks.
const PAUSE: Duration = Duration::from_millis(100);

/// Resident memory in KiB: all, of the process itself, of mapped files.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Resident {
    all: u64,
    own: u64,
    files: u64,
}

impl Resident {
    fn now() -> anyhow::Result<Self> {
        let status = std::fs::read_to_string("/proc/self/status")?;
        let of = |name: &str| -> anyhow::Result<u64> {
            let line = status.lines().find(|line| line.starts_with(name)).context("no such line")?;
            Ok(line.split_whitespace().nth(1).context("no number")?.parse()?)
        };
        Ok(Self { all: of("VmRSS:")?, own: of("RssAnon:")?, files: of("RssFile:")? + of("RssShmem:")? })
    }
}

impl std::fmt::Display for Resident {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { all, own, files } = self;
        write!(f, "{} MiB = {} own + {} mapped files", all / 1024, own / 1024, files / 1024)
    }
}

/// The most there was of each kind, seen by a thread of its own.
#[derive(Default)]
pub(crate) struct Watch {
    all: AtomicU64,
    own: AtomicU64,
    files: AtomicU64,
    ended: AtomicBool,
}

impl Watch {
    pub(crate) fn start() -> Arc<Self> {
        let watch = Arc::new(Self::default());
        let watching = Arc::clone(&watch);
        std::thread::spawn(move || {
            while !watching.ended.load(Ordering::Relaxed) {
                if let Ok(now) = Resident::now() {
                    watching.all.fetch_max(now.all, Ordering::Relaxed);
                    watching.own.fetch_max(now.own, Ordering::Relaxed);
                    watching.files.fetch_max(now.files, Ordering::Relaxed);
                }
                std::thread::sleep(PAUSE);
            }
        });
        watch
    }

    /// Ends it; the peaks, which need not have come at the same moment.
    pub(crate) fn end(&self) -> String {
        self.ended.store(true, Ordering::Relaxed);
        let of = |peak: &AtomicU64| peak.load(Ordering::Relaxed) / 1024;
        format!("{} MiB, own {} MiB, mapped files {} MiB", of(&self.all), of(&self.own), of(&self.files))
    }
}

/// What is resident now, the mapped files by their kind.
pub(crate) fn shown() -> anyhow::Result<String> {
    let mut kinds: BTreeMap<String, u64> = BTreeMap::new();
    let mut kind = None;
    for line in std::fs::read_to_string("/proc/self/smaps")?.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            [range, _, _, _, _, path @ ..] if range.contains('-') => {
                let name = path.first().and_then(|path| path.rsplit('/').next()).filter(|name| name.len() < 80);
                kind = name.and_then(|name| name.rsplit_once('.')).map(|(_, extension)| extension.to_owned());
            }
            ["Rss:", size, ..] => {
                if let Some(kind) = &kind {
                    *kinds.entry(kind.clone()).or_default() += size.parse::<u64>()?;
                }
            }
            _ => {}
        }
    }
    let kinds = kinds.into_iter().filter(|(_, size)| *size >= 1024);
    let kinds: Vec<String> = kinds.map(|(kind, size)| format!("{kind} {}", size / 1024)).collect();
    Ok(format!("{} ({})", Resident::now()?, kinds.join(", ")))
}
