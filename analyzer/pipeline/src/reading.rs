//! Reads the spool in a thread of its own and acknowledges what is complete.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::SyncSender;
use std::time::Duration;

use fengsui_relay::{Reader, Record};
use tokio_util::sync::CancellationToken;

use crate::counters::Counters;
use crate::limits;

/// Longest wait for records, after which acknowledgements and the end are looked at.
const WAIT: Duration = Duration::from_millis(100);

/// Pause after an error of the spool.
const PAUSE: Duration = Duration::from_secs(1);

/// What may be acknowledged: a sequence plus one; 0 for nothing.
#[derive(Debug, Default)]
pub(crate) struct Acknowledged(AtomicU64);

impl Acknowledged {
    /// Everything up to and with a sequence is complete.
    pub(crate) fn raise(&self, sequence: u64) {
        self.0.fetch_max(sequence.saturating_add(1), Ordering::SeqCst);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// Reads until asked to stop and until nobody takes the records any more. The queue holds at most
/// [`limits::QUEUED_RECORDS`] records in batches that the spool bounds in bytes, so a slow analysis slows the reading.
pub(crate) fn run(
    mut reader: Reader,
    records: SyncSender<Vec<Record>>,
    complete: &Arc<Acknowledged>,
    counters: &Counters,
    stop: &CancellationToken,
) {
    let mut acknowledged = 0;
    {
        let mut reading = counters.reading.lock();
        (reading.first_sequence, reading.next_sequence) = (reader.next_sequence(), reader.next_sequence());
    }
    while !stop.is_cancelled() {
        acknowledged = acknowledge(&reader, complete, counters, acknowledged);
        match reader.read(limits::READ_RECORDS, WAIT) {
            Ok(batch) if batch.is_empty() => {}
            Ok(batch) => {
                {
                    let mut reading = counters.reading.lock();
                    reading.records += batch.len() as u64;
                    reading.next_sequence = reader.next_sequence();
                }
                counters.bytes_read.add(batch.iter().map(|record| record.payload.len()).sum());
                if records.send(batch).is_err() {
                    break;
                }
            }
            Err(error) => {
                tracing::error!(%error, "the spool can't be read");
                std::thread::sleep(PAUSE);
            }
        }
    }
    drop(records);
    // The last acknowledgement comes when the analysis has finished with what it took.
    while Arc::strong_count(complete) > 1 {
        acknowledged = acknowledge(&reader, complete, counters, acknowledged);
        std::thread::sleep(Duration::from_millis(5));
    }
    acknowledge(&reader, complete, counters, acknowledged);
}

/// Acknowledges what is complete; returns the place that is acknowledged now.
fn acknowledge(reader: &Reader, complete: &Acknowledged, counters: &Counters, before: u64) -> u64 {
    let wanted = complete.get();
    if wanted <= before {
        return before;
    }
    match reader.acknowledge(wanted - 1) {
        Ok(()) => {
            counters.acknowledged.set(wanted);
            wanted
        }
        Err(error) => {
            tracing::error!(%error, sequence = wanted - 1, "the spool did not take an acknowledgement; trying again");
            before
        }
    }
}
