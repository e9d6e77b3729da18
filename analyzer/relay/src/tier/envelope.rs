//! One message between nodes, as its origin made it; nodes on the way do not change it.

use std::fmt;

use fengsui_crypto::{KeyId, Signature, sm3_of_parts};
use serde::{Deserialize, Serialize};

use super::Signer;
use crate::limits;

/// Name of a node: 1 to 48 ASCII letters, digits, `.`, `-` and `_`, no `.` first, so that no name leads out of a folder; consoles are named by the code of their unit
/// (GB/T 2260), with a suffix when there are several.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct NodeId(String);

/// A text that is no name of a node.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} is no node name: 1 to {max} ASCII letters, digits, '.', '-' and '_', no '.' first", max = limits::NODE_NAME)]
pub struct NodeIdError(String);

impl NodeId {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for NodeId {
    type Error = NodeIdError;

    fn try_from(text: String) -> Result<Self, NodeIdError> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
        let length = (1..=limits::NODE_NAME).contains(&text.len());
        if length && !text.starts_with('.') && text.bytes().all(fits) {
            return Ok(Self(text));
        }
        Err(NodeIdError(fengsui_schema::shown(&text).to_string()))
    }
}

impl std::str::FromStr for NodeId {
    type Err = NodeIdError;

    fn from_str(text: &str) -> Result<Self, NodeIdError> {
        Self::try_from(text.to_owned())
    }
}

impl From<NodeId> for String {
    fn from(id: NodeId) -> Self {
        id.0
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How urgent a message is. A lane never waits behind a later one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Lane {
    /// Emergency orders and recalls.
    P0,
    /// Tasks and receipts.
    P1,
    /// Summaries of alerts and incidents.
    P2,
    /// Telemetry: scorecards, visibility, roll-ups. The newest of an object wins.
    P3,
    /// Evidence in pieces.
    P4,
}

impl Lane {
    /// Every lane, the most urgent first.
    pub const ALL: [Self; 5] = [Self::P0, Self::P1, Self::P2, Self::P3, Self::P4];

    /// Its number.
    #[must_use]
    pub const fn as_number(self) -> u8 {
        self as u8
    }

    /// The lane of a number.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }
}

impl fmt::Display for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "P{}", self.as_number())
    }
}

/// Whom a message is for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Destination {
    /// Every node above the origin: each keeps it and hands it on.
    Up,
    /// Every node below the origin: each keeps it and hands it on.
    Down,
    /// One node; those on the way hand it on.
    Node(NodeId),
}

impl From<Destination> for String {
    fn from(destination: Destination) -> Self {
        match destination {
            Destination::Up => "^".to_owned(),
            Destination::Down => "*".to_owned(),
            Destination::Node(node) => node.0,
        }
    }
}

impl TryFrom<String> for Destination {
    type Error = NodeIdError;

    fn try_from(text: String) -> Result<Self, NodeIdError> {
        match text.as_str() {
            "^" => Ok(Self::Up),
            "*" => Ok(Self::Down),
            _ => NodeId::try_from(text).map(Self::Node),
        }
    }
}

/// Traffic light protocol (FIRST TLP 2.0): who may get to know a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tlp {
    /// Everybody.
    Clear,
    /// The community.
    Green,
    /// The organisation and those it serves.
    #[default]
    Amber,
    /// The named recipients alone; never leaves its node by itself.
    Red,
}

impl Tlp {
    /// Its word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Clear => "clear",
            Self::Green => "green",
            Self::Amber => "amber",
            Self::Red => "red",
        }
    }
}

/// What a message is about, for policy.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Labels {
    /// Who may get to know it.
    #[serde(default)]
    pub tlp: Tlp,
    /// Cloud, network, data or application; empty when it is about none.
    #[serde(default)]
    pub domain: String,
}

/// Names a message among all messages of all nodes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId {
    /// Who made it.
    pub origin: NodeId,
    /// The origin's epoch: a new one is begun when the origin's state was lost or restored.
    pub epoch: u64,
    /// Its number among the origin's messages of that epoch, from 1.
    pub oseq: u64,
}

/// One message between nodes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Envelope {
    /// Version of the form: 1.
    pub v: u8,
    /// Who made it.
    pub origin: NodeId,
    /// The origin's epoch.
    pub epoch: u64,
    /// Its number among the origin's messages of that epoch, from 1.
    pub oseq: u64,
    /// Whom it is for.
    pub to: Destination,
    /// What it is: a row of the policy.
    pub kind: String,
    /// The object it is about.
    pub obj: String,
    /// Revision of that object; only its owner raises it.
    pub rev: u64,
    /// When the origin made it, in milliseconds since the epoch.
    pub ts: i64,
    /// When it stops to mean anything, in milliseconds since the epoch; an expired order is not carried out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<i64>,
    /// What it is about, for policy.
    #[serde(default)]
    pub labels: Labels,
    /// The content: JSON as text, so that no node on the way changes a byte.
    pub body: String,
    /// The origin's signature, on orders: it holds across the tiers between.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin_signature: Option<OriginSignature>,
}

