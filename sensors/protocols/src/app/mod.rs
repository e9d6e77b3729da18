//! Application parsers: streams and datagrams become transactions, files and events.
//!
//! Each protocol has a folder and one line in [`PARSERS`]; [`AppLayer`] finds out which one a flow speaks and feeds it.

mod ber;
pub mod bittorrent_dht;
pub mod dcerpc;
pub mod dhcp;
pub mod dnp3;
pub mod dns;
pub mod enip;
mod frames;
pub mod ftp;
pub mod http;
pub mod http2;
pub mod ike;
pub mod imap;
pub mod krb5;
mod layer;
pub mod ldap;
mod messages;
mod mime;
pub mod modbus;
pub mod mqtt;
pub mod nfs;
pub mod ntp;
mod open_files;
pub mod pgsql;
pub mod pop3;
pub mod quic;
pub mod rdp;
mod reader;
mod registry;
pub mod rfb;
mod settings;
pub mod sip;
pub mod smb;
pub mod smtp;
pub mod snmp;
pub mod ssh;
pub mod states;
pub mod telnet;
#[cfg(test)]
mod testing;
mod text;
pub mod tftp;
pub mod tls;
mod transactions;
pub mod websocket;

pub use frames::{Frame, FrameKind};
pub use layer::AppLayer;
pub use registry::{AppParser, Context, Input, Interest, PARSERS, ParserSpec, Probe, Reading, TransportKind, Verdict};
pub use settings::{
    AppSettings, DhcpSettings, DnsSettings, FtpSettings, HttpSettings, MqttSettings, PgsqlSettings, SmtpSettings,
    TlsSettings,
};
pub use transactions::Transactions;
