//! A compiled rule.

use std::sync::Arc;

use fengsui_protocols::{Buffer, Direction, FrameKind};

use crate::RuleInfo;
use crate::header::{Arrow, Header};
use crate::keywords::asn1::Asn1Check;
use crate::keywords::base64::Base64Decode;
use crate::keywords::bits::{Effect, Holder, IntStep, StateCheck};
use crate::keywords::byte_extract::ByteExtract;
use crate::keywords::byte_jump::ByteJump;
use crate::keywords::byte_math::ByteMath;
use crate::keywords::byte_test::ByteTest;
use crate::keywords::content::{Content, DataAt};
use crate::keywords::dataset::DatasetTest;
use crate::keywords::entropy::Entropy;
use crate::keywords::file::FileCheck;
use crate::keywords::flow::FlowOptions;
use crate::keywords::packet::PacketCheck;
use crate::keywords::pcre::Pcre;
use crate::keywords::threshold::Rate;
use crate::keywords::transaction::TransactionCheck;
use crate::number::Comparison;
use crate::threshold_config::Suppression;
use crate::transform::Transform;

/// A compiled rule.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) info: Arc<RuleInfo>,
    /// Digest of gid and sid: what flows and tables remember a rule by.
    pub(crate) key: u64,
    pub(crate) header: Header,
    pub(crate) flow: FlowOptions,
    pub(crate) phases: Phases,
    pub(crate) packet_checks: Vec<PacketCheck>,
    pub(crate) transaction_checks: Vec<TransactionCheck>,
    pub(crate) file_checks: Vec<FileCheck>,
    pub(crate) state_checks: Vec<StateCheck>,
    pub(crate) ints: Vec<IntStep>,
    pub(crate) effects: Vec<Effect>,
    pub(crate) lists: Vec<List>,
    pub(crate) rates: Vec<Rate>,
    /// Addresses whose alerts are held back.
    pub(crate) suppressions: Vec<Suppression>,
    /// Texts of the options that are no steps of a list, for "why it fired".
    pub(crate) check_texts: Vec<String>,
    pub(crate) noalert: bool,
    /// Whether an expression of it captures parts for records.
    pub(crate) captures: bool,
    /// Whether what it asks of a transaction it asks of each direction.
    pub(crate) each_direction: bool,
}

impl Rule {
    /// Whether it is about UDP alone.
    pub(crate) fn is_udp(&self) -> bool {
        self.header.protocol.numbers == [17]
    }
}

impl Rule {
    /// Whether what it asks of a transaction it asks of each direction.
    pub(crate) fn asks_each_direction(&self) -> bool {
        self.header.arrow != Arrow::Transaction
            && (self.transaction_checks.iter().any(TransactionCheck::is_of_each_direction) || self.looks_both_ways())
    }

    /// Whether bytes that are appended to bodies and files leave its answer about a transaction as it is, as long as
    /// nothing else changes.
    pub(crate) fn is_settled(&self) -> bool {
        let of_flow = |check: &StateCheck| matches!(check.holder, Holder::Flow | Holder::Transaction);
        let stays = |list: &List| {
            let shares = |step: &Step| matches!(step.test, Test::Dataset(_) | Test::Base64(_));
            matches!(list.source, Source::Buffer(_)) && !list.source.grows() && !list.steps.iter().any(shares)
        };
        self.packet_checks.is_empty()
            && self.transaction_checks.is_empty()
            && self.file_checks.is_empty()
            && self.ints.is_empty()
            && self.flow.fragments.is_none()
            && !self.phases.mixed
            && self.state_checks.iter().all(of_flow)
            && !self.lists.is_empty()
            && self.lists.iter().all(stays)
    }

    /// Whether it only looks at buffers that both directions of a transaction have. Files are no such buffers: they are
    /// shown by themselves too.
    fn looks_both_ways(&self) -> bool {
        self.transaction_checks.is_empty()
            && !self.lists.is_empty()
            && self.lists.iter().all(|list| match list.source {
                Source::Buffer(Buffer::FileData | Buffer::FileName | Buffer::FileMagic) => false,
                Source::Buffer(buffer) => buffer.spec().to_server && buffer.spec().to_client,
                _ => false,
            })
    }
}

/// When a rule is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Phases {
    /// Once per flow and direction, by addresses only.
    pub(crate) addresses: bool,
    /// Once per flow, when its application protocol is decided.
    pub(crate) protocol: bool,
    /// For each packet.
    pub(crate) packet: bool,
    /// With `packet` and `stream`: also for packets whose payload is in the stream.
    pub(crate) placed: bool,
    /// For each stream window, and for packets that no stream has taken.
    pub(crate) stream: bool,
    /// With `stream`: not for packets, not even those that no stream has taken.
    pub(crate) only_stream: bool,
    /// For each transaction that makes progress.
    pub(crate) transaction: bool,
    /// For each file that grows.
    pub(crate) file: bool,
    /// For each frame.
    pub(crate) frame: bool,
    /// Looks at the payload and at transactions: the payload part is remembered for the transaction.
    pub(crate) mixed: bool,
}

/// The tests of one buffer, in the order of the rule.
#[derive(Debug)]
pub(crate) struct List {
    pub(crate) source: Source,
    pub(crate) transforms: Vec<Transform>,
    pub(crate) steps: Vec<Step>,
    pub(crate) absent: Absent,
    /// Whether the answer can turn from yes to no as the buffer grows.
    pub(crate) needs_all: bool,
}

