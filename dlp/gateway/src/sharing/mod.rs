//! What an interface for people calls to share a table: preview of a policy, release of a copy, trace of a leak, and
//! what the ledger says went where. All of it blocks: from an async context call it in a blocking task.
//!
//! | call | gives |
//! |---|---|
//! | [`policies`], [`policy`] | the policies that come with the product; one by id or file |
//! | [`preview`] | the plan per column and some rows before and after |
//! | [`release`] | a masked and marked copy on disk and its ledger entries |
//! | [`mark_document`], [`document_hints`] | a document with weak marks; whom its marks point to |
//! | [`trace`] | who a leaked table was given to, with the probability of error |
//! | [`crate::ledger::Ledger::open`], [`flows`] | the entries, and who got how much of which data |

mod attribution;
mod canary;
mod document;
mod evidence;
mod flows;
mod index;
mod locate;
mod marking;
mod preview;
mod release;
mod trace;

pub use document::{DocumentRequest, document_hints, is_document, mark_document};
pub use evidence::{Evidence, write_evidence};
pub use flows::{Flow, flows};
pub use preview::{PolicySummary, Preview, PreviewColumn, PreviewRow, policies, policy, preview, preview_source};
pub use release::{Release, ReleaseRequest, release};
pub use trace::{DatasetTrace, ERROR_LIMIT, Suspect, TraceReport, TraceRequest, Tracer, trace, trace_source};
