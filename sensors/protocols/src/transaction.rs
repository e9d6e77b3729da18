//! What application parsers hand out: transactions, file content and anomalies.

use fengsui_schema::Timestamp;
use serde_json::{Map, Value};

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
    /// Protocol it belongs to.
    pub protocol: AppProtocol,
    /// Time of its first byte.
    pub started: Timestamp,
    /// Sticky buffers that rules look at, by direction.
    pub buffers: Buffers,
    /// Whether everything from the client has arrived.
    pub request_complete: bool,
    /// Whether everything from the server has arrived.
    pub response_complete: bool,
    /// The object EVE writes under the protocol's name.
    pub eve: Map<String, Value>,
    /// Further objects of the EVE record by their top-level names (`email` next to `smtp`).
    pub eve_more: Map<String, Value>,
    /// Names of the app-layer events raised on it (`http.invalid_request_chunk_len`).
    pub events: Vec<&'static str>,
}

impl Transaction {
    /// An empty transaction.
    #[must_use]
    pub fn new(id: u64, protocol: AppProtocol, started: Timestamp) -> Self {
        Self {
            id,
            protocol,
            started,
            buffers: Buffers::default(),
            request_complete: false,
            response_complete: false,
            eve: Map::new(),
            eve_more: Map::new(),
            events: Vec::new(),
        }
    }

    /// Whether both sides have said everything, so that it can be logged and released.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.request_complete && self.response_complete
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
