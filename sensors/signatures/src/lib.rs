//! Owns Suricata-language rules: text to immutable RuleSet, prefilter, match.
//!
//! Does no I/O, decodes no packets.
//!
//! # Loading and inspecting
//!
//! ```
//! use std::sync::Arc;
//! use fengsui_protocols::{Buffer, Direction};
//! use fengsui_signatures::{Completion, FlowState, PacketView, RuleData, RuleSource, Scratch, Tracking, Variables, load};
//!
//! let text = br#"alert tcp any any -> any 80 (msg:"ping of a bot"; content:"PING"; startswith; sid:9000001; rev:1;)"#;
//! let sources = [RuleSource { file: "local.rules", text }];
//! let (rules, report) = load(&sources, &Variables::default(), &RuleData::default());
//! assert_eq!((report.loaded, report.failures.len()), (1, 0));
//!
//! let rules = Arc::new(rules); // shared by every worker, swapped on reload
//! let tracking = Arc::new(Tracking::default()); // thresholds and xbits, shared by every worker, outlives a reload
//! let mut scratch = Scratch::new(tracking); // one per worker
//! let mut flow = FlowState::default(); // one per flow
//!
//! let (client, server) = ("10.0.0.1:40000".parse().unwrap(), "10.0.0.2:80".parse().unwrap());
//! let mut view = PacketView::new(client, server, 6, b"PING me");
//! view.direction = Some(Direction::ToServer);
//! let matches = rules.inspect_packet(&mut scratch, &view, Some(&mut flow), None);
//! assert_eq!(matches[0].rule.sid, 9_000_001);
//! assert_eq!(matches[0].conditions[0].value, "PING");
//! ```
//!
//! Order of calls for one packet, so that flowbits and application protocol are known in time:
//! 1. feed the packet to the flow, the stream and the application parser;
//! 2. [`RuleSet::inspect_packet`] with the packet's own payload and, for TCP, the reassembled window that became available;
//! 3. [`RuleSet::inspect_transaction`] for each direction of each transaction that made progress;
//! 4. [`RuleSet::inspect_file_data`] for each file that grew;
//! 5. [`RuleSet::inspect_event`] for anomalies that belong to no transaction.
//!
//! Each call returns every rule that fired, at most once per call; transaction rules fire once per transaction,
//! address-only rules once per flow and direction. What all calls for one packet returned goes to [`RuleSet::settle`],
//! which puts it in the order of the rules and applies rates and `pass` rules.

#![forbid(unsafe_code)]

mod classification;
mod compile;
mod datasets;
mod draft;
mod evaluate;
mod flow_state;
mod header;
mod inspect;
mod keywords;
mod limits;
mod loader;
mod matched;
mod number;
mod packet_view;
mod pcre_syntax;
mod port_set;
mod prefilter;
mod ranges;
mod report;
mod reputation;
mod rule;
mod rule_info;
mod rule_set;
mod syntax;
mod threshold_config;
mod tracking;
mod transform;
mod variables;

pub use classification::{CLASSIFICATIONS, Classification};
pub use datasets::{Dataset, DatasetKind, Datasets};
pub use flow_state::FlowState;
pub use keywords::{keyword_families, keyword_names};
pub use loader::{RuleData, RuleSource, load, named_files};
pub use matched::{Match, Settled, Silence, Tag, TagMetric};
pub use packet_view::{Completion, FileView, IcmpView, NetworkView, OptionKinds, PacketView, TcpView};
pub use report::{LoadFailure, LoadReport, LoadWarning};
pub use reputation::Reputations;
pub use rule_info::{Action, RuleInfo, Target};
pub use rule_set::{RuleSet, Scratch};
pub use tracking::{Tracking, TrackingStatistics};
pub use variables::Variables;
