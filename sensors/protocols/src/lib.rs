//! Owns decoding, IP defragmentation, TCP reassembly and application parsers: bytes and time in, values out.
//!
//! Does no I/O, holds no clock, knows no rules.
//!
//! The way of a packet, as a worker drives it: [`decode`] → [`Defragmenter`] for fragments → the worker's flow table →
//! [`TcpSession`] for TCP → [`AppLayer`] → [`AppEvent`]s and [`Transaction`]s.
//!
//! ```
//! use fengsui_protocols::*;
//! use fengsui_schema::Timestamp;
//!
//! /// What a worker keeps for one flow.
//! struct Flow { tcp: TcpSession, app: AppLayer }
//!
//! /// Where the bytes of one packet go on their way from reassembly to the parser.
//! struct ToApp<'a> { app: &'a mut AppLayer, settings: &'a AppSettings, time: Timestamp, events: &'a mut Vec<AppEvent> }
//!
//! impl StreamSink for ToApp<'_> {
//!     fn data(&mut self, direction: Direction, _offset: u64, bytes: &[u8], _pieces: u32) {
//!         self.app.data(self.settings, self.time, direction, bytes, self.events);
//!     }
//!     fn gap(&mut self, direction: Direction, _offset: u64, length: u64) {
//!         self.app.gap(self.settings, self.time, direction, length, self.events);
//!     }
//!     fn end(&mut self, direction: Direction) {
//!         self.app.end(self.settings, self.time, direction, self.events);
//!     }
//!     fn event(&mut self, name: &'static str) {
//!         println!("anomaly {name}"); // stream.est_packet_out_of_window
//!     }
//! }
//!
//! fn packet(frame: &[u8], time: Timestamp, defragmenter: &mut Defragmenter) {
//!     let settings = DecodeSettings::default();
//!     let mut decoded = decode(frame, LinkLayer::Ethernet, &settings);
//!     // decoded.events holds decoder.* anomalies; a packet with `invalid` set goes no further.
//!     let datagram;
//!     if decoded.ip.is_some_and(|ip| ip.fragment.is_some()) {
//!         let outcome = defragmenter.add(time, &decoded, None);
//!         // outcome.events holds decoder.ipv4.frag_overlap and the like
//!         let Some(complete) = outcome.datagram else { return };
//!         datagram = complete;
//!         decoded = decode_ip(&datagram, &settings);
//!     }
//!     if let Some(tunnel) = decoded.tunnel {
//!         let _inner = tunnel.decode(&settings); // goes the same way as a packet of its own
//!     }
//!     // The flow table finds the flow and the direction; here it is a new one.
//!     let Some((client_port, server_port)) = decoded.ports() else { return };
//!     let mut events = Vec::new();
//!     let app_settings = AppSettings::default();
//!     match &decoded.transport {
//!         Transport::Tcp(tcp) => {
//!             let mut flow = Flow {
//!                 tcp: TcpSession::new(),
//!                 app: AppLayer::new(TransportKind::Tcp, client_port, server_port),
//!             };
//!             let segment = Segment { time, direction: Direction::ToServer, tcp, payload: decoded.payload };
//!             let mut sink = ToApp { app: &mut flow.app, settings: &app_settings, time, events: &mut events };
//!             flow.tcp.segment(&StreamSettings::default(), &segment, &mut sink);
//!         }
//!         Transport::Udp(_) => {
//!             let mut app = AppLayer::new(TransportKind::Udp, client_port, server_port);
//!             app.data(&app_settings, time, Direction::ToServer, decoded.payload, &mut events);
//!         }
//!         _ => {}
//!     }
//!     for event in &events {
//!         // Progress: inspect transaction `app.transaction(id)`; once `is_complete()` log `eve` and `app.release(id)`.
//!         let _ = event;
//!     }
//! }
//! # packet(&[0; 60], Timestamp::EPOCH, &mut Defragmenter::new(DefragSettings::default()));
//! ```
//!
//! At the end of a flow call [`TcpSession::finish`], then inspect and log whatever transactions are still live.

#![forbid(unsafe_code)]

pub mod app;
mod app_protocol;
mod buffer;
pub mod decode;
mod defrag;
pub mod limits;
mod pieces;
pub mod stream;
mod transaction;

pub use app::{
    AppLayer, AppSettings, DhcpSettings, DnsSettings, Frame, FrameKind, HttpSettings, Interest, MqttSettings, PARSERS,
    PgsqlSettings, Reading, SmtpSettings, TlsSettings, Transactions, TransportKind,
};
pub use app_protocol::AppProtocol;
pub use buffer::{Buffer, BufferSpec, BufferValue, Buffers};
pub use decode::{
    Arp, DecodeSettings, Decoded, Ethernet, Fragment, Icmp, Ip, LinkLayer, Sctp, SctpChunk, Tcp, TcpOptions, Transport,
    Tunnel, TunnelKind, Udp, Vlans, decode, decode_ip, flags,
};
pub use defrag::{DefragOutcome, DefragSettings, DefragStatistics, Defragmenter};
pub use stream::{
    OverlapPolicy, Segment, StreamSettings, StreamSink, StreamStatistics, TcpSession, TcpState, UrgentPolicy,
};
pub use transaction::{AppEvent, Direction, Expectation, Fact, Facts, FileChunk, Transaction};
