//! Recorded attacks that drills play through this node's pipeline: a sensor of their own over a capture file.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use fengsui_api::{Recording, Recordings};
use fengsui_capture::{FileSource, Playback};
use fengsui_relay::Spool;
use fengsui_schema::Clock;

use super::SystemClock;
use super::in_force::InForce;
use super::sensor::{spool_sink, start};
use crate::content::files_below;
use crate::settings::Settings;

/// How often it is asked whether a recording has ended.
const POLL: Duration = Duration::from_millis(200);

/// The recordings of a folder and what is needed to play them.
pub(super) struct Recorded {
    folder: PathBuf,
    settings: Settings,
    rules: InForce,
    spool: Spool,
}

impl Recorded {
    /// Those of the settings; none when no folder is named.
    pub(super) fn of(settings: &Settings, rules: &InForce, spool: Spool) -> Option<Arc<dyn Recordings>> {
        let folder = settings.console.drill_recordings.clone()?;
        Some(Arc::new(Self { folder, settings: settings.clone(), rules: rules.clone(), spool }))
    }

    fn run(&self, name: &str, observer: &str) -> anyhow::Result<()> {
        let capture = self.folder.join(format!("{name}.pcap"));
        let source = FileSource::open(&capture).with_context(|| format!("{} can't be read", capture.display()))?;
        let playback = Playback::new(source, SystemClock.now(), 1.0);
        let mut settings = self.settings.clone();
        settings.sensor.observer = observer.to_owned();
        // A sensor that lives as long as a recording is none of the fleet: it gives no account of itself.
        (settings.sensor.eve.visibility, settings.sensor.eve.statistics) = (false, false);
        let sink = spool_sink(&settings.sensor, self.spool.clone());
        let sensor = start(&settings, &self.rules.files(), vec![Box::new(playback)], sink)?;
        while !sensor.statistics().ended {
            std::thread::sleep(POLL);
        }
        let end = sensor.stop().context("the replay's sensor did not end cleanly")?;
        tracing::info!(capture = %capture.display(), packets = end.visibility.packets_seen, alerts = end.alerts, "replayed for a drill");
        Ok(())
    }
}

impl Recordings for Recorded {
    fn list(&self) -> Vec<Recording> {
        let labels = files_below(&self.folder, "toml").unwrap_or_else(|error| {
            tracing::error!(%error, "recordings for drills can't be listed");
            Vec::new()
        });
        labels.iter().filter_map(|path| read(path)).collect()
    }

    fn play(&self, name: &str, observer: &str) -> Result<(), String> {
        self.run(name, observer).map_err(|error| {
            tracing::error!(%error, name, "a recording was not played");
            format!("{error:#}")
        })
    }
}

/// The labels of a recording whose capture stands beside them.
fn read(path: &Path) -> Option<Recording> {
    let name = path.file_stem()?.to_string_lossy().into_owned();
    if !path.with_extension("pcap").is_file() {
        return None;
    }
    let labels = std::fs::read_to_string(path).map_err(anyhow::Error::from);
    let read = labels.and_then(|text| toml::from_str::<Recording>(&text).map_err(anyhow::Error::from));
    match read {
        Ok(recording) => Some(Recording { name, ..recording }),
        Err(error) => {
            tracing::error!(path = %path.display(), %error, "labels of a recording can't be read");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_capture_of_an_attack_has_labels_in_order() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/pcaps");
        let labels = files_below(&folder, "toml").expect("lists");
        let recordings: Vec<Recording> = labels.iter().filter_map(|path| read(path)).collect();
        assert_eq!(recordings.len(), labels.len());
        assert!(recordings.len() >= 5);
        for recording in recordings {
            assert!(recording.acts.windows(2).all(|pair| pair[0].after_ms <= pair[1].after_ms), "{}", recording.name);
        }
    }
}
