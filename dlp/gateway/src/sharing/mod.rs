//! What an interface for people calls to share a table: preview of a policy, release of a copy, trace of a leak, and
//! what the ledger says went where. All of it blocks: from an async context call it in a blocking task.
//!
//! | call | gives |
//! |---|---|
//! | [`policies`], [`policy`] | the policies that come with the product; one by id or file |
//! | [`preview`] | the plan per column and some rows before and after |
//! | [`release`] | a masked and marked copy on disk and its ledger entry |
//! | [`trace`] | who a leaked table was given to, with the probability of error |
//! | [`crate::ledger::Ledger::open`], [`flows`] | the entries, and who got how much of which data |

mod flows;
mod preview;
mod release;
mod trace;

pub use flows::{Flow, flows};
pub use preview::{PolicySummary, Preview, PreviewColumn, PreviewRow, policies, policy, preview};
pub use release::{ReleaseRequest, release};
pub use trace::{DatasetTrace, ERROR_LIMIT, Suspect, TraceReport, TraceRequest, trace};
