//! What turns most candidates away, in few bytes per rule that lie side by side: a rule itself is spread over so much
//! memory that coming to look at it costs more than these tests.

use fengsui_protocols::{AppProtocol, Buffer};

use crate::PacketView;
use crate::evaluate::{Context, Phase};
use crate::keywords::flow::FlowOptions;
use crate::rule::{Absent, List, Rule, Source, Test};

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
    /// What the payload has to start with; for a rule that asks that of files, what a file has to start with.
    head: Head,
    is_about_files: bool,
}

/// Bytes that have to be at the start of something, and the bits of them that count.
#[derive(Debug, Clone, Copy, Default)]
struct Head {
    bytes: u64,
    mask: u64,
}

/// The first bytes of something, zeros behind its end.
fn first_bytes(bytes: &[u8]) -> u64 {
    if let Some(first) = bytes.first_chunk::<8>() {
        return u64::from_le_bytes(*first);
    }
    let mut first = [0; 8];
    first[..bytes.len()].copy_from_slice(bytes);
    u64::from_le_bytes(first)
}

impl Head {
    /// What the contents of a list ask for whose place is fixed.
    fn of(list: &List) -> Self {
        let (mut bytes, mut mask) = ([0; 8], [0; 8]);
        for step in &list.steps {
            let Test::Content(content) = &step.test else { continue };
            let Some(start) = content.pinned() else { continue };
            for (place, byte) in (start..).zip(&content.pattern).take_while(|entry| entry.0 < 8) {
                // Of letters in any case the bit of the case does not count.
                let bits = if content.nocase && byte.is_ascii_alphabetic() { !0x20 } else { !0 };
                (bytes[place], mask[place]) = (byte & bits, bits);
            }
        }
        Self { bytes: u64::from_le_bytes(bytes), mask: u64::from_le_bytes(mask) }
    }

    const fn fits(self, first_bytes: u64) -> bool {
        (first_bytes ^ self.bytes) & self.mask == 0
    }

    /// The first byte, when it counts as a whole.
    const fn first_byte(self) -> Option<u8> {
        if self.mask & 0xff == 0xff { Some(self.bytes.to_le_bytes()[0]) } else { None }
    }

    /// Whether it asks for these bytes, as far as it reaches.
    fn holds(self, bytes: &[u8]) -> bool {
        let asked = self.bytes.to_le_bytes().into_iter().zip(self.mask.to_le_bytes());
        bytes.iter().zip(asked).all(|(byte, (asked, mask))| mask == 0xff && asked == *byte)
    }
}

/// Where rules are looked at: what gates ask for.
pub(super) struct Sight<'p> {
    occasion: Occasion,
    packet: &'p PacketView<'p>,
    first_bytes: u64,
}

impl<'p> Sight<'p> {
    /// Of a packet, or a window of its stream.
    pub(super) fn of_payload(phase: Phase, packet: &'p PacketView<'p>, payload: &[u8]) -> Self {
        Self { occasion: Occasion::of(phase, packet), packet, first_bytes: first_bytes(payload) }
    }

    pub(super) fn of(context: &Context<'p>) -> Self {
        let file = context.file.map(|file| file.data);
        Self::of_payload(context.phase, context.packet, file.unwrap_or(context.payload))
    }
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

impl Occasion {
    /// Whether what is looked at is what a [`Head`] is about.
    const fn has_head(self) -> bool {
        matches!(self, Self::Alone | Self::InStream | Self::Stream | Self::File)
    }

    fn of(phase: Phase, packet: &PacketView<'_>) -> Self {
        match phase {
            Phase::Packet if packet.in_stream => Self::InStream,
            Phase::Packet => Self::Alone,
            Phase::Stream => Self::Stream,
            Phase::Transaction => Self::Transaction,
            Phase::File => Self::File,
            Phase::Frame => Self::Frame,
            Phase::Event => Self::Event,
        }
    }
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
            head: head(rule),
            is_about_files: phases.file,
        }
    }

    /// The byte that payloads have to start with, when that tells enough for it to choose the rule: text starts with
    /// whatever letter, so there a pattern elsewhere tells more.
    pub(super) fn payload_byte(&self, pattern: Option<&[u8]>) -> Option<u8> {
        let first = self.head.first_byte().filter(|_| !self.is_about_files)?;
        let is_text = first.is_ascii_graphic() || first.is_ascii_whitespace();
        (!is_text || pattern.is_some_and(|pattern| self.head.holds(pattern))).then_some(first)
    }

    /// Whether the rule takes part there, is about such an application and such a flow, and may match what starts like
    /// this. Candidates come from matchers that rules share, or were chosen by no pattern, so for many that is not so.
    pub(super) fn opens(&self, sight: &Sight<'_>) -> bool {
        let packet = sight.packet;
        let speaks = || packet.app_protocol.is_some_and(|protocol| self.applications & bit(protocol) != 0);
        self.occasions >> sight.occasion as u8 & 1 == 1
            && (self.head.fits(sight.first_bytes) || !sight.occasion.has_head())
            && (self.applications == 0 || speaks())
            && self.flow.matches(packet)
    }
}

