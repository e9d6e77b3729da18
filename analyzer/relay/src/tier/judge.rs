//! What becomes of one message: kept, handed on, passed over or refused.

use super::{Destination, Direction, Directory, Envelope, Lane, NodeId, Owner, Policy, Refusal, Relation};

/// What this node knows about a message and its object before it judges.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Known {
    /// The message was taken before.
    pub seen: bool,
    /// Who owns the object, when it is known.
    pub owner: Option<NodeId>,
    /// The newest revision of the object, when it is known.
    pub rev: Option<u64>,
}

/// What to do with a message here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// It is for this node (too), or nodes on the way keep a copy: let it take effect.
    Keep,
    /// It is for others: only hand it on.
    Pass,
    /// A newer revision is here already; the message counts as taken.
    Stale,
    /// Taken before; nothing happens.
    Repeated,
}

/// What becomes of a message that is not refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// What to do here.
    pub act: Act,
    /// To whom it is handed on: up, down, or towards one node.
    pub onward: Option<Destination>,
}

/// By what messages are judged.
#[derive(Debug)]
pub struct Judge<'a, D> {
    /// Which messages there are.
    pub policy: &'a Policy,
    /// The nodes this one knows.
    pub directory: &'a D,
    /// The present moment, in milliseconds since the epoch.
    pub now: i64,
}

impl<D: Directory> Judge<'_, D> {
    /// Judges a message that came from a neighbour in a batch that was admitted.
    ///
    /// # Errors
    /// Why it is refused. Its number counts as taken all the same, so that one bad message does not hold up the stream.
    pub fn judge(&self, message: &Envelope, from: &NodeId, lane: Lane, known: &Known) -> Result<Arrival, Refusal> {
        let Self { policy, directory, now } = *self;
        let rule = policy.kind(&message.kind).ok_or(Refusal::UnknownKind)?;
        if rule.lane != lane || message.epoch == 0 || message.oseq == 0 {
            return Err(Refusal::Malformed);
        }
        let going = way(message, from, rule.direction, directory)?;
        let (here, onward) = route(&message.to, going, directory)?;
        match &message.origin_signature {
            Some(signature) => {
                directory.check(&message.origin, &signature.key, &message.signed_digest(), &signature.sig)?;
            }
            None if rule.signed => return Err(Refusal::Unsigned),
            None => {}
        }
        if known.seen {
            return Ok(Arrival { act: Act::Repeated, onward: None });
        }
        if message.expires.is_some_and(|until| now > until) {
            return Err(Refusal::Expired);
        }
        if rule.owner == Owner::Origin && known.owner.as_ref().is_some_and(|owner| *owner != message.origin) {
            return Err(Refusal::NotOwner);
        }
        let stale = known.rev.is_some_and(|rev| rev >= message.rev);
        let act = match (here || rule.observed, stale) {
            (false, _) => Act::Pass,
            (true, true) => Act::Stale,
            (true, false) => Act::Keep,
        };
        Ok(Arrival { act, onward })
    }
}

/// Which way a message goes, when its origin and its kind may go that way.
fn way(
    message: &Envelope,
    from: &NodeId,
    allowed: Direction,
    directory: &impl Directory,
) -> Result<Direction, Refusal> {
    let going = match directory.relation(from) {
        Relation::Child if directory.is_within(&message.origin, from) => Direction::Up,
        Relation::Parent if matches!(directory.relation(&message.origin), Relation::Parent | Relation::Ancestor) => {
            Direction::Down
        }
        _ => return Err(Refusal::WrongTier),
    };
    if allowed == going || allowed == Direction::Both { Ok(going) } else { Err(Refusal::WrongTier) }
}

/// Whether a message is for this node and to whom it goes on.
fn route(
    to: &Destination,
    going: Direction,
    directory: &impl Directory,
) -> Result<(bool, Option<Destination>), Refusal> {
    match (to, going) {
        (Destination::Up, Direction::Up) | (Destination::Down, Direction::Down) => Ok((true, Some(to.clone()))),
        (Destination::Node(node), _) => match (directory.relation(node), going) {
            (Relation::Own, _) => Ok((true, None)),
            (Relation::Parent | Relation::Ancestor, Direction::Up)
            | (Relation::Child | Relation::Descendant, Direction::Down) => Ok((false, Some(to.clone()))),
            _ => Err(Refusal::WrongTier),
        },
        _ => Err(Refusal::WrongTier),
    }
}
