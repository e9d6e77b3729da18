//! Counters that the tasks of the pipeline share.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use parking_lot::Mutex;

use crate::PipelineStatistics;

/// A counter that several tasks may raise.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self, amount: usize) {
        self.0.fetch_add(amount as u64, Ordering::Relaxed);
    }

    pub(crate) fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// How far the spool was read.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Reading {
    pub(crate) records: u64,
    pub(crate) first_sequence: u64,
    pub(crate) next_sequence: u64,
}

/// Everything that is counted.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    /// What was read of the spool; one lock, so that number and place always fit.
    pub(crate) reading: Mutex<Reading>,
    pub(crate) bytes_read: Counter,
    pub(crate) events_indexed: Counter,
    pub(crate) records_quarantined: Counter,
    pub(crate) records_repeated: Counter,
    pub(crate) quarantine_evicted: Counter,
    pub(crate) alerts: Counter,
    pub(crate) incidents: Counter,
    pub(crate) findings: Counter,
    pub(crate) visibility_records: Counter,
    pub(crate) delivery_failures: Counter,
    pub(crate) events_late: Counter,
    pub(crate) events_future: Counter,
    pub(crate) state_evicted: Counter,
    pub(crate) alerts_suppressed: Counter,
    pub(crate) sigma_rules: Counter,
    pub(crate) sigma_correlations: Counter,
    pub(crate) indicators: Counter,
    pub(crate) received_messages: Counter,
    pub(crate) datagrams_dropped: Counter,
    pub(crate) connections_refused: Counter,
    pub(crate) line_bytes_dropped: Counter,
    pub(crate) handshakes_failed: Counter,
    pub(crate) tokens_refused: Counter,
    pub(crate) requests_deferred: Counter,
    pub(crate) parcels_refused: Counter,
    pub(crate) sensor_records_repeated: Counter,
    pub(crate) sensor_records_missing: Counter,
    pub(crate) flow_sets_dropped: Counter,
    pub(crate) event_log_records_damaged: Counter,
    pub(crate) silent_senders: Counter,
    /// Sequence plus one; 0 for none.
    pub(crate) acknowledged: Counter,
    /// Milliseconds since the epoch; the least number for none.
    pub(crate) watermark_ms: Watermark,
}

/// The watermark as the statistics show it.
#[derive(Debug)]
pub(crate) struct Watermark(AtomicI64);

impl Default for Watermark {
    fn default() -> Self {
        Self(AtomicI64::new(i64::MIN))
    }
}

impl Watermark {
    pub(crate) fn set(&self, millis: i64) {
        self.0.store(millis, Ordering::Relaxed);
    }

    fn get(&self) -> Option<i64> {
        Some(self.0.load(Ordering::Relaxed)).filter(|millis| *millis != i64::MIN)
    }
}

impl Counters {
    /// A consistent-enough picture: results are read before the reads they come from, so that what is in flight is never
    /// below zero.
    pub(crate) fn statistics(&self) -> PipelineStatistics {
        let (indexed, quarantined, repeated) =
            (self.events_indexed.get(), self.records_quarantined.get(), self.records_repeated.get());
        let reading = *self.reading.lock();
        let records_read = reading.records;
        PipelineStatistics {
            records_read,
            first_sequence: reading.first_sequence,
            next_sequence: reading.next_sequence,
            bytes_read: self.bytes_read.get(),
            events_indexed: indexed,
            records_quarantined: quarantined,
            records_repeated: repeated,
            records_in_flight: records_read.saturating_sub(indexed + quarantined + repeated),
            quarantine_evicted: self.quarantine_evicted.get(),
            alerts: self.alerts.get(),
            incidents: self.incidents.get(),
            findings: self.findings.get(),
            visibility_records: self.visibility_records.get(),
            delivery_failures: self.delivery_failures.get(),
            events_late: self.events_late.get(),
            events_future: self.events_future.get(),
            state_evicted: self.state_evicted.get(),
            alerts_suppressed: self.alerts_suppressed.get(),
            acknowledged_sequence: self.acknowledged.get().checked_sub(1),
            watermark_ms: self.watermark_ms.get(),
            sigma_rules: self.sigma_rules.get(),
            sigma_correlations: self.sigma_correlations.get(),
            indicators: self.indicators.get(),
            received_messages: self.received_messages.get(),
            datagrams_dropped: self.datagrams_dropped.get(),
            connections_refused: self.connections_refused.get(),
            line_bytes_dropped: self.line_bytes_dropped.get(),
            handshakes_failed: self.handshakes_failed.get(),
            tokens_refused: self.tokens_refused.get(),
            requests_deferred: self.requests_deferred.get(),
            parcels_refused: self.parcels_refused.get(),
            sensor_records_repeated: self.sensor_records_repeated.get(),
            sensor_records_missing: self.sensor_records_missing.get(),
            flow_sets_dropped: self.flow_sets_dropped.get(),
            event_log_records_damaged: self.event_log_records_damaged.get(),
            silent_senders: self.silent_senders.get(),
        }
    }
}
