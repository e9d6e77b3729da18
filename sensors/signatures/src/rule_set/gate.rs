//! What turns most candidates away, in few bytes per rule that lie side by side: a rule itself is spread over so much
//! memory that coming to look at it costs more than these tests.

use fengsui_protocols::AppProtocol;

use crate::PacketView;
use crate::evaluate::Phase;
use crate::keywords::flow::FlowOptions;
use crate::rule::Rule;

/// What a rule asks of every place it looks at, beside its header.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gate {
    /// A bit per application protocol the header names; none when it names none.
    applications: u64,
    flow: FlowOptions,
    /// A bit per [`Occasion`] it takes part in.
    occasions: u8,
    /// Whether it needs no other look when a body has grown.
    pub(super) settled: bool,
}

/// When rules are looked at.
#[derive(Clone, Copy)]
enum Occasion {
    /// A packet whose payload no stream has taken.
    Alone,
    /// A packet whose payload is part of a stream.
    InStream,
    Stream,
    Transaction,
    File,
    Frame,
    Event,
}

// Every protocol has a bit.
const _: () = assert!(AppProtocol::ALL.len() <= 64);

const fn bit(protocol: AppProtocol) -> u64 {
    1 << protocol as u32
}

impl Gate {
    pub(super) fn new(rule: &Rule) -> Self {
        let phases = rule.phases;
        let occasions = [
            (Occasion::Alone, !phases.only_stream),
            (Occasion::InStream, !phases.only_stream && (!phases.stream || phases.placed)),
            (Occasion::Stream, phases.stream),
            (Occasion::Transaction, phases.transaction),
            (Occasion::File, phases.file),
            (Occasion::Frame, phases.frame),
            (Occasion::Event, phases.transaction && rule.lists.is_empty()),
        ];
        let taken = occasions.iter().filter(|(_, takes)| *takes);
        Self {
            applications: rule.header.protocol.applications.iter().fold(0, |bits, protocol| bits | bit(*protocol)),
            flow: rule.flow,
            occasions: taken.fold(0, |bits, (occasion, _)| bits | 1 << *occasion as u8),
            settled: rule.is_settled(),
        }
    }

    /// Whether the rule takes part there, and is about such an application and such a flow. Candidates come from
    /// matchers that rules share, so many do not.
    pub(super) fn opens(&self, phase: Phase, packet: &PacketView<'_>) -> bool {
        let occasion = match phase {
            Phase::Packet if packet.in_stream => Occasion::InStream,
            Phase::Packet => Occasion::Alone,
            Phase::Stream => Occasion::Stream,
            Phase::Transaction => Occasion::Transaction,
            Phase::File => Occasion::File,
            Phase::Frame => Occasion::Frame,
            Phase::Event => Occasion::Event,
        };
        let speaks = || packet.app_protocol.is_some_and(|protocol| self.applications & bit(protocol) != 0);
        self.occasions >> occasion as u8 & 1 == 1 && (self.applications == 0 || speaks()) && self.flow.matches(packet)
    }
}

#[cfg(test)]
mod tests {
    use fengsui_protocols::Direction;

    use super::*;
    use crate::{RuleData, RuleSource, Variables, load};

    fn gate(rule: &str) -> Gate {
        let rule = rule.replace("(", "(msg:\"m\"; sid:1; ");
        let sources = [RuleSource { file: "test", text: rule.as_bytes() }];
        let (set, report) = load(&sources, &Variables::default(), &RuleData::default());
        assert!(report.failures.is_empty(), "{:?}", report.failures);
        set.gates[0]
    }

    fn view(application: Option<AppProtocol>, established: bool) -> PacketView<'static> {
        let mut view = PacketView::without_addresses();
        (view.app_protocol, view.established, view.direction) = (application, established, Some(Direction::ToServer));
        view
    }

    #[test]
    fn a_gate_asks_for_application_and_flow() {
        let gate = gate(r#"alert http any any -> any any (flow:established,to_server; content:"pattern";)"#);
        assert!(gate.opens(Phase::Stream, &view(Some(AppProtocol::Http), true)));
        assert!(gate.opens(Phase::Stream, &view(Some(AppProtocol::Http2), true)));
        assert!(!gate.opens(Phase::Stream, &view(Some(AppProtocol::Tls), true)));
        assert!(!gate.opens(Phase::Stream, &view(None, true)));
        assert!(!gate.opens(Phase::Stream, &view(Some(AppProtocol::Http), false)));
        let answer = PacketView { direction: Some(Direction::ToClient), ..view(Some(AppProtocol::Http), true) };
        assert!(!gate.opens(Phase::Stream, &answer));
    }

    #[test]
    fn a_gate_is_open_where_the_rule_takes_part() {
        let places = |rule: &str| {
            let gate = gate(rule);
            let taken = PacketView { in_stream: true, ..view(None, true) };
            let phases = [Phase::Packet, Phase::Stream, Phase::Transaction, Phase::File, Phase::Frame, Phase::Event];
            let mut open: Vec<bool> = phases.iter().map(|phase| gate.opens(*phase, &view(None, true))).collect();
            open.insert(1, gate.opens(Phase::Packet, &taken));
            open.into_iter().map(|open| if open { '1' } else { '0' }).collect::<String>()
        };
        // Packet alone, packet in a stream, stream, transaction, file, frame, event.
        assert_eq!(places(r#"alert tcp any any -> any any (content:"pattern";)"#), "1010000");
        assert_eq!(places(r#"alert tcp any any -> any any (content:"pattern"; depth:9;)"#), "1110000");
        assert_eq!(places(r#"alert tcp-pkt any any -> any any (content:"pattern";)"#), "1100000");
        assert_eq!(places(r#"alert tcp any any -> any any (flow:only_stream; content:"pattern";)"#), "0010000");
        assert_eq!(places(r#"alert tcp any any -> any any (http.uri; content:"pattern";)"#), "1101000");
        assert_eq!(places(r#"alert tcp any any -> any any (app-layer-event:http.missing_host_header;)"#), "1101001");
    }
}
