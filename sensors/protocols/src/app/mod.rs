//! Application parsers: streams and datagrams become transactions, files and events.
//!
//! Each protocol has a folder and one line in [`PARSERS`]; [`AppLayer`] finds out which one a flow speaks and feeds it.

pub mod dns;
pub mod ftp;
pub mod http;
mod layer;
mod registry;
mod settings;
pub mod ssh;
mod text;
pub mod tls;
mod transactions;

pub use layer::AppLayer;
pub use registry::{AppParser, Context, Input, PARSERS, ParserSpec, Probe, TransportKind, Verdict};
pub use settings::{AppSettings, HttpSettings};
pub use transactions::Transactions;
