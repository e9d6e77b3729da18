//! What application parsers hand out: transactions, file content and anomalies.

use fengsui_schema::Timestamp;
use serde_json::{Map, Value};

use crate::app::Frame;
use crate::limits::FACTS_PER_TRANSACTION;
use crate::{AppProtocol, Buffers};

/// Which way bytes of a flow go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// From the side that opened the flow.
    ToServer,
    /// To the side that opened the flow.
    ToClient,
}

impl Direction {
    /// The other way.
    #[must_use]
    pub const fn reversed(self) -> Self {
        match self {
            Self::ToServer => Self::ToClient,
            Self::ToClient => Self::ToServer,
        }
    }
}

/// One request and its answer, or the one long exchange of protocols that have no such thing (TLS, SSH).
#[derive(Debug, Clone)]
pub struct Transaction {
    /// Number within the flow, from 0.
    pub id: u64,
    /// The number records tell: from 0 since the protocol of the flow changed last.
    pub number: u64,
    /// Protocol it belongs to.
    pub protocol: AppProtocol,
    /// Time of its first byte.
    pub started: Timestamp,
    /// Sticky buffers that rules look at, by direction.
    pub buffers: Buffers,
    /// The one direction rules look at, for transactions of a single message; absent for both.
    pub only: Option<Direction>,
    /// Whether everything from the client has arrived.
    pub request_complete: bool,
    /// Whether everything from the server has arrived.
    pub response_complete: bool,
    /// Whether it gets no record of its own: settings leave it out.
    pub untold: bool,
    /// The object EVE writes under the protocol's name.
    pub eve: Map<String, Value>,
    /// Further objects of the EVE record by their top-level names (`email` next to `smtp`).
    pub eve_more: Map<String, Value>,
    /// Numbers and values rules compare that are no sticky buffers, under the keyword's name (`mqtt.type`).
    pub facts: Facts,
    /// Names of the app-layer events raised on it (`http.invalid_request_chunk_len`).
    pub events: Vec<&'static str>,
}

impl Transaction {
    /// An empty transaction.
    #[must_use]
    pub fn new(id: u64, protocol: AppProtocol, started: Timestamp) -> Self {
        Self {
            id,
            number: id,
            protocol,
            started,
            buffers: Buffers::default(),
            only: None,
            request_complete: false,
            response_complete: false,
            untold: false,
            eve: Map::new(),
            eve_more: Map::new(),
            facts: Facts::default(),
            events: Vec::new(),
        }
    }

    /// Whether both sides have said everything, so that it can be logged and released.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.request_complete && self.response_complete
    }
}

/// Numbers and values of a transaction that rules compare, by keyword; a keyword may have several.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    list: Vec<Entry>,
    /// Places in `list` by what stands there; kept up only once there are more than [`FEW_FACTS`].
    sorted: Vec<u16>,
}

type Entry = (&'static str, Option<Direction>, Fact);

/// So many are looked through one by one for one that is known.
const FEW_FACTS: usize = 16;

/// What rules compare.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fact {
    /// A number, a set of flags, or an enumeration by its number on the wire.
    Number(u64),
    /// Bytes whose form the keyword knows.
    Bytes(Vec<u8>),
}

impl Facts {
    /// Adds a number; past [`FACTS_PER_TRANSACTION`] nothing is added.
    pub fn number(&mut self, keyword: &'static str, number: impl Into<u64>) {
        self.push(keyword, None, Fact::Number(number.into()));
    }

    /// Adds a number of one direction.
    pub fn number_in(&mut self, direction: Direction, keyword: &'static str, number: impl Into<u64>) {
        self.push(keyword, Some(direction), Fact::Number(number.into()));
    }

    /// Adds a number of a list whose order rules may ask for; it may repeat.
    pub fn item(&mut self, keyword: &'static str, number: impl Into<u64>) {
        if self.list.len() < FACTS_PER_TRANSACTION {
            self.list.push((keyword, None, Fact::Number(number.into())));
        }
    }

    /// Adds bytes.
    pub fn bytes(&mut self, keyword: &'static str, bytes: impl Into<Vec<u8>>) {
        self.push(keyword, None, Fact::Bytes(bytes.into()));
    }

    fn push(&mut self, keyword: &'static str, direction: Option<Direction>, fact: Fact) {
        let entry = (keyword, direction, fact);
        if self.list.len() < FACTS_PER_TRANSACTION && !self.holds(&entry) {
            self.list.push(entry);
        }
    }

