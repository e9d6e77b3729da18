//! The nodes this one knows, in memory: whether a key speaks for a node is answered without the database.

use std::collections::BTreeMap;

use fengsui_crypto::{KeyId, PublicKey, Signature};
use fengsui_relay::tier::{Destination, Directory, KeyStanding, NodeId, Relation};
use fengsui_schema::UnitCode;

use crate::db::{Query, args};

/// Whether a node was let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NodeState {
    Pending,
    Active,
    Revoked,
}

/// A node as the registry knows it.
#[derive(Debug, Clone)]
pub(crate) struct KnownNode {
    pub(crate) relation: Relation,
    /// Whether it is a sensor, which speaks over the uplink and not between tiers.
    pub(crate) sensor: bool,
    pub(crate) key: PublicKey,
    pub(crate) key_id: KeyId,
    pub(crate) state: NodeState,
    /// Highest counter of a signed request.
    pub(crate) counter: u64,
}

/// The nodes this one knows.
#[derive(Debug, Clone)]
pub(crate) struct Registry {
    own: NodeId,
    nodes: BTreeMap<NodeId, KnownNode>,
}

impl Registry {
    /// Reads the nodes.
    pub(crate) async fn load(query: &mut impl Query, own: &NodeId) -> Result<Self, sqlx::Error> {
        let mut nodes = BTreeMap::new();
        for row in query.rows("SELECT id, relation, role, public_key, state, counter FROM tier_node", args![]).await? {
            let key = hex::decode(row.text("public_key")?).ok().and_then(|bytes| PublicKey::from_bytes(&bytes).ok());
            let (Ok(id), Some(key)) = (row.text("id")?.parse::<NodeId>(), key) else { continue };
            let relation = match row.text("relation")?.as_str() {
                "parent" => Relation::Parent,
                "ancestor" => Relation::Ancestor,
                _ => Relation::Child,
            };
            let state = match row.text("state")?.as_str() {
                "active" => NodeState::Active,
                "pending" => NodeState::Pending,
                _ => NodeState::Revoked,
            };
            let counter = u64::try_from(row.int("counter")?).unwrap_or(0);
            let sensor = row.text("role")? == "sensor";
            nodes.insert(id, KnownNode { relation, sensor, key_id: key.id(), key, state, counter });
        }
        Ok(Self { own: own.clone(), nodes })
    }

    /// Takes over counters that are newer than the database.
    pub(crate) fn keep_counters(&mut self, before: &Self) {
        for (id, node) in &mut self.nodes {
            let known = before.nodes.get(id).filter(|known| known.key_id == node.key_id);
            node.counter = known.map_or(node.counter, |known| known.counter.max(node.counter));
        }
    }

    pub(crate) fn node(&self, id: &NodeId) -> Option<&KnownNode> {
        self.nodes.get(id)
    }

    pub(crate) fn node_mut(&mut self, id: &NodeId) -> Option<&mut KnownNode> {
        self.nodes.get_mut(id)
    }

    /// The node above, when it was let in.
    pub(crate) fn parent(&self) -> Option<NodeId> {
        self.active(Relation::Parent).next()
    }

    /// Nodes of a relation that were let in.
    pub(crate) fn active(&self, relation: Relation) -> impl Iterator<Item = NodeId> {
        let fits = move |node: &KnownNode| node.relation == relation && !node.sensor && node.state == NodeState::Active;
        self.nodes.iter().filter(move |(_, node)| fits(node)).map(|(id, _)| id.clone())
    }

    /// Ancestors with their keys, for the nodes below.
    pub(crate) fn above(&self) -> Vec<(NodeId, PublicKey)> {
        let is_above = |node: &KnownNode| matches!(node.relation, Relation::Parent | Relation::Ancestor);
        self.nodes.iter().filter(|(_, node)| is_above(node)).map(|(id, node)| (id.clone(), node.key.clone())).collect()
    }

    /// The child that serves a unit, when one does.
    pub(crate) fn serving(&self, unit: &UnitCode) -> Option<NodeId> {
        let node: NodeId = unit.as_str().parse().ok()?;
        self.nearest_child(&node)
    }

    /// The neighbour below that is nearest to a node. A county may have joined before its prefecture did: it is its own
    /// neighbour then, whatever else is above it.
    fn nearest_child(&self, node: &NodeId) -> Option<NodeId> {
        let above = self.active(Relation::Child).filter(|child| self.is_within(node, child));
        above.reduce(|one, other| if self.is_within(&other, &one) { other } else { one })
    }

    /// The neighbours a message goes on to.
    pub(crate) fn next_hops(&self, to: &Destination) -> Vec<NodeId> {
        match to {
            Destination::Up => self.parent().into_iter().collect(),
            Destination::Down => self.active(Relation::Child).collect(),
            Destination::Node(node) => self
                .nearest_child(node)
                .or_else(|| self.parent().filter(|_| !self.is_within(node, &self.own)))
                .into_iter()
                .collect(),
        }
    }
}

impl Directory for Registry {
    fn relation(&self, node: &NodeId) -> Relation {
        if *node == self.own {
            return Relation::Own;
        }
        if let Some(known) = self.nodes.get(node) {
            // A sensor hands over records and nothing else: no message of the tiers comes from it or goes to it.
            return if known.sensor { Relation::Stranger } else { known.relation };
        }
        if !self.is_within(node, &self.own) {
            return if self.is_within(&self.own, node) { Relation::Ancestor } else { Relation::Stranger };
        }
        // A unit below this one: served by a child, or else here.
        let served = self.active(Relation::Child).any(|child| self.is_within(node, &child));
        if served { Relation::Descendant } else { Relation::Own }
    }

    fn is_within(&self, node: &NodeId, ancestor: &NodeId) -> bool {
        let path = |id: &NodeId| id.as_str().parse::<UnitCode>().ok().map(|unit| unit.path());
        match (path(node), path(ancestor)) {
            (Some(node), Some(ancestor)) => node.starts_with(&ancestor),
            _ => node == ancestor || (*ancestor == self.own && self.nodes.get(node).is_some_and(|known| !known.sensor)),
        }
    }

    fn standing(&self, node: &NodeId, key: &KeyId) -> KeyStanding {
        match self.nodes.get(node).filter(|known| known.key_id == *key).map(|known| known.state) {
            Some(NodeState::Active) => KeyStanding::Active,
            Some(NodeState::Revoked) => KeyStanding::Revoked,
            Some(NodeState::Pending) | None => KeyStanding::Unknown,
        }
    }

    fn fits(&self, node: &NodeId, _: &KeyId, digest: &[u8; 32], signature: &Signature) -> bool {
        self.nodes.get(node).is_some_and(|known| known.key.verify(digest, signature).is_ok())
    }
}
