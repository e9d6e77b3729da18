//! Owns turning a raw record of any source into an Event.
//!
//! Does no I/O and keeps no state between records; decoders of formats that need some ([`FlowDecoder`]) are the
//! caller's to keep.

#![forbid(unsafe_code)]

mod alert_line;
mod draft;
mod error;
mod flow_export;
mod format;
mod framing;
mod json;
pub mod limits;
mod sources;
mod text;
mod windows_log;

pub use alert_line::AlertLines;
pub use draft::Draft;
pub use error::NormalizeError;
pub use flow_export::{FlowCounts, FlowDecoder};
pub use format::recognize;
pub use framing::Framing;
pub use sources::{SOURCES, SourceDefinition, normalize, source, source_names};
pub use windows_log::{EVTX_MAGIC, WindowsLog, WindowsRecord};