/// What a missing buffer means (keyword `absent`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Absent {
    /// No match.
    #[default]
    Fails,
    /// A match; a present buffer is none.
    Required,
    /// A match; a present buffer is tested.
    Allowed,
}

/// Where the bytes of a list come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Source {
    /// Payload of the packet or window of the stream.
    Payload,
    /// A sticky buffer.
    Buffer(Buffer),
    /// The IP header.
    NetworkHeader,
    /// The transport header.
    TransportHeader,
    /// The Ethernet header.
    EthernetHeader,
    /// User data of the SCTP chunks of a packet.
    SctpData,
    /// The packet's source address: 4 or 16 bytes.
    SenderAddress,
    /// The packet's destination address.
    ReceiverAddress,
    /// A frame that a parser marks.
    Frame(FrameKind),
}

impl Source {
    /// The keyword that names it.
    pub(crate) fn keyword(self) -> &'static str {
        match self {
            Self::Payload => "payload",
            Self::Buffer(buffer) => buffer.keyword(),
            Self::NetworkHeader => "ip.hdr",
            Self::TransportHeader => "transport.hdr",
            Self::EthernetHeader => "ether.hdr",
            Self::SctpData => "sctp.chunk_data",
            Self::SenderAddress => "ip.src",
            Self::ReceiverAddress => "ip.dst",
            Self::Frame(kind) => kind.name,
        }
    }

    /// Whether the bytes belong to the packet rather than to a transaction.
    pub(crate) const fn of_packet(self) -> bool {
        !matches!(self, Self::Buffer(_) | Self::Frame(_) | Self::SenderAddress | Self::ReceiverAddress)
    }

    /// Whether only a packet by itself has these bytes.
    pub(crate) const fn of_header(self) -> bool {
        matches!(self, Self::NetworkHeader | Self::TransportHeader | Self::EthernetHeader | Self::SctpData)
    }

    /// Whether more bytes may be appended while the transaction lasts.
    pub(crate) const fn grows(self) -> bool {
        matches!(self, Self::Buffer(Buffer::FileData | Buffer::HttpRequestBody | Buffer::HttpResponseBody))
    }
}

/// One test of a list.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) test: Test,
    /// As the rule writes it, with its modifiers.
    pub(crate) text: String,
    /// Whether a later match of this step may help the next one.
    pub(crate) retry: bool,
}

/// What a step tests.
#[derive(Debug)]
pub(crate) enum Test {
    Content(Content),
    Pcre(Pcre),
    ByteTest(ByteTest),
    ByteJump(ByteJump),
    ByteExtract(ByteExtract),
    ByteMath(ByteMath),
    DataAt(DataAt),
    Size(Comparison),
    Base64(Base64Decode),
    Dataset(DatasetTest),
    Entropy(Entropy),
    Asn1(Asn1Check),
}

impl Test {
    /// Whether it starts where the step before it ended.
    pub(crate) fn is_relative(&self) -> bool {
        match self {
            Self::Content(content) => content.is_relative(),
            Self::Pcre(pcre) => pcre.relative,
            Self::ByteTest(test) => test.source.relative,
            Self::ByteJump(jump) => jump.source.relative,
            Self::ByteExtract(extract) => extract.source.relative,
            Self::ByteMath(math) => math.source.relative,
            Self::DataAt(data_at) => data_at.relative,
            Self::Base64(decode) => decode.relative,
            Self::Asn1(check) => check.relative,
            Self::Size(_) | Self::Dataset(_) | Self::Entropy(_) => false,
        }
    }

    /// Whether more bytes behind the buffer could turn a match into none.
    pub(crate) fn needs_all(&self) -> bool {
        match self {
            Self::Content(content) => content.negated || content.ends_with,
            Self::Pcre(pcre) => pcre.negated,
            Self::DataAt(data_at) => data_at.negated,
            Self::Size(_) | Self::Dataset(_) | Self::Entropy(_) => true,
            _ => false,
        }
    }

    /// Whether the test needs a value of another step.
    pub(crate) fn uses_variables(&self) -> bool {
        match self {
            Self::Content(content) => content.uses_variables(),
            Self::ByteTest(test) => test.uses_variables(),
            Self::ByteJump(jump) => jump.source.offset.is_variable(),
            Self::ByteMath(math) => math.uses_variables(),
            Self::DataAt(data_at) => data_at.distance.is_variable(),
            _ => false,
        }
    }
}

/// A number of the rule or a variable that an earlier step sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operand {
    Literal(i64),
    Variable(usize),
}

impl Operand {
    pub(crate) fn value(self, variables: &[i64]) -> i64 {
        match self {
            Self::Literal(value) => value,
            Self::Variable(index) => variables.get(index).copied().unwrap_or(0),
        }
    }

    pub(crate) const fn is_variable(self) -> bool {
        matches!(self, Self::Variable(_))
    }

    pub(crate) const fn literal(self) -> Option<i64> {
        match self {
            Self::Literal(value) => Some(value),
            Self::Variable(_) => None,
        }
    }
}

/// Whether a packet's way is the one asked for; a rule without a way takes both.
pub(crate) fn way_matches(asked: Option<Direction>, way: Option<Direction>) -> bool {
    asked.is_none() || asked == way
}

/// A digest of a name that stays the same over runs and reloads.
pub(crate) fn digest(name: impl std::hash::Hash) -> u64 {
    use std::hash::Hasher;
    let mut hasher = std::hash::DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}