/// What has to be at the start of the payload, or of files for a rule that looks at those and not at payloads.
fn head(rule: &Rule) -> Head {
    let of = |source: Source| {
        let asks = |list: &&List| list.source == source && list.transforms.is_empty() && list.absent == Absent::Fails;
        rule.lists.iter().find(asks).map(Head::of)
    };
    if rule.phases.packet || rule.phases.stream {
        return of(Source::Payload).filter(|_| !rule.phases.file).unwrap_or_default();
    }
    of(Source::Buffer(Buffer::FileData)).filter(|_| rule.phases.file).unwrap_or_default()
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

    fn opens(gate: &Gate, phase: Phase, packet: &PacketView<'_>) -> bool {
        gate.opens(&Sight::of_payload(phase, packet, packet.payload))
    }

    #[test]
    fn a_gate_asks_for_application_and_flow() {
        let gate = gate(r#"alert http any any -> any any (flow:established,to_server; content:"pattern";)"#);
        assert!(opens(&gate, Phase::Stream, &view(Some(AppProtocol::Http), true)));
        assert!(opens(&gate, Phase::Stream, &view(Some(AppProtocol::Http2), true)));
        assert!(!opens(&gate, Phase::Stream, &view(Some(AppProtocol::Tls), true)));
        assert!(!opens(&gate, Phase::Stream, &view(None, true)));
        assert!(!opens(&gate, Phase::Stream, &view(Some(AppProtocol::Http), false)));
        let answer = PacketView { direction: Some(Direction::ToClient), ..view(Some(AppProtocol::Http), true) };
        assert!(!opens(&gate, Phase::Stream, &answer));
    }

    #[test]
    fn a_gate_asks_for_the_bytes_whose_place_is_fixed() {
        let opens = |options: &str, payload: &'static [u8]| {
            let gate = gate(&format!("alert tcp any any -> any any ({options})"));
            let packet = PacketView { payload, ..view(None, true) };
            [Phase::Packet, Phase::Stream].map(|phase| gate.opens(&Sight::of_payload(phase, &packet, payload)))
        };
        for (options, fitting, other) in [
            (r#"content:"|18 03|"; depth:2;"#, &b"\x18\x03."[..], &b"\x18\x04."[..]),
            (r#"content:"ab"; offset:2; depth:2; nocase;"#, b"..aB", b"..ac"),
            (r#"content:"a{"; startswith; nocase;"#, b"A{", b"A["),
            (r#"content:"abcdefghij"; startswith;"#, b"abcdefgh..", b"abcdefg..."),
            (r#"content:"far"; content:"b"; offset:1; depth:1;"#, b"ab", b"ba"),
        ] {
            assert_eq!(opens(options, fitting), [true; 2], "{options}");
            assert_eq!(opens(options, other), [false; 2], "{options}");
        }
        // What is negated, relative or may be at several places asks for nothing.
        for options in [
            r#"content:!"ab"; startswith;"#,
            r#"content:"ab"; depth:3;"#,
            r#"content:"ab"; endswith;"#,
            r#"content:"x"; content:"ab"; distance:1; within:2;"#,
        ] {
            assert_eq!(opens(options, b"........"), [true; 2], "{options}");
        }
    }

    #[test]
    fn a_first_byte_chooses_where_it_tells_enough() {
        let byte = |options: &str| {
            let rule = gate(&format!("alert tcp any any -> any any ({options})"));
            rule.payload_byte(Some(b"pattern"))
        };
        assert_eq!(byte(r#"content:"|18 03|"; depth:2; content:"pattern";"#), Some(0x18));
        assert_eq!(byte(r#"content:"GET"; depth:3; content:"pattern";"#), None, "text");
        assert_eq!(byte(r#"content:"pattern"; startswith;"#), Some(b'p'), "the pattern itself");
        assert_eq!(byte(r#"content:"|18 03|"; offset:1; depth:2; content:"pattern";"#), None, "another place");
        assert_eq!(byte(r#"content:"pattern";"#), None);
    }

    #[test]
    fn a_gate_is_open_where_the_rule_takes_part() {
        let places = |rule: &str| {
            let gate = gate(rule);
            let taken = PacketView { in_stream: true, ..view(None, true) };
            let phases = [Phase::Packet, Phase::Stream, Phase::Transaction, Phase::File, Phase::Frame, Phase::Event];
            let mut open: Vec<bool> = phases.iter().map(|phase| opens(&gate, *phase, &view(None, true))).collect();
            open.insert(1, opens(&gate, Phase::Packet, &taken));
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
