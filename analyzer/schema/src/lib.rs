//! Owns the types every part speaks: Event, Alert, Incident, Finding, Task, Unit, Tier and the field catalogue.
//!
//! Does no I/O, has no clock, no randomness and no async: time and ids are handed in.

#![forbid(unsafe_code)]

mod alert;
mod event;
mod fields;
mod finding;
mod fnv;
mod identifiers;
mod incident;
mod output;
mod raw_record;
mod severity;
mod task;
mod text;
mod timestamp;
mod unit;
mod visibility;

pub use alert::{Alert, AlertSource, Condition, Evidence, FlowSummary, RuleReference};
pub use event::{Event, EventKind, SourceReference};
pub use fields::{FIELD_CATALOGUE, FieldDefinition, FieldType, Fields};
pub use finding::{DataGrade, Finding, FindingPlace, FindingSample};
pub use fnv::{FNV_PRIME, Fnv, fnv};
pub use identifiers::{AlertId, EventId, FindingId, FoldId, IncidentId, ParseIdentifierError};
pub use incident::{
    Entity, EntityKind, ExplanationLine, Incident, IncidentEnd, IncidentGrade, IncidentMember, Technique,
};
pub use output::Output;
pub use raw_record::{RawRecord, RawRecordError, RecordOrigin};
pub use severity::Severity;
pub use task::{TaskState, TaskTransitionError, TaskVerb};
pub use text::{Shown, shown};
pub use timestamp::{Clock, ParseTimestampError, Timestamp};
pub use unit::{BusinessDomain, ParseUnitCodeError, Tier, UnitCode};
pub use visibility::{LossCause, Visibility};
