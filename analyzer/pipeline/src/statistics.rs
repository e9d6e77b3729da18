//! What the pipeline counts.

use fengsui_relay::SpoolStatistics;
use serde::Serialize;

/// Counts since the start. The conservation law: `records_read` = `events_indexed` + `records_quarantined` +
/// `records_repeated` + `records_in_flight`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, schemars::JsonSchema)]
#[serde(default)]
pub struct PipelineStatistics {
    /// Records read from the spool.
    pub records_read: u64,
    /// Sequence of the spool at which reading began.
    pub first_sequence: u64,
    /// Sequence of the spool that is read next.
    pub next_sequence: u64,
    /// Payload bytes read from the spool.
    pub bytes_read: u64,
    /// Records that became events of the index.
    pub events_indexed: u64,
    /// Records that could not be parsed and lie in quarantine with their reason.
    pub records_quarantined: u64,
    /// Records read again after a restart that were complete before it.
    pub records_repeated: u64,
    /// Records read that are none of the above yet.
    pub records_in_flight: u64,
    /// Quarantined records that were deleted because the quarantine was full.
    pub quarantine_evicted: u64,
    /// Alerts handed to the sink.
    pub alerts: u64,
    /// Incidents handed to the sink, every revision counted.
    pub incidents: u64,
    /// Findings of sensitive data handed to the sink.
    pub findings: u64,
    /// Visibility records handed to the sink.
    pub visibility_records: u64,
    /// Deliveries that failed and were tried again.
    pub delivery_failures: u64,
    /// Events older than the allowed lateness: stored and looked at by single-event rules, kept out of windows.
    pub events_late: u64,
    /// Events whose clock was ahead: stored and looked at by single-event rules, kept out of windows.
    pub events_future: u64,
    /// Entries that bounded tables of detectors and correlation gave up.
    pub state_evicted: u64,
    /// Alerts that a suppression hid.
    pub alerts_suppressed: u64,
    /// Highest spool sequence that was acknowledged.
    pub acknowledged_sequence: Option<u64>,
    /// Event time of the watermark, in milliseconds since the epoch.
    pub watermark_ms: Option<i64>,
    /// Sigma rules in force.
    pub sigma_rules: u64,
    /// Sigma correlations in force.
    pub sigma_correlations: u64,
    /// Indicators in force.
    pub indicators: u64,
    /// Messages taken by syslog listeners and log files.
    pub received_messages: u64,
    /// UDP datagrams dropped because the spool was slower than the sender.
    pub datagrams_dropped: u64,
    /// TCP connections refused at the limit.
    pub connections_refused: u64,
    /// Bytes dropped from lines that were longer than the limit.
    pub line_bytes_dropped: u64,
    /// TLS handshakes that failed.
    pub handshakes_failed: u64,
    /// Requests without a token that is taken.
    pub tokens_refused: u64,
    /// Parcels of sensors that were refused.
    pub parcels_refused: u64,
    /// Records of sensors that came again and were dropped.
    pub sensor_records_repeated: u64,
    /// Records that sensors had and can't send any more.
    pub sensor_records_missing: u64,
    /// Requests answered with 429, as there was no room.
    pub requests_deferred: u64,
    /// Sets of flow records given up because their template never came.
    pub flow_sets_dropped: u64,
    /// Records of binary Windows event logs that were damaged and passed over.
    pub event_log_records_damaged: u64,
    /// Senders that sent regularly and fell silent.
    pub silent_senders: u64,
}

/// The books between spool and index: spooled = indexed + quarantined + repeated + unreadable + in flight. The left side
/// is counted by the spool, the right one by the pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Books {
    /// Records that the spool held when the pipeline began to read, and took since.
    pub spooled: u64,
    /// Of them: events of the index.
    pub indexed: u64,
    /// Of them: in quarantine, with their reason.
    pub quarantined: u64,
    /// Of them: complete before the start, and passed over.
    pub repeated: u64,
    /// Of them: damaged on the disk.
    pub unreadable: u64,
    /// Of them: not read yet, or being analysed.
    pub in_flight: u64,
    /// Whether the two sides agree.
    pub balanced: bool,
}

impl Books {
    /// Lays the spool's counts beside the pipeline's. `spool` was read after `pipeline`.
    #[must_use]
    pub fn of(pipeline: &PipelineStatistics, spool: &SpoolStatistics) -> Self {
        let passed = pipeline.next_sequence.saturating_sub(pipeline.first_sequence);
        let waiting = spool.next_sequence.saturating_sub(pipeline.next_sequence);
        let unreadable = passed.saturating_sub(pipeline.records_read);
        Self {
            spooled: spool.next_sequence.saturating_sub(pipeline.first_sequence),
            indexed: pipeline.events_indexed,
            quarantined: pipeline.records_quarantined,
            repeated: pipeline.records_repeated,
            unreadable,
            in_flight: waiting + pipeline.records_in_flight,
            balanced: pipeline.records_read <= passed && unreadable <= spool.unreadable_records,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_that_nobody_counts_shows() {
        let pipeline = PipelineStatistics {
            first_sequence: 5,
            next_sequence: 15,
            records_read: 10,
            events_indexed: 6,
            records_quarantined: 1,
            records_in_flight: 3,
            ..PipelineStatistics::default()
        };
        let spool = SpoolStatistics { next_sequence: 20, ..SpoolStatistics::default() };
        let books = Books::of(&pipeline, &spool);
        assert!(books.balanced && books.spooled == 15 && books.in_flight == 8, "{books:?}");
        assert_eq!(
            books.spooled,
            books.indexed + books.quarantined + books.repeated + books.unreadable + books.in_flight
        );
        let skipped = PipelineStatistics { records_read: 9, ..pipeline.clone() };
        assert!(!Books::of(&skipped, &spool).balanced, "a record was passed over");
        let damaged = SpoolStatistics { unreadable_records: 1, ..spool.clone() };
        assert!(Books::of(&skipped, &damaged).balanced, "the disk lost it, and the spool says so");
        let twice = PipelineStatistics { records_read: 11, ..pipeline };
        assert!(!Books::of(&twice, &spool).balanced, "a record was read twice");
    }
}
