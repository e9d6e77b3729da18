//! Somebody who sends records over HTTP, remembers what was accepted, and knows what each of them looked like.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tokio::task::JoinHandle;

/// Number of the rule that record 0 would have; record `n` has this and `n`.
pub const FIRST_RULE: u64 = 9_100_000;

/// What a producer has sent.
#[derive(Debug, Clone, Default)]
pub struct Sent {
    /// Records were made with the numbers below this one. A number is used once: what was not answered is not sent again.
    pub issued: u64,
    /// Numbers of the records that the receiver said it has.
    pub accepted: BTreeSet<u64>,
    /// Requests that were refused for want of room.
    pub deferred: u64,
}

/// The records of one run: each can be made again from its number.
#[derive(Debug, Clone, Copy)]
pub struct Series {
    seed: u64,
    begun_ms: u64,
    /// Of so many records one is an alert.
    alert_every: u64,
    /// Records that are sent at once at most.
    group: u64,
}

impl Series {
    /// A series that begins now.
    #[must_use]
    pub fn new(seed: u64, alert_every: u64) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { seed, begun_ms: u64::try_from(now.as_millis()).unwrap_or(0), alert_every: alert_every.max(1), group: 20 }
    }

    /// The same series, sent in groups of up to so many.
    #[must_use]
    pub fn with_groups_up_to(self, group: u64) -> Self {
        Self { group: group.max(1), ..self }
    }

    /// Whether a record is an alert.
    #[must_use]
    pub fn is_alert(&self, number: u64) -> bool {
        number % self.alert_every == 3 % self.alert_every
    }

    /// A record as an EVE object: an alert of a rule of its own, or a request.
    #[must_use]
    pub fn record(&self, number: u64) -> Value {
        let noise = mixed(self.seed ^ number);
        let mut record = json!({
            "timestamp": stamp(self.begun_ms + number % 60_000),
            "flow_id": number,
            "event_type": "http",
            "marker": number,
            "src_ip": format!("10.{}.{}.{}", noise % 250, (noise >> 8) % 250, (noise >> 16) % 250 + 1),
            "src_port": 1_024 + noise % 60_000,
            "dest_ip": format!("192.0.2.{}", (noise >> 24) % 250 + 1),
            "dest_port": 80,
            "proto": "TCP",
            "http": {"hostname": "records.example", "url": format!("/{number}/{noise:016x}"), "http_method": "GET"},
        });
        if self.is_alert(number) {
            record["event_type"] = json!("alert");
            record["alert"] = json!({
                "action": "allowed", "gid": 1, "signature_id": FIRST_RULE + number, "rev": 1,
                "signature": format!("record {number}"), "category": "test", "severity": 2,
            });
        }
        record
    }
}

/// When the next group is sent.
#[derive(Debug, Clone, Copy)]
pub enum Pace {
    /// After so long a pause.
    Pause(Duration),
    /// At once while groups are taken; after this pause when one was put off.
    Taken(Duration),
    /// When it is due at so many records a second, whatever is answered.
    PerSecond(u64),
}

/// Sends the records of a series in small groups until it is stopped.
#[derive(Debug)]
pub struct Producer {
    stop: Arc<AtomicBool>,
    task: JoinHandle<Sent>,
}

impl Producer {
    /// Begins to send to the listener on a port of loopback.
    ///
    /// # Errors
    /// When there is no HTTP client.
    pub fn start(series: Series, (port, token): (u16, &str), pace: Pace, sent: Sent) -> anyhow::Result<Self> {
        let http = client()?;
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, token) = (Arc::clone(&stop), token.to_owned());
        let task = tokio::spawn(async move {
            let (start, first, mut sent) = (Instant::now(), sent.issued, sent);
            while !stopped.load(Ordering::Relaxed) {
                let deferred = sent.deferred;
                send_group(&http, &series, (port, &token), &mut sent).await;
                let pause = match pace {
                    Pace::Pause(pause) => pause,
                    Pace::Taken(pause) if sent.deferred > deferred => pause,
                    Pace::Taken(_) => Duration::ZERO,
                    Pace::PerSecond(rate) => due(rate, sent.issued - first).saturating_sub(start.elapsed()),
                };
                tokio::time::sleep(pause).await;
            }
            sent
        });
        Ok(Self { stop, task })
    }

    /// Ends after the group that is on its way; what was sent.
    ///
    /// # Errors
    /// When the sending ended by a panic.
    pub async fn stop(self) -> anyhow::Result<Sent> {
        self.stop.store(true, Ordering::Relaxed);
        Ok(self.task.await?)
    }
}

/// When the record after `count` others is due.
fn due(rate: u64, count: u64) -> Duration {
    Duration::from_micros(count.saturating_mul(1_000_000) / rate.max(1))
}

fn client() -> anyhow::Result<reqwest::Client> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Ok(reqwest::Client::builder().timeout(Duration::from_secs(20)).build()?)
}

/// Sends one group and notes what the answer said. No answer says nothing: the records may be there or not.
async fn send_group(http: &reqwest::Client, series: &Series, (port, token): (u16, &str), sent: &mut Sent) {
    let count = 1 + mixed(series.seed ^ sent.issued.rotate_left(17)) % series.group;
    let numbers = sent.issued..sent.issued + count;
    let body: String = numbers.clone().map(|number| format!("{}\n", series.record(number))).collect();
    let url = format!("http://127.0.0.1:{port}/ingest/fengsui_eve?instance=producer");
    let Ok(answer) = http.post(url).bearer_auth(token).body(body).send().await else {
        // Most often nobody listens: the program is between two lives. The numbers are gone all the same.
        sent.issued += count;
        tokio::time::sleep(Duration::from_millis(20)).await;
        return;
    };
    let status = answer.status();
    let taken = answer.json::<Value>().await.ok().and_then(|body| body["accepted"].as_u64());
    sent.issued += count;
    sent.deferred += u64::from(!status.is_success());
    sent.accepted.extend(numbers.take(usize::try_from(taken.unwrap_or(0)).unwrap_or(0)));
}

/// RFC 3339 in UTC, without a calendar library: days since the epoch to a date after Howard Hinnant's `civil_from_days`.
fn stamp(millis: u64) -> String {
    let (days, rest) = (millis / 86_400_000, millis % 86_400_000);
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_part = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_part + 2) / 5 + 1;
    let month = if month_part < 10 { month_part + 3 } else { month_part - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (rest / 3_600_000, rest / 60_000 % 60, rest / 1_000 % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z", rest % 1_000)
}

/// Repeatable noise (SplitMix64).
#[must_use]
pub fn mixed(seed: u64) -> u64 {
    let mut value = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_the_calendar() {
        assert_eq!(stamp(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(stamp(1_709_210_096_789), "2024-02-29T12:34:56.789Z");
        assert_eq!(stamp(1_798_675_199_999), "2026-12-30T23:59:59.999Z");
    }

    #[test]
    fn a_record_is_the_same_whenever_it_is_made() {
        let series = Series::new(7, 10);
        assert_eq!(series.record(13), series.record(13));
        assert!(series.is_alert(13) && !series.is_alert(14));
    }
}
