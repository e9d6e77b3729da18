//! Plays the recorded captures one after another in the place of an interface.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Context;
use fengsui_capture::{CaptureError, CaptureStatistics, FileSource, Packet, PacketSource, Playback};
use fengsui_schema::Clock;
use fengsui_sensor::Sensor;

use super::Recordings;
use super::logs::LOGS;
use crate::roles::{self, Node, SensorRules, SystemClock};
use crate::settings::Settings;

/// Captures in the order in which they are played: the attack a visitor waits for comes early.
const ORDER: &[&str] = &[
    "normal-web-dns",
    "web-attack",
    "http-exfiltration",
    "port-scan",
    "ssh-bruteforce",
    "dns-exfiltration",
    "tls-versions",
    "file-shares",
    "mail",
];
/// Pause between two captures.
const PAUSE: Duration = Duration::from_secs(2);
/// How long the playlist waits when it has nothing to play.
const IDLE: Duration = Duration::from_millis(100);

/// The running player.
pub(crate) struct Player {
    sensor: Sensor,
}

impl Player {
    /// Stops the sensor; what it has seen is handed over first.
    pub(crate) async fn stop(self) {
        let stopped = tokio::task::spawn_blocking(move || self.sensor.stop()).await;
        match stopped {
            Ok(Ok(end)) => tracing::info!(packets = end.visibility.packets_seen, alerts = end.alerts, "sensor stopped"),
            Ok(Err(error)) => tracing::error!(%error, "the sensor did not stop cleanly"),
            Err(error) => tracing::error!(%error, "the sensor's thread failed"),
        }
    }
}

/// Starts the sensor over the recordings.
///
/// # Errors
/// When a recording is missing or the sensor can't start.
pub(crate) fn start(settings: &Settings, node: &Node, recordings: &Recordings, fast: bool) -> anyhow::Result<Player> {
    let spool = node.spool().context("the demo needs the analyzer")?.clone();
    let mut settings = settings.clone();
    settings.sensor.observer = "demo-sensor".to_owned();
    settings.sensor.visibility_seconds = 5;
    let list = Playlist::new(recordings, &settings, fast)?;
    let sink = roles::spool_sink(&settings.sensor, spool);
    let sensor = roles::start_sensor(&settings, &node.rules(), vec![Box::new(list)], sink)?;
    node.rules_are_followed_by(SensorRules::of(&settings, &sensor));
    Ok(Player { sensor })
}

/// Captures that are played one after another; an interface that falls silent at the end.
struct Playlist {
    waiting: VecDeque<PathBuf>,
    current: Option<Playback>,
    next_at: Instant,
    speed: f64,
    played: CaptureStatistics,
    logs: PathBuf,
    data: PathBuf,
}

impl Playlist {
    fn new(recordings: &Recordings, settings: &Settings, fast: bool) -> anyhow::Result<Self> {
        let path = |name: &&str| recordings.captures.join(format!("{name}.pcap"));
        let waiting: VecDeque<PathBuf> = ORDER.iter().map(path).collect();
        for path in &waiting {
            anyhow::ensure!(path.is_file(), "recording {} is missing; `make captures` makes it", path.display());
        }
        Ok(Self {
            waiting,
            current: None,
            next_at: Instant::now(),
            speed: if fast { 0.0 } else { 1.0 },
            played: CaptureStatistics::default(),
            logs: recordings.logs.clone(),
            data: settings.data.directory.clone(),
        })
    }

    /// Goes on to the next capture when the last one is over and the pause has passed.
    fn advance(&mut self) -> Result<(), CaptureError> {
        if let Some(ended) = self.current.take_if(|playback| playback.has_ended()) {
            self.played = added(self.played, &mut { ended });
            self.next_at = Instant::now() + if self.speed > 0.0 { PAUSE } else { Duration::ZERO };
        }
        if self.current.is_none()
            && Instant::now() >= self.next_at
            && let Some(path) = self.waiting.pop_front()
        {
            self.play_logs(&path);
            tracing::info!(capture = %path.display(), "playing");
            self.current = Some(Playback::new(FileSource::open(&path)?, SystemClock.now(), self.speed));
        }
        Ok(())
    }

    /// The server's own log of an attack is written while the capture is played.
    fn play_logs(&self, capture: &std::path::Path) {
        let name = capture.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        for log in LOGS.iter().filter(|log| log.capture == name) {
            if let Err(error) = log.play(&self.logs, &self.data) {
                tracing::error!(%error, "a recorded log was not played");
            }
        }
    }
}

fn added(sum: CaptureStatistics, playback: &mut Playback) -> CaptureStatistics {
    let more = playback.statistics();
    CaptureStatistics { received: sum.received + more.received, bytes: sum.bytes + more.bytes, ..sum }
}

impl PacketSource for Playlist {
    fn next(&mut self) -> Result<Option<Packet<'_>>, CaptureError> {
        self.advance()?;
        match &mut self.current {
            Some(playback) => playback.next(),
            None => {
                std::thread::sleep(IDLE);
                Ok(None)
            }
        }
    }

    fn statistics(&mut self) -> CaptureStatistics {
        match &mut self.current {
            Some(playback) => added(self.played, playback),
            None => self.played,
        }
    }

    fn is_live(&self) -> bool {
        true
    }
}