    /// Whether a fact is known. Many are found by bisection: a sender chooses how many there are.
    fn holds(&mut self, entry: &Entry) -> bool {
        if self.list.len() <= FEW_FACTS {
            return self.list.contains(entry);
        }
        for next in self.sorted.len()..self.list.len() {
            let place = self.place(&self.list[next]).unwrap_or_else(|place| place);
            self.sorted.insert(place, u16::try_from(next).unwrap_or(u16::MAX));
        }
        self.place(entry).is_ok()
    }

    fn place(&self, entry: &Entry) -> Result<usize, usize> {
        self.sorted.binary_search_by(|place| self.list[usize::from(*place)].cmp(entry))
    }

    /// How many there are; they only grow in number.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The numbers of a keyword that hold in a direction; in every direction without one.
    pub fn numbers<'a>(&'a self, keyword: &'a str, direction: Option<Direction>) -> impl Iterator<Item = u64> + 'a {
        let of_direction = move |known: Option<Direction>| known.is_none() || direction.is_none() || known == direction;
        self.list.iter().filter(move |fact| fact.0 == keyword && of_direction(fact.1)).filter_map(|(_, _, fact)| {
            match fact {
                Fact::Number(number) => Some(*number),
                Fact::Bytes(_) => None,
            }
        })
    }

    /// The bytes of a keyword.
    pub fn values<'a>(&'a self, keyword: &'a str) -> impl Iterator<Item = &'a [u8]> + 'a {
        self.list.iter().filter(move |fact| fact.0 == keyword).filter_map(|(_, _, fact)| match fact {
            Fact::Bytes(bytes) => Some(bytes.as_slice()),
            Fact::Number(_) => None,
        })
    }
}

/// A piece of a file that goes over the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileChunk {
    /// Transaction it belongs to.
    pub transaction: u64,
    /// Number of the file within the flow, from 0.
    pub file: u32,
    /// Which way it goes.
    pub direction: Direction,
    /// Name, when the protocol tells one. Untrusted.
    pub name: Option<Vec<u8>>,
    /// Content after transfer and content decoding.
    pub data: Vec<u8>,
    /// Bytes missing before `data`.
    pub gap: u64,
    /// Whether this is the last piece.
    pub end: bool,
    /// Whether the file ended before it was whole.
    pub truncated: bool,
}

/// A flow that one flow announces: the data connection of FTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expectation {
    /// What it will speak.
    pub protocol: AppProtocol,
    /// Port it will be opened to.
    pub port: u16,
    /// Whether the server of the announcing flow will open it, to the client.
    pub from_server: bool,
    /// What the parser of the new flow is told before its first bytes: a command and its argument.
    pub notice: (&'static str, Vec<u8>),
}

/// What an application parser has to say after it was given bytes.
#[derive(Debug, Clone)]
pub enum AppEvent {
    /// A transaction has something new to inspect in this direction; read it from the parser by its id.
    Progress {
        /// Transaction.
        transaction: u64,
        /// Direction with news.
        direction: Direction,
    },
    /// File content.
    File(FileChunk),
    /// A named part of what was said; only where rules look at such parts.
    Frame(Frame),
    /// Another flow is about to be opened.
    Expect(Expectation),
    /// Something that should not be, by its app-layer event name.
    Anomaly {
        /// Transaction, when it belongs to one.
        transaction: Option<u64>,
        /// `http.invalid_content_length_field_in_request`
        name: &'static str,
        /// Direction.
        direction: Direction,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_kept_once_in_their_order_however_many_there_are() {
        let (mut facts, mut expected) = (Facts::default(), Vec::new());
        for round in 0..3 {
            for number in (0..200_u64).rev() {
                facts.number("a", number);
                if round == 0 {
                    expected.push(number);
                }
            }
            facts.item("list", 7_u64);
            facts.bytes("a", b"x");
        }
        assert_eq!(facts.numbers("a", None).collect::<Vec<_>>(), expected);
        assert_eq!(facts.numbers("list", None).count(), 3, "items may repeat");
        assert_eq!(facts.values("a").count(), 1);
        facts.number_in(Direction::ToClient, "a", 3_u64);
        assert_eq!(facts.len(), 205, "a fact of one direction is another one");
        (0..2_000_u64).for_each(|number| facts.number("more", number));
        assert_eq!(facts.len(), FACTS_PER_TRANSACTION);
    }
}
