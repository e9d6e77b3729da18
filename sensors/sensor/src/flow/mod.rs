//! Flows: their key, their numbers, their table.

mod community_id;
mod host_policy;
mod key;
mod rate;
mod record;
mod table;

pub(crate) use community_id::community_id;
pub(crate) use host_policy::{HostPolicies, network};
pub(crate) use key::{FlowKey, Side};
pub(crate) use record::{FileProgress, Flow, FlowEnd, StreamWindow};
pub(crate) use table::{FlowTable, Slot};
