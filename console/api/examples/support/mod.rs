//! What the measurements of the console share.

use std::path::Path;
use std::sync::Arc;

use fengsui_api::{Console, ConsoleSettings, Dependencies};
use fengsui_schema::{Clock, Timestamp};

/// The time of the machine.
pub(crate) struct Wall;

impl Clock for Wall {
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

/// Processor time of this process, server and clients, in milliseconds (proc(5): ticks of a hundredth of a second).
pub(crate) fn processor_ms() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|text| text.parse::<f64>().ok()).unwrap_or(0.0);
    10.0 * (ticks(11) + ticks(12))
}

/// A console by itself that keeps its files in a folder.
pub(crate) async fn open(folder: &Path, settings: ConsoleSettings) -> Console {
    let dlp = fengsui_dlp_engine::Engine::new(Default::default(), &Default::default()).expect("makes an engine");
    let dependencies = Dependencies {
        store: None,
        dlp: Arc::new(dlp),
        dlp_settings: Default::default(),
        sharing_directory: folder.join("sharing"),
        evidence_directory: folder.join("evidence"),
        indicators: None,
        recordings: None,
        statistics: None,
        books: None,
        clock: Arc::new(Wall),
    };
    Console::open(settings, dependencies).await.expect("opens")
}
