//! Application parsers: streams and datagrams become transactions, files and events.
//!
//! Each protocol has a folder and one line in [`PARSERS`]; [`AppLayer`] finds out which one a flow speaks and feeds it.

pub mod dcerpc;
pub mod dns;
pub mod ftp;
pub mod http;
mod layer;
mod messages;
mod mime;
pub mod mqtt;
pub mod quic;
mod reader;
mod registry;
mod settings;
pub mod smb;
pub mod smtp;
pub mod ssh;
mod text;
pub mod tls;
mod transactions;

pub use layer::AppLayer;
pub use registry::{AppParser, Context, Input, PARSERS, ParserSpec, Probe, TransportKind, Verdict};
pub use settings::{AppSettings, HttpSettings, MqttSettings, SmtpSettings};
pub use transactions::Transactions;
