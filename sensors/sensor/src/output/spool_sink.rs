//! The durable spool towards the analyzer.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use fengsui_relay::{Class, Spool, SpoolError};
use fengsui_schema::{Clock, RawRecord};

use super::EventSink;
use crate::{EveEvent, SensorError};

/// Name of the parser that understands these records.
const SOURCE: &str = "fengsui_eve";
/// Wait before a batch is offered again to a spool that is full.
const FULL_WAIT: Duration = Duration::from_millis(200);

/// Appends events to the spool, grouped by class; returns when they are on the disk.
pub struct SpoolSink {
    spool: Spool,
    instance: String,
    clock: Arc<dyn Clock>,
    emitted: Arc<AtomicU64>,
}

impl SpoolSink {
    /// Writes to `spool` under the sensor's name.
    #[must_use]
    pub fn new(spool: Spool, observer: &str, clock: Arc<dyn Clock>) -> Self {
        Self { spool, instance: observer.to_owned(), clock, emitted: Arc::default() }
    }

    /// Events that were handed to this sink, counted before the spool sees them.
    #[must_use]
    pub fn emitted(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.emitted)
    }

    fn encode(&self, event: &EveEvent) -> Vec<u8> {
        let record = RawRecord {
            source: SOURCE.to_owned(),
            instance: self.instance.clone(),
            received: self.clock.now(),
            payload: event.json.to_vec(),
        };
        record.encode()
    }

    /// A full spool holds the sensor back rather than losing an alert: the ring behind it fills and is counted.
    fn append(&self, class: Class, payloads: Vec<Vec<u8>>) -> Result<u64, SensorError> {
        loop {
            match self.spool.append(class, payloads.clone()) {
                Ok(range) => return Ok(range.shed),
                Err(SpoolError::Full { .. }) => std::thread::sleep(FULL_WAIT),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl EventSink for SpoolSink {
    fn write(&mut self, events: Vec<EveEvent>) -> Result<u64, SensorError> {
        self.emitted.fetch_add(events.len() as u64, Ordering::Relaxed);
        let mut classes: BTreeMap<Class, Vec<Vec<u8>>> = BTreeMap::new();
        for event in &events {
            classes.entry(event.class).or_default().push(self.encode(event));
        }
        let mut shed = 0;
        for (class, payloads) in classes {
            shed += self.append(class, payloads)?;
        }
        Ok(shed)
    }

    fn flush(&mut self) -> Result<(), SensorError> {
        Ok(())
    }
}