/// Who signed a message and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OriginSignature {
    /// Key of the origin, in hexadecimal digits.
    #[serde(with = "super::keys::key_text")]
    pub key: KeyId,
    /// SM2 signature over [`Envelope::signed_digest`].
    pub sig: Signature,
}

impl Envelope {
    /// Its name.
    #[must_use]
    pub fn id(&self) -> MessageId {
        MessageId { origin: self.origin.clone(), epoch: self.epoch, oseq: self.oseq }
    }

    /// Digest of everything but the origin's signature.
    #[must_use]
    pub fn signed_digest(&self) -> [u8; 32] {
        let numbers = [self.epoch, self.oseq, self.rev].map(u64::to_be_bytes);
        let [epoch, oseq, rev] = &numbers;
        let to = String::from(self.to.clone());
        let expires = self.expires.map_or_else(Vec::new, |at| at.to_be_bytes().to_vec());
        sm3_of_parts(&[
            b"fengsui message v1",
            &[self.v],
            self.origin.as_str().as_bytes(),
            epoch,
            oseq,
            to.as_bytes(),
            self.kind.as_bytes(),
            self.obj.as_bytes(),
            rev,
            &self.ts.to_be_bytes(),
            &expires,
            self.labels.tlp.as_str().as_bytes(),
            self.labels.domain.as_bytes(),
            self.body.as_bytes(),
        ])
    }

    /// Signs as the origin.
    ///
    /// # Errors
    /// When the library fails.
    pub fn sign(mut self, signer: &impl Signer) -> Result<Self, fengsui_crypto::CryptoError> {
        let sig = signer.sign(&self.signed_digest())?;
        self.origin_signature = Some(OriginSignature { key: signer.key(), sig });
        Ok(self)
    }

    /// Digest of the message as a link of a stream: it fixes everything before it.
    #[must_use]
    pub fn link_digest(&self, seq: u64, before: &[u8; 32]) -> [u8; 32] {
        let (key, sig) = match &self.origin_signature {
            Some(signature) => (signature.key.as_bytes().as_slice(), signature.sig.as_bytes().as_slice()),
            None => (&[][..], &[][..]),
        };
        sm3_of_parts(&[b"fengsui link v1", before, &seq.to_be_bytes(), &self.signed_digest(), key, sig])
    }

    /// Whether every field is within its limit.
    #[must_use]
    pub fn within_limits(&self) -> bool {
        self.v == 1
            && [self.epoch, self.oseq, self.rev].iter().all(|number| *number <= limits::NUMBER)
            && self.kind.len() <= limits::KIND_BYTES
            && self.obj.len() <= limits::OBJECT_BYTES
            && self.labels.domain.len() <= limits::KIND_BYTES
            && self.body.len() <= limits::BODY_BYTES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn example() -> Envelope {
        Envelope {
            v: 1,
            origin: "620982".parse().expect("name"),
            epoch: 7,
            oseq: 3,
            to: Destination::Up,
            kind: "alert_summary".into(),
            obj: "a".into(),
            rev: 1,
            ts: 1_795_000_000_000,
            expires: None,
            labels: Labels::default(),
            body: "{}".into(),
            origin_signature: None,
        }
    }

    #[test]
    fn every_field_changes_the_digest() {
        let one = example();
        let changes: [fn(&mut Envelope); 11] = [
            |e| e.origin = "620981".parse().expect("name"),
            |e| e.epoch += 1,
            |e| e.oseq += 1,
            |e| e.to = Destination::Down,
            |e| e.kind.push('x'),
            |e| e.obj.push('x'),
            |e| e.rev += 1,
            |e| e.ts += 1,
            |e| e.expires = Some(0),
            |e| e.labels.tlp = Tlp::Red,
            |e| e.body.push(' '),
        ];
        for (place, change) in changes.into_iter().enumerate() {
            let mut other = one.clone();
            change(&mut other);
            assert_ne!(other.signed_digest(), one.signed_digest(), "change {place}");
            assert_ne!(other.link_digest(1, &[0; 32]), one.link_digest(1, &[0; 32]), "change {place}");
        }
        assert_ne!(one.link_digest(2, &[0; 32]), one.link_digest(1, &[0; 32]));
        assert_ne!(one.link_digest(1, &[1; 32]), one.link_digest(1, &[0; 32]));
    }

    #[test]
    fn names_of_nodes_are_checked() {
        for good in ["620000", "620982-01", "sensor_1.a"] {
            assert_eq!(good.parse::<NodeId>().map(String::from), Ok(good.to_owned()));
        }
        for bad in ["", "^", "*", "a b", "../x", ".", "..", ".x", &"9".repeat(49)] {
            assert!(bad.parse::<NodeId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn the_text_form_comes_back() {
        let one = example();
        let text = serde_json::to_string(&one).expect("text");
        assert_eq!(serde_json::from_str::<Envelope>(&text).expect("reads"), one);
        assert!(serde_json::from_str::<Envelope>(&text.replace("\"rev\"", "\"extra\":1,\"rev\"")).is_err());
    }
}
