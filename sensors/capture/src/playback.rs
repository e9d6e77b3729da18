//! A capture file played back at its own pace.

use std::time::{Duration, Instant};

use fengsui_schema::Timestamp;

use crate::limits::POLL_MILLISECONDS;
use crate::{CaptureError, CaptureStatistics, FileSource, Packet, PacketSource};

/// Delivers the packets of a capture file with their original spacing divided by a speed factor, moved in time so that
/// the first packet is at a given moment. Demonstrations and training ranges use it in the place of an interface.
pub struct Playback {
    source: FileSource,
    pace: Pace,
    ended: bool,
}

struct Pace {
    first_at: Timestamp,
    speed: f64,
    /// Time of the file's first packet and the moment it was delivered.
    start: Option<(Timestamp, Instant)>,
}

impl Playback {
    /// Plays `source` so that its first packet carries the time `first_at`. A `speed` of 2.0 halves all spacing; one
    /// that is not a positive number plays without waiting, with the original spacing in the packets' times.
    #[must_use]
    pub fn new(source: FileSource, first_at: Timestamp, speed: f64) -> Self {
        Self { source, pace: Pace { first_at, speed, start: None }, ended: false }
    }

    /// Whether the file has ended.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.ended
    }
}

impl Pace {
    /// The time a packet carries, and how long to wait before it is delivered.
    fn of(&mut self, time: Timestamp) -> (Timestamp, Duration) {
        let (origin, begun) = *self.start.get_or_insert_with(|| (time, Instant::now()));
        let spacing = time.nanos_since(origin);
        if !(self.speed.is_finite() && self.speed > 0.0) {
            return (self.first_at.plus_nanos(spacing), Duration::ZERO);
        }
        let scaled =
            Duration::try_from_secs_f64((spacing as f64 / 1e9 / self.speed).max(0.0)).unwrap_or(Duration::ZERO);
        let moved = i64::try_from(scaled.as_nanos()).unwrap_or(i64::MAX);
        (self.first_at.plus_nanos(moved), scaled.saturating_sub(begun.elapsed()))
    }
}

impl PacketSource for Playback {
    fn next(&mut self) -> Result<Option<Packet<'_>>, CaptureError> {
        let packet = self.source.next()?;
        let Some(mut packet) = packet else {
            self.ended = true;
            return Ok(None);
        };
        let (time, wait) = self.pace.of(packet.time);
        packet.time = time;
        let mut left = wait;
        while !left.is_zero() {
            let nap = left.min(Duration::from_millis(POLL_MILLISECONDS.into()));
            std::thread::sleep(nap);
            left -= nap;
        }
        Ok(Some(packet))
    }

    fn statistics(&mut self) -> CaptureStatistics {
        self.source.statistics()
    }

    fn is_live(&self) -> bool {
        false
    }
}
