//! The immutable rule set and how it is asked.

use std::sync::Arc;

use fengsui_protocols::{AppProtocol, Direction, Transaction};

use crate::{Completion, FileView, FlowState, Match, PacketView, RuleInfo, Tracking};

/// Compiled rules. Immutable, shared by all workers in an `Arc`; a reload makes a new one.
#[derive(Debug, Default)]
pub struct RuleSet {}

/// Working memory of one worker.
#[derive(Debug)]
pub struct Scratch {
    tracking: Arc<Tracking>,
}

impl Scratch {
    /// Working memory that counts thresholds in these tables.
    #[must_use]
    pub fn new(tracking: Arc<Tracking>) -> Self {
        Self { tracking }
    }

    /// The tables it counts in.
    #[must_use]
    pub fn tracking(&self) -> &Arc<Tracking> {
        &self.tracking
    }

    /// Inspections that were cut short by a limit and matches that were shed, since the start.
    #[must_use]
    pub const fn limited(&self) -> u64 {
        0
    }
}

impl RuleSet {
    /// Number of rules.
    #[must_use]
    pub fn len(&self) -> usize {
        0
    }

    /// Whether there are no rules.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Digest of the loaded rules; the same as [`crate::LoadReport::version`].
    #[must_use]
    pub fn version(&self) -> &str {
        ""
    }

    /// Every rule, in the order they are applied.
    pub fn rules(&self) -> impl Iterator<Item = &Arc<RuleInfo>> {
        [].iter()
    }

    /// Inspects one packet: address-only rules (once per flow and direction), header rules, decoder and stream events,
    /// and payload rules of everything that is not taken by a TCP stream.
    pub fn inspect_packet(
        &self,
        scratch: &mut Scratch,
        packet: &PacketView<'_>,
        flow: Option<&mut FlowState>,
    ) -> Vec<Match> {
        let _ = (scratch, packet, flow);
        Vec::new()
    }

    /// Inspects a reassembled window of a TCP stream that goes the packet's way.
    pub fn inspect_stream(
        &self,
        scratch: &mut Scratch,
        packet: &PacketView<'_>,
        flow: &mut FlowState,
        window: &[u8],
    ) -> Vec<Match> {
        let _ = (scratch, packet, flow, window);
        Vec::new()
    }

    /// Inspects what one direction of a transaction holds so far. `packet` is the packet that brought the news.
    pub fn inspect_transaction(
        &self,
        scratch: &mut Scratch,
        packet: &PacketView<'_>,
        flow: &mut FlowState,
        direction: Direction,
        (transaction, completion): (&Transaction, Completion),
    ) -> Vec<Match> {
        let _ = (scratch, packet, flow, direction, transaction, completion);
        Vec::new()
    }

    /// Inspects a file that goes over the wire, with the transaction that carries it.
    pub fn inspect_file_data(
        &self,
        scratch: &mut Scratch,
        packet: &PacketView<'_>,
        flow: &mut FlowState,
        direction: Direction,
        (file, transaction): (&FileView<'_>, Option<&Transaction>),
    ) -> Vec<Match> {
        let _ = (scratch, packet, flow, direction, file, transaction);
        Vec::new()
    }

    /// Inspects an application-layer event that belongs to no transaction, by its full name
    /// (`applayer_proto_detection_skipped`, `tls.invalid_record_type`).
    pub fn inspect_event(
        &self,
        scratch: &mut Scratch,
        packet: &PacketView<'_>,
        flow: &mut FlowState,
        (protocol, name): (Option<AppProtocol>, &str),
    ) -> Vec<Match> {
        let _ = (scratch, packet, flow, protocol, name);
        Vec::new()
    }
}
