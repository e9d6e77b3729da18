//! The uplink: what the sensor's spool holds goes to the analyzer, and stays until the analyzer has signed for it.
//!
//! The sensor works on without the link for as long as its spool has room; then the spool sheds by class and counts.

mod link;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use fengsui_crypto::{KeyPair, PublicKey, random_bytes};
use fengsui_relay::tier::{BackOff, NodeId};
use fengsui_relay::uplink::{Account, Load, Parcel, Receipt, Sender, Step};
use fengsui_relay::{Class, Reader, Record, Spool, limits};
use fengsui_schema::{Clock, RawRecord, shown};

use crate::SensorError;
use crate::settings::UplinkSettings;
use link::Link;

/// Name under which the spool is read.
const READER: &str = "uplink";
/// Longest wait for records.
const WAIT: Duration = Duration::from_millis(250);
/// Longest sleep between looks at whether to stop.
const NAP: Duration = Duration::from_millis(100);
/// Pause after a refusal that only a person can mend, in milliseconds.
const REFUSED_MILLIS: u64 = 10_000;

/// What an uplink works with.
pub struct UplinkParts {
    /// Where events wait.
    pub spool: Spool,
    /// Name under which the sensor was let in.
    pub sensor: NodeId,
    /// Its key.
    pub key: KeyPair,
    /// Key of the analyzer, from the enrolment: only its receipts count.
    pub analyzer: PublicKey,
    /// Events that were handed to the spool ([`crate::SpoolSink::emitted`]).
    pub emitted: Arc<AtomicU64>,
    /// SM3 over program, rules and settings, once it was taken; parcels carry the last one from then on.
    pub measurement: Arc<ArcSwapOption<String>>,
    /// What parcels are stamped with.
    pub clock: Arc<dyn Clock>,
}

/// The uplink of a sensor.
pub struct Uplink {
    parts: UplinkParts,
    link: Link,
    sender: Sender,
    reader: Reader,
    /// Records that were read and not sent yet.
    waiting: Vec<Record>,
    back_off: BackOff,
}

/// What became of one round.
enum Round {
    /// Something arrived, or the place was mended.
    Went,
    /// There was nothing to send.
    Idle,
    /// The analyzer asks to wait for so many milliseconds.
    Wait(u64),
}

/// Why a round did not end well. Everything stays in the spool.
enum Failure {
    /// The link, the analyzer or somebody on the way.
    Link(String),
    /// The analyzer takes nothing from this sensor.
    Refused(String),
    /// The spool.
    Spool(String),
}

impl Uplink {
    /// Opens the spool's reader; does not connect yet.
    ///
    /// # Errors
    /// When the address or the certificate is wrong, or the spool can't be read.
    pub fn open(settings: &UplinkSettings, parts: UplinkParts) -> Result<Self, SensorError> {
        let link = Link::of(settings)?;
        let reader = parts.spool.reader(READER)?;
        let sender = Sender::new(parts.sensor.clone(), parts.spool.epoch(), reader.next_sequence());
        Ok(Self { parts, link, sender, reader, waiting: Vec::new(), back_off: BackOff::default() })
    }

    /// Sends until asked to stop. What can't be sent stays in the spool.
    pub fn run(mut self, stop: &AtomicBool) {
        while !stop.load(Ordering::Acquire) {
            let pause = match self.round() {
                Ok(Round::Went | Round::Idle) => continue,
                Ok(Round::Wait(millis)) => millis,
                Err(failure) => self.failed(failure).0,
            };
            pause_for(pause, stop);
        }
    }

    /// Sends until the spool is empty.
    ///
    /// # Errors
    /// When the analyzer refuses this sensor. A link that does not work is tried again.
    pub fn drain(mut self, stop: &AtomicBool) -> Result<(), SensorError> {
        while !stop.load(Ordering::Acquire) {
            let pause = match self.round() {
                Ok(Round::Went) => continue,
                Ok(Round::Idle) => return Ok(()),
                Ok(Round::Wait(millis)) => millis,
                Err(failure) => match self.failed(failure) {
                    (_, Some(reason)) => return Err(SensorError::Uplink { reason }),
                    (pause, None) => pause,
                },
            };
            pause_for(pause, stop);
        }
        Ok(())
    }

    /// Says what went wrong; the pause after it, and the reason when only a person can mend it.
    fn failed(&mut self, failure: Failure) -> (u64, Option<String>) {
        let random = random_bytes::<8>().map_or(0, u64::from_le_bytes);
        let pause = self.back_off.failed(random);
        match failure {
            Failure::Link(reason) => {
                tracing::warn!(reason, pause, "the analyzer could not be reached; events wait in the spool");
                (pause, None)
            }
            Failure::Spool(reason) => {
                tracing::error!(reason, pause, "the sensor's spool can't be read");
                (pause, None)
            }
            Failure::Refused(reason) => {
                tracing::error!(reason, "the analyzer takes nothing from this sensor; events wait in the spool");
                (pause.max(REFUSED_MILLIS), Some(reason))
            }
        }
    }

