//! Where events go.

mod eve_file;
mod spool_sink;

pub use eve_file::EveFile;
pub use spool_sink::SpoolSink;

use crate::{EveEvent, SensorError};

/// Takes events in batches, in order.
pub trait EventSink: Send {
    /// Writes a batch and says how many events were shed.
    ///
    /// # Errors
    /// When the batch was not accepted; the sensor tries no second time.
    fn write(&mut self, events: Vec<EveEvent>) -> Result<u64, SensorError>;

    /// Writes out whatever is buffered.
    ///
    /// # Errors
    /// When it cannot be written.
    fn flush(&mut self) -> Result<(), SensorError>;
}

/// Keeps events in memory: for tests and for tools that look at one capture.
impl EventSink for Vec<EveEvent> {
    fn write(&mut self, events: Vec<EveEvent>) -> Result<u64, SensorError> {
        self.extend(events);
        Ok(0)
    }

    fn flush(&mut self) -> Result<(), SensorError> {
        Ok(())
    }
}