    /// Sends one parcel and takes its receipt.
    fn round(&mut self) -> Result<Round, Failure> {
        if self.waiting.is_empty() {
            let read = self.reader.read(limits::PARCEL_RECORDS, WAIT);
            self.waiting = read.map_err(|error| Failure::Spool(error.to_string()))?;
        }
        if self.waiting.is_empty() {
            return Ok(Round::Idle);
        }
        let count = Sender::fitting(&self.waiting);
        let parcel = self.parcel(count)?;
        let receipt = self.send(&parcel)?;
        self.back_off.succeeded();
        match self.sender.receipt(&parcel.signed.header, &receipt) {
            Step::Acknowledge(last) => {
                self.reader.acknowledge(last).map_err(|error| Failure::Spool(error.to_string()))?;
                self.waiting.drain(..count);
                Ok(Round::Went)
            }
            Step::Rewind(next) => {
                tracing::info!(next, "the analyzer stands elsewhere; going on from there");
                self.waiting.clear();
                self.reader.rewind(next);
                Ok(Round::Went)
            }
            Step::Wait(millis) => Ok(Round::Wait(millis)),
            Step::Refused(refusal) => Err(Failure::Refused(refusal.to_string())),
        }
    }

    fn parcel(&mut self, count: usize) -> Result<Parcel, Failure> {
        let read = self.waiting.get(..count).unwrap_or_default();
        let to = read.last().map_or(0, |record| record.sequence + 1);
        // The spool's record names source and sender too, which the analyzer decides on its own.
        let bare = |record: &Record| {
            let raw = RawRecord::decode(&record.payload).ok()?;
            let fits = raw.payload.len() <= limits::PARCEL_RECORD_BYTES;
            fits.then_some(Record { sequence: record.sequence, class: record.class, payload: raw.payload })
        };
        let records: Vec<Record> = read.iter().filter_map(bare).collect();
        if records.len() < count {
            tracing::error!(records = count - records.len(), "records that are too long or damaged can't be sent");
        }
        let load = Load {
            records: &records,
            to,
            floor: self.parts.spool.statistics().first_sequence,
            account: self.account(),
        };
        let now = self.parts.clock.now().as_millis();
        if let Some(digest) = self.parts.measurement.load_full() {
            self.sender.measured(digest.to_string());
        }
        self.sender.parcel(load, now, &self.parts.key).map_err(|error| Failure::Link(error.to_string()))
    }

    fn account(&self) -> Account {
        // Emitted last: what is counted between the two is in flight to the spool, never the other way round.
        let counted = self.parts.spool.statistics();
        let sum = |amount: fn(&fengsui_relay::ClassStatistics) -> u64| counted.classes.iter().map(amount).sum();
        debug_assert_eq!(counted.classes.len(), Class::ALL.len());
        Account {
            spooled: sum(|class| class.accepted.records),
            shed: sum(|class| class.shed_share.records + class.shed_disk_full.records),
            written: counted.next_sequence,
            emitted: self.parts.emitted.load(Ordering::Relaxed),
        }
    }

    fn send(&mut self, parcel: &Parcel) -> Result<Receipt, Failure> {
        let answer = self.link.post(&parcel.signed.to_text(), &parcel.body).map_err(Failure::Link)?;
        let text = String::from_utf8_lossy(&answer.body);
        let receipt: Option<Receipt> = serde_json::from_slice(&answer.body).ok();
        match receipt {
            Some(receipt) if receipt.answers(&parcel.signed.header, &self.parts.analyzer) => Ok(receipt),
            Some(_) => Err(Failure::Link("the answer is not signed by the analyzer of the enrolment".to_owned())),
            None if answer.status == 403 => {
                let said: Option<serde_json::Value> = serde_json::from_slice(&answer.body).ok();
                let reason = said.as_ref().and_then(|said| said["error"].as_str()).unwrap_or(&text);
                Err(Failure::Refused(shown(reason).to_string()))
            }
            None => Err(Failure::Link(format!("{} {}", answer.status, shown(&text)))),
        }
    }
}

fn pause_for(millis: u64, stop: &AtomicBool) {
    let end = std::time::Instant::now() + Duration::from_millis(millis);
    while !stop.load(Ordering::Acquire) {
        let left = end.saturating_duration_since(std::time::Instant::now());
        if left.is_zero() {
            return;
        }
        std::thread::sleep(left.min(NAP));
    }
}
